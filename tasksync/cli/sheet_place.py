"""What `import SHEET` was asked, and the manifests that its tasks go into."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from tasksync import file_limits
from tasksync.cli.options import ConfirmOptions
from tasksync.core.address_book import AnyAddress
from tasksync.core.quoting import shortened
from tasksync.core.task import Problem
from tasksync.errors import SettingsError
from tasksync.manifests import files
from tasksync.manifests.files import Source
from tasksync.manifests.loader import load_sources
from tasksync.manifests.sheets.column_names import ADOPT
from tasksync.manifests.sheets.sheet_columns import Columns
from tasksync.manifests.writing import content_before, takes_more
from tasksync.value_classes import dataclass

#: so many names stand in a note
_NAMED, LONGEST_NAME = 8, 80


@dataclass(frozen=True, slots=True)
class SheetImport:
    """What `import SHEET` was asked.

    `files` are those of -f, or tasksync.yaml where it is there. `mapped` are texts as in
    `deadline=Due by`. `project` and `timezone` are of a manifest that is not there yet.
    """

    sheet: str
    out: str
    confirm: ConfirmOptions
    files: tuple[str, ...] = ()
    name: str | None = None
    mapped: tuple[str, ...] = ()
    key: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    project: str | None = None
    timezone: str | None = None
    update: bool = False


class ImportPlace:
    """Where the tasks go: the manifests that are there, and the file that is written to.

    Raises ManifestInvalid where they have a fault.
    """

    def __init__(self, sources: Sequence[Source], problems: Sequence[Problem], out: str) -> None:
        self.sources = list(sources)
        self.out = out
        whole = files.whole(out)
        #: the name by which the file was found among the manifests
        self.name = next((one.name for one in sources if files.whole(one.name) == whole), out)
        self.before = _bytes_of(out)
        if self.before is not None:  # what is checked is what is written to
            self.sources = [
                Source(one.name, one.path, self.before) if one.name == self.name else one
                for one in sources
            ]
        #: the keys of the project, and the files that they stand in
        self.known: dict[str, str] = {}
        self._renames = False
        #: what the manifests say already, and a flag cannot say otherwise
        self.project: str | None = None
        self.timezone: str | None = None
        if sources or problems:
            manifest = load_sources(self.sources, problems)
            self.project, self.timezone = manifest.project, manifest.timezone
            self.known = {one.key: one.file for one in manifest.tasks(None, AnyAddress())}
            self._renames = bool(manifest.moved or manifest.removed)

    @classmethod
    def of(cls, asked: SheetImport) -> ImportPlace:
        """Return where a run's tasks go."""
        paths = [*asked.files]
        if _bytes_of(asked.out) is not None:
            paths.append(asked.out)
        found, problems = files.find(paths) if paths else ([], [])
        return cls(found, problems, asked.out)

    def takes_more(self) -> bool:
        """Tell whether tasks are added to a document of the file, and take its defaults."""
        return self.before is not None and takes_more(self.before.decode())

    def source(self) -> Source | None:
        """Return the file that is written to as it is now, None where there is none."""
        return next((one for one in self.sources if one.name == self.name), None)

    def must_hold_together(self, content: bytes, columns: Columns) -> None:
        """The same, where tasks that are each good may not be so together."""
        if self._renames or columns.of(ADOPT) is not None:
            self.must_hold(content)

    def must_hold(self, content: bytes) -> None:
        """Raise ManifestInvalid where the manifests would have a fault once the file holds this."""
        rest = [one for one in self.sources if one.name != self.name]
        new = Source(self.name, Path(self.out), content)
        for _wanted_task in load_sources([*rest, new]).tasks(None, AnyAddress()):
            pass


def _bytes_of(out: str) -> bytes | None:
    """Return what the file holds now, None where there is none."""
    try:
        return content_before(out)
    except OSError as error:
        what = f"{out} cannot be read: {file_limits.why(error)}."
        raise SettingsError(what, "Name a file of tasks, or a new one, with --out.") from error


def some(names: Iterable[str]) -> str:
    """Return the first names, and how many more there are."""
    first = [shortened(name, LONGEST_NAME) for name in names]
    more = f" and {len(first) - _NAMED} more" if len(first) > _NAMED else ""
    return ", ".join(first[:_NAMED]) + more
