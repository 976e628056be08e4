"""The words for what runs did that the formats of `history` share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from tasksync.core.change import Action
from tasksync.core.history import RecordedChange
from tasksync.core.remembered_runs import STARTED
from tasksync.core.state import Run

#: how often each was done, in the words and the order of apply's last line
DONE: Mapping[str, str] = MappingProxyType(
    {
        Action.CREATE.value: "added",
        Action.UPDATE.value: "changed",
        Action.DELETE.value: "destroyed",
        Action.ADOPT.value: "adopted",
        Action.DEFER.value: "deferred",
        Action.FORGET.value: "forgotten",
    }
)
_ENDED: Mapping[str, str] = MappingProxyType(
    {
        "complete": "complete",
        "partial": "partial: not all of it was done",
        STARTED: "not ended: cut off, or running still",
    }
)
NO_RUNS = "No runs are remembered."


def ended(run: Run) -> str:
    """Return how a run ended, in words."""
    return _ENDED.get(run.outcome, run.outcome or "not told")


def counted(counts: Mapping[str, int]) -> str:
    """Return `1 added, 2 changed`; nothing where nothing is counted."""
    return ", ".join(
        f"{counts[action]} {word}" for action, word in DONE.items() if counts.get(action)
    )


def counts_of(changes: Iterable[RecordedChange]) -> Mapping[str, int]:
    """Return how many changes of each action these are."""
    return Counter(change.action for change in changes)


def what(run: Run) -> str:
    """Return how much a run did, as far as that is known before its changes are read."""
    if run.counts:
        return counted(run.counts)
    if run.outcome == STARTED:
        return "what it did was not counted"
    return "not counted" if not run.by else "nothing changed"
