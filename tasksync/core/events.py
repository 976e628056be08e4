"""What the engine tells while it works; render listens, the engine never prints."""

from __future__ import annotations

from typing import TypeAlias

from tasksync.core.change import Change, Outcome
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.plan import Summary
from tasksync.core.state import Holder
from tasksync.value_classes import dataclass


@dataclass(frozen=True, slots=True)
class LockWaited:
    """Somebody else holds the lock; waiting goes on for `left` seconds."""

    holder: Holder
    left: float


@dataclass(frozen=True, slots=True)
class ReadProgress:
    """So many live tasks were read so far, in so many requests."""

    tasks: int
    requests: int


@dataclass(frozen=True, slots=True)
class IntentsFound:
    """An earlier run left creates whose answer is not known."""

    keys: tuple[TaskKey, ...]


@dataclass(frozen=True, slots=True)
class IntentResolved:
    """A create in doubt is settled: `id` is its task, or None when it never happened."""

    key: TaskKey
    id: RemoteId | None


@dataclass(frozen=True, slots=True)
class Settling:
    """Waiting until a create in doubt can no longer happen: `left` seconds."""

    keys: tuple[TaskKey, ...]
    left: float


@dataclass(frozen=True, slots=True)
class ApplyStarted:
    """The plan's changes are about to be sent in about `requests` requests."""

    summary: Summary
    requests: int
    total: int


@dataclass(frozen=True, slots=True)
class ChangesSent:
    """One request with these changes is about to leave."""

    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class ChangeEnded:
    """One change and its outcome, already saved."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class ValueNormalised:
    """The portal made something else of a value that was written; it is remembered."""

    key: TaskKey
    id: RemoteId
    name: str
    asked: object
    found: object


@dataclass(frozen=True, slots=True)
class ValueMissing:
    """A field was not written although the portal said so: exit 3."""

    key: TaskKey
    id: RemoteId
    name: str
    asked: object
    found: object


@dataclass(frozen=True, slots=True)
class Verified:
    """One bulk read compared every written task with what was asked."""

    tasks: int
    requests: int


@dataclass(frozen=True, slots=True)
class Paced:
    """The limit in force now, and how long the next request waits for it (seconds)."""

    per_second: float
    per_minute: int
    wait: float


@dataclass(frozen=True, slots=True)
class Note:
    """Something that a person should know; never an error."""

    text: str


Event: TypeAlias = (
    LockWaited
    | ReadProgress
    | IntentsFound
    | IntentResolved
    | Settling
    | ApplyStarted
    | ChangesSent
    | ChangeEnded
    | ValueNormalised
    | ValueMissing
    | Verified
    | Paced
    | Note
)
