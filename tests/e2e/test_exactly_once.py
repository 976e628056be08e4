"""Creates in doubt: what is found, what is sent again, and what is said where nothing is known."""

from __future__ import annotations

import contextlib
import re
import signal
import sqlite3
import subprocess
import time

import pytest
from portal import Json, Served, until
from trips import SETTLE, Trip, ended, task

_BATCH = {"path": "^/v1/batch$", "nth": 1}
_MANY = {f"t{n:02}": task(f"Task {n:02}") for n in range(10)}


def _kill_at(trip: Trip, rule: Json, *flags: str) -> None:
    """Start an apply under a fault, and kill it once the fault has struck."""
    trip.portal.faults({**rule, "times": 1})
    with trip.process(*flags) as worker:
        until(trip.portal.struck, "the fault struck")
        time.sleep(0.15)
        worker.send_signal(signal.SIGKILL)
    trip.portal.faults()


def _lost(trip: Trip, *, deed: bool = True) -> None:
    """Kill an apply that hangs on its first batch."""
    _kill_at(trip, {"kind": "hang", "seconds": 60, "deed": deed, "on": _BATCH})


def test_a_create_that_happens_after_its_answer_was_lost_is_found_and_not_sent_again(
    trip: Trip,
) -> None:
    """504 at once, the deed later: the run waits until it can no longer happen, and finds it."""
    trip.portal.faults({"kind": "late", "seconds": 0.4, "answer": 504, "on": _BATCH, "times": 1})
    trip.settle = 1.5
    trip.want(_MANY).apply().must(0)
    assert trip.portal.titles() == sorted(t["title"] for t in _MANY.values())
    assert len(trip.portal.writing()) == 1
    trip.plan().must(0)


def test_a_create_that_never_happened_is_sent_again_after_the_settle_time(trip: Trip) -> None:
    """Lost before the deed: nothing is there after the settle time, so it is sent once more."""
    trip.portal.faults({"kind": "lost", "deed": False, "on": _BATCH, "times": 1})
    trip.want(_MANY).apply().must(0)
    first, again, *_smaller = trip.portal.writing()  # what was lost goes in smaller batches
    assert again["at"] - first["at"] >= SETTLE
    assert len(trip.portal.world()) == len(_MANY)


def test_the_settle_time_begins_when_the_answer_was_lost(trip: Trip) -> None:
    """A gateway that gives up late leaves the whole settle time for the deed to happen."""
    trip.settle = 1.2
    slow = {"kind": "hang", "seconds": 1.0, "deed": False, "on": _BATCH, "times": 1}
    trip.portal.faults(slow)
    trip.want(_MANY).apply().must(0)
    first, again, *_smaller = trip.portal.writing()
    assert again["at"] - first["at"] >= 1.0 + 1.2


def test_a_deed_that_comes_after_the_settle_time_is_named_as_a_duplicate(trip: Trip) -> None:
    """Later than any portal should be: the next plan says so, touches nothing, hides nothing."""
    trip.settle = 0.2
    on = {"path": "^/v1/tasks$", "method": "POST", "nth": 1}
    late = {"kind": "late", "seconds": 4.0, "answer": 502, "on": on, "times": 1}
    trip.portal.faults(late)
    trip.want({"only": task("Only")}).apply().must(0)
    until(lambda: len(trip.portal.tasks()) == 2, "the late deed was done", 10)
    duplicates = sorted(one["id"] for one in trip.portal.tasks())
    told = trip.plan()
    assert "duplicate" in told.text.lower() or "twice" in told.text.lower(), told.text
    assert any(str(one) in told.text for one in duplicates)
    before = trip.portal.tasks()
    trip.apply().must(0)
    assert trip.portal.tasks() == before


def test_a_duplicate_keeps_no_other_create_in_doubt(trip: Trip) -> None:
    """A create lost before its deed is sent again though a duplicate of another task stands by."""
    trip.want({"only": task("Only")}).apply().must(0)
    trip.portal.by_hand("Only", tags=["tasksync:e2e"])
    trip.portal.faults({"kind": "lost", "deed": False, "on": {"method": "POST"}, "times": 1})
    trip.want({"only": task("Only"), "more": task("More")}).apply().must(0)
    assert trip.portal.titles() == ["More", "Only", "Only"]
    assert not trip.run("state", "list", "-f", str(trip.manifest)).text.count("in doubt")


def test_a_run_killed_while_it_waits_to_send_again_leaves_nothing_behind(trip: Trip) -> None:
    """Between the intents' commit and the sending: the next run finds nothing done, and does it."""
    trip.want(_MANY)
    _kill_at(trip, {"kind": "status", "status": 429, "retryAfter": 30, "on": _BATCH})
    trip.apply().must(0)
    assert len(trip.portal.world()) == len(_MANY)
    trip.plan().must(0)


def test_a_run_killed_while_it_settles_is_taken_up_by_the_next(trip: Trip) -> None:
    """The deed comes while nobody runs; the next run finds it and makes nothing twice."""
    trip.want(_MANY)
    trip.settle = 20
    _kill_at(trip, {"kind": "late", "seconds": 0.8, "answer": 502, "on": _BATCH})
    trip.settle = 2
    trip.apply().must(0)
    assert len(trip.portal.world()) == len(_MANY)
    assert len(trip.portal.writing()) == 1
    trip.plan().must(0)


@pytest.mark.parametrize("deed", [True, False], ids=["done", "not done"])
def test_edits_after_a_kill_find_what_the_killed_run_did(trip: Trip, *, deed: bool) -> None:
    """Edited, moved, dropped and new keys while creates are in doubt: all end as wanted."""
    trip.want(_MANY)
    _lost(trip, deed=deed)
    wanted = dict(_MANY)
    wanted["t00"] = task("Task 00", description="edited", priority="high")
    wanted["t01"] = task("Another title")
    wanted["moved"] = wanted.pop("t02")
    del wanted["t03"]
    wanted["new"] = task("New", parent="moved")
    trip.want(wanted, moved=[{"from": "t02", "to": "moved"}]).apply().must(0)
    world = trip.portal.world()
    assert sorted(world) == sorted(t["title"] for t in wanted.values())
    assert world["Task 00"]["description"] == "edited"
    assert world["New"]["parentId"] == "Task 02"
    trip.plan().must(0)


def test_a_key_renamed_while_in_doubt_is_refused_or_right_but_never_twice(trip: Trip) -> None:
    """Without `moved` the guard asks; with it the task keeps its place."""
    trip.want(_MANY)
    _lost(trip)
    renamed = {("new-" + key if key == "t00" else key): value for key, value in _MANY.items()}
    trip.want(renamed).apply().must(4)
    assert len(trip.portal.world()) == len(_MANY)
    trip.want(renamed, moved=[{"from": "t00", "to": "new-t00"}]).apply().must(0)
    assert len(trip.portal.world()) == len(_MANY)
    trip.plan().must(0)


_NORMALISED = {
    "trimmed": task("  A title with spaces  "),
    "lines": task("Lines", description="one\ntwo\nthree"),
    "control": task("Control", status="completed"),
    "new": task("New", status="new"),
    "child": task(" Child ", parent="trimmed", status="completed", description="a\nb"),
}


@pytest.mark.parametrize("deed", [True, False], ids=["done", "not done"])
def test_a_portal_that_normalises_values_while_the_answer_is_lost_makes_no_duplicate(
    trip: Trip, *, deed: bool
) -> None:
    """Titles trimmed, line ends changed, 5 made 4 and 1 made 2: what was made is recognised."""
    trip.portal.quirks(title_trimmed=True, crlf=True, task_control=True, new_becomes_pending=True)
    trip.portal.faults({"kind": "lost", "deed": deed, "on": {"method": "POST"}, "times": 1})
    trip.want(_NORMALISED).apply().must(0)
    assert len(trip.portal.world()) == len(_NORMALISED)
    trip.plan().must(0)


def test_a_task_that_people_changed_while_it_was_in_doubt_is_found_and_put_right(
    trip: Trip,
) -> None:
    """The title is as sent, the rest was edited by hand: adopted, and made as asked."""
    trip.want(_MANY)
    _lost(trip)
    trip.portal.edit("Task 05", description="by hand", status=3)
    trip.portal.edit("Task 06", responsibleId=2)
    trip.apply().must(0)
    world = trip.portal.world()
    assert len(world) == len(_MANY)
    assert world["Task 06"]["responsibleId"] == 1
    trip.plan().must(0)


def test_a_listing_that_lags_behind_the_lost_create_makes_no_duplicate(trip: Trip) -> None:
    """The task is there and not listed yet: the run looks until the settle time has passed."""
    trip.portal.quirks(list_lag=0.6)
    trip.portal.faults({"kind": "lost", "on": _BATCH, "times": 1})
    trip.settle = 2.5
    trip.want(_MANY).apply().must(0)
    assert len(trip.portal.world()) == len(_MANY)
    assert len(trip.portal.writing()) == 1


def test_what_a_lagging_listing_still_shows_of_a_deleted_task_holds_up_no_create(
    trip: Trip,
) -> None:
    """Deleted by the run before and listed still: it is asked for by its id, and is no orphan."""
    trip.want({"a": task("A"), "b": task("B")}).apply().must(0)
    trip.portal.quirks(list_lag=30)
    trip.want({"a": task("A")}).apply().must(0)
    told = trip.want({"a": task("A"), "c": task("C")}).apply("--settle", "0.5").must(0, 1)
    assert "fits no key" not in told.text
    assert "match no key" not in told.text
    assert trip.portal.titles() == ["A", "C"]


def test_where_a_marked_task_cannot_be_placed_nothing_is_guessed(trip: Trip) -> None:
    """A create in doubt and a marked task that is none of ours: both are named, exit 3."""
    trip.want({"a": task("A")}).apply().must(0)
    trip.portal.faults({"kind": "lost", "deed": False, "on": {"method": "POST"}, "times": 1})
    trip.want({"a": task("A"), "b": task("B")})
    with trip.process() as worker:
        until(trip.portal.struck, "the answer was lost")
        trip.portal.by_hand("Changed beyond recognition", tags=["tasksync:e2e"])
        told = ended(worker).must(3)
    assert "b" in told.text
    assert "Changed beyond recognition" in told.text
    again = trip.apply().must(3, 4)
    assert "Changed beyond recognition" in again.text
    assert trip.portal.titles() == ["A", "Changed beyond recognition"]
    orphan = trip.portal.task("Changed beyond recognition")["id"]
    trip.want({"a": task("A"), "b": task("B", adopt={"id": orphan})}).apply().must(0)
    assert trip.portal.titles() == ["A", "B"]


def test_without_a_marker_a_create_in_doubt_stops_the_run_and_is_named(trip: Trip) -> None:
    """policy.marker: none: nothing can be looked for, so it is never sent again; exit 3."""
    trip.portal.faults({"kind": "lost", "on": {"method": "POST"}, "times": 1})
    wanted = {"a": task("A"), "b": task("B", parent="a")}
    told = trip.want(wanted, policy={"marker": "none"}).apply().must(3)
    assert "a" in told.err
    assert "marker" in told.err
    assert trip.portal.titles() == ["A"]
    again = trip.apply().must(3)
    assert "without a marker" in again.err
    assert trip.portal.titles() == ["A"]
    wanted["a"]["adopt"] = {"id": trip.portal.task("A")["id"]}
    trip.want(wanted).apply().must(0)
    assert trip.portal.titles() == ["A", "B"]
    trip.plan().must(0)


def test_a_clock_that_was_set_back_keeps_nobody_waiting(trip: Trip) -> None:
    """An intent of the future, by the clock of today: the wait is the settle time, no longer."""
    trip.want(_MANY)
    _lost(trip, deed=False)
    with contextlib.closing(sqlite3.connect(trip.file)) as db, db:
        for seq, body in db.execute("SELECT seq, body FROM intents").fetchall():
            later = re.sub(r'("at": ?")\d{4}', r"\g<1>2999", body)
            assert later != body
            db.execute("UPDATE intents SET body = ? WHERE seq = ?", (later, seq))
    began = time.monotonic()
    trip.apply().must(0)
    assert time.monotonic() - began < 30
    assert len(trip.portal.world()) == len(_MANY)


def test_a_real_portal_and_real_processes_do_the_same(
    process_portal: Served, tmp_path: object
) -> None:
    """`tasksync sandbox` in one process, apply in another, killed after the deed."""
    from pathlib import Path

    trip = Trip(Path(str(tmp_path)) / "project", process_portal).want(_MANY)
    _lost(trip)
    again: subprocess.Popen[str] = trip.process()
    with again:
        ended(again).must(0)
    assert len(process_portal.world()) == len(_MANY)
    assert len(process_portal.writing()) == 1


def test_at_full_length_a_deed_12_s_late_is_found_within_30_s(trip: Trip, *, long: bool) -> None:
    """The vendor's own times: QUEUE_TIMEOUT, the deed 12 s later, a settle time of 30 s."""
    if not long:
        pytest.skip("takes half a minute: --long")
    trip.settle = 30
    trip.portal.faults({"kind": "late", "seconds": 12, "answer": 504, "on": _BATCH, "times": 1})
    trip.want(_MANY).apply().must(0)
    assert len(trip.portal.writing()) == 1
    trip.plan().must(0)
