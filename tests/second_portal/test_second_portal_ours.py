"""Nothing is touched that is not ours, and nothing of ours is taken back unasked (issue 9, B).

Design 5, 6 and 7 say what is right. The runs live by the portal's hours.
"""

from __future__ import annotations

import json
from collections import Counter

import pytest
from second_portal.conftest import manifest, numbered
from second_portal.driving import PROJECT, Asked, Driver

THREE = {"a": "title: Alpha", "b": "title: Beta", "c": "title: Gamma"}
OURS = f"tasksync:{PROJECT}"


def started(driver, tasks=THREE, head=""):
    """Apply a first time."""
    driver.write(manifest(tasks, head))
    first = driver.apply()
    assert first.code == 0, first
    return driver


def words(done):
    """Give all that a run said."""
    return done.out + done.err


def numbers(driver):
    """Give our tasks' numbers by title."""
    return {task["title"]: task["id"] for task in driver.portal.office.marked(PROJECT)}


# -- 11: an id is not ownership --------------------------------------------------------------------


def restored(driver, tags):
    """Put the portal back to before our first apply; strangers take our tasks' ids."""
    kept = driver.portal.office.backup()
    started(driver)
    ids = sorted(numbers(driver).values())
    driver.portal.office.restore(kept)
    driver.portal.office.hours.advance(3600)
    seed = driver.portal.office.seed
    taken = [seed(title=f"Theirs {n}", responsibleId=5, tags=list(tags)) for n in range(3)]
    assert taken == ids
    driver.portal.office.deeds.clear()
    return driver.portal.office.picture(taken)


@pytest.mark.parametrize("dates", [True, False])
@pytest.mark.parametrize("tags", [(), ("tasksync:other",)])
def test_strangers_under_our_ids_are_named_and_left_alone(swift, tags, dates):
    """Taken: exit 4, named; only --dangerous-recreate-vanished makes ours again."""
    driver = swift(dates=dates)
    theirs = restored(driver, tags)
    driver.write(manifest(THREE | {"a": "title: Alpha, priority: high"}))
    refused = driver.apply()
    assert (refused.code, driver.portal.writes()) == (4, []), refused
    assert "a, b, c" in words(refused)
    assert "--dangerous-recreate-vanished" in words(refused)
    again = driver.apply("--dangerous-recreate-vanished")
    assert again.code == 0, again
    assert driver.portal.office.picture(theirs) == theirs
    assert set(numbers(driver)) == {"Alpha", "Beta", "Gamma"}
    assert driver.plan().code == 0


@pytest.mark.parametrize("tags", [(), ("tasksync:other",)])
def test_a_dropped_key_whose_id_is_taken_is_forgotten_in_the_state_alone(swift, tags):
    driver = swift()
    theirs = restored(driver, tags)
    driver.write(manifest({}))
    forgot = driver.apply("--dangerous-allow-empty")
    assert (forgot.code, driver.portal.writes()) == (0, []), forgot
    assert driver.portal.office.picture(theirs) == theirs


def test_a_row_of_another_date_is_not_the_entry_s_even_with_our_marker(swift):
    """It is an unknown row like any other: never overwritten by the entry of its id."""
    driver = swift()
    theirs = restored(driver, (OURS,))
    driver.write(manifest(THREE | {"a": "title: Alpha, priority: high"}))
    refused = driver.apply()
    assert (refused.code, driver.portal.writes()) == (4, []), refused
    assert driver.portal.office.picture(theirs) == theirs


# -- 12: swapped or foreign ids in answers ---------------------------------------------------------


def test_swapped_answers_never_make_the_wrong_task_ours(swift):
    """What the portal answers after a create is held against what was sent."""
    driver = swift()
    driver.write(manifest(THREE))
    driver.portal.fault("swapped", path="/batch", does="create")
    assert driver.heal()[-1] == 0
    ids = numbers(driver)
    assert (len(ids), driver.made()) == (3, 3)
    driver.write(manifest({k: v for k, v in THREE.items() if k != "b"}))
    assert driver.apply().code == 0
    assert [n for what, n, _ in driver.portal.writes() if what == "delete"] == [ids["Beta"]]


@pytest.mark.parametrize("title", ["Gamma", "Something else"])
def test_a_create_answered_with_an_old_task_s_number_is_in_doubt(swift, title):
    """An id that is not new is never `done`, whatever its title."""
    driver = swift()
    old = driver.portal.office.seed(title=title, responsibleId=1, tags=["x"], description="old")
    before = driver.portal.office.picture([old])
    started(driver, {"a": "title: Alpha", "z": "title: Zeta"})
    driver.write(manifest({"a": "title: Alpha", "z": "title: Zeta"} | {"c": "title: Gamma"}))
    # a batch even for one create, or a single request: either is answered with the old number
    driver.portal.fault("old_id", does="create", id=old)
    assert driver.heal()[-1] == 0
    assert driver.made() == 3
    driver.write(manifest({"a": "title: Alpha", "z": "title: Zeta"}))
    assert driver.apply().code == 0
    assert driver.portal.office.picture([old]) == before
    assert set(numbers(driver)) == {"Alpha", "Zeta"}


# -- 13: what moved while apply asked --------------------------------------------------------------


@pytest.mark.parametrize("deed", ["comment", "retitle"])
def test_what_moved_between_the_plan_and_the_yes_is_stale(swift, deed):
    driver = started(swift())
    ids = numbers(driver)
    touch = driver.portal.office.touch
    driver.write(manifest({"a": "title: Alpha 2", "b": "title: Beta"}))
    meanwhile = {
        "comment": lambda: touch(ids["Gamma"], commentsCount=3),
        "retitle": lambda: touch(ids["Alpha"], title="By hand"),
    }[deed]
    driver.portal.office.deeds.clear()
    stale = driver.run("apply", "-f", "tasksync.yaml", source=Asked(meanwhile))
    assert (stale.code, driver.portal.writes()) == (5, []), stale


def test_what_did_not_move_is_done_after_the_yes(swift):
    driver = swift()
    driver.write(manifest(THREE))
    done = driver.run("apply", "-f", "tasksync.yaml", source=Asked(lambda: None))
    assert done.code == 0, done
    assert set(numbers(driver)) == {"Alpha", "Beta", "Gamma"}


# -- 14: half-read, from another folder ------------------------------------------------------------


def test_a_file_left_out_from_another_folder_deletes_nothing(swift):
    """Files are remembered relative to the project's document, never to the working folder."""
    driver = swift()
    driver.write(manifest({"a": "title: Alpha"}), "tasks/a.yaml")
    driver.write(
        "apiVersion: tasksync/v1\ntasks:\n  b: {title: Beta, responsibleId: 1}\n", "tasks/b.yaml"
    )
    assert driver.run("apply", "-f", "tasks", "--yes", at=".").code == 0
    refused = driver.run("apply", "-f", "a.yaml", "--yes", at="tasks")
    assert refused.code == 4, refused
    assert "--dangerous-half-read" in words(refused)
    assert set(numbers(driver)) == {"Alpha", "Beta"}
    (driver.folder / "tasks" / "b.yaml").unlink()
    assert driver.run("apply", "-f", "a.yaml", "--yes", at="tasks").code == 0
    assert set(numbers(driver)) == {"Alpha"}


# -- 15: nothing on disk is trusted because of where it lies ---------------------------------------


def test_no_row_cache_is_written_or_read(swift):
    driver = swift()
    driver.write(manifest(THREE))
    for _ in range(2):
        assert driver.run("apply", "-f", "tasksync.yaml", "--yes", TASKSYNC_NO_CACHE="").code == 0
    assert not list(driver.folder.rglob("*.rows"))
    assert driver.run("plan", "-f", "tasksync.yaml", "--no-cache").code == 64


# -- 16: two repositories, one project name --------------------------------------------------------


def second(driver, tasks):
    """Open another repository on the same portal, under the same name and without a state."""
    folder = driver.folder.with_name(driver.folder.name + "-second")
    folder.mkdir()
    other = Driver(driver.portal, folder, driven=True)
    other.write(manifest(tasks))
    driver.portal.office.deeds.clear()
    return other


@pytest.mark.parametrize(
    "tasks",
    [
        {k: f"{v}, responsibleId: 7" for k, v in THREE.items()},  # the titles alone agree
        {"x": "title: Unlike", "y": "title: Anything"},  # nothing agrees
        {"a": "title: Alpha", "b": "title: Beta"},  # a marked task is left over
    ],
)
def test_another_repository_of_the_same_name_is_refused(swift, tasks):
    driver = started(swift())
    ids = numbers(driver)
    refused = second(driver, tasks).apply()
    assert (refused.code, driver.portal.writes()) == (4, []), refused
    assert "state rebuild" in words(refused)
    assert "project" in words(refused)
    assert any(str(number) in words(refused) for number in ids.values())


def test_a_lost_state_takes_over_what_agrees_whole(swift):
    driver = started(swift())
    ids = numbers(driver)
    again = second(driver, THREE)
    assert again.apply().code == 0
    assert driver.made() == 0
    assert again.plan().code == 0
    assert numbers(driver) == ids


# -- 17: policy.allow is a budget ------------------------------------------------------------------


def test_a_delete_allowance_is_used_up(swift):
    allow = "policy: {allow: {delete: 10, reason: PR-1}}\n"
    driver = started(swift(), numbered(20))
    driver.write(manifest(numbered(12, 8), allow))
    assert driver.apply().code == 0
    driver.write(manifest(numbered(7, 13), allow))
    refused = driver.apply()
    assert (refused.code, len(numbers(driver))) == (4, 12), refused
    driver.write(manifest(numbered(10, 10), allow))
    assert driver.apply().code == 0
    driver.write(manifest(numbered(6, 14), allow))
    assert driver.apply().code == 4
    driver.write(manifest(numbered(6, 14), allow.replace("PR-1", "PR-2")))
    assert driver.apply().code == 0
    assert len(numbers(driver)) == 6


def test_an_allowance_goes_on_under_a_run_that_was_cut_off(swift):
    """What is left of it is enough for what is left of the run."""
    allow = "policy: {allow: {delete: 10, reason: PR-1}}\n"
    driver = started(swift(), numbered(20))
    driver.write(manifest(numbered(10, 10), allow))
    driver.portal.fault("calls", does="delete", code="BITRIX_ERROR", every=2, times=9)
    assert driver.apply().code == 3
    driver.portal.end_faults()
    assert driver.heal()[-1] == 0
    assert len(numbers(driver)) == 10


# -- 18: what a saved plan's checksum covers -------------------------------------------------------


@pytest.mark.parametrize("change", ["policy", "marker", "after"])
def test_a_saved_plan_that_was_edited_is_refused(swift, change):
    driver = swift()
    driver.write(manifest(THREE, "policy: {maxDelete: 1}\n"))
    assert driver.plan("--out", "plan.json").code == 2
    path = driver.folder / "plan.json"
    plan = json.loads(path.read_text(encoding="utf-8"))
    if change == "policy":
        assert "policy" in plan
        plan["policy"] = {}
    elif change == "marker":
        assert plan["marker"] == OURS
        plan["marker"] = None
    else:
        plan["resource_changes"][0]["change"]["after"]["title"] = "Another"
    path.write_text(json.dumps(plan), encoding="utf-8")
    refused = driver.run("apply", "plan.json")
    assert refused.code in (1, 5), refused
    assert driver.portal.writes() == []


# -- 19: a status that people moved on -------------------------------------------------------------

DONE = [4, 5, 6, 7]


def moved_on(driver, status, text="title: Alpha, status: pending"):
    """Apply, and let people move the task on."""
    started(driver, {"a": text})
    number = numbers(driver)["Alpha"]
    driver.portal.office.touch(number, status=status)
    driver.portal.office.deeds.clear()
    return number


@pytest.mark.parametrize("status", DONE)
def test_a_status_that_people_moved_on_stands(swift, status):
    """Named, no change, exit 0."""
    driver = swift()
    number = moved_on(driver, status)
    shown = driver.plan()
    assert (shown.code, "a" in shown.out) == (0, True), shown
    assert str(number) in words(shown)
    assert driver.apply().code == 0
    assert driver.portal.writes() == []
    assert driver.portal.office.tasks[number]["status"] == status


@pytest.mark.parametrize("status", DONE)
def test_an_edit_of_a_status_that_people_moved_on_is_held_back(swift, status):
    driver = swift()
    number = moved_on(driver, status)
    driver.write(manifest({"a": "title: Alpha, status: inProgress"}))
    refused = driver.apply()
    assert (refused.code, driver.portal.writes()) == (4, []), refused
    assert "--dangerous-reopen" in words(refused)
    assert driver.plan().code == 4
    assert driver.apply("--dangerous-reopen").code == 0
    assert driver.portal.office.tasks[number]["status"] == 3


@pytest.mark.parametrize("status", [3, 5])
def test_a_new_responsible_does_not_take_people_s_status_back(swift, status):
    """A PATCH of responsibleId carries the status that the task is to keep."""
    driver = swift(reset=True, former=True)
    number = moved_on(driver, status, "title: Alpha")
    driver.write(manifest({"a": "title: Alpha, responsibleId: 9"}))
    assert driver.apply().code == 0
    task = driver.portal.office.tasks[number]
    assert (task["status"], task["responsibleId"]) == (status, 9)
    assert driver.plan().code == 0


# -- guards that look at people's work -------------------------------------------------------------


@pytest.mark.parametrize(
    ("counters", "code"), [(True, 4), ("null", 4), ("noservice", 4), (False, 0)]
)
def test_a_task_with_comments_is_deleted_only_where_the_portal_does_not_tell(swift, counters, code):
    """A counter of null is 0, an absent service counter beside the other is 0, none is unknown."""
    driver = started(swift(counters=counters))
    driver.portal.office.touch(numbers(driver)["Gamma"], commentsCount=2)
    driver.write(manifest({"a": "title: Alpha"}))
    done = driver.apply()
    assert done.code == code, done
    if code:
        assert "--dangerous-delete-active" in words(done)
        assert len(numbers(driver)) == 3
    else:
        assert "unknown" in words(done)


@pytest.mark.parametrize("counters", [True, "null", "noservice"])
def test_a_task_without_comments_is_deleted(swift, counters):
    driver = started(swift(counters=counters))
    driver.write(manifest({"a": "title: Alpha"}))
    done = driver.apply()
    assert (done.code, "unknown" in words(done)) == (0, False), done
    assert Counter(numbers(driver)) == Counter({"Alpha": numbers(driver)["Alpha"]})


def test_unknown_activity_may_be_held(swift):
    """`policy.unknownActivity: hold` refuses the deletes that nobody can judge."""
    driver = started(swift(counters=False))
    driver.write(manifest({"a": "title: Alpha"}, "policy: {unknownActivity: hold}\n"))
    assert driver.apply().code == 4
    assert len(numbers(driver)) == 3
