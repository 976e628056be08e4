"""What the tests of state stores share: clocks, ids, entries, and a look at a whole state."""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from tasksync.core.fields import KeyRef, RemoteId, TaskKey, Values
from tasksync.core.formats.state_json import encode_state
from tasksync.core.history import RecordedChange, RecordedField
from tasksync.core.state import Entry, Holder, InProject, Intent, Run, State
from tasksync.core.task import FieldPolicy, OnRemove, Options

START = datetime(2026, 5, 19, 10, 0, 0, 123456, tzinfo=UTC)
TTL = 60.0
ANNA = Holder("anna", "laptop", 4711, "boot/ns/99", "https://ci.example/jobs/1")
BORIS = Holder("boris", "runner-7", 412, "boot/ns/7")


class HandClock:
    """A clock that moves when a test says so; `skew` is how wrong its wall clock is."""

    def __init__(self, time: list[float] | None = None, skew: float = 0.0) -> None:
        self.time = time if time is not None else [1000.0]
        self.skew = skew

    def now(self) -> datetime:
        """The wall clock, wrong by `skew`."""
        return START + timedelta(seconds=self.time[0] + self.skew)

    def monotonic(self) -> float:
        """A clock that is never wrong."""
        return self.time[0]

    def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        self.time[0] += seconds

    def skewed(self, seconds: float) -> HandClock:
        """Return a clock of the same time that shows another."""
        return HandClock(self.time, seconds)


def counted_ids(prefix: str = "id") -> Callable[[], str]:
    """Return ids that rise; safe to call from threads."""
    numbers, lock = itertools.count(1), threading.Lock()

    def next_id() -> str:
        with lock:
            return f"{prefix}-{next(numbers):04d}"

    return next_id


def entry(key: str, remote: int, **fields: object) -> Entry:
    """Return an entry that asks for a title and for whatever else is named."""
    asked: Values = {"title": f"Task {key}", "responsibleId": 1, **fields}  # type: ignore[dict-item]
    return Entry(TaskKey(key), RemoteId(remote), asked)


def rich_entry(key: str, remote: int) -> Entry:
    """Return an entry in which everything that can be said is said."""
    return Entry(
        TaskKey(key),
        RemoteId(remote),
        {
            "title": "Prüfung “Q2”\nand\ttab 🧾",
            "description": "",
            "responsibleId": 22,
            "status": 5,
            "priority": 2,
            "deadline": "2026-05-19T18:00:00+03:00",
            "startDatePlan": None,
            "timeEstimate": 9000,
            "groupId": None,
            "parentId": KeyRef(TaskKey("parent")),
            "accomplices": (3, 5),
            "auditors": (),
            "tags": ("finance", "q2"),
        },
        {"status": 4, "parentId": 17},
        Options(
            protect=True,
            on_remove=OnRemove.DEFER,
            ignore_changes=("deadline",),
            adopt=RemoteId(4),
            field_policy=(("priority", FieldPolicy.RATCHET), ("status", FieldPolicy.ACCEPT)),
        ),
        protected=True,
        deferred=True,
        unproved={"description": "came back", "deadline": None, "tags": ("q",)},
        written={"deadline": "release - 10wd", "accomplices": "petrova@example.com, Ünal"},
        moved_to=InProject("other", TaskKey("Отчёт/1")),
    )


def intent(key: str, after: int = 7) -> Intent:
    """Return a create in doubt."""
    asked: Values = {"title": f"Task {key}", "parentId": KeyRef(TaskKey("parent"))}
    sent: Values = {"title": f"Task {key}", "parentId": 17}
    written = {"title": f"words of {key}"}
    return Intent(TaskKey(key), asked, sent, RemoteId(after), START, "run-1", written=written)


def run(name: str, **more: object) -> Run:
    """Return one apply."""
    return Run(name, START, **more)  # type: ignore[arg-type]


def rich_run(name: str) -> Run:
    """Return an undo of which everything is said."""
    return run(
        name,
        outcome="partial",
        plan="digest",
        serial=3,
        began=True,
        touched=(TaskKey("a"),),
        allowances={"PR-123": 2},
        by="anna@laptop",
        ci="https://ci.example/jobs/1",
        command="undo",
        digest="of what was done",
        counts={"update": 3, "delete": 1},
        undoes="run-1",
    )


def change(name: str, key: str, action: str = "update", remote: int = 7) -> RecordedChange:
    """Return what a run did to one task: a new title where there was one."""
    title = RecordedField("title", f"Old {key}", f"Task {key}")
    return RecordedChange(name, TaskKey(key), action, RemoteId(remote), f"Task {key}", (title,))


def rich_change(name: str, key: str) -> RecordedChange:
    """Return a delete of which everything is said, in every kind of value."""
    fields = (
        RecordedField("title", None, "Prüfung “Q2”\nand\ttab 🧾"),
        RecordedField("deadline", "2026-05-19T18:00:00+03:00", None),
        RecordedField("parentId", 17, KeyRef(TaskKey("parent"))),
        RecordedField("tags", (), ("finance", "q2")),
        RecordedField("UF_COST", 1.5, None),
    )
    read: Values = {"title": "before", "accomplices": (3, 5), "groupId": 7, "UF_COST": 1.5}
    return RecordedChange(name, TaskKey(key), "delete", RemoteId(9), "Prüfung", fields, read)


def whole(state: State) -> dict[str, object]:
    """Return all that a state says, entries looked at one by one, the index held against them."""
    for key, row in state.index.rows.items():
        head = state.entries[key].summary()
        seen = (key, state.index.ids[row], state.index.asked(row), state.index.found(row))
        assert seen == (head.key, head.id, head.asked, head.found)
        assert state.index.masks[row] == head.mask
        assert bool(state.index.deferred[row]) == head.deferred
    assert len(state.index) == len(state.entries)
    return encode_state(state)


def keys(state: State) -> list[str]:
    """Return the keys of all entries."""
    return sorted(state.entries)


def batch(number: int, size: int = 50) -> Iterable[Entry]:
    """Return the entries that commit `number` of a series puts."""
    return (entry(f"b{number:04d}/t{i:02d}", number * 1000 + i) for i in range(1, size + 1))


def chance(seed: int) -> random.Random:
    """Return chances that are the same in every run."""
    return random.Random(seed)  # noqa: S311 - nothing secret hangs on them
