"""Injected faults: every kind, in-process and over a socket, with the request executed or not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from tasksync.sandbox.faults.fault_injector import FaultInjector
from tasksync.sandbox.faults.fault_rules import (
    FaultKind,
    UnknownFault,
    load_rules,
    read_rules,
)
from tasksync.sandbox.web.connection_faults import BrokenBody, ConnectionLost, Hang

POST = {"method": "POST", "path": "^/v1/tasks$"}
BATCH = {"path": "^/v1/batch$"}
HEAD = {"X-Api-Key": "vibe_api_sandbox"}
GOOD = {"title": "A task", "responsibleId": 1}


def calls(*titles: str) -> dict[str, Any]:
    create = {"entity": "tasks", "action": "create"}
    return {
        "calls": [
            {"id": title, **create, "params": {"title": title, "responsibleId": 1}}
            for title in titles
        ]
    }


def titles(client: Any) -> list[str]:
    return [row["title"] for row in client("GET", "/_sandbox/tasks")[1]]


@pytest.mark.parametrize(
    ("status", "code", "wait"),
    [
        (429, "RATE_LIMITED", 2),
        (500, "INTERNAL_ERROR", None),
        (502, "BITRIX_UNAVAILABLE", None),
        (503, "SERVICE_UNAVAILABLE", None),
        (504, "QUEUE_TIMEOUT", 10),
        (401, "TOKEN_EXPIRED", None),
        (403, "BITRIX_ACCESS_DENIED", None),
        (422, "BITRIX_ERROR", None),
    ],
)
@pytest.mark.parametrize("executed", [True, False])
def test_status(client: Any, status: int, code: str, wait: int | None, *, executed: bool) -> None:
    client.faults({"kind": "status", "status": status, "deed": executed, "on": POST})
    answer = client.raw("POST", "/v1/tasks", GOOD)
    error = json.loads(answer.body)["error"]
    assert (answer.status, error["code"], error.get("retryAfter")) == (status, code, wait)
    assert answer.headers.get("Retry-After") == (str(wait) if wait else None)
    assert titles(client) == ["A task"] * executed


def test_a_status_says_what_the_rule_says(client: Any) -> None:
    client.faults(
        {"kind": "status", "status": 429, "code": "ERROR_LOOP_DETECTED", "on": POST},
        {"kind": "status", "status": 429, "retryAfter": 7, "message": "slow down"},
    )
    error = client("POST", "/v1/tasks", GOOD)[1]["error"]
    assert (error["code"], error["retryAfter"]) == ("ERROR_LOOP_DETECTED", 60)
    error = client("GET", "/v1/tasks")[1]["error"]
    assert (error["message"], error["retryAfter"]) == ("slow down", 7)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("lost", ConnectionLost), ("reset", ConnectionLost), ("hang", Hang)],
)
@pytest.mark.parametrize("executed", [True, False])
def test_no_answer_in_process_is_an_exception(
    client: Any, kind: str, expected: type[Exception], *, executed: bool
) -> None:
    client.faults({"kind": kind, "deed": executed, "on": POST})
    with pytest.raises(expected) as caught:
        client("POST", "/v1/tasks", GOOD)
    assert getattr(caught.value, "reset", False) is (kind == "reset")
    assert titles(client) == ["A task"] * executed


def test_a_request_whose_answer_is_lost_is_carried_out_unless_said_otherwise(client: Any) -> None:
    client.faults({"kind": "lost"})
    with pytest.raises(ConnectionLost):
        client("POST", "/v1/tasks", GOOD)
    client.faults({"kind": "status", "status": 500})
    client("POST", "/v1/tasks", GOOD)
    assert titles(client) == ["A task"]


@pytest.mark.parametrize("kind", ["lost", "reset"])
def test_no_answer_over_a_socket_is_a_connection_error(url: str, kind: str) -> None:
    requests.put(f"{url}/_sandbox/faults", json=[{"kind": kind, "on": POST}], timeout=5)
    with pytest.raises(requests.ConnectionError) as caught:
        requests.post(f"{url}/v1/tasks", json=GOOD, headers=HEAD, timeout=5)
    assert ("reset by peer" in str(caught.value)) is (kind == "reset")
    assert len(requests.get(f"{url}/_sandbox/tasks", timeout=5).json()) == 1


def test_a_hang_over_a_socket_ends_in_a_time_out(url: str) -> None:
    rules = [{"kind": "hang", "seconds": 1, "on": POST}]
    requests.put(f"{url}/_sandbox/faults", json=rules, timeout=5)
    with pytest.raises(requests.ReadTimeout):
        requests.post(f"{url}/v1/tasks", json=GOOD, headers=HEAD, timeout=0.2)
    assert len(requests.get(f"{url}/_sandbox/tasks", timeout=5).json()) == 1


@pytest.mark.parametrize("kind", ["truncated", "chunk"])
def test_a_broken_body(client: Any, url: str, kind: str) -> None:
    client.faults({"kind": kind, "on": POST})
    with pytest.raises(BrokenBody):
        client("POST", "/v1/tasks", GOOD)
    assert titles(client) == ["A task"]
    requests.put(f"{url}/_sandbox/faults", json=[{"kind": kind, "on": POST}], timeout=5)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        requests.post(f"{url}/v1/tasks", json=GOOD, headers=HEAD, timeout=5)
    assert len(requests.get(f"{url}/_sandbox/tasks", timeout=5).json()) == 1


@pytest.mark.parametrize("status", [200, 502])
def test_garbage_is_html(client: Any, status: int) -> None:
    client.faults({"kind": "garbage", "status": status, "on": POST})
    answer = client.raw("POST", "/v1/tasks", GOOD)
    assert answer.status == status
    assert answer.body.startswith(b"<!doctype html>")
    assert titles(client) == ["A task"]


def test_late_answers_badly_now_and_is_carried_out_later(client: Any, time: Any) -> None:
    client.faults({"kind": "late", "on": {**POST, "nth": 1}})
    assert client("POST", "/v1/tasks", GOOD)[0] == 504
    assert client.rows() == []
    time.at += 11
    assert client.rows() == []
    time.at += 1
    assert len(client.rows()) == 1


def test_late_may_lose_the_connection_and_runs_when_the_control_route_moves_the_clock(
    client: Any,
) -> None:
    client.faults({"kind": "late", "answer": "lost", "seconds": 60, "on": POST})
    with pytest.raises(ConnectionLost):
        client("POST", "/v1/tasks", GOOD)
    assert titles(client) == []
    client("POST", "/_sandbox/advance", {"seconds": 60})
    assert titles(client) == ["A task"]


def test_late_is_carried_out_by_a_timer(url: str, server: Any) -> None:
    """Without another request that would run what is due."""
    rules = [{"kind": "late", "answer": 502, "seconds": 0.05, "on": POST}]
    requests.put(f"{url}/_sandbox/faults", json=rules, timeout=5)
    assert requests.post(f"{url}/v1/tasks", json=GOOD, headers=HEAD, timeout=5).status_code == 502
    for _ in range(100):
        if len(server.api.world.index):
            break
        server.api.clock.sleep(0.01)
    assert len(server.api.world.index) == 1


def test_slow_answers_well_after_a_while(client: Any, time: Any) -> None:
    client.faults({"kind": "slow", "seconds": 3, "on": POST})
    assert client("POST", "/v1/tasks", GOOD)[0] == 201
    assert time.slept == [3]


def test_split_does_the_first_calls_of_a_batch(client: Any) -> None:
    client.faults({"kind": "split", "calls": 2, "on": BATCH})
    status, answer = client("POST", "/v1/batch", calls("a", "b", "c"))
    assert (status, answer["error"]["code"]) == (502, "BITRIX_UNAVAILABLE")
    assert titles(client) == ["a", "b"]


@pytest.mark.parametrize("executed", [True, False])
def test_call_error_fails_one_call_of_a_batch(client: Any, *, executed: bool) -> None:
    rule = {"kind": "call_error", "call": "^b$", "code": "QUEUE_TIMEOUT", "deed": executed}
    client.faults({**rule, "on": BATCH})
    status, answer = client("POST", "/v1/batch", calls("a", "b", "c"))
    data = answer["data"]
    assert status == 200
    assert set(data["results"]) == {"a", "c"}
    assert data["errors"]["b"]["code"] == "QUEUE_TIMEOUT"
    assert data["errors"]["b"]["retryAfter"] == 10
    assert data["summary"] == {"total": 3, "succeeded": 2, "failed": 1}
    assert titles(client) == (["a", "b", "c"] if executed else ["a", "c"])


@pytest.mark.parametrize("executed", [True, False])
def test_call_missing_answers_nothing_for_one_call(client: Any, *, executed: bool) -> None:
    client.faults({"kind": "call_missing", "index": 1, "deed": executed, "on": BATCH})
    data = client.batch(*calls("a", "b", "c")["calls"])
    assert set(data["results"]) == {"a", "c"}
    assert data["errors"] == {}
    assert titles(client) == (["a", "b", "c"] if executed else ["a", "c"])


@pytest.mark.parametrize("kind", ["result_null", "result_no_id"])
def test_a_result_without_an_id(client: Any, kind: str) -> None:
    client.faults({"kind": kind, "index": 0})
    data = client.batch(*calls("a", "b")["calls"])
    assert data["results"]["b"]["id"] == "3873"
    result = data["results"]["a"]
    assert (
        result is None if kind == "result_null" else "id" not in result and result["title"] == "a"
    )
    data = client("POST", "/v1/tasks", GOOD)[1]["data"]
    assert data is None if kind == "result_null" else "id" not in data and data["title"] == "A task"
    assert len(titles(client)) == 3


def test_call_error_on_a_single_request_is_its_error(client: Any) -> None:
    client.faults({"kind": "call_error", "deed": False, "on": POST})
    status, answer = client("POST", "/v1/tasks", GOOD)
    assert (status, answer["error"]["code"]) == (502, "BITRIX_UNAVAILABLE")
    assert titles(client) == []


def test_every_kind_stands_in_a_test() -> None:
    """Each has a line here that names it."""
    text = Path(__file__).read_text(encoding="utf-8")
    assert [kind for kind in FaultKind if f'"{kind}"' not in text] == []


def fits(rule: dict[str, Any], *requests_: tuple[str, str, bytes]) -> list[bool]:
    faults = FaultInjector(read_rules([{"kind": "lost", **rule}]))
    return [faults.fault_for(*request) is not None for request in requests_]


CREATE = ("POST", "/v1/batch", b'{"action":"create"}')
DELETE = ("POST", "/v1/batch", b'{"action":"delete"}')
LOOK = ("GET", "/v1/tasks", b"")


def test_a_rule_without_on_applies_to_everything() -> None:
    assert fits({}, CREATE, LOOK) == [True, True]


def test_on_is_method_path_body_and_count() -> None:
    assert fits({"on": {"method": "post"}}, CREATE, LOOK) == [True, False]
    assert fits({"on": {"path": "batch$"}}, CREATE, LOOK) == [True, False]
    assert fits({"on": {"body": "create"}}, CREATE, DELETE) == [True, False]
    third = {"on": {"body": "create", "nth": 2}}
    assert fits(third, CREATE, LOOK, CREATE, CREATE) == [False, False, True, False]


def test_times_bounds_a_rule() -> None:
    assert fits({"times": 2}, LOOK, LOOK, LOOK) == [True, True, False]


def test_probability_is_the_same_for_the_same_seed() -> None:
    rule = {"probability": 0.5, "seed": 7}
    first = fits(rule, *[LOOK] * 40)
    assert first == fits(rule, *[LOOK] * 40)
    assert 5 < sum(first) < 35
    assert first != fits({**rule, "seed": 8}, *[LOOK] * 40)


def test_the_first_rule_wins_and_the_others_still_count(client: Any) -> None:
    client.faults(
        {"kind": "status", "status": 500, "times": 1},
        {"kind": "status", "status": 503, "on": {"nth": 2}},
    )
    assert [client("GET", "/v1/me")[0] for _ in range(3)] == [500, 503, 200]
    counters = [(rule["seen"], rule["struck"]) for rule in client("GET", "/_sandbox/faults")[1]]
    assert counters == [(3, 1), (3, 1)]


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"kind": "rain"},
        {"kind": "lost", "on": {"where": "x"}},
        {"kind": "lost", "colour": 1},
        {"kind": "lost", "executed": False},
        {"kind": "lost", "on": {"path": "("}},
        "lost",
        7,
    ],
)
def test_a_rule_that_is_not_understood_is_refused(client: Any, rule: Any) -> None:
    with pytest.raises(UnknownFault):
        read_rules([rule])
    assert client("PUT", "/_sandbox/faults", [rule])[0] == 400


def test_rules_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "faults.json"
    rule = {"kind": "slow", "on": {"nth": 3}, "seconds": 0.5}
    for document in ([rule], {"faults": [rule]}):
        path.write_text(json.dumps(document))
        assert [one.document() for one in load_rules(path)] == [rule]
    path.write_text("{")
    with pytest.raises(UnknownFault, match=r"faults\.json"):
        load_rules(path)


def test_what_was_answered_can_be_put_again(client: Any) -> None:
    client.faults({"kind": "status", "status": 429, "retryAfter": 3, "times": 2, "on": POST})
    told = client("GET", "/_sandbox/faults")[1]
    client.put("faults", told)
    assert client("GET", "/_sandbox/faults")[1] == told
