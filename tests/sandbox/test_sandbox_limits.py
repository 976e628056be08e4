"""The vendor's limits: no window is ever overfull, and a refusal says when to come again."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasksync.sandbox.model.portal_clock import PortalClock
from tasksync.sandbox.web.http_messages import ApiError
from tasksync.sandbox.web.rate_limits import VENDOR_LIMITS, ArrivalWindow, RateLimiter, RateLimits


@given(st.lists(st.floats(0, 40, allow_nan=False), max_size=80), st.integers(1, 5))
@settings(deadline=None)
def test_no_window_is_ever_overfull(gaps: list[float], most: int) -> None:
    window, now, admitted = ArrivalWindow(most, 60.0), 0.0, []
    for gap in gaps:
        now += gap
        if not window.wait(now):
            window.record(now)
            admitted.append(now)
    for at in admitted:
        assert sum(at - 60.0 < other <= at for other in admitted) <= most


@given(st.lists(st.floats(0, 40, allow_nan=False), min_size=1, max_size=60), st.integers(1, 5))
@settings(deadline=None)
def test_whoever_waits_as_told_is_let_in(gaps: list[float], most: int) -> None:
    window, now = ArrivalWindow(most, 60.0), 0.0
    for gap in gaps:
        now += gap
        now += window.wait(now) * (1 + 1e-9) + 1e-9 if window.wait(now) else 0.0
        assert window.wait(now) == 0.0
        window.record(now)


def test_the_eleventh_request_of_a_second_is_429(portal: Any, time: Any) -> None:
    client = portal(limits=VENDOR_LIMITS)
    assert [client("GET", "/v1/tasks")[0] for _ in range(11)] == [200] * 10 + [429]
    answer = client.raw("GET", "/v1/me")
    error = json.loads(answer.body)["error"]
    assert (error["code"], error["message"]) == ("RATE_LIMITED", "QUERY_LIMIT_EXCEEDED")
    assert answer.headers["Retry-After"] == str(error["retryAfter"]) == "1"
    time.at += 1.0
    assert client("GET", "/v1/tasks")[0] == 200


def test_the_301st_request_of_a_minute_is_429(portal: Any, time: Any) -> None:
    client = portal(limits=VENDOR_LIMITS)
    for _ in range(300):
        time.at += 0.11
        assert client("GET", "/v1/me")[0] == 200
    time.at += 0.11
    answer = client.raw("GET", "/v1/me")
    assert answer.status == 429
    wait = int(answer.headers["Retry-After"])
    assert wait == pytest.approx(60 - 33, abs=1)
    time.at += wait
    assert client("GET", "/v1/me")[0] == 200


def test_the_minute_is_each_keys_own_and_the_second_is_the_portals(portal: Any) -> None:
    client = portal(limits=RateLimits(per_minute=2, per_second=3))
    assert [client("GET", "/v1/me")[0] for _ in range(3)] == [200, 200, 429]
    client.key = "vibe_api_weak"
    assert [client("GET", "/v1/me")[0] for _ in range(2)] == [200, 429]


def test_headers_say_what_is_left(portal: Any, time: Any) -> None:
    client = portal(limits=VENDOR_LIMITS)
    client("GET", "/v1/me")
    time.at += 20
    head = client.raw("GET", "/v1/me").headers
    assert (head["X-RateLimit-Limit"], head["X-RateLimit-Remaining"]) == ("300", "298")
    assert head["X-RateLimit-Reset"] == "41"


def test_without_limits_there_are_no_headers(client: Any) -> None:
    assert [client("GET", "/v1/me")[0] for _ in range(400)] == [200] * 400
    assert "X-RateLimit-Limit" not in client.raw("GET", "/v1/me").headers


def test_the_control_routes_are_not_counted(portal: Any) -> None:
    client = portal(limits=RateLimits(per_minute=1))
    assert [client("GET", "/_sandbox/health")[0] for _ in range(5)] == [200] * 5
    assert client("GET", "/v1/me")[0] == 200


def test_two_at_once_and_a_third_waits_in_line() -> None:
    limiter = RateLimiter(RateLimits(queue_seconds=5), PortalClock())
    inside, most = 0, 0
    lock, enough = threading.Lock(), threading.Event()

    def send() -> None:
        nonlocal inside, most
        with limiter.admitted("key"):
            with lock:
                inside += 1
                most = max(most, inside)
            enough.wait(0.05)
            with lock:
                inside -= 1

    threads = [threading.Thread(target=send) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert most == 2


def test_whoever_waits_too_long_in_line_gets_504() -> None:
    limiter = RateLimiter(RateLimits(queue_seconds=0.02), PortalClock())
    with limiter.admitted("a"), limiter.admitted("b"):
        with pytest.raises(ApiError) as caught, limiter.admitted("c"):
            pass
        assert (caught.value.status, caught.value.code) == (504, "QUEUE_TIMEOUT")
        assert caught.value.error()["retryAfter"] == 10
    with limiter.admitted("c"):
        pass
