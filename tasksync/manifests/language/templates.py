"""A template as it was declared: parameters, tasks and nested uses, compiled once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from tasksync.core.task import Place, Problem
from tasksync.manifests.hints import did_you_mean, unquoted
from tasksync.manifests.language.data_rows import Row
from tasksync.manifests.language.dates import Dates
from tasksync.manifests.language.given_values import value_of
from tasksync.manifests.language.parameters import LIST_KINDS, Parameter, ParameterValue
from tasksync.manifests.language.substitution import Compiled, Filled, Values
from tasksync.manifests.node import Node, Position
from tasksync.manifests.unplaced import AlreadyTold, BadValue
from tasksync.value_classes import dataclass, field

#: so many tasks may one instance have: all of one instance are held at once
MOST_OF_INSTANCE: Final = 100_000
#: so many rows may the nested uses of all templates have: they are held while tasks are made
MOST_NESTED_ROWS: Final = 100_000
#: what a task of a template says beside what every task may
WHEN: Final = "when"

#: by parameter, the values of which it must have one
When: TypeAlias = Mapping[str, tuple[ParameterValue, ...]]


@dataclass(slots=True)
class NestedRows:
    """How many rows the nested uses of all templates have so far."""

    count: int = 0


@dataclass(frozen=True, slots=True)
class Settings:
    """What all templates of a project have in common; `problems` are added to.

    `instead` are the bytes that files of rows are going to have, by the name of the file.
    """

    dates: Dates
    locale: str
    root: str
    problems: list[Problem]
    instead: Mapping[str, bytes] = field(default_factory=dict)
    nested_rows: NestedRows = field(default_factory=NestedRows)

    def say(self, place: Place, what: str, mend: str) -> None:
        """Add a problem."""
        self.problems.append(Problem(place, what, mend))


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a template is declared: the numbers of its file, and of the document in that."""

    file: str
    number: int
    document: int

    def place(self, position: Position) -> Place:
        """Return the place of a position in the template."""
        return Place(self.file, *position)


@dataclass(frozen=True, slots=True)
class TemplateTask:
    """A task of a template: what is always the same, and what each instance fills in."""

    name: str
    node: Node
    position: Position
    constants: Mapping[str, object]
    filled: tuple[tuple[str, Filled], ...]
    when: When

    def block(self, values: Values) -> dict[str, object]:
        """Return the task of one instance; raises BadValue with a path into the block."""
        block = dict(self.constants)
        for name, compiled in self.filled:
            try:
                block[name] = compiled.fill(values)
            except BadValue as bad:
                bad.path = (name, *bad.path)
                raise
        return block


@dataclass(frozen=True, slots=True)
class NestedUse:
    """A `use` inside a template; `rows` are those of its `forEach`, None without one."""

    node: Node
    template: Template
    key: Compiled
    given: Mapping[str, Compiled]
    rows: tuple[Row, ...] | None
    when: When


@dataclass(slots=True)
class Template:
    """A template, usable where it is not `broken`: then something was said of it.

    `size` counts the tasks of an instance, nested ones too, whatever `when` says. `depth` how
    many levels of templates there are; `text` is a digest of everything
    that instances hang on of it and of what it uses. `steady` ones have the
    same keys in every instance; `fixed_parents` ones name parents without parameters.
    """

    name: str
    origin: Origin
    node: Node
    parameters: dict[str, Parameter] = field(default_factory=dict)
    tasks: list[TemplateTask] = field(default_factory=list)
    uses: list[NestedUse] = field(default_factory=list)
    size: int = 0
    depth: int = 1
    text: bytes = b""
    steady: bool = True
    fixed_parents: bool = True
    broken: bool = False


def holds(when: When, values: Values) -> bool:
    """Tell whether what hangs on parameters is wanted: all conditions hold."""
    return all(values[name] in wanted for name, wanted in when.items())


def when_of(template: Template, node: Node, settings: Settings) -> When:
    """Return the `when` of a task or a nested use; problems are said."""
    part = node.parts.get(WHEN)
    found: dict[str, tuple[ParameterValue, ...]] = {}
    if part is None or not isinstance(part.value, dict):
        return found
    for step, value in part.parts.items():
        name = str(step)
        place = template.origin.place(part.names.get(name, value.position))
        if name not in template.parameters:
            if not template.broken:
                what = f"when names {unquoted(name)}, which is no parameter"
                settings.say(place, what, known(name, template.parameters))
            continue
        if template.parameters[name].kind in LIST_KINDS:
            what = f"when cannot ask for {name}, which holds several values"
            settings.say(place, what, "ask for a parameter of one value")
            continue
        found[name] = _wanted(template, template.parameters[name], value, settings)
    return found


def _wanted(
    template: Template, parameter: Parameter, node: Node, settings: Settings
) -> tuple[ParameterValue, ...]:
    items = list(node.parts.values()) if isinstance(node.value, list) else [node]
    found: list[ParameterValue] = []
    for item in items:
        try:
            found.append(value_of(parameter, item.value, settings.dates))
        except AlreadyTold:
            template.broken = True
        except BadValue as bad:
            settings.say(template.origin.place(item.position), bad.what, bad.mend)
    return tuple(found)


def key_fault(use: Node) -> tuple[Node, str, str] | None:
    """Return what is wrong with the key of a use, and where: it has one, or `forEach`."""
    key, each = use.parts.get("key"), use.parts.get("forEach")
    if key is not None and each is not None:
        return key, "key stands beside forEach, whose rows have keys", "keep one of them"
    if key is None and each is None:
        return use, "neither key nor forEach is given", "add key: anna, which names its tasks"
    return None


def known(name: str, parameters: Mapping[str, Parameter]) -> str:
    """Return what may have been meant by the name of a parameter."""
    near = did_you_mean(name, parameters)
    return near or (f"parameters: {', '.join(parameters)}" if parameters else "it has none")


def is_broken(node: Node) -> bool:
    """Tell whether something was said of a value or a part of it."""
    return node.broken or any(map(is_broken, node.parts.values()))
