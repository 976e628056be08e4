"""What is wrong in instances of templates: told at the template's place with one of the rows."""

from __future__ import annotations

from typing import Final

from tasksync.core.task import Place, Problem
from tasksync.manifests.instance_rows import InstanceRow
from tasksync.manifests.unplaced import MOST_PROBLEMS

#: so many of those that were told last are looked at for the same
_LATELY: Final = 20


class InstanceFaults:
    """Faults by the template's place: one that all instances have is told once."""

    def __init__(self) -> None:
        self._found: dict[tuple[Place, str, str], list[InstanceRow]] = {}
        self._counts: dict[tuple[Place, str, str], int] = {}
        self._others: list[Problem] = []
        self._repeated: set[Place] = set()

    @property
    def full(self) -> bool:
        """Tell whether enough was said."""
        return sum(self._counts.values()) > MOST_PROBLEMS

    def say(self, place: Place, what: str, mend: str, one: InstanceRow) -> None:
        """Add a fault of an instance."""
        kind = place, what, mend
        self._found.setdefault(kind, [one])
        self._counts[kind] = self._counts.get(kind, 0) + 1

    def of_row(self, problem: Problem) -> None:
        """Add a fault of what a row or a use says; of a `with` it is told once."""
        if len(self._others) <= MOST_PROBLEMS and problem not in self._others[-_LATELY:]:
            self._others.append(problem)

    def repeat(self, problem: Problem, one: InstanceRow) -> None:
        """Add a task that is there twice, the first of each row."""
        if one.row.place not in self._repeated:
            self._repeated.add(one.row.place)
            self._others.append(problem)

    def told(self) -> list[Problem]:
        """Return all of them."""
        found = list(self._others)
        for (place, what, mend), (one, *_) in self._found.items():
            more = self._counts[place, what, mend] - 1
            others = f" and {more} more" if more else ""
            where = f"in {one.row.key} ({one.row.place}){others}"
            found.append(Problem(place, f"{what}; {where}", mend))
        return found
