"""The tasks of all uses of templates: as a stream after the written ones, known again by row.

A fault is told at the template's line and names the instance with its row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from hashlib import blake2b
from typing import Final

from tasksync.core.fields import TaskKey
from tasksync.core.manifest import Wanted
from tasksync.core.state import EntryIndex, source_fingerprint
from tasksync.core.task import Place, Problem, Task
from tasksync.manifests import schema, worded
from tasksync.manifests.header import Header
from tasksync.manifests.instance_faults import InstanceFaults
from tasksync.manifests.instance_rows import InstanceRow, InstanceRows
from tasksync.manifests.key_index import FILE_SHIFT, KeyIndex
from tasksync.manifests.language.expansion import Instance, InstanceFault, InstanceTask
from tasksync.manifests.language.project_templates import ProjectTemplates
from tasksync.manifests.language.substitution import Compiler, Values
from tasksync.manifests.unplaced import (
    AlreadyTold,
    BadValue,
    UnplacedProblem,
    located,
)
from tasksync.manifests.values import Normal, Normaliser, check_key
from tasksync.value_classes import replace

#: a manifest of a million tasks is the largest that is planned
MOST_TASKS: Final = 1_000_000

Noted = Callable[[str, Normal], Normal]


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
        self._faults = InstanceFaults()
        self._rows = InstanceRows(templates)
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
        for one in self._rows.all(problems):
            self._count += max(1, one.template.size)  # a row of no tasks is read all the same
            if self._count > MOST_TASKS:
                what = f"templates make more than {MOST_TASKS} tasks: {self._count} with this row"
                problems.append(Problem(one.row.place, what, "split the project"))
                break
            yield from self._instance(one, blake2b(one.text, digest_size=16, key=key).digest())
        # rows that are at fault make no tasks: that others name them as parents is no fault
        self.failed = self.failed or self._rows.failed or len(problems) > before

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
            by_instance = _by_instance(beside)
            for one in self._rows.all([]):
                faults = by_instance.get(one.row.key)
                if faults:
                    self._explain_beside(one, faults)
        return self._faults.told()

    def _instance(self, one: InstanceRow, digest: bytes) -> Iterator[Wanted]:
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

    def _recall(self, one: InstanceRow, digest: bytes, index: EntryIndex) -> list[Wanted] | None:
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

    def _body(self, one: InstanceRow, key: str) -> Task:
        """Return a task of a recalled instance."""
        values = self._values(one)
        instance = Instance(one.template, one.row.key, values or {}, self._templates.settings)
        member = instance.members[key]
        normaliser = self._normaliser(member)
        normal = normaliser(normaliser.with_defaults(instance.block(member)))
        return _task(key, one.row.place, normal)

    def _expand(self, one: InstanceRow, digest: bytes) -> Iterator[Wanted]:
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

    def _normal(self, one: InstanceRow, instance: Instance, member: InstanceTask) -> Normal | None:
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

    def _take(self, key: str, parent: str | None, one: InstanceRow) -> None:
        place = one.row.place
        self._keys.keys[key] = self._keys.number_of(place.file) << FILE_SHIFT | place.line
        if parent is not None:
            self._keys.parents[key] = parent

    def _values(self, one: InstanceRow, *, said: bool = False) -> Values | None:
        """Return the values of an instance's parameters; None where they are at fault."""
        found, faults = one.values(self._templates.settings.dates)
        if not faults and len(found) < len(one.template.parameters):
            raise AlreadyTold
        if said:
            for fault in faults:
                if fault.what:
                    self._faults.of_row(one.problem(fault))
        return None if faults else found

    def _normaliser(self, member: InstanceTask) -> Normaliser:
        origin = member.template.origin
        return self._header.normalisers[origin.number][origin.document]

    def _explain(self, one: InstanceRow, instance: Instance, member: InstanceTask) -> None:
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

    def _explain_beside(
        self, one: InstanceRow, beside: Mapping[str, Iterable[UnplacedProblem]]
    ) -> None:
        values = self._values(one)
        if values is None:
            return
        try:
            instance = Instance(one.template, one.row.key, values, self._templates.settings)
        except (InstanceFault, AlreadyTold):
            return
        for key, told in beside.items():
            member = instance.members.get(key)
            if member is not None:
                file, task = member.template.origin.file, member.task
                for problem in located(file, task.node, iter(told), task.position):
                    self._faults.say(problem.place, problem.what, problem.mend, one)


def _by_instance(
    beside: Mapping[str, Iterable[UnplacedProblem]],
) -> dict[str, dict[str, Iterable[UnplacedProblem]]]:
    """Return faults by every instance that their task may be of, which may hold others."""
    found: dict[str, dict[str, Iterable[UnplacedProblem]]] = {}
    for key, faults in beside.items():
        for part in re.finditer("/", key):
            found.setdefault(key[: part.start()], {})[key] = faults
    return found


def _task(key: str, place: Place, normal: Normal) -> Task:
    return Task(TaskKey(key), normal.fields, place, normal.options, normal.written)
