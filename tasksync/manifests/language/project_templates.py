"""What the documents say about templates: `templates` and `use`, and data files."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

from tasksync.manifests.files import Source
from tasksync.manifests.language import patterns
from tasksync.manifests.language.data_files import uses_in
from tasksync.manifests.language.declarations import Declarations
from tasksync.manifests.language.for_each import data_file
from tasksync.manifests.language.templates import Origin, Settings, is_broken, key_fault
from tasksync.manifests.node import Node
from tasksync.manifests.unplaced import BadValue
from tasksync.manifests.values import Normaliser
from tasksync.value_classes import dataclass, field


class Use(NamedTuple):
    """One item of a document's `use` that the schema passed."""

    file: str
    node: Node

    @property
    def template(self) -> str:
        """The template that it names."""
        return str(_words(self.node)["template"])

    @property
    def given(self) -> Mapping[str, object]:
        """What its `with` says; a value that is null is absent."""
        part = self.node.parts.get("with")
        return _words(part) if part is not None else {}


@dataclass(slots=True)
class ProjectTemplates:
    """All templates, compiled, and all uses; `sources` are the data files that uses name."""

    settings: Settings
    declarations: Declarations = field(init=False)
    uses: list[Use] = field(init=False, default_factory=list)
    sources: dict[str, Source] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.declarations = Declarations(self.settings)

    def read(
        self, documents: list[tuple[Origin, Node]], normalisers: list[list[Normaliser]]
    ) -> None:
        """Take in what all documents say; problems go to the settings."""
        for origin, node in documents:
            self._take(origin, node)
        self.declarations.compile(normalisers)

    @property
    def context(self) -> bytes:
        """What texts hang on beside their template and their row."""
        locale = self.settings.locale
        return f"{locale} {patterns.locale_version(locale)}".encode()

    def _take(self, origin: Origin, node: Node) -> None:
        part = node.parts.get("templates")
        for step, template in part.parts.items() if part is not None else ():
            name = str(step)
            position = part.names.get(name, template.position) if part else template.position
            self.declarations.add(name, origin, template, position)
            self._name_files(origin.file, template)
        self._name_files(origin.file, node)
        for one in uses_in(node):
            if not is_broken(one) and isinstance(_words(one).get("template"), str):
                self._take_use(origin, one)

    def _take_use(self, origin: Origin, node: Node) -> None:
        fault = key_fault(node)
        if fault is None:
            self.uses.append(Use(origin.file, node))
        else:
            at, what, mend = fault
            self.settings.say(origin.place(at.position), what, mend)

    def _name_files(self, file: str, node: Node) -> None:
        for use in uses_in(node):
            each = use.parts.get("forEach")
            if each is not None and not is_broken(each):
                with suppress(BadValue):  # told where its rows are read
                    source = data_file(each, file, self.settings.root, self.settings.instead)
                    if source is not None:
                        self.sources[source.name] = source


def _words(node: Node) -> Mapping[str, object]:
    return node.value if isinstance(node.value, dict) else {}
