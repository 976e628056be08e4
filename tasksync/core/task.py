"""A wanted task, a live task, and where things stand in the files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from tasksync.core.fields import RemoteId, TaskKey, Values, digest_of


class OnRemove(StrEnum):
    """What happens to a task whose block leaves the manifest (design 6)."""

    DELETE = "delete"
    DEFER = "defer"
    FORGET = "forget"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: file as the person named it, line and column from 1 (0: unknown)."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part)


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of the input: where, what, and how to mend it."""

    place: Place
    what: str
    mend: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.what}" + (f" ({self.mend})" if self.mend else "")


@dataclass(frozen=True, slots=True)
class Options:
    """What a task's block says about its handling rather than its fields.

    `protect` None means that nothing was said: a protection that the state remembers stays.
    """

    protect: bool | None = None
    on_remove: OnRemove | None = None
    ignore_changes: tuple[str, ...] = ()
    adopt: RemoteId | None = None

    def plain(self) -> list[object]:
        """Return what the task's digest has to cover."""
        return [self.protect, self.on_remove, list(self.ignore_changes), self.adopt]


NO_OPTIONS = Options()
#: of a task whose values all stand as they are
NOTHING_WRITTEN: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Task:
    """One wanted task: managed fields in normal form (defaults applied), parent as KeyRef.

    `written` is what stood in the manifest for values that came of something else, by field
    (`release - 10wd`); it is in no digest.
    """

    key: TaskKey
    fields: Values
    place: Place
    options: Options = NO_OPTIONS
    written: Mapping[str, str] = field(default_factory=lambda: NOTHING_WRITTEN)

    def digest(self) -> bytes:
        """Return the 16 bytes that change when anything asked for changes."""
        return asked_digest(self.fields, self.options)


def asked_digest(fields: Values, options: Options = NO_OPTIONS) -> bytes:
    """Return the digest of what was asked: equal for a task and for the entry that recalls it."""
    return digest_of(fields, None if options == NO_OPTIONS else options.plain())


@dataclass(frozen=True, slots=True)
class Activity:
    """What people did on a task: comments without Bitrix24's own, and seconds logged."""

    comments: int
    seconds: int

    def __bool__(self) -> bool:
        return self.comments > 0 or self.seconds > 0


@dataclass(frozen=True, slots=True)
class LiveTask:
    """One task as the portal has it: every field it answered, in normal form.

    `fields["tags"]` leaves out markers; those stand in `markers`. `fields` lacks a name only
    where the portal did not answer it. `activity` is None where it returned no counters.
    `unreadable` names the fields whose values no known shape covers, and why; they are missing in
    `fields`, and the task is there but is to be left alone (design 9).
    """

    id: RemoteId
    fields: Values
    markers: tuple[str, ...] = ()
    activity: Activity | None = None
    changed: str | None = None
    created: str | None = None
    read: bool = True
    names: tuple[tuple[int, str], ...] = field(default=(), compare=False)
    unreadable: str = ""
