"""What `tasksync apply --json` printed, read back: one event a line (`schemas/events.schema.json`).

A process that was killed leaves its last line unfinished, and says nothing of its end: what its
events tell up to there holds, since each is written after what it tells was saved.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tasksync.core.change import Action, Status
from tasksync.core.formats import typed
from tasksync.core.formats.printed import NotReadable, document, readable
from tasksync.core.formats.typed import Json
from tasksync.core.reported import (
    COUNTED,
    ReportedApply,
    ReportedChange,
    ReportedFailure,
    ReportedProblem,
)
from tasksync.value_classes import dataclass, field

#: what a change ends with that was sent, and not done
_TRIED = frozenset({Status.FAILED, Status.IN_DOUBT})


def read_events(text: str) -> ReportedApply:
    """Return the apply that its events tell; raises NotReadable where none is an event."""
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        msg = "it is empty"
        raise NotReadable(msg)
    heard = _Heard()
    for event in _events(lines):
        with readable():
            heard.hear(event)
    if not heard.any:
        msg = "none of its lines is an event"
        raise NotReadable(msg)
    return heard.told()


def _events(lines: Iterable[str]) -> Iterator[Json]:
    """Yield what is an event; a line of anything else is another's."""
    for line in lines:
        try:
            event = document(line)
        except NotReadable:
            continue
        if type(event.get("type")) is str and "@message" in event:
            yield event


@dataclass(slots=True)
class _Heard:
    """What the events told so far."""

    any: bool = False
    plan: Json | None = None
    end: Json | None = None
    sent: dict[str, ReportedChange] = field(default_factory=dict)
    made: list[ReportedChange] = field(default_factory=list)
    failures: list[ReportedFailure] = field(default_factory=list)
    left_out: list[ReportedChange] = field(default_factory=list)
    problems: list[ReportedProblem] = field(default_factory=list)

    def hear(self, event: Json) -> None:
        self.any = True
        match event["type"]:
            case "apply_start":
                change = _change(typed.mapping(event, "hook"))
                self.sent[change.key] = change
            case "apply_complete":
                change = _change(typed.mapping(event, "hook"))
                self.sent.pop(change.key, None)
                self.made.append(change)
            case "apply_errored":
                failure = _failure(event)
                self.sent.pop(failure.change.key, None)
                self.failures.append(failure)
            case "change_left_out":
                self.left_out.append(_change(typed.mapping(event, "change")))
            case "diagnostic":
                self.problems.append(_problem(typed.mapping(event, "diagnostic")))
            case "change_summary":
                self._summary(typed.mapping(event, "changes"))

    def _summary(self, changes: Json) -> None:
        if typed.text(changes, "operation") == "apply":
            self.end = changes
        else:
            self.plan = changes

    def told(self) -> ReportedApply:
        """Return all of it; what was planned and not heard of again was not started."""
        plan, end = self.plan, self.end
        with readable():
            planned = None
            if plan is not None:
                planned = sum(typed.count(plan, name) for name in COUNTED.values())
            tried = sum(one.status in _TRIED for one in self.failures)
            left = max((planned or 0) - len(self.made) - tried - len(self.sent), 0)
            scope = plan or end or {}
            return ReportedApply(
                typed.text(scope, "project", ""),
                typed.text(scope, "portal", ""),
                planned,
                tuple(self.made),
                tuple(self.failures),
                tuple(self.sent.values()),
                tuple(self.left_out),
                tuple(self.problems),
                left if end is None else typed.count(end, "not_started"),
                0 if end is None else typed.count(end, "stale"),
                ended=end is not None,
            )


def _change(told: Json) -> ReportedChange:
    key = typed.text(typed.mapping(told, "resource"), "resource_name")
    number = typed.remote_id_in(told, "id_value") if "id_value" in told else 0
    return ReportedChange(Action(typed.text(told, "action")), key, int(number))


def _failure(event: Json) -> ReportedFailure:
    """Return a failure; its message stands behind the key and the status in the line for people."""
    hook = typed.mapping(event, "hook")
    change, status = _change(hook), Status(typed.text(hook, "became"))
    message = typed.text(event, "@message").partition(f": {status.value}")[2]
    code, advice = typed.text(hook, "code"), typed.text(hook, "advice")
    return ReportedFailure(change, status, code, message.removeprefix(": "), advice)


def _problem(told: Json) -> ReportedProblem:
    return ReportedProblem(
        typed.text(told, "severity") == "error",
        typed.text(told, "summary"),
        typed.text(told, "detail"),
    )
