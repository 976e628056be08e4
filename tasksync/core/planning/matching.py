"""Which live task is which wanted one, when the answer or the state that knew it was lost.

Best first, each live task once, in the normal form of `core.equivalence`:
1. equal in every field sent (two wants with equal bodies are interchangeable);
2. equal title, responsible and parent: within such a group the most alike first;
3. equal title alone, where one want and one task have it;
4. equal in every field but the title, where one want and one task are left.

A title may also have lost what the portal cannot hold. `certain` matching ends after 2. What
stays over is named, never guessed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence

from tasksync.core.equivalence import (
    equivalent,
    loses_characters,
    normal_title,
    normal_value,
    title_matches,
)
from tasksync.core.fields import KeyRef, RemoteId, TaskKey, Values
from tasksync.core.planning.graph import depths, levels
from tasksync.core.task import LiveTask
from tasksync.value_classes import dataclass, replace


@dataclass(frozen=True, slots=True)
class Want:
    """A wanted task that has no id yet; `sent` may hold a KeyRef as parentId."""

    key: TaskKey
    sent: Values
    newer_than: int = 0


@dataclass(frozen=True, slots=True)
class Matches:
    """The pairs that were found, and what stayed over on both sides."""

    pairs: Mapping[TaskKey, LiveTask]
    wants: tuple[Want, ...]
    tasks: tuple[LiveTask, ...]


def match(
    wants: Iterable[Want],
    tasks: Iterable[LiveTask],
    ids: Mapping[TaskKey, RemoteId],
    *,
    certain: bool = False,
) -> Matches:
    """Pair wants with tasks; `ids` are the keys whose ids are known already.

    Parents are matched before their children, so that a child can be told by its parent.
    `certain` pairs only what agrees in title, responsible and parent.
    """
    search = _Search(wants, tasks)
    left = search.wants
    parents = {key: ref.key for key, want in left.items() if (ref := _parent(want))}
    for level in levels(left, depths(parents)):
        resolved = [_resolved(left[key], search.pairs, ids) for key in level]
        search.all_fields(resolved)
        search.title_person_parent([want for want in resolved if want.key in left])
        if not certain:
            search.title_alone([want for want in resolved if want.key in left])
    if not certain:
        search.title_alone(list(left.values()))
        search.all_but_title([_resolved(want, search.pairs, ids) for want in left.values()])
    return Matches(search.pairs, tuple(left.values()), tuple(search.free.values()))


def title_of(values: Values) -> str:
    """Return a title as it is compared."""
    return normal_title(_title(values))


def _title(values: Values) -> str:
    return str(values.get("title") or "")


def title_person_parent(values: Values) -> tuple[Hashable, ...]:
    """Return what tier 2 compares: equal for two tasks that people would take for one."""
    return title_of(values), values.get("responsibleId"), values.get("parentId") or None


def could_be(sent: Values, newer_than: int, task: LiveTask) -> bool:
    """Tell whether a task may be what this was sent for: by its title, or by all but its title."""
    if task.id <= newer_than:
        return False
    there = _title(task.fields)
    return title_matches(_title(sent), there) or _but_title(sent, task)


def is_duplicate(values: Values, task: LiveTask) -> bool:
    """Tell whether a task is the same as another in title, responsible and parent."""
    return title_person_parent(values) == title_person_parent(task.fields)


def _but_title(sent: Values, task: LiveTask) -> bool:
    """Tell whether every field that was sent is there but for the title; a person alone is none."""
    names = sent.keys() - {"title"}
    return bool(names - {"responsibleId"}) and all(
        name in task.fields and equivalent(name, sent[name], task.fields[name]) for name in names
    )


def _parent(want: Want) -> KeyRef | None:
    value = want.sent.get("parentId")
    return value if isinstance(value, KeyRef) else None


def _resolved(
    want: Want, pairs: Mapping[TaskKey, LiveTask], ids: Mapping[TaskKey, RemoteId]
) -> Want:
    ref = _parent(want)
    if ref is None:
        return want
    remote = pairs[ref.key].id if ref.key in pairs else ids.get(ref.key)
    return want if remote is None else replace(want, sent={**want.sent, "parentId": remote})


#: pairs scored one by one in tier 2; a larger group of alikes is paired in order
SCORED = 250_000


class _Search:
    """What is still free on both sides; every index is built once, over all live tasks."""

    def __init__(self, wants: Iterable[Want], tasks: Iterable[LiveTask]) -> None:
        self.wants = {want.key: want for want in wants}
        self.free = {task.id: task for task in tasks}
        self.pairs: dict[TaskKey, LiveTask] = {}
        self._tasks = sorted(self.free.values(), key=lambda task: task.id)
        self._equal: dict[tuple[str, ...], dict[Hashable, list[LiveTask]]] = {}
        self._alike: dict[Hashable, list[LiveTask]] = defaultdict(list)
        self._titled: dict[Hashable, list[LiveTask]] = defaultdict(list)
        for task in self._tasks:
            self._alike[title_person_parent(task.fields)].append(task)
            self._titled[title_of(task.fields)].append(task)
        self._titles = Counter(title_of(want.sent) for want in self.wants.values())

    def all_fields(self, wants: Sequence[Want]) -> None:
        """Tier 1."""
        for want in _youngest_first(wants):
            names = tuple(sorted(want.sent))
            index = self._equal.get(names)
            if index is None:
                index = self._equal[names] = self._by_digest(names)
            if loses_characters(_title(want.sent)):
                alike = [t for t in self._titled_as(want) if _likeness(want, t) == len(names)]
                self._take(want, alike)
            else:
                self._take(want, index.get(_look(want.sent, names), []))

    def title_person_parent(self, wants: Sequence[Want]) -> None:
        """Tier 2: within a group the most alike first."""
        for look, group in _groups(wants).items():
            candidates = self._still(self._alike, look) or self._lost(group[0])
            if len(group) * len(candidates) > SCORED:
                self._in_order(group, candidates)
                continue
            scored = sorted(
                ((_likeness(want, task), want, task) for want in group for task in candidates),
                key=lambda row: (-row[0], row[2].id),
            )
            for _score, want, task in scored:
                self._pair(want, task)

    def title_alone(self, wants: Sequence[Want]) -> None:
        """Tier 3: only where no other want, at whatever depth, has the title."""
        for want in wants:
            title = title_of(want.sent)
            if self._titles[title] == 1:
                newer = [t for t in self._titled_as(want) if t.id > want.newer_than]
                if len(newer) == 1 and not self._others_could_be(want, newer[0]):
                    self._pair(want, newer[0])

    def all_but_title(self, wants: Sequence[Want]) -> None:
        """Tier 4: only where one want and one task are left."""
        if len(wants) == len(self.free) == 1:
            (want,), (task,) = wants, self.free.values()
            if want.key in self.wants and _but_title(want.sent, task):
                self._pair(want, task)

    def _titled_as(self, want: Want) -> list[LiveTask]:
        """Return the free tasks with a want's title, or with what may be left of it."""
        title = _title(want.sent)
        if not loses_characters(title):
            return self._still(self._titled, title_of(want.sent))
        return [
            task
            for task in self._tasks
            if task.id in self.free and title_matches(title, _title(task.fields))
        ]

    def _lost(self, want: Want) -> list[LiveTask]:
        """Return what agrees in person and parent, and in what may be left of the title."""
        if not loses_characters(_title(want.sent)):
            return []
        rest = title_person_parent(want.sent)[1:]
        return [t for t in self._titled_as(want) if title_person_parent(t.fields)[1:] == rest]

    def _others_could_be(self, want: Want, task: LiveTask) -> bool:
        """Tell whether another want's title may have become this task's, too."""
        there = _title(task.fields)
        return any(
            other.key != want.key
            and loses_characters(_title(other.sent))
            and title_matches(_title(other.sent), there)
            for other in self.wants.values()
        )

    def _in_order(self, wants: Sequence[Want], tasks: Sequence[LiveTask]) -> None:
        left = list(tasks)
        for want in _youngest_first(wants):
            self._take(want, left)

    def _take(self, want: Want, tasks: list[LiveTask]) -> None:
        """Pair a want with the oldest of these that may be it; `tasks` rise, and lose it."""
        at = bisect_right(tasks, want.newer_than, key=lambda task: task.id)
        while at < len(tasks) and want.key in self.wants:
            self._pair(want, tasks.pop(at))

    def _pair(self, want: Want, task: LiveTask) -> None:
        if want.key in self.wants and task.id in self.free and task.id > want.newer_than:
            self.pairs[want.key] = self.free.pop(task.id)
            del self.wants[want.key]
            self._titles[title_of(want.sent)] -= 1

    def _still(self, index: Mapping[Hashable, list[LiveTask]], look: Hashable) -> list[LiveTask]:
        return [task for task in index.get(look, ()) if task.id in self.free]

    def _by_digest(self, names: tuple[str, ...]) -> dict[Hashable, list[LiveTask]]:
        index: dict[Hashable, list[LiveTask]] = defaultdict(list)
        for task in self._tasks:
            if task.id in self.free and all(name in task.fields for name in names):
                index[_look(task.fields, names)].append(task)
        return index


def _look(values: Values, names: tuple[str, ...]) -> Hashable:
    return tuple(_hashable(normal_value(name, values[name])) for name in names)


def _hashable(value: object) -> Hashable:
    return ("key", value["key"]) if isinstance(value, dict) else value


def _youngest_first(wants: Iterable[Want]) -> list[Want]:
    """Return the wants with the fewest tasks that may be theirs first: none is left without.

    A task that is new enough for a want is so for every older want.
    """
    return sorted(wants, key=lambda want: -want.newer_than)


def _groups(wants: Sequence[Want]) -> dict[Hashable, list[Want]]:
    groups: dict[Hashable, list[Want]] = defaultdict(list)
    for want in wants:
        groups[title_person_parent(want.sent)].append(want)
    return groups


def _likeness(want: Want, task: LiveTask) -> int:
    return sum(
        name in task.fields and equivalent(name, value, task.fields[name])
        for name, value in want.sent.items()
    )
