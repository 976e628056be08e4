"""POST /v1/batch: up to 50 calls over any entities, each answered by its own id (contract 3).

Calls are independent and done in their order. What fails validation, and what the portal refuses,
stands in `data.errors`; only when no call at all is valid is the whole request a 400.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tasksync.sandbox.json_codec import Json
from tasksync.sandbox.model.quirk_values import EmptyErrors, KeyCase, MissingTask, WriteResult
from tasksync.sandbox.web import api_keys
from tasksync.sandbox.web.entity_handlers import Handler, ListingResult, TaskHandler, handler_of
from tasksync.sandbox.web.error_defaults import DEFAULT_CODES, RETRY_AFTER
from tasksync.sandbox.web.http_messages import ApiError
from tasksync.sandbox.web.row_format import with_native_keys

if TYPE_CHECKING:
    from tasksync.sandbox.faults.fault_rules import FaultRule

MAX_CALLS = 50
MAX_ID_LENGTH = 64
READS = ("list", "get", "fields", "search")
WRITES = ("create", "update", "delete")
WITH_ID = ("get", "update", "delete")


@dataclass(frozen=True, slots=True)
class BatchCall:
    """One valid call."""

    index: int
    id: str
    action: str
    handler: Handler
    entity_id: int
    params: Json


@dataclass(slots=True)
class BatchAnswers:
    """`data` of the answer while it is built."""

    results: Json = field(default_factory=dict)
    totals: Json = field(default_factory=dict)
    errors: Json = field(default_factory=dict)
    meta: Json = field(default_factory=dict)

    def document(self, total: int, empty: EmptyErrors) -> Json:
        """The finished `data`."""
        failed = len(self.errors)
        return {
            "results": self.results,
            "totals": self.totals,
            "errors": self.errors or ({} if empty is EmptyErrors.MAP else []),
            "summary": {"total": total, "succeeded": total - failed, "failed": failed},
            "meta": self.meta,
        }


def perform(body: Json, tasks: TaskHandler, fault_rule: FaultRule | None = None) -> Json:
    """Do the calls and give `data`; raises ApiError when none of them is valid."""
    raw = calls_of(body)
    answers = BatchAnswers()
    with tasks.world.writing() if _writes(raw) else tasks.world.reading():
        valid = list(_validated(raw, tasks, answers))
        if not valid:
            raise _all_invalid(answers)
        for call in valid:
            fault = fault_rule if fault_rule and fault_rule.selects(call.index, call.id) else None
            _do(call, tasks, answers, fault)
    if tasks.quirks.swapped_results:
        _rotate_results([call.id for call in valid if call.action == "create"], answers)
    return answers.document(len(raw), tasks.quirks.batch_errors)


def calls_of(body: Json) -> list[Any]:
    """The list of calls; raises INVALID_REQUEST for none, too many, or no list."""
    raw = body.get("calls")
    if not isinstance(raw, list):
        raise ApiError(400, "INVALID_REQUEST", "calls: Expected array")
    if not raw:
        message = "calls: Array must contain at least 1 element(s)"
        raise ApiError(400, "INVALID_REQUEST", message)
    if len(raw) > MAX_CALLS:
        message = f"calls: Array must contain at most {MAX_CALLS} element(s)"
        raise ApiError(400, "INVALID_REQUEST", message)
    return raw


def _writes(raw: list[Any]) -> bool:
    return any(isinstance(one, dict) and one.get("action") in WRITES for one in raw)


def _validated(raw: list[Any], tasks: TaskHandler, answers: BatchAnswers) -> Iterator[BatchCall]:
    for index, one in enumerate(raw):
        members = one if isinstance(one, dict) else {}
        id_ = str(members.get("id", index))
        try:
            yield _call(index, id_, members, tasks)
        except ApiError as refusal:
            if refusal.code == "MISSING_ENTITY_ID" and tasks.quirks.missing_entity_id == "batch":
                raise
            answers.errors[id_] = refusal.error()


def _call(index: int, id_: str, members: Json, tasks: TaskHandler) -> BatchCall:
    if not members or len(id_) > MAX_ID_LENGTH:
        raise ApiError(
            400, "INVALID_CALL", "A call is an object with an id of at most 64 characters"
        )
    entity, action = members.get("entity"), members.get("action")
    found = handler_of(str(entity), tasks)
    if found is None:
        message = f'Unknown entity "{entity}". Check GET /v1/guide for available entities.'
        raise ApiError(400, "UNKNOWN_ENTITY", message)
    if action not in READS and (action not in WRITES or found is not tasks):
        message = f'Action "{action}" is not supported for entity "{entity}".'
        raise ApiError(400, "ACTION_NOT_SUPPORTED", message)
    if not tasks.key.may(found.scope, tasks.quirks):
        raise ApiError(403, "SCOPE_NOT_ALLOWED", f"The API key does not have scope '{found.scope}'")
    if action in WRITES:
        api_keys.check_writable(tasks.key)
    params = members.get("params") or {}
    if not isinstance(params, dict):
        raise ApiError(400, "INVALID_CALL", "params: Expected object")
    return BatchCall(index, id_, str(action), found, _entity_id(action, members), params)


def _entity_id(action: Any, members: Json) -> int:
    if action not in WITH_ID:
        return 0
    given = members.get("entityId")
    if given is None or given == "":
        raise ApiError(400, "MISSING_ENTITY_ID", f'Action "{action}" requires entityId.')
    if isinstance(given, bool) or not str(given).isdigit() or int(given) < 1:
        raise ApiError(400, "INVALID_CALL", "entityId must be a positive integer")
    return int(given)


def _all_invalid(answers: BatchAnswers) -> ApiError:
    """400, but 403 when all that is wrong is the key (contract 3)."""
    codes = {error["code"] for error in answers.errors.values()}
    extra = {"data": {"errors": answers.errors}}
    for code in ("SCOPE_NOT_ALLOWED", "WRITE_BLOCKED_READONLY_KEY"):
        if codes == {code}:
            message = next(iter(answers.errors.values()))["message"]
            return ApiError(403, code, message, extra=extra)
    return ApiError(400, "INVALID_REQUEST", "All calls in the batch failed validation", extra=extra)


def _do(
    call: BatchCall, tasks: TaskHandler, answers: BatchAnswers, fault: FaultRule | None
) -> None:
    if fault and not fault.executed:
        _answer_with_fault(call, None, answers, fault)
        return
    try:
        result = _result(call, tasks)
    except ApiError as refusal:
        answers.errors[call.id] = _as_batch_error(refusal, tasks.quirks.missing_call).error()
        return
    if fault:
        _answer_with_fault(call, result, answers, fault)
        return
    if result is WriteResult.MISSING:
        return
    if isinstance(result, ListingResult):
        answers.totals[call.id] = result.page.total
        answers.meta[call.id] = {"total": result.page.total, "returned": len(result.rows)}
        answers.meta[call.id] |= {"truncated": False, **result.page.meta}
        result = result.rows
    answers.results[call.id] = (
        _with_native_keys(result) if tasks.quirks.batch_keys is KeyCase.UPPER else result
    )


def _result(call: BatchCall, tasks: TaskHandler) -> Any:
    if call.action in WRITES:
        return _written(call, tasks)
    reads: dict[str, Callable[[], Any]] = {
        "list": lambda: call.handler.list_page(call.params),
        "search": lambda: call.handler.list_page(call.params),
        "get": lambda: call.handler.single(call.entity_id),
        "fields": call.handler.schema,
    }
    return reads[call.action]()


def _written(call: BatchCall, tasks: TaskHandler) -> Any:
    if call.action == "create":
        return tasks.create(call.params)
    if call.action == "update":
        updated = tasks.update(call.entity_id, call.params)
        return _in_shape(updated, tasks.quirks.update_result)
    tasks.delete(call.entity_id)
    return _in_shape({"id": str(call.entity_id)}, tasks.quirks.delete_result)


def _in_shape(result: Json, shape: WriteResult) -> Any:
    if shape is WriteResult.OBJECT:
        return result
    answers = {WriteResult.TRUE: True, WriteResult.EMPTY: [], WriteResult.MISSING: shape}
    return answers.get(shape)


def _rotate_results(ids: list[str], answers: BatchAnswers) -> None:
    """Each answered create's result under the next one's id."""
    answered = [id_ for id_ in ids if id_ in answers.results]
    results = [answers.results[id_] for id_ in answered]
    answers.results.update(zip(answered, [*results[1:], *results[:1]], strict=True))


def _as_batch_error(refusal: ApiError, missing: MissingTask) -> ApiError:
    """What a missing task is called inside a batch is not documented (contract 3)."""
    if refusal.status != 404:  # noqa: PLR2004
        return refusal
    code = MissingTask.ENTITY_NOT_FOUND if missing is MissingTask.EMPTY else missing
    return ApiError(404, code.value, refusal.message)


def _with_native_keys(result: Any) -> Any:
    return (
        [with_native_keys(row) for row in result]
        if isinstance(result, list)
        else with_native_keys(result)
    )


def _answer_with_fault(
    call: BatchCall, result: Any, answers: BatchAnswers, rule: FaultRule
) -> None:
    from tasksync.sandbox.faults.fault_rules import FaultKind

    match rule.kind:
        case FaultKind.CALL_ERROR:
            answers.errors[call.id] = call_error(rule)
        case FaultKind.RESULT_NULL:
            answers.results[call.id] = None
        case FaultKind.RESULT_NO_ID:
            answers.results[call.id] = without_id(result)
        case _:
            pass


def call_error(rule: FaultRule) -> Json:
    """The error that a `call_error` rule answers for a call."""
    code = rule.code or DEFAULT_CODES.get(rule.status, "BITRIX_UNAVAILABLE")
    message = rule.message or "Bitrix24 did not answer in time"
    wait = RETRY_AFTER.get(code) if rule.retry_after is None else rule.retry_after
    return ApiError(rule.status or 502, code, message, retry_after=wait).error()


def without_id(result: Any) -> Any:
    """The result without its id."""
    members = result if isinstance(result, dict) else {}
    return {name: value for name, value in members.items() if name not in {"id", "ID"}}
