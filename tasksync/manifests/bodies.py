"""Bodies of recalled rows, read from the manifest when somebody asks, in one pass if in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tasksync.core.fields import TaskKey
from tasksync.core.task import Place, Problem, Task
from tasksync.errors import ManifestInvalid
from tasksync.manifests import parse_fast
from tasksync.manifests.columns import DIGEST, TaskColumns
from tasksync.manifests.header import FileHeader
from tasksync.manifests.parse_fast import RawTask
from tasksync.manifests.reader import YamlUnreadable
from tasksync.manifests.values import TASK_NAMES, Normaliser


class Bodies:
    """The tasks of one file by row: read once and not held when asked in order.

    Asked backwards, the file is read once more and held.
    Each body is checked against its row: when it does not fit, the file has changed since.
    """

    def __init__(
        self,
        file: FileHeader,
        normalisers: Sequence[Normaliser],
        rows: TaskColumns,
    ) -> None:
        self._file = file
        self._normalisers = normalisers
        self._rows = rows
        self._next = 0
        self._raw: Iterator[RawTask] = self._read()
        self._held: list[RawTask] | None = None

    def task(self, row: int) -> Task:
        """Return the task of a row; raises ManifestInvalid when the file has changed."""
        try:
            raw = self._at(row)
        except (YamlUnreadable, StopIteration, IndexError) as error:
            raise self._changed() from error
        return self._checked(row, raw)

    def _read(self) -> Iterator[RawTask]:
        file = self._file
        with file.source.open() as stream:
            yield from parse_fast.tasks(
                stream, file.name, TASK_NAMES, file.tasks_line, len(file.documents) - 1
            )

    def _at(self, row: int) -> RawTask:
        if self._held is None and row < self._next:
            self._held = list(self._read())
        if self._held is not None:
            return self._held[row]
        while self._next < row:
            next(self._raw)
            self._next += 1
        self._next += 1
        return next(self._raw)

    def _checked(self, row: int, raw: RawTask) -> Task:
        normalise = self._normalisers[raw.document]
        digest = bytes(self._rows.digests[row * DIGEST : (row + 1) * DIGEST])
        try:
            normal = normalise(normalise.with_defaults(raw.body))
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise self._changed() from error
        if raw.irregular or raw.key != self._rows.keys[row] or normal.digest != digest:
            raise self._changed()
        place = Place(self._file.name, raw.line, raw.column)
        return Task(TaskKey(raw.key), normal.fields, place, normal.options, normal.written)

    def _changed(self) -> ManifestInvalid:
        what = "the file changed while it was read"
        return ManifestInvalid((Problem(Place(self._file.name), what, "run it again"),))
