"""What is to be changed in the text of a manifest, and what could not be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Final, TypeAlias

from tasksync.core.task import Problem
from tasksync.manifests.node import Step
from tasksync.value_classes import dataclass

#: what a value may be: a scalar, a list, or a mapping of such
NewValue: TypeAlias = (
    "str | int | float | bool | Sequence[NewValue] | Mapping[str, NewValue] | None"
)


class Removal(Enum):
    """The value of an edit that takes a field away."""

    REMOVED = "removed"


REMOVED: Final = Removal.REMOVED


@dataclass(frozen=True, slots=True)
class Edit:
    """A value to be set, added where it is missing, or taken away.

    `path` leads there from the document: `("tasks", KEY, "adopt")`, `("dates", "release")`,
    `("use", 0, "with", "start")`. A task has to be there already; what is missing below it is
    added. `document` says which document is meant, from 0; without it the first is that has the
    first step (of a task: that has the task).
    """

    path: tuple[Step, ...]
    value: NewValue | Removal
    document: int | None = None

    def __str__(self) -> str:
        steps = self.path[1:] if self.path[0] == "tasks" and len(self.path) > 1 else self.path
        return ".".join(str(step) for step in steps)


@dataclass(frozen=True, slots=True)
class Edited:
    """A file's new bytes, and the edits that were not made, each with why."""

    content: bytes
    refused: tuple[tuple[Edit, Problem], ...] = ()


class CannotEdit(Exception):
    """The place cannot be edited; `line` is where that shows (0: unknown)."""

    def __init__(self, what: str, mend: str, line: int = 0) -> None:
        super().__init__(what)
        self.what = what
        self.mend = mend
        self.line = line
