"""The files that hold manifests: found, named as the person named them, and looked over once."""

from __future__ import annotations

import os
import stat
from codecs import utf_8_decode
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from io import BufferedIOBase, BytesIO
from pathlib import Path
from typing import IO

from tasksync import file_limits, operating_system
from tasksync.core.task import Place, Problem
from tasksync.late_patterns import pattern_of
from tasksync.manifests.reader import YamlUnreadable, position_at
from tasksync.value_classes import dataclass

SUFFIXES = (".yaml", ".yml")
#: a manifest of a million tasks has about 400 MB
SIZE_LIMIT = 1 << 30
#: what is no regular file is held in memory
PIPE_LIMIT = 64 << 20
CHUNK = 1 << 20
#: enough to hold a line break and `tasks:`
_OVERLAP = 32

#: a line that begins at the margin and is no comment: only there can a key of the document stand
_MARGIN = pattern_of(rb"\n[^ \n\r\t#]")
_TASKS = pattern_of(rb"\ntasks:")
#: line breaks of YAML that are rare enough to give the fast way up for
_RARE_BREAKS = (b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xa9")


@dataclass(frozen=True, slots=True)
class Source:
    """One manifest file; `content` only where it is no regular file and can be read but once."""

    name: str
    path: Path
    content: bytes | None = None

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open the file; raises Unreadable when that, or reading, fails."""
        try:
            if self.content is not None:
                yield BytesIO(self.content)
                return
            with self.path.open("rb") as stream:
                yield stream
        except OSError as error:
            raise unopened(self.name, error) from error


@dataclass(frozen=True, slots=True)
class Look:
    """What one pass over the bytes told.

    `digest` is the sha256 of all bytes. `tasks_line` is the line of `tasks:` at the margin when
    nothing after it stands at the margin, so that a header in block style ends there; else 0.
    """

    digest: bytes
    size: int
    tasks_line: int


def unopened(name: str, error: OSError) -> YamlUnreadable:
    """Return what the system said as a problem."""
    reason = error.strerror or str(error)
    return YamlUnreadable(
        Problem(Place(name), f"cannot be read: {reason}", "check the path given to -f")
    )


def folder_of(name: str) -> str:
    """Return the folder that a file stands in, whole and without links on the way to it."""
    return os.path.realpath(os.path.dirname(name) or ".")  # noqa: PTH120 - names stay as typed


def whole(name: str) -> str:
    """Return where a file is, all links followed."""
    return os.path.realpath(name)


def within(root: str, name: str) -> str:
    """Return a file's name as seen from a folder, with `/` between its parts."""
    whole = os.path.join(folder_of(name), os.path.basename(name))  # noqa: PTH118, PTH119
    try:
        return os.path.relpath(whole, root).replace(os.sep, "/")
    except ValueError:  # another drive
        return whole


def find(paths: Sequence[str]) -> tuple[list[Source], list[Problem]]:
    """Return the manifest files under these paths, sorted, each once, and what is wrong with them.

    A file is taken as it is; a folder is searched for *.yaml and *.yml, hidden names skipped.
    """
    problems: list[Problem] = []
    found: dict[tuple[int, int], Source] = {}
    for path in paths:
        for name, info in _under(path, problems):
            if (info.st_dev, info.st_ino) not in found:
                try:
                    found[info.st_dev, info.st_ino] = _source(name, info)
                except YamlUnreadable as broken:
                    problems.append(broken.problem)
    return sorted(found.values(), key=lambda source: source.name), problems


#: stands for standard input
STDIN = "-"


def _there(name: str) -> str:
    """Return where the system finds a file that a person named."""
    return "/dev/stdin" if name == STDIN else name


def _is_nameless(name: str) -> bool:
    """Tell whether this is standard input where no file stands for it, as at Windows."""
    return name == STDIN and operating_system.WINDOWS


def _under(path: str, problems: list[Problem]) -> Iterable[tuple[str, os.stat_result]]:
    try:
        info = os.stat(0 if _is_nameless(path) else _there(path))  # noqa: PTH116 - as typed
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        what = f"cannot be read: {reason}"
        problems.append(Problem(Place(path), what, "check the path given to -f"))
        return []
    if not stat.S_ISDIR(info.st_mode):
        return [(path, info)]
    found = [
        (name.removeprefix(os.path.join(".", "")) if path == "." else name, info)  # noqa: PTH118
        for name, info in _walk(
            path, os.path.realpath(path), {(info.st_dev, info.st_ino)}, problems
        )
    ]
    if not found:
        what = "this folder holds no manifest"
        problems.append(Problem(Place(path), what, "put a *.yaml file there, or name another"))
    return found


def _walk(
    folder: str, root: str, above: set[tuple[int, int]], problems: list[Problem]
) -> Iterator[tuple[str, os.stat_result]]:
    """Yield the manifests in a folder; `above` are the folders on the way, so that loops end."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        problems.append(unopened(folder, error).problem)
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        try:
            info = os.stat(entry.path)  # noqa: PTH116 - what Windows lists has no st_ino
        except OSError as error:
            if entry.name.endswith(SUFFIXES):
                problems.append(unopened(entry.path, error).problem)
            continue
        manifest = entry.name.endswith(SUFFIXES)
        if (manifest or stat.S_ISDIR(info.st_mode)) and _leads_out(entry, root):
            problems.append(_outside(entry.path))
        elif stat.S_ISDIR(info.st_mode):
            here = info.st_dev, info.st_ino
            if here not in above:
                above.add(here)
                yield from _walk(entry.path, root, above, problems)
        elif manifest:
            yield from _regular(entry.path, info, problems)


def _regular(
    path: str, info: os.stat_result, problems: list[Problem]
) -> Iterator[tuple[str, os.stat_result]]:
    if stat.S_ISREG(info.st_mode):
        yield path, info
    else:
        what = "this is no regular file"
        problems.append(Problem(Place(path), what, "take it out of the folder"))


def _leads_out(entry: os.DirEntry[str], root: str) -> bool:
    """Tell whether an entry is a link to what stands outside the folder that was named."""
    if not entry.is_symlink():
        return False
    target = os.path.realpath(entry.path)
    try:
        return os.path.commonpath([root, target]) != root
    except ValueError:  # another drive
        return True


def _outside(path: str) -> Problem:
    what = f"this link leads out of the folder, to {os.path.realpath(path)}"
    return Problem(Place(path), what, "put the file there itself, or name it with -f")


def _source(name: str, info: os.stat_result) -> Source:
    """Return a file; what is no regular one is read at once, up to a limit and not for ever."""
    nameless = _is_nameless(name)
    if stat.S_ISREG(info.st_mode) and not nameless:
        if info.st_size > SIZE_LIMIT:
            what = f"the file has more than {SIZE_LIMIT >> 20} MiB"
            raise YamlUnreadable(Problem(Place(name), what, "split it"))
        return Source(name, Path(_there(name)))
    try:
        content = (
            file_limits.read_stdin(PIPE_LIMIT)
            if nameless
            else file_limits.read(_there(name), PIPE_LIMIT)
        )
    except OSError as error:
        what = f"this is no regular file, and {file_limits.why(error)}"
        raise YamlUnreadable(
            Problem(Place(name), what, "name a regular file, or split it")
        ) from error
    return Source(name, Path(name), content)


def look(source: Source) -> Look:
    """Read a file's bytes once, in pieces; raises Unreadable where they cannot be a manifest."""
    with source.open() as stream:
        seen = _Bytes()
        try:
            while chunk := stream.read(CHUNK):
                seen.take(chunk)
            return seen.done()
        except _NoText as fault:
            place = Place(source.name, *position_at(stream, fault.offset))
            raise YamlUnreadable(Problem(place, fault.what, fault.mend)) from fault


class Hashed(BufferedIOBase):
    """A stream that knows the sha256 of what was read from it."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__()
        self._stream = stream
        self._hash = sha256()

    def read(self, size: int | None = -1, /) -> bytes:
        """Read on."""
        chunk = self._stream.read(-1 if size is None else size)
        self._hash.update(chunk)
        return chunk

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go back, to show what stands at a fault."""
        return self._stream.seek(offset, whence)

    def readline(self, size: int | None = -1, /) -> bytes:
        """Read a line."""
        line = self._stream.readline(-1 if size is None else size)
        self._hash.update(line)
        return line

    def check(self, digest: bytes, name: str) -> None:
        """Raise Unreadable when not these bytes were read."""
        while self.read(CHUNK):
            pass
        if self._hash.digest() != digest:
            what = "the file changed while it was read"
            raise YamlUnreadable(Problem(Place(name), what, "run it again"))


class _NoText(ValueError):
    """Bytes that are no text of ours, from this offset on."""

    def __init__(self, offset: int, what: str, mend: str) -> None:
        super().__init__(what)
        self.offset = offset
        self.what = what
        self.mend = mend


class _Bytes:
    """What is known of the bytes so far; pieces may be cut anywhere."""

    def __init__(self) -> None:
        self._hash = sha256()
        self._size = 0
        self._cut = b""  # the beginning of a character whose end is in the next piece
        self._before = b"\n"  # enough of the last piece to see a line that was cut
        self._tasks = -2  # the offset of the first `tasks:` at the margin, and its line
        self._line = 0
        self._lines = 0
        self._last = -1
        self._rare = False

    def take(self, chunk: bytes) -> None:
        """Take in the next piece; raises _NoText."""
        if self._size == 0 and chunk.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise _NoText(0, "the file is UTF-16", "save it as UTF-8")
        if b"\0" in chunk:
            at = self._size + chunk.index(b"\0")
            raise _NoText(at, "the file holds a zero byte", "save it as UTF-8 text")
        if self._size + len(chunk) > SIZE_LIMIT:
            raise _NoText(0, f"the file has more than {SIZE_LIMIT >> 20} MiB", "split it")
        self._hash.update(chunk)
        self._decode(chunk)
        self._margins(chunk)
        self._size += len(chunk)

    def done(self) -> Look:
        """Return what is known at the end; raises _NoText."""
        if self._cut:
            raise self._not_utf8(0)
        last = not self._rare and self._tasks == self._last
        return Look(self._hash.digest(), self._size, self._line if last else 0)

    def _decode(self, chunk: bytes) -> None:
        if not self._cut and chunk.isascii():
            return
        whole = self._cut + chunk
        try:
            _text, used = utf_8_decode(whole, "strict", False)  # noqa: FBT003 - takes no keywords
        except UnicodeDecodeError as error:
            raise self._not_utf8(error.start) from error
        self._cut = whole[used:]
        self._rare = self._rare or any(rare in whole for rare in _RARE_BREAKS)

    def _not_utf8(self, at: int) -> _NoText:
        offset = self._size - len(self._cut) + at
        return _NoText(offset, "the file is not UTF-8 from here on", "save it as UTF-8")

    def _margins(self, chunk: bytes) -> None:
        window = self._before + chunk
        start = self._size - len(self._before)
        for found in _MARGIN.finditer(window):
            self._last = start + found.start()
        if self._tasks < -1:
            first = _TASKS.search(window)
            if first:
                self._tasks = start + first.start()
                known = self._lines - self._before.count(b"\n")
                self._line = known + window.count(b"\n", 0, first.end()) + 1
            self._lines += chunk.count(b"\n")
        whole = window[:-1] if window.endswith(b"\r") else window
        if b"\r" in window and whole.count(b"\r") != whole.count(b"\r\n"):
            self._rare = True
        self._before = window[-_OVERLAP:]
