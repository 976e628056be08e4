"""Which run is to be taken back, and what later runs did to the keys that it changed.

Pure. What a run did is asked of the store (`StateStore.recorded`); None: it keeps none of that run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from tasksync.core.fields import TaskKey
from tasksync.core.history import RecordedChange
from tasksync.core.remembered_runs import LAST, STARTED, run_called, short
from tasksync.core.state import Run
from tasksync.errors import UsageError
from tasksync.value_classes import dataclass, field

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


def named_run(run: Run) -> str:
    """Return a run for people: `3f2a9c1b (apply, 2026-11-27 17:30 UTC, anna@host)`."""
    facts = (run.command, f"{run.at:%Y-%m-%d %H:%M} UTC", run.by)
    return f"{short(run.id)} ({', '.join(fact for fact in facts if fact)})"


def run_to_undo(word: str, runs: Sequence[Run], recorded: Recorded) -> Run:
    """Return the run that somebody wants back: named, or the last that changed something.

    One that was cut off may have, also where nothing is kept of it. Of an undo that was not done to
    its end it is the run that was to be taken back: there is more of it to do. Raises UsageError.
    """
    if word not in {"", LAST}:
        return run_called(word, runs)
    known = {run.id: run for run in runs}
    for run in reversed(runs):
        if run.undoes in known and run.outcome != "complete":
            return known[run.undoes]
        if run.counts or run.outcome == STARTED or not run.by or recorded(run.id):
            return run
    raise UsageError(
        "No run is remembered that changed anything.", "tasksync history lists the runs."
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
