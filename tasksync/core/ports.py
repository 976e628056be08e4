"""The ports: what the engine needs of the world, and what each promises."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeAlias

from tasksync.core.change import Change, Outcome
from tasksync.core.events import Event
from tasksync.core.extra_fields import ExtraField
from tasksync.core.fields import RemoteId
from tasksync.core.history import RecordedChange
from tasksync.core.state import Holder, Lease, PortalIdentity, State, StateDelta
from tasksync.core.task import LiveTask

#: asked from any thread, just before the first byte of a request: may it still leave?
Permission: TypeAlias = Callable[[], bool]
#: design 7: a request leaves within so many seconds of its intents' commit, or is dropped
LEAVES_WITHIN = 10.0


class Portal(Protocol):
    """The service that holds the tasks. Every method may raise PortalError.

    `create_seconds` is what one create takes there, as far as it is known: set it to what the
    state remembers, and remember it when the run ends (design 9).
    """

    create_seconds: float | None

    def identity(self) -> PortalIdentity:
        """Whose portal, whose key, what limits; raises AuthenticationFailed and the like."""
        ...

    def find(self, marker: str | None, ids: Collection[RemoteId]) -> Iterator[LiveTask]:
        """Every task that bears `marker`, then those of `ids` that the listing did not return.

        Each task once. A task of `ids` that does not come is gone: its absence was asked for by
        id. Without a marker only `ids` are asked for.
        """
        ...

    def extra_fields(self) -> Mapping[str, ExtraField]:
        """The extra fields that the portal lists, by name; asked once."""
        ...

    def read_too(self, extras: Collection[ExtraField], /) -> None:
        """Read these extra fields too from now on, wherever tasks are read."""
        ...

    def present(self, ids: Collection[RemoteId]) -> Collection[RemoteId]:
        """Those of `ids` that are there now, by `get`: a listing may lag behind a delete."""
        ...

    def newest(self) -> RemoteId:
        """The highest task id that the portal lists now, asked without a filter (0: none)."""
        ...

    def newer(self, marker: str | None, after: RemoteId) -> Iterator[LiveTask]:
        """The tasks that bear `marker` (None: all) and have an id above `after`."""
        ...

    def perform(
        self,
        changes: Iterable[Change],
        about_to_send: Callable[[Sequence[Change]], Permission | None],
    ) -> Iterator[Outcome]:
        """Do the changes of one level, in any order; yield one outcome each, as soon as known.

        `about_to_send` is called, in the caller's thread, with exactly the changes of one
        request before it leaves; what it raises stops the sending. The permission that it returns
        is asked once the connection stands; where it says no, nothing is sent, and the same
        changes are about to be sent anew (None: nothing has to hold). A failed change is an
        outcome, not an exception; deleting what is gone is done; a create without an answer is in
        doubt.
        PortalError is raised only for what stops the run (authentication, a block).
        Closing the iterator finishes what is in flight and sends nothing more.
        """
        ...


class StateStore(Protocol):
    """Durable storage of one project's state. Every method may raise StateError."""

    def load(self) -> State:
        """The state as last committed; a new one with lineage "" when there is none yet."""
        ...

    def commit(self, delta: StateDelta, lease: Lease) -> None:
        """Make a delta durable in one transaction, or nothing of it; the serial rises by one.

        Raises StateMoved when the lease is no longer the store's newest or was released.
        The first commit gives the state its lineage.
        """
        ...

    def recorded(self, run: str) -> tuple[RecordedChange, ...] | None:
        """What a run did, in the order in which it was saved; None: nothing is kept of that run.

        That is so of a run that did nothing, one of before this was kept, one that is too long ago,
        and, where a document is the state, one that did not end. `commit` saves it with the entries
        (`StateDelta.recorded`): both are durable or neither. A change is told by run, key and
        action: saved once more it stands in its own place.
        """
        ...

    def replace(self, state: State, lease: Lease) -> None:
        """Put a whole state in the place of what is there (`state push`), as one transaction.

        What runs did is kept of those that the new state still names.
        """
        ...

    def acquire(self, who: Holder, ttl: float) -> Lease:
        """Take the lease for `ttl` seconds or raise StateLocked with the holder, at once.

        StateBusy has none: a program that holds no lease keeps the storage busy.

        A lease whose holder was on this host and is gone is taken over; one whose holder lives
        here never is; of others it is taken over that stood still for its ttl since this client
        saw it first, by this client's own monotonic clock.
        """
        ...

    def renew(self, lease: Lease) -> Lease:
        """Beat the heart; raises StateMoved when the lease was lost."""
        ...

    def release(self, lease: Lease) -> None:
        """Give the lease back; nothing happens when it was lost already."""
        ...

    def holder(self) -> Lease | None:
        """The lease that was given out last and not given back, or None; it may be dead."""
        ...

    def unlock(self, lease_id: str) -> None:
        """Take a lease away that `acquire` would take over; raises StateLocked else.

        `left` of the error says how long its heart has to stand still before asking again helps.
        """
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


class Listener(Protocol):
    """Hears events; must not raise, must not block."""

    def __call__(self, event: Event, /) -> None:
        """Hear one event."""
        ...


class Clock(Protocol):
    """Time, handed in. `now` is aware and UTC; `monotonic` and `sleep` are in seconds."""

    def now(self) -> datetime:
        """The wall clock."""
        ...

    def monotonic(self) -> float:
        """A clock that never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...
