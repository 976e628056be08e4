"""Every shape in which contract 7 and 8 say that a row may come means the same task."""

from __future__ import annotations

import pytest

from tasksync.core.fields import FIELDS
from tasksync.core.task import Activity
from tasksync.errors import PortalUnreadable
from tasksync.portal.rows import SELECT, Decoder, id_in, live_task

SEED = {
    "id": "3871",
    "title": "Prepare the quarterly report",
    "description": "",
    "status": "2",
    "priority": "2",
    "responsibleId": "1",
    "createdBy": "1",
    "createdDate": "2026-05-12T11:46:12+03:00",
    "deadline": "2026-05-19T18:00:00+03:00",
    "groupId": "0",
    "accomplices": [],
    "auditors": [],
    "creator": {"id": "1", "name": "Current user", "link": "/company/personal/user/1/"},
    "responsible": {"id": "1", "name": "Current user", "link": "/company/personal/user/1/"},
}


def test_the_answer_of_the_create_seed_is_read():
    """Strings become numbers, group "0" none, names stand beside ids; tags were not answered."""
    live = live_task(SEED)
    assert live.id == 3871
    assert live.fields == {
        "title": "Prepare the quarterly report",
        "description": "",
        "status": 2,
        "priority": 2,
        "responsibleId": 1,
        "createdBy": 1,
        "deadline": "2026-05-19T18:00:00+03:00",
        "groupId": None,
        "accomplices": (),
        "auditors": (),
    }
    assert live.names == ((1, "Current user"),)
    assert live.activity is None
    assert live.markers == ()


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("status", 5, 5),
        ("status", "5", 5),
        ("priority", 2.0, 2),
        ("groupId", "0", None),
        ("groupId", 0, None),
        ("groupId", None, None),
        ("groupId", "", None),
        ("groupId", "77", 77),
        ("parentId", None, None),
        ("parentId", "0", None),
        ("parentId", "12", 12),
        ("timeEstimate", None, 0),
        ("timeEstimate", "0", 0),
        ("timeEstimate", "7200", 7200),
        ("description", None, ""),
        ("description", "a\r\nb\rc\n", "a\nb\nc\n"),
        ("title", "12", "12"),
        ("deadline", None, None),
        ("deadline", "", None),
        ("deadline", False, None),
        ("deadline", [], None),
        ("deadline", "0000-00-00 00:00:00", None),
        ("deadline", "2026-05-19 18:00:00+03:00", "2026-05-19T18:00:00+03:00"),
        ("description", False, ""),
        ("parentId", False, None),
        ("groupId", False, None),
        ("timeEstimate", False, 0),
        ("deadline", "2026-05-19T15:00:00Z", "2026-05-19T15:00:00+00:00"),
        ("deadline", "2026-05-19T15:00:00.123Z", "2026-05-19T15:00:00+00:00"),
        ("deadline", "2026-05-19T15:00:00.123+03:00", "2026-05-19T15:00:00+03:00"),
        ("accomplices", ["503", "47"], (47, 503)),
        ("accomplices", [503, 47, "47"], (47, 503)),
        ("accomplices", {"7": {"id": "7", "name": "x"}, "3": {"ID": 3}}, (3, 7)),
        ("accomplices", {"7": "7"}, (7,)),
        ("accomplices", {"0": "1", "1": "2"}, (1, 2)),
        ("accomplices", {"1": 5, "3": 8}, (5, 8)),
        ("accomplices", {"0": {"id": "7"}, "4": {"ID": 3}}, (3, 7)),
        ("accomplices", {"7": True, "3": "Y"}, (3, 7)),
        ("accomplices", {"7": {"name": "x"}, "3": {"name": "y"}}, (3, 7)),
        ("accomplices", {"0": None, "1": "", "2": "4"}, (4,)),
        ("accomplices", ["", "4"], (4,)),
        ("accomplices", "", ()),
        ("accomplices", False, ()),
        ("accomplices", [{"id": "7"}, {"id": 3}], (3, 7)),
        ("auditors", "3,7", (3, 7)),
        ("auditors", None, ()),
        ("auditors", {}, ()),
    ],
)
def test_values_come_to_their_normal_form(name, raw, value):
    """Contract 7, 8.1 to 8.3."""
    assert live_task({"id": 1, name: raw}).fields[name] == value


@pytest.mark.parametrize(
    "raw",
    [
        ["b", "tasksync:demo", "a"],
        [{"id": 1, "title": "a"}, {"id": 2, "title": "tasksync:demo"}, {"title": "b"}],
        [{"name": "a"}, {"NAME": "b"}, {"TITLE": "tasksync:demo"}],
        {"35": {"id": 35, "title": "b"}, "36": {"title": "a"}, "37": {"title": "tasksync:demo"}},
        {"1": "a", "2": "b", "3": "tasksync:demo"},
        "a, b,tasksync:demo",
        "a,b,,tasksync:demo,a",
    ],
)
def test_tags_come_in_every_shape_and_markers_stand_apart(raw):
    """Contract 8.4."""
    live = live_task({"id": 1, "tags": raw})
    assert live.fields["tags"] == ("a", "b")
    assert live.markers == ("tasksync:demo",)


@pytest.mark.parametrize("raw", [None, [], {}, "", False])
def test_no_tags_are_no_tags(raw):
    """And are told from tags that were not answered."""
    assert live_task({"id": 1, "tags": raw}).fields["tags"] == ()
    assert "tags" not in live_task({"id": 1}).fields


def test_upper_case_keys_mean_the_same():
    """Contract 13.2; unknown keys are left alone."""
    upper = {"ID": "7", "RESPONSIBLE_ID": "22", "START_DATE_PLAN": None, "TAGS": ["x"], "GUID": "?"}
    assert live_task(upper) == live_task(
        {"id": 7, "responsibleId": 22, "startDatePlan": None, "tags": ["x"]}
    )


@pytest.mark.parametrize(
    ("row", "activity"),
    [
        ({}, None),
        ({"commentsCount": None, "timeSpentInLogs": None}, (0, 0)),
        ({"commentsCount": None}, None),
        ({"timeSpentInLogs": None}, None),
        ({"commentsCount": "3", "serviceCommentsCount": "1", "timeSpentInLogs": None}, (2, 0)),
        ({"commentsCount": 3, "serviceCommentsCount": 3, "timeSpentInLogs": "60"}, (0, 60)),
        ({"commentsCount": 0, "timeSpentInLogs": None}, (0, 0)),
        ({"commentsCount": "3", "timeSpentInLogs": "0"}, (3, 0)),
        ({"commentsCount": "3", "timeSpentInLogs": "9"}, (3, 9)),
        ({"commentsCount": "3", "serviceCommentsCount": "1"}, (2, 0)),
        ({"commentsCount": "1", "serviceCommentsCount": "1"}, None),
    ],
)
def test_activity_counts_people_only_and_is_unknown_without_the_counters(row, activity):
    """Design 6."""
    assert live_task({"id": 1, **row}).activity == (
        None if activity is None else Activity(*activity)
    )


@pytest.mark.parametrize(
    "row",
    [
        "7",
        {},
        {"id": None},
        {"id": "x"},
        {"id": 0},
        {"id": 1e400, "title": "x"},
    ],
)
def test_a_row_that_does_not_say_which_task_it_is_is_refused(row):
    """Nobody could be told which task to leave alone."""
    with pytest.raises(PortalUnreadable):
        live_task(row)


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("deadline", "soon"),
        ("deadline", "2026-05-19T18:00:00"),
        ("deadline", "19.05.2026 18:00:00"),
        ("status", "open"),
        ("status", []),
        ("title", {}),
        ("tags", 5),
        ("tags", [5]),
        ("accomplices", 5),
        ("accomplices", ["anna"]),
        ("accomplices", {"7": "Anna"}),
        ("changedDate", 17),
        ("timeEstimate", float("nan")),
        ("commentsCount", "many"),
    ],
)
def test_what_no_shape_covers_is_named_and_the_rest_is_read(name, raw):
    """By field, never guessed: it holds up its task and no other (design 9)."""
    live = live_task({"id": 1, "description": "kept", "priority": "2", name: raw})
    assert live.unreadable.startswith(f"{name}: ")
    assert name not in live.fields
    assert (live.fields["description"], live.fields["priority"]) == ("kept", 2)
    upper = {"deadline": "DEADLINE", "status": "STATUS", "tags": "TAGS"}.get(name)
    assert upper is None or live_task({"ID": 1, upper: raw}).unreadable == live.unreadable


def test_every_field_that_cannot_be_read_is_named():
    """Markers and activity stay known where these are readable."""
    row = {"id": 1, "deadline": "soon", "status": {}, "tags": ["tasksync:demo"]}
    live = live_task({**row, "commentsCount": 1, "timeSpentInLogs": 0})
    assert live.unreadable == 'status: {}; deadline: "soon"'
    assert (live.markers, live.activity) == (("tasksync:demo",), Activity(1, 0))
    assert live_task({"id": 1, "title": "x"}).unreadable == ""


def test_what_was_not_said_is_left_out():
    """A null status or responsible is no answer; a null group is an answer."""
    live = live_task({"id": 1, "status": None, "responsibleId": "0", "groupId": None})
    assert live == live_task({"id": 1, "status": "-1", "responsibleId": False, "groupId": False})
    assert dict(live.fields) == {"groupId": None}


def test_the_listing_names_every_field():
    """Tags come only when they are named (contract 8.4)."""
    assert set(FIELDS) | {"id", "changedDate", "commentsCount"} <= set(SELECT)


def test_a_decoder_may_forget():
    """Trimming changes nothing."""
    decode = Decoder()
    rows = [{"id": n, "parentId": n + 1, "tags": [f"t{n}"]} for n in range(1, 6000)]
    first = [decode(row) for row in rows]
    decode.trim()
    assert [decode(row) for row in rows] == first


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("groupId", 10**30),
        ("groupId", str(2**63)),
        ("timeEstimate", "9" * 5000),
        ("commentsCount", 2**63),
        ("status", float("nan")),
        ("accomplices", [2**63]),
        ("deadline", "0001-01-01T00:00:00+14:00"),
        ("changedDate", "9999-12-31T23:59:59-14:00"),
    ],
)
def test_what_no_store_can_hold_makes_its_row_unreadable_and_is_named(name, raw):
    row = {"id": 5, "title": "T", "status": 2, "priority": 1, name: raw}
    found = live_task(row)
    assert found.id == 5
    assert found.unreadable.startswith(f"{name}: ")


@pytest.mark.parametrize("raw", [2**63, str(2**63), "9" * 5000, 1e30, float("inf")])
def test_an_id_that_no_store_can_hold_is_none(raw):
    assert id_in({"id": raw}) is None
    with pytest.raises(PortalUnreadable):
        live_task({"id": raw, "title": "T"})
