"""A state kept as one document that is only ever replaced whole: what S3 and http share.

    {"kind": "tasksync-document", "version": 1, "serial": writes, "lineage": ..., "fence": ...,
     "change": ..., "lease": {...} | null, "state": what `state pull` prints}

Lease, fence and data travel together, so that one write settles all three. `serial` rises with
every write, heartbeats too (GitLab wants that); the state's own serial counts commits. `change`
names the write: when an answer was lost, reading it back tells whether the write was done.
Nobody's clock is believed: a lease is dead when a waiter saw no write for its ttl by a clock of
its own that never goes back, or when its holder was on this host and has ended.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import RLock
from typing import Any, NamedTuple, Protocol, TypeVar

import orjson

from tasksync.backends import leases
from tasksync.backends.leases import Alive, Gone, Watch
from tasksync.backends.patience import TRIES, Tell, Waiting, in_silence
from tasksync.core.formats import lease_json, state_json, state_text
from tasksync.core.formats.state_text import reading
from tasksync.core.ports import Clock
from tasksync.core.state import FORMAT_VERSION, Holder, Lease, State, StateDelta
from tasksync.errors import StateError, StateLocked, StateMoved

KIND = "tasksync-document"

#: seconds that a lock of the server without a lease in the document has to stand still
STILL = 60.0

T = TypeVar("T")


class Overtaken(StateError):
    """The shelf did not take the document: another one, or another's lock, is there."""


class Ambiguous(StateError):
    """The answer was lost, or the server is ill: it may have been done, and may be tried again."""


def unreadable_again(where: str, why: str) -> StateError:
    """Return the error for a document that would be refused when it is read: it is not written."""
    return StateError(
        f"Could not save the state {where}: it {why}, and could not be read again.",
        "What is there stays as it is. Keep a state of this size in PostgreSQL (--state).",
    )


class Copy(NamedTuple):
    """A document as the shelf holds it; `tag` is what a conditional write goes by."""

    body: bytes
    tag: str


class Other(NamedTuple):
    """A lock of the server that somebody else holds, as the server tells it; "" is untold."""

    id: str = ""
    who: str = ""


class RemoteDocument(Protocol):
    """Where one document lies. Every method may raise StateError, and Unsure where named."""

    where: str
    #: the server refuses a write over anything but the copy it names
    conditional: bool

    def read(self) -> Copy | None:
        """The document, or None; raises Unsure."""
        ...

    def write(self, body: bytes, over: str | None, lease_id: str, /) -> str:
        """Put a document over the copy with this tag (None: there is none); return its tag.

        Raises Overtaken, and Unsure.
        """
        ...

    def lock(self, asked: Lease, /) -> Other | None:
        """Take the server's lock under the id of a lease, or return whose it is; raises Unsure."""
        ...

    def unlock(self, lease_id: str, /) -> bool:
        """Free the server's lock; False when it was not held under this id; raises Unsure."""
        ...


@dataclass(frozen=True, slots=True)
class StateDocument:
    """One document; `state` is plain data, `tag` None while there is none on the shelf."""

    state: Mapping[str, Any]
    serial: int = 0
    fence: int = 0
    change: str = ""
    lease: Lease | None = None
    tag: str | None = None


class DocumentStore:
    """A StateStore over a shelf."""

    def __init__(
        self,
        shelf: RemoteDocument,
        project: str,
        *,
        clock: Clock,
        ids: Callable[[], str],
        gone: Gone = leases.nobody,
        alive: Alive = leases.nobody,
        tell: Tell = in_silence,
    ) -> None:
        self._shelf = shelf
        self._project = project
        self._clock = clock
        self._ids = ids
        self._watch = Watch(clock, gone, alive)
        self._waiting = Waiting(clock, tell)
        self._lock = RLock()
        self._lost: list[str] = []  # ids of ours that were asked for, and the answer was lost
        self._tried: list[str] = []  # ids of ours that were refused, and nothing was told
        self._kept: StateDocument | None = None  # as we last wrote it, while we hold the lease
        self._written = 0.0  # when we began to write it, by the clock that never goes back

    def load(self) -> State:
        """The state as last committed, decoded whole."""
        return state_json.decode_state(self._read().state)

    def commit(self, delta: StateDelta, lease: Lease) -> None:
        """Write the document with a delta laid over its state."""
        with self._lock:
            was = self._mine(lease)
            self._save(was, state_json.apply_delta(was.state, delta), lease)

    def replace(self, state: State, lease: Lease) -> None:
        """Write the document with another state, its serial above both."""
        if state.project != self._project:
            raise state_text.foreign(state.project, self._project)
        pushed = state_json.encode_state(state)
        with self._lock:
            was = self._mine(lease)
            serial = max(state.serial, was.state["serial"]) + 1
            self._save(was, {**pushed, "serial": serial}, lease)

    def acquire(self, who: Holder, ttl: float) -> Lease:
        """Take the lease, or raise StateLocked; asking again later may find it dead."""
        with self._lock, ExitStack() as undoing:
            asked = leases.granted(self._ids(), who, 0, self._clock.now(), ttl)
            undoing.callback(self._free_lost)
            was = self._free(asked)
            undoing.callback(self._free_server, asked.id)
            lease = replace(asked, fence=was.fence + 1)
            try:
                self._write(was, replace(was, fence=lease.fence, lease=lease), lease.id)
            except StateMoved as quicker:
                there = self._read()
                if there.lease is None:  # taken and given back meanwhile
                    undoing.close()
                    return self.acquire(who, ttl)
                raise self._locked(there.lease, there) from quicker
            undoing.pop_all()
            return lease

    def renew(self, lease: Lease) -> Lease:
        """Beat the heart."""
        with self._lock:
            was = self._mine(lease)
            held = leases.beaten(leases.mine(was.lease, lease), self._clock.now())
            self._write(was, replace(was, lease=held), lease.id)
            return held

    def release(self, lease: Lease) -> None:
        """Give the lease back."""
        with self._lock, suppress(StateMoved):
            was = self._mine(lease)
            self._write(was, replace(was, lease=None), lease.id)
            self._kept = None
            self._waiting.lets_go()
            self._free_server(lease.id)

    def holder(self) -> Lease | None:
        """The lease that was given out last and not given back; it may be dead."""
        return self._read().lease

    def unlock(self, lease_id: str) -> None:
        """Take a lease away, under a lock of our own where the server has locks."""
        with self._lock, ExitStack() as undoing:
            ours = leases.granted(self._ids(), _nobody("unlock"), 0, self._clock.now(), 0.0)
            other, was = self._looked(ours)
            if other is None:
                undoing.callback(self._free_server, ours.id)
            held = self._stand_in(other, was, ours) if other else was.lease
            left = self._left(held, was) if held else None
            leases.may_unlock(held, lease_id, self._clock.now(), left)
            if other:
                self._take_over(lease_id, ours)
                undoing.callback(self._free_server, ours.id)
            was = self._read()
            if was.lease is not None and was.lease.id == lease_id:
                self._write(was, replace(was, lease=None), ours.id)
            self._kept = None

    def close(self) -> None:
        """Forget the copy that is kept."""
        with self._lock:
            self._kept = None

    def _free(self, asked: Lease) -> StateDocument:
        """Return the document once nobody holds it; the server's lock is then ours."""
        other, was = self._looked(asked)
        with ExitStack() as undoing:
            if other is None:
                undoing.callback(self._free_server, asked.id)
            held = was.lease if self._shelf.conditional else None
            if other:
                held = self._stand_in(other, was, asked)
            if held and self._left(held, was) != 0:
                raise self._locked(held, was)
            if other and held:
                self._take_over(held.id, asked)
                undoing.callback(self._free_server, asked.id)
                was = self._read()
            undoing.pop_all()
            return was

    def _looked(self, asked: Lease) -> tuple[Other | None, StateDocument]:
        """Ask for the server's lock and read the document; None: the lock is ours.

        A LOCK whose answer was lost may have been done. A lock of which nothing is told, while no
        run stands in the document, may then be ours: it is freed by our own id, which frees
        nobody else's, and asked for again.
        """
        other = self._lock_server(asked)
        with ExitStack() as undoing:
            if other is None:
                undoing.callback(self._free_server, asked.id)
            was = self._read()
            undoing.pop_all()
        if other and not other.id and was.lease is None and self._freed(self._lost):
            return self._lock_server(asked), was
        return other, was

    def _lock_server(self, asked: Lease) -> Other | None:
        other = self._again(lambda: self._shelf.lock(asked), lost=asked.id)
        if other is None or other.id:
            self._lost = []
        elif asked.id not in self._tried:
            self._tried.append(asked.id)
        return other

    def _freed(self, ids: list[str]) -> bool:
        """Free what the server may hold under these ids; tell whether it did hold one."""
        held = [lease_id for lease_id in ids if self._unlocked(lease_id)]
        return bool(held)

    def _unlocked(self, lease_id: str) -> bool:
        return self._again(lambda: self._shelf.unlock(lease_id))

    def _take_over(self, dead: str, asked: Lease) -> None:
        """Free a dead holder's lock on the server, and take it; raises StateLocked.

        Where neither server nor document tell its id it may be one that we asked with ourselves
        (a gateway sent it twice), or one that the server frees without an id.
        """
        if dead:
            self._freed([dead])
        else:
            with suppress(StateError):  # a server may not know what to make of no id
                self._freed([*self._tried, ""])
        quicker = self._lock_server(asked)
        if quicker and self._freed(self._lost):
            quicker = self._lock_server(asked)
        if quicker:
            there = self._read()
            raise self._locked(self._stand_in(quicker, there, asked), there)

    def _free_lost(self) -> None:
        """Leave nothing behind when the lock was not got: whoever comes next could not free it."""
        with suppress(StateError):
            self._freed(self._lost)

    def _free_server(self, lease_id: str) -> None:
        with suppress(StateError):  # a lock that stays is freed by the next one to wait for it
            self._unlocked(lease_id)

    def _stand_in(self, other: Other, was: StateDocument, asked: Lease) -> Lease:
        """Return the lease behind a lock of the server, as far as server and document tell it."""
        if was.lease and other.id in {was.lease.id, ""}:
            return was.lease
        holder = replace(_nobody("unknown"), user=other.who or "unknown")
        return replace(asked, id=other.id, holder=holder, ttl=asked.ttl or STILL)

    def _left(self, lease: Lease, document: StateDocument) -> float | None:
        return self._watch.left(_timeless(lease), document.serial)

    def _locked(self, held: Lease, document: StateDocument) -> StateLocked:
        return leases.locked(held, self._clock.now(), self._left(held, document))

    def _mine(self, lease: Lease) -> StateDocument:
        kept, age = self._kept, self._clock.monotonic() - self._written
        # Without conditional writes our copy is good only while nobody can have waited its ttl.
        fresh = self._shelf.conditional or age < lease.ttl / 2
        if kept is None or not fresh or not leases.is_same(kept.lease, lease):
            kept = self._read()
            leases.mine(kept.lease, lease)
        return kept

    def _save(self, was: StateDocument, state: Mapping[str, Any], lease: Lease) -> None:
        held = leases.beaten(leases.mine(was.lease, lease), self._clock.now())
        named = {**state, "lineage": state["lineage"] or was.state["lineage"] or self._ids()}
        self._write(was, replace(was, state=named, lease=held), lease.id)

    def _write(self, was: StateDocument, new: StateDocument, lease_id: str) -> None:
        """Write over `was`, exactly once; raises StateMoved when another wrote meanwhile."""
        new = replace(new, serial=was.serial + 1, change=self._ids())
        body, attempt, refused = encode(new), self._waiting.attempt(), 0
        self._kept = None
        while True:
            began = self._clock.monotonic()
            try:
                tag = self._shelf.write(body, was.tag, lease_id)
                break
            except (Overtaken, Ambiguous) as error:
                there = self._read()
                if there.change == new.change:
                    tag = there.tag or ""
                    break
                if there.change != was.change:
                    raise leases.moved(lease_id, there.lease) from error
                refused += isinstance(error, Overtaken)
                if refused == TRIES or not attempt.again(error):
                    unsure = isinstance(error, Ambiguous)
                    raise error if unsure else leases.moved(lease_id, there.lease) from error
        self._kept, self._written = replace(new, tag=tag), began
        if new.lease:
            self._waiting.holds(began, new.lease.ttl)

    def _read(self) -> StateDocument:
        copy = self._again(self._shelf.read)
        if copy is None:
            return StateDocument(state_json.encode_state(State(self._project)))
        document = decode(copy, self._shelf.where)
        if document.state.get("project") != self._project:
            raise state_text.foreign(str(document.state.get("project")), self._project)
        return document

    def _again(self, work: Callable[[], T], *, lost: str = "") -> T:
        """Do it, again while the server does not answer; `lost` is an id that may stay with it."""
        attempt = self._waiting.attempt()
        while True:
            try:
                return work()
            except Ambiguous as error:
                if lost and lost not in self._lost:
                    self._lost.append(lost)
                if not attempt.again(error):
                    raise


def encode(document: StateDocument) -> bytes:
    """Return the document as bytes."""
    data = {
        "kind": KIND,
        "version": FORMAT_VERSION,
        "serial": document.serial,
        "lineage": document.state["lineage"],
        "fence": document.fence,
        "change": document.change,
        "lease": None if document.lease is None else lease_json.encode_lease(document.lease),
        "state": document.state,
    }
    try:
        return orjson.dumps(data)
    except TypeError:  # half a surrogate pair, which JSON can say and UTF-8 cannot
        return json.dumps(data).encode("ascii")


def decode(copy: Copy, where: str) -> StateDocument:
    """Return the document of these bytes; raises StateUnreadable for what is none."""
    with reading(where):
        try:
            data = state_text.sniff(json_of(copy.body), KIND, where)
        except ValueError as error:
            raise state_text.unreadable(f"it is torn ({error})", where) from error
        lease = data["lease"]
        return StateDocument(
            state_text.sniff(data["state"], state_text.KIND, where),
            int(data["serial"]),
            int(data["fence"]),
            str(data["change"]),
            None if lease is None else lease_json.decode_lease(lease),
            copy.tag,
        )


def json_of(body: bytes) -> object:
    """Return plain data; orjson refuses what `encode` wrote where UTF-8 could not."""
    try:
        data: object = orjson.loads(body)
    except orjson.JSONDecodeError:
        data = json.loads(body)
    return data


def _nobody(operation: str) -> Holder:
    return Holder("unknown", "unknown", 0, operation=operation)


def _timeless(lease: Lease) -> Lease:
    """Return a lease as it is watched: of a lock that only the server knows, no time is known."""
    return lease if lease.holder.pid else replace(lease, heartbeat=_NEVER, fence=0)


_NEVER = datetime.min.replace(tzinfo=UTC)
