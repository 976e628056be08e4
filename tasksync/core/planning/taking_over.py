"""Tasks that move here from another project of the same store (`moved … project`).

The other project's state says whose a task is at any moment; here `theirs` is its entry of the old
key, `marker` what the task bears, `ours` the entry of the new key.

theirs            marker   ours   next apply here           next apply there, key dropped or not
entry             theirs   no     takes the task over       as ever: its manifest decides
entry, moved_to   theirs   no     goes on                   nothing: it is on its way here
entry, moved_to   ours     no     goes on                   dropped: forgotten, state alone
entry, moved_to   ours     yes    nothing: it is here       dropped: forgotten, state alone
none              ours     no     found by its marker       nothing
none, or moved    any      no     refused (guard `moved`)   as ever
on elsewhere
any               any      yes    nothing: it is here       as above

`moved_to` is written there before the request leaves that changes the marker: from then on the
other project neither changes nor deletes the task, nor makes another one for a key that its
manifest still names. So a run that is killed anywhere leaves a row of this table, and each row ends
in the last but two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.manifest import Manifest, Moved, is_instance, marker_of
from tasksync.core.ownership import is_own
from tasksync.core.state import Entry, InProject, State
from tasksync.core.task import LiveTask
from tasksync.value_classes import dataclass, replace


@dataclass(frozen=True, slots=True)
class TakeOver:
    """What is asked for one key; `entry` is the other project's, None where it has none to give."""

    origin: InProject
    entry: Entry | None

    def is_it(self, task: LiveTask, mark: str) -> bool:
        """Tell whether a live task is the one: the other project's, or marked ours already.

        A third project's is neither.
        """
        if self.entry is None or task.id != self.entry.id:
            return False
        theirs = marker_of(self.origin.project)
        others = tuple(one for one in task.markers if one != mark)
        as_theirs = replace(task, markers=others)
        own = is_own(replace(self.entry, moved_to=None), as_theirs, theirs)
        known = bool(self.entry.created and task.created)
        return own or (mark in task.markers and not known and set(others) <= {theirs})


def projects_in(manifest: Manifest, state: State) -> tuple[str, ...]:
    """Return the other projects whose states have to be looked at: those with tasks to take."""
    index = state.index
    return tuple(
        sorted(
            {
                one.project
                for one in manifest.moved
                if one.project and (is_instance(one.after) or one.after not in index)
            }
        )
    )


def gives_to(manifest: Manifest, state: State, source: State) -> bool:
    """Tell whether another project has anything that may have to be taken over from it."""
    return any(
        after not in state.index
        for move in manifest.moved
        if move.project == source.project
        for after in _afters(move, source)
    )


def _afters(move: Moved, source: State) -> Iterator[TaskKey]:
    """Yield the keys here of what the other project remembers under the old ones."""
    if not is_instance(move.before):
        if move.before in source.index:
            yield move.after
        return
    for before in source.index:
        if before.startswith(move.before):
            yield TaskKey(move.after + before.removeprefix(move.before))


def taken_over(
    manifest: Manifest, new: Mapping[TaskKey, object], sources: Mapping[str, State], state: State
) -> dict[TaskKey, TakeOver]:
    """Return what each new key takes over; `new` are the wanted keys that have no entry."""
    found: dict[TaskKey, TakeOver] = {}
    for move in manifest.moved:
        if move.project:
            for before, after in _pairs(move, new):
                origin = InProject(move.project, before)
                entry = _given(origin, after, sources, state)
                # an instance has tasks that are new here, a key that is named has none
                if entry is not None or not is_instance(move.before):
                    found.setdefault(after, TakeOver(origin, entry))
    return found


def _pairs(move: Moved, new: Mapping[TaskKey, object]) -> Iterator[tuple[TaskKey, TaskKey]]:
    if not is_instance(move.after):
        if move.after in new:
            yield move.before, move.after
        return
    for after in new:
        if after.startswith(move.after):
            yield TaskKey(move.before + after.removeprefix(move.after)), after


def _given(
    origin: InProject, after: TaskKey, sources: Mapping[str, State], state: State
) -> Entry | None:
    """Return the other project's entry, unless it went elsewhere or its task is ours already."""
    source = sources.get(origin.project)
    entry = None if source is None else source.entries.get(origin.key)
    if entry is None or entry.moved_to not in {None, InProject(state.project, after)}:
        return None
    return None if state.index.row_of_id(entry.id) is not None else entry


def comes_from(manifest: Manifest, key: TaskKey, project: str) -> bool:
    """Tell whether `moved` would have a key's task come from another project."""
    return any(
        move.project == project
        and (move.after == key or (is_instance(move.after) and key.startswith(move.after)))
        for move in manifest.moved
    )


def takes(found: Mapping[TaskKey, TakeOver]) -> dict[RemoteId, TakeOver]:
    """Return them by the id of the task."""
    return {one.entry.id: one for one in found.values() if one.entry is not None}
