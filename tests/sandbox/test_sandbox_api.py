"""The routes: what a client of the vendor would see, by the seeds and the contract."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tasksync.sandbox.web.http_messages import WebRequest

DEADLINE = "2026-05-19T18:00:00+03:00"


def code_of(answer: Any) -> str:
    return str(answer["error"]["code"])


def test_the_seeds_own_create_is_answered_as_in_the_seed(client: Any) -> None:
    """The example of "Create task", field by field."""
    body = {"title": "Prepare the quarterly report", "responsibleId": 1, "priority": 2}
    status, answer = client("POST", "/v1/tasks", {**body, "deadline": DEADLINE})
    assert status == 201
    assert answer["success"] is True
    person = {"id": "1", "name": "Current user", "link": "/company/personal/user/1/"}
    expected = {
        "id": "3871",
        "title": "Prepare the quarterly report",
        "description": "",
        "status": "2",
        "priority": "2",
        "responsibleId": "1",
        "createdBy": "1",
        "createdDate": "2026-05-12T11:46:12+03:00",
        "deadline": DEADLINE,
        "groupId": "0",
        "accomplices": [],
        "auditors": [],
    }
    data = answer["data"]
    assert {name: data[name] for name in expected} == expected
    assert person.items() <= data["creator"].items()
    assert person.items() <= data["responsible"].items()
    assert "tags" not in data
    assert [data[name] for name in ("parentId", "closedDate", "startDatePlan")] == [None] * 3


def test_the_seeds_own_update_closes_the_task(client: Any, time: Any) -> None:
    """The example of "Update task": status 5 fills closedDate and changedDate."""
    id_ = client.create(deadline=DEADLINE)
    time.at += 4596
    status, answer = client("PATCH", f"/v1/tasks/{id_}", {"status": 5, "priority": 2})
    data = answer["data"]
    assert status == 200
    assert (data["status"], data["priority"]) == ("5", "2")
    assert data["createdDate"] == "2026-05-12T11:46:12+03:00"
    assert data["changedDate"] == data["closedDate"] == "2026-05-12T13:02:48+03:00"
    assert data["deadline"] == DEADLINE


def test_a_delete_is_204_without_a_body_and_then_404(client: Any) -> None:
    id_ = client.create()
    gone = client.raw("DELETE", f"/v1/tasks/{id_}")
    assert (gone.status, gone.body) == (204, b"")
    expected = {
        "success": False,
        "error": {"code": "ENTITY_NOT_FOUND", "message": f"task {id_} not found"},
    }
    assert client("DELETE", f"/v1/tasks/{id_}") == (404, expected)
    assert client("PATCH", f"/v1/tasks/{id_}", {"status": 5}) == (404, expected)
    assert client("GET", f"/v1/tasks/{id_}") == (404, expected)


def test_children_of_a_deleted_task_lose_their_parent(client: Any) -> None:
    parent = client.create()
    child = client.create(parentId=parent)
    client("DELETE", f"/v1/tasks/{parent}")
    assert client("GET", f"/v1/tasks/{child}")[1]["data"]["parentId"] is None


def test_comments_and_time_of_a_deleted_task_are_422(client: Any) -> None:
    """Seed "Delete task": ITEM_NOT_FOUND_OR_NOT_ACCESSIBLE."""
    id_ = client.create()
    client("POST", f"/_sandbox/tasks/{id_}/comments", {"message": "hm"})
    assert client("GET", f"/v1/tasks/{id_}/comments")[1]["data"][0]["message"] == "hm"
    client("DELETE", f"/v1/tasks/{id_}")
    status, answer = client("GET", f"/v1/tasks/{id_}/comments")
    assert (status, code_of(answer)) == (422, "BITRIX_ERROR")
    assert answer["error"]["message"] == "ITEM_NOT_FOUND_OR_NOT_ACCESSIBLE"


def test_ids_rise_by_two(client: Any) -> None:
    assert [client.create() for _ in range(3)] == [3871, 3873, 3875]


@pytest.mark.parametrize("path", ["/v1/tasks/abc", "/v1/tasks/0", "/v1/tasks/-1", "/v1/users/x"])
def test_an_id_in_a_path_is_a_positive_number(client: Any, path: str) -> None:
    status, answer = client("GET", path)
    assert (status, code_of(answer)) == (400, "INVALID_PARAMS")
    assert answer["error"]["message"] == "Path parameter :id must be a positive integer"


def test_select_is_ignored_on_a_single_task(client: Any) -> None:
    """Contract 2.2."""
    id_ = client.create()
    assert "responsible" in client("GET", f"/v1/tasks/{id_}?select=id")[1]["data"]


def test_a_body_needs_its_content_type_and_json(client: Any) -> None:
    """Contract 1: both are 400 VALIDATION_ERROR."""
    body = {"title": "x", "responsibleId": 1}
    answer = client.raw("POST", "/v1/tasks", body, Content_Type="text/plain")
    assert (answer.status, code_of(json.loads(answer.body))) == (400, "VALIDATION_ERROR")
    head = {"X-Api-Key": client.key, "Content-Type": "application/json"}
    for text in (b"{", b"[]", b"", b"\xff"):
        answer = client.api.handle(WebRequest("POST", "/v1/tasks", "", head, text))
        assert (answer.status, code_of(json.loads(answer.body))) == (400, "VALIDATION_ERROR")
    assert client.rows() == []


def test_an_unknown_route_is_404(client: Any) -> None:
    assert client("GET", "/v1/deals")[0] == 404
    assert client("PUT", "/v1/tasks")[0] == 404
    assert client("GET", "/elsewhere")[0] == 404


def test_the_schema_tells_types_and_what_may_be_written(client: Any) -> None:
    """Contract 2.7: fields by name and again by native name, enums for status and priority."""
    found = client("GET", "/v1/tasks/fields")[1]["data"]["fields"]
    assert found["status"]["enum"]["5"] == "completed"
    assert found["priority"]["enum"] == {"0": "low", "1": "normal", "2": "high"}
    assert found["RESPONSIBLE_ID"] == found["responsibleId"]
    assert found["responsibleId"]["readonly"] is False
    assert found["createdDate"]["readonly"] is True
    assert client("GET", "/v1/users/fields")[1]["data"]["fields"]["email"]["type"] == "string"


def test_a_person_is_found_by_mail(client: Any) -> None:
    status, answer = client("GET", "/v1/users?filter[email]=petrova@example.com")
    assert status == 200
    assert [row["id"] for row in answer["data"]] == ["22"]
    assert answer["data"][0]["email"] == "petrova@example.com"
    assert client("GET", "/v1/users/22")[1]["data"]["lastName"] == "Petrova"
    assert client("GET", "/v1/users/999")[0] == 404


def test_several_people_are_found_at_once(client: Any) -> None:
    mails = '{"email":{"$in":["anna@example.com","petrova@example.com"]}}'
    rows = client("GET", f"/v1/users?filter={mails}&select=id,email&limit=5000")[1]["data"]
    assert {row["email"] for row in rows} == {"anna@example.com", "petrova@example.com"}
    assert set(rows[0]) == {"id", "email"}


def test_a_workgroup_is_found_by_name_and_an_archived_one_only_by_id(client: Any) -> None:
    rows = client("GET", "/v1/workgroups?filter[name]=Finance")[1]["data"]
    assert [(row["id"], row["name"]) for row in rows] == [("5", "Finance")]
    every = [row["id"] for row in client("GET", "/v1/workgroups")[1]["data"]]
    assert "9" in every
    assert "13" not in every
    assert client("GET", "/v1/workgroups/13")[1]["data"]["archived"] == "Y"


def test_me_tells_the_portal_the_rate_and_who_i_am(client: Any) -> None:
    data = client("GET", "/v1/me")[1]["data"]
    assert data["portal"] == "sandbox.bitrix24.example"
    assert data["rateLimit"] == {"requestsPerSecond": 10}
    assert data["accessMode"] == "READWRITE"
    assert data["currentUser"] == {"bitrixUserId": 1}
    assert "tasks" in data["scopes"]
    assert client("GET", "/v1/users/me")[1]["data"]["email"] == "owner@example.com"


@pytest.mark.parametrize(
    ("key", "method", "expected"),
    [
        ("", "GET", (401, "MISSING_API_KEY")),
        ("vibe_api_nobody", "GET", (401, "INVALID_API_KEY")),
        ("vibe_api_noscope", "GET", (403, "SCOPE_DENIED")),
        ("vibe_api_notokens", "GET", (401, "TOKEN_MISSING")),
        ("vibe_api_expired", "GET", (401, "KEY_EXPIRED")),
        ("vibe_api_revoked", "GET", (401, "KEY_INACTIVE")),
        ("vibe_api_elsewhere", "GET", (403, "IP_NOT_ALLOWED")),
        ("vibe_live_sandbox", "GET", (403, "MANAGEMENT_KEY_NO_ENTITY_ACCESS")),
        ("vibe_app_sandbox", "GET", (401, "TOKEN_MISSING")),
        ("vibe_api_readonly", "POST", (403, "WRITE_BLOCKED_READONLY_KEY")),
    ],
)
def test_a_key_is_refused_for_its_own_reason(
    client: Any, key: str, method: str, expected: tuple[int, str]
) -> None:
    client.key = key
    status, answer = client(method, "/v1/tasks", {"title": "x", "responsibleId": 1})
    assert (status, code_of(answer)) == expected
    assert answer["success"] is False


def test_a_read_only_key_reads(client: Any) -> None:
    client.key = "vibe_api_readonly"
    assert client("GET", "/v1/tasks")[0] == 200
    assert client("GET", "/v1/me")[1]["data"]["accessMode"] == "READONLY"


def test_an_app_key_needs_its_session(client: Any) -> None:
    client.key = "vibe_app_sandbox"
    assert client("GET", "/v1/me")[0] == 200
    client.headers = {"Authorization": "Bearer vibe_session_sandbox"}
    assert client("GET", "/v1/tasks")[0] == 200
    id_ = client.create()
    assert client("GET", f"/v1/tasks/{id_}")[1]["data"]["createdBy"] == "2"
    client.headers = {"Authorization": "Bearer vibe_session_old"}
    status, answer = client("GET", "/v1/tasks")
    assert (status, code_of(answer)) == (401, "INVALID_SESSION")


def test_a_personal_key_may_come_as_bearer(client: Any) -> None:
    client.key = ""
    client.headers = {"Authorization": "Bearer vibe_api_sandbox"}
    assert client("GET", "/v1/tasks")[0] == 200


def test_a_weak_key_sees_and_touches_only_its_own(client: Any) -> None:
    mine, theirs = client.create(responsibleId=22), client.create(responsibleId=1)
    watched = client.create(auditors=[22])
    client.key = "vibe_api_weak"
    assert client.ids("order[id]=asc") == [mine, watched]
    assert client("GET", "/v1/tasks")[1]["meta"]["total"] == 2
    assert client("GET", f"/v1/tasks/{theirs}")[0] == 404
    assert client("PATCH", f"/v1/tasks/{theirs}", {"status": 5})[0] == 404
    assert client("DELETE", f"/v1/tasks/{theirs}")[0] == 404
    assert client("PATCH", f"/v1/tasks/{mine}", {"status": 5})[0] == 200


def test_every_answer_has_a_number(client: Any) -> None:
    assert client.raw("GET", "/v1/tasks").headers["X-Request-Id"] == "sandbox-1"
