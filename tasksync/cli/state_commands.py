"""The verbs of `tasksync state`: each opens the store, does one thing, and says what it did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase

from tasksync import file_limits as bounded
from tasksync.backends.document_format import KIND
from tasksync.cli.console import Console
from tasksync.cli.listeners import listening
from tasksync.cli.options import (
    StateListOptions,
    StateMoveOptions,
    StateOptions,
    StatePushOptions,
    StateRebindOptions,
    StateRebuildOptions,
    StateRemoveOptions,
    StateShowOptions,
    StateUnlockOptions,
)
from tasksync.cli.state_lookup import entry_of, known_as, listed, looked_at
from tasksync.cli.wiring import Session, named_project, session
from tasksync.core.cards import card_link
from tasksync.core.fields import TaskKey
from tasksync.core.formats.json_text import indented
from tasksync.core.formats.state_checks import must_be_usable, pushed
from tasksync.core.formats.state_json import encode_state
from tasksync.core.formats.strict_json import strict
from tasksync.core.keys import normal_key
from tasksync.core.ports import StateStore
from tasksync.core.quoting import shortened
from tasksync.core.state import State, StateDelta
from tasksync.engine.lease import LeaseHolder, unlocked
from tasksync.errors import SettingsError, StateError, StateLocked, UsageError
from tasksync.value_classes import replace

#: a state is saved as a whole: what an interrupted verb was to do is done or not, never by halves
_LONGEST_NAME = 60
_EITHER = "The state is as it was, or as it was to be: tasksync state list shows which."


@contextmanager
def _store(options: StateOptions, console: Console) -> Iterator[tuple[Session, StateStore]]:
    parts = session(options.run, console)
    store = parts.store(named_project(options.project, parts.manifest))
    try:
        with listening(parts):
            yield parts, store
    finally:
        store.close()


@contextmanager
def _locked(
    options: StateOptions, console: Console
) -> Iterator[tuple[Session, LeaseHolder, State]]:
    with _store(options, console) as (parts, store):
        project = store.load().project
        with parts.hold_lease(store, project) as holder:
            state = holder.load()
            try:
                yield parts, holder, state
            except KeyboardInterrupt:
                raise KeyboardInterrupt(_EITHER) from None


def list_(options: StateListOptions, console: Console) -> int:
    """Print a line for each entry, sorted by key; intents are named as in doubt."""
    from tasksync.render.text import entry_line
    from tasksync.render.wording import clean

    with _store(options.state, console) as (parts, store):
        state = store.load()
        glob = normal_key(options.glob)
        keys = [key for key in sorted(state.index) if fnmatchcase(key, glob)]
        for key in keys:
            console.out.write(entry_line(state.entries[key]) + "\n")
        doubts = [intent for intent in state.intents if fnmatchcase(intent.key, glob)]
        for intent in doubts:
            name = clean(intent.key)
            console.out.write(f"{name}  (in doubt since {intent.at:%Y-%m-%dT%H:%MZ})\n")
        console.out.flush()
        if not options.state.run.output.no_progress:
            console.tell(listed(parts, state, options.glob, len(keys) + len(doubts)))
    return 0


def show(options: StateShowOptions, console: Console) -> int:
    """Print all that is remembered of one key; raises StateError for an unknown one."""
    from tasksync.render.text import entry_text

    with _store(options.state, console) as (parts, store):
        state = store.load()
        entry = entry_of(parts, state, options.key)
        person = entry.found.get("responsibleId")
        portal = state.identity.portal if state.identity else ""
        link = card_link(portal, person if isinstance(person, int) else None, entry.id)
        console.say(entry_text(entry) + (f"  {link}\n" if link else ""))
        if not options.state.run.output.no_progress:
            console.tell(f"From {looked_at(parts, state)}.")
    return 0


def move(options: StateMoveOptions, console: Console) -> int:
    """Give an entry another key."""
    from tasksync.manifests.unplaced import BadValue
    from tasksync.manifests.values import check_key

    after = normal_key(options.after)
    try:
        check_key(after)
    except BadValue as bad:
        mend = bad.mend or "choose another key"
        raise UsageError(f"{bad}.", f"{mend[:1].upper()}{mend[1:]}.") from bad
    with _locked(options.state, console) as (parts, holder, state):
        entry = entry_of(parts, state, options.before)
        if after in state.index:
            raise StateError(
                f"The state already has {after}.",
                "Choose another key, or state rm it first.",
            )
        parts.says(lambda: (repr(entry),))  # it comes from the state, not from outside
        moved = replace(entry, key=TaskKey(after))
        holder.commit(StateDelta(put=(moved,), drop=(entry.key,)))
        console.say(f"Moved {entry.key} to {after} (task {entry.id}).")
    return 0


def remove(options: StateRemoveOptions, console: Console) -> int:
    """Forget entries, and intents, without touching the portal."""
    with _locked(options.state, console) as (parts, holder, state):
        intents = {intent.key for intent in state.intents}
        keys = tuple(known_as(state, key) for key in options.keys)
        for key in keys:
            if key not in intents:
                entry_of(parts, state, key)
        holder.commit(
            StateDelta(
                drop=tuple(key for key in keys if key in state.index),
                close=tuple(key for key in keys if key in intents),
            )
        )
        named = ", ".join(key if key.isprintable() and key else ascii(key) for key in keys)
        console.say(f"Forgot {named}. The portal was not touched.")
    return 0


def pull(options: StateOptions, console: Console) -> int:
    """Print the whole state as JSON."""
    with _store(options, console) as (_parts, store):
        text = indented(encode_state(store.load()))
        console.say(text)
        if console.hidden is not None and console.hidden.secrets.redact(text) != text:
            console.tell(
                "Note: what stands as *** in this copy is a secret of this run. It is no whole "
                "backup: pull without that variable, or take a password that is no common word."
            )
    return 0


def push(options: StatePushOptions, console: Console) -> int:
    """Put a state in the place of what is there; an older or foreign one needs --force."""
    incoming = pushed(_state_in(_document(options.source, console)))
    with _locked(options.state, console) as (parts, holder, state):
        if incoming.project != state.project:
            theirs = shortened(incoming.project, _LONGEST_NAME)
            raise StateError(
                f"{options.source} is the state of {theirs}, not of {state.project}.",
                "Name the right manifest with -f, or the right file.",
            )
        if state.lineage and not options.force:
            _must_follow(incoming, state)
        if twice := [id_ for id_, n in Counter(incoming.index.ids).items() if n > 1]:
            raise StateError(
                f"In {options.source} two entries have the id {twice[0]}: one task has one key.",
                "Take one of them out. Nothing was changed.",
            )
        holder.replace(incoming)
        del parts
        console.say(f"Pushed {len(incoming.index)} entries as serial {holder.load().serial}.")
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


def _state_in(document: object) -> object:
    """Return the state alone: a version that S3 or GitLab kept is the server's whole document."""
    if isinstance(document, dict) and document.get("kind") == KIND and "state" in document:
        from tasksync.core.formats.state_text import sniff

        return sniff(document, KIND)["state"]
    return document


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


def rebuild(options: StateRebuildOptions, console: Console) -> int:
    """Match marked tasks to the manifest's keys, remember them, and list what has no match."""
    from tasksync.cli.state_rebuild import rebuilt

    with (
        _store(options.state, console) as (parts, store),
        parts.hold_lease(store, store.load().project) as holder,
    ):
        return rebuilt(parts, holder, options)


def rebind(options: StateRebindOptions, console: Console) -> int:
    """Bind the state to the portal's new name; the portal itself is not written to."""
    from tasksync.cli.state_rebind import rebound

    with _locked(options.state, console) as (parts, holder, state):
        must_be_usable(state)
        return rebound(parts, holder, state, options.confirm)


def unlock(options: StateUnlockOptions, console: Console) -> int:
    """Take a lock away; refused while its holder is alive, and watched where nobody knows."""
    with _store(options.state, console) as (parts, store):
        try:
            unlocked(store, options.id, parts.clock, parts.hear)
        except StateLocked:
            raise
        except StateError as error:
            where = looked_at(parts, store.load())
            raise StateError(error.message, error.advice or f"Looked at was {where}.") from error
        console.say(f"The lock {options.id} is taken away.")
    return 0
