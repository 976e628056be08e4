"""Doing the changes of one level: what is sent when, by whom, and how it ends.

Everything happens in the caller's thread but the sending itself: intents are written there, and
outcomes are yielded there as soon as they are known.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence

from tasksync.core.change import Change, Outcome, Status
from tasksync.core.ports import Permission
from tasksync.errors import PortalError, PortalUnavailable
from tasksync.portal import wire
from tasksync.portal.backoff import LONGEST_HINT, asked_for, pause
from tasksync.portal.batches import pack
from tasksync.portal.classify import classify
from tasksync.portal.error_codes import CallError, error_of, said
from tasksync.portal.followup import deletes_looked_up, read_back, unproven
from tasksync.portal.learned import Learned
from tasksync.portal.messages import NotPermitted, PortalRequest, always
from tasksync.portal.no_answer import no_answer_error
from tasksync.portal.pacing import Slot
from tasksync.portal.patches import merged
from tasksync.portal.pool import Pool
from tasksync.portal.requester import SLICE, Requester
from tasksync.portal.setup import FRESH, MOST_REPEATS, MOST_UNREACHABLE
from tasksync.portal.write_job import Classification, Job, name_of
from tasksync.portal.write_outcomes import failed, not_started
from tasksync.value_classes import dataclass, replace

_SAVING_IS_SLOW = 3


@dataclass(frozen=True, slots=True)
class InFlight:
    """A job that left."""

    job: Job
    slot: Slot


class Performance:
    """One level's changes on their way; use `outcomes` once."""

    def __init__(
        self,
        requester: Requester,
        learned: Learned,
        pool: Pool[InFlight],
        about_to_send: Callable[[Sequence[Change]], Permission | None],
    ) -> None:
        self._requester = requester
        self._learned = learned
        self._about = about_to_send
        self._marker = requester.settings.marker
        self._pool = pool
        self._later: deque[Job] = deque()
        self._told: deque[Outcome] = deque()
        self._failed_deletes: list[tuple[Change, CallError]] = []
        self._unread: list[Job] = []
        self._late = 0
        self._error: PortalError | None = None

    def outcomes(self, changes: Iterable[Change]) -> Iterator[Outcome]:
        """Yield one outcome for each change.

        When something stops the sending from outside, what is in flight still ends and is told.
        """
        closed = False
        try:
            yield from self._perform(pack(self._writing(changes), self._learned.size_for))
        except GeneratorExit:
            closed = True
            raise
        finally:
            try:
                while self._pool.busy and not closed:
                    yield from self._ended(SLICE)
            finally:
                while self._pool.busy:
                    self._pool.finished(SLICE)

    def _writing(self, changes: Iterable[Change]) -> Iterator[Change]:
        """Pass on what the portal has to hear of; the rest is done as it is."""
        for change in changes:
            if change.writes:
                yield change
            else:
                self._told.append(Outcome(change, Status.DONE, change.id))

    def _perform(self, fresh: Iterator[tuple[Change, ...]]) -> Iterator[Outcome]:
        yield from self._send_all(fresh)
        while self._pool.busy:
            yield from self._ended(SLICE)
        yield from self._look_up()
        yield from self._rest(fresh)
        if self._error is not None:
            raise self._error

    def _send_all(self, fresh: Iterator[tuple[Change, ...]]) -> Iterator[Outcome]:
        while not self._stopped():
            job = self._due(fresh)
            yield from self._tell()
            if job is not None:
                wait = self._requester.wait() if self._pool.free else SLICE
                if wait > 0:
                    self._error = self._error or self._requester.waits.heed(None, "")
                    self._later.appendleft(job)
                    yield from self._ended(min(wait, SLICE))
                else:
                    self._launch(job)
                    yield from self._ended(0)
            elif self._later or self._pool.busy:
                yield from self._ended(self._until_due())
            elif self._unread:
                yield from self._read_back()
            else:
                return

    def _due(self, fresh: Iterator[tuple[Change, ...]]) -> Job | None:
        """Return what may be sent next: a repeat that waited long enough, or something new."""
        now = self._requester.clock.monotonic()
        for job in self._later:
            if job.ready <= now:
                self._later.remove(job)
                return job
        changes = next(fresh, None)
        return None if changes is None else Job(changes, clear=self._learned.clear)

    def _until_due(self) -> float:
        now = self._requester.clock.monotonic()
        return min([SLICE, *(max(0.0, job.ready - now) for job in self._later)])

    def _stopped(self) -> bool:
        return self._error is not None or self._requester.stopping() or self._spent()

    def _spent(self) -> bool:
        most = self._requester.settings.max_requests
        return most is not None and self._requester.writing >= most

    def _launch(self, job: Job) -> None:
        """Send a job whose intents were just committed, or put it back when that took too long."""
        clock = self._requester.clock
        began = clock.monotonic()
        permitted = self._about(job.changes) or always
        now = clock.monotonic()
        if now - began > FRESH:
            self._saved_late(job)
            return
        since = now if job.since is None else job.since
        job = replace(job, attempt=job.attempt + 1, since=since, floor=self._learned.highest)
        slot = self._requester.start(writes=True)
        request = replace(self._request(job), permitted=permitted)
        self._pool.send(request, InFlight(job, slot))

    def _dropped(self, in_flight: InFlight) -> None:
        """Put back a job that did not leave: it is about to be sent anew, or the run ends there."""
        self._requester.dropped(in_flight.slot, writes=True)
        attempt = in_flight.job.attempt - 1
        since = in_flight.job.since if attempt else None
        self._saved_late(replace(in_flight.job, attempt=attempt, since=since))

    def _saved_late(self, job: Job) -> None:
        self._later.appendleft(job)
        self._late += 1
        if self._late >= _SAVING_IS_SLOW:
            self._error = PortalUnavailable(
                f"Saving what is about to be sent, and connecting to the portal, took more than "
                f"{FRESH:g} s, three times.",
                "Nothing of it was sent. Check the state's storage and the network, then run "
                "apply again.",
            )

    def _request(self, job: Job) -> PortalRequest:
        if len(job.changes) == 1:
            return wire.single(job.changes[0], self._marker, job.clear)
        return wire.batch(
            wire.call_of(name_of(at), change, self._marker, job.clear)
            for at, change in enumerate(job.changes)
        )

    def _ended(self, seconds: float) -> Iterator[Outcome]:
        """Yield what ended, waiting at most so long for it."""
        if not self._pool.busy:
            if seconds > 0:
                self._requester.clock.sleep(seconds)
            return
        for in_flight, result in self._pool.finished(seconds):
            if isinstance(result, NotPermitted):
                self._dropped(in_flight)
                continue
            self._late = 0
            reply = self._requester.ended(in_flight.slot, result)
            took = self._requester.clock.monotonic() - in_flight.slot.at
            classification = classify(in_flight.job, reply)
            if classification.trouble is None and classification.unreached is None:
                self._learned.trouble = 0
            if any(one.status is Status.DONE for one in classification.outcomes):
                self._learned.spent_since = None
                if classification.trouble is None and classification.spent is None:
                    self._learned.took(took, in_flight.job)
            self._take(in_flight.job, classification)
        yield from self._tell()

    def _tell(self) -> Iterator[Outcome]:
        while self._told:
            yield self._told.popleft()

    def _take(self, job: Job, classification: Classification) -> None:
        self._told += classification.outcomes
        for outcome in classification.outcomes:
            if outcome.status is Status.DONE and outcome.id is not None:
                self._learned.saw(outcome.id)
        self._later += classification.next
        for one in merged(classification.retry_clear):
            self._later += self._parts(one)
        self._failed_deletes += classification.failed_deletes
        self._unread += classification.unread
        self._error = self._error or classification.error
        if job.retried_clear and any(one.status is Status.DONE for one in classification.outcomes):
            self._learned.clear = replace(job.clear, dates_only=False)
        wait = self._troubled(job, classification)
        for one in classification.again:
            self._repeat(one, wait, classification)

    def _troubled(self, job: Job, classification: Classification) -> float:
        """Slow down when the portal is not well; return the wait before a repeat."""
        first = self._requester.settings.pause
        wait = pause(max(1, job.attempt), classification.hint, first)
        now = self._requester.clock.monotonic()
        why = "writing" if classification.spent is None else said(classification.spent)
        self._error = self._error or self._requester.waits.heed(classification.hint, why)
        if classification.spent is not None:
            self._wait_for_time(job, classification.spent, wait)
        if classification.trouble is not None:
            self._learned.trouble += 1
            self._learned.shrink(job)
            self._requester.pace.hold(now, pause(self._learned.trouble, classification.hint, first))
            if self._learned.trouble >= MOST_REPEATS and self._error is None:
                self._error = PortalUnavailable(
                    f"Writing: {said(classification.trouble)}, "
                    f"{self._learned.trouble} times in a row.",
                    "Run apply again later: it takes up what is left.",
                )
        elif classification.unreached is not None:
            self._requester.pace.hold(now, wait)
            if job.attempt >= MOST_UNREACHABLE:
                self._error = no_answer_error(classification.unreached, "Writing")
        return wait

    def _wait_for_time(self, job: Job, fault: CallError, wait: float) -> None:
        """Let nothing leave while the method's working time is used up; ten minutes at most."""
        now = self._requester.clock.monotonic()
        if self._learned.spent_since is None:
            self._learned.spent_since = now
        self._learned.shrink(job)
        self._requester.pace.hold(now, wait)
        if now + wait - self._learned.spent_since > LONGEST_HINT and self._error is None:
            self._error = error_of(fault, "Writing")

    def _repeat(self, job: Job, wait: float, classification: Classification) -> None:
        """Queue a job again, in smaller parts where batches got smaller, or give it up."""
        now = self._requester.clock.monotonic()
        since = now if job.since is None else job.since
        asked = asked_for(classification.hint)  # no patience is lost over a wait that is kept to
        if (
            now + wait - asked - since > self._requester.settings.patience
            and classification.unreached is None
        ):
            self._give_up(job, classification)
            return
        self._later += self._parts(replace(job, ready=now + wait, since=since + asked))

    def _parts(self, job: Job) -> Iterator[Job]:
        size = self._learned.size_for(job.creates)
        for at in range(0, len(job.changes), size):
            yield job.only(job.changes[at : at + size])

    def _give_up(self, job: Job, classification: Classification) -> None:
        fault = job.doubt or classification.trouble or CallError("RATE_LIMITED", status=429)
        self._told += (failed(change, fault) for change in job.changes)

    def _read_back(self) -> Iterator[Outcome]:
        """Look whether PATCHes were done, where the answers did not show it."""
        jobs, self._unread = self._unread, []
        try:
            classification = read_back(self._requester, jobs)
        except PortalError as error:
            yield from unproven(jobs, error)
            return
        self._take(jobs[0], classification)
        yield from self._tell()

    def _look_up(self) -> Iterator[Outcome]:
        """Settle deletes that failed or were not answered."""
        yield from self._tell()
        outcomes, error = deletes_looked_up(self._requester, self._failed_deletes)
        self._error = self._error or error
        yield from outcomes

    def _rest(self, fresh: Iterator[tuple[Change, ...]]) -> Iterator[Outcome]:
        """Name what was not sent, or was sent without an answer and not again."""
        why = self._why()
        code = self._error.code if self._error is not None else ""
        for job in (*self._later, *self._unread):
            for change in job.changes:
                if job.doubt is not None or job in self._unread:
                    yield failed(change, job.doubt or CallError("", "stopped before it was proven"))
                else:
                    yield not_started(change, why, code)
        for changes in fresh:
            yield from (not_started(change, why, code) for change in changes)
        yield from self._tell()

    def _why(self) -> str:
        if self._error is not None:
            return f"not sent: {self._error.message}"
        if self._spent():
            return "not sent: the request budget (--max-requests) is used up"
        return "not sent: the run was stopped"
