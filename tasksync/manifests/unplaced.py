"""What is wrong with a value, before anybody knows in which line it stands."""

from __future__ import annotations

from collections.abc import Iterator

from tasksync.core.task import Place, Problem
from tasksync.manifests.node import Node, Position, Step
from tasksync.value_classes import dataclass

#: more problems than this help nobody
MOST_PROBLEMS = 1_000


@dataclass(frozen=True, slots=True)
class UnplacedProblem:
    """One fault of a value: the path to it inside the value, what is wrong, how to mend it.

    `name` is set where the name of a field is at fault and not its value.
    """

    path: tuple[Step, ...]
    what: str
    mend: str = ""
    name: str | None = None


class BadValue(ValueError):
    """A value that cannot be; `path` leads to the part at fault."""

    def __init__(self, what: str, mend: str = "", path: tuple[Step, ...] = ()) -> None:
        super().__init__(what)
        self.what = what
        self.mend = mend
        self.path = path

    def under(self, *steps: Step) -> UnplacedProblem:
        """Return the fault as seen from the value that holds this one."""
        return UnplacedProblem((*steps, *self.path), self.what, self.mend)


class AlreadyTold(BadValue):
    """The value hangs on what is at fault itself and is told there: nothing is said of it here."""

    def __init__(self) -> None:
        super().__init__("")


def located(
    file: str, node: Node, faults: Iterator[UnplacedProblem], first: Position | None = None
) -> Iterator[Problem]:
    """Yield faults of a value as problems with their places; what is broken is not said again.

    `first` is the place of what concerns the value as a whole.
    """
    for fault in faults:
        part = node.at(fault.path)
        if part is None:
            continue
        missing = part is node  # it is not written there: defaults hold it
        position = first if missing and first is not None else part.position
        if fault.name is not None:
            position = part.names.get(fault.name, position)
        yield Problem(Place(file, *position), fault.what, fault.mend)
