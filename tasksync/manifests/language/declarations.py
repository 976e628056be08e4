"""All templates of a project: each name once, no circles, and not too deep in one another."""

from __future__ import annotations

from typing import Final

from tasksync.core.keys import is_key
from tasksync.core.task import Place
from tasksync.manifests.hints import did_you_mean, shown, unquoted
from tasksync.manifests.language import nested_uses, template_tasks
from tasksync.manifests.language.templates import Origin, Settings, Template
from tasksync.manifests.node import Node, Position
from tasksync.manifests.values import Normaliser
from tasksync.value_classes import dataclass, field

#: so many templates may stand in one another
DEEPEST: Final = 8
LISTED: Final = 10


@dataclass(slots=True)
class Declarations:
    """The templates by name, compiled as they are asked for the first time."""

    settings: Settings
    templates: dict[str, Template] = field(default_factory=dict)
    _places: dict[str, Place] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)
    _done: set[str] = field(default_factory=set)

    def add(self, name: str, origin: Origin, node: Node, position: Position) -> None:
        """Take in a template by its name; a second of one name is a problem."""
        place = origin.place(position)
        if not is_key(name):
            mend = "begin with a letter or digit; then letters, digits and . _ / -"
            self.settings.say(place, f"{shown(name)} cannot name a template", mend)
        elif name in self.templates:
            what = f"the template {name} is declared twice; the first is at {self._places[name]}"
            self.settings.say(place, what, "keep one of them")
        else:
            self.templates[name] = Template(name, origin, node)
            self._places[name] = place

    def compile(self, normalisers: list[list[Normaliser]]) -> None:
        """Check and compile all of them; tasks take the defaults of the template's document."""
        for template in self.templates.values():
            origin = template.origin
            template_tasks.declare_parameters(template, self.settings)
            normaliser = normalisers[origin.number][origin.document]
            template_tasks.compile_tasks(template, normaliser, self.settings)
        for name in self.templates:
            self._nest(name)

    def named(self, name: str, place: Place) -> Template | None:
        """Return a template by its name; None with a problem said."""
        found = self.templates.get(name)
        if found is None:
            listed = ", ".join(list(self.templates)[:LISTED])
            mend = did_you_mean(name, self.templates) or (
                f"templates: {listed}" if listed else "declare it under templates"
            )
            self.settings.say(place, f"there is no template {unquoted(name)}", mend)
        return found

    def _nest(self, name: str) -> None:
        if name in self._done:
            return
        self._open.append(name)
        nested_uses.compile_uses(self.templates[name], self._nested, self.settings)
        self._open.pop()
        self._done.add(name)

    def _nested(self, name: str, place: Place) -> Template | None:
        found = self.named(name, place)
        if found is None:
            return None
        if name in self._open:
            circle = " -> ".join([*self._open[self._open.index(name) :], name])
            what = f"templates use each other in a circle: {circle}"
            self.settings.say(place, what, "let one of them use no other")
            return None
        if len(self._open) >= DEEPEST:
            self._too_deep(len(self._open) + 1, place)
            return None
        self._nest(name)
        if found.depth >= DEEPEST:
            self._too_deep(found.depth + 1, place)
            return None
        return found

    def _too_deep(self, deep: int, place: Place) -> None:
        chain = " -> ".join(self._open)
        what = f"templates stand {deep} deep in one another, at {chain}"
        self.settings.say(place, what, f"{DEEPEST} deep is the most")
