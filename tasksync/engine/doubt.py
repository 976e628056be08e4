"""Creates in doubt: did they happen? One listing tells; nothing is sent again blindly.

An intent is settled when a task is found that it made, or when the settle time has passed and
no task is there. While an unmatched candidate remains, nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from itertools import chain

from tasksync.core.equivalence import title_matches
from tasksync.core.events import IntentResolved, IntentsFound, Note, Settling
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.manifest import marker_of
from tasksync.core.ownership import is_foreign, is_own
from tasksync.core.planning.matching import Want, could_be, is_duplicate, match
from tasksync.core.ports import Clock, Listener, Portal
from tasksync.core.quoting import quoted
from tasksync.core.state import Entry, Intent, State, StateDelta
from tasksync.core.task import LiveTask
from tasksync.engine.recording import recorded_create
from tasksync.value_classes import dataclass, replace

#: a create may happen this long after its answer was lost: 30 s of the gateway's queue and 60 s
#: of native execution (api-contract 6.1)
SETTLE_SECONDS = 90.0
_FIRST_WAIT = 1.0
_LONGEST_WAIT = 8.0


@dataclass(frozen=True, slots=True)
class Resolution:
    """How intents were settled: entries found, keys that never happened, keys still in doubt.

    `candidates` are the marked tasks that could not be placed, `unmarked` new tasks without a
    marker that look like one in doubt: the reasons for the doubt.
    """

    found: tuple[Entry, ...] = ()
    never: tuple[TaskKey, ...] = ()
    doubtful: tuple[TaskKey, ...] = ()
    candidates: tuple[LiveTask, ...] = ()
    unmarked: tuple[LiveTask, ...] = ()

    def delta(self, intents: Iterable[Intent]) -> StateDelta:
        """Return what to save of these intents: doubtful ones stay open.

        What is found was done by the run that sent it, and stands in the history of that one.
        """
        sent = {intent.key: intent for intent in intents}
        return StateDelta(
            put=self.found,
            close=(*(entry.key for entry in self.found), *self.never),
            recorded=tuple(recorded_create(sent[entry.key], entry.id) for entry in self.found),
        )


@dataclass(frozen=True, slots=True)
class Resolver:
    """Looks for what intents made; `settle` is in seconds."""

    portal: Portal
    clock: Clock
    listener: Listener
    marker: str | None
    settle: float = SETTLE_SECONDS
    stopping: Callable[[], bool] = bool

    def look(
        self,
        intents: Sequence[Intent],
        known: State,
        extra: Iterable[Entry],
        after: RemoteId | None = None,
        *,
        proved: bool = False,
        gone: Container[TaskKey] = (),
    ) -> Resolution:
        """Match intents by one listing, without waiting; the rest is doubtful.

        Tasks are listed above `after`, else above what was there before the oldest intent.
        `proved`: this run has seen its marker on the portal, so the listing by it is enough.
        `gone` are keys whose remembered tasks this run has found gone: their ids may come again.
        """
        if self.marker is None or not intents:
            return Resolution(doubtful=tuple(intent.key for intent in intents))
        if after is None:
            after = min(intent.after for intent in intents)
        by_key = {intent.key: intent for intent in intents}
        taken = {entry.id for entry in extra}
        unknown = [
            task
            for task in self._listed(self.marker, after, proved=proved)
            if task.id not in taken and not self._is_known(known, task, by_key, gone)
        ]
        marked = [task for task in unknown if self.marker in task.markers]
        result = match(
            (Want(intent.key, intent.sent, intent.after) for intent in intents), marked, {}
        )
        found = tuple(_entry(by_key[key], task, known) for key, task in result.pairs.items())
        for entry in found:
            self.listener(IntentResolved(entry.key, entry.id))
        left = [by_key[want.key] for want in result.wants]
        unmarked = (task for task in unknown if not task.markers)
        return Resolution(
            found,
            doubtful=tuple(want.key for want in result.wants),
            candidates=result.tasks,
            unmarked=tuple(task for task in unmarked if any(_alike(one, task) for one in left)),
        )

    def settled(
        self,
        intents: Sequence[Intent],
        known: State,
        extra: Iterable[Entry] = (),
        *,
        since: float | None = None,
        proved: bool = False,
        gone: Container[TaskKey] = (),
    ) -> Resolution:
        """Look again until all are found or the settle time has passed.

        It is counted by this run's own clock that never goes back, from `since`: when this run
        first saw the doubt (now, where that is not said), whatever clock wrote the intent.
        """
        if not intents:
            return Resolution()
        self.listener(IntentsFound(tuple(intent.key for intent in intents)))
        entries = list(extra)
        open_ = {intent.key: intent for intent in intents}
        wait = _FIRST_WAIT
        latest = (self.clock.monotonic() if since is None else since) + self.settle
        # of all intents, also of those found meanwhile: what fits none of them must stay in sight
        after = min(intent.after for intent in intents)
        while True:
            left = latest - self.clock.monotonic()
            seen = self.look(list(open_.values()), known, entries, after, proved=proved, gone=gone)
            entries += seen.found
            for entry in seen.found:
                del open_[entry.key]
            if not open_ or left <= 0 or self.marker is None or self.stopping():
                break
            self.listener(Settling(tuple(open_), left))
            self.clock.sleep(min(wait, left))
            wait = min(wait * 2, _LONGEST_WAIT)
        ours = chain(known.entries.values(), entries)
        seen = replace(seen, candidates=_unplaced(seen.candidates, open_.values(), ours))
        return self._result(intents, open_, entries, seen, waited=left <= 0)

    def _listed(self, marker: str, after: RemoteId, *, proved: bool) -> list[LiveTask]:
        """Return new tasks by their marker; all new tasks, while no marker was seen in this run."""
        marked = list(self.portal.newer(marker, after))
        if marked or proved:
            return marked
        return [one for one in self.portal.newer(None, after) if not is_foreign(one, marker)]

    def _is_known(
        self, known: State, task: LiveTask, open_: Container[TaskKey], gone: Container[TaskKey]
    ) -> bool:
        row = known.index.row_of_id(task.id)
        if row is None:
            return False
        key = known.index.key(row)
        lost = key in open_ or key in gone
        return not lost and is_own(known.entries[key], task, marker_of(known.project))

    def _result(
        self,
        intents: Sequence[Intent],
        open_: Mapping[TaskKey, Intent],
        entries: Sequence[Entry],
        seen: Resolution,
        *,
        waited: bool,
    ) -> Resolution:
        keys = {intent.key for intent in intents}
        found = tuple(entry for entry in entries if entry.key in keys)
        if not open_:
            return Resolution(found)
        doubtful = replace(seen, found=found, doubtful=tuple(open_))
        if self.stopping() and not waited:
            return doubtful
        if seen.candidates or seen.unmarked or self.marker is None:
            self._name(open_, seen)
            return doubtful
        for key in open_:
            self.listener(IntentResolved(key, None))
        return Resolution(found, tuple(open_))

    def _name(self, open_: Mapping[TaskKey, Intent], seen: Resolution) -> None:
        keys = ", ".join(open_)
        why = []
        if seen.candidates:
            why.append(f"these marked tasks match none of them: {_named(seen.candidates)}")
        if seen.unmarked:
            why.append(
                f"these new tasks look like them and do not bear {self.marker}: "
                f"{_named(seen.unmarked)}"
            )
        if self.marker is None:
            why.append("marker: none is set")
        self.listener(Note(f"In doubt, and not sent again: {keys}; {'; '.join(why)}."))


def _named(tasks: Iterable[LiveTask]) -> str:
    return ", ".join(f"{task.id} {quoted(task.fields.get('title'))}" for task in tasks)


def _alike(intent: Intent, task: LiveTask) -> bool:
    """Tell whether a task is new to an intent and equal to it in title and responsible."""
    sent, there = intent.sent, task.fields
    return (
        task.id > intent.after
        and sent.get("responsibleId") == there.get("responsibleId")
        and title_matches(str(sent.get("title") or ""), str(there.get("title") or ""))
    )


def _unplaced(
    tasks: Sequence[LiveTask], intents: Iterable[Intent], entries: Iterable[Entry]
) -> tuple[LiveTask, ...]:
    """Leave out duplicates: what is the same as a task that we have, and can be none in doubt."""
    intents = list(intents)
    possible = {
        task.id for task in tasks if any(could_be(one.sent, one.after, task) for one in intents)
    }
    others = [task for task in tasks if task.id not in possible]
    duplicates: set[RemoteId] = set()
    if others:
        for entry in entries:
            duplicates |= {task.id for task in others if is_duplicate(entry.found, task)}
    return tuple(task for task in tasks if task.id not in duplicates)


def _entry(intent: Intent, task: LiveTask, known: State) -> Entry:
    """Return the entry of a settled intent; a protection that stood before is not lost over it."""
    entry = intent.entry(task.id).shown(task.created)
    if intent.options.protect is not None or intent.key not in known.index:
        return entry
    return replace(entry, protected=known.entries[intent.key].protected)
