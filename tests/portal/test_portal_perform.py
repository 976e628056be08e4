"""Whatever a request meets, a create is sent again only when it is known that nothing was done."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasksync.core.change import Action, Change, Reason, Status
from tasksync.core.events import Note
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.errors import (
    AuthenticationFailed,
    PermissionDenied,
    PortalBlocked,
    PortalUnavailable,
    PortalUnreachable,
    StateMoved,
)
from tasksync.portal.batches import CreateSize, Size, estimate, pack
from tasksync.portal.messages import NotPermitted, NotSent, PortalAnswer, Unanswered

DONE, FAILED, DOUBT, LATER = Status.DONE, Status.FAILED, Status.IN_DOUBT, Status.NOT_STARTED
GARBAGE = PortalAnswer(200, {}, b"<html>Bad gateway</html>")


def creates(say, count: int) -> list[Change]:
    return [say.create(f"k{n}") for n in range(count)]


def statuses(found: Any) -> set[Status]:
    return {one.status for one in found.values()}


def test_creates_go_in_growing_batches_with_intents_first(bench, say):
    """about_to_send gets exactly the changes of one request, before it leaves (design 9)."""
    setup = bench(say.made)
    found = setup.perform(*creates(say, 121))
    assert setup.script.paths == ["POST /v1/batch"] * 4 + ["POST /v1/tasks"]
    assert [len(keys) for keys in setup.sent] == [10, 20, 40, 50, 1]
    assert statuses(found) == {DONE}
    assert found["k1"].id == 101
    call = setup.script.calls(0)[0]
    assert (call["entity"], call["action"]) == ("tasks", "create")
    assert call["params"]["tags"] == ["tasksync:demo"]


def test_creates_go_fifty_to_a_request_where_the_portal_is_known_to_be_quick(bench, say):
    """What an earlier run learned; updates and deletes always do."""
    setup = bench(say.made)
    setup.portal.create_seconds = 0.02
    setup.perform(*creates(say, 101))
    setup.perform(*(say.update(f"k{n}", n + 1, title="x") for n in range(101)))
    assert [len(keys) for keys in setup.sent] == [50, 50, 1, 50, 50, 1]


def slow_portal(setup: Any, say: Any, seconds: float) -> None:
    """Let every create of a batch take so long, one after another."""

    def answer(request):
        calls = orjson.loads(request.body).get("calls", [None])
        setup.clock.at += seconds * len(calls)
        return say.made(request)

    setup.script.answers = [answer]


@pytest.mark.parametrize(("seconds", "most"), [(0.3, 50), (1.0, 15), (4.0, 3), (40.0, 1)])
def test_a_batch_of_creates_is_answered_within_fifteen_seconds(bench, say, seconds, most):
    """On a busy portal, and in the next run from its first batch on."""
    setup = bench(say.made)
    slow_portal(setup, say, seconds)
    setup.perform(*creates(say, 200))
    sizes = [len(keys) for keys in setup.sent]
    assert sizes[0] == 10
    assert max(sizes[4:]) == most
    learned = setup.portal.create_seconds
    assert learned == pytest.approx(seconds, rel=0.01)
    setup = bench(say.made)
    setup.portal.create_seconds = learned
    slow_portal(setup, say, seconds)
    setup.perform(*creates(say, 60))
    assert {len(keys) for keys in setup.sent[:-1]} == {most}


def test_a_portal_that_was_slow_for_a_moment_gets_larger_batches_again():
    """Slower counts at once, quicker by and by; one alone tells of the way there only."""
    size = CreateSize()
    assert size() == 10
    size.took(0.9, 1)
    assert (size(), size.seconds) == (10, None)
    size.took(50.0, 10)
    assert size() == 3
    for _ in range(12):
        size.took(0.1 * size(), size())
    assert size() == 50
    size.shrink()
    assert size() == 25
    size.took(20.0, 1)
    assert size() == 1


def test_what_is_told_beforehand_counts_what_creates_take(say):
    """Ten thousand at a second each: two requests at once."""
    level = creates(say, 10_000)
    slow = estimate([level], 1.0)
    assert slow.requests == -(-10_000 // 15)
    assert slow.seconds == 5_000
    assert estimate([level], 0.02).requests == 200
    assert estimate([level]).requests == 202


def test_creates_never_share_a_request_with_what_may_be_repeated(bench, say):
    """So that what is not answered is wholly in doubt or wholly repeatable."""
    setup = bench(say.made)
    mixed = [x for n in range(3) for x in (say.create(f"c{n}"), say.delete(f"d{n}", n + 1))]
    assert statuses(setup.perform(*mixed)) == {DONE}
    actions = [{call["action"] for call in setup.script.calls(at)} for at in (0, 1)]
    assert actions == [{"create"}, {"delete"}]


def test_a_change_that_the_portal_need_not_hear_of_is_done(bench, say):
    """ADOPT without fields, FORGET, NOOP: no request."""
    setup = bench(say.made)
    state_only = [
        Change(TaskKey(f"q{n}"), action, Reason.GONE, RemoteId(7))
        for n, action in enumerate((Action.ADOPT, Action.FORGET, Action.NOOP))
    ]
    assert statuses(setup.perform(*state_only)) == {DONE}
    assert setup.portal.requests == 0


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize("row", [{"id": "5"}, {"id": 5}, {"ID": "5"}])
def test_a_single_create_takes_its_own_route(bench, say, status, row):
    """200 or 201; id as text or number (contract 2)."""
    found = bench(say.ok(row, status)).perform(say.create("a"))["a"]
    assert (found.status, found.id) == (DONE, 5)
    assert found.found is not None


@pytest.mark.parametrize("result", [{"id": "7", "title": "x"}, True, None])
def test_an_update_may_answer_anything(bench, say, result):
    """Object, true or null, alone or in a batch (contract 14.7)."""
    alone = bench(say.ok(result)).perform(say.update("a", 7, title="x"))["a"]
    assert alone.status is DONE
    other = {**result, "id": "8"} if isinstance(result, dict) else result
    answer = say.ok({"results": {"c0": result, "c1": other}, "errors": []})
    two = (say.update("a", 7, title="x"), say.update("b", 8, title="x"))
    assert statuses(bench(answer).perform(*two)) == {DONE}


@pytest.mark.parametrize(
    "answer",
    [PortalAnswer(204), "404", PortalAnswer(200, {}, b'{"success":true,"data":true}')],
)
def test_a_delete_is_done_when_the_task_is_gone(bench, say, answer):
    """204, and 404 ENTITY_NOT_FOUND (delete seed)."""
    answer = say.no(404, "ENTITY_NOT_FOUND", "task 7 not found") if answer == "404" else answer
    assert bench(answer).perform(say.delete("a", 7))["a"].status is DONE


LOST = [
    Unanswered("timed out"),
    Unanswered("connection reset"),
    GARBAGE,
    PortalAnswer(200, {}, b""),
    PortalAnswer(201, {}, b'{"success":true,"data":{"id":'),
    PortalAnswer(500, {}, b""),
    PortalAnswer(503, {}, b"<html>"),
    PortalAnswer(408, {}, b""),
    "500 INTERNAL_ERROR",
    "502 BITRIX_UNAVAILABLE",
    "504 QUEUE_TIMEOUT",
    "503 RATE_LIMITED",
    "502 BITRIX_ERROR",
]


def answer_of(say, lost):
    if isinstance(lost, str):
        status, code = lost.split()
        return say.no(int(status), code)
    return lost


@pytest.mark.parametrize("lost", LOST, ids=str)
@pytest.mark.parametrize("count", [1, 3])
def test_creates_without_an_answer_are_in_doubt_and_not_sent_again(bench, say, lost, count):
    """Design 7."""
    setup = bench(answer_of(say, lost), say.made)
    found = setup.perform(*creates(say, count))
    assert statuses(found) == {DOUBT}
    assert setup.portal.requests == 1


@pytest.mark.parametrize("lost", LOST, ids=str)
@pytest.mark.parametrize("count", [1, 3])
def test_updates_and_deletes_without_an_answer_are_repeated(bench, say, lost, count):
    """PATCH and DELETE may be sent twice."""
    for kind in (lambda n: say.update(f"k{n}", n + 1, title="x"), lambda n: say.delete(f"k{n}", 1)):
        setup = bench(answer_of(say, lost), say.made)
        assert statuses(setup.perform(*map(kind, range(count)))) == {DONE}
        assert setup.portal.requests == 2
        assert setup.clock.at > 1000.9


def test_patience_ends(bench, say):
    """A portal that stays down stops the run; what was not sent says so."""
    setup = bench(say.no(502, "BITRIX_UNAVAILABLE"))
    found = []
    with pytest.raises(PortalUnavailable):
        found.extend(
            setup.portal.perform(
                [*(say.update(f"u{n}", n + 1, title="x") for n in range(3)), *creates(say, 2)],
                setup.about,
            )
        )
    assert {one.change.key: one.status for one in found} == {
        "u0": FAILED,
        "u1": FAILED,
        "u2": FAILED,
        "k0": DOUBT,
        "k1": DOUBT,
    }
    assert setup.portal.requests < 12


@pytest.mark.parametrize("where", ["header", "body"])
def test_429_did_nothing_so_creates_are_sent_again(bench, say, where):
    """After what retryAfter or Retry-After says."""
    told = {"headers": {"Retry-After": "7"}} if where == "header" else {"retryAfter": 7}
    setup = bench(say.no(429, "RATE_LIMITED", "QUERY_LIMIT_EXCEEDED", **told), say.made)
    assert statuses(setup.perform(*creates(say, 3))) == {DONE}
    assert setup.script.times[1] - setup.script.times[0] == pytest.approx(7, abs=0.01)
    assert len(setup.sent) == 2


def test_a_connection_that_never_stood_is_tried_again_and_then_stops_the_run(bench, say):
    """Nothing was sent, so nothing is in doubt."""
    setup = bench(NotSent("refused"), NotSent("refused"), say.made)
    assert statuses(setup.perform(*creates(say, 3))) == {DONE}
    setup = bench(NotSent("refused"))
    found = []
    with pytest.raises(PortalUnreachable):
        found.extend(setup.portal.perform(creates(say, 60), setup.about))
    assert len(found) == 60
    assert {one.status for one in found} == {LATER}


def batch_of(say, results, errors):
    return say.ok({"results": results, "errors": errors, "summary": {"total": 3}})


def test_each_create_of_a_batch_is_judged_by_its_own_answer(bench, say):
    """In neither, no usable id, an unknown or unavailable error: in doubt. A refusal: failed."""
    results = {
        "c0": {"id": "100"},
        "c2": None,
        "c3": {"title": "no id"},
        "c4": True,
        "c5": 77,
        "c11": {"id": "200"},
        "c12": {"id": "200"},
    }
    errors = {
        "c6": {"code": "BITRIX_ERROR", "message": "Assignee not specified<br>"},
        "c7": {"code": "BITRIX_UNAVAILABLE"},
        "c8": {"code": "NOBODY_KNOWS"},
        "c9": {"code": "BITRIX_ERROR", "message": "OPERATION_TIME_LIMIT"},
        "c10": "broken",
    }
    found = bench(batch_of(say, results, errors)).perform(*creates(say, 13))
    by_state: dict[Status, set[str]] = {}
    for key, one in found.items():
        by_state.setdefault(one.status, set()).add(key)
    assert by_state == {
        DONE: {"k0"},
        FAILED: {"k6"},
        DOUBT: {f"k{n}" for n in (1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12)},
    }
    assert found["k6"].code == "BITRIX_ERROR"
    assert found["k6"].message.endswith('"Assignee not specified"')


def test_a_throttled_create_inside_a_batch_is_sent_again_alone(bench, say):
    """RATE_LIMITED is known to have done nothing, for a call too."""
    first = batch_of(say, {"c0": {"id": 1}}, {"c1": {"code": "RATE_LIMITED", "retryAfter": 3}})
    setup = bench(first, say.ok({"id": "2"}))
    found = setup.perform(*creates(say, 2))
    assert [(one.status, one.id) for one in found.values()] == [(DONE, 1), (DONE, 2)]
    assert setup.script.paths == ["POST /v1/batch", "POST /v1/tasks"]
    assert setup.clock.at >= 1003


def test_updates_that_were_not_answered_are_repeated_together(bench, say):
    """In neither, or unavailable: again; a refusal is final."""
    first = batch_of(
        say,
        {"c0": True},
        {"c2": {"code": "BITRIX_UNAVAILABLE"}, "c3": {"code": "ENTITY_NOT_FOUND"}},
    )
    setup = bench(first, say.made)
    found = setup.perform(*(say.update(f"k{n}", n + 1, title="x") for n in range(4)))
    assert [one.status for one in found.values()].count(DONE) == 3
    assert found["k3"].status is FAILED
    assert [call["entityId"] for call in setup.script.calls(1)] == [2, 3]


def test_a_delete_that_failed_is_looked_up(bench, say):
    """The not-found code inside a batch is not documented (design 7)."""
    first = batch_of(
        say,
        {"c0": True},
        {
            "c1": {"code": "BITRIX_ERROR", "message": "who knows"},
            "c2": {"code": "BITRIX_ERROR", "message": "No access to delete the task"},
            "c3": {"code": "NOT_FOUND"},
        },
    )
    listed = say.ok({"results": {"t2": [], "t3": [{"id": "3", "tags": []}]}, "errors": []})
    got = say.ok({"results": {"t2": []}, "errors": []})
    setup = bench(first, listed, got)
    found = setup.perform(*(say.delete(f"k{n}", n + 1) for n in range(4)))
    assert [found[f"k{n}"].status for n in range(4)] == [DONE, DONE, FAILED, DONE]
    assert "No access" in found["k2"].message


def test_one_bad_call_does_not_spoil_a_batch_that_is_refused_whole(bench, say):
    """Halves until it stands alone on the route that is documented."""

    def strict(request):
        if request.path == "/v1/batch":
            calls = orjson.loads(request.body)["calls"]
            if any(call["params"]["title"] == "k5" for call in calls):
                return say.no(400, "VALIDATION_ERROR", "fields.title")
            return say.made(request)
        if orjson.loads(request.body)["title"] == "k5":
            return say.no(400, "BITRIX_ERROR", "fields.title")
        return say.made(request)

    setup = bench(strict)
    found = setup.perform(*creates(say, 20))
    assert [key for key, one in found.items() if one.status is not DONE] == ["k5"]
    assert found["k5"].status is FAILED
    assert setup.portal.requests < 12


def test_all_calls_invalid_is_an_answer_to_each(bench, say):
    """400 with data.errors (contract 3)."""
    body = {
        "success": False,
        "error": {"code": "INVALID_REQUEST", "message": "All calls in the batch failed validation"},
        "data": {"errors": {f"c{n}": {"code": "VALIDATION_ERROR"} for n in range(3)}},
    }
    setup = bench(PortalAnswer(400, {}, orjson.dumps(body)))
    assert statuses(setup.perform(*creates(say, 3))) == {FAILED}
    assert setup.portal.requests == 1


def test_calls_that_a_refused_batch_does_not_name_go_once_more(bench, say):
    """One missing id may refuse the whole request (contract 3): the others did nothing."""
    body = {
        "success": False,
        "error": {"code": "INVALID_REQUEST", "message": "…"},
        "data": {"errors": {"c1": {"code": "VALIDATION_ERROR"}}},
    }
    setup = bench(PortalAnswer(400, {}, orjson.dumps(body)), say.made)
    found = setup.perform(*creates(say, 4))
    assert [one.status for one in found.values()].count(DONE) == 3
    assert found["k1"].status is FAILED
    assert setup.portal.requests == 2


def test_a_404_that_is_not_the_vendors_deletes_nothing(bench, say):
    """A gateway's 404 says nothing about the task: it is looked up."""
    listed = say.ok({"results": {"t7": [{"id": "7", "tags": []}]}, "errors": []})
    found = bench(PortalAnswer(404, {}, b"<html>nginx</html>"), listed).perform(say.delete("a", 7))
    assert found["a"].status is FAILED


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "TOKEN_MISSING", AuthenticationFailed),
        (401, "KEY_EXPIRED", AuthenticationFailed),
        (403, "SCOPE_DENIED", PermissionDenied),
        (403, "SCOPE_NOT_ALLOWED", PermissionDenied),
        (403, "WRITE_BLOCKED_READONLY_KEY", PermissionDenied),
        (429, "ERROR_LOOP_DETECTED", PortalBlocked),
    ],
)
@pytest.mark.parametrize("count", [1, 60])
def test_what_concerns_the_key_ends_the_run_after_every_outcome(
    bench, say, status, code, kind, count
):
    """The request's changes failed, the rest was not started; then it is raised."""
    setup = bench(say.no(status, code))
    setup.portal.create_seconds = 0.01
    found = []
    with pytest.raises(kind) as caught:
        found.extend(setup.portal.perform(creates(say, count), setup.about))
    assert caught.value.code == code
    assert [one.status for one in found] == [FAILED] * min(count, 50) + [LATER] * max(0, count - 50)
    assert setup.portal.requests == 1


def test_a_denied_task_is_its_own_failure(bench, say):
    """BITRIX_ACCESS_DENIED for one task does not stop the others."""
    setup = bench(say.no(403, "BITRIX_ACCESS_DENIED"), say.made)
    found = setup.perform(say.update("a", 7, title="x"))
    assert found["a"].status is FAILED


def test_a_read_only_key_writes_nothing(bench, say):
    """Refused before the first request (contract 10)."""
    setup = bench(say.ok({"portal": "p", "accessMode": "READONLY"}), say.made)
    setup.portal.identity()
    with pytest.raises(PermissionDenied, match="WRITE_BLOCKED_READONLY_KEY"):
        setup.perform(say.create("a"))
    assert setup.portal.requests == 1
    assert setup.sent == []


class Dated:
    """A portal with one date a task; `takes` are the values that clear it."""

    def __init__(self, say, takes, *, refuses: bool, shows: Any = "object") -> None:
        self.say, self.takes, self.refuses, self.shows = say, takes, refuses, shows
        self.dates: dict[int, Any] = {}

    def row(self, remote: int) -> Any:
        """A task as it is answered."""
        date = self.dates.get(remote, "2026-05-19T18:00:00+03:00")
        return {"id": str(remote), "deadline": date, "tags": []}

    def update(self, remote: int, params: Any) -> Any:
        """Take a PATCH, and what is answered to it."""
        if "deadline" in params:
            if params["deadline"] in self.takes:
                self.dates[remote] = None
            elif self.refuses:
                return None
        return {"object": self.row(remote), "true": True, "null": None, "bare": {"id": remote}}[
            self.shows
        ]

    def __call__(self, request):
        """Answer a PATCH or a batch."""
        body = orjson.loads(request.body)
        if request.method == "PATCH":
            remote = int(request.path.rsplit("/", 1)[1])
            done = self.update(remote, body)
            refused = self.refuses and body.get("deadline", 0) not in (*self.takes, 0)
            return self.say.no(422, "BITRIX_ERROR", "bad date") if refused else self.say.ok(done)
        results, errors = {}, {}
        for call in body["calls"]:
            remote = call.get("entityId") or call["params"]["filter"]["id"]
            if call["action"] == "list":
                results[call["id"]] = [self.row(remote)]
            elif self.refuses and call["params"].get("deadline", 0) not in (*self.takes, 0):
                errors[call["id"]] = {"code": "BITRIX_ERROR", "message": "bad date"}
            else:
                results[call["id"]] = self.update(remote, call["params"])
        return self.say.ok({"results": results, "errors": errors})


@pytest.mark.parametrize("shows", ["object", "true", "null", "bare"])
@pytest.mark.parametrize("refuses", [True, False])
@pytest.mark.parametrize("takes", [("",), (None,), ("", None)])
@pytest.mark.parametrize("count", [1, 120])
def test_a_date_is_cleared_whichever_way_the_portal_takes(bench, say, takes, refuses, shows, count):
    """What was sent is checked against what came back, or against one listing (contract 8.3)."""
    portal = Dated(say, takes, refuses=refuses, shows=shows)
    setup = bench(portal)
    found = setup.perform(
        *(say.update(f"k{n}", n + 1, deadline=None, title="x") for n in range(count))
    )
    assert statuses(found) == {DONE}
    assert set(portal.dates.values()) == {None}
    assert setup.portal.requests <= (12 if count > 1 else 4)  # sent, read, sent, read


@pytest.mark.parametrize("refuses", [True, False])
@pytest.mark.parametrize("shows", ["object", "null"])
@pytest.mark.parametrize("count", [1, 3])
def test_a_date_that_stays_is_said(bench, say, refuses, shows, count):
    """Neither "" nor null: failed, in clear words, after one try of each."""
    setup = bench(Dated(say, (), refuses=refuses, shows=shows))
    found = setup.perform(*(say.update(f"k{n}", n + 1, deadline=None) for n in range(count)))
    assert statuses(found) == {FAILED}
    assert all("bad date" in o.message or "keeps deadline" in o.message for o in found.values())
    assert setup.portal.writing_requests <= 2 * count


def test_only_the_dates_are_sent_again(bench, say):
    """No PATCH of a field that did not change."""
    setup = bench(Dated(say, (None,), refuses=False))
    setup.perform(say.update("a", 7, deadline=None, title="x"))
    bodies = [orjson.loads(one.body) for one in setup.script.requests]
    assert bodies == [{"title": "x", "deadline": ""}, {"deadline": None}]


def test_the_budget_stops_cleanly(bench, say):
    """--max-requests: the rest is not started and can be taken up."""
    setup = bench(say.made, max_requests=2)
    setup.portal.create_seconds = 0.01
    found = setup.perform(*creates(say, 130))
    assert [one.status for one in found.values()] == [DONE] * 100 + [LATER] * 30
    assert setup.portal.requests == 2
    assert setup.sent == [[f"k{n}" for n in range(50)], [f"k{n}" for n in range(50, 100)]]
    assert "--max-requests" in found["k129"].message


@pytest.mark.parametrize("parallelism", [1, 2])
def test_stopping_sends_nothing_more(bench, say, parallelism):
    """What is in flight is finished and told, the rest is named."""
    setup = bench(say.made, parallelism=parallelism)
    setup.portal.create_seconds = 0.01
    setup.portal.stopping = lambda: setup.portal.requests >= 1
    found = setup.perform(*creates(say, 130))
    assert [one.status for one in found.values()].count(DONE) == 50
    assert [one.status for one in found.values()].count(LATER) == 80


@pytest.mark.parametrize("parallelism", [1, 2])
def test_what_about_to_send_raises_ends_the_sending_after_what_is_in_flight(
    bench, say, parallelism
):
    """A lost lease sends nothing more, and loses no outcome."""
    setup = bench(say.made, parallelism=parallelism)
    setup.portal.create_seconds = 0.01

    def about(_changes):
        if setup.portal.requests:
            msg = "another wrote"
            raise StateMoved(msg)

    found = []
    with pytest.raises(StateMoved):
        found.extend(setup.portal.perform(creates(say, 130), about))
    assert [one.status for one in found] == [DONE] * 50
    assert setup.portal.requests == 1


@pytest.mark.parametrize("parallelism", [1, 2])
def test_closing_sends_nothing_more(bench, say, parallelism):
    """The iterator may be dropped at any time."""
    setup = bench(say.made, parallelism=parallelism)
    setup.portal.create_seconds = 0.01
    outcomes = setup.portal.perform(creates(say, 500), setup.about)
    next(outcomes)
    outcomes.close()
    assert setup.portal.requests <= parallelism + 1


def test_a_request_leaves_within_ten_seconds_of_its_intents_or_not_at_all(bench, say):
    """A slow save is done again; a save that stays slow ends the run (design 7)."""
    setup = bench(say.made)
    slow = iter([11.0, 0.0])

    def about(changes):
        setup.about(changes)
        setup.clock.at += next(slow, 11.0)

    assert {one.status for one in setup.portal.perform(creates(say, 2), about)} == {DONE}
    assert len(setup.sent) == 2
    found = []
    with pytest.raises(PortalUnavailable, match="Saving"):
        found.extend(setup.portal.perform(creates(say, 2), about))
    assert {one.status for one in found} == {LATER}
    assert setup.portal.requests == 1


def notes(setup):
    return [one.text for one in setup.events if isinstance(one, Note)]


@pytest.mark.parametrize("parallelism", [1, 2])
@pytest.mark.parametrize("status", [429, 503])
def test_a_day_of_retry_after_ends_the_writing_with_when_to_come_again(
    bench, say, status, parallelism
):
    """Nothing is waited for and nothing more is sent; a create that may be done is in doubt."""
    answer = say.no(status, "RATE_LIMITED", headers={"Retry-After": "86400"})
    setup = bench(answer, parallelism=parallelism)
    found = []
    with pytest.raises(PortalUnavailable, match="24 h") as caught:
        found.extend(setup.portal.perform(creates(say, 130), setup.about))
    assert "UTC on 2026-" in caught.value.advice
    assert len(found) == 130
    assert {one.status for one in found} == ({LATER} if status == 429 else {DOUBT, LATER})
    assert setup.portal.requests <= parallelism
    assert setup.clock.at < 1002
    with pytest.raises(PortalUnavailable, match="24 h"):
        setup.portal.newest()
    assert setup.portal.requests <= parallelism


def test_a_day_that_one_call_of_a_batch_asks_for_ends_the_writing(bench, say):
    """As `data.errors` may."""
    late = {"code": "RATE_LIMITED", "retryAfter": 86_400}
    setup = bench(batch_of(say, {"c0": {"id": 1, "title": "k0"}}, {"c1": late}))
    found = []
    with pytest.raises(PortalUnavailable, match="24 h"):
        found.extend(setup.portal.perform(creates(say, 2), setup.about))
    assert {one.change.key: one.status for one in found}["k1"] is LATER
    assert setup.clock.at < 1002


@pytest.mark.parametrize("kind", ["create", "delete"])
def test_a_write_waits_ten_minutes_where_the_portal_asks_for_them(bench, say, kind):
    """In full, whatever the patience, and it is said."""
    change = say.create("a") if kind == "create" else say.delete("a", 7)
    setup = bench(*[say.no(429, "RATE_LIMITED", retryAfter=590)] * 2, say.made)
    assert setup.perform(change)["a"].status is DONE
    assert setup.clock.at == pytest.approx(1000 + 2 * 590, abs=3)
    assert [one.partition(", until")[0] for one in notes(setup)] == [
        "The portal asks to wait 10 min"
    ] * 2


def refusing(setup, times):
    """Return an about_to_send whose first requests are not permitted when they are asked."""
    left = [False] * times

    def about(changes):
        setup.about(changes)
        return lambda: left.pop(0) if left else True

    return about


class AtTheDoor:
    """A transport that asks for the permission as the real one does: when the connection stands."""

    def __init__(self, behind):
        self.behind = behind

    def __call__(self, request):
        if not request.permitted():
            raise NotPermitted
        return self.behind(request)


def late(bench, say, **settings):
    """Return a bench whose transport asks."""
    setup = bench(say.made, **settings)
    setup.portal._requester.transport = AtTheDoor(setup.script)
    return setup


@pytest.mark.parametrize("parallelism", [1, 2])
@pytest.mark.parametrize("kind", ["create", "update", "delete"])
def test_a_request_that_would_leave_late_is_dropped_and_made_anew(bench, say, kind, parallelism):
    """Design 7: known to have done nothing, it is put back and its intents are committed again."""
    setup = late(bench, say, parallelism=parallelism)
    change = say.create("a") if kind == "create" else getattr(say, kind)("a", 7)
    found = list(setup.portal.perform([change], refusing(setup, 1)))
    assert [one.status for one in found] == [DONE]
    assert setup.sent == [["a"], ["a"]]
    assert len(setup.script.requests) == setup.portal.requests == setup.portal.writing_requests == 1


@pytest.mark.parametrize("parallelism", [1, 2])
@pytest.mark.parametrize("kind", ["create", "update", "delete"])
def test_a_late_request_of_a_run_that_lost_its_lease_never_leaves(bench, say, kind, parallelism):
    """The run ends where the intents would be committed anew; a late delete does not leave."""
    setup = late(bench, say, parallelism=parallelism)
    change = say.create("a") if kind == "create" else getattr(say, kind)("a", 7)

    def about(changes):
        if setup.sent:
            msg = "another run holds the lock"
            raise StateMoved(msg)
        setup.about(changes)
        return lambda: False

    with pytest.raises(StateMoved):
        list(setup.portal.perform([change], about))
    assert setup.script.requests == []


def test_requests_that_are_always_late_end_the_run_with_nothing_sent(bench, say):
    """Three times; the words name what may be slow."""
    setup = late(bench, say)
    found = []
    with pytest.raises(PortalUnavailable, match="connecting to the portal"):
        found.extend(setup.portal.perform([say.delete("a", 7)], refusing(setup, 3)))
    assert [one.status for one in found] == [LATER]
    assert setup.script.requests == []


def test_batches_shrink_on_a_slow_portal_and_grow_again(bench, say):
    """Smaller batches instead of time-outs."""
    setup = bench(Unanswered("timed out"), say.made)
    found = setup.perform(*(say.update(f"k{n}", n + 1, title="x") for n in range(100)))
    assert statuses(found) == {DONE}
    assert [len(keys) for keys in setup.sent] == [50, 25, 25, 25, 25]
    size = Size(30.0)
    size.took(11.0, 50)
    assert size() == 25
    for _ in range(25):
        size.took(1.0, 25)
    assert size() == 50
    for _ in range(9):
        size.shrink()
    assert size() == 5


@given(kinds=st.lists(st.booleans(), max_size=180))
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_what_is_predicted_is_what_is_sent(bench, say, kinds):
    """Requests of a level, when nothing fails."""
    level = [
        say.create(f"k{n}") if new else say.update(f"k{n}", n + 1, title="x")
        for n, new in enumerate(kinds)
    ]
    setup = bench(say.made)
    setup.perform(*level)
    assert estimate([level]).requests == setup.portal.requests


def test_ten_thousand_creates_under_a_parent(say):
    """201 writing requests, in the time that the limits allow; 203 on a portal not known yet."""
    assert estimate([creates(say, 1), creates(say, 10_000)]).requests == 203
    cost = estimate([creates(say, 1), creates(say, 10_000)], 0.003)
    assert cost.requests == 201
    assert cost.seconds <= 1.1 * (201 - 10) / 10


def test_a_level_takes_as_long_as_was_predicted(bench, say):
    """At the limits, the first request leaving at once."""
    setup = bench(say.made)
    setup.portal.create_seconds = 0.01
    level = creates(say, 1000)
    assert statuses(setup.perform(*level)) == {DONE}
    cost = estimate([level], 0.002)
    assert cost.requests == setup.portal.writing_requests == setup.portal.requests == 20
    assert setup.clock.at - 1000 == pytest.approx(cost.seconds, rel=0.02)
    assert list(pack(level[:1])) == [tuple(level[:1])]


def test_two_threads_do_the_same(bench, say):
    """Outcomes are complete and intents come first, whoever sends."""
    setup = bench(say.made, parallelism=4)
    setup.portal.create_seconds = 0.01
    assert statuses(setup.perform(*creates(say, 1000))) == {DONE}
    assert setup.portal.requests == 20
    assert sorted(key for keys in setup.sent for key in keys) == sorted(
        f"k{n}" for n in range(1000)
    )


def test_limits_that_leave_no_room_end_the_writing_in_words(bench, say):
    """Nothing spins: what was not sent is not sent, and the error says why."""
    slow = {"portal": "p", "rateLimit": {"requestsPerSecond": 0.001}}
    setup = bench(say.ok(slow), say.made)
    setup.portal.identity()
    with pytest.raises(PortalUnavailable, match=r"0\.001 requests a second"):
        list(setup.portal.perform([say.create("a")], setup.about))
    assert setup.portal.writing_requests == 0
