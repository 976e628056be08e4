"""POST /v1/batch: up to 50 calls over any entities, each answered by its own id (contract 3).

Calls are independent and done in their order. What fails validation, and what the portal refuses,
stands in `data.errors`; only when no call at all is valid is the whole request a 400.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tasksync.sandbox.faults.fault_rules import FaultKind, Rule
from tasksync.sandbox.json_codec import Json
from tasksync.sandbox.model.quirks import Empty, Gone, Keys, WriteResult
from tasksync.sandbox.web import api_keys
from tasksync.sandbox.web.error_defaults import DEFAULT_CODES, RETRY_AFTER
from tasksync.sandbox.web.handlers import Handler, Listed, TaskHandler, handler_of
from tasksync.sandbox.web.http_messages import Refused
from tasksync.sandbox.web.row_format import upper_keys

MOST_CALLS = 50
LONGEST_ID = 64
LOOKS = ("list", "get", "fields", "search")
WRITES = ("create", "update", "delete")
WITH_ID = ("get", "update", "delete")


@dataclass(frozen=True, slots=True)
class Call:
    """One valid call."""

    index: int
    id: str
    action: str
    handler: Handler
    entity_id: int
    params: Json


@dataclass(slots=True)
class BatchAnswers:
    """`data` of the answer while it grows."""

    results: Json = field(default_factory=dict)
    totals: Json = field(default_factory=dict)
    errors: Json = field(default_factory=dict)
    meta: Json = field(default_factory=dict)

    def document(self, total: int, empty: Empty) -> Json:
        """The whole of it."""
        failed = len(self.errors)
        return {
            "results": self.results,
            "totals": self.totals,
            "errors": self.errors or ({} if empty is Empty.MAP else []),
            "summary": {"total": total, "succeeded": total - failed, "failed": failed},
            "meta": self.meta,
        }


def perform(body: Json, tasks: TaskHandler, mischief: Rule | None = None) -> Json:
    """Do the calls and give `data`; raises Refused when not one of them is valid."""
    raw = calls_of(body)
    tally = BatchAnswers()
    with tasks.world.writing() if _writes(raw) else tasks.world.reading():
        valid = list(_validated(raw, tasks, tally))
        if not valid:
            raise _all_invalid(tally)
        for call in valid:
            struck = mischief if mischief and mischief.selects(call.index, call.id) else None
            _do(call, tasks, tally, struck)
    if tasks.quirks.swapped_results:
        _swap([call.id for call in valid if call.action == "create"], tally)
    return tally.document(len(raw), tasks.quirks.batch_errors)


def calls_of(body: Json) -> list[Any]:
    """The list of calls; raises INVALID_REQUEST for none, too many, or no list."""
    raw = body.get("calls")
    if not isinstance(raw, list):
        raise Refused(400, "INVALID_REQUEST", "calls: Expected array")
    if not raw:
        message = "calls: Array must contain at least 1 element(s)"
        raise Refused(400, "INVALID_REQUEST", message)
    if len(raw) > MOST_CALLS:
        message = f"calls: Array must contain at most {MOST_CALLS} element(s)"
        raise Refused(400, "INVALID_REQUEST", message)
    return raw


def _writes(raw: list[Any]) -> bool:
    return any(isinstance(one, dict) and one.get("action") in WRITES for one in raw)


def _validated(raw: list[Any], tasks: TaskHandler, tally: BatchAnswers) -> Iterator[Call]:
    for index, one in enumerate(raw):
        told = one if isinstance(one, dict) else {}
        id_ = str(told.get("id", index))
        try:
            yield _call(index, id_, told, tasks)
        except Refused as refusal:
            if refusal.code == "MISSING_ENTITY_ID" and tasks.quirks.missing_entity_id == "batch":
                raise
            tally.errors[id_] = refusal.error()


def _call(index: int, id_: str, told: Json, tasks: TaskHandler) -> Call:
    if not told or len(id_) > LONGEST_ID:
        raise Refused(
            400, "INVALID_CALL", "A call is an object with an id of at most 64 characters"
        )
    entity, action = told.get("entity"), told.get("action")
    found = handler_of(str(entity), tasks)
    if found is None:
        message = f'Unknown entity "{entity}". Check GET /v1/guide for available entities.'
        raise Refused(400, "UNKNOWN_ENTITY", message)
    if action not in LOOKS and (action not in WRITES or found is not tasks):
        message = f'Action "{action}" is not supported for entity "{entity}".'
        raise Refused(400, "ACTION_NOT_SUPPORTED", message)
    if not tasks.key.may(found.scope, tasks.quirks):
        raise Refused(403, "SCOPE_NOT_ALLOWED", f"The API key does not have scope '{found.scope}'")
    if action in WRITES:
        api_keys.writable(tasks.key)
    params = told.get("params") or {}
    if not isinstance(params, dict):
        raise Refused(400, "INVALID_CALL", "params: Expected object")
    return Call(index, id_, str(action), found, _entity_id(action, told), params)


def _entity_id(action: Any, told: Json) -> int:
    if action not in WITH_ID:
        return 0
    given = told.get("entityId")
    if given is None or given == "":
        raise Refused(400, "MISSING_ENTITY_ID", f'Action "{action}" requires entityId.')
    if isinstance(given, bool) or not str(given).isdigit() or int(given) < 1:
        raise Refused(400, "INVALID_CALL", "entityId must be a positive integer")
    return int(given)


def _all_invalid(tally: BatchAnswers) -> Refused:
    """400, but 403 when all that is wrong is the key (contract 3)."""
    codes = {error["code"] for error in tally.errors.values()}
    extra = {"data": {"errors": tally.errors}}
    for code in ("SCOPE_NOT_ALLOWED", "WRITE_BLOCKED_READONLY_KEY"):
        if codes == {code}:
            message = next(iter(tally.errors.values()))["message"]
            return Refused(403, code, message, extra=extra)
    return Refused(400, "INVALID_REQUEST", "All calls in the batch failed validation", extra=extra)


def _do(call: Call, tasks: TaskHandler, tally: BatchAnswers, struck: Rule | None) -> None:
    if struck and not struck.executed:
        _answer_badly(call, None, tally, struck)
        return
    try:
        result = _result(call, tasks)
    except Refused as refusal:
        tally.errors[call.id] = _renamed(refusal, tasks.quirks.missing_call).error()
        return
    if struck:
        _answer_badly(call, result, tally, struck)
        return
    if result is WriteResult.MISSING:
        return
    if isinstance(result, Listed):
        tally.totals[call.id] = result.page.total
        tally.meta[call.id] = {"total": result.page.total, "returned": len(result.rows)}
        tally.meta[call.id] |= {"truncated": False, **result.page.meta}
        result = result.rows
    tally.results[call.id] = _cased(result) if tasks.quirks.batch_keys is Keys.UPPER else result


def _result(call: Call, tasks: TaskHandler) -> Any:
    if call.action in WRITES:
        return _written(call, tasks)
    looks: dict[str, Callable[[], Any]] = {
        "list": lambda: call.handler.many(call.params),
        "search": lambda: call.handler.many(call.params),
        "get": lambda: call.handler.one(call.entity_id),
        "fields": call.handler.schema,
    }
    return looks[call.action]()


def _written(call: Call, tasks: TaskHandler) -> Any:
    if call.action == "create":
        return tasks.make(call.params)
    if call.action == "update":
        made = tasks.change(call.entity_id, call.params)
        return _shaped(made, tasks.quirks.update_result)
    tasks.drop(call.entity_id)
    return _shaped({"id": str(call.entity_id)}, tasks.quirks.delete_result)


def _shaped(result: Json, shape: WriteResult) -> Any:
    if shape is WriteResult.OBJECT:
        return result
    answers = {WriteResult.TRUE: True, WriteResult.EMPTY: [], WriteResult.MISSING: shape}
    return answers.get(shape)


def _swap(ids: list[str], tally: BatchAnswers) -> None:
    """Each answered create's result under the next one's id."""
    there = [id_ for id_ in ids if id_ in tally.results]
    results = [tally.results[id_] for id_ in there]
    tally.results.update(zip(there, [*results[1:], *results[:1]], strict=True))


def _renamed(refusal: Refused, missing: Gone) -> Refused:
    """What a missing task is called inside a batch is not documented (contract 3)."""
    if refusal.status != 404:  # noqa: PLR2004
        return refusal
    code = Gone.ENTITY_NOT_FOUND if missing is Gone.EMPTY else missing
    return Refused(404, code.value, refusal.message)


def _cased(result: Any) -> Any:
    return [upper_keys(row) for row in result] if isinstance(result, list) else upper_keys(result)


def _answer_badly(call: Call, result: Any, tally: BatchAnswers, rule: Rule) -> None:
    match rule.kind:
        case FaultKind.CALL_ERROR:
            tally.errors[call.id] = call_error(rule)
        case FaultKind.RESULT_NULL:
            tally.results[call.id] = None
        case FaultKind.RESULT_NO_ID:
            tally.results[call.id] = without_id(result)
        case _:
            pass


def call_error(rule: Rule) -> Json:
    """The error that a `call_error` rule puts in a call's place."""
    code = rule.code or DEFAULT_CODES.get(rule.status, "BITRIX_UNAVAILABLE")
    message = rule.message or "Bitrix24 did not answer in time"
    wait = RETRY_AFTER.get(code) if rule.retry_after is None else rule.retry_after
    return Refused(rule.status or 502, code, message, retry_after=wait).error()


def without_id(result: Any) -> Any:
    """A result whose id got lost."""
    told = result if isinstance(result, dict) else {}
    return {name: value for name, value in told.items() if name not in {"id", "ID"}}
