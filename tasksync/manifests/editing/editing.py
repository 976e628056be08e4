"""Edits made in the text of a manifest: exactly the bytes that must change.

What is made is parsed again and held against what was wanted before anybody sees it: the edits
and nothing else. Comments, quotes, line breaks, indentation, blank lines, anchors and the byte
order mark are not read and written, but left standing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

from tasksync.core.task import Place, Problem
from tasksync.manifests.editing import edit_proof
from tasksync.manifests.editing.edits import CannotEdit, Edit, Edited
from tasksync.manifests.editing.parts import Parts, parts_of
from tasksync.manifests.editing.places import EditPlace, find
from tasksync.manifests.editing.splices import Manner, Splice, Splicer, applied
from tasksync.manifests.editing.text_lines import TextLines
from tasksync.manifests.reader import YamlUnreadable

_MARK: Final = "\ufeff"
#: how edits are tried, one after the other
_MANNERS: Final = (Manner(), Manner(blocks=False), Manner(blocks=False, before=True))
_NOT_PROVED: Final = "the place is written in a way that cannot be changed here"
#: an edit, its place and its splices
_Located: TypeAlias = tuple[Edit, EditPlace, list[Splice]]
_BY_HAND: Final = "change it by hand"


def edited(content: bytes, file: str, edits: Sequence[Edit]) -> Edited:
    """Return a file's bytes with the edits made, and which could not be made, each with why.

    `file` is named in problems. Raises YamlUnreadable where the file cannot be read; edits that
    say what stands there already change nothing.
    """
    text = _decoded(content, file)
    mark, text = (_MARK, text[1:]) if text.startswith(_MARK) else ("", text)
    refused: list[tuple[Edit, Problem]] = []
    left = list(edits)
    while left:
        work = _Round(text, file)
        left = work.take(left)
        refused += work.refused
        text = work.text
    return Edited((mark + text).encode(), tuple(refused))


def _decoded(content: bytes, file: str) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise YamlUnreadable(Problem(Place(file), "the file is not UTF-8", "save it so")) from error


class _Round:
    """Edits whose places do not touch, made together; the others come in the next round."""

    def __init__(self, text: str, file: str) -> None:
        self._file = file
        self._lines = TextLines(text)
        self._parts = parts_of(self._lines, file)
        self.text = text
        self.refused: list[tuple[Edit, Problem]] = []

    def take(self, edits: Sequence[Edit]) -> list[Edit]:
        """Make the edits that can be made together; returns those that are left."""
        together, left = self._apart(edits)
        return self._make(together) + left if together else left

    def _make(self, together: Sequence[_Located]) -> list[Edit]:
        """Make them; where they cannot be proved together, one half, and the other is left."""
        made = self._made([splices for _, _, splices in together])
        wanted = [(edit, found) for edit, found, _ in together]
        if made is not None and self._is_proved(made, wanted):
            self.text = made
            return []
        if len(together) == 1:
            self._otherwise(*wanted[0])
            return []
        half = len(together) // 2
        return self._make(together[:half]) + [edit for edit, _ in wanted[half:]]

    def _otherwise(self, edit: Edit, found: EditPlace) -> None:
        for manner in _MANNERS[1:]:
            made = self._try(edit, found, manner)
            if made is not None:
                self.text = made
                return
        self._refuse(edit, CannotEdit(_NOT_PROVED, _BY_HAND, found.holder.line))

    def _try(self, edit: Edit, found: EditPlace, manner: Manner) -> str | None:
        try:
            splices = Splicer(self._lines, manner).splices(found, edit.value)
        except (CannotEdit, ValueError):
            return None
        made = self._made([splices])
        return made if made is not None and self._is_proved(made, [(edit, found)]) else None

    def _apart(self, edits: Sequence[Edit]) -> tuple[list[_Located], list[Edit]]:
        together: list[_Located] = []
        left: list[Edit] = []
        taken: set[int] = set()
        splicer = Splicer(self._lines, _MANNERS[0])
        for edit in edits:
            try:
                found = find(self._parts, self._lines.text, edit)
                splices = splicer.splices(found, edit.value)
            except CannotEdit as cannot:
                self._refuse(edit, cannot)
                continue
            except ValueError:
                self._refuse(edit, CannotEdit("the value is no text of YAML", "change it by hand"))
                continue
            if id(found.holder) in taken:
                left.append(edit)
            else:
                taken.add(id(found.holder))
                together.append((edit, found, splices))
        return together, left

    def _made(self, splices: Iterable[list[Splice]]) -> str | None:
        try:
            return applied(self._lines.text, [one for some in splices for one in some])
        except CannotEdit:
            return None

    def _is_proved(self, made: str, wanted: Sequence[tuple[Edit, EditPlace]]) -> bool:
        """Tell whether the new text says what the old one said, and the edits."""
        try:
            after: Parts = parts_of(TextLines(made), self._file)
        except (YamlUnreadable, UnicodeEncodeError):
            return False
        return edit_proof.proves(self._parts, after, wanted)

    def _refuse(self, edit: Edit, cannot: CannotEdit) -> None:
        place = Place(self._file, cannot.line)
        told = f"{edit} cannot be written here: {cannot.what}"
        self.refused.append((edit, Problem(place, told, cannot.mend)))
