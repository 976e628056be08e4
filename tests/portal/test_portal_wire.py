"""Bodies out, envelopes in, and the few words of Bitrix24 that only a text says."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest

from tasksync import errors
from tasksync.core.change import Action
from tasksync.portal import error_codes, wire
from tasksync.portal.error_codes import (
    CODES,
    CallError,
    ErrorClass,
    error_of,
    meaning_of,
    portal_words,
    said,
)
from tasksync.portal.messages import PortalAnswer
from tasksync.portal.rows import live_task

NOW = datetime(2026, 5, 12, 12, 0, 0, tzinfo=UTC)
MARKER = "tasksync:demo"


def test_a_create_sends_what_is_asked_and_the_marker(say):
    """Beside its own tags; without a marker only these."""
    change = say.create("a", deadline="2026-05-19T18:00:00+03:00", tags=("x",), accomplices=(3, 7))
    body = wire.body_of(change, MARKER)
    assert body == {
        "title": "a",
        "responsibleId": 1,
        "deadline": "2026-05-19T18:00:00+03:00",
        "accomplices": [3, 7],
        "tags": [MARKER, "x"],
    }
    assert wire.body_of(say.create("a"), MARKER)["tags"] == [MARKER]
    assert "tags" not in wire.body_of(say.create("a"), None)


def test_an_update_sends_exactly_its_fields(say):
    """Cleared: dates "", no group or parent 0, lists empty (contract 8.3)."""
    change = say.update(
        "a", 7, deadline=None, groupId=None, parentId=None, auditors=(), description="", tags=()
    )
    assert wire.body_of(replace(change, markers=("tasksync:other",)), MARKER) == {
        "deadline": "",
        "groupId": 0,
        "parentId": 0,
        "auditors": [],
        "description": "",
        "tags": [MARKER, "tasksync:other"],
    }
    assert wire.body_of(say.update("a", 7, status=5), MARKER) == {"status": 5}
    assert wire.body_of(change, MARKER, wire.Clear(None))["deadline"] is None
    assert wire.body_of(change, MARKER, wire.Clear(None, dates_only=True)) == {"deadline": None}


def test_a_defer_is_status_six(say):
    """The delete seed's alternative to deletion."""
    change = replace(say.delete("a", 7), action=Action.DEFER)
    assert wire.body_of(change, MARKER) == {"status": 6}
    assert wire.single(change, MARKER).method == "PATCH"


def test_calls_carry_their_id_at_call_level(say):
    """Contract 3."""
    assert wire.call_of("c1", say.update("a", 7, status=5), MARKER) == {
        "id": "c1",
        "entity": "tasks",
        "action": "update",
        "entityId": 7,
        "params": {"status": 5},
    }
    assert wire.call_of("c2", say.delete("a", 7), MARKER) == {
        "id": "c2",
        "entity": "tasks",
        "action": "delete",
        "entityId": 7,
    }


def test_a_total_is_read_where_older_pages_put_it(say):
    """Contract 13.10."""
    assert wire.read(say.ok([], total=7), NOW).meta["total"] == 7
    assert wire.read(say.ok([], total=7, meta={"total": 8}), NOW).meta["total"] == 8


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"7", b"{}", b'{"success":true}', b'{"a"'])
def test_a_success_that_is_not_the_envelope_is_unreadable(body):
    """Garbage under 200 proves nothing."""
    with pytest.raises(wire.UnreadableAnswer):
        wire.read(PortalAnswer(200, {}, body), NOW)


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (b'{"data": "half an emoji \\ud83d"}', "half an emoji \ufffd"),
        (b'{"data": "\\ude00 the other half"}', "\ufffd the other half"),
        (b'{"data": "\\ud83d\\ude00 whole, and \\ud83d"}', "\U0001f600 whole, and \ufffd"),
        (b'\xef\xbb\xbf{"data": 1}', 1),
        (b'\n\n {"data": 1}\n', 1),
        (b'{"data": "cut \xf0\x9f"}', "cut \ufffd"),
        (b'{"data": {"\\ud83d": ["\\ud83d"]}}', {"\ufffd": ["\ufffd"]}),
    ],
)
def test_what_is_legal_or_nearly_is_read(body, data):
    """One irregular character closes nothing."""
    assert wire.read(PortalAnswer(200, {}, body), NOW).data == data


def test_a_value_that_is_no_json_spoils_its_field_alone():
    """NaN is read as a number that no field takes: rows.py names it."""
    data = wire.read(PortalAnswer(200, {}, b'{"data": [{"id": 1, "timeEstimate": NaN}]}'), NOW).data
    assert live_task(data[0]).unreadable == "timeEstimate: NaN"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<br />\n<b>Notice</b>: Undefined index in x.php\n{}", "line 1 column 1, it begins"),
        (b'{"data": [1,,2]}', "line 1 column 13, it begins"),
        (b"", "it is empty"),
        (b"[" * 100_000, "nests too deeply"),
        (b'{"data": ' + b"1" * 5000 + b"}", "a number too long"),
        (b"x" * 100_000, 'it begins "xxxx'),
    ],
)
def test_what_is_not_the_apis_is_told_with_status_type_place_and_first_words(body, words):
    """So that a person sees what answered instead."""
    answer = PortalAnswer(200, {"Content-Type": "text/html; charset=UTF-8"}, body)
    with pytest.raises(wire.UnreadableAnswer, match="HTTP 200, text/html") as caught:
        wire.read(answer, NOW)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 300


def test_no_content_is_a_success():
    """The delete seed."""
    assert wire.read(PortalAnswer(204), NOW).fault is None


def test_a_redirect_is_not_followed_and_named_without_its_query():
    """The key must not go to another host."""
    with pytest.raises(wire.UnreadableAnswer, match="redirect") as caught:
        wire.read(PortalAnswer(302, {"location": "https://evil.example/x?key=1"}), NOW)
    assert "key=1" not in str(caught.value)


@pytest.mark.parametrize(
    ("headers", "more", "seconds"),
    [
        ({}, {"retryAfter": 2}, 2.0),
        ({}, {"retryAfter": "3"}, 3.0),
        ({"retry-after": "4"}, {}, 4.0),
        ({"Retry-After": "Tue, 12 May 2026 12:00:09 GMT"}, {}, 9.0),
        ({"Retry-After": "Tue, 12 May 2026 11:00:00 GMT"}, {}, 0.0),
        ({"Retry-After": "soon"}, {}, None),
        ({"Retry-After": "5"}, {"retryAfter": 2}, 2.0),
        ({}, {"retryAfter": -1}, None),
        ({}, {"retryAfter": True}, None),
        ({}, {}, None),
    ],
)
def test_when_to_come_again(say, headers, more, seconds):
    """`error.retryAfter`, else the header as seconds or as a date (contract 5.1)."""
    fault = wire.read(
        say.no(429, "RATE_LIMITED", "QUERY_LIMIT_EXCEEDED", headers, **more), NOW
    ).fault
    assert fault is not None
    assert fault.retry_after == seconds


def test_errors_of_calls_may_be_a_map_a_list_or_nothing(say):
    """Contract 13.14."""
    for empty in ({}, [], None):
        calls = wire.calls_of(wire.read(say.ok({"results": {"c0": True}, "errors": empty}), NOW))
        assert (calls.results, calls.faults) == ({"c0": True}, {})
    calls = wire.calls_of(wire.read(say.ok({"results": [], "errors": {"c0": {"code": "X"}}}), NOW))
    assert calls.faults["c0"].code == "X"
    with pytest.raises(wire.UnreadableAnswer):
        wire.calls_of(wire.read(say.ok([]), NOW))


def test_a_batch_refused_call_by_call_is_read_so():
    """400 with data.errors (contract 3)."""
    body = {
        "success": False,
        "error": {"code": "INVALID_REQUEST", "message": "All calls in the batch failed validation"},
        "data": {"errors": {"c0": {"code": "MISSING_ENTITY_ID", "message": "…"}}},
    }
    reply = wire.read(PortalAnswer(400, {}, orjson.dumps(body)), NOW)
    assert wire.calls_of(reply).faults["c0"].code == "MISSING_ENTITY_ID"


@pytest.mark.parametrize(
    ("result", "remote"),
    [
        ({"id": "3871"}, 3871),
        ({"id": 3871}, 3871),
        ({"ID": "3871"}, 3871),
        ([{"ID": "3871"}], 3871),
        ({"task": {"id": "3871"}}, 3871),
        ({"id": "0"}, None),
        ({"id": True}, None),
        ({"id": None}, None),
        ({"id": "x"}, None),
        ({}, None),
        ([], None),
        (None, None),
        (True, None),
        (3871, None),
        ("3871", None),
    ],
)
def test_only_a_task_object_has_a_usable_id(result, remote):
    """A bare number may count rows: it is never taken for a task of ours."""
    assert wire.usable_id(wire.task_in(result)) == remote


@pytest.mark.parametrize(
    "text",
    [
        "OPERATION_TIME_LIMIT",
        "Method is blocked due to operation time limit. OPERATION_TIME_LIMIT<br>",
        "QUERY_LIMIT_EXCEEDED",
    ],
)
def test_some_refusals_are_none(text):
    """422 BITRIX_ERROR with the text OPERATION_TIME_LIMIT may be repeated (contract 5.2)."""
    assert (
        wire.fault_of({"code": "BITRIX_ERROR", "message": text}, 422).error_class
        is ErrorClass.AMBIGUOUS
    )


def test_the_native_error_beside_the_envelope_is_read():
    """422 on /v1/batch carries bitrixError (contract 3)."""
    body = {
        "success": False,
        "error": {"code": "BITRIX_ERROR", "message": "failed"},
        "bitrixError": {"error": "OPERATION_TIME_LIMIT", "error_description": "too long"},
    }
    fault = wire.read(PortalAnswer(422, {}, orjson.dumps(body)), NOW).fault
    assert fault is not None
    assert fault.error_class is ErrorClass.AMBIGUOUS
    assert "too long" in fault.text


@pytest.mark.parametrize(
    ("code", "text", "missing"),
    [
        ("ENTITY_NOT_FOUND", "", True),
        ("NOT_FOUND", "", True),
        ("BITRIX_ERROR", "task 999999999 not found", True),
        (
            "BITRIX_ERROR",
            "TASKS_ERROR_EXCEPTION_#512; 512/TE/ITEM_NOT_FOUND_OR_NOT_ACCESSIBLE",
            True,
        ),
        ("BITRIX_ERROR", "Action on the task is not allowed", False),
        ("BITRIX_ERROR", "OPERATION_TIME_LIMIT", False),
        ("BITRIX_ACCESS_DENIED", "task 7 not found", False),
        ("INTERNAL_ERROR", "not found", False),
        ("", "not found", False),
    ],
)
def test_a_task_is_missing_only_where_it_is_said(code, text, missing):
    """Anything else may be a task that we cannot see or a portal that is not well."""
    assert wire.says_missing(wire.fault_of({"code": code, "message": text})) is missing


def test_a_bad_title_is_told_whether_code_or_text():
    """The create seed does not say where TASKS_BAD_TITLE stands."""
    for error in (
        {"code": "TASKS_BAD_TITLE"},
        {"code": "BITRIX_ERROR", "message": "TASKS_BAD_TITLE"},
    ):
        assert "250" in said(wire.fault_of(error, 400))


#: every code of the seeds and of contract 3 and 5.2, with the status it comes under
TABLE = """
400 BITRIX_ERROR READONLY_FIELD VALIDATION_ERROR INVALID_PARAMS INVALID_REQUEST MISSING_PARAMS
400 MISSING_REQUIRED_FILTER INVALID_FILTER_FIELD INVALID_FILTER_OPERATOR INVALID_FILTER
400 UNKNOWN_SORT_FIELD INVALID_SORT_TYPE INVALID_SORT_DIRECTION UNSTABLE_OFFSET_PAGINATION
400 BATCH_LIMIT_EXCEEDED INCLUDE_LIMIT_EXCEEDED INVALID_INCLUDE INVALID_ID UNKNOWN_ENTITY
400 ACTION_NOT_SUPPORTED MISSING_ENTITY_ID MISSING_DYNAMIC_PARAM INVALID_DYNAMIC_PARAM
400 USE_DEDICATED_ENTITY ENTITY_CUSTOM_ROUTES INVALID_CALL TASKS_BAD_TITLE
401 MISSING_API_KEY INVALID_API_KEY INVALID_APP_KEY TOKEN_MISSING TOKEN_EXPIRED
401 TOKEN_REFRESH_FAILED WRONG_KEY_TYPE KEY_INACTIVE KEY_EXPIRED INVALID_SESSION
402 BILLING_EXHAUSTED ACCOUNT_FROZEN COMMERCIAL_PLAN_REQUIRED TRIAL_EXPIRED
403 SCOPE_DENIED SCOPE_NOT_ALLOWED BITRIX_ACCESS_DENIED ACCESS_DENIED OAUTH_REQUIRED
403 WAITLIST_PENDING MANAGEMENT_KEY_READ_ONLY MANAGEMENT_KEY_NO_ENTITY_ACCESS IP_NOT_ALLOWED
403 WRITE_BLOCKED_READONLY_KEY KEY_POLICY_READONLY_REQUIRED UPDATE_FAILED B24_TARIFF_RESTRICTION
404 ENTITY_NOT_FOUND NOT_FOUND
409 CONFLICT ALREADY_EXISTS
422 BITRIX_ERROR AGGREGATION_LIMIT_EXCEEDED
429 RATE_LIMITED ERROR_LOOP_DETECTED
500 INTERNAL_ERROR
502 BITRIX_UNAVAILABLE WINDOWED_SEARCH_FAILED
504 QUEUE_TIMEOUT
503 QUEUE_OVERFLOW OPERATION_TIME_LIMIT TIMEOUT_QUARANTINE BITRIX_TIMEOUT AUTO_PAGINATION_FAILED
"""
ROWS = [(int(line[:3]), code) for line in TABLE.split("\n") if line for code in line[4:].split()]
EXIT_7 = {401, 403}


@pytest.mark.parametrize(("status", "code"), ROWS)
def test_every_code_has_its_message_advice_and_exit(status, code):
    """One clear line with the code, advice, exit 7 for keys and rights."""
    error = error_of(CallError(code, "words of the portal<br>", status), "Reading tasks")
    assert code in error.message
    assert '"words of the portal"' in error.message
    assert error.advice
    assert error.code == code
    assert (error.exit_code == 7) is (status in EXIT_7 and code != "B24_TARIFF_RESTRICTION")
    if status >= 500 or status == 429:
        assert isinstance(error, errors.PortalUnavailable | errors.PortalBlocked)


def test_no_code_of_the_table_is_forgotten():
    """And no row of ours lacks a test."""
    assert set(CODES) == {code for _, code in ROWS} - {"TRIAL_EXPIRED"} | {"QUERY_LIMIT_EXCEEDED"}


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 408, 0])
def test_an_unknown_code_is_never_taken_for_a_refusal(status):
    """Whatever a gateway writes into its 5xx."""
    assert meaning_of(CallError("SOMETHING_NEW", "", status)).error_class is ErrorClass.AMBIGUOUS
    if status >= 500:
        assert meaning_of(CallError("BITRIX_ERROR", "", status)).error_class is ErrorClass.AMBIGUOUS


def test_the_portals_words_cannot_draw_on_a_terminal():
    """Controls are escaped, <br> goes, and there is an end."""
    assert portal_words("a\x1b[31m\nb<br/> <BR>") == '"a\\x1b[31m\\x0ab"'
    assert len(portal_words("x" * 9999)) < 600
    assert portal_words(" <br>") == ""


@pytest.mark.parametrize(
    "text",
    [
        "a" + " " * 300_000 + "b",
        "x" + "<br>" * 75_000 + "y",
        "task " * 60_000,
        "задача " * 60_000,
        "<br" * 100_000,
    ],
    ids=["blanks", "breaks", "tasks", "Russian tasks", "open breaks"],
)
def test_words_without_end_are_cut_before_they_are_searched(monkeypatch, text):
    """Design 9: 300 KB of an error took minutes in a regular expression."""
    searched = []

    class Watched:
        def __init__(self, real):
            self.real = real

        def search(self, words):
            searched.append(len(words))
            return self.real.search(words)

        def sub(self, put, words):
            searched.append(len(words))
            return self.real.sub(put, words)

    for module, name in (
        (wire, "_MISSING_WORDS"),
        (error_codes, "_BREAKS"),
        (error_codes, "_CONTROLS"),
    ):
        monkeypatch.setattr(module, name, Watched(getattr(module, name)))
    error = {"code": "BITRIX_ERROR", "message": text}
    body = orjson.dumps({"success": False, "error": error, "bitrixError": error})
    fault = wire.read(PortalAnswer(400, {}, body), NOW).fault
    assert fault is not None
    assert not wire.says_missing(fault)
    assert len(str(error_of(fault))) < 1000
    assert len(searched) >= 3
    assert max(searched) <= 2 * wire._LONGEST_TEXT + 1  # the portal's words and Bitrix24's own


@pytest.mark.parametrize(
    "code", ["C" * 300_000, {"a": [1] * 9}, [1], 10**300], ids=["long", "object", "list", "number"]
)
def test_a_code_of_any_kind_is_short(code):
    """It stands in a message for people."""
    body = json.dumps({"success": False, "error": {"code": code, "message": ""}}).encode()
    fault = wire.read(PortalAnswer(400, {}, body), NOW).fault
    assert fault is not None
    assert len(fault.code) <= 100


def test_numbers_and_depths_without_end_are_no_fault_of_ours():
    """A wait of 400 digits, an id of 5000, and nesting that one reader takes and another not."""
    wait = b'{"success":false,"error":{"code":"X","retryAfter":1%s},"n":NaN}' % (b"0" * 400)
    fault = wire.read(PortalAnswer(400, {}, wait), NOW).fault
    assert fault is not None
    assert fault.retry_after is None
    assert wire.usable_id({"id": "9" * 5000}) is None
    for depth in range(100, 1000, 50):
        body = b'{"data":' + b"[" * depth + b'"\\ud800"' + b"]" * depth + b"}"
        with suppress(wire.UnreadableAnswer):
            wire.read(PortalAnswer(200, {}, body), NOW)


@pytest.mark.parametrize("raw", [2**63, str(2**63), "9" * 19, "9" * 5000, True, 0, 1.0])
def test_an_id_that_no_store_can_hold_proves_nothing(raw):
    assert wire.usable_id({"id": raw}) is None


def test_the_largest_id_is_one():
    assert wire.usable_id({"id": str(2**63 - 1)}) == 2**63 - 1
