"""`forEach`: rows in the manifest, in a CSV or YAML file, or of a range of periods."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from tasksync.core.keys import normal_key
from tasksync.core.task import Place, Problem
from tasksync.manifests.language.parameters import KEY, Parameter
from tasksync.manifests.node import Node
from tasksync.manifests.unplaced import MOST_PROBLEMS, BadValue, UnplacedProblem
from tasksync.manifests.values import check_key
from tasksync.value_classes import dataclass, field

#: more rows than this are none of a team's
MOST_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the key of its instance, what it gives to parameters, and where it stands.

    `values` are as written, of a CSV (`cells`) the texts of the cells that are not empty, of a
    period its text; they go to given_values.values_of together with the `with` of the use. Rows
    of equal key and values say the same, in whatever order.
    """

    key: str
    values: Mapping[str, object]
    place: Place
    cells: bool = False
    node: Node | None = None

    def problem(self, fault: UnplacedProblem) -> Problem:
        """Return a fault of `values` at its place; of a cell the line, and the column's name."""
        what, position = fault.what, None
        if self.node is not None:
            part = self.node.at(fault.path) or self.node
            position = part.position
            if fault.name is not None:
                position = part.names.get(fault.name, position)
        elif self.cells and fault.path:
            what = f"{fault.path[0]}: {what}"
        place = self.place if position is None else Place(self.place.file, *position)
        return Problem(place, what, fault.mend)


@dataclass(frozen=True, slots=True)
class Wants:
    """What rows are held against: the template's parameters, those that `with` gives already."""

    parameters: Mapping[str, Parameter]
    given: Collection[str] = ()
    allow_empty: bool = False


@dataclass(slots=True)
class RowKeys:
    """The keys of one `forEach`: each legal, and there once."""

    problems: list[Problem]
    _places: dict[str, Place] = field(default_factory=dict)

    def take(self, key: str, place: Place) -> bool:
        """Tell whether a row can have this key; what is wrong is said."""
        try:
            check_key(key)
        except BadValue as bad:
            self.problems.append(Problem(place, bad.what, bad.mend))
            return False
        if key in self._places:
            what = f"the key {key} stands here a second time; the first is at {self._places[key]}"
            self.problems.append(Problem(place, what, "give one of them another key"))
            return False
        self._places[key] = place
        return True


def of_nodes(
    file: str, nodes: Iterator[Node], wants: Wants, problems: list[Problem]
) -> Iterator[Row]:
    """Yield rows of YAML: mappings that each hold a `key`."""
    keys, before = RowKeys(problems), len(problems)
    for number, node in enumerate(nodes, 1):
        place = Place(file, *node.position)
        if number > MOST_ROWS:
            what = f"there are more than {MOST_ROWS} rows"
            problems.append(Problem(place, what, "divide them among two of use"))
            return
        if len(problems) - before > MOST_PROBLEMS:
            return
        row = _of_node(file, node, wants, problems)
        if row is not None and keys.take(row.key, _key_place(file, node)):
            yield row


def _of_node(file: str, node: Node, wants: Wants, problems: list[Problem]) -> Row | None:
    """Return a row; None where it is at fault, which is said."""
    if node.broken or any(part.broken for part in node.parts.values()):
        return None  # what the parser refused was told
    place = Place(file, *node.position)
    if not isinstance(node.value, dict):
        what = "a row is a mapping of parameters, with a key"
        problems.append(Problem(place, what, "write - {key: anna, name: Anna}"))
        return None
    key = node.value.get(KEY)
    if not isinstance(key, str):
        what = "the row has no key" if key is None else "the key of a row is a text"
        how = "add key: anna, which names its tasks" if key is None else f'quote it: "{key}"'
        problems.append(Problem(_key_place(file, node), what, how))
        return None
    twice = [name for name in node.value if name in wants.given]
    problems += [Problem(Place(file, *node.names[name]), *given_twice(name)) for name in twice]
    values = {n: v for n, v in node.value.items() if n != KEY and v is not None}
    return None if twice else Row(normal_key(key), values, place, node=node)


def given_twice(name: str) -> tuple[str, str]:
    """Return what is wrong, and how to mend it, where a row says what `with` says."""
    return f"{name} is given by with, for all rows", "keep one of them"


def _key_place(file: str, node: Node) -> Place:
    part = node.parts.get(KEY)
    return Place(file, *(part or node).position)
