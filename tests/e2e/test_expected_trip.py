"""A plan is approved, people go on, and the approved plan is applied: on both portals."""

from __future__ import annotations

import json
from typing import Any

from trips import Trip, task

TASKS = {
    "edited": task("Edited", priority="normal", description="ours"),
    "handed": task("Handed over", status="pending", fieldPolicy={"status": "enforce"}),
    "moved": task("Moved by people", priority="normal"),
    "dropped": task("Dropped"),
}
WANTED = {
    "edited": TASKS["edited"] | {"priority": "high"},
    "handed": TASKS["handed"] | {"responsibleId": 2},
    "moved": TASKS["moved"],
    "new": task("New", parent="edited"),
}


def test_an_approved_plan_is_done_and_what_people_changed_is_left_to_them(anywhere: Trip) -> None:
    anywhere.want(TASKS).apply().must(0)
    digest = _planned(anywhere.want(WANTED))["digest"]
    deeds = len(anywhere.portal.deeds())
    anywhere.portal.edit("Edited", description="of people")
    anywhere.portal.edit("Handed over", status=3)
    anywhere.portal.edit("Moved by people", priority=2)
    done = anywhere.apply("--expect", digest).must(0)
    assert "Left out: 3 corrections" in done.out
    assert sorted(anywhere.portal.deeds()[deeds:]) == sorted(
        [
            ("create", ()),
            ("delete", ()),
            ("update", ("priority",)),
            ("update", ("responsibleId", "status")),
        ]
    )
    assert anywhere.portal.task("Handed over")["status"] == 3
    assert {one["key"]: one["fields"] for one in _planned(anywhere)["resource_changes"]} == {
        "edited": ["description"],
        "handed": ["status"],
        "moved": ["priority"],
    }
    anywhere.apply().must(0)
    anywhere.plan().must(0)


def _planned(trip: Trip) -> Any:
    return json.loads(trip.plan("--json").must(2).out)
