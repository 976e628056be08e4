"""A wanted task, a live task, and where things stand in the files."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from tasksync.core.fields import RemoteId, TaskKey, Values, digest_of
from tasksync.value_classes import dataclass, field


class OnRemove(StrEnum):
    """What happens to a task whose block leaves the manifest (design 6)."""

    DELETE = "delete"
    DEFER = "defer"
    FORGET = "forget"


class FieldPolicy(StrEnum):
    """Whose a field is once its task is made (design 12): core.planning.field_policies decides."""

    ENFORCE = "enforce"
    ACCEPT = "accept"
    SEED = "seed"
    RATCHET = "ratchet"


#: policies under which a value that is not as asked may be people's
LETS_STAND = frozenset(FieldPolicy) - {FieldPolicy.ENFORCE}


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
class FieldProblem:
    """A fault of one field of a task that only the portal knows of; `problem` is at the task.

    `path` leads to the value in the task's block, or, where `named`, to the name itself.
    """

    key: TaskKey
    path: tuple[str, ...]
    problem: Problem
    named: bool = False


_NO_POLICIES: Mapping[str, FieldPolicy] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Options:
    """What a task's block says about its handling rather than its fields.

    `protect` None means that nothing was said: a protection that the state remembers stays.
    `ignore_changes` are the fields whose policy is seed, `field_policy` those of the others by
    name, sorted; of `enforce` the status alone, since every other field is enforced unsaid.
    """

    protect: bool | None = None
    on_remove: OnRemove | None = None
    ignore_changes: tuple[str, ...] = ()
    adopt: RemoteId | None = None
    field_policy: tuple[tuple[str, FieldPolicy], ...] = ()

    @property
    def policies(self) -> Mapping[str, FieldPolicy]:
        """The policy of each field of which one was said."""
        if not self.ignore_changes and not self.field_policy:
            return _NO_POLICIES
        return {**dict.fromkeys(self.ignore_changes, FieldPolicy.SEED), **dict(self.field_policy)}

    def plain(self) -> list[object]:
        """Return what the task's digest has to cover: policies only where some are said."""
        said: list[object] = [self.protect, self.on_remove, list(self.ignore_changes), self.adopt]
        return (
            [*said, [[name, policy.value] for name, policy in self.field_policy]]
            if self.field_policy
            else said
        )


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
