"""What undo says beside its plan: which run, what cannot be taken back, what the manifest asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tasksync.core.fields import TaskKey
from tasksync.core.later_runs import named_run
from tasksync.core.staleness import Stale
from tasksync.core.state import Run
from tasksync.render.stale_text import stale_text
from tasksync.render.wording import Names, clean, count

#: so many keys are named, of more their number
_NAMED = 20


def first_line(run: Run) -> str:
    """Return which run a plan takes back."""
    return f"This takes back run {clean(named_run(run))}."


def already_text(run: Run, *, left: int) -> str:
    """Return what is said of a plan without changes."""
    name = clean(named_run(run))
    if left:
        return f"No changes. Nothing of run {name} can be taken back."
    return f"No changes. All of run {name} is taken back already."


def done_text(number: int) -> str:
    """Return how much an undo before, or people, took back already."""
    return f"{count(number, 'change')} of it {_are(number)} taken back already."


def doubt_text(number: int) -> str:
    """Return that creates of an earlier run are in doubt."""
    return (
        f"{count(number, 'create')} of an earlier run {_are(number)} in doubt: the next run that "
        "writes looks for them, and this plan leaves them out."
    )


def parents_text(keys: Sequence[TaskKey]) -> str:
    """Return what is made again without the parent that it had."""
    return f"Made again without the parent that they had, which is gone: {_named(keys)}."


def cannot_text(
    cannot: Mapping[TaskKey, str], stale: Mapping[TaskKey, Sequence[Stale]], names: Names
) -> str:
    """Return what cannot be taken back and why, one line each."""
    lines = [f"  {clean(key)}: {clean(why)}" for key, why in cannot.items()]
    moved = stale_text(stale, names, "the run left")
    return "\n".join([*lines, *([moved] if moved else [])])


def again_text(keys: Sequence[TaskKey]) -> str:
    """Return which tasks the manifest changes again, and how not."""
    if not keys:
        return "The manifest asks for nothing else: the next apply leaves these tasks so."
    return (
        f"The manifest is not changed by undo. It asks otherwise of {count(len(keys), 'task')}, "
        f"which the next apply changes again: {_named(keys)}.\n"
        "  Edit the manifest, or take its commit back with git revert, before the next apply."
    )


def no_manifest_text(why: str = "") -> str:
    """Return that nobody can tell what the manifest will change again."""
    said = f" ({clean(why.splitlines()[0])})" if why else ""
    return (
        f"The manifest was not read{said}: which of these tasks the next apply changes again is "
        "not known.\n  Name it with -f; edit it, or take its commit back with git revert, before "
        "the next apply."
    )


def _named(keys: Sequence[TaskKey]) -> str:
    more = f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else ""
    return ", ".join(map(clean, keys[:_NAMED])) + more


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
