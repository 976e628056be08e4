"""Rules that say which request gets which injected fault.

A rule is a JSON object: `{"on": {"method", "path", "body", "nth"}, "times", "probability", "seed",
"kind", …}`. All of `on` is optional: `method` is a name, `path` and `body` are regular expressions
over the path and the body's text, `nth` is the k-th request (from 1) that the rest of `on` fits.
`times` bounds how often the rule is applied. The first rule that applies wins; the others still
count. What each kind needs stands beside it in `FaultKind`; `deed` says whether the request is
carried out although its answer is bad: true unless said otherwise, but for `status`, where it is
false.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

from tasksync.sandbox.json_codec import Json, dumps, loads


class FaultKind(StrEnum):
    """What may go wrong, with the members of a rule that it reads."""

    STATUS = "status"  # status, code, message, retryAfter
    LOST = "lost"  # the connection is closed without an answer
    RESET = "reset"  # the same by RST
    HANG = "hang"  # seconds: nothing is answered for so long, then closed
    GARBAGE = "garbage"  # status: HTML in place of JSON
    TRUNCATED = "truncated"  # half of the body under the whole Content-Length, then closed
    CHUNK = "chunk"  # a chunked body whose second chunk is no chunk
    LATE = "late"  # answer (502, 504, "lost") now; carried out after `seconds`
    SLOW = "slow"  # seconds: a good answer, late
    SPLIT = "split"  # calls: only the first so many calls of a batch are done, then `status`
    CALL_ERROR = "call_error"  # call, index, code, message, retryAfter: one call of a batch fails
    CALL_MISSING = "call_missing"  # call, index: in neither results nor errors
    RESULT_NULL = "result_null"  # call, index: the result is null
    RESULT_NO_ID = "result_no_id"  # call, index: the result has no id


#: Kinds that change one call's answer inside a batch (or a single answer's `data`).
OF_A_CALL = {
    FaultKind.CALL_ERROR,
    FaultKind.CALL_MISSING,
    FaultKind.RESULT_NULL,
    FaultKind.RESULT_NO_ID,
}


#: member of a rule in JSON -> attribute of `FaultRule`, where they differ
_ATTRIBUTES = {"retryAfter": "retry_after", "deed": "executed"}
_MEMBERS = {attribute: member for member, attribute in _ATTRIBUTES.items()}


class UnknownFault(ValueError):
    """A rule that this sandbox does not understand."""


@dataclass(frozen=True, slots=True)
class RequestFilter:
    """Which requests a rule applies to (`on`)."""

    method: str = ""
    path: str = ""
    body: str = ""
    nth: int = 0

    def fits(self, method: str, path: str, body: bytes) -> bool:
        """Everything but `nth`."""
        return (
            self.method.upper() in {"", method}
            and bool(re.search(self.path, path))
            and (not self.body or bool(re.search(self.body, body.decode(errors="replace"))))
        )


@dataclass(frozen=True, slots=True)
class FaultRule:
    """One rule, as read; members of the JSON are camelCase."""

    kind: FaultKind
    on: RequestFilter = field(default_factory=RequestFilter)
    times: int | None = None
    probability: float = 1.0
    seed: int = 0
    executed: bool = True
    status: int = 0
    code: str = ""
    message: str = ""
    retry_after: float | None = None
    seconds: float = 12.0
    answer: int | str = 504
    calls: int = 1
    call: str = ""
    index: int | None = None

    @classmethod
    def of(cls, raw: Any) -> FaultRule:
        """A rule from JSON; raises UnknownFault saying what is wrong with it."""
        try:
            members: Json = dict(_object(raw, "a rule"))
            if "executed" in members:  # the member is `deed`
                raise KeyError("executed")  # noqa: TRY301 - told like any unknown member
            on = RequestFilter(**_object(members.pop("on", {}), "on"))
            kind = _kind(members.pop("kind"))
            found: Json = {_ATTRIBUTES.get(name, name): value for name, value in members.items()}
            rule = cls(kind, on, **{"executed": kind is not FaultKind.STATUS, **found})
            re.compile(on.path + on.body + rule.call)
        except (TypeError, ValueError, KeyError, re.error) as fault:
            shown = dumps(raw).decode()[:200]
            message = f"not a fault: {shown} ({_why(fault)})"
            raise UnknownFault(message) from fault
        return rule

    def document(self) -> Json:
        """The rule as JSON, without what is at its default."""
        on = {
            f.name: v for f in fields(RequestFilter) if (v := getattr(self.on, f.name)) != f.default
        }
        rest = {
            _MEMBERS.get(attribute.name, attribute.name): value
            for attribute in fields(FaultRule)
            if attribute.name not in {"kind", "on"}
            and (value := getattr(self, attribute.name)) != attribute.default
        }
        return {"kind": self.kind.value, "on": on, **rest}

    def selects(self, index: int, call_id: str) -> bool:
        """Whether a call of a batch is meant: by index, else by a pattern over its id."""
        if self.index is not None:
            return index == self.index
        return bool(re.search(self.call, call_id))


def _object(raw: Any, name: str) -> Json:
    if not isinstance(raw, dict):
        message = f"{name} is a JSON object"
        raise TypeError(message)
    return raw


def _kind(name: Any) -> FaultKind:
    known = [kind.value for kind in FaultKind]
    if name not in known:
        message = f"kind is one of {', '.join(known)}"
        raise ValueError(message)
    return FaultKind(name)


def _why(fault: Exception) -> str:
    """Return in words what a rule's reading met; of unknown members Python names its own."""
    if isinstance(fault, KeyError):
        return f"{fault.args[0]} is missing, or no member of a rule"
    if found := re.search(r"unexpected keyword argument '([^']*)'", str(fault)):
        return f"{found[1]} is no member of a rule"
    return str(fault)


def read_rules(raw: Any) -> list[FaultRule]:
    """Rules from a JSON list, or from an object that holds it under `faults`."""
    found = raw.get("faults", []) if isinstance(raw, Mapping) else raw
    if not isinstance(found, list):
        message = "faults are a JSON list of rules"
        raise UnknownFault(message)
    return [FaultRule.of(_without_counters(one)) for one in found]


def _without_counters(one: Any) -> Any:
    """What GET answered may be PUT again: the counters are left out."""
    if not isinstance(one, Mapping):
        return one
    return {k: v for k, v in one.items() if k not in {"seen", "struck"}}


def load_rules(path: Path) -> list[FaultRule]:
    """Rules from a file; raises UnknownFault, or OSError when it cannot be read."""
    try:
        raw = loads(path.read_bytes())
    except ValueError as fault:
        message = f"{path} is not JSON: {fault}"
        raise UnknownFault(message) from fault
    return read_rules(raw)
