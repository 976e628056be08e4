"""OPERATION_TIME_LIMIT is a wait of up to ten minutes that is shown, and no failure (design 9)."""

from __future__ import annotations

from typing import Any

import pytest

from tasksync.core.change import Status
from tasksync.core.events import Note
from tasksync.errors import PortalUnavailable

SPENT = "OPERATION_TIME_LIMIT"
WORDS = "Method is blocked due to operation time limit."


def answers(say: Any, count: int, hint: float | None = None) -> dict[str, Any]:
    """Every way in which it is said, for a request of so many calls."""
    more = {} if hint is None else {"retryAfter": hint}
    error = {"code": SPENT, "message": WORDS, **more}
    calls = {f"c{n}": error for n in range(count)}
    native = {"code": "BITRIX_ERROR", "message": f"{SPENT} {WORDS}", **more}
    return {
        "429": say.no(429, SPENT, WORDS, **more),
        "422": say.no(422, SPENT, WORDS, **more),
        "422 as text": say.no(422, "BITRIX_ERROR", f"{SPENT} {WORDS}", **more),
        "503": say.no(503, SPENT, WORDS, **more),
        "calls": say.ok({"results": [], "errors": calls}),
        "calls as text": say.ok({"results": [], "errors": dict.fromkeys(calls, native)}),
    }


WAYS = ["429", "422", "422 as text", "503", "calls", "calls as text"]


def notes(setup: Any) -> list[str]:
    return [event.text for event in setup.events if isinstance(event, Note)]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("times", [1, 4, 8])
@pytest.mark.parametrize("kind", ["update", "delete"])
def test_what_may_be_repeated_waits_and_is_done(bench, say, way, times, kind):
    """Not three tries and a failure: minutes, told in a pipe too."""
    spent = answers(say, 3)[way]
    setup = bench(*([spent] * times), say.made)
    made = {
        "update": lambda n: say.update(f"k{n}", n + 1, title="x"),
        "delete": lambda n: say.delete(f"k{n}", n + 1),
    }[kind]
    found = setup.perform(*(made(n) for n in range(3)))
    assert {one.status for one in found.values()} == {Status.DONE}
    assert 60 * times - 1 <= setup.clock.at - 1000 <= 66 * times
    assert len(notes(setup)) == times
    assert "60 s" in notes(setup)[0]
    assert SPENT in notes(setup)[0]


@pytest.mark.parametrize("count", [1, 3])
def test_creates_wait_where_it_is_known_that_nothing_was_done(bench, say, count):
    """429 refuses before it begins (design 7)."""
    setup = bench(*([answers(say, count)["429"]] * 8), say.made)
    found = setup.perform(*(say.create(f"k{n}") for n in range(count)))
    assert {one.status for one in found.values()} == {Status.DONE}
    assert setup.clock.at - 1000 >= 8 * 60


@pytest.mark.parametrize("way", WAYS[1:])
def test_creates_that_may_have_been_done_are_in_doubt_and_the_next_ones_wait(bench, say, way):
    """Sent again by the engine, once it is known that they never happened."""
    setup = bench(answers(say, 3)[way], say.made)
    found = setup.perform(*(say.create(f"k{n}") for n in range(3)))
    assert {one.status for one in found.values()} == {Status.IN_DOUBT}
    assert {one.code for one in found.values()} == {SPENT}
    assert setup.portal.requests == 1
    setup.perform(*(say.create(f"z{n}") for n in range(3)))
    assert setup.script.times[1] - setup.script.times[0] == pytest.approx(60, abs=0.5)
    assert len(notes(setup)) == 1


def test_what_was_done_of_a_batch_is_done_and_the_rest_waits(bench, say):
    """Each call by its own answer; progress starts the ten minutes anew."""
    rounds = [
        say.ok({"results": {"c0": True}, "errors": {f"c{n}": {"code": SPENT} for n in range(1, n)}})
        for n in range(20, 1, -1)
    ]
    setup = bench(*rounds, say.made)
    found = setup.perform(*(say.update(f"k{n}", n + 1, title="x") for n in range(5)))
    assert {one.status for one in found.values()} == {Status.DONE}
    assert notes(setup)


@pytest.mark.parametrize("way", WAYS)
def test_ten_minutes_are_the_end(bench, say, way):
    """With what is not done named, and when to come again."""
    setup = bench(answers(say, 2)[way])
    found = []
    changes = [say.update("a", 1, title="x"), say.update("b", 2, title="x")]
    with pytest.raises(PortalUnavailable, match=SPENT) as caught:
        found.extend(setup.portal.perform(changes, setup.about))
    assert "ten minutes" in caught.value.advice
    assert {one.change.key for one in found} == {"a", "b"}
    assert {one.status for one in found} <= {Status.FAILED, Status.NOT_STARTED}
    assert 500 <= setup.clock.at - 1000 <= 660


@pytest.mark.parametrize("way", WAYS[:4])
def test_reads_wait_and_are_answered(bench, say, way):
    """Up to ten minutes, shown as well."""
    spent = answers(say, 1)[way]
    setup = bench(*([spent] * 9), say.ok({"portal": "p"}))
    assert setup.portal.identity().portal == "p"
    assert setup.clock.at - 1000 >= 9 * 60
    assert len(notes(setup)) == 9
    setup = bench(spent)
    with pytest.raises(PortalUnavailable, match=SPENT):
        setup.portal.identity()
    assert 540 <= setup.clock.at - 1000 <= 660


def test_what_the_portal_asks_for_is_kept_to(bench, say):
    """Where it says when to come again."""
    setup = bench(answers(say, 1, 200)["429"], say.made)
    found = setup.perform(say.create("a"))
    assert found["a"].status is Status.DONE
    assert setup.clock.at - 1000 == pytest.approx(200, abs=0.5)


def test_an_answer_that_did_nothing_makes_no_batch_larger(bench, say):
    """A quick refusal says nothing of what a create takes."""
    setup = bench(*([say.no(429, "RATE_LIMITED", retryAfter=1)] * 3), say.made)
    setup.perform(*(say.create(f"k{n}") for n in range(40)))
    assert [len(keys) for keys in setup.sent][:4] == [10, 10, 10, 10]
