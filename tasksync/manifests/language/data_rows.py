"""`forEach`: rows in the manifest, in a CSV or YAML file, or of a range of periods."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from tasksync.core.task import Place, Problem
from tasksync.manifests.files import Source
from tasksync.manifests.language.parameters import Parameter
from tasksync.manifests.node import Node, Path


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the key of its instance, what it gives to parameters, and where it stands.

    `values` are as written, of a CSV (`cells`) the texts of the cells that are not empty; they go
    to given_values.values_of together with the `with` of the use. They say the same if they are
    equal, in whatever order.
    """

    key: str
    values: Mapping[str, object]
    place: Place
    cells: bool = False
    node: Node | None = None

    def place_of(self, path: Path) -> Place:
        """Return where the part at a path of `values` stands, or the row."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Wants:
    """What rows are held against: the template's parameters, those that `with` gives already."""

    parameters: Mapping[str, Parameter]
    given: Collection[str] = ()
    allow_empty: bool = False


@dataclass(slots=True)
class ForEach:
    """A `forEach` of one use: `file` is the document that holds it, `root` the project's folder.

    What is wrong is added to `problems` while rows are read; reading goes on where it can.
    """

    file: str
    node: Node
    root: str
    wants: Wants
    problems: list[Problem]
    #: the data file that it names, known after `rows` was begun; None for rows and periods
    source: Source | None = field(default=None, init=False)

    def rows(self) -> Iterator[Row]:
        """Yield the rows whose key and columns are good."""
        raise NotImplementedError


def data_file(node: Node, file: str, root: str) -> Source | None:
    """Return the file that a `forEach` names, None where it names none; raises BadValue.

    The name is relative to the naming document; links are followed; it must lie under `root`.
    """
    raise NotImplementedError
