"""Reading is whole or refused: half a listing would make tasks twice."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import orjson
import pytest

from tasksync.core.events import Note, ReadProgress
from tasksync.errors import (
    AuthenticationFailed,
    PermissionDenied,
    PortalAsksToWait,
    PortalBlocked,
    PortalRejected,
    PortalUnavailable,
    PortalUnreachable,
    PortalUnreadable,
)
from tasksync.portal.messages import NotHttp, NotSent, PortalAnswer, TooLong, Unanswered

MARKER = "tasksync:demo"
_NEVER = 10**9


class World:
    """Tasks by id, and a listing with every way of being wrong that the contract fears."""

    def __init__(self, say: Any, ids: Any, **quirks: Any) -> None:
        self.say = say
        self.tags: dict[int, Any] = {one: [MARKER] for one in ids}
        self.quirks = quirks
        self.lists = 0

    def __call__(self, request: Any) -> PortalAnswer:
        """Answer a listing or a batch of reads."""
        if request.path == "/v1/batch":
            return self._batch(orjson.loads(request.body)["calls"])
        self.lists += 1
        query = dict(request.query)
        limit = int(query["limit"])
        if limit > self.quirks.get("fails_over", _NEVER):
            return self.say.no(self.quirks.get("fails_with", 504), "QUEUE_TIMEOUT")
        rows = self._rows(query)
        start = 0 if self.quirks.get("ignores_offset") else int(query.get("offset", 0))
        page = rows[start:][: min(limit, self.quirks.get("cap", _NEVER))]
        return self.say.ok(page, meta=self._meta(rows, page))

    def _rows(self, query: dict[str, str]) -> list[dict[str, Any]]:
        ids = sorted(self.tags)
        if not self.quirks.get("ignores_tags") and "filter[tags]" in query:
            ids = [one for one in ids if query["filter[tags]"] in self.tags[one]]
        if not self.quirks.get("ignores_id") and "filter[>id]" in query:
            ids = [one for one in ids if one > int(query["filter[>id]"])]
        if not self.quirks.get("ignores_id") and "filter[<id]" in query:
            ids = [one for one in ids if one < int(query["filter[<id]"])]
        order = query.get("order[id]", "desc")
        if order == "desc" or self.quirks.get("ignores_order"):
            ids.reverse()
        if self.quirks.get("shuffled"):
            ids = ids[::2] + ids[1::2]
        names = query["select"].split(",")
        rows = [{"id": str(one), "title": f"t{one}", "tags": self.tags[one]} for one in ids]
        return [{name: row[name] for name in names if name in row} for row in rows]

    def _meta(self, rows: list[Any], page: list[Any]) -> dict[str, Any]:
        total = self.quirks.get("total", "right")
        meta: dict[str, Any] = {"hasMore": self.quirks.get("has_more", len(page) < len(rows))}
        if total == "right":
            meta["total"] = len(rows)
        elif total == "text":
            meta["total"] = str(len(rows))
        elif total == "page":
            meta["total"] = len(page)
        return meta

    def _batch(self, calls: list[dict[str, Any]]) -> PortalAnswer:
        results, errors = {}, {}
        for call in calls:
            remote = call.get("entityId") or call["params"]["filter"]["id"]
            known = remote in self.tags
            row = {"id": str(remote), "title": f"t{remote}"}
            if call["action"] == "list":
                rows = [{**row, "tags": self.tags[remote]}] if known else []
                if self.quirks.get("list_forgets"):
                    rows = []
                if self.quirks.get("ignores_id"):
                    rows = [{"id": "1", "tags": []}]
                results[call["id"]] = rows
            elif known:
                results[call["id"]] = row
            elif self.quirks.get("gone") == "empty":
                results[call["id"]] = []
            elif self.quirks.get("gone") == "null":
                results[call["id"]] = None
            else:
                code = self.quirks.get("gone", "ENTITY_NOT_FOUND")
                errors[call["id"]] = {"code": code, "message": f"task {remote} not found"}
        return self.say.ok({"results": results or [], "errors": errors or []})


def ids_of(found: Any) -> list[int]:
    return [live.id for live in found]


@pytest.mark.parametrize("total", ["right", "text", "absent"])
@pytest.mark.parametrize("has_more", [True, False])
@pytest.mark.parametrize("cap", [_NEVER, 700])
@pytest.mark.parametrize("ignores_tags", [True, False])
def test_a_listing_is_whole_whatever_its_numbers_say(
    bench, say, total, has_more, cap, ignores_tags
):
    """`hasMore` lies, totals are absent, pages are capped, the filter is ignored (contract 6.2)."""
    world = World(
        say, range(1, 2001), total=total, has_more=has_more, cap=cap, ignores_tags=ignores_tags
    )
    world.tags[5] = ["somebody else's"]
    world.tags[6] = ["tasksync:another"]
    found = list(bench(world).portal.find(MARKER, ()))
    assert ids_of(found) == [n for n in range(1, 2001) if n not in {5, 6}]


def test_ten_thousand_tasks_take_at_most_five_requests(bench, say):
    """/v1/me included."""
    world = World(say, range(1, 10_001))
    setup = bench(say.ok({"portal": "p"}), world)
    setup.portal.identity()
    assert len(list(setup.portal.find(MARKER, range(1, 10_001)))) == 10_000
    assert setup.portal.requests <= 5
    query = dict(setup.script.requests[1].query)
    assert query["filter[tags]"] == MARKER
    assert query["order[id]"] == "asc"
    assert query["limit"] == "5000"
    assert "tags" in query["select"].split(",")
    assert [e.tasks for e in setup.events if isinstance(e, ReadProgress)][:2] == [5000, 10_000]


@pytest.mark.parametrize("marker", [MARKER, None])
def test_many_ids_without_our_marker_are_found_in_a_listing_of_all(bench, say, marker):
    """10 000 tasks that are to be adopted: pages, and not 200 batches."""
    world = World(say, range(1, 20_001))
    for one in world.tags:
        world.tags[one] = []
    wanted = range(2, 20_001, 2)
    setup = bench(world)
    assert sorted(ids_of(setup.portal.find(marker, [*wanted, 50_000]))) == list(wanted)
    assert setup.portal.requests <= 8


@pytest.mark.parametrize("quirks", [{"ignores_id": True, "cap": 10}, {"fails_over": 0}, {}])
def test_many_ids_are_found_whatever_a_listing_of_all_is_worth(bench, say, quirks):
    """One that cannot be used, or that brings less than batches would, costs a few requests."""
    world = World(say, range(1, 60_001, 1) if not quirks else range(1, 400), **quirks)
    for one in world.tags:
        world.tags[one] = []
    wanted = range(1, 60_001, 200) if not quirks else range(1, 400)
    setup = bench(world)
    assert sorted(ids_of(setup.portal.find(None, wanted))) == list(wanted)
    assert setup.portal.requests <= 2 * -(-len(wanted) // 50) + 6


@pytest.mark.parametrize("failing", [502, 504])
def test_pages_shrink_until_they_are_answered_and_grow_again(bench, say, failing):
    """Design 9."""
    world = World(say, range(1, 3001), fails_over=400, fails_with=failing)
    setup = bench(world)
    assert len(list(setup.portal.find(MARKER, ()))) == 3000
    limits = [int(dict(one.query)["limit"]) for one in setup.script.requests]
    assert limits[:3] == [5000, 1250, 312]
    assert max(limits[3:]) > 312


@pytest.mark.parametrize("hint", [None, 3])
def test_a_page_that_is_too_long_for_the_portal_costs_seconds_and_not_minutes(bench, say, hint):
    """A smaller page is another request: its pause does not double, and a hint is kept to."""
    more = {} if hint is None else {"retryAfter": hint}
    refused = [say.no(504, "QUEUE_TIMEOUT", **more)] * 4
    setup = bench(*refused, say.ok([], meta={"total": 0}))
    began = setup.clock.monotonic()
    assert list(setup.portal.find(MARKER, ())) == []
    assert [int(dict(one.query)["limit"]) for one in setup.script.requests] == [
        5000,
        1250,
        312,
        78,
        50,
    ]
    assert setup.clock.monotonic() - began == pytest.approx(4 * (hint or 1), abs=2)


def test_a_portal_that_answers_no_page_at_all_is_unavailable(bench, say):
    """Down to fifty rows, and then patience."""
    with pytest.raises(PortalUnavailable):
        list(bench(World(say, [1], fails_over=0)).portal.find(MARKER, ()))


@pytest.mark.parametrize("total", ["right", "absent"])
def test_an_ignored_cursor_is_handled(bench, say, total):
    """A small portal is read all the same; a large one is refused, never read by half."""
    small = World(say, range(1, 30), ignores_id=True, total=total)
    assert len(list(bench(small).portal.find(MARKER, ()))) == 29
    assert ids_of(bench(small).portal.newer(MARKER, 27)) == [28, 29]
    large = World(say, range(1, 30), ignores_id=True, total=total, cap=10)
    with pytest.raises(PortalUnreadable, match="repeats a page"):
        list(bench(large).portal.find(MARKER, ()))


@pytest.mark.parametrize("cap", [_NEVER, 50, 7, 2])
@pytest.mark.parametrize("order", ["falling", "shuffled"])
@pytest.mark.parametrize("total", ["right", "page", "absent"])
def test_an_ignored_order_is_handled(bench, say, cap, order, total):
    """Ranges of ids are asked for instead, until two halves show no more than their whole."""
    ids = [*range(1, 30), 47, *range(60, 90), 500]
    world = World(say, ids, ignores_order=True, shuffled=order == "shuffled", cap=cap, total=total)
    setup = bench(world)
    assert sorted(ids_of(setup.portal.find(MARKER, ()))) == ids
    assert not [one for one in setup.script.requests if "offset" in dict(one.query)]


@pytest.mark.parametrize("total", ["right", "page", "absent"])
def test_a_portal_that_keeps_neither_order_nor_range_is_read_only_while_it_is_small(
    bench, say, total
):
    """Nothing behind the page is proof enough, the last resort; an ignored offset is none."""
    worst = {"ignores_order": True, "ignores_id": True, "total": total}
    world = World(say, range(1, 9), **worst)
    assert len(list(bench(world).portal.find(MARKER, ()))) == 8
    for more in ({"ignores_offset": True}, {"cap": 4}, {"cap": 4, "ignores_offset": True}):
        with pytest.raises(PortalUnreadable, match="order"):
            list(bench(World(say, range(1, 9), **worst, **more)).portal.find(MARKER, ()))


@pytest.mark.parametrize("has_more", [True, False])
@pytest.mark.parametrize("count", [1, 49, 50, 51, 130, 400])
def test_a_total_that_counts_the_page_ends_no_listing(bench, say, count, has_more):
    """Fifty rows whatever `limit` says: the end is an empty page (case 02)."""
    world = World(say, range(1, count + 1), total="page", cap=50, has_more=has_more)
    setup = bench(world)
    assert ids_of(setup.portal.find(MARKER, ())) == list(range(1, count + 1))
    assert setup.portal.requests == -(-count // 50) + 1
    after = max(0, count - 60)
    assert ids_of(setup.portal.newer(MARKER, after)) == list(range(after + 1, count + 1))


def test_a_row_that_comes_twice_is_one_task(bench, say):
    """And no sign of a lost order."""
    row = {"id": "1", "tags": [MARKER]}
    setup = bench(say.ok([row, {"id": "2", "tags": [MARKER]}, row]), say.ok([]))
    assert ids_of(setup.portal.find(MARKER, ())) == [1, 2]
    assert setup.portal.requests == 2


def test_a_row_without_tags_is_never_proof_of_absence(bench, say):
    """Although they were selected: it cannot be told whose task it is (design 7)."""
    for row in ({"id": 1, "title": "x"}, {"id": 1, "tags": 5}):
        with pytest.raises(PortalUnreadable, match=r"task 1 .*tags"):
            list(bench(say.ok([row]), say.ok([])).portal.find(MARKER, ()))
        with pytest.raises(PortalUnreadable, match=r"task 1 .*tags"):
            list(bench(say.ok([row]), say.ok([])).portal.newer(MARKER, 0))


@pytest.mark.parametrize("data", ["x", 5, [1], [{"title": "no id"}], [{"id": "0"}]])
def test_what_is_no_listing_is_refused(bench, say, data):
    """Never taken for an empty portal."""
    with pytest.raises(PortalUnreadable):
        list(bench(say.ok(data)).portal.find(MARKER, ()))


def test_an_empty_portal_is_empty(bench, say):
    """One request."""
    setup = bench(World(say, ()))
    assert list(setup.portal.find(MARKER, ())) == []
    assert setup.portal.requests == 1


@pytest.mark.parametrize("gone", ["ENTITY_NOT_FOUND", "NOT_FOUND", "BITRIX_ERROR", "empty", "null"])
@pytest.mark.parametrize("marker", [MARKER, None])
def test_a_tracked_task_is_gone_only_when_asked_for_by_id(bench, say, gone, marker):
    """A task that lost its marker is still there."""
    world = World(say, range(1, 121), gone=gone)
    world.tags[3] = ["unmarked"]
    found = list(bench(world).portal.find(marker, [3, 4, 500, 501]))
    assert {500, 501} & set(ids_of(found)) == set()
    assert {3, 4} <= set(ids_of(found))
    assert len(found) == len(set(ids_of(found)))


@pytest.mark.parametrize("quirk", ["list_forgets", "ignores_id"])
def test_a_listing_behind_the_times_makes_no_task_gone(bench, say, quirk):
    """`get` has the last word; its answer has no tags."""
    world = World(say, range(2, 60), **{quirk: True})
    found = list(bench(world).portal.find(None, range(2, 62)))
    assert sorted(ids_of(found)) == list(range(2, 60))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": "BITRIX_ACCESS_DENIED"}, PermissionDenied),
        ({"code": "TOKEN_EXPIRED"}, AuthenticationFailed),
        ({"code": "BITRIX_ERROR", "message": "Action on the task is not allowed"}, PortalRejected),
        ({"code": "BITRIX_UNAVAILABLE"}, PortalUnavailable),
        ({"code": "RATE_LIMITED", "retryAfter": 1}, PortalUnavailable),
        ({"code": "NOBODY_KNOWS", "message": "not found"}, PortalUnavailable),
    ],
)
def test_any_other_error_is_never_taken_for_gone(bench, say, error, kind):
    """It would make a duplicate."""
    empty = say.ok({"results": {"t7": []}, "errors": {}})
    setup = bench(empty, say.ok({"results": [], "errors": {"t7": error}}))
    with pytest.raises(kind):
        list(setup.portal.find(None, [7]))


def test_a_call_that_was_not_answered_is_asked_again(bench, say):
    """In neither results nor errors."""
    nothing = say.ok({"results": [], "errors": []})
    setup = bench(nothing, nothing, say.ok({"results": {"t7": {"ID": "7"}}, "errors": {}}))
    assert ids_of(setup.portal.find(None, [7])) == [7]


def test_a_portal_that_cannot_filter_by_id_is_asked_by_get(bench, say):
    """And a portal without the route is not an empty one."""
    refused = say.no(400, "INVALID_FILTER_FIELD")
    got = say.ok({"results": {"t7": {"id": "7"}}, "errors": {}})
    assert ids_of(bench(refused, got).portal.find(None, [7])) == [7]
    nowhere = say.no(404, "NOT_FOUND", "Route POST /v1/batch not found")
    with pytest.raises(PortalRejected, match="route"):
        list(bench(nowhere).portal.find(None, [7]))


def test_another_task_than_the_one_asked_for_is_refused(bench, say):
    """Nor is something irregular."""
    for irregular in ({"id": 8}, {"title": "no id"}, 7, "x", [1, 2]):
        answer = say.ok({"results": {"t7": irregular}, "errors": {}})
        with pytest.raises(PortalUnreadable):
            list(bench(say.ok({"results": {}, "errors": {}}), answer).portal.find(None, [7]))


@pytest.mark.parametrize("ignores_order", [True, False])
@pytest.mark.parametrize("total", ["right", "absent"])
def test_the_newest_id_is_found(bench, say, ignores_order, total):
    """Never one that is not there."""
    world = World(say, range(1, 200), ignores_order=ignores_order, total=total)
    assert bench(world).portal.newest() == 199
    assert bench(World(say, ())).portal.newest() == 0
    upward = bench(say.ok([{"id": n} for n in range(1, 11)]), say.ok([{"id": 40}]), say.ok([]))
    assert upward.portal.newest() == 40


@pytest.mark.parametrize(
    ("me", "portal", "owner"),
    [
        ({"portal": "a.bitrix24.com", "owner": {"name": "Anna"}}, "a.bitrix24.com", "Anna"),
        ({"portal": {"domain": "a.example"}, "owner": "Anna"}, "a.example", "Anna"),
        ({"currentUser": {"bitrixUserId": 7}}, "portal.example", "(user 7)"),
        ({}, "portal.example", ""),
        ([], "portal.example", ""),
    ],
)
def test_who_we_are(bench, say, me, portal, owner):
    """`data.portal`, else the URL's host (contract 10)."""
    setup = bench(say.ok(me))
    found = setup.portal.identity()
    assert (found.portal, found.owner) == (portal, owner)
    assert setup.portal.identity() is found
    assert setup.portal.requests == 1


@pytest.mark.parametrize("data", [None, [1, 2], "Anna", 7, True])
def test_an_answer_that_says_nothing_binds_no_state(bench, say, data):
    """`data: null` is a lost answer, and a state bound to the URL's host would fit no portal."""
    with pytest.raises(PortalUnreadable):
        bench(say.ok(data)).portal.identity()


def test_no_content_binds_no_state(bench):
    """A 204 is no word about whose key it is."""
    with pytest.raises(PortalUnreadable):
        bench(PortalAnswer(204)).portal.identity()


@pytest.mark.parametrize(
    ("me", "scopes", "rate"),
    [
        ({"scopes": [{"name": "tasks"}], "rateLimit": {"requestsPerSecond": True}}, None, None),
        ({"scopes": [["tasks"], 5], "rateLimit": {"requestsPerSecond": "5"}}, None, 5.0),
        ({"scopes": ["tasks", None, {"a": 1}], "rateLimit": [1]}, ("tasks",), None),
        ({"scopes": [], "rateLimit": {"requestsPerSecond": "9" * 400}}, (), None),
        ({"scopes": {"tasks": True}, "rateLimit": None}, None, None),
    ],
)
def test_what_a_key_may_do_is_not_guessed_from_a_shape_that_nobody_knows(
    bench, say, me, scopes, rate
):
    """A scope that cannot be read is not said to be missing, and true is no number."""
    found = bench(say.ok({"portal": "a.example", **me})).portal.account()
    assert (found.scopes, found.rate) == (scopes, rate)


def test_a_byte_order_mark_before_the_first_answer_is_no_stranger(bench, say):
    """PHP files saved with one send it before everything."""
    body = b"\xef\xbb\xbf" + say.ok({"portal": "p"}).body
    assert bench(PortalAnswer(200, {}, body)).portal.identity().portal == "p"


def test_a_portal_without_me_is_named_by_its_host(bench, say):
    """404 is tolerated, 401 is not."""
    assert bench(say.no(404, "NOT_FOUND")).portal.identity().portal == "portal.example"
    assert bench(PortalAnswer(404, {}, b"")).portal.identity().portal == "portal.example"
    with pytest.raises(PortalUnreadable):  # design 9: a first answer that is not the API's
        bench(PortalAnswer(404, {}, b"nginx")).portal.identity()
    with pytest.raises(AuthenticationFailed):
        bench(say.no(401, "INVALID_API_KEY")).portal.identity()


def test_the_portals_own_rate_is_kept_to(bench, say):
    """/v1/me may tighten the pace."""
    setup = bench(say.ok({"rateLimit": {"requestsPerSecond": "2"}}), World(say, ()))
    assert setup.portal.identity().requests_per_second == 2.0
    for _ in range(5):
        list(setup.portal.find(MARKER, ()))
    assert setup.script.times[5] - setup.script.times[0] >= 2.0


@pytest.mark.parametrize(
    "trouble",
    [
        Unanswered("reset"),
        NotSent("refused"),
        PortalAnswer(200, {}, b"<html>"),
        PortalAnswer(502, {}, b""),
    ],
    ids=str,
)
def test_reads_are_repeated(bench, say, trouble):
    """And waited for, once the portal has shown that it is the API."""
    setup = bench(say.ok({"portal": "p"}), trouble, trouble, say.ok([]))
    assert setup.portal.identity().portal == "p"
    assert setup.portal.newest() == 0
    assert setup.clock.at >= 1003


@pytest.mark.parametrize(
    "trouble",
    [
        Unanswered("reset"),
        NotSent("refused"),
        PortalAnswer(502, {}, b"<html>nginx"),
        PortalAnswer(503),
    ],
    ids=str,
)
def test_a_first_read_is_repeated_where_a_gateway_is_busy(bench, say, trouble):
    """A 5xx with any body passes by itself, and proves nothing about --portal."""
    setup = bench(trouble, trouble, say.ok({"portal": "p"}))
    assert setup.portal.identity().portal == "p"
    assert setup.clock.at >= 1003


_PAGE = b"<!DOCTYPE html><style>p{}</style><title>Example Domain</title><p>This is\x07 for docs"
_HTML = {"content-type": "text/html; charset=UTF-8"}


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (PortalAnswer(200, _HTML, _PAGE), 'HTTP 200, text/html: "Example Domain This is'),
        (PortalAnswer(404, _HTML, _PAGE), "HTTP 404, text/html"),
        (PortalAnswer(401, _HTML, _PAGE), "HTTP 401, text/html"),
        (PortalAnswer(403, _HTML, _PAGE), "HTTP 403, text/html"),
        (PortalAnswer(405, {}, b"no such method"), 'HTTP 405, without a type: "no such method"'),
        (PortalAnswer(200, {}, b""), "HTTP 200, without a type, empty"),
        (PortalAnswer(200, {}, b"\xff\xfe\x00"), "HTTP 200"),
        (
            PortalAnswer(200, {"Content-Type": "application/json"}, b'{"hello": 1}'),
            'json: "{"hello": 1}"',
        ),
        (PortalAnswer(200, {"Content-Type": "application/json"}, b"[1]"), "application/json"),
        (PortalAnswer(200, {"Content-Type": "application/json"}, b'{"data": '), "application/json"),
        (
            PortalAnswer(302, {"Location": "https://login.example/?token=secret"}, b""),
            'HTTP 302, a redirect to "https://login.example/"',
        ),
        (PortalAnswer(301, {}, b""), "HTTP 301, a redirect to nowhere"),
    ],
    ids=lambda one: str(one.status) if isinstance(one, PortalAnswer) else None,
)
def test_a_first_answer_that_is_not_the_apis_ends_the_run_at_once(bench, answer, told):
    """Design 9: by the name of the setting, with status, type and the first words."""
    setup = bench(answer)
    with pytest.raises(PortalUnreadable) as caught:
        setup.portal.identity()
    assert setup.portal.requests == 1
    assert setup.clock.at == 1000
    assert told in caught.value.message
    assert "--portal leads to portal.example" in caught.value.message
    assert "TASKSYNC_PORTAL" in caught.value.advice
    assert "secret" not in str(caught.value)
    assert "\x07" not in caught.value.message


def test_a_first_answer_that_is_no_http_ends_the_run_at_once(bench, say):
    """Later it is a lost answer as any other."""
    setup = bench(NotHttp("SSH-2.0-OpenSSH_9.2"))
    with pytest.raises(PortalUnreadable, match='no HTTP: "SSH-2'):
        setup.portal.identity()
    assert setup.portal.requests == 1
    later = bench(say.ok({"portal": "p"}), NotHttp("garbled"), say.ok([]))
    later.portal.identity()
    assert later.portal.newest() == 0


def test_a_long_first_answer_is_cut_in_its_words(bench):
    """And is not searched as a whole."""
    with pytest.raises(PortalUnreadable) as caught:
        bench(PortalAnswer(200, _HTML, b"<" * 30_000_000)).portal.identity()
    assert len(caught.value.message) < 300


def test_an_api_error_as_the_first_answer_is_told_as_itself(bench, say):
    """It is the API that answered."""
    with pytest.raises(PermissionDenied):
        bench(say.no(403, "SCOPE_DENIED")).portal.identity()


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (Unanswered("reset"), PortalUnavailable),
        (NotSent("name not known"), PortalUnreachable),
        (PortalAnswer(302, {"Location": "https://evil.example/"}, b""), PortalUnreadable),
    ],
    ids=str,
)
def test_patience_with_reads_ends(bench, trouble, kind):
    """With the error that says what to look at."""
    with pytest.raises(kind) as caught:
        bench(trouble).portal.identity()
    assert caught.value.advice


def test_429_is_waited_for_and_a_block_is_not(bench, say):
    """ERROR_LOOP_DETECTED ends the run."""
    setup = bench(say.no(429, "RATE_LIMITED", retryAfter=5), say.ok({"portal": "p"}))
    setup.portal.identity()
    assert setup.clock.at == pytest.approx(1005, abs=0.1)
    with pytest.raises(PortalBlocked):
        bench(say.no(429, "ERROR_LOOP_DETECTED", retryAfter=60)).portal.identity()


def test_people_are_named_where_the_portal_tells(bench, say):
    """Best effort: one request for fifty ids, either case of keys, and never an error."""
    rows = [
        {"id": "22", "name": "Olga", "lastName": "Petrova", "email": "petrova@example.com"},
        {"ID": "7", "EMAIL": "a@example.com"},
        {"id": 8, "name": "Nameless", "email": None},
        {"id": 99, "email": "not.asked@example.com"},
        "irregular",
    ]
    setup = bench(say.ok(rows))
    found = setup.portal.people([22, 7, 8, 9])
    assert {number: one and one.shown for number, one in found.items()} == {
        22: "Olga Petrova <petrova@example.com>",
        7: "a@example.com",
        8: "Nameless",
    }
    assert orjson.loads(dict(setup.script.requests[0].query)["filter"]) == {
        "id": {"$in": [7, 8, 9, 22]}
    }
    assert bench(say.no(403, "SCOPE_DENIED")).portal.people([1]) == {}
    assert bench(say.ok({})).portal.people([1]) == {1: None}
    assert bench(say.ok([])).portal.people([]) == {}


def test_asking_to_stop_ends_patience(bench, say):
    """A read that waits for a busy portal does not hold up the end."""
    setup = bench(say.no(429, "RATE_LIMITED", retryAfter=500))
    setup.portal.stopping = lambda: setup.clock.at > 1002
    with pytest.raises(PortalUnavailable):
        setup.portal.identity()
    assert setup.clock.at < 1010


def test_asking_to_stop_ends_a_wait_that_a_write_was_told(bench, say):
    """The pace is held for minutes; a read after it does not sit them out."""
    setup = bench(say.ok({"portal": "p"}))
    setup.portal.identity()
    setup.portal._requester.pace.throttled(setup.clock.at, 500)
    setup.portal.stopping = lambda: setup.clock.at > 1002
    with pytest.raises(PortalUnavailable, match="stopped"):
        setup.portal.newest()
    assert setup.clock.at < 1010


@pytest.mark.parametrize("where", ["body", "header", "date"])
@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_of_up_to_ten_minutes_is_said_and_kept_to_in_full(bench, say, where, status):
    """Whatever the patience for one request is; an HTTP date counts as well as seconds."""
    seconds = 595
    now = datetime.fromtimestamp(1_780_001_000, UTC)
    told = {
        "body": {"retryAfter": seconds},
        "header": {"headers": {"Retry-After": str(seconds)}},
        "date": {
            "headers": {
                "Retry-After": format_datetime(now + timedelta(seconds=seconds), usegmt=True)
            }
        },
    }[where]
    code = "RATE_LIMITED" if status == 429 else "QUEUE_OVERFLOW"
    setup = bench(say.no(status, code, **told), say.ok({"portal": "p"}))
    setup.portal.identity()
    assert setup.clock.at == pytest.approx(1000 + seconds, abs=1)
    notes = [one.text for one in setup.events if isinstance(one, Note)]
    assert len(notes) == 1
    assert "asks to wait 10 min, until 20:53:15 UTC" in notes[0]
    assert code in notes[0]


def test_waits_that_are_asked_for_again_and_again_end_after_an_hour(bench, say):
    """Each is kept to in full."""
    setup = bench(say.no(429, "RATE_LIMITED", retryAfter=500))
    with pytest.raises(PortalUnavailable):
        setup.portal.identity()
    assert 3000 <= setup.clock.at - 1000 <= 3600


@pytest.mark.parametrize(
    ("seconds", "span", "when"),
    [
        (601, "11 min", "20:54 UTC,"),
        (7200, "2 h", "22:44 UTC,"),
        (9000, "2 h 30 min", "23:14 UTC,"),
        (86_400, "24 h", "20:44 UTC on 2026-05-29"),
        (604_800, "7 days", "20:44 UTC on 2026-06-04"),
        (1e18, "3650 days", "UTC on 2036"),
    ],
)
def test_a_wait_of_more_than_ten_minutes_ends_the_run_with_when_to_come_again(
    bench, say, seconds, span, when
):
    """Time of day and duration; nothing more is asked of the portal."""
    setup = bench(say.ok({"portal": "p"}), say.no(429, "RATE_LIMITED", retryAfter=seconds))
    setup.portal.identity()
    for _ in range(2):
        with pytest.raises(PortalUnavailable) as caught:
            list(setup.portal.find(MARKER, ()))
        assert f"asks to wait {span}" in caught.value.message
        assert when in caught.value.advice
    assert setup.portal.requests == 2
    assert setup.clock.at < 1002


def test_a_day_inside_a_batch_of_reads_ends_the_run_too(bench, say):
    """One call's retryAfter."""
    late = {"code": "RATE_LIMITED", "retryAfter": 86_400}
    setup = bench(say.ok({"results": {}, "errors": {"t7": late}}))
    with pytest.raises(PortalUnavailable, match="24 h"):
        list(setup.portal.find(None, [7]))
    assert setup.clock.at < 1002


def test_short_waits_are_not_said(bench, say):
    """The progress shows the pace."""
    setup = bench(say.no(429, "RATE_LIMITED", retryAfter=2), say.ok({"portal": "p"}))
    setup.portal.identity()
    assert [one for one in setup.events if isinstance(one, Note)] == []


def test_a_plan_loads_neither_requests_nor_threads():
    """They cost more than the whole of a small plan."""
    code = (
        "import sys, tasksync.portal.client; "
        "sys.exit(any(n in sys.modules for n in ('requests', 'concurrent.futures', 'email.utils')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_key_that_may_send_next_to_nothing_ends_the_run_in_words(bench, say):
    """At 0.001 requests a second the second request would wait 17 minutes, without a word."""
    setup = bench(say.ok({"portal": "p", "rateLimit": {"requestsPerSecond": 0.001}}), say.ok([]))
    setup.portal.identity()
    with pytest.raises(PortalAsksToWait, match=r"0\.001 requests a second.*17 min"):
        list(setup.portal.find("tasksync:demo", ()))
    assert setup.portal.requests == 1


def test_a_slow_key_is_said_once(bench, say):
    setup = bench(say.ok({"portal": "p", "rateLimit": {"requestsPerSecond": 0.1}}), say.ok([]))
    setup.portal.identity()
    for _ in range(3):
        list(setup.portal.find("tasksync:demo", ()))
    told = [str(one.text) for one in setup.events if isinstance(one, Note)]
    assert told == [
        "The next request waits 11 s for the limits of this key: 0.1 a second, 300 a minute."
    ]


@pytest.mark.parametrize("rate", [10**400, "9" * 5000, "nan", "x", [], True, -1])
def test_a_rate_that_is_none_changes_nothing(bench, rate):
    body = '{"success":true,"data":{"portal":"p","rateLimit":{"requestsPerSecond":%s}}}' % (
        str(rate).lower() if isinstance(rate, int) else repr(rate).replace("'", '"')
    )
    found = bench(PortalAnswer(200, {}, body.encode())).portal.identity()
    assert found.requests_per_second in {None, 1.0}


def test_a_bad_proxy_is_named_and_not_the_portal(bench):
    setup = bench(NotSent("refused", "HTTPS_PROXY"))
    with pytest.raises(PortalUnreachable, match=r"the proxy that HTTPS_PROXY names") as caught:
        setup.portal.identity()
    assert "--portal" not in str(caught.value)


def test_a_portal_whose_name_speaks_of_a_proxy_is_not_taken_for_one(bench):
    setup = bench(NotSent("proxy.example:443: Connection refused"))
    with pytest.raises(PortalUnreachable, match=r"the portal cannot be reached") as caught:
        setup.portal.identity()
    assert "PROXY" not in str(caught.value)


def test_an_answer_that_is_too_long_is_not_asked_for_again(bench):
    """It would be as long; a listing asks for smaller pages instead."""
    setup = bench(TooLong("the answer is longer than 64 MiB"))
    with pytest.raises(PortalUnavailable, match="longer than 64 MiB"):
        setup.portal.identity()
    assert setup.portal.requests == 1


def test_a_page_that_is_too_long_is_asked_for_in_smaller_ones(bench, say):
    setup = bench(TooLong("the answer is longer than 64 MiB"), say.ok([]))
    assert list(setup.portal.find(say.marker, [])) == []
    assert [dict(one.query)["limit"] for one in setup.script.requests] == ["5000", "1250"]


@pytest.mark.parametrize(("timeout", "most"), [(1, 35), (3, 37), (20, 105), (100, 505)])
def test_a_portal_that_never_answers_is_given_up(bench, say, timeout, most):
    """Three time-outs, 30 s at least and 5 min at most, and the exchange that is under way."""

    def silence(_request):
        setup.clock.at += timeout
        raise Unanswered("no whole answer")

    setup = bench(silence, timeout=timeout)
    began = setup.clock.at
    with pytest.raises(PortalUnavailable):
        setup.portal.identity()
    assert setup.clock.at - began <= min(max(3 * timeout, 30), 300) + timeout + 1
    setup = bench(silence, timeout=timeout)
    began = setup.clock.at
    with pytest.raises(PortalUnavailable):
        list(setup.portal.find(say.marker, []))
    assert setup.clock.at - began <= most


def test_names_of_a_portal_and_its_owner_are_not_believed_to_have_megabytes(bench, say):
    """They are printed, and remembered in the state."""
    long = "x" * 1_000_000
    me = {"portal": long, "owner": {"name": long}, "currentUser": {"bitrixUserId": "1" * 9999}}
    found = bench(say.ok(me)).portal.identity()
    huge = b'{"success":true,"data":{"currentUser":{"bitrixUserId":1' + b"0" * 4000 + b"}}}"
    assert bench(PortalAnswer(200, {}, huge)).portal.identity().owner == ""
    assert len(found.portal) <= 250
    assert len(found.owner) <= 600
    other = {"portal": "p.example", "owner": {"name": "Anna"}, "currentUser": {"bitrixUserId": [1]}}
    assert bench(say.ok(other)).portal.identity().owner == "Anna"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-16-be"])
def test_of_a_page_in_another_encoding_no_word_is_quoted(bench, encoding):
    """Our secrets are looked for in texts that hold ASCII as itself; in these it is not."""
    page = "<p>vibe_api_0123456789abcdef".encode(encoding)
    with pytest.raises(PortalUnreadable) as met:
        bench(PortalAnswer(403, {"Content-Type": "text/html"}, page)).portal.identity()
    assert "403, text/html: what is no text in UTF-8." in str(met.value)
