"""What a portal is told when it is set up."""

from __future__ import annotations

from tasksync.core.ports import LEAVES_WITHIN
from tasksync.value_classes import dataclass

#: bounds of how long one request may be repeated (seconds)
LEAST_PATIENCE, MOST_PATIENCE = 30.0, 300.0


@dataclass(frozen=True, slots=True)
class PortalSettings:
    """How to talk to one portal; times are in seconds.

    `marker` is the tag of every task we create (None: `policy.marker: none`). `host` names the
    portal where /v1/me does not. `timeout` bounds one exchange, `pause` is the first wait of a
    repeat. `max_requests` bounds the requests that `perform` sends. `paced` False is for the local
    portal in this process, which has no limits.
    """

    marker: str | None
    host: str = ""
    parallelism: int = 2  # contract 6.1: two run at once, others queue
    timeout: float = 100.0
    pause: float = 1.0
    max_requests: int | None = None
    paced: bool = True

    @property
    def patience(self) -> float:
        """How long one request may be repeated: three time-outs, but 30 s at least, 5 min at most.

        A short time-out asks for an early end, and is not outlived by eight repeats. What the
        portal asks to wait is not counted.
        """
        return min(max(3 * self.timeout, LEAST_PATIENCE), MOST_PATIENCE)


#: design 7: a request leaves this soon after its intents were committed, or is dropped
FRESH = LEAVES_WITHIN
#: repeats of a request that never gets through
MOST_REPEATS = 8
MOST_UNREACHABLE = 4
#: how long one request waits in all because the portal asks for it, each wait in full (seconds)
MOST_ASKED = 3600.0
