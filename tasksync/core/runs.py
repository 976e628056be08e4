"""The runs that are remembered: which one somebody means, and what later ones did to its changes.

Pure. What a run did is asked of the store (`StateStore.recorded`); None: it keeps none of that run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tasksync.core.fields import TaskKey
from tasksync.core.history import RecordedChange
from tasksync.core.quoting import quoted
from tasksync.core.state import Run
from tasksync.errors import StateError, UsageError

#: what somebody writes for the last run that changed something
LAST = "last"
#: so much of a run's id is shown
SHOWN = 8
_NAMED = 5
_LIST = "tasksync history lists the runs."

Recorded = Callable[[str], Sequence[RecordedChange] | None]


@dataclass(frozen=True, slots=True)
class Since:
    """What runs after one did to the keys that it changed.

    `taken_back`: its change was undone, and not made again. `changed`: the last run whose change
    of the key stands. `back_again`: later runs changed the key, and all of that was undone, so that
    its task may be another by now.
    """

    taken_back: frozenset[TaskKey] = frozenset()
    changed: Mapping[TaskKey, Run] = field(default_factory=dict)
    back_again: frozenset[TaskKey] = frozenset()


def shown_id(run: Run) -> str:
    """Return as much of a run's id as people need."""
    return run.id[:SHOWN]


def named_run(run: Run) -> str:
    """Return a run for people: `3f2a9c1b (apply, 2026-11-27 17:30 UTC, anna@host)`."""
    facts = (run.command, f"{run.at:%Y-%m-%d %H:%M} UTC", run.by)
    return f"{shown_id(run)} ({', '.join(fact for fact in facts if fact)})"


def chosen_run(word: str, runs: Sequence[Run], recorded: Recorded) -> Run:
    """Return the run that somebody names: its id, the beginning of one, or `last` (or nothing).

    Raises UsageError where no run, or more than one, is meant.
    """
    if word in {"", LAST}:
        return last_that_changed(runs, recorded)
    fitting = [run for run in runs if run.id.startswith(word.lower())]
    exact = [run for run in fitting if run.id == word.lower()]
    if len(exact or fitting) == 1:
        return (exact or fitting)[0]
    if fitting:
        raise UsageError(
            f"{len(fitting)} runs begin with {quoted(word)}: "
            f"{', '.join(run.id[: SHOWN * 2] for run in fitting[-_NAMED:])}.",
            "Write more of its id.",
        )
    raise UsageError(f"No run that is remembered begins with {quoted(word)}.", _LIST)


def last_that_changed(runs: Sequence[Run], recorded: Recorded) -> Run:
    """Return the last run that changed something; raises UsageError where there is none.

    One that was cut off may have, also where nothing is kept of it. Of an undo that was not done to
    its end it is the run that was to be taken back: there is more of it to do.
    """
    known = {run.id: run for run in runs}
    for run in reversed(runs):
        if run.undoes in known and run.outcome != "complete":
            return known[run.undoes]
        if run.counts or run.outcome == "started" or not run.by or recorded(run.id):
            return run
    raise UsageError("No run is remembered that changed anything.", _LIST)


def kept_of(run: Run, recorded: Recorded) -> tuple[RecordedChange, ...]:
    """Return what a run did; raises StateError where the store keeps none of it."""
    found = recorded(run.id)
    if found:
        return tuple(found)
    if not run.by:
        why = "it was made by a version of tasksync that kept no changes"
    elif run.outcome == "started":
        why = "it was cut off, and had saved none (a state in S3 or behind http keeps them when a "
        why += "run ends)"
    elif not run.counts:
        why = "it changed no task"
    else:
        why = "it is too long ago, or had more changes than this store keeps"
    raise StateError(
        f"The changes of run {named_run(run)} are not kept in this state: {why}.",
        "Take them back by the manifest: git revert, then tasksync apply. " + _LIST,
    )


def runs_after(run: Run, runs: Sequence[Run]) -> list[Run]:
    """Return the runs that came after one, in their order."""
    at = next(number for number, one in enumerate(runs) if one.id == run.id)
    return list(runs[at + 1 :])


def since(run: Run, later: Iterable[tuple[Run, Iterable[RecordedChange]]]) -> Since:
    """Return what later runs, in their order, did to the keys that they changed."""
    followed: dict[TaskKey, _Followed] = {}
    for one, changes in later:
        for key in dict.fromkeys(change.key for change in changes):
            followed.setdefault(key, _Followed(run)).take(one)
    stands = {key: found.stands for key, found in followed.items()}
    back = {key for key, found in stands.items() if run not in found}
    changed = {
        key: found[-1] for key, found in stands.items() if key not in back and found[-1] != run
    }
    again = frozenset(key for key, found in stands.items() if found == [run])
    return Since(frozenset(back), changed, again)


class _Followed:
    """The runs whose change of one key stands; an undo takes one away, its own undo gives it back.

    run, undo of run                     nothing stands
    run, undo of run, undo of that       run stands
    run, another, undo of that           run stands
    """

    def __init__(self, run: Run) -> None:
        self.stands = [run]
        self._took: dict[str, Run] = {}
        self._gave: dict[str, Run] = {}

    def take(self, one: Run) -> None:
        target = next((run for run in self.stands if run.id == one.undoes), None)
        given = self._gave.get(one.undoes)
        if target is None and given in self.stands:
            target = given
        if target is not None:
            self.stands.remove(target)
            self._took[one.id] = target
        elif one.undoes in self._took:
            self._gave[one.id] = self._took[one.undoes]
            self.stands.append(self._took[one.undoes])
        else:
            self.stands.append(one)
