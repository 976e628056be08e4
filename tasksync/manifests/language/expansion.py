"""One instance of a template becomes tasks: their keys, their values, and their parents.

Keys are INSTANCE/NAME, of nested uses OUTER/INNER/NAME. A parent is looked for from the inside
out: in the instance, in the one around it, in the project; `/name` is always the project's.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from tasksync.core.keys import normal_key
from tasksync.core.task import Place
from tasksync.manifests.hints import shown
from tasksync.manifests.language.given_values import values_of
from tasksync.manifests.language.parameters import ParameterValue
from tasksync.manifests.language.substitution import Compiler, Values, filled
from tasksync.manifests.language.templates import (
    NestedUse,
    Settings,
    Template,
    TemplateTask,
    holds,
)
from tasksync.manifests.node import Node, Path
from tasksync.manifests.unplaced import AlreadyTold, BadValue
from tasksync.manifests.values import check_key
from tasksync.value_classes import dataclass, field

#: so many characters may be brought into the nested instances of one instance
MOST_BROUGHT: Final = 16_000_000


class InstanceTask(NamedTuple):
    """A task of an instance; `around` are the keys of the instances that it is in, inside out.

    `use` is the nested use that it comes of, with the template that holds that.
    """

    key: str
    task: TemplateTask
    template: Template
    values: Values
    around: tuple[str, ...]
    use: tuple[Template, NestedUse] | None = None

    @property
    def place(self) -> Place:
        """Where the author put it there: at the use, else at the task in the template."""
        if self.use is None:
            return self.template.origin.place(self.task.position)
        outer, use = self.use
        return outer.origin.place(use.node.position)


class InstanceFault(Exception):
    """An instance that cannot be; the place is the template's."""

    def __init__(self, place: Place, what: str, mend: str) -> None:
        super().__init__(what)
        self.place = place
        self.what = what
        self.mend = mend


@dataclass(slots=True)
class Instance:
    """All tasks of one instance. Raises InstanceFault (or AlreadyTold) while it is made."""

    template: Template
    key: str
    values: Values
    settings: Settings
    members: dict[str, InstanceTask] = field(init=False, default_factory=dict)
    _left_out: set[str] = field(init=False, default_factory=set)
    _uses_left_out: set[str] = field(init=False, default_factory=set)
    _brought: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._take(self.template, self.values, (self.key,), None)

    def block(self, member: InstanceTask) -> dict[str, object]:
        """Return the block of a task as one could have written it; raises BadValue."""
        block = member.task.block(member.values)
        if isinstance(block.get("parent"), str):
            block["parent"] = self.parent(member, str(block["parent"]))
        return block

    def parent(self, member: InstanceTask, name: str) -> str:
        """Return the key of the parent that a task names; raises BadValue."""
        name = normal_key(name)
        if name.startswith("/"):
            return name[1:]
        for prefix in member.around:
            key = f"{prefix}/{name}"
            if key in self.members:
                return key
            if key in self._left_out or self._of_use_left_out(key):
                what = f"the parent {name} is left out by its when"
                raise BadValue(what, "give this task the same when", ("parent",))
        return name

    def _of_use_left_out(self, key: str) -> bool:
        return bool(self._uses_left_out) and any(
            key[: found.start()] in self._uses_left_out for found in re.finditer("/", key)
        )

    def fixed_parent(self, member: InstanceTask) -> str | None:
        """Return the parent of a task of a template whose parents hang on no parameter."""
        name = member.task.constants.get("parent")
        return self.parent(member, name) if isinstance(name, str) else None

    def _take(
        self,
        template: Template,
        values: Values,
        around: tuple[str, ...],
        of: tuple[Template, NestedUse] | None,
    ) -> None:
        inside = around[0]
        for task in template.tasks:
            key = f"{inside}/{task.name}"
            if not task.when or holds(task.when, values):
                self._add(InstanceTask(key, task, template, values, around, of))
            else:
                self._left_out.add(key)
        for use in template.uses:
            if not use.when or holds(use.when, values):
                for key, inner in self._nested(template, use, values):
                    around_it = (f"{inside}/{key}", *around)
                    self._take(use.template, inner, around_it, (template, use))
            else:
                keys = self._keys(template, use, values)
                self._uses_left_out.update(f"{inside}/{key}" for key in keys)

    def _add(self, member: InstanceTask) -> None:
        if member.key in self.members:
            first = self.members[member.key]
            what = f"the task {member.key} is there twice; first from {first.place}"
            raise InstanceFault(member.place, what, "give one of them another key")
        self.members[member.key] = member

    def _nested(
        self, template: Template, use: NestedUse, values: Values
    ) -> Iterator[tuple[str, Mapping[str, ParameterValue]]]:
        given: dict[str, object] = {}
        for name, compiled in use.given.items():
            try:
                given[name] = filled(compiled, values)
            except BadValue as bad:
                raise self._fault(template, use, bad, ("with", name)) from bad
            self._bring(given[name], template, use)
        if use.rows is None:
            yield self._key(template, use, values), self._values(template, use, values, given)
            return
        for row in use.rows:
            whole = {**given, **row.values}
            cells = row.values.keys() if row.cells else ()
            yield row.key, self._values(template, use, values, whole, cells)

    def _keys(self, template: Template, use: NestedUse, values: Values) -> Iterable[str]:
        """Return the keys of a use that is left out, whose faults are none of this instance's."""
        if use.rows is not None:
            return [row.key for row in use.rows]
        try:
            return [self._key(template, use, values)]
        except (AlreadyTold, InstanceFault):
            return []

    def _key(self, template: Template, use: NestedUse, values: Values) -> str:
        try:
            key = normal_key(str(filled(use.key, values)))
            check_key(key)
        except BadValue as bad:
            raise self._fault(template, use, bad, ("key",)) from bad
        return key

    def _values(
        self,
        template: Template,
        use: NestedUse,
        around: Values,
        given: Mapping[str, object],
        cells: Collection[str] = (),
    ) -> Mapping[str, ParameterValue]:
        parameters = use.template.parameters
        found, faults = values_of(parameters, given, self.settings.dates, cells=cells)
        for fault in faults:
            written = use.node.value.get("with") if isinstance(use.node.value, dict) else None
            path = Compiler(template.parameters).place_of(fault.path, written, around)
            bad = BadValue(fault.what, fault.mend, path)
            raise self._fault(template, use, bad, ("with",))
        if len(found) < len(parameters):
            raise AlreadyTold
        return found

    def _bring(self, value: object, template: Template, use: NestedUse) -> None:
        self._brought += len(value) if isinstance(value, str | list | tuple) else 0
        if self._brought > MOST_BROUGHT:
            what = f"{self._brought} characters are brought into the instance {shown(self.key)}"
            bad = BadValue(what, f"{MOST_BROUGHT} are allowed")
            raise self._fault(template, use, bad, ("with",))

    @staticmethod
    def _fault(template: Template, use: NestedUse, bad: BadValue, path: Path) -> Exception:
        if isinstance(bad, AlreadyTold):
            return bad
        node: Node = use.node.at([*path, *bad.path]) or use.node
        return InstanceFault(template.origin.place(node.position), bad.what, bad.mend)
