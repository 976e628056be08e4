"""What is remembered of every task until the last is read: keys, places, parents, adoptions.

About 150 bytes a task: parents, cycles and repeated keys can be told only at the end.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence

from tasksync.core.fields import TaskKey
from tasksync.core.manifest import is_instance
from tasksync.core.task import Place, Problem
from tasksync.manifests.columns import TaskColumns
from tasksync.manifests.header import Header, Named
from tasksync.manifests.hints import did_you_mean
from tasksync.manifests.unplaced import UnplacedProblem
from tasksync.value_classes import dataclass

#: a place is the number of its file, shifted so far, and a line
FILE_SHIFT = 40
#: a hint looks at all keys: so many different ones are enough
HINTS = 20
#: of a longer circle so many are named
_SHOWN = 20
_LINE = (1 << FILE_SHIFT) - 1


@dataclass(frozen=True, slots=True)
class KeyProblem:
    """A fault of one task that shows only beside the others."""

    key: TaskKey
    problem: UnplacedProblem


class KeyIndex:
    """All keys of the project with their places; filled by the stream, asked at its end."""

    __slots__ = ("_files", "_written", "adopts", "keys", "parents")

    def __init__(self, files: Sequence[str]) -> None:
        self._files = list(files)
        self._written = len(files)
        self.keys: dict[str, int] = {}
        self.parents: dict[str, str] = {}
        self.adopts: dict[int, list[str]] = {}

    def take(self, number: int, rows: TaskColumns) -> bool:
        """Take in all rows of a file, or none: False when a key of theirs is known already."""
        if len(set(rows.keys)) < len(rows.keys) or not self.keys.keys().isdisjoint(rows.keys):
            return False
        base = number << FILE_SHIFT
        self.keys.update(zip(rows.keys, map(base.__or__, rows.lines), strict=True))
        self.parents.update((rows.keys[row], parent) for row, parent in rows.parents.items())
        for row, remote in rows.adopts.items():
            self.adopts.setdefault(remote, []).append(rows.keys[row])
        return True

    def place(self, key: str) -> Place:
        """Return where a key stands."""
        packed = self.keys[key]
        return Place(self._files[packed >> FILE_SHIFT], packed & _LINE)

    def file_of(self, key: str) -> int:
        """Return the number of the file in which a key stands."""
        return self.keys[key] >> FILE_SHIFT

    def number_of(self, file: str) -> int:
        """Return the number of a file for tasks that come of a template; places are of rows."""
        if file not in self._files[self._written :]:
            self._files.append(file)
        return self._files.index(file, self._written)

    def is_expanded(self, key: str) -> bool:
        """Tell whether a task comes of a template."""
        return key in self.keys and self.file_of(key) >= self._written

    def first_in(self, instance: str) -> str | None:
        """Return a key that begins so, or None."""
        return next((key for key in self.keys if key.startswith(instance)), None)

    def lines(self, files: Container[int]) -> dict[int, dict[int, str]]:
        """Return the keys of these files by their lines."""
        found: dict[int, dict[int, str]] = {}
        for key, packed in self.keys.items():
            if (number := packed >> FILE_SHIFT) in files:
                found.setdefault(number, {})[packed & _LINE] = key
        return found

    def repeated(self, key: str, place: Place) -> Problem:
        """Return the problem of a key that stands in two places."""
        what = f"the task {key} is defined twice; first at {self.place(key)}"
        mend = "keep one, or give one another key"
        forms = "" if key.isascii() else "; the same letters in another form are the same key"
        return Problem(place, what, mend + forms)

    def faults(self, *, complete: bool) -> Iterator[KeyProblem]:
        """Yield what is wrong between tasks; unknown parents only where all was read."""
        if complete:
            yield from self._unknown_parents()
        yield from self._cycles()
        for remote, keys in self.adopts.items():
            for key in keys[1:]:
                what = f"the task {keys[0]} adopts {remote} too, at {self.place(keys[0])}"
                problem = UnplacedProblem(("adopt", "id"), what, "one task has one key")
                yield KeyProblem(TaskKey(key), problem)

    def _unknown_parents(self) -> Iterator[KeyProblem]:
        hints: dict[str, str] = {}
        for child, parent in self.parents.items():
            if parent in self.keys:
                continue
            if parent not in hints and len(hints) < HINTS:
                hints[parent] = did_you_mean(parent, self.keys)
            mend = hints.get(parent) or "for a task that is not of this project use parentId"
            what = f"parent {parent} is no key of this project"
            yield KeyProblem(TaskKey(child), UnplacedProblem(("parent",), what, mend))

    def _cycles(self) -> Iterator[KeyProblem]:
        done: set[str] = set()
        for start in self.parents:
            trail: dict[str, None] = {}
            at: str | None = start
            while at is not None and at not in done and at not in trail:
                trail[at] = None
                at = self.parents.get(at)
            if at is not None and at in trail:
                walked = list(trail)
                yield self._cycle(walked[walked.index(at) :])
            done.update(trail)

    def _cycle(self, keys: list[str]) -> KeyProblem:
        first = min(keys, key=self.keys.__getitem__)
        rotated = keys[keys.index(first) :] + keys[: keys.index(first)]
        if len(rotated) == 1:
            problem = UnplacedProblem(
                ("parent",), f"{first} is its own parent", "name another, or none"
            )
        else:
            shown = rotated if len(rotated) <= _SHOWN else [*rotated[:_SHOWN], "…", rotated[-1]]
            many = f" ({len(rotated)} in all)" if len(rotated) > _SHOWN else ""
            chain = " -> ".join([*shown, first])
            what = f"these tasks are parents of each other: {chain}{many}"
            problem = UnplacedProblem(("parent",), what, "take one parent away")
        return KeyProblem(TaskKey(first), problem)


def renames(header: Header, index: KeyIndex, *, complete: bool) -> Iterator[Problem]:
    """Yield what is wrong with `moved` and `removed` beside the keys that there are."""
    olds: dict[str, Place] = {}
    news: dict[str, Place] = {}
    for old, new in header.moved:
        if old.key == new.key:
            yield Problem(old.place, f"{old.key} is moved to itself", "remove the pair")
            continue
        yield from _still_there(old.key, old.place, index, "moved away")
        yield from _twice(old.key, old.place, olds, "is moved twice")
        yield from _twice(new.key, new.place, news, "is the target of two moves")
    yield from _moved_here(header, news)
    for old, new in header.moved:
        if new.key in olds and old.key != new.key:
            what = f"{new.key} is moved on at {olds[new.key]}"
            yield Problem(new.place, what, "name the last key in both")
        elif complete:
            yield from _no_key(new, index)
    for _old, new, _project in header.moved_here if complete else ():
        yield from _no_key(new, index)
    gone: dict[str, Place] = {}
    for named in header.removed:
        yield from _still_there(named.key, named.place, index, "removed")
        yield from _twice(named.key, named.place, gone, "is removed twice")
        if named.key in olds:
            what = f"{named.key} is moved at {olds[named.key]}"
            yield Problem(named.place, what, "a key is moved or removed, not both")


def _moved_here(header: Header, news: dict[str, Place]) -> Iterator[Problem]:
    """Yield what is wrong with keys that are moved from other projects."""
    olds: dict[str, Place] = {}
    for old, new, project in header.moved_here:
        if project.key == header.project:
            what = f"{project.key} is this project itself"
            yield Problem(project.place, what, "leave project out to rename a key")
            continue
        yield from _twice(f"{old.key} of {project.key}", old.place, olds, "is moved twice")
        yield from _twice(new.key, new.place, news, "is the target of two moves")


def _no_key(new: Named, index: KeyIndex) -> Iterator[Problem]:
    """Yield that nothing of this project has the key that a task is moved to."""
    if is_instance(new.key):
        if index.first_in(new.key) is None:
            mend = "name the key of the instance as its row has it now"
            yield Problem(new.place, f"no task of this project is in {new.key}", mend)
    elif new.key not in index.keys:
        mend = did_you_mean(new.key, index.keys) or "name the task's new key"
        yield Problem(new.place, f"{new.key} is no key of this project", mend)


def _still_there(key: str, place: Place, index: KeyIndex, how: str) -> Iterator[Problem]:
    if is_instance(key) and (first := index.first_in(key)) is not None:
        what = f"{key} is {how}, but {first} is still a key at {index.place(first)}"
        yield Problem(place, what, "take the instance out, or this")
    if key in index.keys:
        what = f"{key} is {how}, but still a key at {index.place(key)}"
        yield Problem(place, what, "take the task's block out, or this")


def _twice(key: str, place: Place, seen: dict[str, Place], how: str) -> Iterator[Problem]:
    if key in seen:
        yield Problem(place, f"{key} {how}; first at {seen[key]}", "keep one")
    else:
        seen[key] = place
