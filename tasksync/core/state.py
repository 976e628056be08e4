"""What is remembered: entries, intents, who we are, and how often it was saved.

A state may hold 100 000 entries, of which a plan needs little: `index` keeps what every plan
needs in columns (about 0.25 KB a task), `entries` gives the whole of one entry when asked.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import ChainMap
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from types import MappingProxyType

from tasksync.core.address_book import NOTHING_REMEMBERED, RememberedNumbers
from tasksync.core.fields import RemoteId, TaskKey, Values, digest_of, instant, mask_of
from tasksync.core.history import RecordedChange
from tasksync.core.portal_name import portal_name
from tasksync.core.quoting import quoted
from tasksync.core.run_url import shown
from tasksync.core.task import NO_OPTIONS, NOTHING_WRITTEN, Options, asked_digest
from tasksync.errors import StateMoved
from tasksync.value_classes import dataclass, field, replace

FORMAT_VERSION = 3
#: stands where it is not known which text asked
NO_SOURCE = bytes(16)
#: bytes of the digests of one row: asked, found, source
_ROW = 48
#: what stands in a row's `created` where there is no date: not shown yet, or no date is known
NOT_SHOWN, NO_DATE = 0, 1
#: stands there in a row whose task was moved to another project: no date of a task is that old
HANDED_OVER = 2


def source_fingerprint(text_digest: bytes, asked: bytes) -> bytes:
    """Return 16 bytes that say: the text of this digest asks for what has that digest.

    They hold only as long as the entry asks the same, so an entry that moved on has none that fits.
    """
    return blake2b(text_digest + asked, digest_size=16).digest()


def fingerprint_in(text: str) -> bytes:
    """Return the fingerprint that `hex` wrote; raises ValueError for anything else."""
    fingerprint = bytes.fromhex(text)
    if fingerprint.hex() != text or len(fingerprint) != len(NO_SOURCE):
        msg = f"block is no digest: {quoted(text)}"
        raise ValueError(msg)
    return fingerprint


@dataclass(frozen=True, slots=True)
class InProject:
    """A key of another project."""

    project: str
    key: TaskKey

    def __str__(self) -> str:
        return f"{self.key} of project {self.project}"


@dataclass(frozen=True, slots=True)
class Entry:
    """What the state remembers of one task.

    `asked` is every managed field as last asked; `normalised` holds only the fields of which the
    portal made something else, and the id that a parent's KeyRef stands for. `options` is what the
    block last said; `protected` stays from `protect: true` until `protect: false`. `source` is
    the fingerprint of the text that asked for this; NO_SOURCE where it is not known.

    `created` is the task's createdDate as the listing or look-up that first showed it told it
    ("" where none did): an id alone is not ownership (design 7, *Ours*). `hidden`: made, and not
    shown by the portal yet. `remade`: made again after it had vanished, and not seen by a later
    run yet. `unproved` is what came back at the read-back of the last write where it was neither
    as asked nor a known normalisation: if the next write ends the same, it is the portal's own form
    (design 5). `written` is what stood in the manifest for values of `asked` (core.task).
    `moved_to`: the task is that key's now (`moved … project`); nothing is done to it from here.
    """

    key: TaskKey
    id: RemoteId
    asked: Values
    normalised: Values = field(default_factory=lambda: MappingProxyType({}))
    options: Options = NO_OPTIONS
    protected: bool = False
    deferred: bool = False
    source: bytes = NO_SOURCE
    created: str = ""
    hidden: bool = False
    remade: bool = False
    unproved: Values = field(default_factory=lambda: MappingProxyType({}))
    written: Mapping[str, str] = field(default_factory=lambda: NOTHING_WRITTEN)
    moved_to: InProject | None = None

    @property
    def found(self) -> Values:
        """What the portal should hold in the managed fields."""
        return {**self.asked, **self.normalised}

    @property
    def title(self) -> str:
        """The title as last asked, for people."""
        return str(self.asked.get("title", self.key))

    def summary(self) -> EntrySummary:
        """Return what a plan needs when nothing changed."""
        return EntrySummary(
            self.key,
            self.id,
            asked_digest(self.asked, self.options),
            digest_of(self.found),
            mask_of(self.asked),
            deferred=self.deferred,
            source=self.source,
            created=self._created(),
        )

    def _created(self) -> int:
        if self.moved_to is not None:
            return HANDED_OVER
        if self.hidden or self.remade:
            return NOT_SHOWN
        return instant(self.created) if self.created else NO_DATE

    def shown(self, created: str | None, *, later: bool = True) -> Entry:
        """Return the entry once its task was seen, with the date that was seen, if one was.

        `later`: by another run than the one that made it.
        """
        remade = self.remade and not later
        return replace(self, created=created or self.created, hidden=False, remade=remade)


@dataclass(frozen=True, slots=True)
class EntrySummary:
    """The columns of one entry: digests of what was asked and of what the portal should hold.

    `created` is the second since 1970 of the task's createdDate, or NOT_SHOWN, NO_DATE or
    HANDED_OVER.
    """

    key: TaskKey
    id: RemoteId
    asked: bytes
    found: bytes
    mask: int
    deferred: bool = False
    source: bytes = NO_SOURCE
    created: int = NO_DATE


class EntryIndex:
    """The summaries of all entries in columns; a row number stands for an entry."""

    __slots__ = (
        "_by_id",
        "_digests",
        "_ids",
        "_keys",
        "_next",
        "_rows",
        "_sorted",
        "created",
        "deferred",
        "ids",
        "masks",
    )

    def __init__(self, summaries: Iterable[EntrySummary] = ()) -> None:
        self._rows: dict[TaskKey, int] = {}
        self._digests = bytearray()
        self.ids = array("q")
        self.masks = array("H")
        self.created = array("q")
        self.deferred = bytearray()
        self._sorted = False
        self._keys: list[TaskKey] = []
        self._next = 0
        self._by_id: array[int] = array("q")
        self._ids: array[int] = array("q")
        for summary in summaries:
            self.add(summary)

    def add(self, summary: EntrySummary) -> None:
        """Append a row; keys come once, digests are 16 bytes each."""
        self._rows[summary.key] = len(self.ids)
        self._digests += summary.asked + summary.found + summary.source
        self.ids.append(summary.id)
        self.masks.append(summary.mask)
        self.created.append(summary.created)
        self.deferred.append(summary.deferred)
        self._sorted = False

    def fill(
        self,
        keys: Sequence[TaskKey],
        *,
        ids: array[int],
        digests: bytes,
        masks: array[int],
        created: array[int],
        deferred: Iterable[int],
    ) -> None:
        """Append many rows at once; `digests` is asked, found and source of each row, 48 bytes."""
        start = len(self.ids)
        lengths = {len(keys), len(ids), len(masks), len(created)}
        if len(lengths) > 1 or len(digests) != len(keys) * _ROW:
            raise ValueError("columns of different lengths")
        self._rows.update(zip(keys, range(start, start + len(keys)), strict=True))
        self._digests += digests
        self.ids += ids
        self.masks += masks
        self.created += created
        self.deferred.extend(deferred)
        self._sorted = False

    def put(self, summary: EntrySummary) -> None:
        """Append a row, or overwrite the row of a key that has one."""
        row = self._rows.get(summary.key)
        if row is None:
            self.add(summary)
            return
        self._digests[row * _ROW : row * _ROW + _ROW] = (
            summary.asked + summary.found + summary.source
        )
        self.ids[row], self.masks[row] = summary.id, summary.mask
        self.created[row], self.deferred[row] = summary.created, summary.deferred
        self._sorted = False

    def without(self, keys: Container[TaskKey]) -> EntryIndex:
        """Return columns of one's own that lack these keys."""
        other = EntryIndex()
        for key, row in self._rows.items():
            if key not in keys:
                other.add(self._summary(key, row))
        return other

    def _summary(self, key: TaskKey, row: int) -> EntrySummary:
        return EntrySummary(
            key,
            RemoteId(self.ids[row]),
            self.asked(row),
            self.found(row),
            self.masks[row],
            deferred=bool(self.deferred[row]),
            source=self.source(row),
            created=self.created[row],
        )

    def copy(self) -> EntryIndex:
        """Return columns of one's own."""
        other = EntryIndex()
        other._rows = dict(self._rows)
        other._digests = bytearray(self._digests)
        other.ids, other.masks, other.created = self.ids[:], self.masks[:], self.created[:]
        other.deferred = bytearray(self.deferred)
        return other

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[TaskKey]:
        return iter(self._rows)

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    def row(self, key: TaskKey) -> int | None:
        """Return the row of a key, or None."""
        return self._rows.get(key)

    def key(self, row: int) -> TaskKey:
        """Return the key of a row: the very text that is held here, so that none is held twice."""
        if len(self._keys) != len(self._rows):
            self._keys = list(self._rows)
        return self._keys[row]

    @property
    def rows(self) -> Mapping[TaskKey, int]:
        """Row numbers by key, in the order of rows."""
        return self._rows

    def row_of_id(self, remote: int) -> int | None:
        """Return the row of a remote id, or None."""
        if not self._sorted:
            self._sort()
        ids, at = self._ids, self._next
        if at >= len(ids) or ids[at] != remote:  # listings come in the order of ids
            at = bisect_left(ids, remote)
            if at >= len(ids) or ids[at] != remote:
                return None
        self._next = at + 1
        return self._by_id[at]

    def asked(self, row: int) -> bytes:
        """Return the digest of what was last asked."""
        return bytes(self._digests[row * _ROW : row * _ROW + 16])

    def asks(self, row: int, digest: bytes) -> bool:
        """Tell whether what was last asked has this digest."""
        return self._digests[row * _ROW : row * _ROW + 16] == digest

    def found(self, row: int) -> bytes:
        """Return the digest of what the portal should hold in the managed fields."""
        return bytes(self._digests[row * _ROW + 16 : row * _ROW + 32])

    def source(self, row: int) -> bytes:
        """Return the fingerprint of the text that last asked, or NO_SOURCE."""
        return bytes(self._digests[row * _ROW + 32 : row * _ROW + 48])

    def _sort(self) -> None:
        ids = self.ids
        order = sorted(range(len(ids)), key=ids.__getitem__)
        self._by_id = array("q", order)
        self._ids = array("q", (ids[row] for row in order))
        self._sorted = True


@dataclass(frozen=True, slots=True)
class Intent:
    """A create that was about to be sent, and whose answer is not known yet.

    `sent` is the body in normal form without the marker; `asked` what the entry will remember
    (the parent still as KeyRef); `after` the highest id seen before sending; `at` is UTC.
    """

    key: TaskKey
    asked: Values
    sent: Values
    after: RemoteId
    at: datetime
    run: str
    options: Options = NO_OPTIONS
    written: Mapping[str, str] = field(default_factory=lambda: NOTHING_WRITTEN)

    def entry(self, remote: RemoteId) -> Entry:
        """Return the entry of what this create made; its parent's id is remembered as made.

        It is `hidden` until a listing or look-up shows it.
        """
        resolved = {name: one for name, one in self.sent.items() if self.asked.get(name) != one}
        protected = self.options.protect is True
        return Entry(
            self.key, remote, self.asked, resolved, self.options, protected,
            hidden=True, written=self.written,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class PortalIdentity:
    """Whose portal and whose key: `portal` is `data.portal` of /v1/me, else the URL's host.

    `create_seconds` is what one create took there in the last apply (design 9).
    The name is held in one form, states of before included. `host` is the URL's, and is not
    remembered: it tells a portal that names itself from one whose host stands for it.
    """

    portal: str
    owner: str = ""
    requests_per_second: float | None = None
    create_seconds: float | None = None
    host: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "portal", portal_name(self.portal))


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds, or asks for, the lease. `started` is the process's start time, an opaque text.

    The run's URL is held without its tokens, whoever wrote it down.
    """

    user: str
    host: str
    pid: int
    started: str = ""
    run_url: str = ""
    operation: str = "apply"

    def __post_init__(self) -> None:
        object.__setattr__(self, "run_url", shown(self.run_url))


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write: `fence` rises with every lease; times are UTC."""

    id: str
    holder: Holder
    fence: int
    since: datetime
    heartbeat: datetime
    ttl: float  # seconds


@dataclass(frozen=True, slots=True)
class Run:
    """One apply: when (UTC), its outcome, which saved plan.

    A saved plan is told by its digest and by the serial of the state that it was made from: what
    it does may well have to be done again later. `began`: there was no state before this run.
    `touched` are the keys that this run was to change (or EVERY_KEY) while a saved plan was done
    in part only: resuming that plan leaves them alone.
    `allowances` is what was used by then, in all
    runs so far, of each text of policy.allow: it is saved with the deletes that used it.
    `by` is user@host, `ci` the address of the CI run ("" outside of one), held without its tokens;
    `command` is what was
    called (apply, undo). `digest` is that of the plan that was done, saved or not. `counts` says
    how many changes of each action were done. `undoes` is the id of the run that it took back.
    """

    id: str
    at: datetime
    outcome: str = ""
    plan: str = ""
    serial: int = 0
    began: bool = False
    touched: tuple[TaskKey, ...] = ()
    allowances: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    by: str = ""
    ci: str = ""
    command: str = "apply"
    digest: str = ""
    counts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    undoes: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "ci", shown(self.ci))


@dataclass(frozen=True, slots=True)
class StateDelta:
    """What one transaction changes: all of it is durable, or none.

    `recorded` are the changes that the run did, for its history.
    """

    put: tuple[Entry, ...] = ()
    drop: tuple[TaskKey, ...] = ()
    open: tuple[Intent, ...] = ()
    close: tuple[TaskKey, ...] = ()
    run: Run | None = None
    identity: PortalIdentity | None = None
    files: tuple[str, ...] | None = None
    released: tuple[RemoteId, ...] | None = None
    directory: RememberedNumbers | None = None
    recorded: tuple[RecordedChange, ...] = ()

    def __bool__(self) -> bool:
        said = (self.identity, self.files, self.released, self.directory)
        rows = self.put or self.drop or self.open or self.close or self.recorded
        return bool(rows or self.run) or any(one is not None for one in said)


@dataclass(frozen=True, slots=True)
class State:
    """All entries and intents + lineage (who we are) + serial (how often saved).

    `entries` may read the store at each look; `files` are the manifest files that the last
    apply read; `identity` is None until a first apply bound the state to a portal. `released`
    are tasks that were forgotten on purpose: they bear our marker and are not ours. `directory`
    holds every address and name of a group that a remembered block may stand on.
    """

    project: str
    lineage: str = ""
    serial: int = 0
    identity: PortalIdentity | None = None
    index: EntryIndex = field(default_factory=EntryIndex)
    entries: Mapping[TaskKey, Entry] = field(default_factory=lambda: MappingProxyType({}))
    intents: tuple[Intent, ...] = ()
    files: tuple[str, ...] = ()
    runs: tuple[Run, ...] = ()
    released: tuple[RemoteId, ...] = ()
    directory: RememberedNumbers = NOTHING_REMEMBERED

    @property
    def allowances(self) -> Mapping[str, int]:
        """How much was used of each budget of policy.allow, by its text."""
        return self.runs[-1].allowances if self.runs else MappingProxyType({})

    def after(self, delta: StateDelta) -> State:
        """Return this state with a delta applied: what a document store saves."""
        drop, close = frozenset(delta.drop), frozenset(delta.close)
        entries = {**self.entries, **{entry.key: entry for entry in delta.put}}
        intents = {intent.key: intent for intent in (*self.intents, *delta.open)}
        runs = {run.id: run for run in (*self.runs, *((delta.run,) if delta.run else ()))}
        kept = {key: entry for key, entry in entries.items() if key not in drop}
        index = self.index.without(drop) if drop else self.index.copy()
        for entry in delta.put:
            if entry.key not in drop:
                index.put(entry.summary())
        return replace(
            self,
            serial=self.serial + 1,
            identity=delta.identity or self.identity,
            entries=kept,
            index=index,
            intents=tuple(i for key, i in intents.items() if key not in close),
            files=self.files if delta.files is None else delta.files,
            released=self.released if delta.released is None else delta.released,
            directory=self.directory if delta.directory is None else delta.directory,
            runs=tuple(runs.values())[-KEPT_RUNS:],
        )


#: how many runs are remembered
KEPT_RUNS = 100
#: stands in a run's `touched` for more keys than are written down; no key of a task looks so
EVERY_KEY = TaskKey("*")


def overlaid(state: State, entries: Iterable[Entry]) -> State:
    """Return a state with these entries over its own; nothing of it is saved."""
    extra = {entry.key: entry for entry in entries}
    if not extra:
        return state
    index = state.index.copy()
    for entry in extra.values():
        index.put(entry.summary())
    return replace(state, index=index, entries=ChainMap(extra, state.entries))  # type: ignore[arg-type]


class LazyEntries(Mapping[TaskKey, Entry]):
    """Entries that are read from a store one by one, when somebody looks."""

    __slots__ = ("_index", "_read")

    def __init__(self, index: EntryIndex, read: Callable[[TaskKey], Entry]) -> None:
        self._index = index
        self._read = read

    def __getitem__(self, key: TaskKey) -> Entry:
        if key not in self._index:
            raise KeyError(key)
        try:
            return self._read(key)
        except KeyError:
            raise StateMoved(
                f"The entry {key} is no longer in the state that listed it: another run took it "
                "away meanwhile, or the state is damaged.",
                "Run it again.",
            ) from None

    def __iter__(self) -> Iterator[TaskKey]:
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._index)


def state_of(project: str, entries: Iterable[Entry], **other: object) -> State:
    """Return a state that holds these entries in memory."""
    kept = {entry.key: entry for entry in entries}
    index = EntryIndex(entry.summary() for entry in kept.values())
    return replace(State(project, entries=kept, index=index), **other)  # type: ignore[arg-type]
