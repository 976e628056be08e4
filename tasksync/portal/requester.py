"""The one way to the portal: every request is paced, counted and read here.

`ask` is for reads, which may be repeated freely; writes go through `start` and `ended`, since
what to do without an answer depends on the change (perform.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tasksync.core.events import Note, Paced
from tasksync.core.ports import Clock, Listener
from tasksync.errors import (
    PortalAsksToWait,
    PortalError,
    PortalUnavailable,
    PortalUnreachable,
    PortalUnreadable,
)
from tasksync.portal import wire
from tasksync.portal.backoff import LONGEST_HINT, asked_for, pause, span, time_of_day
from tasksync.portal.error_codes import ErrorClass, error_of, quoted, said
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
from tasksync.portal.pacing import Pace, Slot, Unhurried
from tasksync.portal.setup import (
    MOST_ASKED,
    MOST_REPEATS,
    MOST_UNREACHABLE,
    PortalSettings,
)

#: sleeping goes in slices, so that a request to stop is heard (seconds)
SLICE = 1.0
#: a wait that is told to the listener, and how often (seconds)
TOLD_WAIT, TOLD_EVERY = 1.0, 5.0
#: a wait that the portal asked for and that is said, in a pipe too (seconds)
TOLD_ASKED = 5.0
#: the limit of a minute is waited for so long at most; a longer wait is news each time (seconds)
USUAL_WAIT = 61.0
#: what may pass by itself, so that what it asks to wait is heeded
_STOPPED = "The run was stopped while the portal asked it to wait"
_PASSING = {ErrorClass.WAIT, ErrorClass.AMBIGUOUS}


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """No answer that can be used: `sent` tells whether the portal may have done it.

    `ends` is the error that ends the run; `proxy` as in NotSent; `final`: a repeat would be
    answered the same.
    """

    why: str
    sent: bool
    ends: PortalError | None = None
    proxy: str = ""
    final: bool = False


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
        self._listener = listener
        self._told: tuple[float, int] | None = None
        self._told_at = float("-inf")
        self._asked_until = float("-inf")
        self._said_limits: set[tuple[float, int]] = set()
        self._come_again: PortalError | None = None
        self._api_answered = False

    def wait(self) -> float:
        """Return how long the next request has to wait for the limits."""
        left = self.pace.wait(self.clock.monotonic())
        if self.settings.paced:
            self._tell(left)
            self._say_long(left)
        return left

    def start(self, *, writes: bool = False) -> Slot:
        """Note that a request leaves now."""
        self.requests += 1
        self.writing += writes
        return self.pace.leave(self.clock.monotonic())

    def ended(
        self, slot: Slot, result: PortalAnswer | NotSent | Unanswered
    ) -> wire.Reply | NoAnswer:
        """Note what became of a request, learn its limits, and read the answer."""
        now = self.clock.monotonic()
        self.pace.arrived(slot, now)
        if not isinstance(result, PortalAnswer):
            why = quoted(str(result)) or "no answer"
            return NoAnswer(
                why,
                sent=isinstance(result, Unanswered),
                proxy=getattr(result, "proxy", ""),
                final=isinstance(result, TooLong),
            )
        self._learn(slot, result, now)
        try:
            reply = wire.read(result, self.clock.now())
        except wire.UnreadableAnswer as fault:
            return NoAnswer(str(fault), sent=not 300 <= result.status < 400)  # noqa: PLR2004
        self._api_answered = self._api_answered or is_json(result)
        if reply.fault is not None and reply.fault.error_class in _PASSING:
            self.heed(reply.fault.retry_after, said(reply.fault))
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
        if self._come_again is not None:
            return NoAnswer(
                "the portal asks to come again later", sent=False, ends=self._come_again
            )
        while (left := self.wait()) > 0:
            if (ends := self.heed(None, "")) is not None:
                return NoAnswer("the limits leave no room", sent=False, ends=ends)
            if left > TOLD_ASKED and self.stopping():
                return NoAnswer(_STOPPED, sent=False, ends=PortalUnavailable(f"{_STOPPED}."))
            self.clock.sleep(min(left, SLICE))
        slot, first = self.start(writes=writes), not self._api_answered
        result = self.send(request)
        reply = self.ended(slot, result)
        if first and isinstance(result, NotHttp):
            told = f"no HTTP: {quoted(str(result))}"
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

    def heed(self, hint: float | None, why: str) -> PortalError | None:
        """Say a wait that the portal asks for; return what ends the run where it is too long.

        Nothing is sent any more then: every later request gets the same error.
        """
        if hint is None or self._come_again is not None:
            return self._come_again
        now = self.clock.now()
        if hint > LONGEST_HINT:
            self._come_again = PortalAsksToWait(
                f"The portal asks to wait {span(hint)}: {why}.",
                f"Run it again at {time_of_day(now, hint)}, in {span(hint)}. What was answered so "
                "far is saved, and no task is made twice.",
            )
            return self._come_again
        until = self.clock.monotonic() + hint
        if hint >= TOLD_ASKED and until > self._asked_until + 1:
            self._asked_until = until
            again = time_of_day(now, hint)
            self._listener(Note(f"The portal asks to wait {span(hint)}, until {again}: {why}"))
        return None

    def _say_long(self, wait: float) -> None:
        """Say a wait for the limits, in a pipe too; one that is too long ends the run.

        The usual wait of a full minute is said once, since progress tells of it.
        """
        second, a_minute = self.pace.second, self.pace.minute.count
        a_second = second.count / second.seconds
        if wait > LONGEST_HINT and self._come_again is None:
            self._come_again = PortalAsksToWait(
                f"The portal allows this key {a_second:.2g} requests a second, so the next one "
                f"would wait {span(wait)}: at that pace no run gets anywhere.",
                "Have the key's limit raised (rateLimit of /v1/me). What was answered so far is "
                "saved, and no task is made twice.",
            )
            return
        now, limits = self.clock.monotonic(), (a_second, a_minute)
        until = now + wait
        is_news = limits not in self._said_limits or wait >= USUAL_WAIT
        if wait >= TOLD_ASKED and is_news and until > self._asked_until + 1:
            self._said_limits.add(limits)
            self._asked_until = until
            self._listener(
                Note(
                    f"The next request waits {span(wait)} for the limits of this key: "
                    f"{a_second:.2g} a second, {a_minute} a minute."
                )
            )

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
        if self._come_again is not None:
            return self._come_again, -1.0
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

    def _tell(self, wait: float) -> None:
        """Say which limit is in force: when it changes, and now and then while it holds us."""
        now = self.clock.monotonic()
        limits = (round(self.pace.per_second, 1), self.pace.minute.count)
        due = wait >= TOLD_WAIT and now - self._told_at >= TOLD_EVERY
        if due or (limits != self._told and now - self._told_at >= TOLD_WAIT):
            self._told, self._told_at = limits, now
            self._listener(Paced(limits[0], limits[1], wait))


def _hint(reply: wire.Reply | NoAnswer) -> float | None:
    return None if isinstance(reply, NoAnswer) or reply.fault is None else reply.fault.retry_after


def _spent(reply: wire.Reply | NoAnswer) -> bool:
    return isinstance(reply, wire.Reply) and reply.fault is not None and reply.fault.spent


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None  # noqa: PLR2004


def no_answer_error(no_answer: NoAnswer, doing: str) -> PortalError:
    """Return the error for a request that never got a usable answer."""
    if no_answer.ends is not None:
        return no_answer.ends
    if "redirect" in no_answer.why:
        return PortalUnreadable(f"{doing}: {no_answer.why}.", "Check --portal: it must be the API.")
    if no_answer.sent:
        return PortalUnavailable(
            f"{doing}: the portal gave no answer that can be used ({no_answer.why}).",
            "Nothing is lost: run it again in a minute.",
        )
    if no_answer.proxy:
        return PortalUnreachable(
            f"{doing}: the proxy that {no_answer.proxy} names cannot be used ({no_answer.why}).",
            f"Check {no_answer.proxy}, or name the portal in NO_PROXY to go past it.",
        )
    return PortalUnreachable(
        f"{doing}: the portal cannot be reached ({no_answer.why}).",
        "Check --portal, the network, the proxy and the certificates.",
    )
