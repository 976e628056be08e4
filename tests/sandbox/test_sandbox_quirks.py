"""Every quirk: what the portal does with it and would not do without."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasksync.sandbox.model.quirks import DEFAULTS, Quirks, UnknownQuirk, described

DEADLINE = "2026-05-19T18:00:00+03:00"


def single(client: Any, **fields: Any) -> Any:
    return client("GET", f"/v1/tasks/{client.create(**fields)}")[1]["data"]


def written(client: Any, patch: dict[str, Any], **fields: Any) -> tuple[int, Any]:
    """The data after a PATCH, or the refusal's message."""
    status, answer = client("PATCH", f"/v1/tasks/{client.create(**fields)}", patch)
    return status, answer["data"] if status == 200 else answer["error"]["message"]


def both(client: Any, look: Callable[[], Any], **quirk: Any) -> tuple[Any, Any]:
    """The result by default, and under a quirk."""
    client.quirks()
    plain = look()
    client.quirks(**quirk)
    return plain, look()


def test_create_status(client: Any) -> None:
    body = {"title": "x", "responsibleId": 1}
    results = both(client, lambda: client("POST", "/v1/tasks", body)[0], create_status=200)
    assert results == (201, 200)


@pytest.mark.parametrize("action", ["update", "delete"])
@pytest.mark.parametrize("shape", ["object", "true", "null"])
def test_update_result_and_delete_result(client: Any, action: str, shape: str) -> None:
    id_ = client.create()
    client.quirks(**{f"{action}_result": shape})
    call = {"id": "x", "entity": "tasks", "action": action, "entityId": id_}
    result = client.batch({**call, "params": {"title": "y"}})["results"]["x"]
    expected = {"true": True, "null": None}
    assert result["id"] == str(id_) if shape == "object" else result is expected[shape]


def test_batch_errors(client: Any) -> None:
    me = {"id": "x", "entity": "users", "action": "list"}
    assert both(client, lambda: client.batch(me)["errors"], batch_errors="list") == ({}, [])


def test_batch_keys(client: Any) -> None:
    client.create()
    calls = [
        {"id": "l", "entity": "tasks", "action": "list", "params": {"select": ["responsibleId"]}},
        {"id": "g", "entity": "tasks", "action": "get", "entityId": 3871},
    ]
    client.quirks(batch_keys="upper")
    results = client.batch(*calls)["results"]
    assert results["l"] == [{"ID": "3871", "RESPONSIBLE_ID": "1"}]
    assert results["g"]["CREATED_DATE"]


def test_missing_entity_id(client: Any) -> None:
    calls = {"calls": [{"entity": "users", "action": "list"}, {"entity": "users", "action": "get"}]}
    look = lambda: client("POST", "/v1/batch", calls)[0]  # noqa: E731
    assert both(client, look, missing_entity_id="batch") == (200, 400)


def test_numbers(client: Any) -> None:
    look = lambda: single(client, accomplices=[2], timeEstimate=5)  # noqa: E731
    plain, ints = both(client, look, numbers="ints")
    assert (plain["id"], plain["status"], plain["accomplices"]) == ("3871", "2", ["2"])
    assert (ints["id"], ints["status"], ints["accomplices"]) == (3873, 2, [2])
    client.quirks(numbers="only_ids")
    mixed = look()
    assert (mixed["id"], mixed["status"]) == (3875, "2")


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("portal", DEADLINE),
        ("Z", "2026-05-19T15:00:00Z"),
        ("+05:30", "2026-05-19T20:30:00+05:30"),
    ],
)
def test_instants(client: Any, zone: str, expected: str) -> None:
    client.quirks(instants=zone)
    assert single(client, deadline=DEADLINE)["deadline"] == expected


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("map", {"35": {"id": 35, "title": "a"}, "36": {"id": 36, "title": "b"}}),
        ("names", ["a", "b"]),
        ("comma", "a, b"),
        ("objects", [{"id": 35, "title": "a"}, {"id": 36, "title": "b"}]),
    ],
)
def test_tags(client: Any, shape: str, expected: Any) -> None:
    client.quirks(tags=shape)
    client.create(tags=["a", "b"])
    assert client.rows("select=tags")[0]["tags"] == expected


def test_tags_omitted(client: Any) -> None:
    client.create(tags=["a"])
    client.quirks(tags="omitted")
    assert client.rows("select=id,tags") == [{"id": "3871"}]


def test_tags_on_single(client: Any) -> None:
    look = lambda: single(client, tags=["a"]).get("tags")  # noqa: E731
    assert both(client, look, tags_on_single=True) == (None, {"35": {"id": 35, "title": "a"}})


def test_people_data(client: Any) -> None:
    look = lambda: single(client, auditors=[22])["auditorsData"]  # noqa: E731
    plain, mapped = both(client, look, people_data="map")
    assert plain[0]["name"] == mapped["22"]["name"] == "Olga Petrova"


def test_user_keys(client: Any) -> None:
    look = lambda: client("GET", "/v1/users?filter[email]=anna@example.com")[1]["data"][0]  # noqa: E731
    plain, upper = both(client, look, user_keys="upper")
    assert plain["lastName"] == upper["LAST_NAME"] == "Berg"


def test_extra_keys(client: Any) -> None:
    client.create()
    client.quirks(extra_keys=True)
    answer = client("GET", "/v1/tasks?select=id")[1]
    assert answer["apiVersion"]
    assert answer["data"][0]["xFuture"] == {"beta": True}
    assert client("GET", "/v1/tasks/9")[1]["apiVersion"]
    assert client("DELETE", "/v1/tasks/3871")[0] == 204


def test_counters(client: Any) -> None:
    client.create()
    look = lambda: set(client.rows("select=commentsCount,timeSpentInLogs")[0])  # noqa: E731
    plain, without = both(client, look, counters=False)
    assert (plain, without) == ({"id", "commentsCount", "timeSpentInLogs"}, {"id"})


def test_bad_value_status(client: Any) -> None:
    body = {"title": "", "responsibleId": 1}
    look = lambda: client("POST", "/v1/tasks", body)[0]  # noqa: E731
    assert both(client, look, bad_value_status=422) == (400, 422)


@pytest.mark.parametrize("code", ["ENTITY_NOT_FOUND", "NOT_FOUND", "BITRIX_ERROR"])
def test_missing_get_and_missing_call(client: Any, code: str) -> None:
    client.quirks(missing_get=code, missing_call=code)
    assert client("GET", "/v1/tasks/9")[1]["error"]["code"] == code
    call = {"id": "x", "entity": "tasks", "action": "delete", "entityId": 9}
    assert client.batch(call)["errors"]["x"]["code"] == code
    assert client("PATCH", "/v1/tasks/9", {"title": "x"})[1]["error"]["code"] == "ENTITY_NOT_FOUND"


def test_missing_get_may_be_an_empty_success(client: Any) -> None:
    client.quirks(missing_get="empty")
    assert client("GET", "/v1/tasks/9") == (200, {"success": True, "data": []})
    call = {"id": "x", "entity": "tasks", "action": "get", "entityId": 9}
    assert client.batch(call)["results"] == {"x": []}


def test_line_breaks(client: Any) -> None:
    look = lambda: client("POST", "/v1/tasks", {"title": "x"})[1]["error"]["message"]  # noqa: E731
    expected = ("Assignee not specified", "Assignee not specified<br>")
    assert both(client, look, line_breaks=True) == expected


def test_no_session_code(client: Any) -> None:
    client.key = "vibe_app_sandbox"
    look = lambda: client("GET", "/v1/tasks")[1]["error"]["code"]  # noqa: E731
    results = both(client, look, no_session_code="INVALID_APP_KEY")
    assert results == ("TOKEN_MISSING", "INVALID_APP_KEY")


def test_portal_limit_status(portal: Any) -> None:
    from tasksync.sandbox.web.rate_limits import RateLimits

    client = portal(limits=RateLimits(per_second=1), quirks={"portal_limit_status": 502})
    assert client("GET", "/v1/me")[0] == 200
    status, answer = client("GET", "/v1/me")
    assert (status, answer["error"]["code"]) == (502, "BITRIX_UNAVAILABLE")


@pytest.mark.parametrize(
    ("way", "sent", "cleared"),
    [
        ("both", "", True),
        ("both", None, True),
        ("empty", "", True),
        ("empty", None, False),
        ("null", None, True),
        ("null", "", False),
    ],
)
@pytest.mark.parametrize("clears_date_else", ["refuse", "ignore"])
def test_clears_date(
    client: Any, way: str, sent: Any, clears_date_else: str, *, cleared: bool
) -> None:
    client.quirks(clears_date=way, clears_date_else=clears_date_else)
    status, found = written(client, {"deadline": sent}, deadline=DEADLINE)
    if cleared or clears_date_else == "ignore":
        assert (status, found["deadline"]) == (200, None if cleared else DEADLINE)
    else:
        assert (status, found) == (400, "Invalid value of field 'deadline'")


def test_title_trimmed(client: Any) -> None:
    look = lambda: single(client, title=" x ")["title"]  # noqa: E731
    assert both(client, look, title_trimmed=True) == (" x ", "x")


def test_long_title(client: Any) -> None:
    client.quirks(long_title="mend")
    assert single(client, title="x" * 300)["title"] == "x" * 250


def test_crlf(client: Any) -> None:
    look = lambda: single(client, description="a\nb")["description"]  # noqa: E731
    assert both(client, look, crlf=True) == ("a\nb", "a\r\nb")


def test_new_becomes_pending(client: Any) -> None:
    look = lambda: single(client, status=1)["status"]  # noqa: E731
    assert both(client, look, new_becomes_pending=True) == ("1", "2")


def test_declined_refused(client: Any) -> None:
    look = lambda: written(client, {"status": 7})[0]  # noqa: E731
    assert both(client, look, declined_refused=True) == (200, 400)


def test_task_control(client: Any) -> None:
    look = lambda: written(client, {"status": 5})[1]["status"]  # noqa: E731
    assert both(client, look, task_control=True) == ("5", "4")


def test_responsible_resets_status(client: Any) -> None:
    look = lambda: written(client, {"responsibleId": 22}, status=3)[1]["status"]  # noqa: E731
    assert both(client, look, responsible_resets_status=False) == ("2", "3")


def test_bad_priority(client: Any) -> None:
    look = lambda: written(client, {"priority": 9}, priority=2)  # noqa: E731
    plain, mended = both(client, look, bad_priority="mend")
    assert (plain[0], mended[1]["priority"]) == (400, "1")


def test_plan_dates_together(client: Any) -> None:
    one = {"startDatePlan": DEADLINE}
    look = lambda: written(client, one)[0]  # noqa: E731
    assert both(client, look, plan_dates_together=True) == (200, 400)
    assert written(client, {**one, "endDatePlan": DEADLINE})[0] == 200


def test_strict_users(client: Any) -> None:
    look = lambda: written(client, {"responsibleId": 77})[0]  # noqa: E731
    assert both(client, look, strict_users=True) == (200, 400)
    assert written(client, {"responsibleId": 22})[0] == 200


def test_scope(client: Any) -> None:
    look = lambda: client("GET", "/v1/me")[1]["data"]["scopes"]  # noqa: E731
    plain, other = both(client, look, scope="task")
    assert ("tasks" in plain, "tasks" in other, "task" in other) == (True, False, True)
    client.key = "vibe_api_noscope"
    message = client("GET", "/v1/tasks")[1]["error"]["message"]
    assert message == "This endpoint requires 'task' scope"


def test_ignore_tag_filter(client: Any) -> None:
    client.create(tags=["a"])
    client.create()
    look = lambda: len(client.rows("filter[tags]=a"))  # noqa: E731
    assert both(client, look, ignore_tag_filter=True) == (1, 2)


def test_ignore_id_filter(client: Any) -> None:
    client.create()
    look = lambda: len(client.rows("filter[>id]=3871"))  # noqa: E731
    assert both(client, look, ignore_id_filter=True) == (0, 1)


def test_meta_total(client: Any) -> None:
    look = lambda: client("GET", "/v1/tasks")[1]["meta"]  # noqa: E731
    results = both(client, look, meta_total=False)
    assert results == ({"total": 0, "hasMore": False}, {"hasMore": False})


@pytest.mark.parametrize(
    ("lie", "expected"),
    [("right", [True, False]), ("extra", [True, True]), ("never", [False, False])],
)
def test_has_more(client: Any, lie: str, expected: list[bool]) -> None:
    for _ in range(4):
        client.create()
    client.quirks(has_more=lie)
    pages = [client("GET", f"/v1/tasks?limit=2&offset={n}")[1]["meta"] for n in (0, 2)]
    assert [meta["hasMore"] for meta in pages] == expected


def test_page_cap(client: Any) -> None:
    for _ in range(4):
        client.create()
    look = lambda: len(client.rows("limit=5000"))  # noqa: E731
    assert both(client, look, page_cap=3) == (4, 3)
    assert client("GET", "/v1/tasks?limit=5000")[1]["meta"] == {"total": 4, "hasMore": True}


def test_page_fails_over(client: Any) -> None:
    client.quirks(page_fails_over=500)
    status, answer = client("GET", "/v1/tasks?limit=501")
    assert (status, answer["error"]["code"]) == (502, "BITRIX_UNAVAILABLE")
    assert client("GET", "/v1/tasks?limit=500")[0] == 200


def test_offset_fails_from(client: Any) -> None:
    client.quirks(offset_fails_from=2500)
    assert [client("GET", f"/v1/tasks?offset={n}")[0] for n in (2499, 2500)] == [200, 500]


def test_list_lag(client: Any, time: Any) -> None:
    """A listing is behind; a get is not."""
    old, deleted = client.create("old", tags=["a"]), client.create("deleted")
    time.at += 10
    client.quirks(list_lag=5)
    new = client.create("new", tags=["a"])
    client("PATCH", f"/v1/tasks/{old}", {"title": "older"})
    client("DELETE", f"/v1/tasks/{deleted}")

    def titles_shown(query: str = "order[id]=asc") -> list[str]:
        return [row["title"] for row in client.rows(query)]

    assert titles_shown() == ["old", "deleted"]
    assert titles_shown("filter[tags]=a") == ["old"]
    assert client("GET", f"/v1/tasks/{new}")[0] == 200
    time.at += 5
    assert titles_shown() == ["older", "new"]


def test_every_quirk_stands_in_a_test() -> None:
    here = Path(__file__)
    normalising = here.with_name("test_sandbox_normalising.py")
    text = here.read_text(encoding="utf-8") + normalising.read_text(encoding="utf-8")
    missed = [name for name in described() if f"{name}=" not in text and f'"{name}"' not in text]
    assert set(missed) <= {"update_result", "delete_result"}  # named by action


def test_every_quirk_says_what_it_does_and_where_that_is_known_from(client: Any) -> None:
    described = client("GET", "/_sandbox/quirks?describe=1")[1]
    assert all(quirk["says"] and quirk["source"] for quirk in described.values())
    assert described["tags"]["choices"] == ["map", "names", "comma", "objects", "omitted"]


@pytest.mark.parametrize(
    "described",
    [
        {"colour": "red"},
        {"tags": "red"},
        {"crlf": "yes"},
        {"crlf": 1},
        {"page_cap": True},
        {"instants": "noon"},
        {"list_lag": "soon"},
    ],
)
def test_an_unknown_quirk_is_refused(client: Any, described: dict[str, Any]) -> None:
    with pytest.raises(UnknownQuirk):
        Quirks.of(described)
    assert client("PUT", "/_sandbox/quirks", described)[0] == 400


def test_quirks_go_round_through_json(client: Any) -> None:
    described = client("GET", "/_sandbox/quirks")[1]
    assert Quirks.of(json.loads(json.dumps(described))) == DEFAULTS == Quirks()
