"""No task twice and none lost, whatever the portal, the clocks and the state do (issue 9, A).

Design 5, 7 and 9 say what is right. The runs live by the portal's hours, so that every settle has
its whole length.
"""

from __future__ import annotations

import time
from collections import Counter

import pytest
from second_portal.conftest import manifest, numbered
from second_portal.driving import PROJECT

THREE = {
    "a": "title: Alpha, tags: [base]",
    "b": "title: Beta, parent: a, status: 3",
    "c": "title: Gamma, responsibleId: 2",
}


def ours(driver):
    """Give our tasks' titles, with how often each is there; strangers are left out."""
    tasks = driver.portal.office.tasks.values()
    return Counter(t["title"].strip() for t in tasks if t["description"] != "hands off")


def started(driver, tasks=THREE):
    """Apply a first time."""
    driver.write(manifest(tasks))
    first = driver.apply()
    assert first.code == 0, first
    return driver


def settled(driver, titles):
    """Apply until done, and let what is late be done: each title once, and nothing left to do."""
    codes = driver.heal()
    driver.portal.end_faults()
    driver.portal.office.hours.advance(600)
    assert codes[-1] == 0, codes
    assert ours(driver) == Counter(titles)
    empty = driver.plan()
    assert (empty.code, "No changes." in empty.out) == (0, True), empty


# -- 1: a saved plan on another state --------------------------------------------------------------


@pytest.mark.parametrize("words", [("plan.json",), ("--resume", "plan.json")])
def test_a_saved_first_plan_is_not_made_again_where_the_state_is_lost(swift, words):
    """A plan made before the first apply goes on only while no marked task fits a create."""
    driver = swift()
    driver.write(manifest(THREE))
    assert driver.plan("--out", "plan.json").code == 2
    assert driver.run("apply", "plan.json").code == 0
    driver.lose_state()
    again = driver.run("apply", *words)
    assert (again.code, driver.made()) == (5, 3), again
    settled(driver, ["Alpha", "Beta", "Gamma"])


def test_a_saved_plan_is_refused_on_a_state_that_is_older(swift):
    """A plan made at serial N is exit 5 on a state older than N."""
    driver = started(swift())
    old = driver.keep_state()
    driver.write(manifest(THREE | numbered(2)))
    assert driver.apply().code == 0
    driver.write(manifest(THREE | numbered(4)))
    assert driver.plan("--out", "plan.json").code == 2
    driver.put_state(old)
    again = driver.run("apply", "plan.json")
    assert (again.code, driver.made()) == (5, 5), again


def test_a_saved_plan_is_not_made_again_where_the_state_was_put_back(swift):
    """Before a saved CREATE, a marked task that the state does not know makes it done or stale."""
    driver = started(swift())
    driver.write(manifest(THREE | numbered(2)))
    assert driver.plan("--out", "plan.json").code == 2
    kept = driver.keep_state()
    assert driver.run("apply", "plan.json").code == 0
    driver.put_state(kept)
    again = driver.run("apply", "plan.json")
    assert (again.code in (0, 5), driver.made()) == (True, 5), again
    settled(driver, ["Alpha", "Beta", "Gamma", "Task 0", "Task 1"])


@pytest.mark.parametrize("refreshed", [True, False])
def test_a_saved_plan_with_a_lineage_is_refused_on_another(swift, refreshed):
    """Of another lineage, or of none, is exit 5."""
    driver = started(swift())
    driver.write(manifest(THREE | numbered(2)))
    assert driver.plan("--out", "plan.json").code == 2
    driver.lose_state()
    if refreshed:
        driver.write(manifest(THREE))
        assert driver.apply().code == 0
    again = driver.run("apply", "plan.json")
    assert (again.code, driver.made()) == (5, 3), again


def test_resume_leaves_out_what_a_later_run_touched(swift):
    driver = swift()
    driver.write(manifest(THREE))
    assert driver.plan("--out", "plan.json").code == 2
    assert driver.run("apply", "plan.json").code == 0
    driver.write(manifest({"a": THREE["a"]}))
    assert driver.apply().code == 0
    again = driver.run("apply", "--resume", "plan.json")
    assert driver.made() == 3, again
    assert ours(driver) == Counter(["Alpha"])


# -- 2: other hosts' clocks ------------------------------------------------------------------------


@pytest.mark.parametrize("ahead", [-600, 600])
def test_an_intent_of_a_host_whose_clock_is_wrong_settles_its_whole_time(swift, ahead):
    """Settling is counted from when this run first saw the doubt, whatever that clock said."""
    driver = swift()
    driver.write(manifest(THREE))
    portal = driver.portal
    refused = {"status": 401, "code": "KEY_EXPIRED"}
    portal.fault(
        "late", does="create", seconds=45, status=502, then=lambda: setattr(portal, "auth", refused)
    )
    driver.skew = lambda: float(ahead)
    cut_off = driver.apply()
    assert (cut_off.code in (1, 3, 7), driver.made()) == (True, 0), cut_off
    driver.skew, portal.auth = float, None
    settled(driver, ["Alpha", "Beta", "Gamma"])


def test_a_wall_clock_that_jumps_does_not_end_a_settle(swift):
    driver = swift()
    driver.write(manifest(THREE))
    driver.portal.fault("late", does="create", seconds=45, status=502)
    hours = driver.portal.office.hours
    driver.skew = lambda: 600.0 if hours.ahead > 5 else 0.0
    settled(driver, ["Alpha", "Beta", "Gamma"])


def test_a_clock_that_is_ahead_takes_no_living_holder_s_lease_away(swift):
    """A process of this host that lives keeps its lease, whatever the wall clocks say."""
    driver = swift()
    driver.write(manifest(THREE))
    driver.portal.fault("hang", does="create", seconds=2)
    running = driver.start("apply", "--yes")
    while not any(
        b'"create"' in q["raw"] or b'"title"' in q["raw"] for q in driver.portal.requests
    ):
        assert running.poll() is None
        time.sleep(0.02)
    driver.skew = lambda: 3600.0
    refused = driver.apply()
    assert (refused.code, str(running.pid) in refused.err) == (6, True), refused
    running.communicate()
    assert running.returncode == 0
    driver.skew = float
    settled(driver, ["Alpha", "Beta", "Gamma"])


# -- 4: ids that come again ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "rule"), [("status", {"status": 502, "deed": True}), ("lost", {"deed": True})]
)
def test_lost_creates_are_found_though_their_ids_came_before(swift, kind, rule):
    driver = swift()
    kept = driver.portal.office.backup()
    started(driver, numbered(5))
    driver.portal.office.restore(kept)
    driver.portal.office.hours.advance(3600)
    driver.portal.fault(kind, does="create", at=2, **rule)
    driver.portal.fault(kind, does="create", at=1, **rule)
    settled(driver, [f"Task {n}" for n in range(5)])


# -- 5: equal titles -------------------------------------------------------------------------------


@pytest.mark.parametrize("emoji", ["kept", "drop", "question", "cut"])
def test_a_second_person_s_task_of_the_same_title_is_no_duplicate(swift, emoji):
    anna = {"anna": "title: Release 🚀, responsibleId: 1"}
    driver = started(swift(emoji=emoji), anna)
    title = driver.portal.office.marked(PROJECT)[0]["title"]
    driver.write(manifest(anna | {"bob": "title: Release 🚀, responsibleId: 2"}))
    driver.portal.fault("lost", does="create", deed=True)
    assert driver.heal()[-1] == 0
    assert ours(driver) == Counter({title.strip(): 2})
    assert driver.plan().code == 0


# -- 6: the marker is proved -----------------------------------------------------------------------


@pytest.mark.parametrize("turn", [{"marker": "dropped"}, {"tag_case": "upper"}])
def test_a_portal_that_loses_the_marker_ends_the_run_after_one_batch(swift, turn):
    """Exit 1 with `marker: none` as the way out; a later run makes nothing twice."""
    driver = swift(**turn)
    driver.write(manifest(numbered(25)))
    ended = driver.apply()
    assert (ended.code, "marker: none" in ended.err) == (1, True), ended
    assert 1 <= driver.made() <= 10
    driver.apply()
    assert set(ours(driver).values()) == {1}


def test_without_a_marker_such_a_portal_can_be_used(swift):
    driver = swift(marker="dropped")
    driver.write(manifest(THREE, head="policy: {marker: none}\n"))
    settled(driver, ["Alpha", "Beta", "Gamma"])


def test_doubt_on_a_portal_that_drops_tags_is_never_sent_again(swift):
    """Until the marker was seen, a new row of our title and person is named, exit 3."""
    driver = swift(marker="dropped")
    driver.write(manifest(THREE))
    driver.portal.fault("lost", does="create", deed=True)
    doubt = driver.apply()
    assert doubt.code in (1, 3), doubt
    driver.apply()
    assert set(ours(driver).values()) == {1}


def test_a_marker_in_another_case_is_the_marker(swift):
    driver = swift(tag_case="upper", tag_filter="nocase")
    driver.write(manifest(THREE))
    settled(driver, ["Alpha", "Beta", "Gamma"])
    driver.lose_state()
    settled(driver, ["Alpha", "Beta", "Gamma"])


def test_a_marker_that_people_took_off_is_put_back(swift):
    driver = started(swift())
    number = driver.task("Gamma")["id"]
    driver.portal.office.touch(number, tags=[])
    shown = driver.plan()
    assert (shown.code, "marker" in shown.out) == (2, True), shown
    assert driver.apply().code == 0
    driver.lose_state()
    settled(driver, ["Alpha", "Beta", "Gamma"])


# -- 7: adopted tasks ------------------------------------------------------------------------------


def test_an_adopted_task_bears_the_marker_and_is_known_without_a_state(swift):
    driver = swift()
    number = driver.portal.office.seed(title="Theirs once", tags=["kept"])
    driver.write(manifest({"x": f"title: Theirs once, adopt: {{id: {number}}}"}))
    assert driver.apply().code == 0
    assert set(driver.portal.office.tasks[number]["tags"]) == {"kept", f"tasksync:{PROJECT}"}
    driver.lose_state()
    driver.write(manifest({"x": "title: Theirs once"}))
    settled(driver, ["Theirs once"])


# -- 8: a low total --------------------------------------------------------------------------------


@pytest.mark.parametrize("more", ["false", "none", "right"])
def test_a_total_that_counts_the_page_hides_nothing(swift, more):
    """Where absence decides, the listing is asked once more behind the last id."""
    driver = started(swift(total="page", has_more=more, page_cap=50), numbered(70))
    driver.lose_state()
    settled(driver, [f"Task {n}" for n in range(70)])


# -- 9: not visible is not gone --------------------------------------------------------------------


def hidden_world(swift):
    """A task created for somebody else, which this key can neither list nor get."""
    driver = swift()
    driver.portal.office.hides = lambda task: task["createdBy"] == 2
    driver.write(manifest({"a": "title: Alpha", "b": "title: Beta, createdBy: 2"}))
    first = driver.apply()
    (number,) = [t["id"] for t in driver.portal.office.tasks.values() if t["title"] == "Beta"]
    assert (first.code, str(number) in first.out + first.err) == (3, True), first
    return driver, number


def test_a_hidden_task_is_never_made_again(swift):
    driver, number = hidden_world(swift)
    for _ in range(2):
        later = driver.apply()
        assert (later.code, str(number) in later.out + later.err) == (0, True), later
    assert driver.plan().code == 0
    assert ours(driver) == Counter(["Alpha", "Beta"])


def test_an_edit_of_a_hidden_task_waits_until_it_is_seen(swift):
    driver, number = hidden_world(swift)
    text = manifest({"a": "title: Alpha", "b": "title: Beta, createdBy: 2, priority: high"})
    driver.write(text)
    waits = driver.apply()
    assert str(number) in waits.out + waits.err
    assert driver.portal.office.tasks[number]["priority"] == 1
    driver.portal.office.hides = lambda _task: False
    settled(driver, ["Alpha", "Beta"])
    assert driver.portal.office.tasks[number]["priority"] == 2


def test_a_hidden_task_that_is_dropped_is_forgotten_by_its_number(swift):
    driver, number = hidden_world(swift)
    driver.write(manifest({"a": "title: Alpha"}))
    forgot = driver.apply()
    assert (forgot.code, str(number) in forgot.out + forgot.err) == (0, True), forgot
    assert number in driver.portal.office.tasks


def test_a_key_that_vanishes_a_second_time_is_refused(swift):
    """Made again once; then exit 4, in small projects too."""
    driver = started(swift())
    driver.portal.office.vanish(driver.task("Gamma")["id"])
    assert driver.apply().code == 0
    assert driver.made() == 4
    driver.portal.office.vanish(driver.task("Gamma")["id"])
    refused = driver.apply()
    assert (refused.code, driver.made()) == (4, 4), refused
    assert "--dangerous-recreate-vanished" in refused.out + refused.err
    assert driver.apply("--dangerous-recreate-vanished").code == 0
    assert driver.made() == 5


def test_a_later_run_that_saw_the_remade_task_forgets_the_first_time(swift):
    driver = started(swift())
    driver.portal.office.vanish(driver.task("Gamma")["id"])
    assert driver.apply().code == 0
    assert driver.apply().code == 0
    driver.portal.office.vanish(driver.task("Gamma")["id"])
    assert driver.apply().code == 0
    assert driver.made() == 5


def test_what_vanishes_after_the_key_s_owner_changed_is_refused(swift):
    driver = started(swift())
    driver.portal.office.readings["owner"] = 9
    driver.portal.office.hides = lambda task: task["createdBy"] != 9
    refused = driver.apply()
    assert (refused.code, driver.made()) == (4, 3), refused
    assert "--dangerous-recreate-vanished" in refused.out + refused.err


def test_restored_tasks_are_what_they_were(swift):
    """A task that comes back from the recycle bin before the next run is the entry's own."""
    driver = started(swift())
    number = driver.task("Gamma")["id"]
    driver.portal.office.vanish(number)
    assert driver.plan().code == 2
    driver.portal.office.revive(number)
    settled(driver, ["Alpha", "Beta", "Gamma"])
    assert driver.made() == 3


# -- 10: late by more than the queue ---------------------------------------------------------------


@pytest.mark.parametrize("at", [1, 2])
@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("late", {"seconds": 45, "status": 502, "code": "BITRIX_UNAVAILABLE"}),
        ("late", {"seconds": 85, "status": 504}),
        ("drip", {"seconds": 30, "each": 1}),
    ],
)
def test_creates_that_come_late_are_waited_for(swift, kind, rule, at):
    """The settle time is 90 s: 30 s of the gateway's queue and 60 s of native execution."""
    driver = swift()
    driver.write(manifest(numbered(30)))
    driver.portal.fault(kind, does="create", at=at, **rule)
    first = driver.apply()
    assert first.code in (0, 3), first
    settled(driver, [f"Task {n}" for n in range(30)])


def test_creates_begin_in_batches_of_ten(swift):
    """A batch begins at 10, since its calls run one after another."""
    driver = started(swift(), numbered(30))
    batches = [q["raw"] for q in driver.portal.requests if q["path"] == "/v1/batch"]
    sizes = [raw.count(b'"create"') for raw in batches if b'"create"' in raw]
    assert sizes[0] <= 10
    assert sum(sizes) == 30


def test_a_deed_that_comes_later_still_is_named_as_a_duplicate(swift):
    driver = swift()
    driver.write(manifest({"a": "title: Alpha"}))
    driver.portal.fault("late", does="create", seconds=400, status=502)
    assert driver.heal()[-1] == 0
    assert driver.made() == 1
    driver.portal.office.hours.advance(600)
    assert ours(driver) == Counter({"Alpha": 2})
    duplicate = str(max(driver.portal.office.tasks))
    told = driver.apply()
    assert duplicate in told.out + told.err, told
    assert driver.made() == 2
    assert ours(driver) == Counter({"Alpha": 2})
