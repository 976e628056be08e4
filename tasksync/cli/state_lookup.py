"""Which state was looked at, and what to say where it does not hold what somebody asked for."""

from __future__ import annotations

from pathlib import Path

from tasksync.backends.masking import masked
from tasksync.cli.wiring import Session
from tasksync.core.fields import TaskKey
from tasksync.core.keys import normal_key
from tasksync.core.planning.scope import nearest
from tasksync.core.quoting import quoted
from tasksync.core.state import Entry, State
from tasksync.errors import StateError
from tasksync.render.wording import clean, count

_FORGOTTEN = "Is TASKSYNC_STATE or --state set as for apply?"
_SQLITE = "sqlite:"


def looked_at(parts: Session, state: State) -> str:
    """Return which state was looked at, without what opens it: `the state of P in sqlite:…`."""
    return f"the state of {clean(state.project)} in {clean(masked(parts.address(state.project)))}"


def listed(parts: Session, state: State, glob: str, shown: int) -> str:
    """Return what is said beside a list, on stderr: the list itself is data."""
    where = looked_at(parts, state)
    there = len(state.index) + len(state.intents)
    if not there:
        return none_in(parts, state, "entry")
    whole = count(there, "entry", "entries")
    if shown == there:
        return f"{whole} in {where}."
    if shown:
        return f"{shown} of {whole} in {where}."
    return f"No key fits {quoted(glob)} among {whole} in {where}. {_near(state, glob)}".rstrip()


def none_in(parts: Session, state: State, what: str) -> str:
    """Return that a state holds none of these, and what may have been forgotten."""
    none = f"There is no {what} in {looked_at(parts, state)}{_absent(parts, state)}."
    return f"{none} {_advice(parts, state)}".rstrip()


def known_as(state: State, written: str) -> TaskKey:
    """Return the key that somebody wrote: as it stands where the state has that, else in NFC."""
    stands = written in state.index or any(intent.key == written for intent in state.intents)
    return TaskKey(written if stands else normal_key(written))


def entry_of(parts: Session, state: State, key: str) -> Entry:
    """Return an entry; raises StateError, with what is near, or what was perhaps forgotten."""
    known = known_as(state, key)
    if known in state.index:
        return state.entries[known]
    where = looked_at(parts, state)
    raise StateError(
        f"There is no entry {quoted(key)} in {where}{_absent(parts, state)}.",
        (_near(state, key) or "tasksync state list shows every key.")
        if state.index
        else _advice(parts, state) or "Nothing was applied with it yet.",
    )


def _near(state: State, name: str) -> str:
    near = nearest(name, state.index.rows)
    return f"Did you mean {clean(near)}?" if near else ""


def _absent(parts: Session, state: State) -> str:
    """Say that there is not even a file, where that can be seen."""
    kind, _colon, name = parts.address(state.project).partition(":")
    gone = f"{kind}:" == _SQLITE and not name.startswith("//") and not Path(name).exists()
    return " (there is no such file)" if gone else ""


def _advice(parts: Session, state: State) -> str:
    """Return what may have been forgotten where a state is empty."""
    return _FORGOTTEN if not parts.options.store.url or not state.lineage else ""
