"""Files of a manifest with edits of several values made in memory, in YAML and in rows of a CSV."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from tasksync.core.task import Place, Problem
from tasksync.errors import SettingsError
from tasksync.manifests.accepting.csv_cells import Cell, columns_of, with_cells
from tasksync.manifests.accepting.proposals import FileChange, Proposal
from tasksync.manifests.editing.editing import edited
from tasksync.manifests.editing.edits import Edit
from tasksync.manifests.writing import content_before

_AGAIN: Final = "Run it again."


class ChangedFiles:
    """The files as they are `after` the edits; `clash` says that two want the same place.

    `contents` holds the bytes of files that were read before, and takes in those that are read.
    """

    def __init__(self, contents: dict[str, bytes], proposals: Iterable[Proposal]) -> None:
        self.clash = False
        self.after: dict[str, bytes] = {}
        self._refused: dict[tuple[str, object], Problem] = {}
        by_file: dict[str, dict[object, FileChange]] = defaultdict(dict)
        for changes in proposals:
            for change in changes:
                known = by_file[change.file].setdefault(_place_of(change.edit), change)
                self.clash = self.clash or known.edit != change.edit
        for name, of_file in by_file.items() if not self.clash else ():
            if name not in contents:
                contents[name] = _content(name)
            self.after[name] = self._made(name, contents[name], of_file.values())

    def refusal(self, proposal: Proposal) -> Problem | None:
        """Return why an edit of a proposal was not made, None where all of them were."""
        found = (self._refused.get((one.file, _place_of(one.edit))) for one in proposal)
        return next((problem for problem in found if problem is not None), None)

    def _made(self, name: str, content: bytes, changes: Iterable[FileChange]) -> bytes:
        edits = [one.edit for one in changes]
        cells = [edit for edit in edits if isinstance(edit, Cell)]
        if cells:
            return self._with_cells(name, content, cells)
        made = edited(content, name, [edit for edit in edits if isinstance(edit, Edit)])
        self._refused |= {(name, _place_of(edit)): problem for edit, problem in made.refused}
        return made.content

    def _with_cells(self, name: str, content: bytes, cells: Iterable[Cell]) -> bytes:
        columns, there = columns_of(content), []
        for cell in cells:
            if cell.column in columns:
                there.append(cell)
                continue
            what = f"it comes of the parameter {cell.column}, and no column is called so"
            mend = "add the column, which every row has then"
            self._refused[name, _place_of(cell)] = Problem(Place(name, cell.line), what, mend)
        return with_cells(content, there)


def places_of(proposal: Proposal) -> tuple[object, ...]:
    """Return the places that a proposal writes; two that are equal cannot hold different values."""
    return tuple((one.file, _place_of(one.edit)) for one in proposal)


def _place_of(edit: Edit | Cell) -> object:
    if isinstance(edit, Cell):
        return edit.line, edit.column
    return edit.document, edit.path


def _content(name: str) -> bytes:
    try:
        content = content_before(name)
    except OSError as error:
        raise SettingsError(f"{name} cannot be read: {error.strerror or error}.") from error
    if content is None:
        raise SettingsError(f"{name} is gone since it was read: nothing was written.", _AGAIN)
    return content
