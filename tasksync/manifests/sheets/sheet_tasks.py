"""Rows to tasks: each cell read as its column says, keys given, parents found."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from tasksync.core.keys import is_key, normal_key
from tasksync.core.task import Problem
from tasksync.manifests.hints import did_you_mean, shown
from tasksync.manifests.sheets.cells import MOST_ROWS, Cell, Merge, Sheet, SheetRow, Unread
from tasksync.manifests.sheets.column_names import KEY, PARENT
from tasksync.manifests.sheets.sheet_columns import Column, Columns
from tasksync.manifests.sheets.sheet_values import Reads, is_empty, reader_of
from tasksync.manifests.unplaced import MOST_PROBLEMS, BadValue
from tasksync.manifests.writing import key_of
from tasksync.value_classes import dataclass


@dataclass(frozen=True, slots=True)
class SheetTask:
    """One row as a task: its key, its row, and its fields as the manifest will hold them.

    `empty` are the fields whose cells hold nothing.
    """

    key: str
    row: int
    fields: dict[str, object]
    empty: tuple[str, ...] = ()


class Rows(NamedTuple):
    """The rows below the names: tasks, what could be read of the others, and who holds nothing.

    `passed` are the numbers of rows that hold something, but nothing in the columns that are
    taken. `parts` have no key.
    """

    tasks: list[SheetTask]
    parts: list[SheetTask]
    passed: list[int]


def tasks_of(
    sheet: Sheet,
    columns: Columns,
    rows: Iterator[SheetRow],
    known: Collection[str],
    *,
    one_title: bool,
) -> Rows:
    """Return the tasks of all rows below the names; what is wrong is added to sheet.problems.

    `known` are the keys that the project has, which parents may be. `one_title`: without a column
    of keys no title may stand there twice.
    """
    reading = _Reading(sheet, columns)
    found = reading.tasks(rows, one_title=one_title)
    reading.find_parents(found, known)
    return Rows(found, reading.parts, reading.passed)


class _Reading:
    """One sheet while its rows are read."""

    def __init__(self, sheet: Sheet, columns: Columns) -> None:
        self._sheet = sheet
        self._columns = columns
        fields = [one for one in columns.taken if one.target != KEY]
        self._plan = [(one, one.number - 1, reader_of(one)) for one in fields]
        key = columns.of(KEY)
        self._key: tuple[Column, Reads] | None = (key, reader_of(key)) if key else None
        self._title = columns.of("title")
        self._last = max((one.number for one in columns.taken), default=0)
        self._keys: dict[str, int] = {}
        self._taken: set[str] = set()
        self.parts: list[SheetTask] = []
        self.passed: list[int] = []
        self._titles: dict[str, list[str]] = {}
        self._merged = _MergedAreas(sheet, columns)

    def tasks(self, rows: Iterator[SheetRow], *, one_title: bool) -> list[SheetTask]:
        found: list[SheetTask] = []
        for row in rows:
            if row.number <= self._columns.bottom:
                continue
            if len(self._sheet.problems) > MOST_PROBLEMS:
                break
            if len(found) >= MOST_ROWS:
                what = f"there are more than {MOST_ROWS} rows"
                self._say(row.number, None, what, "divide the sheet")
                break
            task = self._task(row.number, self._merged.filled(row), one_title=one_title)
            if task is not None:
                found.append(task)
        return found

    def find_parents(self, tasks: Sequence[SheetTask], known: Collection[str]) -> None:
        """Put keys where the parents' keys or titles stand; no task is above itself."""
        column = self._columns.of(PARENT)
        if column is None:
            return
        above: dict[str, str] = {}
        for task in tasks:
            written = task.fields.get(PARENT)
            if isinstance(written, str):
                try:
                    parent = self._parent(written, known)
                except BadValue as bad:
                    self._say(task.row, column, bad.what, bad.mend)
                    del task.fields[PARENT]
                else:
                    task.fields[PARENT] = above[task.key] = parent
        for circle in _circles(above):
            what = f"{' -> '.join((*circle, circle[0]))} is a circle of parents"
            self._say(self._keys[circle[0]], column, what, "clear one of these cells")

    def _parent(self, written: str, known: Collection[str]) -> str:
        key, found = normal_key(written), self._titles.get(written, [])
        if len(found) > 1 and self._key is None:  # a key that was made of either would be a guess
            raise BadValue(
                f"{len(found)} rows have the title {shown(written)}",
                "name a column of keys with --key, and write a key",
            )
        if key in self._keys or key in known:
            return key
        if len(found) == 1:
            return found[0]
        if found:
            raise BadValue(f"{len(found)} rows have the title {shown(written)}", "write a key")
        mend = did_you_mean(written, self._titles) or "write the title of a row, or a key"
        raise BadValue(f"{shown(written)} is neither the title of a row nor a key", mend)

    def _task(self, row: int, cells: Sequence[Cell], *, one_title: bool) -> SheetTask | None:
        """Return a row's task; None where it holds none, or what is wrong was said."""
        before = len(self._sheet.problems)
        fields: dict[str, object] = {}
        empty: list[str] = []
        width = len(cells)
        for column, at, read in self._plan:
            cell = cells[at] if at < width else None
            if cell is None or (cell.__class__ is str and not cell.strip()):
                empty.append(column.target)
                continue
            try:
                if cell.__class__ is Unread:
                    raise BadValue(*cell)  # noqa: TRY301 - told below
                fields[column.target] = read(cell)
            except BadValue as bad:
                self._say(row, column, bad.what, bad.mend)
        self._check_width(row, cells)
        if len(self._sheet.problems) > before:
            self._keep_part(row, fields)
            return None
        if not fields:
            if not all(map(is_empty, cells)):
                self.passed.append(row)
            return None
        title = fields.get("title")
        if not isinstance(title, str):
            self._say(row, self._title, "the row has no title", "give it one, or clear the row")
            self._keep_part(row, fields)
            return None
        key = self._key_of(row, cells, title, one_title=one_title)
        if key is None:
            self._keep_part(row, fields)
            return None
        self._titles.setdefault(" ".join(title.split()), []).append(key)
        return SheetTask(key, row, fields, tuple(empty))

    def _keep_part(self, row: int, fields: dict[str, object]) -> None:
        """Keep what could be read of a row, so that what else is wrong there is told too."""
        self.parts.append(SheetTask("", row, fields))

    def _check_width(self, row: int, cells: Sequence[Cell]) -> None:
        """Say where a row of a CSV holds more than columns are named: a divider in a cell."""
        if self._sheet.name or len(cells) <= self._columns.width:
            return
        for number in range(self._columns.width + 1, len(cells) + 1):
            if not is_empty(cells[number - 1]):
                what = "the cell stands beyond the last column that has a name"
                mend = "quote a cell that holds what divides the others"
                self._sheet.problems.append(Problem(self._sheet.place(row, number), what, mend))
                return

    def _key_of(
        self, row: int, cells: Sequence[Cell], title: str, *, one_title: bool
    ) -> str | None:
        column = self._title
        if self._key is None:
            key = key_of(title, set() if one_title else self._taken)
        else:
            column, read = self._key
            cell = cells[column.number - 1] if column.number <= len(cells) else None
            if is_empty(cell):
                self._say(row, column, "the row has no key", "give it one, or clear the row")
                return None
            try:
                label = str(_read(read, cell))
            except BadValue as bad:
                self._say(row, column, bad.what, bad.mend)
                return None
            key = normal_key(label)
            key = key if is_key(key) else key_of(label, set())
        if key in self._keys:
            first = self._sheet.place(self._keys[key], column.number if column else 1)
            what = f"the key {key} is that of {first} too"
            mend = "give one of them another" if self._key else "name a column of keys with --key"
            self._say(row, column, what, mend)
            return None
        self._keys[key] = row
        return key

    def _say(self, row: int, column: Column | None, what: str, mend: str) -> None:
        if column is None:
            self._sheet.problems.append(Problem(self._sheet.place_of(f"row {row}"), what, mend))
            return
        place = self._sheet.place(row, column.number)
        self._sheet.problems.append(Problem(place, f"{column.name}: {what}", mend))


def _read(read: Reads, cell: Cell) -> object:
    if isinstance(cell, Unread):
        raise BadValue(*cell)
    return read(cell)


def _circles(above: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    """Yield each circle of keys once, of who stands above whom."""
    done: set[str] = set()
    for first in above:
        path: dict[str, None] = {}
        key: str | None = first
        while key is not None and key not in done:
            done.add(key)
            path[key] = None
            key = above.get(key)
        if key in path:
            keys = tuple(path)
            yield keys[keys.index(str(key)) :]


class _MergedAreas:
    """What merged cells mean below the names: one value for all rows of a column.

    An area over several columns that are taken, or over several titles or keys, is a problem:
    nobody can tell what was meant.
    """

    def __init__(self, sheet: Sheet, columns: Columns) -> None:
        self._down: dict[int, list[Merge]] = {}
        self._values: dict[Merge, Cell] = {}
        by_number = {one.number: one for one in columns.taken}
        for area in sorted(sheet.merges):
            if area.top <= columns.bottom:
                continue
            taken = [by_number[n] for n in by_number if area.left <= n <= area.right]
            fault = _fault(area, taken)
            if fault:
                place = sheet.place(area.top, area.left)
                mend = "take the merging off, and write the value in each cell"
                sheet.problems.append(Problem(place, fault, mend))
            elif taken and area.bottom > area.top:
                self._down.setdefault(area.left, []).append(area)

    def filled(self, row: SheetRow) -> Sequence[Cell]:
        """Return the cells of a row, those of merged areas with the value of the area."""
        if not self._down:
            return row.cells
        cells = list(row.cells)
        for column, areas in self._down.items():
            at = bisect_right(areas, row.number, key=_top) - 1
            if at < 0 or areas[at].bottom < row.number:
                continue
            if areas[at].top == row.number:
                self._values[areas[at]] = cells[column - 1] if column <= len(cells) else None
            elif areas[at] in self._values:
                cells += [None] * (column - len(cells))
                cells[column - 1] = self._values[areas[at]]
        return cells


def _top(area: Merge) -> int:
    return area.top


def _fault(area: Merge, taken: Sequence[Column]) -> str:
    """Return what is wrong with a merged area, "" where it can be read."""
    names = [shown(one.name) for one in taken]
    if len(taken) > 1:
        return f"cells of {' and '.join(names)} are merged"
    if taken and taken[0].number != area.left:
        return f"a cell of {names[0]} is merged with one of another column"
    if taken and area.bottom > area.top and taken[0].target in {"title", KEY}:
        return f"cells of {names[0]} are merged over {area.bottom - area.top + 1} rows"
    return ""
