"""The parameters and tasks of a template, checked once at their place and compiled.

What hangs on no parameter is checked here; what does, is checked in each instance.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any

from tasksync.core.keys import normal_key
from tasksync.manifests import extra_values, schema
from tasksync.manifests.language import digests
from tasksync.manifests.language.given_values import faults_of_defaults
from tasksync.manifests.language.parameters import declared
from tasksync.manifests.language.substitution import Compiler, Constant, Filled
from tasksync.manifests.language.templates import (
    WHEN,
    Settings,
    Template,
    TemplateTask,
    is_broken,
    when_of,
)
from tasksync.manifests.node import Node, Position
from tasksync.manifests.unplaced import BadValue, UnplacedProblem, located
from tasksync.manifests.values import TASK_NAMES, Normaliser, check_key


def declare_parameters(template: Template, settings: Settings) -> None:
    """Take in the parameters of a template."""
    part = template.node.parts.get("parameters")
    if part is None or not isinstance(part.value, dict):
        return
    good = {str(name): one.value for name, one in part.parts.items() if not is_broken(one)}
    template.parameters, faults = declared(good)
    faults += faults_of_defaults(template.parameters, settings.dates)
    template.broken = bool(faults) or len(good) < len(part.parts)
    settings.problems.extend(located(template.origin.file, part, iter(faults)))


def compile_tasks(template: Template, normaliser: Normaliser, settings: Settings) -> None:
    """Take in the tasks of a template, which take the defaults of its document."""
    text = digests.told([template.name, template.node.value])
    template.text = blake2b(text, digest_size=16).digest()
    part = template.node.parts.get("tasks")
    if part is None or not isinstance(part.value, dict):
        return
    template.size = len(part.parts)
    compiling = _Compiling(template, normaliser, settings)
    for step, node in part.parts.items():
        position = part.names.get(str(step), node.position)
        task = compiling.task(normal_key(str(step)), node, position)
        if task is None:
            template.broken = True
            continue
        template.tasks.append(task)
        template.steady = template.steady and not task.when
        if "parent" in dict(task.filled):
            template.fixed_parents = False


class _Compiling:
    """Compiles the tasks of one template."""

    def __init__(self, template: Template, normaliser: Normaliser, settings: Settings) -> None:
        self._template = template
        self._normaliser = normaliser
        self._settings = settings
        self._compiler = Compiler(template.parameters, settings.locale)

    def task(self, name: str, node: Node, position: Position) -> TemplateTask | None:
        """Return a task, or None where something was said of it."""
        problems = self._settings.problems
        said = len(problems)
        try:
            check_key(name)
        except BadValue as bad:
            self._settings.say(self._template.origin.place(position), bad.what, bad.mend)
        if is_broken(node) or not isinstance(node.value, dict):
            return None
        constants, fills = self._compiled(node)
        when = when_of(self._template, node, self._settings)
        faults = self._faults(constants, node)
        problems += located(self._template.origin.file, node, faults, position)
        if len(problems) > said or not node.value.keys() <= {WHEN, *TASK_NAMES}:
            return None
        return TemplateTask(name, node, position, constants, tuple(fills.items()), when)

    def _compiled(self, node: Node) -> tuple[dict[str, object], dict[str, Filled]]:
        constants: dict[str, object] = {}
        fills: dict[str, Filled] = {}
        for step, part in node.parts.items():
            name = str(step)
            if name == WHEN or name not in TASK_NAMES:  # of unknown names the schema tells
                continue
            try:
                compiled = self._compiler.field(name, part.value)
            except BadValue as bad:
                if self._template.broken and not self._template.parameters:
                    continue  # of its parameters enough was said
                fault = iter([bad.under(name)])
                self._settings.problems.extend(located(self._template.origin.file, node, fault))
                continue
            if isinstance(compiled, Constant):
                constants[name] = compiled.value
            else:
                fills[name] = compiled
        return constants, fills

    def _faults(self, constants: Mapping[str, object], node: Node) -> Iterator[UnplacedProblem]:
        """Yield what is wrong with the values that no parameter changes."""
        own: Any = extra_values.plain(dict(constants))
        parent = own.pop("parent", None)
        if isinstance(parent, str):
            yield from _of_parent(parent)
        elif parent is not None:
            own["parent"] = parent
        faults = list(schema.faults(schema.TASK, own))
        yield from faults
        worded = {fault.path[0] for fault in faults if fault.path}
        good = {name: value for name, value in own.items() if name not in worded}
        yield from (fault for fault in self._normaliser.faults(good) if fault.what)
        there = {str(name) for name in node.parts}
        if {"parentId", "parent"} <= there:
            what = "parent and parentId cannot both be given"
            mend = "keep parent for a key of this project, parentId for any other task"
            yield UnplacedProblem(("parent",), what, mend)
        yield from self._missing(there)

    def _missing(self, there: Iterable[str]) -> Iterator[UnplacedProblem]:
        whole = {*self._normaliser.with_defaults({}), *there}
        yield from (schema.missing((), name) for name in schema.required() if name not in whole)


def _of_parent(parent: str) -> Iterator[UnplacedProblem]:
    try:
        check_key(normal_key(parent.removeprefix("/")))
    except BadValue as bad:
        yield bad.under("parent")
