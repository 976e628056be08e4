"""`tasksync accept`: look, choose, make the edits in memory, plan again over them, ask, write."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from functools import cache
from itertools import chain
from typing import Final

from tasksync.cli.accept_selection import accept_selection
from tasksync.cli.accept_values import AcceptValues, accept_values
from tasksync.cli.confirmation import is_approved, must_be_answerable
from tasksync.cli.console import Console
from tasksync.cli.file_diff import file_diff
from tasksync.cli.listeners import listening
from tasksync.cli.options import AcceptOptions
from tasksync.cli.other_projects import looked_at
from tasksync.cli.people_addresses import addresses_of
from tasksync.cli.wiring import Session, session
from tasksync.core.change import Action
from tasksync.core.fields import FIELDS, FieldKind, RemoteId, TaskKey
from tasksync.core.manifest import Manifest
from tasksync.core.peoples_changes import changed_otherwise
from tasksync.core.plan import Plan
from tasksync.core.planning.taking_over import projects_in
from tasksync.core.state import State
from tasksync.engine.planner import Planner
from tasksync.engine.portal_directory import PortalDirectory
from tasksync.engine.tasks_once import TasksOnce
from tasksync.errors import SettingsError, UsageError
from tasksync.manifests.accepting.accepted import AcceptedValues, PortalFacts, accepted
from tasksync.manifests.accepting.proposals import PortalValue
from tasksync.manifests.editing.edited_files import FileEdit, write_files
from tasksync.manifests.loader import load
from tasksync.operating_system import quoted as quoted_word
from tasksync.portal.client import RestPortal
from tasksync.render.wording import clean, count
from tasksync.value_classes import dataclass

#: so many lines of a kind are shown
_SHOWN = 50
_NAMED = 5
#: so often what the plan does not take as it should is left out
_TRIES = 5
_PARTIAL = 3
#: what is remembered is still what the last apply wrote: the state is not written to
_UNTIL_APPLY: Final = (
    "The next apply remembers it, even where it changes nothing. What people change again before "
    "is taken only where its field is named."
)


@dataclass(frozen=True, slots=True)
class _WhatToWrite:
    """What would be written, and sentences about what cannot be."""

    done: AcceptedValues
    cannot: tuple[str, ...]
    chosen: AcceptValues

    @property
    def files(self) -> list[FileEdit]:
        """The files that change."""
        return [one for one in self.done.files if one.after != one.before]


def accept(options: AcceptOptions, console: Console) -> int:
    """Take values of the portal over; returns the exit code.

    0: all that was named, or nothing of it differs; 3: a part of it cannot be taken over, which
    was told; 1: nothing of it can, or the answer was no.
    """
    if "-" in options.run.manifest.files:
        raise UsageError(
            "accept writes into the manifest, and standard input is no file.",
            "Name the manifest with -f.",
        )
    must_be_answerable(
        options.confirm, console,
        "accept has to ask, and there is nobody to ask: no terminal, CI, or --no-input.",
    )  # fmt: skip
    parts = session(options.run, console)
    with listening(parts):
        manifest = parts.manifest()
        with closing(parts.store(manifest.project)) as store:
            state = store.load()
        with closing(parts.portal(manifest.marker)) as portal:
            edits = _OneLook(parts, state, portal).edits(manifest, options.words)
        parts.pause()
    return _write(options, console, edits)


class _OneLook:
    """One look at the portal: every plan is made of the same tasks."""

    def __init__(self, parts: Session, state: State, portal: RestPortal) -> None:
        self._parts = parts
        self._state = state
        self._portal = portal
        self._tasks = TasksOnce(portal)
        self._directory: PortalDirectory = parts.directory(lambda: portal, state)

    def edits(self, manifest: Manifest, words: Sequence[str]) -> _WhatToWrite:
        """Choose what the words name, and make the edits; each was seen to end its change."""
        plan = self._plan(manifest)
        ids = self._ids(plan)
        selection = accept_selection(words, ids.keys() | plan.keys)
        chosen = accept_values(selection, plan, self._tasks.tasks, ids)
        values, cannot = list(chosen.values), list(chosen.cannot)
        spoilt: set[TaskKey] = set()
        for _ in range(_TRIES):
            done = accepted(self._parts.paths, values, self._facts(values, ids))
            spoilt = self._spoilt(plan, done)
            if not spoilt:
                told = (str(problem) for _value, problem in done.refused)
                return _WhatToWrite(done, (*cannot, *told), chosen)
            others = [value for value in values if value.key in spoilt]
            if not others:
                break  # what else changed is none of ours
            cannot += [f"{value}: the plan would change that task all the same" for value in others]
            values = [value for value in values if value.key not in spoilt]
        named = ", ".join(sorted(spoilt)[:_NAMED])
        raise SettingsError(
            f"With what would be written the plan changes otherwise ({clean(named)}): nothing was "
            "written.",
            "Run it again: a file, or the portal, may have changed meanwhile.",
        )

    def _plan(self, manifest: Manifest) -> Plan:
        parts, portal = self._parts, self._portal
        resolver = parts.resolver(portal, manifest.marker)
        planner = Planner(self._tasks, resolver, parts.hear, lambda _numbers: {})
        names = projects_in(manifest, self._state)
        with looked_at(parts, manifest.project, names) as sources:
            return planner.plan(manifest, self._state, directory=self._directory, sources=sources)

    def _spoilt(self, plan: Plan, done: AcceptedValues) -> set[TaskKey]:
        """Return the keys of which a plan over the edits differs in more than was taken over."""
        if not done.taken:
            return set()
        edited = load(self._parts.paths, {one.name: one.after for one in done.files})
        taken: dict[TaskKey, set[str]] = defaultdict(set)
        for one in done.taken:
            taken[one.key].add(one.name)
        return changed_otherwise(plan, self._plan(edited), taken)

    def _ids(self, plan: Plan) -> Mapping[TaskKey, RemoteId]:
        """Return the ids of all keys that have a task, under the names that they have now."""
        index = self._state.index
        ids = {key: RemoteId(index.ids[row]) for key, row in index.rows.items()}
        ids |= {after: ids[before] for before, after in plan.moved if before in ids}
        adopts = (change for change in plan.changes if change.action is Action.ADOPT)
        return ids | {change.key: change.id for change in adopts if change.id is not None}

    def _facts(self, values: Iterable[PortalValue], ids: Mapping[TaskKey, RemoteId]) -> PortalFacts:
        portal, people = self._portal, set(chain.from_iterable(map(_people_in, values)))
        addresses = cache(lambda: addresses_of(portal, people))
        return PortalFacts(self._directory, addresses, portal.workgroups, ids)


def _people_in(value: PortalValue) -> Iterable[int]:
    match FIELDS[value.name].kind, value.found:
        case FieldKind.PERSON, int(number):
            return (number,)
        case FieldKind.PEOPLE, tuple(numbers):
            return (one for one in numbers if isinstance(one, int))
    return ()


def _write(options: AcceptOptions, console: Console, edits: _WhatToWrite) -> int:
    """Tell what cannot be, show the diff, ask, and write."""
    _tell(console, edits)
    files, taken = edits.files, len(edits.done.taken)
    if not files:
        console.say(
            "Nothing of it can be accepted: nothing was written."
            if edits.cannot
            else "There is nothing to accept: nothing was written."
        )
        return 1 if edits.cannot else 0
    for line in file_diff(files):
        console.say(line)
    what = f"{count(taken, 'value')} of the portal into {count(len(files), 'file')}"
    if not options.confirm.yes and not is_approved(console, f"Write {what}?"):
        console.tell("Cancelled. Nothing was written.")
        return 1
    write_files(files)
    console.say(f"Wrote {what}.")
    flags = "".join(f" -f {quoted_word(one)}" for one in options.run.manifest.files)
    console.say(f"See what is left: tasksync plan{flags}")
    console.say(_UNTIL_APPLY)
    return _PARTIAL if edits.cannot else 0


def _tell(console: Console, edits: _WhatToWrite) -> None:
    for line in edits.cannot[:_SHOWN]:
        console.tell(f"! {clean(line)}")
    if len(edits.cannot) > _SHOWN:
        console.tell(f"! and {len(edits.cannot) - _SHOWN} more.")
    already = [clean(str(one)) for one in edits.done.already]
    if already:
        more = f" and {len(already) - _SHOWN} more" if len(already) > _SHOWN else ""
        console.tell(f"The manifest asks for it already: {', '.join(already[:_SHOWN])}{more}.")
    if edits.chosen.let:
        console.tell(
            f"{count(edits.chosen.let, 'value')} of people's, which the policy of the field lets "
            "stand, not named and left out: accept KEY.field takes one over."
        )
    if edits.chosen.unknown:
        console.tell(
            f"{count(edits.chosen.unknown, 'value')} of tasks that are to be adopted, which nobody "
            "knows who set, not named and left out: accept KEY.field takes one over."
        )
