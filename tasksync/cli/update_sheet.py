"""`import SHEET --update`: what changed in a sheet is shown, asked about, and written in place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tasksync.cli.confirmation import must_be_wanted
from tasksync.cli.console import Console
from tasksync.cli.sheet_place import ImportPlace, SheetImport, some
from tasksync.errors import ManifestInvalid, UsageError
from tasksync.manifests.editing.editing import edited
from tasksync.manifests.editing.edits import REMOVED, Edit
from tasksync.manifests.sheets.sheet_file import SheetContent
from tasksync.manifests.sheets.sheet_update import SheetChange, changes_of, own_blocks
from tasksync.manifests.values import Normaliser
from tasksync.manifests.writing import write_atomically
from tasksync.render.wording import count

#: of a value so much is shown on its line (characters)
_SHOWN = 200


def update(
    asked: SheetImport,
    console: Console,
    place: ImportPlace,
    read: SheetContent,
    normalisers: Sequence[Normaliser],
) -> int:
    """Show what the sheet changes in the tasks of `--out`, ask, and write it; nothing else.

    Rows of new keys, and tasks that no row has, are told and left alone.
    """
    source = place.source()
    if source is None or place.before is None:
        raise UsageError(f"There is no {asked.out} to update.", "Leave --update out at first.")
    blocks = own_blocks(source)
    changes = changes_of(read.tasks, blocks, normalisers)
    _tell_others(console, asked, place, read, blocks)
    if not changes:
        console.say(f"No changes. {asked.out} says what the sheet says.")
        return 0
    console.say("\n".join(_lines(changes)))
    tasks = len({change.key for change in changes})
    console.say(f"\nUpdate: {count(len(changes), 'field')} of {count(tasks, 'task')}.")
    content = _edited(place.name, place.before, changes)
    place.must_hold(content)
    question = f"Write {count(len(changes), 'change')} to {asked.out}?"
    must_be_wanted(asked.confirm, console, "The update", question, "Nothing was written.")
    write_atomically(asked.out, content, place.before)
    console.say(f"{asked.out} was updated.")
    return 0


def _edited(name: str, before: bytes, changes: Sequence[SheetChange]) -> bytes:
    """Return the file's new bytes; raises ManifestInvalid where a place cannot be edited."""
    edits = [
        Edit(("tasks", one.key, one.field), REMOVED if one.leaves else one.after)  # type: ignore[arg-type]
        for one in changes
    ]
    found = edited(before, name, edits)
    if found.refused:
        raise ManifestInvalid(tuple(problem for _edit, problem in found.refused))
    return found.content


def _tell_others(
    console: Console,
    asked: SheetImport,
    place: ImportPlace,
    read: SheetContent,
    blocks: Mapping[str, object],
) -> None:
    """Tell which rows and tasks this leaves alone."""
    rows = {task.key for task in read.tasks}
    new = [task.key for task in read.tasks if task.key not in place.known]
    elsewhere = [key for key in rows if key in place.known and key not in blocks]
    gone = [key for key in blocks if key not in rows]
    if new:
        console.tell(
            f"New in the sheet, and left out: {some(new)}. Without --update they are added."
        )
    if elsewhere:
        console.tell(f"Not written out in {asked.out}, and left alone: {some(sorted(elsewhere))}.")
    if gone:
        console.tell(f"In no row of the sheet, and left alone: {some(gone)}.")


def _lines(changes: Sequence[SheetChange]) -> Iterator[str]:
    """Yield what changes, a task's fields under its key."""
    key = None
    for change in changes:
        if change.key != key:
            key = change.key
            yield f"  ~ {key}  (row {change.row})"
        yield f"      {change.field}: {_shown(change.before)} -> {_shown(change.after)}"


def _shown(value: object) -> str:
    match value:
        case None:
            return "(nothing)"
        case str():
            text = value if value.isprintable() and value else ascii(value)
            text = repr(value) if "\n" in value else text
        case list():
            text = f"[{', '.join(map(str, value))}]"
        case {"id": number}:
            text = f"task {number}"
        case _:
            text = str(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
