"""`forEach` of a use, whatever it is: rows beside it, a file of rows, a range of periods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tasksync.core.task import Place, Problem
from tasksync.manifests import parse_located
from tasksync.manifests.files import Source
from tasksync.manifests.hints import shown
from tasksync.manifests.language import data_files
from tasksync.manifests.language.csv_rows import of_csv
from tasksync.manifests.language.data_rows import Row, Wants, of_nodes
from tasksync.manifests.language.period_rows import of_range
from tasksync.manifests.node import Node
from tasksync.manifests.reader import YamlUnreadable
from tasksync.manifests.unplaced import BadValue
from tasksync.value_classes import dataclass, field, replace


@dataclass(slots=True)
class ForEach:
    """A `forEach` of one use: `file` is the document that holds it, `root` the project's folder.

    What is wrong is added to `problems` while rows are read; reading goes on where it can.
    `instead` is what files of rows are going to hold, by the name of the file.
    """

    file: str
    node: Node
    root: str
    wants: Wants
    problems: list[Problem]
    instead: Mapping[str, bytes] = field(default_factory=dict)
    #: the data file that it names, known after the first row; None for rows and periods
    source: Source | None = field(default=None, init=False)

    def rows(self) -> Iterator[Row]:
        """Yield the rows whose key and columns are good."""
        if self.node.broken:
            return
        before, number = len(self.problems), 0
        for row in self._rows():
            number += 1
            yield row
        if not number and len(self.problems) == before and not self.wants.allow_empty:
            place = (
                Place(self.source.name) if self.source else Place(self.file, *self.node.position)
            )
            mend = "add rows, or write allowEmpty: true beside forEach"
            self.problems.append(Problem(place, "there are no rows", mend))

    def _rows(self) -> Iterator[Row]:
        match self.node.value:
            case list():
                nodes = iter(self.node.parts.values())
                return of_nodes(self.file, nodes, self.wants, self.problems)
            case dict():
                return of_range(self.file, self.node, self.wants, self.problems)
            case _:
                return self._of_file()

    def _of_file(self) -> Iterator[Row]:
        try:
            self.source = data_file(self.node, self.file, self.root, self.instead)
        except BadValue as bad:
            self.problems.append(Problem(Place(self.file, *self.node.position), bad.what, bad.mend))
            return
        if self.source is None:
            return
        if data_files.is_csv(self.source.name):
            yield from of_csv(self.source, self.wants, self.problems)
        else:
            yield from self._of_yaml(self.source)

    def _of_yaml(self, source: Source) -> Iterator[Row]:
        try:
            with source.open() as stream:
                nodes = parse_located.items(stream, source.name, self.problems)
                yield from of_nodes(source.name, nodes, self.wants, self.problems)
        except YamlUnreadable as unread:
            self.problems.append(unread.problem)


def data_file(
    node: Node, file: str, root: str, instead: Mapping[str, bytes] | None = None
) -> Source | None:
    """Return the file that a `forEach` names, None where it names none; raises BadValue.

    The name is relative to the naming document; links are followed; it must lie under `root`.
    Where `instead` has its name, that is its content.
    """
    if isinstance(node.value, list | dict):
        return None
    if not isinstance(node.value, str):
        what = f"forEach takes a file, rows or a range of periods, not {shown(node.value)}"
        raise BadValue(what, "write forEach: newcomers.csv")
    source = data_files.found(node.value, file, root)
    return source if not instead else replace(source, content=instead.get(source.name))
