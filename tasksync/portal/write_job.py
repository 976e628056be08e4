"""The changes of one request, and what came of its answer."""

from __future__ import annotations

from tasksync.core.change import Action, Change, Outcome
from tasksync.errors import PortalError
from tasksync.portal import wire
from tasksync.portal.error_codes import CallError
from tasksync.portal.no_answer import NoAnswer
from tasksync.value_classes import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Job:
    """The changes of one request, and what happened to it so far.

    `ready` is when it may be sent, `since` when it was first sent (monotonic seconds). `doubt`
    is why an earlier attempt may have been done. `retried_clear`: dates are cleared the other way
    now. `floor` is the highest id that was known when it left; `looked`: it was looked up once.
    """

    changes: tuple[Change, ...]
    attempt: int = 0
    ready: float = float("-inf")
    since: float | None = None
    doubt: CallError | None = None
    clear: wire.Clear = wire.EMPTY
    retried_clear: bool = False
    floor: int = 0
    looked: bool = False

    @property
    def creates(self) -> bool:
        """Whether it must not be repeated blindly."""
        return self.changes[0].action is Action.CREATE

    def only(self, changes: tuple[Change, ...]) -> Job:
        """Return this job with some of its changes."""
        return replace(self, changes=changes)


@dataclass(slots=True)
class Classification:
    """What came of one answer.

    `again` waits before it is sent; `next` and `retry_clear` (one change each, dates cleared the
    other way now) go at once. `failed_deletes` have to be looked up; `unread` are jobs whose
    cleared dates the answer did not show. `trouble`: the portal was not well; `spent`: the
    method's working time is used up; `error` ends the run.
    """

    outcomes: list[Outcome] = field(default_factory=list)
    again: list[Job] = field(default_factory=list)
    hint: float | None = None
    next: list[Job] = field(default_factory=list)
    retry_clear: list[Job] = field(default_factory=list)
    failed_deletes: list[tuple[Change, CallError]] = field(default_factory=list)
    unread: list[Job] = field(default_factory=list)
    trouble: CallError | None = None
    spent: CallError | None = None
    unreached: NoAnswer | None = None
    error: PortalError | None = None


def name_of(at: int) -> str:
    """Return the id of a call by its place in the request."""
    return f"c{at}"
