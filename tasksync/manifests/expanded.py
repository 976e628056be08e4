"""The tasks of all uses of templates: as a stream after the written ones, known again by row.

A fault is told at the template's line and names the instance with its row.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from typing import Final, NamedTuple

from tasksync.core.fields import TaskKey
from tasksync.core.keys import normal_key
from tasksync.core.manifest import Wanted
from tasksync.core.state import EntryIndex, source_fingerprint
from tasksync.core.task import Place, Problem, Task
from tasksync.manifests import schema, worded
from tasksync.manifests.header import Header
from tasksync.manifests.key_index import FILE_SHIFT, KeyIndex
from tasksync.manifests.language import digests
from tasksync.manifests.language.data_rows import Row, Wants
from tasksync.manifests.language.expansion import Instance, InstanceFault, InstanceTask
from tasksync.manifests.language.for_each import ForEach
from tasksync.manifests.language.given_values import values_of
from tasksync.manifests.language.project_templates import ProjectTemplates, Use
from tasksync.manifests.language.substitution import Compiler, Values
from tasksync.manifests.language.templates import Template
from tasksync.manifests.unplaced import (
    MOST_PROBLEMS,
    AlreadyTold,
    BadValue,
    UnplacedProblem,
    located,
)
from tasksync.manifests.values import Normal, Normaliser, check_key

#: a manifest of a million tasks is the largest that is planned
MOST_TASKS: Final = 1_000_000
_LATELY: Final = 20

Noted = Callable[[str, Normal], Normal]


class _Row(NamedTuple):
    """An instance that is to be: its template, and the row that names it and gives its values."""

    use: Use
    template: Template
    row: Row


class ExpandedTasks:
    """Expands all uses once; `noted` keeps what was written for values of a task."""

    def __init__(
        self, header: Header, templates: ProjectTemplates, keys: KeyIndex, noted: Noted
    ) -> None:
        self._header = header
        self._templates = templates
        self._keys = keys
        self._noted = noted
        self._is_valid = schema.checker(schema.WHOLE_TASK)
        self._faults = _InstanceFaults()
        self._count = 0
        self._index: EntryIndex | None = None
        self._fresh: dict[str, bytes] = {}  # source fingerprints of what was expanded
        self.recalled = False
        self.failed = False

    def rows(self, index: EntryIndex | None, context: str) -> Iterator[Wanted]:
        """Yield the good tasks of all instances; `context` is what they hang on beside."""
        self._index = index
        key = blake2b(context.encode() + b"\0" + self._templates.context, digest_size=16).digest()
        problems = self._templates.settings.problems
        before = len(problems)
        for one in self._rows(problems):
            self._count += max(1, one.template.size)  # a row of no tasks is read all the same
            if self._count > MOST_TASKS:
                what = f"templates make more than {MOST_TASKS} tasks: {self._count} with this row"
                problems.append(Problem(one.row.place, what, "split the project"))
                break
            yield from self._instance(one, blake2b(_text(one), digest_size=16, key=key).digest())
        # rows that are at fault make no tasks: that others name them as parents is no fault
        self.failed = self.failed or len(problems) > before

    def fingerprints(self, keys: Collection[TaskKey]) -> dict[TaskKey, bytes]:
        """Return the source fingerprints of what was expanded, and of these keys."""
        found = {TaskKey(key): digest for key, digest in self._fresh.items()}
        index = self._index
        if index is not None and self.recalled:
            for key in keys:
                row = index.rows.get(key)
                if row is not None and self._keys.is_expanded(key) and key not in found:
                    found[key] = index.source(row)
        return found

    def problems(self, beside: Mapping[str, Iterable[UnplacedProblem]]) -> list[Problem]:
        """Return what is wrong in instances; `beside` is wrong only beside other tasks, by key."""
        if beside:
            for one in self._rows([]):
                self._explain_beside(one, beside)
        return self._faults.told()

    def _rows(self, problems: list[Problem]) -> Iterator[_Row]:
        """Yield all rows of all uses whose template is good."""
        for use in self._templates.uses:
            part = use.node.parts["template"]
            place = Place(use.file, *part.position)
            template = self._templates.declarations.named(use.template, place)
            if template is None or template.broken:
                self.failed = True
                continue
            for row in self._rows_of(use, template, problems):
                yield _Row(use, template, row)

    def _rows_of(self, use: Use, template: Template, problems: list[Problem]) -> Iterator[Row]:
        each, key = use.node.parts.get("forEach"), use.node.parts.get("key")
        if each is not None:
            empty = use.node.parts.get("allowEmpty")
            allow_empty = empty is not None and empty.value is True
            wants = Wants(template.parameters, tuple(use.given), allow_empty)
            root = self._templates.settings.root
            yield from ForEach(use.file, each, root, wants, problems).rows()
        elif key is not None:
            place, word = Place(use.file, *use.node.position), normal_key(str(key.value))
            try:
                check_key(word)
            except BadValue as bad:
                problems.append(Problem(Place(use.file, *key.position), bad.what, bad.mend))
            else:
                yield Row(word, {}, place)

    def _instance(self, one: _Row, digest: bytes) -> Iterator[Wanted]:
        try:
            if self._index and one.template.fixed_parents:
                known = self._recall(one, digest, self._index)
                if known is not None:
                    self.recalled = True
                    yield from known
                    return
            yield from self._expand(one, digest)
        except AlreadyTold:
            self.failed = True
        except InstanceFault as fault:
            self.failed = True
            self._faults.say(fault.place, fault.what, fault.mend, one)

    def _recall(self, one: _Row, digest: bytes, index: EntryIndex) -> list[Wanted] | None:
        """Return the tasks of an instance, all of which the state knows as they stand."""
        values = {} if one.template.steady else self._values(one)
        if values is None:
            return None
        instance = Instance(one.template, one.row.key, values, self._templates.settings)
        found: list[Wanted] = []
        for key, member in instance.members.items():
            row = index.rows.get(TaskKey(key))
            if row is None or key in self._keys.keys:
                return None
            asked = index.asked(row)
            if source_fingerprint(digest, asked) != index.source(row):
                return None
            try:
                parent = instance.fixed_parent(member)
            except BadValue:
                return None
            above = None if parent is None else TaskKey(parent)
            place, body = one.row.place, partial(self._body, one, key)
            found.append(Wanted(TaskKey(key), asked, above, place.file, place.line, body))
        for wanted in found:
            self._take(wanted.key, wanted.parent, one)
        return found

    def _body(self, one: _Row, key: str) -> Task:
        """Return a task of a recalled instance."""
        values = self._values(one)
        instance = Instance(one.template, one.row.key, values or {}, self._templates.settings)
        member = instance.members[key]
        normaliser = self._normaliser(member)
        normal = normaliser(normaliser.with_defaults(instance.block(member)))
        return _task(key, one.row.place, normal)

    def _expand(self, one: _Row, digest: bytes) -> Iterator[Wanted]:
        values = self._values(one, said=True)
        if values is None:
            self.failed = True
            return
        instance = Instance(one.template, one.row.key, values, self._templates.settings)
        place = one.row.place
        for key, member in instance.members.items():
            normal = self._normal(one, instance, member)
            if normal is None:
                continue
            self._take(key, normal.parent, one)
            adopt = normal.options.adopt
            if adopt is not None:
                self._keys.adopts.setdefault(adopt, []).append(key)
            elif one.template.fixed_parents:
                self._fresh[key] = source_fingerprint(digest, normal.digest)
            body = partial(_task, key, place, normal)
            yield Wanted(TaskKey(key), normal.digest, normal.parent, place.file, place.line, body)

    def _normal(self, one: _Row, instance: Instance, member: InstanceTask) -> Normal | None:
        """Return a task in normal form; None with a problem said."""
        if member.key in self._keys.keys:
            self.failed = True
            self._faults.repeat(self._keys.repeated(member.key, one.row.place), one)
            return None
        try:
            block = instance.block(member)
            check_key(member.key)
            normaliser = self._normaliser(member)
            whole = normaliser.with_defaults(block)
            if self._is_valid(worded.bare(whole)):
                return self._noted(member.key, normaliser(whole))
        except ValueError:
            pass  # it is explained below
        self.failed = True
        if not self._faults.full:
            self._explain(one, instance, member)
        return None

    def _take(self, key: str, parent: str | None, one: _Row) -> None:
        place = one.row.place
        self._keys.keys[key] = self._keys.number_of(place.file) << FILE_SHIFT | place.line
        if parent is not None:
            self._keys.parents[key] = parent

    def _values(self, one: _Row, *, said: bool = False) -> Values | None:
        """Return the values of an instance's parameters; None where they are at fault."""
        written = {**one.use.given, **one.row.values}
        found, faults = values_of(
            one.template.parameters,
            written,
            self._templates.settings.dates,
            cells=one.row.values.keys() if one.row.cells else (),
        )
        if not faults and len(found) < len(one.template.parameters):
            raise AlreadyTold
        if said:
            for fault in faults:
                if fault.what:
                    self._faults.of_row(self._problem_of(one, fault))
        return None if faults else found

    @staticmethod
    def _problem_of(one: _Row, fault: UnplacedProblem) -> Problem:
        """Return a fault of values where they stand: in the row, or in `with`."""
        name = fault.path[0] if fault.path else fault.name
        node = one.use.node.parts.get("with")
        if name not in one.use.given and "forEach" in one.use.node.parts:
            return one.row.problem(fault)
        part = (node and node.at(fault.path)) or node or one.use.node
        position = part.names.get(str(name), part.position) if fault.name else part.position
        return Problem(Place(one.use.file, *position), fault.what, fault.mend)

    def _normaliser(self, member: InstanceTask) -> Normaliser:
        origin = member.template.origin
        return self._header.normalisers[origin.number][origin.document]

    def _explain(self, one: _Row, instance: Instance, member: InstanceTask) -> None:
        """Say what is wrong with a task that was given up."""
        for problem in self._problems_of(instance, member):
            self._faults.say(problem.place, problem.what, problem.mend, one)

    def _problems_of(self, instance: Instance, member: InstanceTask) -> list[Problem]:
        origin, task = member.template.origin, member.task
        try:
            check_key(member.key)
            block = instance.block(member)
        except AlreadyTold:
            return []
        except BadValue as bad:
            fault = iter([UnplacedProblem(bad.path, bad.what, bad.mend)])
            return list(located(origin.file, task.node, fault, task.position))
        normaliser = self._normaliser(member)
        whole = normaliser.with_defaults(block)
        faults = list(schema.faults(schema.WHOLE_TASK, worded.bare(whole)))
        said = {fault.path[0] for fault in faults if fault.path}
        good = {name: value for name, value in whole.items() if name not in said}
        faults += normaliser.faults(good)
        compiler = Compiler(member.template.parameters)
        placed = (
            replace(one, path=compiler.place_of(one.path, task.node.value, member.values))
            for one in faults
        )
        found = list(located(origin.file, task.node, placed, task.position))
        return [one for one in found if one.what]

    def _explain_beside(self, one: _Row, beside: Mapping[str, Iterable[UnplacedProblem]]) -> None:
        prefix = f"{one.row.key}/"
        keys = [key for key in beside if key.startswith(prefix)]
        values = self._values(one) if keys else None
        if values is None:
            return
        try:
            instance = Instance(one.template, one.row.key, values, self._templates.settings)
        except (InstanceFault, AlreadyTold):
            return
        for key in keys:
            member = instance.members.get(key)
            if member is not None:
                file, task = member.template.origin.file, member.task
                for problem in located(file, task.node, iter(beside[key]), task.position):
                    self._faults.say(problem.place, problem.what, problem.mend, one)


class _InstanceFaults:
    """Faults by the template's place: one that all instances have is told once."""

    def __init__(self) -> None:
        self._found: dict[tuple[Place, str, str], list[_Row]] = {}
        self._counts: dict[tuple[Place, str, str], int] = {}
        self._others: list[Problem] = []
        self._repeated: set[Place] = set()

    @property
    def full(self) -> bool:
        """Tell whether enough was said."""
        return sum(self._counts.values()) > MOST_PROBLEMS

    def say(self, place: Place, what: str, mend: str, one: _Row) -> None:
        """Add a fault of an instance."""
        kind = place, what, mend
        self._found.setdefault(kind, [one])
        self._counts[kind] = self._counts.get(kind, 0) + 1

    def of_row(self, problem: Problem) -> None:
        """Add a fault of what a row or a use says; of a `with` it is told once."""
        if len(self._others) <= MOST_PROBLEMS and problem not in self._others[-_LATELY:]:
            self._others.append(problem)

    def repeat(self, problem: Problem, one: _Row) -> None:
        """Add a task that is there twice, the first of each row."""
        if one.row.place not in self._repeated:
            self._repeated.add(one.row.place)
            self._others.append(problem)

    def told(self) -> list[Problem]:
        """Return all of them."""
        found = list(self._others)
        for (place, what, mend), (one, *_) in self._found.items():
            more = self._counts[place, what, mend] - 1
            others = f" and {more} more" if more else ""
            where = f"in {one.row.key} ({one.row.place}){others}"
            found.append(Problem(place, f"{what}; {where}", mend))
        return found


def _text(one: _Row) -> bytes:
    """Return what an instance hangs on of its template, its use and its row."""
    row = one.row
    said = [one.template.text.hex(), row.key, one.use.given, row.values, row.cells]
    return digests.told(said)


def _task(key: str, place: Place, normal: Normal) -> Task:
    return Task(TaskKey(key), normal.fields, place, normal.options, normal.written)
