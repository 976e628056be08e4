"""`import SHEET`: rows of a spreadsheet become tasks of a manifest, or change those made before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tasksync import file_limits
from tasksync.cli.console import Console
from tasksync.cli.options import ConfirmOptions
from tasksync.cli.settings import DEFAULT_MANIFEST
from tasksync.cli.sheet_place import LONGEST_NAME, ImportPlace, SheetImport, some
from tasksync.cli.update_sheet import update
from tasksync.core.quoting import shortened
from tasksync.errors import SettingsError, UsageError
from tasksync.manifests import files
from tasksync.manifests.files import Source
from tasksync.manifests.sheets.cells import SIZE_LIMIT
from tasksync.manifests.sheets.sheet_checks import (
    check,
    has_days,
    has_local_times,
    normalisers_of,
)
from tasksync.manifests.sheets.sheet_file import (
    SheetContent,
    SheetWanted,
    raise_problems,
    read_sheet,
    said_of,
)
from tasksync.manifests.unplaced import BadValue
from tasksync.manifests.writing import (
    WrittenTask,
    added_to,
    new_document,
    write_atomically,
)
from tasksync.operating_system import quoted as quoted_word
from tasksync.render.wording import count

#: what a bare date means in a manifest that begins with a sheet: a day's work
_HOURS: Mapping[str, str] = {"start": "09:00", "end": "18:00"}


def sheet_import(read: Mapping[str, Any]) -> SheetImport:
    """Return what was asked; `read` is what argparse read."""
    paths = tuple(read["file"] or ())
    if not paths and Path(DEFAULT_MANIFEST).exists():
        paths = (DEFAULT_MANIFEST,)
    return SheetImport(
        read["sheet"],
        read["out"],
        ConfirmOptions(read["yes"], read["no_input"]),
        paths,
        name=read["sheet_name"],
        mapped=tuple(read["map"] or ()),
        key=read["key"],
        encoding=read["encoding"],
        delimiter=read["delimiter"],
        project=read["project"],
        timezone=read["timezone"],
        update=read["update"],
    )


def import_sheet(asked: SheetImport, console: Console) -> int:
    """Read the whole sheet, check it as the manifest would, and only then write."""
    wanted = _wanted(asked)
    content = _content(asked.sheet)
    place = ImportPlace.of(asked)
    read = read_sheet(wanted, content, place.known, one_title=asked.update)
    header = _header(asked, place, read)
    sources = place.sources or [_stand_in(asked.out, header)]
    into = place.name if asked.update or place.takes_more() else None
    normalisers = normalisers_of(sources, into)
    check(read, normalisers[-1])
    raise_problems(read.sheet)
    _note(console, read)
    if asked.update:
        return update(asked, console, place, read, normalisers)
    return _add(asked, console, place, read, header)


def _wanted(asked: SheetImport) -> SheetWanted:
    try:
        said = said_of(asked.mapped, asked.key)
    except BadValue as bad:
        raise UsageError(f"{bad.what}.", f"{bad.mend[:1].upper()}{bad.mend[1:]}.") from bad
    return SheetWanted(asked.sheet, asked.name, said, asked.encoding, asked.delimiter)


def _content(sheet: str) -> bytes:
    try:
        return file_limits.read(sheet, SIZE_LIMIT)
    except (OSError, ValueError) as error:
        what = f"{sheet} cannot be read: {file_limits.why(error)}."
        raise SettingsError(what, "Name a CSV or an XLSX file.") from error


def _header(asked: SheetImport, place: ImportPlace, read: SheetContent) -> Mapping[str, object]:
    """Return what a new document says beside its tasks: nothing where a manifest has a project."""
    if place.sources:
        _must_agree("project", asked.project, place.project)
        _must_agree("timezone", asked.timezone, place.timezone)
        return {}
    if asked.project is None:
        what = "No manifest says which project the tasks are of."
        advice = "Name it with -f, make one with tasksync init, or give --project NAME."
        raise UsageError(what, advice)
    rows = [*read.tasks, *read.parts]
    header: dict[str, object] = {"project": asked.project}
    if asked.timezone is not None:
        header["timezone"] = asked.timezone
    elif has_local_times(rows):
        what = "The dates of the sheet have no offset from UTC."
        raise UsageError(what, "Say where they were written: --timezone Europe/Berlin.")
    return header | ({"hours": _HOURS} if has_days(rows) else {})


def _must_agree(name: str, asked: str | None, said: str | None) -> None:
    """Raise UsageError for a flag that the manifest does not follow: other dates would come out."""
    if asked is not None and asked != said:
        has = f"is {said}" if said else "is not said"
        raise UsageError(
            f"--{name} says {asked}, and in the manifest {name} {has}.",
            f"Leave --{name} out and write it in the manifest, or name another manifest with -f.",
        )


def _stand_in(out: str, header: Mapping[str, object]) -> Source:
    """Return a new manifest before it has tasks: what checks them."""
    return Source(out, Path(out), new_document(header, ()).encode())


def _add(
    asked: SheetImport,
    console: Console,
    place: ImportPlace,
    read: SheetContent,
    header: Mapping[str, object],
) -> int:
    """Write the tasks that the project does not have yet."""
    known = place.known
    new = [task for task in read.tasks if task.key not in known]
    there = [task for task in read.tasks if task.key in known]
    if there:
        console.tell(
            f"{count(len(there), 'task')} {_are(len(there))} there already and left out: "
            f"{some(task.key for task in there)}. --update takes over what changed in the sheet."
        )
    if not new:
        console.say(f"{_source(read)} holds no task that is not there already.")
        return 0
    written = [WrittenTask(task.key, task.fields) for task in new]
    if place.before is None:
        text = new_document(header, written)
    else:
        text = added_to(place.before.decode(), written)
    content = text.encode()
    place.must_hold_together(content, read.columns)
    write_atomically(asked.out, content, place.before)
    tasks = count(len(new), "task")
    console.say(f"{tasks} of {_source(read)} {_were(len(new))} written to {asked.out}.")
    console.tell(f"Next: tasksync plan {_flags(asked)}")
    return 0


def _note(console: Console, read: SheetContent) -> None:
    """Tell how the sheet was understood: what was guessed, and what was not taken."""
    if read.sheet.read_as:
        console.tell(f"{read.sheet.file} was read as {read.sheet.read_as}.")
    taken = ", ".join(
        f"{one.target} from {shortened(one.name, LONGEST_NAME)}" for one in read.columns.taken
    )
    console.tell(f"Taken: {taken}.")
    if read.columns.ignored:
        names = some(read.columns.ignored)
        console.tell(f'Not taken: {names}. --map field="Column" takes a column.')
    if read.passed:
        rows = some(map(str, read.passed))
        console.tell(f"Nothing in these columns, and left out: row{_s(read.passed)} {rows}.")


def _flags(asked: SheetImport) -> str:
    """Return the -f that names all manifests, the new file among them."""
    paths = list(asked.files)
    whole = files.whole(asked.out)
    if not any(whole == files.whole(one) or _holds(one, whole) for one in paths):
        paths.append(asked.out)
    return " ".join(f"-f {quoted_word(one)}" for one in paths)


def _holds(folder: str, whole: str) -> bool:
    """Tell whether a folder that -f named is one that a file stands in."""
    return Path(folder).is_dir() and whole.startswith(files.whole(folder) + "/")


def _source(read: SheetContent) -> str:
    sheet = f", sheet {read.sheet.name}," if read.sheet.name else ""
    return f"{read.sheet.file}{sheet}"


def _s(many: Sequence[object]) -> str:
    return "s" * (len(many) != 1)


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"
