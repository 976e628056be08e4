"""The weather over the portal: rules that say which request meets which fault.

A rule is a JSON object: `{"on": {"method", "path", "body", "nth"}, "times", "probability", "seed",
"kind", …}`. All of `on` is optional: `method` is a name, `path` and `body` are regular expressions
over the path and the body's text, `nth` is the k-th request (from 1) that the rest of `on` fits.
`times` bounds how often the rule strikes. The first rule that strikes wins; the others still count.
What each kind needs stands beside it in `Kind`; `deed` says whether the deed is done although the
answer is bad: true unless said otherwise, but for `status`, where it is false.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from threading import Lock
from typing import Any

from tasksync.sandbox.web.codec import loads
from tasksync.sandbox.web.http_messages import Json, Response, WebRequest


class FaultKind(StrEnum):
    """What may go wrong."""

    STATUS = "status"  # status, code, message, retryAfter
    LOST = "lost"  # the connection is closed without an answer
    RESET = "reset"  # the same by RST
    HANG = "hang"  # seconds: nothing is answered for so long, then closed
    GARBAGE = "garbage"  # status: HTML in place of JSON
    TRUNCATED = "truncated"  # half of the body under the whole Content-Length, then closed
    CHUNK = "chunk"  # a chunked body whose second chunk is no chunk
    LATE = "late"  # answer (502, 504, "lost") now; the deed is done after `seconds`
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
CODES = {
    400: "BITRIX_ERROR",
    401: "TOKEN_EXPIRED",
    403: "BITRIX_ACCESS_DENIED",
    404: "ENTITY_NOT_FOUND",
    422: "BITRIX_ERROR",
    429: "RATE_LIMITED",
    500: "INTERNAL_ERROR",
    502: "BITRIX_UNAVAILABLE",
    503: "SERVICE_UNAVAILABLE",
    504: "QUEUE_TIMEOUT",
}
WAITS = {"RATE_LIMITED": 2, "QUEUE_TIMEOUT": 10, "ERROR_LOOP_DETECTED": 60}


class UnknownFault(ValueError):
    """A rule that this sandbox does not understand."""


class ConnectionLost(Exception):
    """No answer comes: the connection is closed, by FIN or by RST."""

    def __init__(self, *, reset: bool = False) -> None:
        super().__init__("connection reset" if reset else "connection closed without an answer")
        self.reset = reset


class Hang(Exception):
    """No answer comes for so many seconds; then the connection is closed."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no answer for {seconds} s")
        self.seconds = seconds


class BrokenBody(ConnectionLost):
    """The connection is closed in the middle of this answer's body."""

    def __init__(self, response: Response, *, chunked: bool) -> None:
        super().__init__()
        self.response, self.chunked = response, chunked


@dataclass(frozen=True, slots=True)
class On:
    """Which requests a rule is about."""

    method: str = ""
    path: str = ""
    body: str = ""
    nth: int = 0

    def fits(self, request: WebRequest) -> bool:
        """Everything but `nth`."""
        return (
            self.method.upper() in {"", request.method}
            and bool(re.search(self.path, request.path))
            and (not self.body or bool(re.search(self.body, request.body.decode(errors="replace"))))
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, as read; names outside are camelCase."""

    kind: FaultKind
    on: On = field(default_factory=On)
    times: int | None = None
    probability: float = 1.0
    seed: int = 0
    deed: bool = True
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
    def of(cls, raw: Any) -> Rule:
        """A rule from JSON; raises UnknownFault saying what is wrong with it."""
        try:
            told = dict(raw)
            on = On(**told.pop("on", {}))
            kind = FaultKind(told.pop("kind"))
            found = {_inner(name): value for name, value in told.items()}
            rule = cls(kind, on, **{"deed": kind is not FaultKind.STATUS, **found})
            re.compile(on.path + on.body + rule.call)
        except (TypeError, ValueError, KeyError, re.error) as fault:
            message = f"not a fault: {raw!r} ({fault})"
            raise UnknownFault(message) from fault
        return rule

    def document(self) -> Json:
        """The rule as JSON, without what is at its default."""
        on = {s.name: v for s in fields(On) if (v := getattr(self.on, s.name)) != s.default}
        rest = {
            _outer(spot.name): value
            for spot in fields(Rule)
            if spot.name not in {"kind", "on"}
            and (value := getattr(self, spot.name)) != spot.default
        }
        return {"kind": self.kind.value, "on": on, **rest}

    def hits(self, index: int, call_id: str) -> bool:
        """Whether a call of a batch is meant: by index, else by a pattern over its id."""
        if self.index is not None:
            return index == self.index
        return bool(re.search(self.call, call_id))


def _inner(name: str) -> str:
    return "retry_after" if name == "retryAfter" else name


def _outer(name: str) -> str:
    return "retryAfter" if name == "retry_after" else name


@dataclass(slots=True)
class _Front:
    """A rule on duty: what it has seen and how often it struck."""

    rule: Rule
    dice: random.Random
    seen: int = 0
    struck: int = 0

    def strikes(self, request: WebRequest) -> bool:
        if not self.rule.on.fits(request):
            return False
        self.seen += 1
        due = self.rule.on.nth in {0, self.seen} and self.dice.random() < self.rule.probability
        return due and (self.rule.times is None or self.struck < self.rule.times)


class FaultInjector:
    """All rules on duty, in their order."""

    def __init__(self, rules: Sequence[Rule] = ()) -> None:
        self._lock = Lock()
        self.turn(rules)

    def turn(self, rules: Sequence[Rule]) -> None:
        """Put these rules in the place of all, with nothing seen yet."""
        self._fronts = [_Front(rule, random.Random(rule.seed)) for rule in rules]  # noqa: S311

    def over(self, request: WebRequest) -> Rule | None:
        """The rule that strikes this request, if one does."""
        with self._lock:
            striking = [front for front in self._fronts if front.strikes(request)]
            if not striking:
                return None
            striking[0].struck += 1
            return striking[0].rule

    def documents(self) -> list[Json]:
        """The rules as JSON, each with how often it was fitted and struck."""
        return [
            {**front.rule.document(), "seen": front.seen, "struck": front.struck}
            for front in self._fronts
        ]


def read_rules(raw: Any) -> list[Rule]:
    """Rules from a JSON list, or from an object that holds it under `faults`."""
    found = raw.get("faults", []) if isinstance(raw, Mapping) else raw
    if not isinstance(found, list):
        message = "faults are a JSON list of rules"
        raise UnknownFault(message)
    return [Rule.of(_bare(one)) for one in found]


def _bare(one: Any) -> Any:
    """What GET answered may be PUT again: the counters are left out."""
    told = isinstance(one, Mapping)
    return {k: v for k, v in one.items() if k not in {"seen", "struck"}} if told else one


def load_rules(path: Path) -> list[Rule]:
    """Rules from a file; raises UnknownFault, or OSError when it cannot be read."""
    try:
        raw = loads(path.read_bytes())
    except ValueError as fault:
        message = f"{path} is not JSON: {fault}"
        raise UnknownFault(message) from fault
    return read_rules(raw)
