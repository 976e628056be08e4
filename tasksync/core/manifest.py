"""What the YAML asks for: the project's own words, and its tasks as a stream."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple, Protocol

from tasksync.core.address_book import Directory
from tasksync.core.fields import TaskKey
from tasksync.core.state import EntryIndex
from tasksync.core.task import FieldProblem, OnRemove, Problem, Task
from tasksync.late_patterns import pattern_of
from tasksync.value_classes import dataclass, field

MARKER_PREFIX = "tasksync:"
_LIMIT = pattern_of(r"[0-9]{1,18}|[0-9]{1,3}(\.[0-9]{1,40})?%", re.ASCII)


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number or a share of the tracked tasks; a share counts from ten tracked tasks on."""

    number: int | None = None
    share: float | None = None  # 0.3 is 30 %

    @classmethod
    def read(cls, text: str) -> Threshold | None:
        """Read `20` or `15%`, a share from 0% to 100%; None for what is no limit."""
        if not _LIMIT.fullmatch(text):
            return None
        if not text.endswith("%"):
            return cls(number=int(text))
        from decimal import Decimal  # few write a share

        share = Decimal(text[:-1]) / 100
        return cls(share=float(share)) if share <= 1 else None

    def __str__(self) -> str:
        return str(self.number) if self.share is None else f"{self.share * 100:g}%"


@dataclass(frozen=True, slots=True)
class Policy:
    """The project's guards (design 6).

    `allow_delete` is a budget of removals beyond the guards; `allowance` is the text by which the
    state counts it down. `hold_unknown`: nothing is deleted of which the portal does not tell
    whether people worked on it.
    """

    max_delete: Threshold = Threshold(share=0.3)
    max_update: Threshold | None = None
    max_vanished: Threshold = Threshold(share=0.3)
    on_remove: OnRemove = OnRemove.DELETE
    marker: bool = True
    allow_delete: int | None = None
    allow_reason: str = ""
    hold_unknown: bool = False

    @property
    def allowance(self) -> str:
        """What `policy.allow` says, as it is shown and counted; "" where it says nothing."""
        if self.allow_delete is None:
            return ""
        reason = f", reason: {self.allow_reason}" if self.allow_reason else ""
        return f"{{delete: {self.allow_delete}{reason}}}"


@dataclass(frozen=True, slots=True)
class Moved:
    """A key that got another name: the task stays the same task.

    `project` is the one that it had the old name in, where that is another ("": this one).
    Both end in `/` where all tasks of an instance move: `anna/` to `anne/`.
    """

    before: TaskKey
    after: TaskKey
    project: str = ""


def is_instance(key: str) -> bool:
    """Tell whether `moved` names an instance with all its tasks, and not one key."""
    return key.endswith("/")


class Wanted(NamedTuple):
    """One wanted task as the stream carries it: its body is made only when somebody needs it."""

    key: TaskKey
    digest: bytes  # Task.digest()
    parent: TaskKey | None
    file: str
    line: int
    task: Callable[[], Task]


class Reading(Protocol):
    """Streams the tasks of a manifest; what the state's index remembers need not be parsed."""

    def __call__(
        self, index: EntryIndex | None = None, directory: Directory | None = None, /
    ) -> Iterable[Wanted]:
        """Stream them; raises ManifestInvalid after the last when anything at all was wrong.

        Without a directory an e-mail address or a name of a group is a problem: nobody can tell
        whose it is. Where the directory could not be asked and nothing else was wrong, its
        PortalError is raised after the last task.
        """
        ...


def _no_fingerprints(_keys: Collection[TaskKey] = ()) -> Mapping[TaskKey, bytes]:
    return MappingProxyType({})


def at_tasks(found: Collection[FieldProblem]) -> tuple[Problem, ...]:
    """Return faults of fields where their tasks are."""
    return tuple(one.problem for one in found)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A checked manifest. `tasks` may be read once; reading it to the end ends the checking.

    `files` are the manifest files as the person named them, sorted; `remembered` the same as
    the state knows them: relative to `root`, the folder of the document that holds `project`,
    so that neither the working directory nor the checkout's place matters. `source_fingerprints`
    gives, once
    the tasks were read, those of some keys, and of all that were parsed.
    """

    project: str
    tasks: Reading
    files: tuple[str, ...] = ()
    root: str = ""
    remembered: tuple[str, ...] = ()
    policy: Policy = Policy()
    moved: tuple[Moved, ...] = ()
    removed: tuple[TaskKey, ...] = ()
    timezone: str | None = None
    source_fingerprints: Callable[[Collection[TaskKey]], Mapping[TaskKey, bytes]] = _no_fingerprints
    #: once the tasks were read: what stood for values of those that were parsed (core.task)
    written: Callable[[], Mapping[TaskKey, Mapping[str, str]]] = dict
    #: once the tasks were read: faults of fields where those are written
    located: Callable[[Collection[FieldProblem]], tuple[Problem, ...]] = at_tasks
    #: what the names of `people` stand for: numbers and addresses
    people: Mapping[str, int | str] = field(default_factory=dict)

    @property
    def marker(self) -> str | None:
        """The tag that says a live task is ours, or None under `marker: none`."""
        return marker_of(self.project) if self.policy.marker else None


def marker_of(project: str) -> str:
    """Return the tag that every task of this project carries (design 7)."""
    return MARKER_PREFIX + project
