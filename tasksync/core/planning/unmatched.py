"""Marked tasks that no key could be matched to: duplicates of what we have, and the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tasksync.core.plan import Duplicate, Orphan
from tasksync.core.planning.matching import title_person_parent
from tasksync.core.state import Entry
from tasksync.core.task import LiveTask


def told_apart(
    unmatched: Sequence[LiveTask], entries: Iterable[Entry]
) -> tuple[tuple[Duplicate, ...], tuple[Orphan, ...]]:
    """Return the duplicates of what we have, and the orphans: tasks that nobody can place.

    `entries` are read only where something is unmatched; of two that look alike the first counts.
    """
    looks = {task.id: title_person_parent(task.fields) for task in unmatched}
    if not looks:
        return (), ()
    wanted = set(looks.values())
    ours: dict[object, Entry] = {}
    for entry in entries:
        look = title_person_parent(entry.found)
        if look in wanted:
            ours.setdefault(look, entry)
    duplicates: list[Duplicate] = []
    orphans: list[Orphan] = []
    for task in unmatched:
        title = str(task.fields.get("title", ""))
        original = ours.get(looks[task.id])
        if original is not None:
            duplicates.append(Duplicate(original.key, original.id, task.id, title))
        else:
            person = task.fields.get("responsibleId")
            orphans.append(Orphan(task.id, title, person if isinstance(person, int) else 0))
    return tuple(duplicates), tuple(orphans)
