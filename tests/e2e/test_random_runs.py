"""Random lives of a project: edits, faults, kills, people's hands, a lost state; from a seed.

After the faults have ended, apply runs until it is done, and the portal holds exactly
what the manifest asks for: each task once, the strangers as they were, nothing left to do.
A failure names its seed; `--long` tries many more.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import portal
import pytest
from forking import Forker
from portal import Json, Served, all_of, until
from trips import Ended, Trip, task

SHORT, LONG, STEPS = 20, 600, 5
_FLAGS = (
    *("--dangerous-allow-empty", "--dangerous-recreate-vanished", "--dangerous-delete-renamed"),
    *("--timeout", "1"),
)
_FAULTS: list[Json] = [
    {"kind": "status", "status": 502},
    {"kind": "status", "status": 502, "deed": True},
    {"kind": "status", "status": 500, "deed": True},
    {"kind": "status", "status": 503, "deed": True},
    {"kind": "status", "status": 504, "deed": True, "retryAfter": 0.1},
    {"kind": "status", "status": 429, "retryAfter": 0.1},
    {"kind": "lost", "deed": False},
    {"kind": "lost"},
    {"kind": "reset"},
    {"kind": "garbage"},
    {"kind": "truncated"},
    {"kind": "chunk"},
    {"kind": "late", "seconds": 0.2, "answer": 502},
    {"kind": "late", "seconds": 0.2, "answer": "lost"},
    {"kind": "split", "calls": 2},
    {"kind": "call_error", "index": 1},
    {"kind": "call_error", "index": 0, "deed": False},
    {"kind": "call_missing", "index": 1},
    {"kind": "call_missing", "index": 0, "deed": False},
    {"kind": "result_null", "index": 1},
    {"kind": "result_no_id", "index": 0},
    {"kind": "hang", "seconds": 2},
    {"kind": "hang", "seconds": 2, "deed": False},
    {"kind": "slow", "seconds": 0.2},
]
#: seconds that one of the portals lists behind
LAG = 0.1
_QUIRKS: list[Json] = [
    {},
    {"title_trimmed": True, "crlf": True},
    {"task_control": True, "new_becomes_pending": True},
    {"update_result": "null", "delete_result": "null"},
    {"missing_call": "BITRIX_ERROR"},
    {"ignore_tag_filter": True, "tags": "names"},
    {"numbers": "ints", "instants": "Z", "batch_errors": "list"},
    {"list_lag": LAG},
]


@dataclass
class Life:
    """One project under one seed."""

    trip: Trip
    served: Served
    chance: random.Random
    forker: Forker
    told: list[str] = field(default_factory=list)
    born: int = 0

    def edit_manifest(self) -> None:
        """Add, edit, drop, move below another."""
        tasks = self.trip.tasks
        for _ in range(self.chance.randint(1, 8)):
            keys = sorted(tasks)
            what = self.chance.choice(["add", "add", "add", "edit", "edit", "drop", "parent"])
            key = self.chance.choice(keys) if keys else ""
            if what == "add" or not key:
                self.born += 1
                key = f"k{self.born:03}"
                tasks[key] = task(f"Task {key}", description=f"of {key}")
                if keys and self.chance.random() < 0.4:
                    tasks[key]["parent"] = self.chance.choice(keys)
            elif what == "edit":
                tasks[key] |= self._edit()
            elif what == "drop":
                del tasks[key]
                for other in tasks.values():
                    if other.get("parent") == key:
                        del other["parent"]
            elif what == "parent":
                self._put_below(key)
        self.trip.write()

    def _edit(self) -> Json:
        return self.chance.choice(
            [
                {"description": f"line\nedited {self.chance.randint(0, 99)}"},
                {"priority": self.chance.choice(["low", "normal", "high"])},
                {"status": self.chance.choice(["pending", "inProgress", "completed"])},
                {"tags": [self.chance.choice("abc")]},
                {"deadline": self.chance.choice([None, "2026-05-19T18:00:00Z"])},
                {"responsibleId": self.chance.choice([1, 2])},
            ]
        )

    def _put_below(self, key: str) -> None:
        tasks, above = self.trip.tasks, self.chance.choice(sorted(self.trip.tasks))
        line = [above]
        while (parent := tasks[line[-1]].get("parent")) is not None:
            line.append(parent)
        if key not in line:
            tasks[key]["parent"] = above

    def meddle(self) -> None:
        """Let people edit and delete our tasks by hand."""
        mine = [one for one in self.served.tasks() if "tasksync:e2e" in one["tags"]]
        for one in self.chance.sample(mine, min(len(mine), self.chance.randint(0, 2))):
            if self.chance.random() < 0.3:
                self.served.control("DELETE", f"tasks/{one['id']}")
            else:
                self.served.control("PATCH", f"tasks/{one['id']}", {"description": "by hand"})
        time.sleep(LAG)  # what is not listed yet cannot be planned

    def apply_under_faults(self) -> None:
        """Apply under one to three faults; sometimes the process is killed."""
        rules = []
        for _ in range(self.chance.randint(1, 3)):
            on = {"path": "^/v1/", "nth": self.chance.randint(1, 9)}
            rules.append({**self.chance.choice(_FAULTS), "on": on, "times": 1})
        killed = self.chance.random() < 0.3
        if killed:
            on = {"path": "^/v1/", "nth": self.chance.randint(2, 7)}
            hang = {"kind": "hang", "seconds": 60, "deed": self.chance.random() < 0.5}
            rules.insert(0, {**hang, "on": on, "times": 1})
        self.told.append(f"{rules} killed={killed}")
        self.served.faults(*rules)
        if killed:
            self._killed()
        else:
            self._may(self.trip.apply(*_FLAGS))
        self.served.faults()

    def _killed(self) -> None:
        with self.trip.forked(self.forker, *_FLAGS[:-1], "60") as worker:
            until(lambda: self.served.strikes()[0] or worker.ended(), "it hangs or has ended", 60)
            worker.kill()

    def _may(self, ended: Ended) -> None:
        assert ended.code in {0, 1, 3}, f"exit {ended.code}:\n{ended.text[-2000:]}"
        assert "tasksync itself failed" not in ended.err, ended.err

    def apply_until_done(self) -> None:
        """Apply until it is done; then everything is as the manifest says."""
        for _ in range(4):
            ended = self.trip.apply(*_FLAGS)
            if ended.code == 0:
                break
        ended.must(0)
        left = self.trip.plan()
        assert left.code == 0, f"the plan is not empty:\n{left.text[-2000:]}"
        tasks = self.served.tasks()
        mine = [one for one in tasks if "tasksync:e2e" in one["tags"]]
        titles = sorted(str(one["title"]) for one in mine)
        assert titles == sorted(one["title"] for one in self.trip.tasks.values())
        world = portal.normal(mine)
        for key, wanted in self.trip.tasks.items():
            found = world[wanted["title"]]
            parent = wanted.get("parent")
            assert found["parentId"] == (self.trip.tasks[parent]["title"] if parent else None), key
            text = str(found["description"]).replace("\r\n", "\n")
            assert text == wanted.get("description", ""), key
        assert [one["title"] for one in tasks if not one["tags"]] == ["Task k001"]

    def live(self) -> None:
        """Some steps of it."""
        self.served.by_hand("Task k001")
        for _ in range(STEPS):
            self.served.quirks(**self.chance.choice(_QUIRKS))
            self.edit_manifest()
            self.apply_under_faults()
            if self.chance.random() < 0.5:
                self.edit_manifest()
                self.apply_under_faults()
            if self.chance.random() < 0.3:
                self.meddle()
            if self.chance.random() < 0.2:
                self.apply_until_done()
                time.sleep(LAG)  # without a state what is not listed yet is not known at all
                for file in self.trip.folder.glob("state.db*"):
                    file.unlink()
            self.apply_until_done()


def _lived(folder: Path, seed: int, forker: Forker, state: str = "") -> None:
    with portal.served() as served:
        trip = Trip(folder, served, state, settle=0.6).want({})
        life = Life(trip, served, random.Random(seed), forker)  # noqa: S311
        try:
            life.live()
        except AssertionError as fault:
            told = "\n".join(life.told)
            raise AssertionError(f"{fault}\nwhat had happened:\n{told}") from fault


@pytest.mark.parametrize("part", [0, 1])
def test_whatever_happens_in_whatever_order_it_ends_as_the_manifest_says(
    tmp_path: Path,
    *,
    part: int,
    long: bool,
    forker: Forker,
    new_database: Callable[[], str],
    record_property: Callable[[str, object], None],
) -> None:
    """Seeds of edits, faults, kills and people's hands; one in four on PostgreSQL."""
    seeds = range(part, LONG if long else SHORT, 2)
    states = {seed: new_database() for seed in seeds if seed % 8 < 2}
    all_of(
        {
            f"seed {seed}": lambda seed=seed: _lived(
                tmp_path / str(seed), seed, forker, states.get(seed, "")
            )
            for seed in seeds
        },
        at_once=8,
    )
    record_property("random lives", len(seeds))
