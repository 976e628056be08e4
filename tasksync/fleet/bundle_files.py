"""Which files of a checkout a project's process may read, and which it has to know by name."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from tasksync.errors import SettingsError
from tasksync.value_classes import dataclass, field

GIT = ".git"
#: what -f finds in a folder
_MANIFESTS = (".yaml", ".yml")
#: what a manifest may name as rows, whichever case its name is in
_ROWS = (".csv", *_MANIFESTS)
#: what may have been a manifest, or a file that one named
_LIKE_MANIFESTS = (*_ROWS, ".json", ".xlsx")
#: folders in which nobody keeps manifests, and which have many files
_SKIPPED = frozenset({GIT, ".tasksync", "node_modules", "__pycache__"})
_OF_A_VENV = "pyvenv.cfg"
_SHOWN = 3
_MIB = 1 << 20


@dataclass(slots=True)
class ProjectFiles:
    """The files of one project that travel with what is in them: `found`, by their names.

    `never` are the files that hold keys, all links followed; `most` is how many bytes may travel.
    Every function raises SettingsError.
    """

    project: str
    never: Collection[str]
    most: int
    found: dict[Path, bytes] = field(default_factory=dict)

    def take(self, tops: Iterable[Path]) -> None:
        """Take the manifests under these paths, and the files of rows that they name.

        A folder is searched as -f does it: hidden names are skipped, a link that leads out is
        refused, and a file that has two names is read once.
        """
        rows: dict[Path, None] = {}
        manifests: dict[tuple[int, int], Path] = {}
        for top in tops:
            folder = top.is_dir()
            for name in self._under(top, top, set()) if folder else (top,):
                info = self._look(name)
                manifests.setdefault((info.st_dev, info.st_ino), name)
            rows |= dict.fromkeys(_rows_under(top if folder else top.parent, frozenset()))
        self._read(manifests.values())
        text = b"\n".join(self.found.values())
        self._read(
            name
            for name in rows
            if name not in self.found
            and os.fsencode(name.name) in text
            and os.path.realpath(name) not in self.never
        )

    def _read(self, names: Iterable[Path]) -> None:
        several = list(names)
        sizes = [(self._look(name).st_size, name) for name in several]
        sizes += [(len(content), name) for name, content in self.found.items()]
        if (total := sum(size for size, _ in sizes)) > self.most:
            big = sorted(sizes, reverse=True)[:_SHOWN]
            told = ", ".join(f"{name} ({size / _MIB:.1f} MiB)" for size, name in big)
            raise SettingsError(
                f"The files of {self.project} have {total / _MIB:.1f} MiB, and "
                f"{self.most / _MIB:.0f} MiB may travel to a worker. The biggest: {told}.",
                "Let the project's path name fewer files, or divide the project.",
            )
        for name in several:
            self.found[name] = self._content(name)

    def _content(self, name: Path) -> bytes:
        if os.path.realpath(name) in self.never:
            raise SettingsError(
                f"{name} is read as a manifest of {self.project}, and a key of the fleet is in it.",
                "Keep the files of keys outside of the folders that projects name.",
            )
        if not stat.S_ISREG(self._look(name).st_mode):
            raise SettingsError(
                f"{name} of {self.project} is no regular file, and cannot travel to a worker.",
                "Take it out of the folder.",
            )
        try:
            return name.read_bytes()
        except OSError as error:
            raise self._unreadable(name, error) from error

    def _under(self, folder: Path, root: Path, above: set[tuple[int, int]]) -> Iterator[Path]:
        """Yield the manifests in a folder; links are followed as long as they stay inside."""
        info = self._look(folder)
        if (info.st_dev, info.st_ino) in above:
            return
        above.add((info.st_dev, info.st_ino))
        for entry in self._entries(folder):
            path = Path(entry.path)
            manifest = entry.name.endswith(_MANIFESTS)
            if entry.name.startswith(".") or not (manifest or entry.is_dir()):
                continue
            if entry.is_symlink() and not _is_inside(path, root):
                raise SettingsError(
                    f"{path} of {self.project} is a link that leads out of the folder, to "
                    f"{os.path.realpath(path)}.",
                    "Put the file there itself, or name it in the project's path.",
                )
            if entry.is_dir():
                yield from self._under(path, root, above)
            else:
                yield path

    def _entries(self, folder: Path) -> list[os.DirEntry[str]]:
        try:
            return sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            raise self._unreadable(folder, error) from error

    def _look(self, path: Path) -> os.stat_result:
        try:
            return path.stat()
        except OSError as error:
            raise self._unreadable(path, error) from error

    def _unreadable(self, path: Path, error: OSError) -> SettingsError:
        return SettingsError(
            f"{path} of {self.project} cannot travel to a worker: {error.strerror or error}.",
            "Let it be readable, or take it out of the folder.",
        )

    def beside(self, extents: Iterable[Path], above: Iterable[Path], most: int) -> list[Path]:
        """Return the files that travel as names: all in these folders that may have been read once.

        `extents` are looked at with all that is below, `above` alone. It is what is like a
        manifest, and every file beside one that is read. Where a checkout ends has a name too.
        There may be `most`.
        """
        near = {name.parent for name in self.found}
        names: dict[Path, None] = {}
        looked = [(one, _files_under(one)) for one in extents]
        looked += [(one, _files_in(one)) for one in above]
        for extent, paths in looked:
            for path in paths:
                like = path.name.lower().endswith(_LIKE_MANIFESTS) or path.parent in near
                if path.name == GIT or (
                    like
                    and path not in self.found
                    and os.path.realpath(path) not in self.never
                    and _is_file(path)
                ):
                    names[path] = None
                if len(names) > most:
                    raise SettingsError(
                        f"Beside the files of {self.project}, {extent} holds more than {most} "
                        "files that a worker would have to know by name.",
                        "Have the fleet and its projects in a checkout of their own.",
                    )
        return list(names)


def _files_under(extent: Path) -> Iterator[Path]:
    """Yield the files in a folder and below, and what a checkout has at its top."""
    for folder, folders, files in os.walk(extent):
        here = Path(folder)
        if _OF_A_VENV in files:
            folders.clear()
            continue
        if GIT in folders:
            yield here / GIT
        folders[:] = sorted(set(folders) - _SKIPPED)
        yield from (here / name for name in sorted(files))


def _files_in(folder: Path) -> Iterator[Path]:
    try:
        yield from sorted(path for path in folder.iterdir() if path.name != GIT)
    except OSError:
        return  # tasksync finds nothing there either


def _rows_under(folder: Path, above: frozenset[str], root: Path | None = None) -> Iterator[Path]:
    """Yield what a document in this folder may name as rows, by every name; not what leads out."""
    whole, root = os.path.realpath(folder), root or folder
    if whole in above:
        return
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return  # whoever names a file in it is told
    if any(entry.name == _OF_A_VENV for entry in entries):
        return
    for entry in entries:
        path = Path(entry.path)
        if entry.name in _SKIPPED or (entry.is_symlink() and not _is_inside(path, root)):
            continue
        if entry.is_dir():
            yield from _rows_under(path, above | {whole}, root)
        elif entry.name.lower().endswith(_ROWS) and _is_file(path):
            yield path


def _is_inside(path: Path, root: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(root)


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False
