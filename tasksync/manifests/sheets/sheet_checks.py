"""Tasks of a sheet held against the manifest that they go into: what it would refuse, by cell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from heapq import merge
from typing import Any

from tasksync.core.address_book import AnyAddress
from tasksync.core.fields import FIELDS, FieldKind
from tasksync.core.task import Problem
from tasksync.errors import ManifestInvalid
from tasksync.late_patterns import pattern_of
from tasksync.manifests import header, schema
from tasksync.manifests.directory_names import ADD_NAME, NAMED_FIELDS
from tasksync.manifests.files import Source
from tasksync.manifests.hints import shown
from tasksync.manifests.sheets.cells import Sheet
from tasksync.manifests.sheets.sheet_columns import Column, Columns
from tasksync.manifests.sheets.sheet_file import SheetContent
from tasksync.manifests.sheets.sheet_tasks import SheetTask
from tasksync.manifests.unplaced import MOST_PROBLEMS, UnplacedProblem
from tasksync.manifests.values import Normaliser

#: the fields that are dates
DATES = tuple(name for name, one in FIELDS.items() if one.kind is FieldKind.INSTANT)
#: what is right or wrong whatever else stands in the row
_ALONE = NAMED_FIELDS | {*DATES}
_DAY = pattern_of(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_LOCAL = pattern_of(r"\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?)?", re.ASCII)


def has_days(tasks: Sequence[SheetTask]) -> bool:
    """Tell whether some date has no time, which `hours` would give it."""
    return _any_date(tasks, _DAY)


def has_local_times(tasks: Sequence[SheetTask]) -> bool:
    """Tell whether some date has no offset, which `timezone` would give it."""
    return _any_date(tasks, _LOCAL)


def _any_date(tasks: Sequence[SheetTask], form: re.Pattern[str]) -> bool:
    return any(
        isinstance(value := task.fields.get(name), str) and form.fullmatch(value)
        for task in tasks
        for name in DATES
    )


def normalisers_of(sources: Sequence[Source], out: str | None) -> Sequence[Normaliser]:
    """Return what checks tasks of the documents of the file `out`, or, for None, of a new one.

    A new one takes the defaults of the document that holds the project. Raises ManifestInvalid.
    """
    read = header.read(sources)
    if not read.problems:
        header.look_up(read, AnyAddress())
    if read.problems:
        raise ManifestInvalid(tuple(read.problems))
    names = [file.name for file in read.files]
    if out in names:
        return read.normalisers[names.index(out)]
    number = names.index(read.project_file)
    documents = read.files[number].documents
    [holds] = [at for at, node in enumerate(documents) if "project" in node.names]
    return [read.normalisers[number][holds]]


def check(read: SheetContent, normalise: Normaliser) -> None:
    """Add what the manifest would refuse to the sheet's problems, each at its cell."""
    checks = _Checks(read.sheet, read.columns, normalise)
    for task in merge(read.tasks, read.parts, key=_row):  # what is said once is said at the first
        if checks.found > MOST_PROBLEMS:
            break
        if task.key:
            checks.check(task)
        else:
            checks.check_part(task)
    checks.say_of_columns()


class _Checks:
    """What is wrong with many cells alike is said once, at the first of them.

    That is what concerns a whole column (no hours, no zone, nobody responsible), and a person or
    a group that is not known: the same names stand in row after row.
    """

    def __init__(self, sheet: Sheet, columns: Columns, normalise: Normaliser) -> None:
        self._sheet = sheet
        self._columns = columns
        self._normalise = normalise
        self._is_valid = schema.checker(schema.WHOLE_TASK)
        self._untimed = {name for name in DATES if self._fails({name: "2026-06-15"})}
        self._unzoned = {name for name in DATES if self._fails({name: "2026-06-15T12:00"})}
        self._whole: dict[tuple[str, str], list[int]] = {}
        self._named: dict[tuple[Column, str, str], list[int]] = {}

    def check(self, task: SheetTask) -> None:
        """Look at one task."""
        fields = self._without_known(task)
        block = self._normalise.with_defaults(fields)
        try:
            if self._is_valid(block):
                self._normalise(dict(block))
                return
        except ValueError:
            pass  # said below, in words
        for fault in self._faults(block):
            if fault.what:
                self._say(task, fault)

    def check_part(self, part: SheetTask) -> None:
        """Look at what could be read of a row: people, groups and dates; the rest may hang on it.

        Who knows all names that are missing writes them down once.
        """
        fields = self._without_known(part)
        known = {name: fields[name] for name in _ALONE & fields.keys()}
        for fault in self._normalise.faults(known):
            if fault.what:
                self._say(part, fault)

    def say_of_columns(self) -> None:
        """Say what concerns whole columns and names, once each, with the number of cells."""
        for (named, fault, mend), rows in self._named.items():
            self._add(rows, named, fault, mend)
        for (name, fault), rows in self._whole.items():
            column = self._columns.of(name)
            mend = _FILL if fault is _NOBODY and column else _MENDS[fault]
            self._add(rows, column, fault, mend)

    @property
    def found(self) -> int:
        """How many problems of cells and names there are so far."""
        return len(self._sheet.problems) + len(self._named)

    def _add(self, rows: Sequence[int], column: Column | None, fault: str, mend: str) -> None:
        """Add a problem of some rows, at the first of them."""
        more = f", here and in {_rows(len(rows) - 1)} more" if len(rows) > 1 else ""
        if column is None:
            place, what = self._sheet.place_of(f"row {rows[0]}"), f"{fault}{more}"
        else:
            place = self._sheet.place(rows[0], column.number)
            what = f"{column.name}: {fault}{more}"
        self._sheet.problems.append(Problem(place, what, mend))

    def _fails(self, block: Mapping[str, object]) -> bool:
        return any(True for _fault in self._normalise.faults(block))

    def _without_known(self, task: SheetTask) -> Mapping[str, object]:
        """Return the fields but those whose column is at fault as a whole, which is noted."""
        fields = task.fields
        for name in DATES:
            value = fields.get(name)
            if not isinstance(value, str):
                continue
            what = ""
            if name in self._unzoned and _LOCAL.fullmatch(value):
                what = _NO_ZONE
            elif name in self._untimed and _DAY.fullmatch(value):
                what = _NO_HOURS
            if what:
                self._whole.setdefault((name, what), []).append(task.row)
                fields = {one: fields[one] for one in fields if one != name}
        return fields

    def _faults(self, block: Mapping[str, object]) -> Iterator[UnplacedProblem]:
        if self._is_valid(block):
            yield from self._normalise.faults(block)
        else:
            yield from schema.faults(schema.WHOLE_TASK, block)

    def _say(self, task: SheetTask, fault: UnplacedProblem) -> None:
        name = str(fault.path[0]) if fault.path else ""
        if not name and fault.what.startswith("responsibleId"):
            self._whole.setdefault(("responsibleId", _NOBODY), []).append(task.row)
            return
        column = self._columns.of(name)
        if column is None or name not in NAMED_FIELDS:
            self._add([task.row], column, fault.what, fault.mend)
            return
        rows = self._named.setdefault((column, fault.what, _mend_of_name(task, fault)), [])
        if rows[-1:] != [task.row]:
            rows.append(task.row)


_NO_ZONE = "the dates have no offset, and the project has no timezone"
_NO_HOURS = "the dates have no time, and the project does not say which they mean"
_NOBODY = "nobody is responsible"
_MENDS: Mapping[str, str] = {
    _NO_ZONE: "give the project a timezone: timezone: Europe/Berlin",
    _NO_HOURS: 'give the project hours: hours: {start: "09:00", end: "18:00"}',
    _NOBODY: (
        'name the column with --map responsibleId="Column", or give the project '
        "defaults: {responsibleId: anna@example.com}"
    ),
}
_FILL = "fill the cell in, or give the project defaults: {responsibleId: anna@example.com}"


def _mend_of_name(task: SheetTask, fault: UnplacedProblem) -> str:
    """Return how a name in a sheet is mended: what to write into the manifest, word for word."""
    if fault.mend != ADD_NAME:
        return fault.mend
    written: Any = task.fields[str(fault.path[0])]
    for step in fault.path[1:]:
        written = written[step]
    return (
        f"give the project people: {{{shown(written)}: anna@example.com}}, or write the address "
        "here; tasksync people lists them"
    )


def _row(task: SheetTask) -> int:
    return task.row


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"
