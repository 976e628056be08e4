"""Every peculiarity of the vendor, alone and all together: what was asked is there, and stays."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import portal
import pytest
from portal import Json, Served, all_of
from trips import Trip, task

ALONE: dict[str, Json] = {
    "create_status": {"create_status": 200},
    "update_result true": {"update_result": "true"},
    "update_result null": {"update_result": "null"},
    "delete_result object": {"delete_result": "object"},
    "delete_result null": {"delete_result": "null"},
    "batch_errors": {"batch_errors": "list"},
    "batch_keys": {"batch_keys": "upper"},
    "missing_entity_id": {"missing_entity_id": "batch"},
    "numbers ints": {"numbers": "ints"},
    "numbers only_ids": {"numbers": "only_ids"},
    "instants Z": {"instants": "Z"},
    "instants +05:00": {"instants": "+05:00"},
    "tags names": {"tags": "names"},
    "tags comma": {"tags": "comma"},
    "tags objects": {"tags": "objects"},
    "tags_on_single": {"tags_on_single": True},
    "people_data": {"people_data": "map"},
    "user_keys": {"user_keys": "upper"},
    "extra_keys": {"extra_keys": True},
    "counters": {"counters": False},
    "bad_value_status": {"bad_value_status": 422},
    "missing_get NOT_FOUND": {"missing_get": "NOT_FOUND"},
    "missing_get empty": {"missing_get": "empty"},
    "missing_call NOT_FOUND": {"missing_call": "NOT_FOUND"},
    "missing_call BITRIX_ERROR": {"missing_call": "BITRIX_ERROR"},
    "missing_call empty": {"missing_call": "empty"},
    "line_breaks": {"line_breaks": True},
    "clears_date empty": {"clears_date": "empty"},
    "clears_date null": {"clears_date": "null"},
    "clears_date empty, else ignored": {"clears_date": "empty", "clears_date_else": "ignore"},
    "clears_date null, else ignored": {"clears_date": "null", "clears_date_else": "ignore"},
    "title_trimmed": {"title_trimmed": True},
    "long_title": {"long_title": "mend"},
    "crlf": {"crlf": True},
    "new_becomes_pending": {"new_becomes_pending": True},
    "task_control": {"task_control": True},
    "no reset of status": {"responsible_resets_status": False},
    "bad_priority": {"bad_priority": "mend"},
    "plan_dates_together": {"plan_dates_together": True},
    "strict_users": {"strict_users": True},
    "scope": {"scope": "task"},
    "ignore_tag_filter": {"ignore_tag_filter": True},
    "ignore_id_filter": {"ignore_id_filter": True},
    "meta_total": {"meta_total": False},
    "has_more extra": {"has_more": "extra"},
    "has_more never": {"has_more": "never"},
    "page_cap": {"page_cap": 3},
    "page_fails_over": {"page_fails_over": 500},
    "offset_fails_from": {"offset_fails_from": 1},
    "list_lag": {"list_lag": 1.0},
}
#: what one page cannot show cannot be read without a cursor: refused, so it stands alone
_NOT_TOGETHER = {"ignore_id_filter", "page_cap", "scope", "list_lag", "clears_date_else"}

_FIRST = {
    "report": task(" The report ", description="one\ntwo", deadline="2026-05-19T18:00:00+03:00"),
    "figures": task(
        "Figures",
        parent="report",
        status="new",
        priority="high",
        tags=["q2", "finance"],
        accomplices=[2],
        auditors=[1, 2],
        startDatePlan="2026-05-01T09:00:00Z",
        endDatePlan="2026-05-02T09:00:00Z",
        timeEstimate="2h",
    ),
    "done": task("Done", status="completed"),
    "gone": task("Gone", parent="figures"),
    **{f"t{n}": task(f"Task {n}", deadline="2026-06-01T00:00:00Z") for n in range(4)},
}


def _edited() -> dict[str, Json]:
    tasks = {key: dict(fields) for key, fields in _FIRST.items() if key != "gone"}
    tasks["report"] |= {"deadline": None, "description": "one\n\ntwo"}
    tasks["figures"] |= {"responsibleId": 2, "endDatePlan": "2026-05-03T09:00:00Z", "auditors": []}
    for n in range(3):
        tasks[f"t{n}"] |= {"deadline": None}
    tasks["t3"] |= {"tags": ["new"], "parent": "done"}
    return tasks


_EDITS = {"report", "figures", "t0", "t1", "t2", "t3", "gone"}


def _planned(trip: Trip) -> set[str]:
    import json

    told = json.loads(trip.plan("--format", "json").out)
    changes = (c for c in told["resource_changes"] if c["change"]["actions"] != ["no-op"])
    return {change["key"] for change in changes}


def live_with(folder: Path, served: Served, quirks: Json) -> None:
    """Apply, see nothing to do, edit, see exactly the edit, apply, destroy."""
    served.quirks(**quirks)
    served.by_hand("Figures")
    lag = float(quirks.get("list_lag", 0))  # what is not listed yet cannot be planned
    trip = Trip(folder, served).want(_FIRST)
    trip.apply().must(0)
    time.sleep(lag)
    trip.plan().must(0)
    trip.want(_edited())
    assert _planned(trip) == _EDITS
    trip.apply().must(0)
    time.sleep(lag)
    trip.plan().must(0)
    mine = [one for one in served.tasks() if one["tags"]]
    assert len(mine) == len(_edited()), "a task is there twice, or lost"
    assert sum(bool(one["deadline"]) for one in mine) == 1, "a deadline was not cleared"
    trip.apply("--destroy").must(0)
    assert served.titles() == ["Figures"], "only the stranger stays"


@pytest.mark.parametrize("half", [0, 1])
def test_every_quirk_of_the_vendor_alone_makes_no_change_out_of_nothing(
    tmp_path: Path, half: int, record_property: Callable[[str, object], None]
) -> None:
    """Apply, an empty plan, an edit, exactly this edit, an empty plan, destroy: 50 portals."""
    names = list(ALONE)[half::2]

    def job(name: str) -> None:
        with portal.served() as served:
            live_with(tmp_path / name.replace(" ", "_").replace(":", ""), served, ALONE[name])

    all_of({name: lambda name=name: job(name) for name in names}, at_once=12)
    record_property("quirks, each alone", len(names))


def test_all_quirks_that_can_combine_make_no_change_out_of_nothing(
    tmp_path: Path, *, long: bool
) -> None:
    """Any mixture that does not contradict itself is lived with too."""
    chance = random.Random(2026)  # noqa: S311 - mixtures, not secrets

    def job(number: int, quirks: Json) -> None:
        with portal.served() as served:
            live_with(tmp_path / str(number), served, quirks)

    jobs = {}
    for number in range(200 if long else 12):
        names = [name for name in ALONE if not _NOT_TOGETHER & ALONE[name].keys()]
        picked = names if number == 0 else chance.sample(names, chance.randint(5, len(names)))
        quirks: Json = {}
        for name in picked:
            quirks |= ALONE[name]
        jobs[f"{number}: {quirks}"] = lambda number=number, quirks=quirks: job(number, quirks)
    all_of(jobs, at_once=12)


def test_a_listing_that_cannot_be_made_whole_is_refused_and_nothing_is_written(trip: Trip) -> None:
    """A portal that ignores the cursor and shows one page at a time is not believed."""
    trip.want(_FIRST).apply().must(0)
    served = trip.portal
    served.quirks(ignore_id_filter=True, page_cap=3)
    before = served.tasks()
    refused = trip.want(_edited()).apply().must(1)
    assert "cannot be used" in refused.err
    assert served.tasks() == before


@pytest.mark.parametrize("quirk", ["tags omitted", "declined refused"])
def test_what_the_portal_cannot_do_is_said_and_nothing_is_guessed(trip: Trip, quirk: str) -> None:
    """Rows without tags are left alone and named; a refused status fails alone and is named."""
    served = trip.portal
    if quirk == "tags omitted":
        trip.want(_FIRST).apply().must(0)
        served.quirks(tags="omitted")
        before = served.tasks()
        assert "tags: not answered" in trip.plan().must(0).out
        trip.want({**_FIRST, "more": task("More")}).apply().must(1, 3, 4)
        assert len(served.tasks()) <= len(before) + 1
        for file in trip.folder.glob("state.db*"):
            file.unlink()
        told = trip.want(_FIRST).apply().must(1, 4)
        assert "tags" in told.text
        assert len(served.tasks()) <= len(before) + 1
        return
    served.quirks(declined_refused=True)
    ended = trip.want({"a": task("A"), "b": task("B", status="declined")}).apply().must(3)
    assert "b" in ended.text
    assert served.titles() == ["A"]
