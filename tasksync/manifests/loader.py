"""Paths to a checked Manifest: the header at once, the tasks as a stream, all faults at its end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256
from io import BytesIO
from itertools import repeat
from typing import TYPE_CHECKING

import tasksync
from tasksync.core.address_book import AnyAddress, Directory
from tasksync.core.fields import TaskKey
from tasksync.core.keys import normal_key
from tasksync.core.manifest import Manifest, Moved, Wanted
from tasksync.core.state import EntryIndex
from tasksync.core.task import FieldProblem, Place, Problem, Task
from tasksync.errors import ManifestInvalid
from tasksync.manifests import files, fingerprints, header, key_index, parse_fast, reader, schema
from tasksync.manifests.bodies import Bodies
from tasksync.manifests.columns import DIGEST, TaskColumns
from tasksync.manifests.files import Hashed, Source
from tasksync.manifests.header import FileHeader, Header
from tasksync.manifests.key_index import FILE_SHIFT, KeyIndex
from tasksync.manifests.parse_fast import RawTask
from tasksync.manifests.reader import YamlUnreadable
from tasksync.manifests.unplaced import MOST_PROBLEMS, UnplacedProblem
from tasksync.manifests.values import TASK_NAMES, Normal, check_key
from tasksync.value_classes import replace

if TYPE_CHECKING:
    from tasksync.manifests.expanded import ExpandedTasks
#: how blocks are remembered: another form knows no block of this one
CONTEXT = "tasksync-rows-1"


def load(paths: Sequence[str], instead: Mapping[str, bytes] | None = None) -> Manifest:
    """Return the manifest under these files and folders; its tasks are read as it is iterated.

    `instead` are the bytes that files are going to have, those of rows too, by the name of the
    file: what was edited and is not written yet.

    Raises ManifestInvalid with every problem: at once where the header is at fault, else when
    the tasks are read to their end.
    """
    found, problems = files.find(paths)
    if instead:
        found = [replace(one, content=instead.get(one.name, one.content)) for one in found]
    return load_sources(found, problems, instead)


def load_sources(
    found: Sequence[Source],
    problems: Sequence[Problem] = (),
    instead: Mapping[str, bytes] | None = None,
) -> Manifest:
    """Return the manifest in these files, as `load` does; their content need not be on disk.

    `problems` are those of files that could not be found. `instead` is for the files of rows.
    """
    read = header.read(found, instead)
    read.problems += problems
    read.unread = read.unread or bool(problems)
    stream = _Stream(read)
    if read.problems:
        for _task in stream.rows(None, AnyAddress()):
            pass
    names = tuple(source.name for source in found if source.name not in read.data)
    root = files.folder_of(read.project_file)
    data = () if read.templates is None else tuple(read.templates.sources)
    return Manifest(
        project=read.project,
        tasks=stream.rows,
        files=names,
        root=root,
        remembered=tuple(sorted({files.within(root, name) for name in (*names, *data)})),
        policy=read.policy,
        moved=(
            *(Moved(old.key, new.key) for old, new in read.moved),
            *(Moved(old.key, new.key, where.key) for old, new, where in read.moved_here),
        ),
        removed=tuple(named.key for named in read.removed),
        timezone=read.timezone,
        source_fingerprints=stream.source_fingerprints,
        written=lambda: stream.written,
        located=stream.located,
        people=read.names.means,
    )


class _Stream:
    """Reads all tasks once and knows at the end what was wrong."""

    def __init__(self, read: Header) -> None:
        self._header = read
        self._key_index = KeyIndex([file.name for file in read.files])
        self._problems = read.problems
        self._failed: dict[int, set[int]] = {}
        self._parsed: set[int] = set()  # files of which every block was parsed
        self._apart: set[str] = set()  # keys whose block alone was parsed
        self._asked: dict[int, bytearray] = {}  # digests of all tasks of those files, in order
        self._complete = not read.unread
        self._known = False  # whether a block was recalled: its context was good before
        self.written: dict[TaskKey, Mapping[str, str]] = {}
        self._same: dict[tuple[tuple[str, str], ...], Mapping[str, str]] = {}
        self._directory: Directory | None = None
        self._is_valid = schema.checker(schema.WHOLE_TASK)
        self._expanded = _expanded(read, self._key_index, self._noted)

    def rows(
        self, index: EntryIndex | None = None, directory: Directory | None = None
    ) -> Iterator[Wanted]:
        """Yield the good tasks of all files; raises ManifestInvalid at the end.

        Nothing is recalled where what is remembered of people leads elsewhere by now.
        """
        if index and directory is not None and not directory.unchanged():
            index = None
        self._directory = directory
        header.look_up(self._header, directory)
        for number, file in enumerate(self._header.files):
            try:
                yield from self._file(number, file, index)
            except YamlUnreadable as broken:
                self._problems.append(broken.problem)
                self._complete = False
        if self._expanded is not None:
            yield from self._expanded.rows(index, self._context(*range(len(self._header.files))))
            self._known = self._known or self._expanded.recalled
            self._complete = self._complete and not self._expanded.failed
        self._finish()
        if directory is not None:
            directory.must_have_answered()

    def source_fingerprints(self, keys: Collection[TaskKey] = ()) -> dict[TaskKey, bytes]:
        """Return the source fingerprints of tasks, where that may be remembered.

        Of the blocks that were parsed, and of these keys.
        """
        asked = self._apart.union(keys)
        index = self._key_index
        written = (key for key in asked if key in index.keys and not index.is_expanded(key))
        files = {index.file_of(key) for key in written}
        known: dict[TaskKey, bytes] = {}
        for number, lines in self._key_index.lines(files | self._parsed).items():
            found = self._fingerprints_of(number, lines)
            if number not in self._parsed:
                found = {key: found[key] for key in found.keys() & asked}
            known |= found
        if self._expanded is not None:
            known |= self._expanded.fingerprints(keys)
        return known

    def located(self, found: Collection[FieldProblem]) -> tuple[Problem, ...]:
        """Return faults of fields that the portal told where those are written."""
        from tasksync.manifests import diagnose

        beside = self._by_file((one.key, _unplaced(one)) for one in found)
        problems = self._of_templates(beside)
        for number, faults in beside.items():
            file, normalisers = self._header.files[number], self._header.normalisers[number]
            wanted = diagnose.Suspects(set(), faults, set(), file.strange)
            problems += diagnose.problems(file.source, normalisers, wanted, MOST_PROBLEMS)
        return tuple(_shown(problems)) or tuple(one.problem for one in found)

    def _by_file(
        self, faults: Iterable[tuple[str, UnplacedProblem]]
    ) -> dict[int, dict[str, list[UnplacedProblem]]]:
        """Return faults by the number of the file and the key of the task."""
        found: dict[int, dict[str, list[UnplacedProblem]]] = {}
        for key, fault in faults:
            of_file = found.setdefault(self._key_index.file_of(key), {})
            of_file.setdefault(key, []).append(fault)
        return found

    def _of_templates(self, beside: dict[int, dict[str, list[UnplacedProblem]]]) -> list[Problem]:
        """Take the faults of expanded tasks out of those of all files, and return them in words."""
        if self._expanded is None:
            return []
        numbers = [number for number in beside if number >= len(self._header.files)]
        faults = {key: told for number in numbers for key, told in beside.pop(number).items()}
        return self._expanded.problems(faults)

    def _fingerprints_of(self, number: int, keys: Mapping[int, str]) -> dict[TaskKey, bytes]:
        file, context = self._header.files[number], self._context(number)
        try:
            with file.source.open() as opened:
                stream = Hashed(opened)
                parsed = fingerprints.Parsed(
                    keys, self._key_index.parents, bytes(self._asked[number])
                )
                found = fingerprints.fingerprints_of(stream, file.tasks_line, context, parsed)
                stream.check(file.look.digest, file.name)
        except YamlUnreadable:
            return {}
        adopting = {key for keys in self._key_index.adopts.values() for key in keys}
        return {key: digest for key, digest in found.items() if key not in adopting}

    def _file(self, number: int, file: FileHeader, index: EntryIndex | None) -> Iterable[Wanted]:
        context = self._context(number)
        if index and (recalled := self._recalled(number, file, context, index)):
            rows, body = recalled
            return _wanted(file.name, rows, body)
        return self._fresh(number, file)

    def _context(self, *numbers: int) -> str:
        """Return what the tasks of files depend on beside their own text, people included."""
        moves = 0 if self._directory is None else self._directory.moves
        told = b"\n".join(self._header.contexts[number] for number in numbers)
        return _context(told + b"\nmoves %d" % moves if moves else told)

    def _recalled(
        self, number: int, file: FileHeader, context: str, index: EntryIndex
    ) -> tuple[TaskColumns, Callable[[int], Task]] | None:
        """Return a file of which the state knows most blocks; None where it is to be parsed."""
        with file.source.open() as opened:
            stream = Hashed(opened)
            found = fingerprints.recall(stream, file.tasks_line, context, index)
            if found is None:
                return None
            stream.check(file.look.digest, file.name)
        rows, parsed = found.rows, {}
        try:
            rest = (
                parse_fast.tasks(BytesIO(found.rest), file.name, TASK_NAMES)
                if found.unknown
                else ()
            )
            for row, raw in zip(found.unknown, rest, strict=True):
                normal = self._normal(number, raw)
                if normal is None or raw.key is None or raw.line != rows.lines[row]:
                    return None
                rows.put(row, raw.key, normal.digest, normal.parent, normal.options.adopt)
                parsed[row] = partial(_task, file.name, raw, normal)
        except (YamlUnreadable, ValueError):
            return None
        if not self._key_index.take(number, rows):
            return None
        self._apart.update(rows.keys[row] for row in parsed)
        self._asked[number] = rows.digests
        self._known = True
        bodies = Bodies(file, self._header.normalisers[number], rows)
        return rows, lambda row: parsed[row]() if row in parsed else bodies.task(row)

    def _fresh(self, number: int, file: FileHeader) -> Iterator[Wanted]:
        self._parsed.add(number)
        name, documents = file.name, len(file.documents)
        asked, strange = self._asked.setdefault(number, bytearray()), file.strange
        with file.source.open() as opened:
            found = parse_fast.tasks(opened, name, TASK_NAMES, file.tasks_line, documents - 1)
            for ordinal, raw in enumerate(found):
                if raw.document in strange:
                    continue
                normal = self._checked(number, file, raw)
                if normal is None or raw.key is None:
                    self._failed.setdefault(number, set()).add(ordinal)
                    continue
                adopt, parent = normal.options.adopt, normal.parent
                asked += normal.digest
                if adopt is not None:
                    self._key_index.adopts.setdefault(adopt, []).append(raw.key)
                body = partial(_task, name, raw, normal)
                yield Wanted(TaskKey(raw.key), normal.digest, parent, name, raw.line, body)

    def _checked(self, number: int, file: FileHeader, raw: RawTask) -> Normal | None:
        """Return a task in normal form, or None where it is left to be explained."""
        key_index, key, body = self._key_index, raw.key, raw.body
        if key is None:
            return None
        if key in key_index.keys:
            place = Place(file.name, raw.line, raw.column)
            self._problems.append(key_index.repeated(key, place))
            return None
        key_index.keys[key] = number << FILE_SHIFT | raw.line
        if "parent" in body and isinstance(body["parent"], str):
            key_index.parents[key] = normal_key(body["parent"])
        return self._normal(number, raw)

    def _normal(self, number: int, raw: RawTask) -> Normal | None:
        normalise = self._header.normalisers[number][raw.document]
        try:
            check_key(raw.key or "")
            block = normalise.with_defaults(raw.body)
            if not raw.irregular and self._is_valid(block):
                return self._noted(raw.key, normalise(block))
        except ValueError:
            pass  # it is explained with its place later
        return None

    def _noted(self, key: str | None, normal: Normal) -> Normal:
        """Keep what was written for values; tasks that say the same share it."""
        if normal.written:
            words = tuple(normal.written.items())
            self.written[TaskKey(str(key))] = self._same.setdefault(words, normal.written)
        return normal

    def _finish(self) -> None:
        faults = self._key_index.faults(complete=self._complete)
        beside = self._by_file((one.key, one.problem) for one in faults)
        self._problems += self._of_templates(beside)
        self._problems += key_index.renames(self._header, self._key_index, complete=self._complete)
        failed = self._expanded is not None and self._expanded.failed
        if self._failed or failed or not self._known:
            self._problems += self._header.faults_of_dates()
        for number in sorted(self._failed.keys() | beside.keys()):
            if len(self._problems) > MOST_PROBLEMS:
                break
            from tasksync.manifests import diagnose

            file, normalisers = self._header.files[number], self._header.normalisers[number]
            places = [problem.place for problem in self._problems]
            wanted = diagnose.Suspects(
                self._failed.get(number, set()),
                beside.get(number, {}),
                {(place.line, place.column) for place in places if place.file == file.name},
                file.strange,
            )
            self._problems += diagnose.problems(file.source, normalisers, wanted, MOST_PROBLEMS)
        self._problems += self._header.names.problems
        if (self._failed or failed) and not self._problems:  # it was another a second time
            name = self._header.files[min(self._failed, default=0)].name
            what = "the file changed while it was read"
            self._problems.append(Problem(Place(name), what, "run it again"))
        if self._problems:
            raise ManifestInvalid(tuple(_shown(self._problems)))


def _unplaced(one: FieldProblem) -> UnplacedProblem:
    told = one.problem
    if one.named:
        return UnplacedProblem(one.path[:-1], told.what, told.mend, name=one.path[-1])
    return UnplacedProblem(one.path, told.what, told.mend)


def _expanded(
    read: Header, key_index: KeyIndex, noted: Callable[[str | None, Normal], Normal]
) -> ExpandedTasks | None:
    """Return what expands the uses of templates; None, and nothing imported, where is none."""
    if read.templates is None:
        return None
    from tasksync.manifests.expanded import ExpandedTasks

    return ExpandedTasks(read, read.templates, key_index, noted)


def _context(told: bytes) -> str:
    """Return what a task depends on beside its own text: defaults, zone, parser, schema, us."""
    parts = (CONTEXT, tasksync.__version__, reader.version(), schema.digest())
    return sha256(b"\0".join([*(part.encode() for part in parts), told])).hexdigest()[:32]


def _wanted(file: str, rows: TaskColumns, body: Callable[[int], Task]) -> Iterator[Wanted]:
    ends = range(0, len(rows.digests), DIGEST)
    digests, parents = bytes(rows.digests), rows.parents.get
    columns = zip(
        rows.keys,
        (digests[at : at + DIGEST] for at in ends),
        map(parents, range(len(rows.keys))),
        repeat(file),
        rows.lines,
        map(partial, repeat(body), range(len(rows.keys))),
        strict=False,
    )
    # what Wanted(...) does for one row, without a Python call for each of a hundred thousand
    return map(partial(tuple.__new__, Wanted), columns)


def _shown(problems: list[Problem]) -> list[Problem]:
    unique = {(p.place.file, p.place.line, p.place.column, p.what): p for p in problems}
    ordered = [unique[at] for at in sorted(unique)]
    return ordered[:MOST_PROBLEMS]


def _task(file: str, raw: RawTask, normal: Normal) -> Task:
    place = Place(file, raw.line, raw.column)
    return Task(TaskKey(str(raw.key)), normal.fields, place, normal.options, normal.written)
