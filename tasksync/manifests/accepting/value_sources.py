"""Where the value of a task's field is written: in the task, in `defaults`, a template, a row."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from tasksync.core.fields import FIELDS, TaskKey
from tasksync.core.task import Place
from tasksync.late_patterns import pattern_of
from tasksync.manifests import extra_values, parse_located
from tasksync.manifests.header import FileHeader, Header
from tasksync.manifests.instance_rows import InstanceRow, InstanceRows
from tasksync.manifests.language.expansion import Instance, InstanceFault, InstanceTask
from tasksync.manifests.language.project_templates import Use
from tasksync.manifests.node import Node, Step
from tasksync.manifests.parse_located import NodeTask
from tasksync.manifests.unplaced import AlreadyTold
from tasksync.manifests.values import Normaliser
from tasksync.value_classes import dataclass

_ALONE: Final = pattern_of(r"\$\{\s*([^{}:]+?)\s*\}")
_SHOWN: Final = 60
_PARENT: Final = ("parent", "parentId")


@dataclass(frozen=True, slots=True)
class InYaml:
    """A value of a YAML file, there or to be added."""

    file: str
    path: tuple[Step, ...]
    document: int


@dataclass(frozen=True, slots=True)
class InCell:
    """A cell of a CSV file: the line in which its row begins, and the name of its column."""

    file: str
    line: int
    column: str


@dataclass(frozen=True, slots=True)
class Fixed:
    """That a value cannot be another for this task alone: why, and what to do."""

    what: str
    mend: str


WrittenAt: TypeAlias = InYaml | InCell | Fixed


@dataclass(frozen=True, slots=True)
class ValueSource:
    """Where a field's value comes from (`place`), what is written there, and where to write.

    `name` is the one that the field has there: `parent` or `parentId`. `normaliser` reads what is
    written for a task's own field, None where a parameter carries the value. `shared` begins the
    keys of all the tasks that may hang on it. `usual` is how the responsible is written; `own`
    says that the value stands in the task's own block.
    """

    place: Place
    like: object
    at: WrittenAt
    name: str
    normaliser: Normaliser | None = None
    shared: str | None = None
    usual: object = None
    own: bool = False


class ValueSources:
    """Finds sources in a manifest that is good; `keys` are the tasks, each with its file."""

    def __init__(self, header: Header, keys: Mapping[TaskKey, str]) -> None:
        self._header = header
        self._written: dict[str, tuple[int, NodeTask]] = {}
        self._expanded: dict[str, tuple[InstanceRow, InstanceTask]] = {}
        self._read_written(keys)
        self._read_expanded({key for key in keys if key not in self._written})

    def of(self, key: TaskKey, name: str) -> ValueSource:
        """Return where a field of a task comes from; the task has it."""
        if key in self._written:
            return self._of_written(key, name)
        return self._of_expanded(key, name)

    def _read_written(self, keys: Mapping[TaskKey, str]) -> None:
        names = set(keys.values())
        for number, file in enumerate(self._header.files):
            if file.name not in names:
                continue
            with file.source.open() as stream:
                for task in parse_located.tasks(stream, file.name, []):
                    if task.key in keys:
                        self._written[str(task.key)] = number, task

    def _read_expanded(self, keys: set[TaskKey]) -> None:
        templates = self._header.templates
        if not keys or templates is None:
            return
        rows = {key[: found.start()] for key in keys for found in re.finditer("/", key)}
        for one in InstanceRows(templates).all([]):
            if one.row.key not in rows:
                continue
            values, _faults = one.values(templates.settings.dates)
            try:
                instance = Instance(one.template, one.row.key, values, templates.settings)
            except (InstanceFault, AlreadyTold):
                continue
            self._expanded |= {key: (one, instance.members[key]) for key in _of(instance, keys)}

    def _of_written(self, key: TaskKey, name: str) -> ValueSource:
        number, task = self._written[key]
        file = self._header.files[number]
        normaliser = self._header.normalisers[number][task.document]
        own, part = _part_of(task.body, name)
        path = ("tasks", key, extra_values.NAME, name) if _is_extra(name) else ("tasks", key, own)
        usual = task.body.parts.get("responsibleId")
        defaults = normaliser.with_defaults({})
        style = defaults.get("responsibleId") if usual is None else usual.value
        at = InYaml(file.name, path, task.document)
        if part is not None:
            place = Place(file.name, *part.position)
            return ValueSource(place, part.value, at, own, normaliser, usual=style, own=True)
        place = self._default_place(file, task.document, name) or Place(file.name, *task.position)
        like = _in(defaults, name)
        return ValueSource(place, like, at, own, normaliser, usual=style)

    def _default_place(self, file: FileHeader, document: int, name: str) -> Place | None:
        """Return where the defaults of a document, or else of the project, give a field."""
        project = [
            (head, node)
            for head in self._header.files
            for node in head.documents
            if "project" in node.names
        ]
        for head, node in [(file, file.documents[document]), *project]:
            defaults = node.parts.get("defaults")
            part = None if defaults is None else _part_of(defaults, name)[1]
            if part is not None:
                return Place(head.name, *part.position)
        return None

    def _of_expanded(self, key: TaskKey, name: str) -> ValueSource:
        one, member = self._expanded[key]
        origin, node = member.template.origin, member.task.node
        own, part = _part_of(node, name)
        template = f"the template {member.template.name}"
        if part is None:
            place = self._default_place(
                self._header.files[origin.number], origin.document, name
            ) or origin.place(member.task.position)
            fixed = Fixed(
                f"it comes of defaults, for all tasks of {template}",
                "change it there, or give the template a parameter for it",
            )
            return ValueSource(place, None, fixed, own)
        place = origin.place(part.position)
        alone = _ALONE.fullmatch(part.value) if isinstance(part.value, str) else None
        if alone is None or alone[1] not in member.template.parameters:
            return ValueSource(place, part.value, _fixed(template, part.value), own)
        return self._of_parameter(one, member, alone[1], own)

    def _of_parameter(
        self, one: InstanceRow, member: InstanceTask, parameter: str, own: str
    ) -> ValueSource:
        if member.use is None:
            return self._of_row(one, parameter, own)
        outer, use = member.use
        key = member.around[0].rpartition("/")[2]
        rows = [row for row in use.rows or () if row.key == key or key.endswith(f"/{row.key}")]
        if rows and parameter in rows[0].values:
            told = rows[0].values[parameter]
            fixed = _fixed(f"a row of the template {outer.name}", told)
            return ValueSource(rows[0].place, told, fixed, own)
        given = use.node.parts.get("with")
        part = None if given is None else given.parts.get(parameter)
        place = outer.origin.place((part or use.node).position)
        alone = _ALONE.fullmatch(part.value) if part and isinstance(part.value, str) else None
        if use.rows is None and alone and outer is one.template and alone[1] in outer.parameters:
            return self._of_row(one, alone[1], own)
        value = part.value if part else parameter
        return ValueSource(place, value, _fixed(f"the template {outer.name}", value), own)

    def _of_row(self, one: InstanceRow, parameter: str, own: str) -> ValueSource:
        """Return where a parameter of an instance is written: its row, or the use's `with`."""
        row, shared = one.row, f"{one.row.key}/"
        like = row.values.get(parameter, one.use.given.get(parameter))
        if like is None:
            like = one.template.parameters[parameter].default
        if parameter not in one.use.given and row.cells:
            cell = InCell(row.place.file, row.place.line, parameter)
            return ValueSource(row.place, like, cell, own, shared=shared)
        if parameter not in one.use.given and row.node is not None:
            part = row.node.parts.get(parameter) or row.node
            place = Place(row.place.file, *part.position)
            at = self._in_row(one, parameter)
            return ValueSource(place, like, at, own, shared=shared)
        if parameter in row.values:
            fixed = Fixed("it comes of the period of the row", "change the template, or the range")
            return ValueSource(row.place, like, fixed, own)
        given = one.use.node.parts.get("with")
        part = (given and given.parts.get(parameter)) or given or one.use.node
        place = Place(one.use.file, *part.position)
        at = self._in_use(one.use, "with", parameter)
        whole = shared if "key" in one.use.node.parts else ""
        return ValueSource(place, like, at, own, shared=whole)

    def _in_row(self, one: InstanceRow, parameter: str) -> InYaml:
        each = one.use.node.parts["forEach"]
        for step, part in each.parts.items() if isinstance(each.value, list) else ():
            if part is one.row.node:
                return self._in_use(one.use, "forEach", step, parameter)
        return InYaml(one.row.place.file, (self._number_in(one), parameter), 0)

    def _number_in(self, one: InstanceRow) -> int:
        """Return which item of a file of rows a row is."""
        templates = self._header.templates
        source = None if templates is None else templates.sources.get(one.row.place.file)
        if source is not None:
            with source.open() as stream:
                for number, node in enumerate(parse_located.items(stream, source.name, [])):
                    if node.position == (one.row.place.line, one.row.place.column):
                        return number
        return -1

    def _in_use(self, use: Use, *steps: Step) -> InYaml:
        for file in self._header.files:
            for number, node in enumerate(file.documents):
                part = node.parts.get("use")
                for step, item in part.parts.items() if part is not None else ():
                    if item is use.node:
                        return InYaml(file.name, ("use", step, *steps), number)
        return InYaml(use.file, ("use", -1, *steps), 0)


def _of(instance: Instance, keys: set[TaskKey]) -> Iterator[str]:
    return (key for key in instance.members if key in keys)


def _is_extra(name: str) -> bool:
    return name not in FIELDS


def _part_of(node: Node, name: str) -> tuple[str, Node | None]:
    """Return the name that a field has in a block, and its value there."""
    if _is_extra(name):
        extras = node.parts.get(extra_values.NAME)
        return name, None if extras is None else extras.parts.get(name)
    names = _PARENT if name == "parentId" else (name,)
    found = next((one for one in names if one in node.parts), names[-1])
    return found, node.parts.get(found)


def _in(block: Mapping[str, Any], name: str) -> object:
    return (block.get(extra_values.NAME) or {}).get(name) if _is_extra(name) else block.get(name)


def _fixed(where: str, value: object) -> Fixed:
    told = " ".join(str(value).split())
    told = told if len(told) <= _SHOWN else f"{told[: _SHOWN - 3]}..."
    return Fixed(
        f"it comes of {where}, which says {told} for all that use it",
        "change it there, or give the template a parameter for it",
    )
