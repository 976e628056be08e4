"""The one way to the portal: every request is paced, counted and read here.

`ask` is for reads, which may be repeated freely; writes go through `start` and `ended`, since
what to do without an answer depends on the change (perform.py).
"""

from __future__ import annotations

from collections.abc import Callable

from tasksync.core.ports import Clock, Listener
from tasksync.errors import PortalError, PortalUnavailable
from tasksync.portal import wire
from tasksync.portal.backoff import LONGEST_HINT, asked_for, pause
from tasksync.portal.error_codes import ErrorClass, error_of, portal_words, said
from tasksync.portal.foreign_answer import foreign_answer, foreign_answer_error, is_json
from tasksync.portal.messages import (
    NotHttp,
    NotSent,
    PortalAnswer,
    PortalRequest,
    TooLong,
    Transport,
    Unanswered,
)
from tasksync.portal.no_answer import NoAnswer, no_answer_error
from tasksync.portal.pacing import Pace, Slot, Unhurried
from tasksync.portal.setup import (
    MOST_ASKED,
    MOST_REPEATS,
    MOST_UNREACHABLE,
    PortalSettings,
)
from tasksync.portal.told_waits import TOLD_ASKED, ToldWaits

#: sleeping goes in slices, so that a request to stop is heard (seconds)
SLICE = 1.0
#: what may pass by itself, so that what it asks to wait is heeded
_STOPPED = "The run was stopped while the portal asked it to wait"
_TEMPORARY = {ErrorClass.WAIT, ErrorClass.AMBIGUOUS}


class Requester:
    """Sends through one transport at the pace of one key."""

    def __init__(
        self, send: Transport, clock: Clock, settings: PortalSettings, listener: Listener
    ) -> None:
        self.transport = send
        self.clock = clock
        self.settings = settings
        self.pace = Pace() if settings.paced else Unhurried()
        self.requests = 0
        self.writing = 0
        self.stopping: Callable[[], bool] = lambda: False
        self.waits = ToldWaits(clock, self.pace, listener)
        self._api_answered = False

    def wait(self) -> float:
        """Return how long the next request has to wait for the limits."""
        left = self.pace.wait(self.clock.monotonic())
        if self.settings.paced:
            self.waits.for_limits(left)
        return left

    def start(self, *, writes: bool = False) -> Slot:
        """Note that a request leaves now."""
        self.requests += 1
        self.writing += writes
        return self.pace.leave(self.clock.monotonic())

    def ended(
        self, slot: Slot, result: PortalAnswer | NotSent | Unanswered, *, rows: bool = False
    ) -> wire.Reply | NoAnswer:
        """Note the outcome of a request, learn its limits, and read the answer (`wire.read`)."""
        now = self.clock.monotonic()
        self.pace.arrived(slot, now)
        if not isinstance(result, PortalAnswer):
            why = portal_words(str(result)) or "no answer"
            return NoAnswer(
                why,
                sent=isinstance(result, Unanswered),
                proxy=getattr(result, "proxy", ""),
                final=isinstance(result, TooLong),
            )
        self._learn(slot, result, now)
        try:
            reply = wire.read(result, self.clock.now(), rows=rows)
        except wire.UnreadableAnswer as fault:
            return NoAnswer(str(fault), sent=not 300 <= result.status < 400)  # noqa: PLR2004
        self._api_answered = self._api_answered or is_json(result)
        if reply.fault is not None and reply.fault.error_class in _TEMPORARY:
            self.waits.heed(reply.fault.retry_after, said(reply.fault))
        if reply.fault is not None and reply.fault.error_class is ErrorClass.WAIT:
            self.pace.throttled(now, pause(1, reply.fault.retry_after, self.settings.pause))
        else:
            self.pace.served()
        return reply

    def dropped(self, slot: Slot, *, writes: bool = False) -> None:
        """Note that a request which was to leave did not: it counts for the pace alone."""
        self.pace.arrived(slot, self.clock.monotonic())
        self.requests -= 1
        self.writing -= writes

    def send(self, request: PortalRequest) -> PortalAnswer | NotSent | Unanswered:
        """Send one request; may run in a worker's thread and touches nothing else."""
        try:
            return self.transport(request)
        except (NotSent, Unanswered) as failure:
            return failure

    def once(self, request: PortalRequest, *, writes: bool = False) -> wire.Reply | NoAnswer:
        """Send one request in this thread as soon as the limits allow."""
        if self.waits.ends is not None:
            return NoAnswer("the portal asks to come again later", sent=False, ends=self.waits.ends)
        while (left := self.wait()) > 0:
            if (ends := self.waits.heed(None, "")) is not None:
                return NoAnswer("the limits leave no room", sent=False, ends=ends)
            if left > TOLD_ASKED and self.stopping():
                return NoAnswer(_STOPPED, sent=False, ends=PortalUnavailable(f"{_STOPPED}."))
            self.clock.sleep(min(left, SLICE))
        slot, first = self.start(writes=writes), not self._api_answered
        result = self.send(request)
        reply = self.ended(slot, result, rows=request.rows)
        if first and isinstance(result, NotHttp):
            told = f"no HTTP: {portal_words(str(result))}"
            ends = foreign_answer_error(
                self.settings.host, f"{request.method} {request.path}", told
            )
            return NoAnswer(told, sent=False, ends=ends)
        if first and isinstance(result, PortalAnswer):
            told = foreign_answer(result, readable=isinstance(reply, wire.Reply))
            if told:
                ends = foreign_answer_error(
                    self.settings.host, f"{request.method} {request.path}", told
                )
                return NoAnswer(told, sent=False, ends=ends)
        return reply

    def ask(
        self,
        request: PortalRequest,
        doing: str,
        *,
        per_call: bool = False,
        since: float | None = None,
    ) -> wire.Reply:
        """Read, repeating while that may help; raises PortalError when it does not.

        `per_call`: a refusal that answers each call of a batch is an answer too. `since` is when
        it was begun to be asked for, in another form perhaps: patience runs from then.
        """
        began = self.clock.monotonic() if since is None else since
        attempt, asked = 0, 0.0
        while True:
            reply = self.once(request)
            if isinstance(reply, wire.Reply) and (
                reply.fault is None or (per_call and reply.calls)
            ):
                return reply
            attempt += 1
            error, wait = self.error_and_wait(reply, attempt, doing)
            asked += asked_for(_hint(reply)) if wait > 0 else 0.0
            late = self.clock.monotonic() - began + wait - asked > self.settings.patience
            most = LONGEST_HINT if _spent(reply) else MOST_ASKED
            if wait < 0 or late or asked > most or self.stopping():
                raise error
            self.sleep(wait)
            if self.stopping():
                raise error

    def error_and_wait(
        self, reply: wire.Reply | NoAnswer, attempt: int, doing: str
    ) -> tuple[PortalError, float]:
        """Return the error of a read that failed, and the wait before a repeat (< 0: none)."""
        if isinstance(reply, NoAnswer) and reply.ends is not None:
            return reply.ends, -1.0
        if self.waits.ends is not None:
            return self.waits.ends, -1.0
        if isinstance(reply, NoAnswer):
            most = MOST_REPEATS if reply.sent else MOST_UNREACHABLE
            helps = attempt <= most and not reply.final
            wait = pause(attempt, None, self.settings.pause) if helps else -1.0
            return no_answer_error(reply, doing), wait
        fault = reply.fault
        if fault is None:  # pragma: no cover - callers look first
            msg = "a good reply has no error"
            raise AssertionError(msg)
        if fault.error_class is ErrorClass.WAIT or fault.spent:
            return error_of(fault, doing), pause(attempt, fault.retry_after, self.settings.pause)
        if fault.error_class is ErrorClass.AMBIGUOUS and attempt <= MOST_REPEATS:
            wait = pause(attempt, fault.retry_after, self.settings.pause)
            return error_of(fault, doing), wait
        return error_of(fault, doing), -1.0

    def sleep(self, seconds: float) -> None:
        """Wait in slices, and no longer once we are asked to stop."""
        until = self.clock.monotonic() + seconds
        while (left := until - self.clock.monotonic()) > 0 and not self.stopping():
            self.clock.sleep(min(left, SLICE))

    def _learn(self, slot: Slot, answer: PortalAnswer, now: float) -> None:
        """Take the limits that an answer's headers tell of (contract 6.1)."""
        limit, remaining = (
            _whole(answer.header(f"X-RateLimit-{name}")) for name in ("Limit", "Remaining")
        )
        if limit:
            self.pace.tighten(per_minute=limit)
        if remaining is not None:
            reset = _whole(answer.header("X-RateLimit-Reset"))
            self.pace.told(slot, now, remaining, reset)


def _hint(reply: wire.Reply | NoAnswer) -> float | None:
    return None if isinstance(reply, NoAnswer) or reply.fault is None else reply.fault.retry_after


def _spent(reply: wire.Reply | NoAnswer) -> bool:
    return isinstance(reply, wire.Reply) and reply.fault is not None and reply.fault.spent


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None  # noqa: PLR2004
