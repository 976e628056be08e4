"""The verbs of `tasksync state`: each opens the store, does one thing, and says what it did."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fnmatch import fnmatchcase

from tasksync import file_limits as bounded
from tasksync.cli.console import Console
from tasksync.cli.listeners import listening
from tasksync.cli.state_lookup import entry_of, listed, looked_at
from tasksync.cli.wiring import Session, named_project, session
from tasksync.core.fields import TaskKey
from tasksync.core.formats.state_checks import must_be_usable, pushed
from tasksync.core.formats.state_json import encode_state
from tasksync.core.formats.strict_json import strict
from tasksync.core.ports import StateStore
from tasksync.core.state import State, StateDelta
from tasksync.engine.lease import LeaseHolder, unlocked
from tasksync.errors import SettingsError, StateError, StateLocked, UsageError


@contextmanager
def _store(args: argparse.Namespace, console: Console) -> Iterator[tuple[Session, StateStore]]:
    parts = session(args, console)
    store = parts.store(named_project(args, parts.manifest))
    try:
        with listening(parts):
            yield parts, store
    finally:
        store.close()


@contextmanager
def _locked(
    args: argparse.Namespace, console: Console
) -> Iterator[tuple[Session, LeaseHolder, State]]:
    with _store(args, console) as (parts, store):
        project = store.load().project
        with parts.hold_lease(store, project) as keeper:
            yield parts, keeper, keeper.load()


def list_(args: argparse.Namespace, console: Console) -> int:
    """Print a line for each entry, sorted by key; intents are named as in doubt."""
    from tasksync.render.text import entry_line
    from tasksync.render.wording import clean

    with _store(args, console) as (parts, store):
        state = store.load()
        keys = [key for key in sorted(state.index) if fnmatchcase(key, args.glob)]
        for key in keys:
            console.out.write(entry_line(state.entries[key]) + "\n")
        doubts = [intent for intent in state.intents if fnmatchcase(intent.key, args.glob)]
        for intent in doubts:
            name = clean(intent.key)
            console.out.write(f"{name}  (in doubt since {intent.at:%Y-%m-%dT%H:%MZ})\n")
        console.out.flush()
        if not args.quiet:
            console.tell(listed(parts, state, args.glob, len(keys) + len(doubts)))
    return 0


def show(args: argparse.Namespace, console: Console) -> int:
    """Print all that is remembered of one key; raises StateError for an unknown one."""
    from tasksync.render.text import entry_text

    with _store(args, console) as (parts, store):
        state = store.load()
        console.say(entry_text(entry_of(parts, state, args.key)))
        if not args.quiet:
            console.tell(f"From {looked_at(parts, state)}.")
    return 0


def move(args: argparse.Namespace, console: Console) -> int:
    """Give an entry another key."""
    from tasksync.manifests.unplaced import BadValue
    from tasksync.manifests.values import check_key

    try:
        check_key(args.after)
    except BadValue as bad:
        mend = bad.mend or "choose another key"
        raise UsageError(f"{bad}.", f"{mend[:1].upper()}{mend[1:]}.") from bad
    with _locked(args, console) as (parts, keeper, state):
        entry = entry_of(parts, state, args.before)
        if args.after in state.index:
            raise StateError(
                f"The state already has {args.after}.", "Choose another key, or state rm it first."
            )
        moved = replace(entry, key=TaskKey(args.after))
        keeper.commit(StateDelta(put=(moved,), drop=(entry.key,)))
        console.say(f"Moved {args.before} to {args.after} (task {entry.id}).")
    return 0


def remove(args: argparse.Namespace, console: Console) -> int:
    """Forget entries, and intents, without touching the portal."""
    with _locked(args, console) as (parts, keeper, state):
        intents = {intent.key for intent in state.intents}
        for key in args.key:
            if key not in intents:
                entry_of(parts, state, key)
        keys = tuple(TaskKey(key) for key in args.key)
        keeper.commit(
            StateDelta(
                drop=tuple(key for key in keys if key in state.index),
                close=tuple(key for key in keys if key in intents),
            )
        )
        named = ", ".join(key if key.isprintable() and key else ascii(key) for key in keys)
        console.say(f"Forgot {named}. The portal was not touched.")
    return 0


def pull(args: argparse.Namespace, console: Console) -> int:
    """Print the whole state as JSON."""
    with _store(args, console) as (_parts, store):
        console.say(json.dumps(encode_state(store.load()), ensure_ascii=False, indent=2))
    return 0


def push(args: argparse.Namespace, console: Console) -> int:
    """Put a state in the place of what is there; an older or foreign one needs --force."""
    incoming = pushed(_document(args.source, console))
    with _locked(args, console) as (parts, keeper, state):
        if incoming.project != state.project:
            raise StateError(
                f"{args.source} is the state of {incoming.project}, not of {state.project}.",
                "Name the right manifest with -f, or the right file.",
            )
        if state.lineage and not args.force:
            _must_follow(incoming, state)
        if twice := [id_ for id_, n in Counter(incoming.index.ids).items() if n > 1]:
            raise StateError(
                f"In {args.source} two entries have the id {twice[0]}: one task has one key.",
                "Take one of them out. Nothing was changed.",
            )
        keeper.replace(incoming)
        del parts
        console.say(f"Pushed {len(incoming.index)} entries as serial {keeper.load().serial}.")
    return 0


def _must_follow(incoming: State, state: State) -> None:
    if incoming.lineage != state.lineage:
        raise StateError(
            "The pushed state is of another lineage than the one that is there.",
            "If it is really meant to take its place, use --force.",
        )
    if incoming.serial < state.serial:
        raise StateError(
            f"The pushed state is older (serial {incoming.serial}) than what is there "
            f"({state.serial}).",
            "If it is really meant to take its place, use --force.",
        )


def _document(source: str, console: Console) -> object:
    try:
        if source == "-":
            return strict(bounded.text(console.source, bounded.DOCUMENT))
        return strict(bounded.read(source, bounded.DOCUMENT))
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"{source} cannot be read as a state: {bounded.why(error)}.",
            "Give it what state pull wrote. Nothing was changed.",
        ) from error


def rebuild(args: argparse.Namespace, console: Console) -> int:
    """Match marked tasks to the manifest's keys, remember them, and list what has no match."""
    from tasksync.cli.state_rebuild import rebuilt

    with (
        _store(args, console) as (parts, store),
        parts.hold_lease(store, store.load().project) as keeper,
    ):
        return rebuilt(parts, keeper)


def rebind(args: argparse.Namespace, console: Console) -> int:
    """Bind the state to the portal's new name; the portal itself is not written to."""
    from tasksync.cli.state_rebind import rebound

    with _locked(args, console) as (parts, keeper, state):
        must_be_usable(state)
        return rebound(parts, keeper, state)


def unlock(args: argparse.Namespace, console: Console) -> int:
    """Take a lock away; refused while its holder is alive, and watched where nobody knows."""
    with _store(args, console) as (parts, store):
        try:
            unlocked(store, args.id, parts.clock, parts.hear)
        except StateLocked:
            raise
        except StateError as error:
            where = looked_at(parts, store.load())
            raise StateError(error.message, error.advice or f"Looked at was {where}.") from error
        console.say(f"The lock {args.id} is taken away.")
    return 0
