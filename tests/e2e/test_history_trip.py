"""What runs did, told by the stores: SQLite and PostgreSQL beside each entry, http at the end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpstate
import pytest
from portal import Served
from trips import Json, Trip, task

FIRST: dict[str, Json] = {
    "root": task("Root", status=2, tags=["a", "b"]),
    "child": task("Child", parent="root", deadline="2026-05-20T18:00:00+03:00"),
    "drop": task("To be dropped", parent="root"),
    "free": task("To be let go of"),
}


def history(trip: Trip, *words: str) -> dict[str, Any]:
    found = trip.run("history", *words, "--json", "-f", str(trip.manifest)).must(0).out
    return dict(json.loads(found))


def changes(trip: Trip, run: str) -> dict[str, Json]:
    """What a run did, by key."""
    return {one["key"]: one for one in history(trip, "show", run)["changes"]}


def fields(change: Json) -> dict[str, tuple[object, object]]:
    return {one["field"]: (one["before"], one["after"]) for one in change["fields"]}


@pytest.mark.parametrize("proof", [(), ("--no-verify",)], ids=["proved", "not proved"])
def test_every_action_of_a_run_is_told_with_before_and_after(
    team: Trip, proof: tuple[str, ...]
) -> None:
    team.want(FIRST).apply(*proof).must(0)
    stranger = team.portal.by_hand("Theirs")
    wanted = {key: dict(FIRST[key]) for key in ("root", "child")}
    wanted["root"] |= {"title": "The root", "tags": ["b", "c"]}
    wanted["child"]["deadline"] = None
    wanted["mine"] = task("Ours", adopt={"id": stranger})
    ids = {one["title"]: one["id"] for one in team.portal.tasks()}
    team.want(wanted, removed=["free"]).apply(*proof).must(0)

    last, first = history(team)["runs"]
    assert first["counts"] == {"create": 4}
    assert last["counts"] == {"update": 2, "delete": 1, "adopt": 1, "forget": 1}
    made = changes(team, first["id"])
    assert {one["action"] for one in made.values()} == {"create"}
    assert fields(made["child"])["parentId"] == (None, {"key": "root"})
    done = changes(team, last["id"][:12])
    assert {key: (one["action"], int(one["id"])) for key, one in done.items()} == {
        "root": ("update", ids["Root"]),
        "child": ("update", ids["Child"]),
        "drop": ("delete", ids["To be dropped"]),
        "free": ("forget", ids["To be let go of"]),
        "mine": ("adopt", stranger),
    }
    assert fields(done["root"]) == {"title": ("Root", "The root"), "tags": (["a", "b"], ["b", "c"])}
    assert fields(done["child"])["deadline"][1] is None
    assert fields(done["mine"])["title"] == ("Theirs", "Ours")
    assert done["drop"]["read"]["parentId"] == {"key": "root"}
    assert done["drop"]["read"]["title"] == "To be dropped"
    assert done["free"]["read"]["title"] == "To be let go of"
    assert "No changes." in team.plan().must(0).out
    assert len(history(team)["runs"]) == 2


@pytest.fixture
def away(served: Served, tmp_path: Path) -> Iterator[Trip]:
    """A project whose state is behind http."""
    with httpstate.Server() as running:
        yield Trip(tmp_path / "project", served, running.url)


def test_behind_http_the_last_run_is_kept_whole_and_an_older_one_says_why_not(away: Trip) -> None:
    """What is forgotten once its marker is off comes after the run has ended."""
    away.want(FIRST).apply().must(0)
    away.want({key: FIRST[key] for key in ("root", "child")}, removed=["free"]).apply().must(0)
    last, first = history(away)["runs"]
    done = changes(away, last["id"])
    assert {key: one["action"] for key, one in done.items()} == {"drop": "delete", "free": "forget"}
    told = history(away, "show", first["id"])
    assert told["changes"] is None
    assert told["not_kept"] == "a state behind http keeps those of the last run alone"
