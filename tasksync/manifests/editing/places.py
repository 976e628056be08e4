"""Where the characters stand that an edit changes: the value at a path, and who else uses it."""

from __future__ import annotations

from tasksync.core.keys import normal_key
from tasksync.manifests.editing.edits import CannotEdit, Edit
from tasksync.manifests.editing.parts import (
    AliasPart,
    ListPart,
    MappingEntry,
    MappingPart,
    Part,
    Parts,
)
from tasksync.manifests.editing.text_lines import BREAK
from tasksync.manifests.node import Step
from tasksync.value_classes import dataclass

_WRITE_OUT = "write the value out here first"
_IN_ONE_LINE = "write it in one line, or one field a line"


@dataclass(slots=True)
class EditPlace:
    """The collection that holds, or is to hold, the edited value.

    `path` are the steps from there to the value, one where it is there; `depth` are the steps that
    lead there. `entry` is that which holds the collection; None at the top and in a list.
    """

    document: int
    holder: Part
    path: tuple[Step, ...]
    entry: MappingEntry | None = None
    depth: int = 0
    of_tasks: bool = False

    @property
    def tasks(self) -> bool:
        """Tell whether the next step is the key of a task."""
        return self.depth == 1 and self.of_tasks


def find(parts: Parts, text: str, edit: Edit) -> EditPlace:
    """Return where an edit has its place; raises CannotEdit."""
    number = _document(parts, edit)
    walk = _Walk(text, parts.aliases[number])
    of_tasks = edit.path[0] == "tasks"
    return walk.to(EditPlace(number, parts.documents[number], edit.path, of_tasks=of_tasks))


def entry_of(mapping: MappingPart, step: Step, *, key: bool = False) -> MappingEntry | None:
    """Return the entry of this name; raises CannotEdit where there are two."""
    found = mapping.named(normal_key(step) if key and isinstance(step, str) else step, key=key)
    if len(found) > 1:
        what = f"{step} stands there twice, in lines {found[0].key.line} and {found[1].key.line}"
        raise CannotEdit(what, "keep one of them", found[1].key.line)
    return found[0] if found else None


def _document(parts: Parts, edit: Edit) -> int:
    if edit.document is not None:
        return edit.document
    having = [
        number
        for number, part in enumerate(parts.documents)
        if isinstance(part, MappingPart) and entry_of(part, edit.path[0]) is not None
    ]
    if edit.path[0] == "tasks" and len(edit.path) > 1:
        for number in having:
            entry = entry_of(parts.documents[number], "tasks")  # type: ignore[arg-type]
            if entry is not None and _has_task(entry.value, edit.path[1]):
                return number
    if having:
        return having[0]
    mappings = [n for n, part in enumerate(parts.documents) if isinstance(part, MappingPart)]
    if not mappings:
        raise CannotEdit("there is no mapping in this file", "check the file")
    return mappings[0]


def _has_task(tasks: Part, key: Step) -> bool:
    return isinstance(tasks, MappingPart) and entry_of(tasks, key, key=True) is not None


class _Walk:
    """Goes down the steps of a path, and refuses what may not be changed on the way."""

    def __init__(self, text: str, aliases: dict[str, list[AliasPart]]) -> None:
        self._text = text
        self._aliases = aliases

    def to(self, found: EditPlace) -> EditPlace:
        """Return the deepest collection on the path."""
        whole = found.path
        while True:
            done = found.depth
            self._free(found.holder, whole[:done])
            part = self._step(found)
            if part is None:
                return found
            entry, value = part
            self._free(value, whole[: done + 1])
            if len(found.path) == 1:
                return found
            if not isinstance(value, MappingPart | ListPart):
                if found.of_tasks and found.depth == 0:
                    raise _no_such_task(found)
                return found
            path, of_tasks = found.path[1:], found.of_tasks
            found = EditPlace(found.document, value, path, entry, done + 1, of_tasks=of_tasks)

    def _step(self, found: EditPlace) -> tuple[MappingEntry | None, Part] | None:
        step, holder = found.path[0], found.holder
        of_tasks = found.tasks
        if isinstance(holder, ListPart):
            if not isinstance(step, int) or not 0 <= step < len(holder.items):
                raise CannotEdit(f"there is no item {step}", "check the path", holder.line)
            return None, holder.items[step]
        if not isinstance(holder, MappingPart):
            raise CannotEdit("there is no mapping", "check the path", holder.line)
        entry = entry_of(holder, step, key=of_tasks)
        if entry is not None:
            return entry, entry.value
        if holder.named("<<"):
            raise CannotEdit(
                f"{step} would come from what is merged in with <<", _WRITE_OUT, holder.line
            )
        if found.of_tasks and found.depth <= 1:
            raise _no_such_task(found)
        return None

    def _free(self, part: Part, path: tuple[Step, ...]) -> None:
        """Refuse what stands elsewhere, is used elsewhere, or is in flow style over lines."""
        name = ".".join(str(step) for step in path) or "the document"
        if isinstance(part, AliasPart):
            what = f"{name} comes from *{part.name}"
            raise CannotEdit(what, _WRITE_OUT, part.line)
        if part.anchor is not None and (used := self._aliases.get(part.anchor)):
            what = f"{name} is used again as *{part.anchor} in line {used[0].line}"
            raise CannotEdit(what, _WRITE_OUT.replace("here", "there"), part.line)
        flow = isinstance(part, MappingPart | ListPart) and part.flow
        if flow and BREAK.search(self._text, part.start, part.end):
            raise CannotEdit(f"{name} is in flow style over several lines", _IN_ONE_LINE, part.line)


def _no_such_task(found: EditPlace) -> CannotEdit:
    key = next(iter(found.path[1 - found.depth :]), "")
    return CannotEdit(
        f"the task {key} is not written in this file",
        "a template makes it: change the template, or the row",
    )
