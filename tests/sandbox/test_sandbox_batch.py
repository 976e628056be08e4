"""POST /v1/batch: the exact shape of contract 3, whole, partial and refused."""

from __future__ import annotations

from typing import Any

import pytest

GOOD = {"title": "A task", "responsibleId": 1}


def create(id_: str, **fields: Any) -> dict[str, Any]:
    return {"id": id_, "entity": "tasks", "action": "create", "params": {**GOOD, **fields}}


def call(action: str, entity_id: Any = None, **more: Any) -> dict[str, Any]:
    members = {"id": action, "entity": "tasks", "action": action, **more}
    return members if entity_id is None else {**members, "entityId": entity_id}


def test_every_action_answers_by_its_own_id(client: Any) -> None:
    id_ = client.create()
    data = client.batch(
        create("new", title="New"),
        call("update", id_, params={"priority": 2}),
        call("get", str(id_)),
        call("list", params={"filter": {"priority": 2}, "select": ["id"], "limit": 5}),
        call("search", params={"filter": {"title": "New"}, "select": ["id"]}),
        call("fields"),
        call("delete", id_),
    )
    results = data["results"]
    assert results["new"]["id"] == "3873"
    assert results["update"]["priority"] == results["get"]["priority"] == "2"
    assert results["list"] == [{"id": str(id_)}]
    assert results["search"] == [{"id": "3873"}]
    assert "title" in results["fields"]["fields"]
    assert results["delete"] is True
    assert data["errors"] == {}
    assert data["totals"] == {"list": 1, "search": 1}
    expected = {"total": 1, "returned": 1, "hasMore": False, "truncated": False}
    assert data["meta"] == {"list": expected, "search": expected}
    assert data["summary"] == {"total": 7, "succeeded": 7, "failed": 0}
    assert client.ids() == [3873]


def test_calls_without_an_id_are_numbered(client: Any) -> None:
    data = client.batch({"entity": "tasks", "action": "create", "params": GOOD}, create("b"))
    assert list(data["results"]) == ["0", "b"]


def test_one_failing_call_stops_no_other(client: Any) -> None:
    data = client.batch(
        create("a"), create("b", status=9), call("update", 999, params={"title": "x"}), create("c")
    )
    assert set(data["results"]) == {"a", "c"}
    assert data["errors"] == {
        "b": {"code": "BITRIX_ERROR", "message": "Incorrect status"},
        "update": {"code": "ENTITY_NOT_FOUND", "message": "task 999 not found"},
    }
    assert data["summary"] == {"total": 4, "succeeded": 2, "failed": 2}


def test_an_invalid_call_among_valid_ones_is_partial(client: Any) -> None:
    data = client.batch(
        create("a"), call("get"), {"id": "u", "entity": "foobar", "action": "list"}, "nonsense"
    )
    codes = {id_: error["code"] for id_, error in data["errors"].items()}
    assert codes == {"get": "MISSING_ENTITY_ID", "u": "UNKNOWN_ENTITY", "3": "INVALID_CALL"}
    expected = 'Unknown entity "foobar". Check GET /v1/guide for available entities.'
    assert data["errors"]["u"]["message"] == expected


def test_a_batch_of_nothing_valid_is_400(client: Any) -> None:
    """Contract 3: with the errors under `data`."""
    status, answer = client("POST", "/v1/batch", {"calls": [call("get")]})
    assert status == 400
    assert answer == {
        "success": False,
        "error": {
            "code": "INVALID_REQUEST",
            "message": "All calls in the batch failed validation",
        },
        "data": {
            "errors": {
                "get": {"code": "MISSING_ENTITY_ID", "message": 'Action "get" requires entityId.'}
            }
        },
    }


def test_a_batch_of_failing_but_valid_calls_is_200(client: Any) -> None:
    assert client("POST", "/v1/batch", {"calls": [call("delete", 9)]})[0] == 200


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "Expected array"),
        ({"calls": {}}, "Expected array"),
        ({"calls": []}, "at least 1 element(s)"),
        ({"calls": [create(str(n)) for n in range(51)]}, "at most 50 element(s)"),
    ],
)
def test_a_batch_has_1_to_50_calls(client: Any, body: Any, words: str) -> None:
    status, answer = client("POST", "/v1/batch", body)
    assert (status, answer["error"]["code"]) == (400, "INVALID_REQUEST")
    assert words in answer["error"]["message"]
    assert client.ids() == []


def test_an_action_that_an_entity_lacks_is_refused(client: Any) -> None:
    data = client.batch(
        create("a"),
        {"id": "u", "entity": "users", "action": "create", "params": {}},
        call("aggregate"),
        {**create("x" * 65)},
        call("delete", "abc"),
        {**create("p"), "params": "none"},
    )
    codes = [error["code"] for error in data["errors"].values()]
    assert codes == ["ACTION_NOT_SUPPORTED"] * 2 + ["INVALID_CALL"] * 3
    assert list(data["results"]) == ["a"]


def test_scope_is_checked_for_each_call(client: Any) -> None:
    """Contract 3: 403 only when no call at all is allowed."""
    client.key = "vibe_api_noscope"
    users = {"id": "u", "entity": "users", "action": "list"}
    status, answer = client("POST", "/v1/batch", {"calls": [create("a"), users]})
    assert status == 200
    assert answer["data"]["errors"]["a"]["code"] == "SCOPE_NOT_ALLOWED"
    status, answer = client("POST", "/v1/batch", {"calls": [create("a")]})
    assert (status, answer["error"]["code"]) == (403, "SCOPE_NOT_ALLOWED")


def test_a_read_only_key_may_look_in_a_batch(client: Any) -> None:
    id_ = client.create()
    client.key = "vibe_api_readonly"
    assert client.batch(call("get", id_))["results"]["get"]["id"] == str(id_)
    status, answer = client("POST", "/v1/batch", {"calls": [create("a")]})
    assert (status, answer["error"]["code"]) == (403, "WRITE_BLOCKED_READONLY_KEY")


def test_people_and_groups_are_looked_up_in_a_batch(client: Any) -> None:
    data = client.batch(
        {"id": "u", "entity": "users", "action": "get", "entityId": 22},
        {
            "id": "g",
            "entity": "workgroups",
            "action": "list",
            "params": {"filter": {"name": "HR"}},
        },
    )
    assert data["results"]["u"]["email"] == "petrova@example.com"
    assert data["results"]["g"][0]["id"] == "7"


def test_a_parent_made_by_an_earlier_call_is_there_for_a_later_one(client: Any) -> None:
    data = client.batch(create("a"), create("b", parentId=3871))
    assert data["results"]["b"]["parentId"] == "3871"
