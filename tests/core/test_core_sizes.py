"""What unchanged tasks cost: memory, and the functions that are called for each."""

from __future__ import annotations

import tracemalloc

from casefiles import MARKER, live_task, manifest_of, stream
from work import calls_in

from tasksync.core.fields import KeyRef, TaskKey, Values
from tasksync.core.planning.build import plan_from
from tasksync.core.planning.desired import read_desired
from tasksync.core.state import Entry, EntryIndex, State
from tasksync.core.task import Place, Task

COUNT = 10_000
#: that may be called for one task
CALLS = 40


def fields(number: int) -> dict[str, object]:
    day = f"2026-05-{number % 28 + 1:02d}T18:00:00+03:00"
    values = {"title": f"Task {number}", "responsibleId": 1, "deadline": day, "tags": ("finance",)}
    return values | ({"parentId": KeyRef(key(number // 10 * 10))} if number % 10 else {})


def key(number: int) -> TaskKey:
    return TaskKey(f"group-{number:06d}/task")


def entry(number: int) -> Entry:
    made: Values = {"parentId": number // 10 * 10 + 1} if number % 10 else {}
    return Entry(key(number), number + 1, fields(number), made)  # type: ignore[arg-type]


def index() -> EntryIndex:
    return EntryIndex(entry(number).summary() for number in range(COUNT))


def test_an_unchanged_task_holds_little_memory() -> None:
    rows = list(stream(Task(key(n), fields(n), Place("t.yaml", n)) for n in range(COUNT)))  # type: ignore[arg-type]
    index()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    state = State("finance", index=index())
    found = read_desired(rows, state)
    assert state.index.row_of_id(5) == 4
    used = (tracemalloc.get_traced_memory()[0] - before) / COUNT
    tracemalloc.stop()
    assert found.retained == {}
    assert used < 350, f"{used:.0f} bytes a task"


def test_an_unchanged_project_is_planned_in_little_time_and_without_its_entries() -> None:
    rows = list(stream(Task(key(n), fields(n), Place("t.yaml", n)) for n in range(COUNT)))  # type: ignore[arg-type]
    live = [live_task(n + 1, entry(n).found, markers=(MARKER,)) for n in range(COUNT)]
    state = State("finance", index=index())
    plans = []
    called = calls_in(
        lambda: plans.append(plan_from(manifest_of([]), read_desired(rows, state), state, live))
    )
    (plan,) = plans
    assert not plan
    assert plan.unchanged == COUNT
    assert called / COUNT < CALLS, f"{called / COUNT:.0f} calls a task"


def test_ids_are_found_in_any_order() -> None:
    columns = index()
    for remote in (1, 2, 3, 9_999, 4, 4, 10_000, 10_001, 1):
        assert columns.row_of_id(remote) == (remote - 1 if remote <= COUNT else None)
