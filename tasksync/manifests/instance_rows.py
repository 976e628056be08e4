"""The instances that are to be: all rows of all uses whose template is good."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tasksync.core.keys import normal_key
from tasksync.core.task import Place, Problem
from tasksync.manifests.language import digests
from tasksync.manifests.language.data_rows import Row, Wants
from tasksync.manifests.language.dates import Dates
from tasksync.manifests.language.for_each import ForEach
from tasksync.manifests.language.given_values import values_of
from tasksync.manifests.language.parameters import ParameterValue
from tasksync.manifests.language.project_templates import ProjectTemplates, Use
from tasksync.manifests.language.templates import Template
from tasksync.manifests.unplaced import BadValue, UnplacedProblem
from tasksync.manifests.values import check_key


class InstanceRow(NamedTuple):
    """An instance that is to be: its template, and the row that names it and gives its values."""

    use: Use
    template: Template
    row: Row

    @property
    def text(self) -> bytes:
        """What the instance hangs on of its template, its use and its row."""
        row = self.row
        said = [self.template.text.hex(), row.key, self.use.given, row.values, row.cells]
        return digests.told(said)

    def values(self, dates: Dates) -> tuple[dict[str, ParameterValue], list[UnplacedProblem]]:
        """Return the values of its parameters, and what is wrong with them."""
        return values_of(
            self.template.parameters,
            {**self.use.given, **self.row.values},
            dates,
            cells=self.row.values.keys() if self.row.cells else (),
        )

    def problem(self, fault: UnplacedProblem) -> Problem:
        """Return a fault of values where they stand: in the row, or in `with`."""
        name = fault.path[0] if fault.path else fault.name
        node = self.use.node.parts.get("with")
        if name not in self.use.given and "forEach" in self.use.node.parts:
            return self.row.problem(fault)
        part = (node and node.at(fault.path)) or node or self.use.node
        position = part.names.get(str(name), part.position) if fault.name else part.position
        return Problem(Place(self.use.file, *position), fault.what, fault.mend)


class InstanceRows:
    """Reads the rows of all uses; `failed` where a use has no good template."""

    def __init__(self, templates: ProjectTemplates) -> None:
        self._templates = templates
        self.failed = False

    def all(self, problems: list[Problem]) -> Iterator[InstanceRow]:
        """Yield all rows whose template is good; what is wrong with them is added."""
        for use in self._templates.uses:
            part = use.node.parts["template"]
            place = Place(use.file, *part.position)
            template = self._templates.declarations.named(use.template, place)
            if template is None or template.broken:
                self.failed = True
                continue
            for row in self._of(use, template, problems):
                yield InstanceRow(use, template, row)

    def _of(self, use: Use, template: Template, problems: list[Problem]) -> Iterator[Row]:
        each, key = use.node.parts.get("forEach"), use.node.parts.get("key")
        if each is not None:
            empty = use.node.parts.get("allowEmpty")
            allow_empty = empty is not None and empty.value is True
            wants = Wants(template.parameters, tuple(use.given), allow_empty)
            settings = self._templates.settings
            rows = ForEach(use.file, each, settings.root, wants, problems, settings.instead)
            yield from rows.rows()
        elif key is not None:
            place, word = Place(use.file, *use.node.position), normal_key(str(key.value))
            try:
                check_key(word)
            except BadValue as bad:
                problems.append(Problem(Place(use.file, *key.position), bad.what, bad.mend))
            else:
                yield Row(word, {}, place)
