"""The arithmetic of leases: who may take one, what is said when it is refused.

No two clocks are ever compared. A waiter watches a lease: where its id, fence and heartbeat stay
as they are for the lease's ttl by the waiter's own clock that never goes back, its holder is dead.
A holder on this very host is looked at instead: gone, it gives way at once; alive, it keeps its
lease. It is safe without any clock: whoever takes a lease raises the fence, and a commit checks id
and fence in its own transaction. Clocks decide only how long a dead holder keeps others waiting.

asked by            lease in store            answer
acquire             none                      take, fence + 1
acquire             still for its ttl         take, fence + 1
acquire             holder is gone            take, fence + 1
acquire             seen first, or beating    StateLocked, with the holder
acquire             holder lives here         StateLocked, with the holder
acquire             not to be read or taken   StateBusy: another program's doing
commit, renew       the same id, fence        go on, the heart beats; even when it had run out
commit, renew       none or another           StateMoved
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from tasksync.core.ports import Clock
from tasksync.core.state import Holder, Lease
from tasksync.errors import StateBusy, StateError, StateLocked, StateMoved
from tasksync.value_classes import replace

#: tells that the process of a holder on this very host has ended
Gone: TypeAlias = Callable[[Holder], bool]
#: tells that the process of a holder runs on this very host
Alive: TypeAlias = Callable[[Holder], bool]

_TICK = timedelta(microseconds=1)


def nobody(_holder: Holder) -> bool:
    """Know nothing of any holder: what Gone and Alive are where nothing can be looked at."""
    return False


class Watch:
    """One waiter's look at a lease, by a clock of its own that never goes back."""

    def __init__(self, clock: Clock, gone: Gone, alive: Alive = nobody) -> None:
        self._clock = clock
        self._gone = gone
        self._alive = alive
        self._seen: object = None
        self._since = 0.0

    def left(self, lease: Lease, write: object = None) -> float | None:
        """Return for how many seconds the lease must stay as it is before it may be taken.

        0 is now. None is never: its holder lives on this host. `write` is whatever else changes
        when its holder writes. Asking again with the same watch is what tells that it stood still.
        """
        if self._gone(lease.holder):
            return 0.0
        if self._alive(lease.holder):
            return None
        seen, now = (lease.id, lease.fence, lease.heartbeat, write), self._clock.monotonic()
        if seen != self._seen:
            self._seen, self._since = seen, now
        return max(0.0, lease.ttl - (now - self._since))


def granted(lease_id: str, who: Holder, fence: int, now: datetime, ttl: float) -> Lease:
    """Return a new lease; `fence` is the last one that was given out."""
    return Lease(lease_id, who, fence + 1, now, now, ttl)


def beaten(lease: Lease, now: datetime) -> Lease:
    """Return the lease after one heartbeat, which always differs from the one before."""
    return replace(lease, heartbeat=now if now != lease.heartbeat else now + _TICK)


def is_same(lease: Lease | None, other: Lease) -> bool:
    """Tell whether the store still holds this lease and no later one."""
    return lease is not None and (lease.id, lease.fence) == (other.id, other.fence)


def mine(current: Lease | None, lease: Lease) -> Lease:
    """Return the store's lease if it is this one; raises StateMoved otherwise."""
    if current is not None and is_same(current, lease):
        return current
    raise moved(lease.id, current)


def moved(lease_id: str, current: Lease | None) -> StateMoved:
    """Return the error for a run that holds the lease no more."""
    taker = f"{who(current.holder)} holds it now" if current else "nobody holds it now"
    return StateMoved(
        f"This run lost its lock on the state (lock {lease_id}): {taker}.",
        "Nothing more is saved or sent. What was sent already is found by the next "
        "`tasksync apply`; run it again.",
    )


def locked(lease: Lease, now: datetime, left: float | None) -> StateLocked:
    """Return the error that tells who holds the lease, and what one can do; `left` is Watch's.

    A lease without an id stands for a lock of which the server tells nothing.
    """
    age = max(0.0, (now - lease.heartbeat).total_seconds())
    rows = {
        "ID": lease.id,
        "Operation": lease.holder.operation,
        "Who": who(lease.holder),
        "Run": lease.holder.run_url,
        "Created": lease.since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if lease.id else "",
        "Heartbeat": f"{age:.0f} s ago" if lease.holder.pid else "",
        "Lease": "kept as long as its process on this host lives"
        if left is None
        else f"ends when its heart stands still for {left:.0f} s more",
    }
    block = "\n".join(f"    {name + ':':<11}{value}" for name, value in rows.items() if value)
    unlock = (
        f"Or take it away with `tasksync state unlock {lease.id}`, which is refused while it is "
        "alive."
        if lease.id
        else "The server does not tell the lock's ID, and no run stands in the state: if none is "
        "at work, free the lock on the server."
    )
    return StateLocked(
        f"The state is locked by another run.\n  Lock Info:\n{block}",
        f"Wait for it with `--lock-timeout 5m`: it frees itself when its holder dies. {unlock}",
        holder=lease.holder,
        left=left,
    )


def busy(where: str, what: str) -> StateBusy:
    """Return the error for a state that a program which holds no lease of ours keeps busy."""
    return StateBusy(
        f"{where[0].upper()}{where[1:]} is kept busy by another program: {what}",
        "Wait for it with `--lock-timeout 5m`, or end that program (a backup, a viewer, an open "
        "transaction).",
    )


def may_unlock(current: Lease | None, lease_id: str, now: datetime, left: float | None) -> None:
    """Raise unless this lease may be taken away: it is the one in force, and dead (`left` is 0)."""
    if current is None:
        raise StateError("The state is not locked: there is nothing to unlock.")
    if current.id not in {lease_id, ""}:
        raise StateLocked(
            f"The state is not locked by {lease_id}, but by {current.id} ({who(current.holder)}).",
            f"If that run is dead: `tasksync state unlock {current.id}`.",
            holder=current.holder,
        )
    if left is None:
        raise StateLocked(
            f"{locked(current, now, left).message}\n  Its holder is alive: it is not unlocked.",
            f"End that run (pid {current.holder.pid} on this host), then apply again.",
            holder=current.holder,
        )
    if left > 0:
        raise StateLocked(
            f"{locked(current, now, left).message}\n  Its holder may be alive: it is not unlocked.",
            f"Stop that run, or wait {current.ttl:.0f} s after it died and try again.",
            holder=current.holder,
            left=left,
        )


def who(holder: Holder) -> str:
    """Return a holder as people read it: user@host (pid N); of a lock alone what is known."""
    return f"{holder.user}@{holder.host} (pid {holder.pid})" if holder.pid else holder.user
