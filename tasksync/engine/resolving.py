"""Creates in doubt: did they happen? One listing tells; nothing is sent again blindly.

An intent is settled when a task is found that it made, or when the settle time has passed and
no task is there. While an unmatched marked candidate remains, nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from tasksync.core.events import IntentResolved, IntentsFound, Note, Settling
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.matching import Want, match, title_of
from tasksync.core.ports import Clock, Listener, Portal
from tasksync.core.state import Entry, Intent, State, StateDelta
from tasksync.core.task import LiveTask

#: the portal's queue: a create may happen this long after its answer was lost (api-contract 6.1)
SETTLE_SECONDS = 30.0
_FIRST_WAIT = 1.0
_LONGEST_WAIT = 8.0


@dataclass(frozen=True, slots=True)
class Resolution:
    """What became of intents: entries found, keys that never happened, keys still in doubt.

    `candidates` are the marked tasks that could not be placed: the reason for the doubt.
    """

    found: tuple[Entry, ...] = ()
    never: tuple[TaskKey, ...] = ()
    doubtful: tuple[TaskKey, ...] = ()
    candidates: tuple[LiveTask, ...] = ()

    def delta(self) -> StateDelta:
        """Return what to save: doubtful intents stay open."""
        return StateDelta(put=self.found, close=(*(entry.key for entry in self.found), *self.never))


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
    ) -> Resolution:
        """Match intents by one listing, without waiting; the rest is doubtful.

        Tasks are listed above `after`, else above what was there before the oldest intent.
        """
        if self.marker is None or not intents:
            return Resolution(doubtful=tuple(intent.key for intent in intents))
        entries = list(extra)
        taken = {*(entry.id for entry in entries), *known.released}
        if after is None:
            after = min(intent.after for intent in intents)
        unknown = [
            task
            for task in self.portal.newer(self.marker, after)
            if task.id not in taken and known.heads.row_of_id(task.id) is None
        ]
        by_key = {intent.key: intent for intent in intents}
        result = match(
            (Want(intent.key, intent.sent, intent.after) for intent in intents), unknown, {}
        )
        found = tuple(_entry(by_key[key], task, known) for key, task in result.pairs.items())
        for entry in found:
            self.listener(IntentResolved(entry.key, entry.id))
        return Resolution(
            found, doubtful=tuple(want.key for want in result.wants), candidates=result.tasks
        )

    def settled(
        self, intents: Sequence[Intent], known: State, extra: Iterable[Entry] = ()
    ) -> Resolution:
        """Look again until all are found or the settle time of the youngest intent has passed."""
        if not intents:
            return Resolution()
        self.listener(IntentsFound(tuple(intent.key for intent in intents)))
        entries = list(extra)
        open_ = {intent.key: intent for intent in intents}
        wait = _FIRST_WAIT
        latest = self.clock.monotonic() + self.settle
        # of all intents, also of those found meanwhile: what fits none of them must stay in sight
        after = min(intent.after for intent in intents)
        while True:
            left = min(self._left(open_.values()), latest - self.clock.monotonic())
            seen = self.look(list(open_.values()), known, entries, after)
            entries += seen.found
            for entry in seen.found:
                del open_[entry.key]
            if not open_ or left <= 0 or self.marker is None or self.stopping():
                break
            self.listener(Settling(tuple(open_), left))
            self.clock.sleep(min(wait, left))
            wait = min(wait * 2, _LONGEST_WAIT)
        ours = chain(known.entries.values(), entries)
        candidates = _unplaced(seen.candidates, open_.values(), ours)
        return self._verdict(intents, open_, entries, candidates)

    def _left(self, intents: Iterable[Intent]) -> float:
        now = self.clock.now()
        ages = [(now - intent.at).total_seconds() for intent in intents]
        return self.settle - min(max(age, 0.0) for age in ages)

    def _verdict(
        self,
        intents: Sequence[Intent],
        open_: Mapping[TaskKey, Intent],
        entries: Sequence[Entry],
        candidates: tuple[LiveTask, ...],
    ) -> Resolution:
        keys = {intent.key for intent in intents}
        found = tuple(entry for entry in entries if entry.key in keys)
        if not open_:
            return Resolution(found)
        if self.stopping() and self._left(open_.values()) > 0:
            return Resolution(found, (), tuple(open_), candidates)
        if candidates or self.marker is None:
            self._name(open_, candidates)
            return Resolution(found, (), tuple(open_), candidates)
        for key in open_:
            self.listener(IntentResolved(key, None))
        return Resolution(found, tuple(open_))

    def _name(self, open_: Mapping[TaskKey, Intent], tasks: Sequence[LiveTask]) -> None:
        keys = ", ".join(open_)
        ids = ", ".join(f"{task.id} {task.fields.get('title')!r}" for task in tasks)
        why = f"these marked tasks match none of them: {ids}" if ids else "marker: none is set"
        self.listener(Note(f"In doubt, and not sent again: {keys}; {why}."))


def _unplaced(
    tasks: Sequence[LiveTask], intents: Iterable[Intent], entries: Iterable[Entry]
) -> tuple[LiveTask, ...]:
    """Leave out twins: what looks like a task that we have, and like none in doubt."""
    if not tasks:
        return ()
    doubted = {title_of(intent.sent) for intent in intents}
    twins = {title_of(entry.found) for entry in entries} - doubted
    return tuple(task for task in tasks if title_of(task.fields) not in twins)


def _entry(intent: Intent, task: LiveTask, known: State) -> Entry:
    """Return what an intent became; a protection that stood before is not lost over it."""
    entry = intent.entry(task.id)
    if intent.options.protect is not None or intent.key not in known.heads:
        return entry
    return replace(entry, protected=known.entries[intent.key].protected)
