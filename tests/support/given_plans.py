"""Random projects for laws of the plan: what is wanted, remembered and found, small and mixed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from casefiles import BLANK, MARKER, live_task, manifest_of
from hypothesis import strategies as st
from ideal import IdealWorld

from tasksync.core.fields import KeyRef, RemoteId, TaskKey
from tasksync.core.manifest import Manifest, Moved, Policy
from tasksync.core.plan import Plan
from tasksync.core.planning.build import EVERYTHING, Scope, build_plan
from tasksync.core.state import Entry
from tasksync.core.task import Activity, FieldPolicy, LiveTask, OnRemove, Options, Place, Task

KEYS = [TaskKey(name) for name in "abcdefgh"]
INSTANTS = [
    None,
    "2026-05-19T18:00:00+03:00",
    "2026-05-19T15:00:00+00:00",  # the same moment
    "2026-05-23T18:00:00+03:00",
]
#: few values of each field, so that equal ones come together
POOL: dict[str, list[Any]] = {
    "description": ["", "words", "other words"],
    "status": [2, 3, 4, 5, 6],
    "priority": [0, 1, 2],
    "deadline": INSTANTS,
    "startDatePlan": INSTANTS,
    "endDatePlan": INSTANTS,
    "timeEstimate": [0, 60],
    "groupId": [None, 4],
    "auditors": [(), (3,), (3, 5)],
    "tags": [(), ("x",), ("x", "y")],
    "createdBy": [1, 2],
    "UF_A": [None, "x", "y", ("p",), ("p", "q"), 5],
    "UF_B": [True, False],
}
TITLES = ["T", "U", "V"]
some = {name: st.sampled_from(values) for name, values in POOL.items()}
options = st.builds(
    Options,
    st.sampled_from([None, None, True, False]),
    st.sampled_from([None, None, *OnRemove]),
    st.sampled_from([(), (), ("deadline",), ("status", "tags")]),
    st.none(),
    st.sampled_from(
        [
            (),
            (("deadline", FieldPolicy.RATCHET), ("priority", FieldPolicy.RATCHET)),
            (("status", FieldPolicy.ENFORCE),),
            (("startDatePlan", FieldPolicy.ACCEPT), ("status", FieldPolicy.RATCHET)),
            tuple((name, FieldPolicy.ACCEPT) for name in sorted({*POOL, "parentId"} - {"tags"})),
        ]
    ),
).map(lambda one: replace(one, field_policy=_apart(one)))


def _apart(one: Options) -> tuple[tuple[str, FieldPolicy], ...]:
    """A field has one policy: what is seeded has no other."""
    return tuple(pair for pair in one.field_policy if pair[0] not in one.ignore_changes)


edits = st.fixed_dictionaries({}, optional=some)
titled = st.fixed_dictionaries(
    {"title": st.sampled_from(TITLES), "responsibleId": st.sampled_from([1, 2])}, optional=some
)


@dataclass(frozen=True)
class Given:
    """What a plan is made from."""

    manifest: Manifest
    entries: tuple[Entry, ...]
    live: tuple[LiveTask, ...]
    strangers: frozenset[int]

    def world(self) -> IdealWorld:
        return IdealWorld(self.entries, self.live)

    def plan(self, world: IdealWorld, scope: Scope = EVERYTHING) -> Plan:
        return build_plan(self.manifest, world.state, world.tasks, scope)


@st.composite
def tasks(draw: st.DrawFn) -> list[Task]:
    found: list[Task] = []
    for number, key in enumerate(draw(st.lists(st.sampled_from(KEYS), unique=True)), 1):
        fields: dict[str, Any] = dict(draw(titled))
        if found and draw(st.booleans()):
            fields["parentId"] = KeyRef(draw(st.sampled_from(found)).key)
        found.append(Task(key, fields, Place("tasks.yaml", number), draw(options)))
    return found


@st.composite
def remembered_world(
    draw: st.DrawFn, by_key: dict[TaskKey, Task], ids: dict[str, RemoteId], moved: list[Moved]
) -> tuple[list[Entry], list[LiveTask]]:
    """What the state remembers of these keys, and what the portal holds of them now."""
    entries, live = [], []
    for key, remote in ids.items():
        source = moved[0].after if moved and key == "old" else key
        task = by_key.get(source)
        asked: dict[str, Any] = dict(task.fields) if task and draw(st.booleans()) else draw(titled)
        made: dict[str, Any] = {}
        above = asked.get("parentId")
        if isinstance(above, KeyRef):
            made["parentId"] = ids.get(above.key, RemoteId(9))
        if "status" in asked and draw(st.booleans()):
            made["status"] = draw(some["status"])
        away = draw(st.integers(0, 5)) == 0
        told = task.options if task else draw(options)
        guarded = draw(st.booleans())
        entry = Entry(TaskKey(key), remote, asked, made, told, guarded, away)
        entries.append(entry)
        if draw(st.integers(0, 4)):
            fields = {**entry.found, **(draw(edits) if draw(st.booleans()) else {})}
            fields = {n: None if isinstance(v, KeyRef) else v for n, v in fields.items()}
            live.append(live_task(remote, fields, markers=(MARKER,), activity=Activity(1, 0)))
    return entries, live


@st.composite
def others(draw: st.DrawFn, wanted: list[Task]) -> list[LiveTask]:
    """Tasks of the portal that the state does not know: ours by their marker, or strangers."""
    found = []
    for number in range(draw(st.integers(0, 4))):
        markers = draw(st.sampled_from([(), (MARKER,), ("tasksync:other",)]))
        fields = draw(titled)
        if wanted and draw(st.booleans()):
            fields = {
                n: v for n, v in draw(st.sampled_from(wanted)).fields.items() if n != "parentId"
            }
        found.append(live_task(50 + number, {**BLANK, **fields}, markers=markers))
    return found


@st.composite
def worlds(draw: st.DrawFn) -> Given:
    wanted = draw(tasks())
    by_key = {task.key: task for task in wanted}
    remembered = draw(st.lists(st.sampled_from([*KEYS, "old"]), unique=True))
    ids = {key: RemoteId(10 + number) for number, key in enumerate(remembered)}
    moved = []
    if "old" in ids and (free := [key for key in by_key if key not in ids]) and draw(st.booleans()):
        moved.append(Moved(TaskKey("old"), draw(st.sampled_from(free))))
    entries, live = draw(remembered_world(by_key, ids, moved))
    more = draw(others(wanted))
    strangers = frozenset(int(one.id) for one in more if MARKER not in one.markers)
    manifest = manifest_of(
        wanted,
        policy=Policy(on_remove=draw(st.sampled_from(OnRemove))),
        moved=tuple(moved),
        removed=tuple(key for key in ids if key not in by_key and draw(st.integers(0, 5)) == 0),
    )
    return Given(manifest, tuple(entries), (*live, *more), strangers)
