"""Requests to a forge and their answers: waits, repeats, pages, refusals in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
import responses
from stores import HandClock

from tasksync.errors import ForgeDenied, ForgeError, ForgeNotFound, ForgeUnavailable
from tasksync.forge.exchange import ForgeExchanges

API = "https://git.example/deep/api"
MAY = "It needs pull-requests: write."


@pytest.fixture
def said() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def talks(clock: HandClock) -> ForgeExchanges:
    return ForgeExchanges(
        API, {"Authorization": "Bearer t0ken-of-ours"}, clock, may=MAY, token_name="GITHUB_TOKEN"
    )


def after(clock: HandClock, seconds: float) -> str:
    return str(int(clock.now().timestamp() + seconds))


@pytest.mark.parametrize("status", [403, 429])
def test_what_a_limit_asks_to_wait_is_waited(
    said: responses.RequestsMock, talks: ForgeExchanges, clock: HandClock, status: int
) -> None:
    said.get(f"{API}/x", status=status, headers={"Retry-After": "7"})
    said.get(f"{API}/x", status=status, headers={"Retry-After": "0"})
    reset = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": after(clock, 28)}
    said.get(f"{API}/x", status=status, headers=reset)
    said.get(f"{API}/x", json=[1])
    assert talks.ask("GET", "/x").data == [1]
    assert 27 <= clock.time[0] - 1000 <= 29  # the reset stands for an instant


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_what_a_limit_held_back_was_not_done_and_is_sent_again(
    said: responses.RequestsMock, talks: ForgeExchanges, method: str
) -> None:
    said.add(method, f"{API}/x", status=429, headers={"Retry-After": "3"})
    said.add(method, f"{API}/x", json={"id": 1})
    assert talks.ask(method, "/x", data={"body": "b"}).data == {"id": 1}


def test_a_limit_that_does_not_say_how_long_is_a_minute_and_then_the_end(
    said: responses.RequestsMock, talks: ForgeExchanges, clock: HandClock
) -> None:
    page = "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary"
    said.get(f"{API}/x", status=403, json={"message": "slow", "documentation_url": page})
    with pytest.raises(ForgeUnavailable, match="60 s"):
        talks.ask("GET", "/x")
    assert clock.time[0] == 1060


@pytest.mark.parametrize(
    "headers",
    [{"Retry-After": "61"}, {"Retry-After": "99999999999"}, {"RateLimit-Reset": "99999999999"}],
)
def test_a_wait_that_is_too_long_ends_the_run_at_once(
    said: responses.RequestsMock,
    talks: ForgeExchanges,
    clock: HandClock,
    headers: dict[str, str],
) -> None:
    said.get(f"{API}/x", status=429, headers=headers)
    with pytest.raises(ForgeUnavailable, match="asks to wait") as caught:
        talks.ask("GET", "/x")
    assert (caught.value.exit_code, clock.time[0]) == (1, 1000)


@pytest.mark.parametrize("fault", [requests.ConnectionError("no"), requests.Timeout("t"), 502])
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_what_can_be_asked_again_is(
    said: responses.RequestsMock, talks: ForgeExchanges, method: str, fault: Any
) -> None:
    bad = {"status": fault} if isinstance(fault, int) else {"body": fault}
    said.add(method, f"{API}/x", **bad)
    said.add(method, f"{API}/x", **bad)
    said.add(method, f"{API}/x", json={})
    assert talks.ask(method, "/x").data == {}


@pytest.mark.parametrize("fault", [requests.ConnectionError("no"), requests.Timeout("t"), 502])
def test_a_new_comment_whose_answer_is_lost_is_not_sent_again(
    said: responses.RequestsMock, talks: ForgeExchanges, fault: Any
) -> None:
    bad = {"status": fault} if isinstance(fault, int) else {"body": fault}
    said.post(f"{API}/x", **bad)
    with pytest.raises(ForgeUnavailable):
        talks.ask("POST", "/x", data={"body": "b"})
    assert len(said.calls) == 1


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (401, ForgeDenied, 7),
        (403, ForgeDenied, 7),
        (404, ForgeNotFound, 7),
        (410, ForgeNotFound, 7),
        (301, ForgeError, 1),
        (307, ForgeError, 1),
        (400, ForgeError, 1),
        (422, ForgeError, 1),
    ],
)
def test_a_refusal_is_told_once_in_words(
    said: responses.RequestsMock,
    talks: ForgeExchanges,
    status: int,
    kind: type[ForgeError],
    code: int,
) -> None:
    body = {"message": f"no\n::error::{'x' * 999}", "errors": [{"field": "data"}]}
    said.get(f"{API}/x", status=status, json=body, headers={"Location": "https://other/secret"})
    with pytest.raises(kind) as caught:
        talks.ask("GET", "/x")
    told = str(caught.value)
    assert caught.value.exit_code == code
    assert str(status) in told
    assert "git.example" in told
    assert len(told) < 1000
    assert "\n::" not in told
    assert "secret" not in told
    assert MAY in told or code == 1
    assert len(said.calls) == 1


def test_what_permission_is_missing_is_quoted(
    said: responses.RequestsMock, talks: ForgeExchanges
) -> None:
    headers = {"X-Accepted-GitHub-Permissions": "issues=write; pull_requests=write"}
    said.post(f"{API}/x", status=403, headers=headers)
    with pytest.raises(ForgeDenied, match="pull_requests=write"):
        talks.ask("POST", "/x", data={})


@pytest.mark.parametrize("body", ["<html>", "", "[", '{"a": 1, "a": 2}', "[" * 5000])
def test_what_is_no_answer_of_an_api_is_said(
    said: responses.RequestsMock, talks: ForgeExchanges, body: str
) -> None:
    said.get(f"{API}/x", body=body)
    with pytest.raises(ForgeError):
        list(talks.pages("/x", {}, ("per_page", 2)))


def rows(*ids: int) -> list[dict[str, int]]:
    return [{"id": one} for one in ids]


def test_a_link_leads_to_the_next_page_and_never_elsewhere(
    said: responses.RequestsMock, talks: ForgeExchanges
) -> None:
    other = "https://elsewhere.example/x?page=two&per_page=2&a=b"
    link = f'<{other}>; rel="next", <https://h/>; rel="last"'
    said.get(f"{API}/x?per_page=2", json=rows(1, 2), headers={"Link": link})
    said.get(f"{API}/x?page=two&per_page=2&a=b", json=rows(3), headers={"Link": '<u>; rel="prev"'})
    assert list(talks.pages("/x", {}, ("per_page", 2))) == rows(1, 2, 3)
    assert {call.request.url.split("/")[2] for call in said.calls} == {"git.example"}


def test_a_number_leads_to_the_next_page(
    said: responses.RequestsMock, talks: ForgeExchanges
) -> None:
    said.get(f"{API}/x?a=b&per_page=2", json=rows(1, 2), headers={"X-Next-Page": "2"})
    said.get(f"{API}/x?a=b&per_page=2&page=2", json=rows(3, 4), headers={"X-Next-Page": ""})
    assert list(talks.pages("/x", {"a": "b"}, ("per_page", 2))) == rows(1, 2, 3, 4)


def test_without_either_a_page_that_is_not_full_is_the_last(
    said: responses.RequestsMock, talks: ForgeExchanges
) -> None:
    said.get(f"{API}/x?limit=2", json=rows(1, 2))
    said.get(f"{API}/x?limit=2&page=2", json=rows(3))
    assert list(talks.pages("/x", {}, ("limit", 2))) == rows(1, 2, 3)


def test_a_listing_that_knows_no_pages_is_asked_once_and_again_where_the_count_says_so(
    said: responses.RequestsMock, talks: ForgeExchanges
) -> None:
    said.get(f"{API}/x", json=rows(1, 2, 3))
    assert list(talks.pages("/x", {}, ("limit", 2), is_whole=True)) == rows(1, 2, 3)
    said.get(f"{API}/y", json=rows(1, 2), headers={"X-Total-Count": "3"})
    said.get(f"{API}/y?limit=2&page=2", json=rows(3), headers={"X-Total-Count": "3"})
    assert list(talks.pages("/y", {}, ("limit", 2), is_whole=True)) == rows(1, 2, 3)


def test_a_server_that_gives_one_page_for_ever_is_not_asked_for_ever(
    said: responses.RequestsMock, talks: ForgeExchanges
) -> None:
    for _ in range(2):
        said.get(f"{API}/x", json=rows(1, 2), headers={"X-Total-Count": "9"})
    assert list(talks.pages("/x", {}, ("limit", 2))) == rows(1, 2)


def test_a_netrc_does_not_take_the_tokens_place(
    said: responses.RequestsMock,
    talks: ForgeExchanges,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine git.example login me password other\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    said.get(f"{API}/x", json=[])
    talks.ask("GET", "/x")
    assert said.calls[0].request.headers["Authorization"] == "Bearer t0ken-of-ours"
