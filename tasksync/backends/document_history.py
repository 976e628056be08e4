"""What runs did, where the state is one document: gathered while a run goes on, written at its end.

Beside the document, one object a run (S3), or in the document itself, of the last run alone (http):
    {"run": ..., "changes": [what core.formats.history_json writes, ...]}
No document is written anew for it, and a run that was killed leaves nothing of it. That it could
not be kept is said, and no more: the run is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

from tasksync.backends.document_format import RunData, StateDocument, bytes_of, data_of
from tasksync.backends.patience import Tell, Waiting
from tasksync.backends.remote_document import patiently
from tasksync.core.formats import state_text, typed
from tasksync.core.formats.history_json import decode_change, encode_change
from tasksync.core.formats.state_text import reading
from tasksync.core.history import KEPT_HISTORY_RUNS, RecordedChange, by_run
from tasksync.core.state import FORMAT_VERSION, StateDelta
from tasksync.errors import StateError, StateUnreadable

KIND = "tasksync-run"
#: bytes of what the last run did that a document may hold
LONGEST = 1 << 20
#: the outcome of a run that has not ended
_STARTED = "started"
_NOT_KEPT = "What this run did is not kept, and can be neither listed nor undone later"


class RunObjects(Protocol):
    """Where objects beside the document are kept, one a run. Every method may raise StateError."""

    def read_run(self, run: str, /) -> bytes | None:
        """The object of a run, or None; raises Ambiguous."""
        ...

    def write_run(self, run: str, body: bytes, /) -> None:
        """Put the object of a run, whatever is there; raises Ambiguous."""
        ...

    def drop_run(self, run: str, /) -> None:
        """Take the object of a run away, if there is one; raises Ambiguous."""
        ...


class DocumentHistory:
    """What one client committed of what runs did; `objects` None: the document has room for one.

    `waiting` is of a client that holds no lease: nobody waits long for what may be missing.
    """

    def __init__(
        self, project: str, objects: RunObjects | None, waiting: Waiting, tell: Tell
    ) -> None:
        self._project = project
        self._objects = objects
        self._waiting = waiting
        self._tell = tell
        self._done: list[RecordedChange] = []
        self._ours: set[str] = set()

    def recorded(self, document: StateDocument, run: str) -> tuple[RecordedChange, ...] | None:
        """Return what a run of the document's state did; None where it is not kept."""
        if self._objects is None:
            return _in_document(document, run)
        return self._in_object(run) if run in _last_runs(document.state) else None

    def for_document(
        self, was: StateDocument, state: Mapping[str, Any], delta: StateDelta
    ) -> RunData | None:
        """Return what the document is to hold beside this state, the one with the delta."""
        if self._objects is not None:
            return None
        recorded = was.recorded
        for run, found in self._ended(delta, state).items():
            with suppress(StateUnreadable):  # what is torn is lost, and the new state is saved
                if whole := self._whole(run, found, delta, state, partial(_in_document, was)):
                    recorded = _data(run, whole)
                    if len(bytes_of(recorded)) > LONGEST:
                        recorded = None
                        self._tell(f"{_NOT_KEPT}: it is longer than {LONGEST >> 20} MiB.")
        return recorded

    def committed(
        self, was: Mapping[str, Any], state: Mapping[str, Any], delta: StateDelta
    ) -> None:
        """Write the objects of runs that ended with a delta that is durable; old ones go."""
        if self._objects is not None:
            try:
                self._put(delta, state)
            except StateError as error:
                self._tell(_note(f"{_NOT_KEPT}.", error))
        self._done += delta.recorded
        self._ours |= {delta.run.id} if delta.run else set()
        self.replaced(was, state)

    def replaced(self, was: Mapping[str, Any], state: Mapping[str, Any]) -> None:
        """Take the objects of runs away that are too old, or not in the new state at all."""
        if self._objects is None:
            return
        try:
            for run in sorted(_last_runs(was) - _last_runs(state)):
                patiently(self._waiting, partial(self._objects.drop_run, run))
        except StateError as error:
            self._tell(_note("What an old run did is still there, though it should go.", error))

    def forget(self) -> None:
        """Begin anew, with another lease."""
        self._done.clear()
        self._ours.clear()

    def _put(self, delta: StateDelta, state: Mapping[str, Any]) -> None:
        assert self._objects is not None  # noqa: S101 - there are none to put else
        for run, found in self._ended(delta, state).items():
            if whole := self._whole(run, found, delta, state, self._in_object):
                head = {"kind": KIND, "version": FORMAT_VERSION, "project": self._project}
                body = bytes_of({**head, **_data(run, whole)})
                patiently(self._waiting, partial(self._objects.write_run, run, body))

    def _ended(
        self, delta: StateDelta, state: Mapping[str, Any]
    ) -> dict[str, list[RecordedChange]]:
        """Return what the runs that a delta names did, as far as this client knows, if they ended.

        `state` is the one with the delta.
        """
        named = {one.run for one in delta.recorded} | ({delta.run.id} if delta.run else set())
        named &= {run["id"] for run in state["runs"] if run["outcome"] != _STARTED}
        done = by_run((*self._done, *delta.recorded)) if named else {}
        return {run: changes for run, changes in done.items() if run in named}

    def _whole(
        self,
        run: str,
        found: Sequence[RecordedChange],
        delta: StateDelta,
        state: Mapping[str, Any],
        kept_of: Callable[[str], Sequence[RecordedChange] | None],
    ) -> Sequence[RecordedChange] | None:
        """Return all that a run did: of another client's run, with what was found of it later.

        None where something of it is not kept: a part would pass for the whole.
        """
        if run in self._ours or (delta.run is not None and delta.run.id == run):
            return found
        kept = kept_of(run)
        counts = next(one.get("counts") for one in state["runs"] if one["id"] == run)
        return None if kept is None and counts else by_run((*(kept or ()), *found))[run]

    def _in_object(self, run: str) -> tuple[RecordedChange, ...] | None:
        assert self._objects is not None  # noqa: S101 - nobody asks else
        body = patiently(self._waiting, partial(self._objects.read_run, run))
        if body is None:
            return None
        where = "what the run did"
        with reading(where):
            try:
                data = state_text.sniff(data_of(body), KIND, where)
            except ValueError as error:
                raise state_text.unreadable(f"it is torn ({error})", where) from error
            if (data["project"], data["run"]) != (self._project, run):
                raise state_text.unreadable("it is of another run", where)
        return _changes(data)


def _note(what: str, why: StateError) -> str:
    return " ".join(filter(None, (what, why.message, why.advice)))


def _in_document(document: StateDocument, run: str) -> tuple[RecordedChange, ...] | None:
    kept = document.recorded
    return None if kept is None or kept.get("run") != run else _changes(kept)


def _changes(data: RunData) -> tuple[RecordedChange, ...]:
    with reading("what a run did"):
        run, changes = typed.text(data, "run"), typed.array(data, "changes")
    return tuple(decode_change(run, one) for one in changes)


def _data(run: str, changes: Iterable[RecordedChange]) -> RunData:
    return {"run": run, "changes": [encode_change(one) for one in changes]}


def _last_runs(state: Mapping[str, Any]) -> set[str]:
    """Return the ids of the runs whose objects stay."""
    return {one["id"] for one in state["runs"][-KEPT_HISTORY_RUNS:]}
