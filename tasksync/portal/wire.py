"""Plain JSON in and out: bodies and batch calls out, envelopes and per-call answers in.

Envelopes: seeds and contract 5.1; `POST /v1/batch`: contract 3. The only file that looks into
the text of an error, since some things are said there alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeAlias

import orjson

from tasksync.core.change import Action, Change
from tasksync.core.fields import DEFERRED, FIELDS, FieldKind
from tasksync.late_patterns import pattern_of
from tasksync.portal import lenient_json, row_list
from tasksync.portal.error_codes import SPENT, CallError, portal_words
from tasksync.portal.messages import JSON_HEADERS, PortalAnswer, PortalRequest
from tasksync.portal.row_values import LARGEST
from tasksync.value_classes import dataclass, field

Json: TypeAlias = dict[str, Any]

NO_CONTENT = 204
INSTANTS = frozenset(name for name, one in FIELDS.items() if one.kind is FieldKind.INSTANT)

#: so much of an answer that is not the API's is shown (bytes)
_FIRST_WORDS = 80

#: Bitrix24's own words that stand under BITRIX_ERROR and say that nothing final was decided
#: (contract 5.2: a client's test shows "OPERATION_TIME_LIMIT" under 422 BITRIX_ERROR)
_AMBIGUOUS_WORDS = ("QUERY_LIMIT_EXCEEDED", "INTERNAL_SERVER_ERROR")
#: Bitrix24 counts a method's working time in baskets of a minute (contract 6.1)
SPENT_WAIT = 60.0
#: no id has more digits
_LONGEST_ID = 19
#: how Bitrix24 says under BITRIX_ERROR that a task is not there: "task 999999999 not found",
#: "…; 512/TE/ITEM_NOT_FOUND_OR_NOT_ACCESSIBLE" (delete seed, contract 2.4)
_MISSING_WORDS = pattern_of(
    r"NOT_FOUND|\btask\b(?:(?!\btask\b).)*\bnot found|задача(?:(?!задача).)* не найдена",
    re.IGNORECASE,
)
#: an error's words and its code are cut to so many characters before anything searches them
_LONGEST_TEXT, _LONGEST_CODE = 4000, 100


class UnreadableAnswer(Exception):
    """A body that is not the JSON it should be."""


# --- out ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Clear:
    """What a cleared date is sent as: "" or null; `dates_only`: nothing else, it is done."""

    value: str | None = ""
    dates_only: bool = False

    def other(self, *, dates_only: bool) -> Clear:
        """Return the other way."""
        return Clear(None if self.value == "" else "", dates_only)


EMPTY = Clear()


def body_of(change: Change, marker: str | None, clear: Clear = EMPTY) -> Json:
    """Return the body of a create or a PATCH."""
    if change.action is Action.DEFER:
        return {"status": DEFERRED}
    dates = dict.fromkeys(cleared_dates(change), clear.value)
    if clear.dates_only:
        return dates
    return {**change.sent(marker), **dates}


def cleared_dates(change: Change) -> tuple[str, ...]:
    """Return the dates that a PATCH clears: the API does not say how (contract 8.3)."""
    if change.action in {Action.CREATE, Action.DELETE, Action.DEFER}:
        return ()
    return tuple(name for name, value in change.body.items() if value is None and name in INSTANTS)


def call_of(name: str, change: Change, marker: str | None, clear: Clear = EMPTY) -> Json:
    """Return one call of a batch; entityId stands at call level (contract 3)."""
    match change.action:
        case Action.CREATE:
            return {**_call(name, "create"), "params": body_of(change, marker)}
        case Action.DELETE:
            return {**_call(name, "delete"), "entityId": change.id}
        case _:
            params = body_of(change, marker, clear)
            return {**_call(name, "update"), "entityId": change.id, "params": params}


def get_call(name: str, remote: int) -> Json:
    """Return the call that asks for one task by id."""
    return {**_call(name, "get"), "entityId": remote}


def list_call(name: str, remote: int, select: Sequence[str]) -> Json:
    """Return the call that lists one task by id, tags included: get knows no select."""
    params = {"filter": {"id": remote}, "select": list(select), "limit": 1}
    return {**_call(name, "list"), "params": params}


def titles_call(name: str, titles: Sequence[str], select: Sequence[str], limit: int) -> Json:
    """Return the call that lists the tasks of these titles."""
    title = titles[0] if len(titles) == 1 else {"$in": list(titles)}
    params = {"filter": {"title": title}, "select": list(select), "limit": limit}
    return {**_call(name, "list"), "params": params}


def _call(name: str, action: str) -> Json:
    return {"id": name, "entity": "tasks", "action": action}


def batch(calls: Iterable[Json]) -> PortalRequest:
    """Return the request that carries up to 50 calls."""
    return posted("/v1/batch", {"calls": list(calls)})


def single(change: Change, marker: str | None, clear: Clear = EMPTY) -> PortalRequest:
    """Return the request of the seeds' own route for one change."""
    match change.action:
        case Action.CREATE:
            return posted("/v1/tasks", body_of(change, marker))
        case Action.DELETE:
            return PortalRequest("DELETE", f"/v1/tasks/{change.id}")
        case _:
            body = orjson.dumps(body_of(change, marker, clear))
            return PortalRequest("PATCH", f"/v1/tasks/{change.id}", (), body, JSON_HEADERS)


def posted(path: str, body: Json) -> PortalRequest:
    """Return a POST of a JSON body."""
    return PortalRequest("POST", path, (), orjson.dumps(body), JSON_HEADERS)


# --- in -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, read: either a fault, or `data` and `meta` of a success.

    `calls` are the per-call answers that a refused batch may carry (contract 3).
    """

    data: Any = None
    meta: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    fault: CallError | None = None
    calls: Mapping[str, CallError] = field(default_factory=lambda: MappingProxyType({}))


def read(answer: PortalAnswer, now: datetime, *, rows: bool = False) -> Reply:
    """Read an answer of any status; raises Unreadable where a success is not in its envelope.

    With `rows` a long list may come as a RowList.
    """
    if answer.status == NO_CONTENT:
        return Reply(data=True)
    if 300 <= answer.status < 400:  # noqa: PLR2004
        raise UnreadableAnswer(_redirected(answer))
    document, where = (row_list.with_rows(answer.body) if rows else None), ""
    if document is None:
        document, where = lenient_json.loads(answer.body)
    if answer.status < 300:  # noqa: PLR2004
        return _success(document, answer, where)
    fault = _fault(document, answer.status, _retry_header(answer, now))
    return Reply(fault=fault, calls=_call_faults(document))


def _success(document: Any, answer: PortalAnswer, where: str) -> Reply:
    if not isinstance(document, dict) or not {"data", "success", "error"} & document.keys():
        raise UnreadableAnswer(_not_the_apis(answer, where))
    if document.get("success") is False or document.get("error"):
        return Reply(fault=_fault(document, 0, None), calls=_call_faults(document))
    if "data" not in document:
        msg = "the answer carries no `data`"
        raise UnreadableAnswer(msg)
    meta = document.get("meta")
    meta = dict(meta) if isinstance(meta, dict) else {}
    if "total" not in meta and "total" in document:
        meta["total"] = document["total"]  # where older pages put it (contract 13.10)
    return Reply(document["data"], meta)


def _not_the_apis(answer: PortalAnswer, where: str) -> str:
    """Say what was answered instead: status, type, place and first words."""
    kind = answer.header("Content-Type").split(";", maxsplit=1)[0].strip()
    begin = answer.body[:_FIRST_WORDS].decode("utf-8", "replace")
    told = [
        f"HTTP {answer.status}",
        *([portal_words(kind)[1:-1]] if kind else []),
        *([where] * bool(where)),
    ]
    told.append(f"it begins {portal_words(begin)}" if begin.strip() else "it is empty")
    return f"the answer is not the JSON that the API promises ({', '.join(told)})"


def _redirected(answer: PortalAnswer) -> str:
    where = answer.header("Location").split("?", maxsplit=1)[0]
    return f"the portal answered with a redirect (HTTP {answer.status} to {where or 'nowhere'})"


def _fault(document: Any, status: int, retry: float | None) -> CallError:
    told = document if isinstance(document, dict) else {}
    error = told.get("error")
    fault = fault_of(error or told, status)
    native = told.get("bitrixError")
    text = fault.text
    if isinstance(native, dict):
        told_natively = (native.get("error"), native.get("error_description"))
        more = " ".join(one[:_LONGEST_TEXT] for one in told_natively if isinstance(one, str))
        more = more.strip()
        text = text if more in text else f"{text} {more}".strip()
    code = SPENT if _says_spent(fault.code, text) else fault.code
    wait = _seconds(error.get("retryAfter")) if isinstance(error, dict) else None
    wait = retry if wait is None else wait
    ambiguous = fault.ambiguous or _ambiguous(fault.code, text)
    return CallError(code, text, status, _wait(code, wait), ambiguous)


def fault_of(error: Any, status: int = 0) -> CallError:
    """Return the fault that an `error` object, or an entry of `data.errors`, tells of."""
    if not isinstance(error, dict):
        return CallError("", error[:_LONGEST_TEXT] if isinstance(error, str) else "", status)
    code, text = error.get("code", error.get("error")), error.get("message", "")
    code = str(code)[:_LONGEST_CODE] if isinstance(code, str | int | float) else ""
    text = text[:_LONGEST_TEXT] if isinstance(text, str) else ""
    if code == "BITRIX_ERROR" and text.strip().startswith("TASKS_BAD_TITLE"):
        code = "TASKS_BAD_TITLE"  # code or text: the seed does not say (contract 2.1)
    ambiguous = _ambiguous(code, text)
    code = SPENT if _says_spent(code, text) else code
    return CallError(code, text, status, _wait(code, _seconds(error.get("retryAfter"))), ambiguous)


def _says_spent(code: str, text: str) -> bool:
    return code == SPENT or (code == "BITRIX_ERROR" and SPENT in text)


def _wait(code: str, told: float | None) -> float | None:
    """Return what the portal asks to wait; a method whose time is used up waits for a basket."""
    return SPENT_WAIT if code == SPENT and told is None else told


def _ambiguous(code: str, text: str) -> bool:
    return code == "BITRIX_ERROR" and any(word in text for word in _AMBIGUOUS_WORDS)


def says_missing(fault: CallError) -> bool:
    """Tell whether a task that was asked for by id is not there, and not just unreadable."""
    if fault.ambiguous:
        return False
    if fault.code in {"ENTITY_NOT_FOUND", "NOT_FOUND"}:
        return True
    return fault.code == "BITRIX_ERROR" and _MISSING_WORDS.search(fault.text) is not None


def _call_faults(document: Any) -> dict[str, CallError]:
    data = document.get("data") if isinstance(document, dict) else None
    found = data.get("errors") if isinstance(data, dict) else None
    return {name: fault_of(one) for name, one in mapping(found).items()}


def _retry_header(answer: PortalAnswer, now: datetime) -> float | None:
    """Read Retry-After: seconds, or an HTTP date."""
    text = answer.header("Retry-After").strip()
    if not text or (found := _seconds(text)) is not None:
        return _seconds(text)
    from email.utils import parsedate_to_datetime  # rare, and slow to import

    try:
        return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return found


def _seconds(value: Any) -> float | None:
    try:
        found = None if isinstance(value, bool) or value is None else float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if found is not None and math.isfinite(found) and found >= 0 else None


def mapping(value: Any) -> Json:
    """Return a JSON object; an empty list and null are what PHP makes of an empty one."""
    return value if isinstance(value, dict) else {}


@dataclass(frozen=True, slots=True)
class Calls:
    """The answers to the calls of one batch, by call id; a call may be in neither."""

    results: Mapping[str, Any]
    faults: Mapping[str, CallError]


def calls_of(reply: Reply) -> Calls:
    """Return the per-call answers of a batch; raises Unreadable where there can be none."""
    if reply.fault is not None:
        return Calls({}, reply.calls)
    data = reply.data
    if not isinstance(data, dict) or not {"results", "errors"} & data.keys():
        msg = "the answer to the batch has neither `results` nor `errors`"
        raise UnreadableAnswer(msg)
    faults = {name: fault_of(one) for name, one in mapping(data.get("errors")).items() if one}
    return Calls(mapping(data.get("results")), faults)


def task_in(result: Any) -> Json | None:
    """Return the task object of a result, whatever it is wrapped in; None without one."""
    if isinstance(result, list) and len(result) == 1:
        result = result[0]
    if isinstance(result, dict) and isinstance(result.get("task"), dict):
        result = result["task"]
    return result if isinstance(result, dict) and result else None


def usable_id(task: Json | None) -> int | None:
    """Return the id of a task object, or None: a bare number or `true` proves nothing."""
    if task is None:
        return None
    value = task.get("id", task.get("ID"))
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value) if len(value) <= _LONGEST_ID else None
    return value if type(value) is int and 0 < value <= LARGEST else None
