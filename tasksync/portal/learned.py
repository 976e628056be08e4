"""What one run learns about its portal: how much a request may carry, and how ids grow."""

from __future__ import annotations

from tasksync.portal import wire
from tasksync.portal.batches import CreateSize, Size
from tasksync.portal.write_job import Job
from tasksync.value_classes import dataclass, field


@dataclass(slots=True)
class Learned:
    """What was learnt about this portal and holds for later levels too.

    `spent_since` is since when nothing was done because the method's working time is used up.
    `highest` is the highest id that was seen: what is made from now on has a higher one.
    """

    size: Size
    creates: CreateSize = field(default_factory=CreateSize)
    clear: wire.Clear = wire.EMPTY
    trouble: int = 0
    spent_since: float | None = None
    highest: int = 0

    def size_for(self, creates: bool) -> int:  # noqa: FBT001 - see batches.Sizes
        """Return how many calls go into a request."""
        return self.creates() if creates else self.size()

    def took(self, seconds: float, job: Job) -> None:
        """Take how long a request was answered in."""
        (self.creates if job.creates else self.size).took(seconds, len(job.changes))

    def shrink(self, job: Job) -> None:
        """Take that a request was too much."""
        (self.creates if job.creates else self.size).shrink()

    def saw(self, remote: int) -> None:
        """Take note of an id that the portal has."""
        self.highest = max(self.highest, remote)
