"""Quirks that change a value, count something else, or put results where they do not belong."""

from __future__ import annotations

from typing import Any

import pytest

SHOWN = "select=title,description,tags,deadline,auditors,accomplices"
COUNTERS = "select=commentsCount,serviceCommentsCount,timeSpentInLogs,createdDate"


def stored(client: Any, **fields: Any) -> Any:
    """The row of a new task, as a listing shows it."""
    id_ = client.create(**fields)
    (row,) = [row for row in client.rows(SHOWN) if row["id"] == str(id_)]
    return row


def body(title: str) -> dict[str, Any]:
    return {"title": title, "responsibleId": 1}


def test_counters_of_nothing_are_null_as_on_live_rows(client: Any) -> None:
    """Contract 7; and createdDate is there where it is asked for."""
    client.create()
    date = "2026-05-12T11:46:12+03:00"
    nothing = dict.fromkeys(["commentsCount", "serviceCommentsCount", "timeSpentInLogs"])
    assert client.rows(COUNTERS) == [{"id": "3871", **nothing, "createdDate": date}]
    single = client("GET", "/v1/tasks/3871")[1]["data"]
    assert (single["commentsCount"], single["createdDate"]) == (None, date)
    client.quirks(empty_counters="0")
    assert client.rows(COUNTERS)[0]["timeSpentInLogs"] == "0"
    client.quirks(service_counter=False)
    assert set(client.rows(COUNTERS)[0]) == {
        "id",
        "commentsCount",
        "timeSpentInLogs",
        "createdDate",
    }


def test_comments_of_the_portal_itself_are_counted_beside_the_others(client: Any) -> None:
    id_ = client.create()
    client("POST", f"/_sandbox/tasks/{id_}/comments", {"message": "hm"})
    assert client.rows(COUNTERS)[0]["commentsCount"] == "1"
    assert client.rows(COUNTERS)[0]["serviceCommentsCount"] is None


def test_a_creator_is_set_only_by_a_key_whose_user_is_an_administrator(client: Any) -> None:
    """Seed "Create task": an override is applied within the user's permissions."""
    by_admin = client.create(createdBy=5)
    client.key = "vibe_api_weak"
    by_weak = client.create(createdBy=5)
    client.quirks(created_by="refuse")
    assert client("POST", "/v1/tasks", body("x") | {"createdBy": 5})[0] == 400
    assert client("POST", "/v1/tasks", body("x") | {"createdBy": 22})[0] == 201
    client.key = "vibe_api_sandbox"
    made = {row["id"]: row["createdBy"] for row in client.rows("select=createdBy")}
    assert (made[str(by_admin)], made[str(by_weak)]) == ("5", "22")


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize("kind", ["comments", "time"])
def test_a_comment_that_went_with_its_task_is_422(client: Any, kind: str, method: str) -> None:
    """Seed "Delete task": by the former id, ITEM_NOT_FOUND_OR_NOT_ACCESSIBLE."""
    id_ = client.create()
    client("POST", f"/_sandbox/tasks/{id_}/{kind}", {"message": "hm"})
    (item,) = client("GET", f"/v1/tasks/{id_}/{kind}")[1]["data"]
    path = f"/v1/tasks/{id_}/{kind}/{item['id']}"
    assert client("GET", path)[1]["data"] == item
    client("DELETE", f"/v1/tasks/{id_}")
    for gone in (path, f"/v1/tasks/{id_}/{kind}"):
        status, answer = client(method if gone == path else "GET", gone)
        assert (status, answer["error"]["code"]) == (422, "BITRIX_ERROR")
        assert answer["error"]["message"] == "ITEM_NOT_FOUND_OR_NOT_ACCESSIBLE"


@pytest.mark.parametrize(
    ("quirk", "title", "shown"),
    [
        ({"emoji": "keep"}, "Go 🚀 now", "Go 🚀 now"),
        ({"emoji": "drop"}, "Go 🚀 now", "Go  now"),
        ({"emoji": "question"}, "Go 🚀 now", "Go ? now"),
        ({"emoji": "cut"}, "Go 🚀 now", "Go "),
        ({"entities": True}, 'A & "B"', "A &amp; &quot;B&quot;"),
    ],
)
def test_titles_are_normalised(client: Any, quirk: dict[str, Any], title: str, shown: str) -> None:
    client.quirks(**quirk)
    row = stored(client, title=title)
    assert row["title"] == shown
    client("PATCH", f"/v1/tasks/{row['id']}", {"status": 3})
    assert client.rows(SHOWN)[0]["title"] == shown


@pytest.mark.parametrize(
    ("quirk", "names"),
    [
        ({"tag_case": "lower"}, ["alpha", "tasksync:p"]),
        ({"tag_case": "upper"}, ["ALPHA", "TASKSYNC:P"]),
        ({"drop_tags": "tasksync:"}, ["Alpha"]),
        ({"hashtags": True}, ["Alpha", "tasksync:p", "audit"]),
    ],
)
def test_tags_are_normalised(client: Any, quirk: dict[str, Any], names: list[str]) -> None:
    client.quirks(tags="names", **quirk)
    assert stored(client, title="Do the #audit", tags=["Alpha", "tasksync:p"])["tags"] == names


def test_dates_lose_their_seconds(client: Any) -> None:
    client.quirks(seconds_dropped=True)
    row = stored(client, deadline="2026-05-19T18:00:42+03:00")
    assert row["deadline"] == "2026-05-19T18:00:00+03:00"


def test_the_former_responsible_becomes_an_auditor(client: Any) -> None:
    client.quirks(former_becomes_auditor=True)
    id_ = client.create(responsibleId=2)
    client("PATCH", f"/v1/tasks/{id_}", {"responsibleId": 3})
    client("PATCH", f"/v1/tasks/{id_}", {"priority": 2})
    assert client.rows(SHOWN)[0]["auditors"] == ["2"]


def test_people_may_come_as_a_map_of_indexes(client: Any) -> None:
    client.quirks(people_ids="indexed")
    row = stored(client, accomplices=[9, 5])
    assert (row["accomplices"], row["auditors"]) == ({"0": "9", "1": "5"}, [])


def test_a_total_may_count_the_page_alone(client: Any) -> None:
    for _ in range(3):
        client.create()
    client.quirks(total_of_page=True)
    meta = client("GET", "/v1/tasks?limit=2")[1]["meta"]
    assert meta == {"total": 2, "hasMore": False}


def test_results_of_creates_may_stand_under_each_others_ids(client: Any) -> None:
    client.quirks(swapped_results=True)
    calls = [
        {"id": name, "entity": "tasks", "action": "create", "params": body(name)}
        for name in ("a", "b", "c")
    ]
    results = client.batch(*calls)["results"]
    assert {name: row["title"] for name, row in results.items()} == {"a": "b", "b": "c", "c": "a"}


def test_a_delete_may_be_answered_by_nothing(client: Any) -> None:
    call = {"id": "x", "entity": "tasks", "action": "delete"}
    client.quirks(delete_result="empty")
    assert client.batch({**call, "entityId": client.create()})["results"] == {"x": []}
    client.quirks(delete_result="missing")
    data = client.batch({**call, "entityId": client.create()})
    assert (data["results"], data["errors"], client.ids()) == ({}, {}, [])
