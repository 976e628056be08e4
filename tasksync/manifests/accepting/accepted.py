"""Portal values written into a manifest in memory: each where it is written, and nothing else.

What was edited is read as a whole manifest again. A value counts as taken over only where its task
asks for exactly it then, and every other task for exactly what it asked for before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

from tasksync.core.address_book import Directory, ListedGroup
from tasksync.core.fields import RemoteId, TaskKey, Value, canonical
from tasksync.core.task import Place, Problem
from tasksync.errors import ManifestInvalid
from tasksync.manifests import files, header, schema
from tasksync.manifests.accepting.asked_tasks import AskedTasks, means, read_tasks
from tasksync.manifests.accepting.changed_files import ChangedFiles, places_of
from tasksync.manifests.accepting.proposals import (
    CannotWrite,
    PortalValue,
    Proposal,
    Proposals,
)
from tasksync.manifests.accepting.value_sources import InCell, ValueSource, ValueSources
from tasksync.manifests.accepting.written_forms import FormsOfValues, NumberNames
from tasksync.manifests.editing.edited_files import FileEdit
from tasksync.manifests.unplaced import BadValue
from tasksync.value_classes import dataclass

_BY_HAND: Final = "change it by hand"
_AGAIN: Final = "Run it again."


@dataclass(frozen=True, slots=True)
class PortalFacts:
    """What a manifest cannot know: who has which number, and which task is whose.

    `addresses` gives those that lead to one active person each, `groups` every workgroup; both are
    called only where the manifest writes such words. `ids` are the ids of the project's keys.
    """

    directory: Directory
    addresses: Callable[[], Mapping[int, str]]
    groups: Callable[[], Sequence[ListedGroup]]
    ids: Mapping[TaskKey, RemoteId]


@dataclass(frozen=True, slots=True)
class AcceptedValues:
    """The files as they are to be; what was taken over, and what cannot be, each with why.

    `already` is what the manifest asks for without an edit.
    """

    files: tuple[FileEdit, ...]
    taken: tuple[PortalValue, ...]
    refused: tuple[tuple[PortalValue, Problem], ...]
    already: tuple[PortalValue, ...] = ()


def accepted(
    paths: Sequence[str], values: Sequence[PortalValue], facts: PortalFacts
) -> AcceptedValues:
    """Return the manifest under these paths with values of the portal; nothing is written.

    Raises ManifestInvalid where it cannot be read, SettingsError where a file is gone. A value
    whose key or field the manifest does not have is refused.
    """
    before = read_tasks(paths, {}, facts.directory)
    already = tuple(value for value in values if before.says(value, facts.ids))
    said = set(already)
    values = [value for value in values if value not in said]
    choices, refused = _choices(paths, values, before, facts)
    search = _Settling(paths, facts, before, values)
    apart = _at_odds(choices)
    search.settle([one for one in choices if one not in apart])
    refused += [(one.value, one.why) for one in apart if one.why is not None]
    refused = [(one, why) for one, why in (*refused, *search.refused) if not search.says(one)]
    left = {id(value) for value, _why in refused}
    return AcceptedValues(
        search.files,
        tuple(value for value in values if id(value) not in left),
        tuple(refused),
        already,
    )


@dataclass(slots=True, eq=False)
class _Writing:
    """One value with its proposals; `at` is the one that is tried."""

    value: PortalValue
    source: ValueSource
    proposals: tuple[Proposal, ...]
    at: int = 0
    why: Problem | None = None
    alone: bool = True  # what kept it out was found in it, and is not only what it did to others

    @property
    def changes(self) -> Proposal:
        return self.proposals[self.at]

    def is_refused(self, problem: Problem | None) -> bool:
        """Tell whether an edit could not be made, and remember why."""
        if problem is not None:
            place = problem.place if problem.place.line else self.source.place
            told = f"{self.value} cannot be accepted: {problem.what}"
            self.why = self.why or Problem(place, told, problem.mend)
        return problem is not None

    def says(self, what: str, mend: str = _BY_HAND) -> None:
        """Remember why the proposal that is tried cannot be; the first that was said counts."""
        told = f"{self.value} cannot be accepted: {what}"
        self.why = self.why or Problem(self.source.place, told, mend)

    def says_spoils(self, key: TaskKey) -> None:
        """Remember that another task would ask for something else too."""
        what = key if key != self.value.key else "another field of the task"
        self.says(f"it would change {what} too", "change the template, or the row, by hand")


def _choices(
    paths: Sequence[str], values: Sequence[PortalValue], before: AskedTasks, facts: PortalFacts
) -> tuple[list[_Writing], list[tuple[PortalValue, Problem]]]:
    """Return the values that may be written, with how, and those that cannot be."""
    known: dict[TaskKey, str] = {}
    refused: list[tuple[PortalValue, Problem]] = []
    for value in values:
        file = before.files.get(value.key)
        if file is None or value.name not in before.tasks[value.key]().fields:
            what = f"{value} cannot be accepted: the manifest does not ask for it"
            refused.append((value, Problem(Place(file or str(value.key)), what)))
        else:
            known[value.key] = file
    found, problems = files.find(paths)
    read = header.read(found)
    header.look_up(read, facts.directory)
    if problems:
        raise ManifestInvalid(tuple(problems))
    sources, proposals = ValueSources(read, known), _proposals(read, facts)
    choices: list[_Writing] = []
    names = {id(value) for value, _problem in refused}
    for value in values:
        if id(value) in names:
            continue
        source = sources.of(value.key, value.name)
        try:
            choices.append(_Writing(value, source, proposals.of(value, source)))
        except CannotWrite as cannot:
            refused.append((value, cannot.problem))
    return choices, refused


def _unread(choice: _Writing) -> str:
    """Return why what was proposed last is not read as the value."""
    value = choice.value
    if isinstance(choice.source.at, InCell) and value.found in {None, "", ()}:
        return "an empty cell gives nothing, and no cell says that a field is empty"
    return "what would be written there is not read as the portal's value"


def _at_odds(choices: Iterable[_Writing]) -> list[_Writing]:
    """Return the values of one field that one place would have to hold, and that are not the same.

    Whichever was written there would be read for all. It shows without a reading, of which each
    takes as long as the manifest is: people move the dates of a whole template's tasks.
    """
    by_place: dict[object, list[_Writing]] = defaultdict(list)
    for one in choices:
        if one.source.shared is not None:
            by_place[places_of(one.changes), one.value.name].append(one)
    apart: list[_Writing] = []
    for some in by_place.values():
        if len({repr(canonical(one.value.name, one.value.found)) for one in some}) == 1:
            continue
        first, second = sorted(one.value.key for one in some)[:2]
        for one in some:
            one.says_spoils(second if one.value.key == first else first)
        apart += some
    return apart


def _proposals(read: header.Header, facts: PortalFacts) -> Proposals:
    def number_of(written: int | str) -> int | None:
        try:
            number = read.names.persons[written][0]
        except BadValue:
            return None
        return number if isinstance(number, int) else None

    names = NumberNames(read.names.named, facts.addresses, facts.groups)
    zone = None if read.timezone is None else ZoneInfo(read.timezone)
    keys = {remote: key for key, remote in facts.ids.items()}
    is_valid = schema.checker(schema.WHOLE_TASK)
    return Proposals(FormsOfValues(names, zone, number_of), keys, is_valid)


class _Settling:
    """Finds proposals that can be made together; `settled` are those, `refused` the values left.

    Where it does not show which of some spoils a reading, they are tried in halves.
    """

    def __init__(
        self,
        paths: Sequence[str],
        facts: PortalFacts,
        before: AskedTasks,
        values: Iterable[PortalValue],
    ) -> None:
        self._paths = paths
        self._facts = facts
        self._before = self._after = before
        self._named: dict[TaskKey, dict[str, Value]] = defaultdict(dict)
        for one in values:
            self._named[one.key][one.name] = one.found
        self._contents: dict[str, bytes] = {}
        self._made: Mapping[str, bytes] = {}
        self.settled: list[_Writing] = []
        self._left: list[_Writing] = []

    @property
    def refused(self) -> list[tuple[PortalValue, Problem]]:
        """What cannot be taken over, each with why."""
        return [(one.value, one.why) for one in self._left if one.why is not None]

    def says(self, value: PortalValue) -> bool:
        """Tell whether the manifest, with what is settled, asks for a value."""
        return self._after.says(value, self._facts.ids)

    def settle(self, choices: list[_Writing]) -> None:
        """Settle what can be; what only the rest made impossible is tried once more at the end."""
        self._settle(choices)
        again = [one for one in self._left if not one.alone]
        if again and self.settled:
            self._left = [one for one in self._left if one.alone]
            for one in again:
                one.at = 0
            self._settle(again)

    def _settle(self, choices: list[_Writing]) -> None:
        while choices:
            wrong = self._wrong(choices)
            if wrong is None and len(choices) > 1:
                for half in _halves(choices):
                    self._settle(half)
                return
            if wrong is None:
                choices[0].alone = False
                wrong = choices
            if not wrong:
                self.settled += choices
                return
            choices = [one for one in choices if one not in wrong or self._next(one)]

    def _next(self, choice: _Writing) -> bool:
        """Take the next proposal of a choice, or leave its value out."""
        if choice.at + 1 < len(choice.proposals):
            choice.at += 1
            return True
        choice.says(_unread(choice))
        self._left.append(choice)
        return False

    def _wrong(self, choices: list[_Writing]) -> list[_Writing] | None:
        """Return which choices do not do what they should; None where that cannot be told."""
        edits = ChangedFiles(self._contents, [one.changes for one in (*self.settled, *choices)])
        if edits.clash:
            if len(choices) == 1:
                choices[0].says("another value that is taken over is written in the same place")
            return None
        wrong = [one for one in choices if one.is_refused(edits.refusal(one.changes))]
        if wrong:
            return wrong
        try:
            after = read_tasks(self._paths, edits.after, self._facts.directory)
        except ManifestInvalid as invalid:
            if len(choices) == 1:
                choices[0].says(f"the manifest would be wrong ({invalid.problems[0]})")
            return None
        misread = self._misread(choices, after)
        if misread == []:
            self._after, self._made = after, edits.after
        return misread

    def _misread(self, choices: list[_Writing], after: AskedTasks) -> list[_Writing] | None:
        expected: dict[TaskKey, dict[str, Value]] = defaultdict(dict)
        for one in (*self.settled, *choices):
            expected[one.value.key][one.value.name] = one.value.found
        wrong = [one for one in choices if not after.says(one.value, self._facts.ids)]
        for one in wrong:
            if one.value.key not in after.tasks:
                one.says("the task would be left out: its `when` hangs on it too")
        if wrong:
            return wrong
        spoilt = self._spoilt(expected, after)
        if not spoilt:
            return []
        guilty = list(_guilty(choices, spoilt)) or (choices if len(choices) == 1 else [])
        for one in guilty:
            one.says_spoils(spoilt[0])
            one.alone = False
        return guilty or None

    def _spoilt(
        self, expected: dict[TaskKey, dict[str, Value]], after: AskedTasks
    ) -> list[TaskKey]:
        """Return the tasks that would ask for something that nobody wants taken over."""
        was, now = self._before.digests, after.digests
        return sorted(
            key
            for key in was.keys() | now.keys()
            if was.get(key) != now.get(key) or key in expected
            if key not in was
            or key not in now
            or self._is_spoilt(key, expected.get(key, {}), after)
        )

    def _is_spoilt(self, key: TaskKey, values: Mapping[str, Value], after: AskedTasks) -> bool:
        """Tell whether a task asks for neither what it did, nor for what was named of it."""
        was, now = self._before.tasks[key](), after.tasks[key]()
        named, ids = self._named.get(key, {}), self._facts.ids
        if was.options != now.options or was.fields.keys() != now.fields.keys():
            return True
        return not all(
            means(name, read, values.get(name, was.fields[name]), ids)
            or (name in named and name not in values and means(name, read, named[name], ids))
            for name, read in now.fields.items()
        )

    @property
    def files(self) -> tuple[FileEdit, ...]:
        """The files with all that is settled."""
        made = self._made.items()
        return tuple(FileEdit(name, self._contents[name], content) for name, content in made)


def _guilty(choices: Iterable[_Writing], spoilt: Iterable[TaskKey]) -> Iterator[_Writing]:
    """Yield those that alone can have spoilt tasks: of a row, or a use, no other edit is made."""
    by_rows: dict[str, list[_Writing]] = defaultdict(list)
    for one in choices:
        if one.source.shared is not None:
            by_rows[one.source.shared].append(one)
    for shared, some in by_rows.items():
        edits = {repr(one.changes) for one in some}  # what is to be written may be a list
        if len(edits) == 1 and any(key.startswith(shared) for key in spoilt):
            yield from some


def _halves(choices: list[_Writing]) -> Iterable[list[_Writing]]:
    """Return two halves; the fields of one task stay together as long as there are others."""
    tasks = [list(some) for _key, some in groupby(choices, lambda one: one.value.key)]
    if len(tasks) == 1:
        tasks = [[one] for one in choices]
    half = len(tasks) // 2
    for some in (tasks[:half], tasks[half:]):
        yield [one for task in some for one in task]
