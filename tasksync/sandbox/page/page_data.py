"""What the page shows, as JSON: tasks under their parents, found by word, status and person."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from tasksync.sandbox.json_codec import Json
from tasksync.sandbox.model.directory import GROUPS, person
from tasksync.sandbox.model.portal_clock import PortalClock, write_instant
from tasksync.sandbox.model.task import CLOSED, STATUSES, Task
from tasksync.sandbox.model.world import World

#: So many rows are sent at most; others are found by a narrower search.
MAX_ROWS = 500


def page_data(world: World, clock: PortalClock, search: Json) -> Json:
    """The rows for a search, or only the version when `since` says it is known already."""
    now = clock.second()
    with world.reading() as index:
        version = f"{world.version}-{now // 60}"
        if search.get("since") == version:
            return {"version": version, "unchanged": True}
        tasks = list(index)
    matches = _predicate(search, now)
    found = [task for task in reversed(tasks) if matches(task)]
    statuses = Counter(task.status for task in tasks)
    return {
        "version": version,
        "now": now,
        "total": len(tasks),
        "found": len(found),
        "statuses": {STATUSES[status]: count for status, count in statuses.items()},
        "overdue": sum(_is_overdue(task, now) for task in tasks),
        "people": _people(tasks),
        "rows": [_row(task, depth, clock, now) for task, depth in islice(_tree(found), MAX_ROWS)],
    }


def _predicate(search: Json, now: int) -> Callable[[Task], bool]:
    words = str(search.get("q", "")).casefold().split()
    status, who = str(search.get("status", "")), str(search.get("who", ""))

    def matches(task: Task) -> bool:
        if status == "overdue" and not _is_overdue(task, now):
            return False
        if status not in {"", "overdue", STATUSES[task.status]}:
            return False
        if who and who != str(task.responsible_id):
            return False
        return not words or all(word in _text(task) for word in words)

    return matches


def _text(task: Task) -> str:
    name = person(task.responsible_id)["name"]
    return " ".join((str(task.id), task.title, task.description, name, *task.tags)).casefold()


def _is_overdue(task: Task, now: int) -> bool:
    return task.deadline is not None and task.deadline < now and task.status not in CLOSED


def _tree(found: Sequence[Task]) -> Iterator[tuple[Task, int]]:
    """Newest first, children below their parents; a parent that was not found does not indent."""
    wanted = {task.id for task in found}
    children: dict[int | None, list[Task]] = defaultdict(list)
    for task in found:
        children[task.parent_id if task.parent_id in wanted else None].append(task)
    stack = [(task, 0) for task in reversed(children[None])]
    while stack:
        task, depth = stack.pop()
        yield task, depth
        stack += [(child, depth + 1) for child in children.get(task.id, ())]


def _people(tasks: Iterable[Task]) -> list[Json]:
    counts = Counter(task.responsible_id for task in tasks)
    people = [{"id": id_, "name": person(id_)["name"], "tasks": n} for id_, n in counts.items()]
    return sorted(people, key=lambda one: str(one["name"]))


def _row(task: Task, depth: int, clock: PortalClock, now: int) -> Json:
    group = GROUPS.get(task.group_id)
    return {
        "id": task.id,
        "title": task.title,
        "depth": depth,
        "description": task.description[:400],
        "who": person(task.responsible_id)["name"],
        "position": person(task.responsible_id)["workPosition"],
        "status": STATUSES[task.status],
        "priority": task.priority,
        "deadline": None if task.deadline is None else write_instant(task.deadline, clock.zone),
        "dueIn": None if task.deadline is None else task.deadline - now,
        "late": _is_overdue(task, now),
        "tags": task.tags,
        "group": group.name if group else "",
        "comments": task.comments_count - task.service_comments_count,
        "spent": task.time_spent or 0,
        "changed": write_instant(task.changed, clock.zone),
    }
