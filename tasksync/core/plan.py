"""The plan: all changes in levels, bound to a project, a portal, a lineage and a serial."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from tasksync.core.address_book import RememberedNumbers
from tasksync.core.change import Action, Change, Reason
from tasksync.core.fields import RemoteId, TaskKey, Value
from tasksync.core.manifest import Policy
from tasksync.core.state import InProject
from tasksync.value_classes import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Drift:
    """A field that the portal changed since the last apply; `key` is still wanted."""

    key: TaskKey
    id: RemoteId
    name: str
    remembered: Value
    found: Value


class Stands(StrEnum):
    """Why a field that differs is left as it is (design 5 and 12)."""

    LEFT = "left"  # people's status, or a creator (create only): asked again in every plan
    ACCEPTED = "accepted"  # people's, under accept: remembered by the next apply
    AHEAD = "ahead"  # people's, under ratchet, and further than asked: remembered likewise
    BACKWARD = "backward"  # an edit that would take a ratchet back: a warning


@dataclass(frozen=True, slots=True)
class Standing:
    """A field that differs and is left as it is."""

    key: TaskKey
    id: RemoteId
    name: str
    wanted: Value
    found: Value
    why: Stands = Stands.LEFT


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A marked task that equals one we have: the portal ended with two of one."""

    key: TaskKey
    id: RemoteId
    other: RemoteId
    title: str


@dataclass(frozen=True, slots=True)
class Orphan:
    """A task with our marker that the state does not know and no key could be matched to."""

    id: RemoteId
    title: str
    responsible: int = 0


class UnreadableTask(NamedTuple):
    """A task of which fields cannot be read (`what`); `waits`: a change of it is not made."""

    key: TaskKey
    id: RemoteId
    what: str
    waits: bool


class DoubtfulPerson(NamedTuple):
    """A number that changes set for a person, and that nobody has, or nobody active (`listed`).

    `keys` are the tasks of these changes.
    """

    id: int
    listed: bool
    keys: tuple[TaskKey, ...]


class ExistingTask(NamedTuple):
    """An unmarked task that has the title of one that would be made."""

    id: RemoteId
    responsible: int = 0


class Existing(NamedTuple):
    """A task that would be made although unmarked ones of its title are there: never chosen from.

    `adopt` is the one of them that a person can take over without choosing, 0 where none is.
    """

    key: TaskKey
    tasks: tuple[ExistingTask, ...]
    adopt: int = 0


class Hidden(NamedTuple):
    """A task that was made and that this key cannot see; `waits`: an edit of it is not sent."""

    key: TaskKey
    id: RemoteId
    waits: bool


class HandedOver(NamedTuple):
    """A remembered key whose task is another project's now, or on its way there (`is_there`: no).

    `wanted`: the manifest names it all the same; nothing is made for it. `asked_back`: its `moved`
    would have the task come from that project, which cannot be while this row is remembered.
    """

    key: TaskKey
    id: RemoteId
    to: InProject
    wanted: bool
    is_there: bool
    asked_back: bool = False


@dataclass(frozen=True, slots=True)
class Summary:
    """How many of each action, NOOP left out."""

    add: int = 0
    change: int = 0
    remove: int = 0
    adopt: int = 0
    defer: int = 0
    forget: int = 0

    def __bool__(self) -> bool:
        return any((self.add, self.change, self.remove, self.adopt, self.defer, self.forget))


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done. `levels` are done one after the other, a level in any order.

    `state_only` are NOOPs whose entry has to be written all the same (a released field, an option,
    what the portal made of a value). `unchanged` counts all NOOPs. `tracked` is how many entries
    the state had. `renames` are (dropped key, new key) that look like one task.
    `reworded` are the source fingerprints of unchanged tasks whose text had to be parsed, which
    their entries are to remember beside other changes (not in a saved plan); `rewritten` is what
    stands there now for their values, where anything but the values does (core.task).
    `hidden` are wanted tasks that the portal gave an id and does not show; `handed_over` those
    that other projects took over and that no FORGET of it is about.
    `learned` is, by remembered key, the createdDate of tasks that were not known to be shown, or
    not with a date; "" where the portal tells none.
    `unreadable` are tasks that are there and left alone (design 9; not in a saved plan).
    `other_owner` says whose key it was, and is, where that changed since the last apply.
    `remembered` are the manifest files as the state is to know them (see Manifest).
    `narrowed` are the flags that narrow it, as given; `left_out` counts the changes that they
    leaves out.
    `directory` is what the state is to remember of addresses and names of groups (None: what it
    remembers already). `doubtful` are people whom changes name by number and who are not there,
    as far as the portal tells. `existing` are creates of which unmarked tasks have the title, as
    far as that was asked; `not_looked_for` counts the creates of which the portal told nothing.
    `again` is the id of the run that did before what it asks once more (core.asked_again).
    `undoes` is the id of the run that it takes back (`undo`; "" for a plan of the manifest).
    """

    project: str
    portal: str
    lineage: str
    serial: int
    levels: tuple[tuple[Change, ...], ...] = ()
    state_only: tuple[Change, ...] = ()
    drift: tuple[Drift, ...] = ()
    duplicates: tuple[Duplicate, ...] = ()
    orphans: tuple[Orphan, ...] = ()
    renames: tuple[tuple[TaskKey, TaskKey], ...] = ()
    moved: tuple[tuple[TaskKey, TaskKey], ...] = ()
    in_doubt: tuple[TaskKey, ...] = ()
    unchanged: int = 0
    tracked: int = 0
    wanted: int = 0
    vanished: int = 0
    files: tuple[str, ...] = ()
    marker: str | None = None
    names: tuple[tuple[int, str], ...] = ()
    partial: bool = False  # --target or --exclude left something out
    policy: Policy = field(default_factory=Policy)
    unread: tuple[str, ...] = ()  # manifest files that the last apply read and this did not
    destroy: bool = False
    reworded: Mapping[TaskKey, bytes] = field(default_factory=lambda: MappingProxyType({}))
    rewritten: Mapping[TaskKey, Mapping[str, str]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    remembered: tuple[str, ...] = ()
    spent: int = 0  # of policy.allow, by the runs before
    hidden: tuple[Hidden, ...] = ()
    handed_over: tuple[HandedOver, ...] = ()
    learned: Mapping[TaskKey, str] = field(
        default_factory=lambda: MappingProxyType({}), compare=False
    )
    other_owner: str = ""
    standing: tuple[Standing, ...] = ()
    narrowed: tuple[str, ...] = ()
    left_out: int = 0
    unreadable: tuple[UnreadableTask, ...] = field(default=(), compare=False)
    directory: RememberedNumbers | None = None
    doubtful: tuple[DoubtfulPerson, ...] = ()
    existing: tuple[Existing, ...] = ()
    not_looked_for: int = 0
    again: str = ""
    undoes: str = ""

    @property
    def removals(self) -> int:
        """How many tasks it deletes or defers: so many of policy.allow it takes."""
        return sum(change.action in {Action.DELETE, Action.DEFER} for change in self.changes)

    @property
    def left(self) -> int | None:
        """What is left of policy.allow before this plan, or None where nothing is allowed."""
        allowed = self.policy.allow_delete
        return None if allowed is None else max(allowed - self.spent, 0)

    @property
    def changes(self) -> Iterator[Change]:
        """Every change, in the order in which it is done."""
        return (change for level in self.levels for change in level)

    @property
    def corrects(self) -> bool:
        """Whether it puts right what moved on the portal, which no approval covers (expected)."""
        return any(
            change.reason is Reason.MARKER_MISSING
            or (change.action is Action.CREATE and bool(change.base_digest))
            or any(one.drifted for one in change.fields)
            for change in self.changes
        )

    @property
    def approvable(self) -> bool:
        """Whether it may be approved by its digest: it is of the whole manifest, as asked."""
        return not (self.partial or self.destroy or self.undoes)

    @property
    def keys(self) -> frozenset[TaskKey]:
        """The keys of which it changes anything, on the portal or in what is remembered."""
        return frozenset(change.key for change in (*self.changes, *self.state_only))

    def with_sources(
        self,
        known: Mapping[TaskKey, bytes],
        written: Mapping[TaskKey, Mapping[str, str]] | None = None,
    ) -> Plan:
        """Return the plan with the source fingerprints of its changes, and of other keys beside.

        `written` is what stands in the manifest for values of other keys that were parsed.
        """
        if not known:
            return self

        def told(changes: Iterable[Change]) -> tuple[Change, ...]:
            return tuple(
                replace(one, source=known[one.key]) if one.key in known else one for one in changes
            )

        keys = self.keys
        return replace(
            self,
            levels=tuple(map(told, self.levels)),
            state_only=told(self.state_only),
            reworded={key: known[key] for key in sorted(known.keys() - keys)},
            rewritten=written or {},
        )

    @property
    def summary(self) -> Summary:
        """Count the changes by action."""
        count = Counter(change.action for change in self.changes)
        return Summary(
            count[Action.CREATE],
            count[Action.UPDATE],
            count[Action.DELETE],
            count[Action.ADOPT],
            count[Action.DEFER],
            count[Action.FORGET],
        )

    def __bool__(self) -> bool:
        return any(self.levels)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a guard will not let a plan through, and every way to override it."""

    guard: str
    what: str
    advice: str
    keys: tuple[TaskKey, ...] = ()

    def __str__(self) -> str:
        return f"{self.what}\n  {self.advice}"
