"""A state kept as one document that is only ever replaced whole: what S3 and http share.

    {"kind": "tasksync-document", "version": 1, "serial": writes, "lineage": ..., "fence": ...,
     "change": ..., "lease": {...} | null, "state": what `state pull` prints}

Lease, fence and data travel together, so that one write settles all three. `serial` rises with
every write, heartbeats too (GitLab wants that); the state's own serial counts commits. `change`
names the write: when an answer was lost, reading it back tells whether the write was done.
Nobody's clock is believed: a lease is dead when a waiter saw no write for its ttl by a clock of
its own that never goes back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from threading import RLock
from typing import Any, NamedTuple, Protocol, TypeVar

import orjson

from tasksync.backends import leases
from tasksync.backends.leases import Gone
from tasksync.core import statefile
from tasksync.core.ports import Clock
from tasksync.core.state import FORMAT_VERSION, Holder, Lease, State, StateDelta
from tasksync.core.statefile import reading
from tasksync.errors import StateError, StateMoved

KIND = "tasksync-document"
TRIES = 4
PAUSE = 0.5  # seconds before the second try, doubled each time

T = TypeVar("T")


class Overtaken(StateError):
    """The shelf did not take the document: another one, or another's lock, is there."""


class Unsure(StateError):
    """The answer was lost, or the server is ill: it may have been done, and may be tried again."""


class Copy(NamedTuple):
    """A document as the shelf holds it; `tag` is what a conditional write goes by."""

    body: bytes
    tag: str


class Other(NamedTuple):
    """A lock of the server that somebody else holds; `who` is as the server tells it."""

    id: str
    who: str


class Shelf(Protocol):
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
class Document:
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
        shelf: Shelf,
        project: str,
        *,
        clock: Clock,
        ids: Callable[[], str],
        gone: Gone = lambda _holder: False,
    ) -> None:
        self._shelf = shelf
        self._project = project
        self._clock = clock
        self._ids = ids
        self._gone = gone
        self._lock = RLock()
        self._kept: Document | None = None  # as we last wrote it, while we hold the lease
        self._written = 0.0  # when we began to write it, by the clock that never goes back
        self._seen: tuple[object, float] | None = None

    def load(self) -> State:
        """The state as last committed, decoded whole."""
        return statefile.decode_state(self._read().state)

    def commit(self, delta: StateDelta, lease: Lease) -> None:
        """Write the document with a delta laid over its state."""
        with self._lock:
            was = self._mine(lease)
            self._save(was, statefile.lay(was.state, delta), lease)

    def replace(self, state: State, lease: Lease) -> None:
        """Write the document with another state, its serial above both."""
        if state.project != self._project:
            raise statefile.foreign(state.project, self._project)
        pushed = statefile.encode_state(state)
        with self._lock:
            was = self._mine(lease)
            serial = max(state.serial, was.state["serial"]) + 1
            self._save(was, {**pushed, "serial": serial}, lease)

    def acquire(self, who: Holder, ttl: float) -> Lease:
        """Take the lease, or raise StateLocked; asking again later may find it dead."""
        with self._lock, ExitStack() as undoing:
            asked = leases.granted(self._ids(), who, 0, self._clock.now(), ttl)
            was = self._free(asked)
            undoing.callback(self._free_server, asked.id)
            lease = replace(asked, fence=was.fence + 1)
            try:
                self._write(was, replace(was, fence=lease.fence, lease=lease), lease.id)
            except StateMoved as quicker:
                held = self._read().lease
                if held is None:  # taken and given back meanwhile
                    undoing.close()
                    return self.acquire(who, ttl)
                raise leases.locked(held, self._clock.now()) from quicker
            undoing.pop_all()
            return lease

    def renew(self, lease: Lease) -> Lease:
        """Beat the heart; a write of a moment ago was a heartbeat already."""
        with self._lock:
            was = self._mine(lease)
            held = leases.mine(was.lease, lease)
            if was is self._kept and self._clock.monotonic() - self._written < lease.ttl / 6:
                return held
            held = leases.beaten(held, self._clock.now())
            self._write(was, replace(was, lease=held), lease.id)
            return held

    def release(self, lease: Lease) -> None:
        """Give the lease back."""
        with self._lock, suppress(StateMoved):
            was = self._mine(lease)
            self._write(was, replace(was, lease=None), lease.id)
            self._kept = None
            self._free_server(lease.id)

    def holder(self) -> Lease | None:
        """The lease that was given out last and not given back; it may be dead."""
        return self._read().lease

    def unlock(self, lease_id: str) -> None:
        """Take a lease away, under a lock of our own where the server has locks."""
        with self._lock, ExitStack() as undoing:
            was, now = self._read(), self._clock.now()
            if was.lease is None and self._again(lambda: self._shelf.unlock(lease_id)):
                return  # its holder died between the server's lock and the document
            held = was.lease
            stale = held is not None and (self._is_dead(held, was) or leases.ran_out(held, now))
            leases.may_unlock(held, lease_id, now, stale=stale)
            self._again(lambda: self._shelf.unlock(lease_id))
            ours = leases.granted(self._ids(), _nobody("unlock"), 0, now, 0.0)
            other = self._again(lambda: self._shelf.lock(ours))
            if other:
                raise leases.locked(self._stand_in(other, was, ours), now)
            undoing.callback(self._free_server, ours.id)
            was = self._read()
            self._write(was, replace(was, lease=None), ours.id)
            self._kept = None

    def close(self) -> None:
        """Forget the copy that is kept."""
        with self._lock:
            self._kept = None

    def _free(self, asked: Lease) -> Document:
        """Return the document once nobody holds it; the server's lock is then ours."""
        other = self._again(lambda: self._shelf.lock(asked))
        with ExitStack() as undoing:
            if other is None:
                undoing.callback(self._free_server, asked.id)
            was = self._read()
            held = was.lease if self._shelf.conditional else None
            if other:
                held = self._stand_in(other, was, asked)
            if held and not self._is_dead(held, was):
                raise leases.locked(held, self._clock.now())
            if other:
                self._again(lambda: self._shelf.unlock(other.id))
                quicker = self._again(lambda: self._shelf.lock(asked))
                if quicker:
                    raise leases.locked(self._stand_in(quicker, was, asked), asked.since)
                undoing.callback(self._free_server, asked.id)
                was = self._read()
            undoing.pop_all()
            return was

    def _free_server(self, lease_id: str) -> None:
        with suppress(StateError):  # a lock that stays is freed by the next one to wait for it
            self._again(lambda: self._shelf.unlock(lease_id))

    def _stand_in(self, other: Other, was: Document, asked: Lease) -> Lease:
        """Return the lease behind a lock of the server, as far as the document knows it."""
        if was.lease and was.lease.id == other.id:
            return was.lease
        return replace(asked, id=other.id, holder=replace(_nobody("unknown"), user=other.who))

    def _is_dead(self, lease: Lease, document: Document) -> bool:
        token, now = (lease.id, document.serial), self._clock.monotonic()
        if self._seen is None or self._seen[0] != token:
            self._seen = (token, now)
        return self._gone(lease.holder) or now - self._seen[1] >= lease.ttl

    def _mine(self, lease: Lease) -> Document:
        kept, age = self._kept, self._clock.monotonic() - self._written
        # Without conditional writes our copy is good only while nobody can have waited its ttl.
        fresh = self._shelf.conditional or age < lease.ttl / 2
        if kept is None or not fresh or not leases.is_same(kept.lease, lease):
            kept = self._read()
            leases.mine(kept.lease, lease)
        return kept

    def _save(self, was: Document, state: Mapping[str, Any], lease: Lease) -> None:
        held = leases.beaten(leases.mine(was.lease, lease), self._clock.now())
        named = {**state, "lineage": state["lineage"] or was.state["lineage"] or self._ids()}
        self._write(was, replace(was, state=named, lease=held), lease.id)

    def _write(self, was: Document, new: Document, lease_id: str) -> None:
        """Write over `was`, exactly once; raises StateMoved when another wrote meanwhile."""
        new = replace(new, serial=was.serial + 1, change=self._ids())
        body, began = encode(new), self._clock.monotonic()
        self._kept = None
        for again in range(TRIES):
            try:
                tag = self._shelf.write(body, was.tag, lease_id)
                break
            except (Overtaken, Unsure) as error:
                there = self._read()
                if there.change == new.change:
                    tag = there.tag or ""
                    break
                if there.change != was.change:
                    raise leases.moved(lease_id, there.lease) from error
                if again + 1 == TRIES:
                    unsure = isinstance(error, Unsure)
                    raise error if unsure else leases.moved(lease_id, there.lease) from error
                self._clock.sleep(PAUSE * 2**again)
        self._kept, self._written = replace(new, tag=tag), began

    def _read(self) -> Document:
        copy = self._again(self._shelf.read)
        if copy is None:
            return Document(statefile.encode_state(State(self._project)))
        document = decode(copy, self._shelf.where)
        if document.state.get("project") != self._project:
            raise statefile.foreign(str(document.state.get("project")), self._project)
        return document

    def _again(self, work: Callable[[], T]) -> T:
        for again in range(TRIES - 1):
            with suppress(Unsure):
                return work()
            self._clock.sleep(PAUSE * 2**again)
        return work()


def encode(document: Document) -> bytes:
    """Return the document as bytes."""
    data = {
        "kind": KIND,
        "version": FORMAT_VERSION,
        "serial": document.serial,
        "lineage": document.state["lineage"],
        "fence": document.fence,
        "change": document.change,
        "lease": None if document.lease is None else statefile.encode_lease(document.lease),
        "state": document.state,
    }
    try:
        return orjson.dumps(data)
    except TypeError:  # half a surrogate pair, which JSON can say and UTF-8 cannot
        return json.dumps(data).encode("ascii")


def decode(copy: Copy, where: str) -> Document:
    """Return the document of these bytes; raises StateUnreadable for what is none."""
    try:
        data = statefile.sniff(json_of(copy.body), KIND, where)
    except ValueError as error:
        raise statefile.unreadable(f"it is torn ({error})", where) from error
    with reading(where):
        lease = data["lease"]
        return Document(
            statefile.sniff(data["state"], statefile.KIND, where),
            int(data["serial"]),
            int(data["fence"]),
            str(data["change"]),
            None if lease is None else statefile.decode_lease(lease),
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
