"""A state kept as one document that is only ever replaced whole: what S3 and http share.

Nobody's clock is believed: a lease is dead when a waiter saw no write for its ttl by a clock of
its own that never goes back, or when its holder was on this host and has ended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from threading import RLock
from typing import Any

from tasksync.backends import leases
from tasksync.backends.document_format import RunData, StateDocument, decode, encode
from tasksync.backends.document_history import DocumentHistory, RunObjects
from tasksync.backends.leases import Alive, Gone, Watch
from tasksync.backends.patience import TRIES, Tell, Waiting, in_silence
from tasksync.backends.remote_document import (
    Ambiguous,
    Other,
    Overtaken,
    RemoteDocument,
    patiently,
)
from tasksync.backends.server_lock import ServerLock
from tasksync.core.formats import state_json, state_text
from tasksync.core.history import RecordedChange
from tasksync.core.ports import Clock
from tasksync.core.state import Holder, Lease, State, StateDelta
from tasksync.errors import StateError, StateLocked, StateMoved
from tasksync.value_classes import replace

#: seconds that a lock of the server without a lease in the document has to stand still
STILL = 60.0


class DocumentStore:
    """A StateStore over a document that a server keeps."""

    def __init__(
        self,
        remote: RemoteDocument,
        project: str,
        *,
        clock: Clock,
        ids: Callable[[], str],
        gone: Gone = leases.nobody,
        alive: Alive = leases.nobody,
        tell: Tell = in_silence,
        objects: RunObjects | None = None,
    ) -> None:
        self._remote = remote
        self._project = project
        self._clock = clock
        self._ids = ids
        self._watch = Watch(clock, gone, alive)
        self._tell = tell
        self._waiting = Waiting(clock, tell)
        self._history = DocumentHistory(project, objects, Waiting(clock, tell), tell)
        self._lock = RLock()
        self._server_lock = ServerLock(remote, self._waiting)
        self._latest: StateDocument | None = None  # as we last wrote it, while we hold the lease
        self._written = 0.0  # when we began to write it, by the clock that never goes back

    def load(self) -> State:
        """The state as last committed, decoded whole."""
        return state_json.decode_state(self._read().state)

    def commit(self, delta: StateDelta, lease: Lease) -> None:
        """Write the document with a delta applied to its state."""
        with self._lock:
            was = self._mine(lease)
            state = state_json.apply_delta(was.state, delta)
            recorded = self._history.for_document(was, state, delta)
            self._save(was, state, lease, recorded)
            self._history.committed(was.state, state, delta)

    def recorded(self, run: str) -> tuple[RecordedChange, ...] | None:
        """What a run did; None where it is not kept."""
        return self._history.recorded(self._read(), run)

    def replace(self, state: State, lease: Lease) -> None:
        """Write the document with another state, its serial above both."""
        if state.project != self._project:
            raise state_text.foreign(state.project, self._project)
        pushed = state_json.encode_state(state)
        with self._lock:
            was = self._mine(lease)
            serial = max(state.serial, was.state["serial"]) + 1
            named = {run.id for run in state.runs}
            recorded = was.recorded if was.recorded and was.recorded.get("run") in named else None
            self._save(was, {**pushed, "serial": serial}, lease, recorded)
            self._history.replaced(was.state, pushed)

    def acquire(self, who: Holder, ttl: float) -> Lease:
        """Take the lease, or raise StateLocked; asking again later may find it dead."""
        with self._lock, ExitStack() as undoing:
            asked = leases.granted(self._ids(), who, 0, self._clock.now(), ttl)
            undoing.callback(self._server_lock.free_unanswered)
            was = self._free(asked)
            undoing.callback(self._server_lock.free, asked.id)
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
            self._latest = None
            self._history.forget()
            self._waiting.lets_go()
            self._server_lock.free(lease.id)

    def holder(self) -> Lease | None:
        """The lease that was given out last and not given back; it may be dead."""
        return self._read().lease

    def unlock(self, lease_id: str) -> None:
        """Take a lease away, under a lock of our own where the server has locks."""
        with self._lock, ExitStack() as undoing:
            ours = leases.granted(self._ids(), _nobody("unlock"), 0, self._clock.now(), 0.0)
            other, was = self._looked(ours)
            if other is None:
                undoing.callback(self._server_lock.free, ours.id)
            held = self._stand_in(other, was, ours) if other else was.lease
            left = self._left(held, was) if held else None
            leases.may_unlock(held, lease_id, self._clock.now(), left)
            if other:
                self._take_over(lease_id, ours)
                undoing.callback(self._server_lock.free, ours.id)
            was = self._read()
            if was.lease is not None and was.lease.id == lease_id:
                self._write(was, replace(was, lease=None), ours.id)
            self._latest = None

    def close(self) -> None:
        """Forget the document as it was written last."""
        with self._lock:
            self._latest = None

    def _free(self, asked: Lease) -> StateDocument:
        """Return the document once nobody holds it; the server's lock is then ours."""
        other, was = self._looked(asked)
        with ExitStack() as undoing:
            if other is None:
                undoing.callback(self._server_lock.free, asked.id)
            held = was.lease if self._remote.conditional else None
            if other:
                held = self._stand_in(other, was, asked)
            if held and self._left(held, was) != 0:
                raise self._locked(held, was)
            if other and held:
                self._take_over(held.id, asked)
                undoing.callback(self._server_lock.free, asked.id)
                was = self._read()
            undoing.pop_all()
            return was

    def _looked(self, asked: Lease) -> tuple[Other | None, StateDocument]:
        """Ask for the server's lock and read the document; None: the lock is ours.

        A LOCK whose answer was lost may have been done. A lock of which nothing is told, while no
        run stands in the document, may then be ours: it is freed by our own id, which frees
        nobody else's, and asked for again.
        """
        other = self._server_lock.take(asked)
        with ExitStack() as undoing:
            if other is None:
                undoing.callback(self._server_lock.free, asked.id)
            was = self._read()
            undoing.pop_all()
        if other and not other.id and was.lease is None:
            return self._server_lock.take_from_ourselves(asked, other), was
        return other, was

    def _take_over(self, dead: str, asked: Lease) -> None:
        """Free a dead holder's lock on the server, and take it; raises StateLocked."""
        if quicker := self._server_lock.take_over(dead, asked):
            there = self._read()
            raise self._locked(self._stand_in(quicker, there, asked), there)

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
        latest, age = self._latest, self._clock.monotonic() - self._written
        # Without conditional writes our copy is good only while nobody can have waited its ttl.
        fresh = self._remote.conditional or age < lease.ttl / 2
        if latest is None or not fresh or not leases.is_same(latest.lease, lease):
            latest = self._read()
            leases.mine(latest.lease, lease)
        return latest

    def _save(
        self,
        was: StateDocument,
        state: Mapping[str, Any],
        lease: Lease,
        recorded: RunData | None,
    ) -> None:
        held = leases.beaten(leases.mine(was.lease, lease), self._clock.now())
        named = {**state, "lineage": state["lineage"] or was.state["lineage"] or self._ids()}
        self._write(was, replace(was, state=named, lease=held, recorded=recorded), lease.id)

    def _write(self, was: StateDocument, new: StateDocument, lease_id: str) -> None:
        """Write over `was`, exactly once; raises StateMoved when another wrote meanwhile.

        What is refused for good is written without what the last run did: it may be too long.
        """
        new = replace(new, serial=was.serial + 1, change=self._ids())
        body, attempt, refused, left = encode(new), self._waiting.attempt(), 0, ""
        self._latest = None
        while True:
            began = self._clock.monotonic()
            try:
                tag = self._remote.write(body, was.tag, lease_id)
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
                    is_ambiguous = isinstance(error, Ambiguous)
                    raise error if is_ambiguous else leases.moved(lease_id, there.lease) from error
            except StateError as error:
                if new.recorded is None:
                    raise
                new, left = replace(new, recorded=None), error.message
                body = encode(new)
        self._latest, self._written = replace(new, tag=tag), began
        if new.lease:
            self._waiting.holds(began, new.lease.ttl)
        if left:
            self._tell(f"What the last run did is no longer kept. With it: {left}")

    def _read(self) -> StateDocument:
        copy = patiently(self._waiting, self._remote.read)
        if copy is None:
            return StateDocument(state_json.encode_state(State(self._project)))
        document = decode(copy, self._remote.where)
        if document.state.get("project") != self._project:
            raise state_text.foreign(str(document.state.get("project")), self._project)
        return document


def _nobody(operation: str) -> Holder:
    return Holder("unknown", "unknown", 0, operation=operation)


def _timeless(lease: Lease) -> Lease:
    """Return a lease as it is watched: of a lock that only the server knows, no time is known."""
    return lease if lease.holder.pid else replace(lease, heartbeat=_NEVER, fence=0)


_NEVER = datetime.min.replace(tzinfo=UTC)
