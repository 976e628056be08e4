"""Users and workgroups of the sandbox: listed in pages, set by hand, kept in the file."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hand import by_hand

from tasksync.sandbox.web.routes import open_api


def listed(client: Any, query: str = "limit=5000") -> list[dict[str, Any]]:
    """Return the rows of a listing of users."""
    status, answer = client("GET", f"/v1/users?{query}")
    assert status == 200, answer
    return list(answer["data"])


def test_the_inactive_are_listed_as_such(client: Any) -> None:
    rows = {row["id"]: row for row in listed(client)}
    assert (rows["22"]["active"], rows["30"]["active"]) == (True, False)


def test_archived_groups_are_not_listed(client: Any) -> None:
    rows = client("GET", "/v1/workgroups?limit=5000")[1]["data"]
    assert "13" not in {row["id"] for row in rows}
    assert client("GET", "/v1/workgroups/13")[0] == 200


def test_a_page_begins_behind_an_id(client: Any) -> None:
    rows = listed(client, "filter[>id]=22&order[id]=asc&limit=2")
    assert [row["id"] for row in rows] == ["25", "28"]


@pytest.mark.parametrize("count", [3, 5_000, 50_000])
def test_so_many_users_are_made_up(client: Any, count: int) -> None:
    assert client("PUT", "/_sandbox/users", {"count": count})[1] == {"users": count}
    cursor, seen = 0, 0
    while rows := listed(client, f"filter[>id]={cursor}&order[id]=asc&limit=5000"):
        cursor, seen = int(rows[-1]["id"]), seen + len(rows)
    assert seen == count
    addresses = {row["email"] for row in listed(client)}
    assert len(addresses) == min(count, 5_000)


def test_somebody_is_added_dismissed_and_shares_an_address(client: Any) -> None:
    assert client("POST", "/_sandbox/users", {"name": "Two", "email": "anna@example.com"})[0] == 201
    assert client("PATCH", "/_sandbox/users/22", {"active": False})[0] == 200
    rows = listed(client)
    assert sum(row["email"] == "anna@example.com" for row in rows) == 2
    assert {row["id"] for row in rows if not row["active"]} == {"22", "30"}
    assert client("PATCH", "/_sandbox/users/999", {"active": False})[0] == 404


def test_groups_are_set_as_well(client: Any) -> None:
    assert client("PATCH", "/_sandbox/groups/7", {"archived": True})[0] == 200
    client("POST", "/_sandbox/groups", {"id": 90, "name": "Finance"})
    rows = client("GET", "/v1/workgroups?limit=5000")[1]["data"]
    assert [row["id"] for row in rows if row["name"] == "Finance"] == ["90", "5"]
    assert "7" not in {row["id"] for row in rows}


@pytest.mark.parametrize("body", [5, [{"id": "1"}], [{"name": "A"}], [{"id": 1, "wage": 5}], [7]])
def test_what_is_no_user_is_refused_and_nothing_changes(client: Any, body: object) -> None:
    before = listed(client)
    assert client("PUT", "/_sandbox/users", body)[0] == 400
    assert listed(client) == before


def test_a_reset_brings_the_first_ones_back(client: Any) -> None:
    before = listed(client)
    client("PUT", "/_sandbox/users", [])
    assert listed(client) == []
    assert client("POST", "/_sandbox/reset")[0] == 204
    assert listed(client) == before


def test_a_task_names_people_who_were_put_there(client: Any) -> None:
    client("POST", "/_sandbox/users", {"id": 500, "name": "Neo", "last_name": "Nova"})
    _, answer = client("POST", "/v1/tasks", {"title": "A", "responsibleId": 500})
    assert answer["data"]["responsible"]["name"] == "Neo Nova"


def test_users_outlive_the_process_and_the_rewriting_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "world.db"
    by_hand(tmp_path, "POST", "users", {"id": 600, "name": "N1"})
    by_hand(tmp_path, "PUT", "groups", [{"id": 1, "name": "Only"}])
    by_hand(tmp_path, "PATCH", "users/22", {"active": False})
    with closing(open_api(file)) as api, api.world.writing():
        for number in range(1_100):
            api.world.change_directory({"user": {"id": 601, "name": f"N{number}"}})
    size = file.stat().st_size
    users = {one["id"]: one for one in by_hand(tmp_path, "GET", "users")}
    assert file.stat().st_size < size
    assert (users[600]["name"], users[601]["name"], users[22]["active"]) == ("N1", "N1099", False)
    assert [one["name"] for one in by_hand(tmp_path, "GET", "groups")] == ["Only"]


def test_a_key_may_have_the_scope_of_tasks_alone(client: Any) -> None:
    client.key = "vibe_api_tasksonly"
    assert client("GET", "/v1/tasks")[0] == 200
    for path, scope in (("users", "user"), ("workgroups", "sonet_group")):
        status, answer = client("GET", f"/v1/{path}")
        assert (status, answer["error"]["code"]) == (403, "SCOPE_DENIED")
        assert scope in answer["error"]["message"]
