"""Tasks of a sheet held against the manifest that they go into: what it would refuse, by cell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from tasksync.core.address_book import AnyAddress
from tasksync.core.fields import FIELDS, FieldKind
from tasksync.core.task import Problem
from tasksync.errors import ManifestInvalid
from tasksync.manifests import header, schema
from tasksync.manifests.files import Source
from tasksync.manifests.sheets.cells import Sheet
from tasksync.manifests.sheets.sheet_columns import Columns
from tasksync.manifests.sheets.sheet_tasks import SheetTask
from tasksync.manifests.unplaced import MOST_PROBLEMS, UnplacedProblem
from tasksync.manifests.values import Normaliser

#: the fields that are dates
DATES = tuple(name for name, one in FIELDS.items() if one.kind is FieldKind.INSTANT)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_LOCAL = re.compile(r"\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?)?", re.ASCII)


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


def check(
    sheet: Sheet, columns: Columns, tasks: Sequence[SheetTask], normalise: Normaliser
) -> None:
    """Add what the manifest would refuse to the sheet's problems, each at its cell."""
    checks = _Checks(sheet, columns, normalise)
    for task in tasks:
        if len(sheet.problems) > MOST_PROBLEMS:
            return
        checks.check(task)
    checks.say_of_columns()


class _Checks:
    """What is wrong with a whole column is said once: no hours, no zone, nobody responsible."""

    def __init__(self, sheet: Sheet, columns: Columns, normalise: Normaliser) -> None:
        self._sheet = sheet
        self._columns = columns
        self._normalise = normalise
        self._is_valid = schema.checker(schema.WHOLE_TASK)
        self._untimed = {name for name in DATES if self._fails({name: "2026-06-15"})}
        self._unzoned = {name for name in DATES if self._fails({name: "2026-06-15T12:00"})}
        self._whole: dict[tuple[str, str], list[int]] = {}

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

    def say_of_columns(self) -> None:
        """Say what concerns whole columns, once each, with the number of cells."""
        for (name, fault), rows in self._whole.items():
            column = self._columns.of(name)
            many = f", here and in {_rows(len(rows) - 1)} more" if len(rows) > 1 else ""
            if column is None:
                place, what = self._sheet.place_of(f"row {rows[0]}"), f"{fault}{many}"
            else:
                place = self._sheet.place(rows[0], column.number)
                what = f"{column.name}: {fault}{many}"
            mend = _FILL if fault is _NOBODY and column else _MENDS[fault]
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
        if column is None:
            place = self._sheet.place_of(f"row {task.row}")
            self._sheet.problems.append(Problem(place, fault.what, fault.mend))
            return
        place = self._sheet.place(task.row, column.number)
        what = f"{column.name}: {fault.what}"
        self._sheet.problems.append(Problem(place, what, fault.mend))


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


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"
