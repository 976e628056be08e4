"""The control routes: edits by hand, and what the sandbox shows of itself."""

from __future__ import annotations

from typing import Any

import pytest

from tasksync.sandbox.web.http_messages import WebRequest


def test_a_task_is_created_edited_and_deleted_by_hand(client: Any) -> None:
    body = {"title": "By hand", "responsibleId": 22, "tags": ["x"], "status": 3}
    status, made = client("POST", "/_sandbox/tasks", body)
    assert status == 201
    assert (made["id"], made["createdBy"], made["tags"]) == (3871, 22, ["x"])
    status, edited = client("PATCH", "/_sandbox/tasks/3871", {"responsibleId": 1, "by": 5})
    assert (edited["status"], edited["changedBy"]) == (3, 5)  # no side effect of an edit by hand
    assert client("GET", "/v1/tasks/3871")[1]["data"]["responsibleId"] == "1"
    assert client("DELETE", "/_sandbox/tasks/3871")[0] == 204
    assert client("DELETE", "/_sandbox/tasks/3871")[0] == 404
    assert client("GET", "/_sandbox/tasks")[1] == []


def test_an_edit_by_hand_may_set_what_the_api_may_not(client: Any) -> None:
    body = {"id": 17, "title": "x", "responsibleId": 1, "createdDate": "2020-01-01T00:00:00Z"}
    made = client("POST", "/_sandbox/tasks", body)[1]
    assert (made["id"], made["createdDate"]) == (17, "2020-01-01T03:00:00+03:00")
    closed = {"closedDate": "2026-01-01T00:00:00Z", "taskControl": True}
    edited = client("PATCH", "/_sandbox/tasks/17", closed)[1]
    assert (edited["closedDate"], edited["taskControl"]) == ("2026-01-01T03:00:00+03:00", "Y")
    assert client("PATCH", "/v1/tasks/17", {"status": 5})[1]["data"]["status"] == "4"


def test_comments_and_time_show_as_activity(client: Any, time: Any) -> None:
    id_ = client.create()
    time.at += 60
    client("POST", f"/_sandbox/tasks/{id_}/comments", {"message": "Done?"})
    client("POST", f"/_sandbox/tasks/{id_}/comments", {"message": "Created", "service": True})
    client("POST", f"/_sandbox/tasks/{id_}/time", {"seconds": 1800})
    body = client("POST", f"/_sandbox/tasks/{id_}/time", {"seconds": 200})[1]
    assert [note["message"] for note in body["comments"]] == ["Done?", "Created"]
    row = client.rows("select=commentsCount,serviceCommentsCount,timeSpentInLogs,activityDate")[0]
    assert row == {
        "id": str(id_),
        "commentsCount": "2",
        "serviceCommentsCount": "1",
        "timeSpentInLogs": "2000",
        "activityDate": "2026-05-12T11:47:12+03:00",
    }
    assert client("GET", f"/v1/tasks/{id_}/time")[1]["data"][0]["seconds"] == "1800"


def test_many_tasks_are_put_at_once(client: Any) -> None:
    client.create()
    many = [{"title": f"t{n}", "responsibleId": 1, "tags": ["m"]} for n in range(300)]
    assert client("PUT", "/_sandbox/tasks", many) == (200, {"tasks": 300})
    assert client("GET", "/v1/tasks?filter[tags]=m")[1]["meta"]["total"] == 300


def test_the_log_tells_every_request_and_no_key(client: Any) -> None:
    client.create("x")
    client.batch({"entity": "users", "action": "list"}, {"entity": "users", "action": "list"})
    client("GET", "/v1/tasks/9?a=b")
    first, second, third = client("GET", "/_sandbox/log")[1]
    assert first["body"] == {"title": "x", "responsibleId": 1}
    assert (first["method"], first["path"], first["status"]) == ("POST", "/v1/tasks", 201)
    assert (first["key"], first["n"]) == ("vibe_api_s…", 1)
    assert second["calls"] == 2
    assert (third["query"], third["status"]) == ("a=b", 404)
    assert client("DELETE", "/_sandbox/log")[0] == 204
    assert client("GET", "/_sandbox/log")[1] == []


def test_the_log_tells_which_fault_was_applied(client: Any) -> None:
    client.faults({"kind": "status", "status": 503})
    client("GET", "/v1/me")
    assert client("GET", "/_sandbox/log")[1][0]["fault"] == "status"


def test_the_stats_count(client: Any) -> None:
    client.create("x")
    client.create("x")
    client.rows()
    client("POST", "/v1/tasks/search", {})
    client("DELETE", "/v1/tasks/3871")
    client.faults({"kind": "status", "status": 429})
    client("GET", "/v1/me")
    expected = {"requests": 6, "writes": 3, "throttled": 1, "maxInFlight": 1, "creates": {"x": 2}}
    assert client("GET", "/_sandbox/stats")[1] == expected


def test_a_create_is_counted_even_when_its_answer_is_lost(client: Any) -> None:
    client.faults({"kind": "garbage"})
    client.raw("POST", "/v1/tasks", {"title": "x", "responsibleId": 1})
    assert client("GET", "/_sandbox/stats")[1]["creates"] == {"x": 1}


def test_reset_forgets_everything(client: Any) -> None:
    client.create()
    client.quirks(create_status=200)
    client.faults({"kind": "status", "status": 503})
    assert client("POST", "/_sandbox/reset")[0] == 204
    assert client("GET", "/_sandbox/tasks")[1] == []
    assert client("GET", "/_sandbox/stats")[1]["requests"] == 0
    assert client.create() == 3871
    assert client("GET", "/_sandbox/quirks")[1]["create_status"] == 201


def test_the_clock_moves_only_forward(client: Any) -> None:
    before = client("GET", "/_sandbox/health")[1]["now"]
    client("POST", "/_sandbox/advance", {"seconds": 90})
    assert client("GET", "/_sandbox/health")[1]["now"] == before + 90
    for seconds in (-1, "x", True, None):
        assert client("POST", "/_sandbox/advance", {"seconds": seconds})[0] == 400


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "nothing", None),
        ("PATCH", "tasks/9", {"title": "x"}),
        ("POST", "tasks/9/comments", {}),
        ("POST", "tasks", {"title": ""}),
        ("POST", "tasks", []),
        ("PUT", "tasks", {}),
        ("PUT", "faults", {"faults": 1}),
        ("POST", "tasks", {"title": "x", "responsibleId": 1, "createdDate": "soon"}),
        ("POST", "tasks", {"title": "x", "responsibleId": 1, "id": "x"}),
        ("POST", "tasks", {"title": "x", "responsibleId": 1, "by": "x"}),
    ],
)
def test_an_invalid_request_is_refused(client: Any, method: str, path: str, body: Any) -> None:
    assert 400 <= client(method, f"/_sandbox/{path}", body)[0] < 500


def test_the_control_routes_are_for_this_machine_alone(client: Any) -> None:
    request = WebRequest("GET", "/_sandbox/tasks", peer="192.168.0.7")
    assert client.api.handle(request).status == 403
    assert client.api.handle(WebRequest("GET", "/_sandbox/tasks", peer="::1")).status == 200


def test_the_page_data_shows_children_below_parents_and_searches(client: Any) -> None:
    parent = client.create("Close the month", tags=["finance"], deadline="2026-05-01T00:00:00Z")
    client.create("Collect figures", parentId=parent, responsibleId=22)
    client.create("Other", status=5, deadline="2026-05-01T00:00:00Z")

    def shown(query: str = "") -> list[tuple[str, int]]:
        rows = client("GET", f"/_sandbox/board?{query}")[1]["rows"]
        return [(row["title"], row["depth"]) for row in rows]

    assert shown() == [("Other", 0), ("Close the month", 0), ("Collect figures", 1)]
    assert shown("q=figures") == [("Collect figures", 0)]
    assert shown("q=petrova") == [("Collect figures", 0)]
    assert shown("q=finance+month") == [("Close the month", 0)]
    assert shown("status=completed") == [("Other", 0)]
    assert shown("status=overdue") == [("Close the month", 0)]
    assert shown("who=22") == [("Collect figures", 0)]
    data = client("GET", "/_sandbox/board")[1]
    assert (data["total"], data["overdue"], data["statuses"]["pending"]) == (3, 1, 2)
    again = client("GET", f"/_sandbox/board?since={data['version']}")[1]
    assert again == {"version": data["version"], "unchanged": True}
    client.create()
    assert "rows" in client("GET", f"/_sandbox/board?since={data['version']}")[1]
