"""The arithmetic of leases: who may take one, what is said when it is refused.

A lease is in force while its heartbeat is younger than its ttl by the store's own clock. It is
safe without any clock: whoever takes a lease raises the fence, and a commit checks id and fence
in its own transaction. Clocks decide only how long a dead holder keeps others waiting.

asked by            lease in store        answer
acquire             none                  take, fence + 1
acquire             ran out               take, fence + 1
acquire             holder is gone        take, fence + 1
acquire             in force              StateLocked, with the holder
commit, renew       the same id, fence    go on, the heart beats; even when it had run out
commit, renew       none or another       StateMoved
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeAlias

from tasksync.core.state import Holder, Lease
from tasksync.errors import StateError, StateLocked, StateMoved

#: tells that the process of a holder on this very host has ended
Gone: TypeAlias = Callable[[Holder], bool]


def ran_out(lease: Lease, now: datetime) -> bool:
    """Tell whether a lease is over by the clock that set its heartbeat.

    A heartbeat far in the future was set by a clock that has been put back since.
    """
    return abs((now - lease.heartbeat).total_seconds()) >= lease.ttl


def granted(lease_id: str, who: Holder, fence: int, now: datetime, ttl: float) -> Lease:
    """Return a new lease; `fence` is the last one that was given out."""
    return Lease(lease_id, who, fence + 1, now, now, ttl)


def beaten(lease: Lease, now: datetime) -> Lease:
    """Return the lease after one heartbeat."""
    return replace(lease, heartbeat=now)


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


def locked(lease: Lease, now: datetime) -> StateLocked:
    """Return the error that tells who holds the lease, and what one can do."""
    age = max(0.0, (now - lease.heartbeat).total_seconds())
    ends = lease.ttl - age
    rows = {
        "ID": lease.id,
        "Operation": lease.holder.operation,
        "Who": who(lease.holder),
        "Run": lease.holder.run_url,
        "Created": lease.since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "Heartbeat": f"{age:.0f} s ago",
        "Lease": f"ends in {ends:.0f} s" if ends > 0 else "ran out, and may be taken over",
    }
    block = "\n".join(f"    {name + ':':<11}{value}" for name, value in rows.items() if value)
    return StateLocked(
        f"The state is locked by another run.\n  Lock Info:\n{block}",
        "Wait for it with `--lock-timeout 5m`: it frees itself when its holder dies. Or take it "
        f"away with `tasksync state unlock {lease.id}`, which is refused while it is alive.",
        holder=lease.holder,
    )


def may_unlock(current: Lease | None, lease_id: str, now: datetime, *, stale: bool) -> None:
    """Raise unless this lease may be taken away: it is the one in force, and stale."""
    if current is None:
        raise StateError("The state is not locked: there is nothing to unlock.")
    if current.id != lease_id:
        raise StateLocked(
            f"The state is not locked by {lease_id}, but by {current.id} ({who(current.holder)}).",
            f"If that run is dead: `tasksync state unlock {current.id}`.",
            holder=current.holder,
        )
    if not stale:
        refused = locked(current, now)
        raise StateLocked(
            f"{refused.message}\n  Its holder is alive: it is not unlocked.",
            f"Stop that run, or wait {current.ttl:.0f} s after it died and try again.",
            holder=current.holder,
        )


def who(holder: Holder) -> str:
    """Return a holder as people read it: user@host (pid N)."""
    return f"{holder.user}@{holder.host} (pid {holder.pid})"
