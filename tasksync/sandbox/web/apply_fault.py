"""Applies an injected fault to one request: carried out or not, and answered badly."""

from __future__ import annotations

from collections.abc import Callable

from tasksync.sandbox.faults.delayed_work import DelayedWork
from tasksync.sandbox.faults.fault_rules import OF_A_CALL, FaultKind, FaultRule
from tasksync.sandbox.json_codec import Json, dumps, loads
from tasksync.sandbox.model.portal_clock import PortalClock
from tasksync.sandbox.web.batch import call_error, without_id
from tasksync.sandbox.web.connection_faults import BrokenBody, ConnectionLost, Hang
from tasksync.sandbox.web.error_defaults import DEFAULT_CODES, RETRY_AFTER
from tasksync.sandbox.web.http_messages import ApiError, Response, WebRequest, reply

Answerer = Callable[[WebRequest, FaultRule | None], Response]
_HTML = b"<!doctype html><html><body><h1>502 Bad Gateway</h1><hr>nginx</body></html>"
_BATCH = "/v1/batch"


def apply_fault(
    rule: FaultRule, request: WebRequest, answer: Answerer, clock: PortalClock, delayed: DelayedWork
) -> Response:
    """Answer a request under a fault; raises ConnectionLost, Hang or BrokenBody."""
    match rule.kind:
        case FaultKind.LATE:
            delayed.add(rule.seconds, lambda: answer(request, None))
            return _answer_of_late(rule)
        case FaultKind.SLOW:
            clock.sleep(rule.seconds)
            return answer(request, None)
        case FaultKind.SPLIT:
            return _split(rule, request, answer)
        case kind if kind in OF_A_CALL:
            return _in_one_call(rule, request, answer)
        case _:
            return _faulty_answer(rule, answer(request, None) if rule.executed else None)


def _faulty_answer(rule: FaultRule, done: Response | None) -> Response:
    """The faulty answer; `done` is the good one, when the request was carried out."""
    match rule.kind:
        case FaultKind.LOST | FaultKind.RESET:
            raise ConnectionLost(reset=rule.kind is FaultKind.RESET)
        case FaultKind.HANG:
            raise Hang(rule.seconds)
        case FaultKind.GARBAGE:
            return Response(rule.status or 502, {"Content-Type": "text/html"}, _HTML)
        case FaultKind.TRUNCATED | FaultKind.CHUNK:
            whole = done or reply({"success": True, "data": {"id": "0"}})
            raise BrokenBody(whole, chunked=rule.kind is FaultKind.CHUNK)
        case _:
            return error_response(rule, rule.status or 502)


def error_response(rule: FaultRule, status: int) -> Response:
    """The vendor's error body for a status, with the rule's own code and message."""
    code = rule.code or DEFAULT_CODES.get(status, "INTERNAL_ERROR")
    wait = RETRY_AFTER.get(code) if rule.retry_after is None else rule.retry_after
    message = rule.message or _message(code)
    return ApiError(status, code, message, retry_after=wait).response()


def _message(code: str) -> str:
    known = {
        "RATE_LIMITED": "QUERY_LIMIT_EXCEEDED",
        "QUEUE_TIMEOUT": "The request waited too long in the portal's queue",
        "BITRIX_UNAVAILABLE": "Bitrix24 did not answer in time",
        "ERROR_LOOP_DETECTED": "Vibe-side block (not a Bitrix24 limit). "
        "12 failures on tasks.task.add in the last hour.",
    }
    return known.get(code, code.replace("_", " ").capitalize())


def _answer_of_late(rule: FaultRule) -> Response:
    if rule.answer == "lost":
        raise ConnectionLost
    return error_response(rule, int(rule.answer))


def _split(rule: FaultRule, request: WebRequest, answer: Answerer) -> Response:
    if request.path == _BATCH:
        body = request.document()
        first_calls = dumps({**body, "calls": body.get("calls", [])[: rule.calls]})
        answer(_with_body(request, first_calls), None)
    return error_response(rule, rule.status or 502)


def _with_body(request: WebRequest, body: bytes) -> WebRequest:
    return WebRequest(
        request.method, request.path, request.query, request.headers, body, request.peer
    )


def _in_one_call(rule: FaultRule, request: WebRequest, answer: Answerer) -> Response:
    """In a batch the fault is applied to one call, else to the answer's `data` in the same way."""
    if request.path == _BATCH:
        return answer(request, rule)
    if rule.kind is FaultKind.CALL_ERROR:
        if rule.executed:
            answer(request, None)
        return reply({"success": False, "error": call_error(rule)}, rule.status or 502)
    done = answer(request, None) if rule.executed else reply({"success": True, "data": {}})
    document: Json = loads(done.body) if done.body else {}
    if "data" in document:
        no_id = rule.kind is FaultKind.RESULT_NO_ID
        document["data"] = without_id(document["data"]) if no_id else None
    return reply(document, done.status)
