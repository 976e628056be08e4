"""What a fault does to one request: the deed done or not, and the answer spoilt."""

from __future__ import annotations

from collections.abc import Callable

from tasksync.sandbox.faults.delayed_work import DelayedWork
from tasksync.sandbox.faults.fault_rules import OF_A_CALL, FaultKind, Rule
from tasksync.sandbox.json_codec import Json, dumps, loads
from tasksync.sandbox.model.clock import PortalClock
from tasksync.sandbox.web.batch import call_error, without_id
from tasksync.sandbox.web.connection_faults import BrokenBody, ConnectionLost, Hang
from tasksync.sandbox.web.error_defaults import DEFAULT_CODES, RETRY_AFTER
from tasksync.sandbox.web.http_messages import Refused, Response, WebRequest, reply

Answer = Callable[[WebRequest, Rule | None], Response]
_HTML = b"<!doctype html><html><body><h1>502 Bad Gateway</h1><hr>nginx</body></html>"
_BATCH = "/v1/batch"


def apply_fault(
    rule: Rule, request: WebRequest, answer: Answer, clock: PortalClock, later: DelayedWork
) -> Response:
    """Answer a request under a fault; raises ConnectionLost, Hang or BrokenBody."""
    match rule.kind:
        case FaultKind.LATE:
            later.add(rule.seconds, lambda: answer(request, None))
            return _at_once(rule)
        case FaultKind.SLOW:
            clock.sleep(rule.seconds)
            return answer(request, None)
        case FaultKind.SPLIT:
            return _split(rule, request, answer)
        case kind if kind in OF_A_CALL:
            return _spoilt(rule, request, answer)
        case _:
            return _bad(rule, answer(request, None) if rule.executed else None)


def _bad(rule: Rule, done: Response | None) -> Response:
    """The answer, whatever became of the deed."""
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
            return error(rule, rule.status or 502)


def error(rule: Rule, status: int) -> Response:
    """The vendor's error body for a status, as the rule words it."""
    code = rule.code or DEFAULT_CODES.get(status, "INTERNAL_ERROR")
    wait = RETRY_AFTER.get(code) if rule.retry_after is None else rule.retry_after
    message = rule.message or _message(code)
    return Refused(status, code, message, retry_after=wait).response()


def _message(code: str) -> str:
    known = {
        "RATE_LIMITED": "QUERY_LIMIT_EXCEEDED",
        "QUEUE_TIMEOUT": "The request waited too long in the portal's queue",
        "BITRIX_UNAVAILABLE": "Bitrix24 did not answer in time",
        "ERROR_LOOP_DETECTED": "Vibe-side block (not a Bitrix24 limit). "
        "12 failures on tasks.task.add in the last hour.",
    }
    return known.get(code, code.replace("_", " ").capitalize())


def _at_once(rule: Rule) -> Response:
    if rule.answer == "lost":
        raise ConnectionLost
    return error(rule, int(rule.answer))


def _split(rule: Rule, request: WebRequest, answer: Answer) -> Response:
    if request.path == _BATCH:
        body = request.document()
        cut = dumps({**body, "calls": body.get("calls", [])[: rule.calls]})
        answer(_with_body(request, cut), None)
    return error(rule, rule.status or 502)


def _with_body(asked: WebRequest, body: bytes) -> WebRequest:
    return WebRequest(asked.method, asked.path, asked.query, asked.headers, body, asked.peer)


def _spoilt(rule: Rule, request: WebRequest, answer: Answer) -> Response:
    """Inside a batch the call is struck; a single answer's `data` is spoilt the same way."""
    if request.path == _BATCH:
        return answer(request, rule)
    if rule.kind is FaultKind.CALL_ERROR:
        if rule.executed:
            answer(request, None)
        return reply({"success": False, "error": call_error(rule)}, rule.status or 502)
    done = answer(request, None) if rule.executed else reply({"success": True, "data": {}})
    document: Json = loads(done.body) if done.body else {}
    if "data" in document:
        keep = rule.kind is FaultKind.RESULT_NO_ID
        document["data"] = without_id(document["data"]) if keep else None
    return reply(document, done.status)
