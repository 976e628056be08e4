"""One change and its outcome."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from tasksync.core.fields import KeyRef, RemoteId, TaskKey, Value, Values, in_order, same, to_wire
from tasksync.core.state import NO_SOURCE, Entry, InProject
from tasksync.core.task import (
    NO_OPTIONS,
    NOTHING_WRITTEN,
    Activity,
    LiveTask,
    Options,
    Place,
    asked_digest,
)
from tasksync.value_classes import dataclass, field, replace


class Action(StrEnum):
    """What is done to one task; the engine decides by this alone."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    DEFER = "defer"
    ADOPT = "adopt"
    FORGET = "forget"
    NOOP = "no-op"


SYMBOLS: Mapping[Action, str] = MappingProxyType(
    {
        Action.CREATE: "+",
        Action.UPDATE: "~",
        Action.DELETE: "-",
        Action.DEFER: ">",
        Action.ADOPT: "=",
        Action.FORGET: ".",
        Action.NOOP: " ",
    }
)


NOTHING_LEFT: Values = MappingProxyType({})


class Reason(StrEnum):
    """Why, for people; the engine never branches on it."""

    NEW = "new"
    EDITED = "edited"
    DRIFTED = "drifted"
    EDITED_AND_DRIFTED = "edited and drifted"
    VANISHED = "vanished"
    VANISHED_AGAIN = "vanished again"
    TAKEN = "taken"
    MARKER_MISSING = "marker put back"
    DROPPED = "dropped"
    DESTROYED = "destroyed"
    GONE = "gone"
    HIDDEN = "not shown"
    LOST_STATE = "lost state"
    ADOPTED = "adopted"
    PARENT_MOVED = "parent moved"
    RETURNED = "returned"
    MOVED_HERE = "moved here"
    MOVED_AWAY = "moved away"
    UNDONE = "undone"
    REMADE = "made again"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that differs: `before` is what the portal has (None: cleared or not there)."""

    name: str
    before: Value
    after: Value
    drifted: bool = False  # the portal moved it since the last apply
    replaces: bool = False  # an edit of what people set and the policy accept let stand


@dataclass(frozen=True, slots=True)
class Change:
    """What is done to one key.

    `asked` and `options` are what the entry will remember; `sent_together` are fields that must go
    in the same PATCH though they do not differ (responsibleId resets the status; planned dates are
    sent as a pair). `title` is for people: the wanted one, else the live or remembered one.
    `activity` is what people did on a task that is to go; None: not known. `base_digest` is the
    digest of the entry when the plan was made ("" without one): an entry that moved since makes the
    change stale. `created` is the createdDate of the task that is there. `edited` are the fields
    that the manifest asks otherwise than the entry remembers, whatever the portal has. `forms` is
    what came back when the very values that go now were sent before: remembered as made, or seen
    once at a read-back. `source` is the fingerprint of the manifest's text that asks for it, which
    the entry remembers; NO_SOURCE until it is asked for (Plan.with_sources).
    `written` is what stood in the manifest for values that came of something else (core.task);
    `because` says of fields of which that did not change what it came to before. `origin` is the
    key of another project that the task is taken from (`moved … project`); a CREATE has one where
    that project has no such task. `left_unproved` is what the entry remembers unproved of fields
    that an approval leaves out: it goes on waiting for its second time (not in a saved plan).
    """

    key: TaskKey
    action: Action
    reason: Reason
    id: RemoteId | None = None
    fields: tuple[FieldChange, ...] = ()
    sent_together: Values = field(default_factory=lambda: MappingProxyType({}))
    asked: Values = field(default_factory=lambda: MappingProxyType({}))
    normalised: Values = field(default_factory=lambda: MappingProxyType({}))
    options: Options = NO_OPTIONS
    protected: bool = False
    title: str = ""
    place: Place | None = None
    markers: tuple[str, ...] = ()
    activity: Activity | None = None
    responsible: int | None = None
    base_digest: str = ""
    created: str = ""
    edited: tuple[str, ...] = ()
    forms: Values = field(default_factory=lambda: MappingProxyType({}))
    source: bytes = NO_SOURCE
    written: Mapping[str, str] = field(default_factory=lambda: NOTHING_WRITTEN)
    because: Mapping[str, str] = field(default_factory=lambda: NOTHING_WRITTEN)
    origin: InProject | None = None
    left_unproved: Values = field(default_factory=lambda: NOTHING_LEFT, compare=False)

    @property
    def asks_anew(self) -> bool:
        """Whether the manifest asks otherwise than the entry remembers, whatever the portal has."""
        if self.edited or self.reason is Reason.RETURNED:
            return True
        before = self.base_digest.partition("-")[0]
        return bool(before) and asked_digest(self.asked, self.options).hex() != before

    @property
    def carried(self) -> frozenset[str]:
        """The fields that are sent as they were found: the portal's, not what is asked."""
        return frozenset(
            name
            for name, value in self.sent_together.items()
            if name in self.asked and not same(name, value, self.asked[name])
        )

    @property
    def body(self) -> Values:
        """The fields to send, in normal form; for FORGET the tags alone, for DELETE nothing."""
        if self.action in {Action.DELETE, Action.NOOP}:
            return {}
        sent = {change.name: change.after for change in self.fields} | dict(self.sent_together)
        return {name: sent[name] for name in in_order(sent)}

    def sent(self, marker: str | None) -> dict[str, object]:
        """Return the body as a request carries it: the one place where a marker joins the tags.

        Ours goes with every create, and with tags whenever these are sent; the task's own markers
        stay. FORGET lets go of the task, so ours comes off.
        """
        body = self.body
        sent = {name: to_wire(name, value) for name, value in body.items()}
        ours = () if marker is None or self.action is Action.FORGET else (marker,)
        markers = {*self.markers, *ours}
        if markers and ("tags" in body or self.action is Action.CREATE):
            sent["tags"] = sorted({*_texts(body.get("tags")), *markers})
        return sent

    @property
    def writes(self) -> bool:
        """Whether the portal hears of it.

        ADOPT where fields differ or the marker is missing, FORGET where there is a marker to take
        off, or a field that an adoption changed to put back.
        """
        match self.action:
            case Action.CREATE | Action.UPDATE | Action.DELETE | Action.DEFER:
                return True
            case Action.ADOPT:
                return bool(self.fields or self.sent_together)
            case Action.FORGET:
                return bool(self.fields or self.sent_together)
            case Action.NOOP:
                return False

    @property
    def leaves_marker(self) -> bool:
        """Whether a task is let go of, and may go on bearing our marker.

        One whose adoption by its marker is undone bears it as before: it is to be found again.
        """
        forgets = self.action is Action.FORGET and not self.writes
        stays = {Reason.GONE, Reason.TAKEN, Reason.MOVED_AWAY, Reason.UNDONE}
        return forgets and self.reason not in stays

    @property
    def unresolved(self) -> tuple[TaskKey, ...]:
        """The keys whose ids must be known before this can be sent."""
        if not any(one.after.__class__ is KeyRef for one in self.fields) and not self.sent_together:
            return ()
        return tuple(value.key for value in self.body.values() if isinstance(value, KeyRef))

    def resolved(self, ids: Mapping[TaskKey, RemoteId]) -> Change:
        """Return this change with every KeyRef of what is sent replaced by its id.

        Raises KeyError where an id is not known. `asked` keeps the KeyRef.
        """
        if not self.sent_together and not any(one.after.__class__ is KeyRef for one in self.fields):
            return self
        return replace(
            self,
            fields=tuple(replace(one, after=_resolve(one.after, ids)) for one in self.fields),
            sent_together={
                name: _resolve(value, ids) for name, value in self.sent_together.items()
            },
        )

    def entry(
        self, remote: RemoteId, normalised: Values | None = None, unproved: Values | None = None
    ) -> Entry:
        """Return the entry once this change is done.

        `normalised` is what the portal made of values, `unproved` what the read-back found of those
        that it neither wrote nor is known to turn; None: not read back yet. What was created is
        `hidden` until it is seen, and `remade` where it had an entry before.
        """
        remembered: dict[str, Value] = {
            **self.normalised,
            **self._without_carried(self.body),
            **self._without_carried(normalised or {}),
        }
        own_forms = {
            name: remembered[name]
            for name in self.asked
            if name in remembered and not same(name, remembered[name], self.asked[name])
        }
        open_ = self._without_carried(self.forms if unproved is None else unproved)
        if self.left_unproved:
            open_ = {**self.left_unproved, **open_}
        creates = self.action is Action.CREATE
        return Entry(
            self.key,
            remote,
            self.asked,
            own_forms,
            self.options,
            self.protected,
            deferred=self.action is Action.DEFER,
            source=self.source,
            created="" if creates else self.created,
            hidden=creates,
            remade=creates and bool(self.base_digest),
            unproved={name: value for name, value in open_.items() if name in self.asked},
            written=self.written,
        )

    def _without_carried(self, values: Values) -> dict[str, Value]:
        """Return the values that are remembered: what was only sent together is not ours to say."""
        carried = self.carried if self.sent_together else frozenset()
        return {name: value for name, value in values.items() if name not in carried}


def base_digest_of(entry: Entry | None) -> str:
    """Return `DIGEST-ID` of what an entry asks and of its task, or "" where there is no entry."""
    if entry is None:
        return ""
    return f"{asked_digest(entry.asked, entry.options).hex()}-{entry.id}"


def _texts(value: Value) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, tuple) else ()


def _resolve(value: Value, ids: Mapping[TaskKey, RemoteId]) -> Value:
    return ids[value.key] if isinstance(value, KeyRef) else value


class Status(StrEnum):
    """The status that a change ends with."""

    DONE = "done"
    FAILED = "failed"
    IN_DOUBT = "in doubt"
    SKIPPED = "skipped"
    NOT_STARTED = "not started"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One change and its status; `found` is the task as answered, where it was.

    `code` is the vendor's error code; `message` and `advice` are for people. `recovered`: a create
    whose answer was lost, matched to a task that was found.
    """

    change: Change
    status: Status
    id: RemoteId | None = None
    found: LiveTask | None = None
    code: str = ""
    message: str = ""
    advice: str = ""
    recovered: bool = False
