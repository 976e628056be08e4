"""Every fault of the portal at every request of an apply, and every peculiarity of the vendor.

After a fault the run goes on by itself or is started again; either way the world is the one
that an undisturbed apply makes, with no task twice, and the next plan is empty.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import portal
import pytest
from portal import Json, Served, all_of, must_equal
from trips import LATE, SETTLE, Trip, task

_STATUSES = (429, 500, 502, 503, 504)
_QUICK = {"retryAfter": 0.1}

FAULTS: dict[str, Json] = {
    **{f"{code}": {"kind": "status", "status": code, **_QUICK} for code in _STATUSES},
    **{
        f"{code} after the deed": {"kind": "status", "status": code, "deed": True, **_QUICK}
        for code in _STATUSES
        if code != 429  # a limit refuses; it never does the deed
    },
    "lost": {"kind": "lost", "deed": False},
    "lost after the deed": {"kind": "lost"},
    "reset": {"kind": "reset", "deed": False},
    "reset after the deed": {"kind": "reset"},
    "hang": {"kind": "hang", "deed": False, "seconds": 3},
    "hang after the deed": {"kind": "hang", "seconds": 3},
    "garbage": {"kind": "garbage", "deed": False},
    "garbage after the deed": {"kind": "garbage"},
    "garbage as a success": {"kind": "garbage", "status": 200},
    "truncated": {"kind": "truncated"},
    "chunk": {"kind": "chunk"},
    "late after 504": {"kind": "late", "seconds": LATE, "answer": 504},
    "late after 502": {"kind": "late", "seconds": LATE, "answer": 502},
    "late after silence": {"kind": "late", "seconds": LATE, "answer": "lost"},
    "split": {"kind": "split", "calls": 2},
    "call_error": {"kind": "call_error", "index": 1, "deed": False},
    "call_error after the deed": {"kind": "call_error", "index": 1},
    "call_error in all": {"kind": "call_error", "code": "QUEUE_TIMEOUT", **_QUICK},
    "call_missing": {"kind": "call_missing", "index": 0, "deed": False},
    "call_missing after the deed": {"kind": "call_missing", "index": 2},
    "result_null": {"kind": "result_null", "index": 1, "deed": False},
    "result_null after the deed": {"kind": "result_null", "index": 1},
    "result_no_id": {"kind": "result_no_id", "index": 1},
    "result_no_id of nothing": {"kind": "result_no_id", "index": 1, "deed": False},
    "slow": {"kind": "slow", "seconds": LATE},
}

_BASE = {
    **{f"u{n}": task(f"Update {n}", description="old") for n in range(3)},
    **{f"d{n}": task(f"Delete {n}") for n in range(3)},
}
_WANTED = {
    **{f"c{n}": task(f"Child {n}", parent="p0") for n in range(3)},
    "single": task("Single", parent="c1", tags=["x"]),
    **{f"p{n}": task(f"Parent {n}", deadline="2026-05-19T18:00:00Z") for n in range(3)},
    **{f"u{n}": task(f"Update {n}", description="new") for n in range(3)},
}


@dataclass
class Sweep:
    """Small applies under one fault each; `reach` is how many requests one makes."""

    folder: Path
    world: dict[str, Json] = field(default_factory=dict)
    reach: int = 0

    def prepare(self) -> None:
        """Bring a project to where the fault is to come, to be copied for each."""
        with portal.served(self.folder / "portal") as served:
            trip = Trip(self.folder / "before", served).want(_BASE)
            trip.apply("--no-verify").must(0)
            served.by_hand("Parent 1")

    @contextmanager
    def begin(self, name: str) -> Iterator[tuple[Trip, Served]]:
        """Serve a copy of the portal to a copy of the project."""
        folder = self.folder / name
        shutil.copytree(self.folder / "before", folder)
        data = shutil.copy(self.folder / "portal", folder / "portal")
        with portal.served(data) as served:
            yield Trip(folder, served).want(_WANTED), served

    def without_faults(self) -> None:
        """Learn what an undisturbed apply does."""
        with self.begin("without_faults") as (trip, served):
            trip.apply().must(0)
            self.reach = len(served.log())
            trip.plan().must(0)
            self.world = self.without_stranger(served)

    def without_stranger(self, served: Served) -> dict[str, Json]:
        """The world without the stranger's task, which must be as it was."""
        (found,) = (t for t in served.tasks() if t["title"] == "Parent 1" and not t["tags"])
        assert (found["deadline"], found["description"]) == (None, "")
        served.control("DELETE", f"tasks/{found['id']}")
        return served.world()

    def with_fault(self, name: str, rule: Json, number: int) -> None:
        """Apply under the fault at request `number`; apply again while anything is left."""
        with self.begin(f"{name} {number}".replace(" ", "_")) as (trip, served):
            served.faults({**rule, "on": {"nth": number, "path": "^/v1/"}, "times": 1})
            first = trip.apply("--timeout", "1.5")
            assert first.code in {0, 1, 3}, f"exit {first.code}:\n{first.text}"
            if first.code:
                assert "tasksync itself failed" not in first.err, first.err
                trip.healed()
            else:
                assert trip.plan().code == 0, "the plan is not empty"
            must_equal(self.without_stranger(served), self.world)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    made = Sweep(tmp_path_factory.mktemp("faults"))
    made.prepare()
    made.without_faults()
    return made


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_at_any_request_changes_nothing_in_the_end(
    sweep: Sweep, name: str, record_property: Callable[[str, object], None]
) -> None:
    """Whatever the portal answers to request k, no task is there twice, and none is lost."""
    rule = FAULTS[name]
    assert sweep.reach >= 8
    assert SETTLE > LATE
    all_of(
        {
            f"{name} at {number}": lambda number=number: sweep.with_fault(name, rule, number)
            for number in range(1, sweep.reach + 1)
        },
        at_once=12,
    )
    record_property("faults, each at one request", sweep.reach)
