"""Limits, faults of the server and lost answers: waited for where it helps, never two comments."""

from __future__ import annotations

import pytest
from support.forges import troubles
from support.publishing import Publishing


def test_a_limit_that_ends_soon_is_waited_for(at: Publishing) -> None:
    at.forge.exhaust(at.usual, 20)
    done = at.publish(at.plan())
    assert (done.code, len(at.bodies())) == (0, 1), done.err
    assert 20 <= sum(at.clock.waited) <= 25


def test_a_limit_that_lasts_too_long_is_told_and_not_waited_for(at: Publishing) -> None:
    at.forge.exhaust(at.usual, 3000)
    done = at.publish(at.plan())
    assert (done.code, at.bodies()) == (1, [])
    assert sum(at.clock.waited) <= 60
    assert "3000" in done.err or "3001" in done.err


@pytest.mark.parametrize("seconds", [7, None])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_secondary_limit_is_waited_for(at: Publishing, seconds: int | None, method: str) -> None:
    said = at.forge.too_many(seconds)
    at.forge.trouble(troubles.answer(said.status, said.body, said.headers), method)
    done = at.publish(at.plan())
    assert (done.code, len(at.bodies())) == (0, 1), done.err
    assert sum(at.clock.waited) == (seconds or 60)


def test_an_apply_that_waits_for_the_forge_says_so(at: Publishing) -> None:
    assert at.publish(at.plan()).code == 0
    said = at.forge.too_many(40)
    at.forge.trouble(troubles.answer(said.status, said.body, said.headers), "GET")
    done = at.apply(at.environment())
    assert (done.code, "Waiting 40 s for " in done.err) == (0, True), done.err


def test_a_limit_that_never_ends_is_given_up(at: Publishing) -> None:
    said = at.forge.too_many(9)
    at.forge.trouble(troubles.answer(said.status, said.body, said.headers), times=1000)
    done = at.publish(at.plan())
    assert (done.code, at.bodies()) == (1, [])
    assert sum(at.clock.waited) <= 60
    assert len(at.forge.requests) < 20


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_that_fails_once_is_asked_again(at: Publishing, status: int) -> None:
    at.forge.trouble(troubles.answer(status, "<html>bad gateway</html>"), "GET")
    done = at.publish(at.plan())
    assert (done.code, len(at.bodies())) == (0, 1), done.err


def test_a_server_that_goes_on_failing_is_told(at: Publishing) -> None:
    at.forge.trouble(troubles.answer(503, "down"), times=1000)
    done = at.publish(at.plan())
    assert done.code == 1
    assert "503" in done.err
    assert len(at.forge.requests) < 20


@pytest.mark.parametrize("trouble", [troubles.cut_after, troubles.done_but(502)])
def test_a_lost_answer_of_a_first_comment_makes_no_second(at: Publishing, trouble: object) -> None:
    at.forge.trouble(trouble, "POST")  # type: ignore[arg-type]
    done = at.publish(at.plan())
    assert (done.code, len(at.bodies())) == (0, 1), done.err
    assert at.writes() == ["POST"]
    assert at.publish(at.plan()).code == 0
    assert at.writes() == ["POST"]


@pytest.mark.parametrize("trouble", [troubles.cut_before, troubles.answer(502)])
def test_a_first_comment_that_never_came_is_written(at: Publishing, trouble: object) -> None:
    at.forge.trouble(trouble, "POST")  # type: ignore[arg-type]
    done = at.publish(at.plan())
    assert (done.code, len(at.bodies())) == (0, 1), done.err


@pytest.mark.parametrize("trouble", [troubles.cut_after, troubles.cut_before])
def test_a_lost_answer_of_an_update_is_no_fault(at: Publishing, trouble: object) -> None:
    assert at.publish(at.plan("First")).code == 0
    at.forge.push(7)
    change = "PUT" if at.forge.name == "gitlab" else "PATCH"
    at.forge.trouble(trouble, change)  # type: ignore[arg-type]
    done = at.publish(at.plan("Second"))
    assert (done.code, len(at.bodies())) == (0, 1), done.err
    assert "Second" in at.bodies()[0]


def test_every_request_of_a_first_publish_may_be_cut_once(at: Publishing) -> None:
    """Before it was done and after it: never two comments, and the next run mends what is left."""
    for trouble in (troubles.cut_before, troubles.cut_after):
        for nth in range(8):
            at.forge.repository.pulls[7].comments.clear()
            at.forge.trouble(troubles.nth(nth, trouble), times=nth + 1)
            done = at.publish(at.plan("First"))
            assert done.code in (0, 1), done.err
            assert len(at.bodies()) <= 1
            at.forge.no_more_trouble()
            assert at.publish(at.plan("First")).code == 0
            assert len(at.bodies()) == 1


def test_an_answer_that_is_none_is_told(at: Publishing) -> None:
    for body in ("<html>sign in</html>", [1], {"id": "x"}, '{"a":'):
        at.forge.trouble(troubles.answer(200, body), "GET", times=1000)
        done = at.publish(at.plan())
        assert done.code == 1, (body, done.err)
        at.forge.no_more_trouble()
    assert at.bodies() == []
