"""Doing the changes of one level: what is sent when, by whom, and what becomes of it.

Everything happens in the caller's thread but the sending itself: intents are written there, and
outcomes are yielded there as soon as they are known.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from tasksync.core.change import Change, Outcome, Status
from tasksync.core.fields import RemoteId
from tasksync.core.ports import Permission
from tasksync.errors import PortalError, PortalUnavailable
from tasksync.portal import wire
from tasksync.portal.backoff import LONGEST_HINT, asked_for, pause
from tasksync.portal.batches import CreateSize, Size, pack
from tasksync.portal.classify import (
    Classification,
    Job,
    classify,
    failed,
    merged,
    name_of,
    not_started,
    read_back,
)
from tasksync.portal.error_codes import CallError, error_of, said
from tasksync.portal.lookups import by_ids, present
from tasksync.portal.messages import NotPermitted, PortalRequest, always
from tasksync.portal.pacing import Slot
from tasksync.portal.pool import Pool
from tasksync.portal.requester import SLICE, Requester, no_answer_error
from tasksync.portal.setup import FRESH, MOST_REPEATS, MOST_UNREACHABLE

_SAVING_IS_SLOW = 3


@dataclass(frozen=True, slots=True)
class InFlight:
    """A job that left."""

    job: Job
    departure: Slot


@dataclass(slots=True)
class Learned:
    """What was learnt about this portal and holds for later levels too.

    `spent_since` is since when nothing was done because the method's working time is used up.
    `highest` is the highest id that was seen: what is made from now on has a higher one.
    """

    size: Size
    creates: CreateSize = field(default_factory=CreateSize)
    clear: wire.Clear = wire.EMPTY
    trouble: int = 0
    spent_since: float | None = None
    highest: int = 0

    def size_for(self, creates: bool) -> int:  # noqa: FBT001 - see batches.Sizes
        """Return how many calls go into a request."""
        return self.creates() if creates else self.size()

    def took(self, seconds: float, job: Job) -> None:
        """Take how long a request was answered in."""
        (self.creates if job.creates else self.size).took(seconds, len(job.changes))

    def shrink(self, job: Job) -> None:
        """Take that a request was too much."""
        (self.creates if job.creates else self.size).shrink()

    def saw(self, remote: int) -> None:
        """Take note of an id that the portal has."""
        self.highest = max(self.highest, remote)


class Performance:
    """One level's changes on their way; use `outcomes` once."""

    def __init__(
        self,
        line: Requester,
        habits: Learned,
        crew: Pool[InFlight],
        about_to_send: Callable[[Sequence[Change]], Permission | None],
    ) -> None:
        self._line = line
        self._habits = habits
        self._about = about_to_send
        self._marker = line.settings.marker
        self._crew = crew
        self._later: deque[Job] = deque()
        self._told: deque[Outcome] = deque()
        self._doomed: list[tuple[Change, CallError]] = []
        self._unread: list[Job] = []
        self._late = 0
        self._error: PortalError | None = None

    def outcomes(self, changes: Iterable[Change]) -> Iterator[Outcome]:
        """Yield one outcome for each change.

        When something stops the sending from outside, what is in flight still ends and is told.
        """
        closed = False
        try:
            yield from self._perform(pack(self._writing(changes), self._habits.size_for))
        except GeneratorExit:
            closed = True
            raise
        finally:
            try:
                while self._crew.busy and not closed:
                    yield from self._landed(SLICE)
            finally:
                while self._crew.busy:
                    self._crew.finished(SLICE)

    def _writing(self, changes: Iterable[Change]) -> Iterator[Change]:
        """Pass on what the portal has to hear of; the rest is done as it is."""
        for change in changes:
            if change.writes:
                yield change
            else:
                self._told.append(Outcome(change, Status.DONE, change.id))

    def _perform(self, fresh: Iterator[tuple[Change, ...]]) -> Iterator[Outcome]:
        yield from self._send_all(fresh)
        while self._crew.busy:
            yield from self._landed(SLICE)
        yield from self._look_up()
        yield from self._rest(fresh)
        if self._error is not None:
            raise self._error

    def _send_all(self, fresh: Iterator[tuple[Change, ...]]) -> Iterator[Outcome]:
        while not self._stopped():
            job = self._due(fresh)
            yield from self._tell()
            if job is not None:
                wait = self._line.wait() if self._crew.free else SLICE
                if wait > 0:
                    self._error = self._error or self._line.heed(None, "")
                    self._later.appendleft(job)
                    yield from self._landed(min(wait, SLICE))
                else:
                    self._launch(job)
                    yield from self._landed(0)
            elif self._later or self._crew.busy:
                yield from self._landed(self._until_due())
            elif self._unread:
                yield from self._read_back()
            else:
                return

    def _due(self, fresh: Iterator[tuple[Change, ...]]) -> Job | None:
        """Return what may be sent next: a repeat that waited long enough, or something new."""
        now = self._line.clock.monotonic()
        for job in self._later:
            if job.ready <= now:
                self._later.remove(job)
                return job
        changes = next(fresh, None)
        return None if changes is None else Job(changes, clear=self._habits.clear)

    def _until_due(self) -> float:
        now = self._line.clock.monotonic()
        return min([SLICE, *(max(0.0, job.ready - now) for job in self._later)])

    def _stopped(self) -> bool:
        return self._error is not None or self._line.stopping() or self._spent()

    def _spent(self) -> bool:
        most = self._line.settings.max_requests
        return most is not None and self._line.writing >= most

    def _launch(self, job: Job) -> None:
        """Send a job whose intents were just committed, or put it back when that took too long."""
        clock = self._line.clock
        began = clock.monotonic()
        permitted = self._about(job.changes) or always
        now = clock.monotonic()
        if now - began > FRESH:
            self._saved_late(job)
            return
        since = now if job.since is None else job.since
        job = replace(job, attempt=job.attempt + 1, since=since, floor=self._habits.highest)
        departure = self._line.start(writes=True)
        request = replace(self._request(job), permitted=permitted)
        self._crew.send(request, InFlight(job, departure))

    def _dropped(self, flight: InFlight) -> None:
        """Put back a job that did not leave: it is about to be sent anew, or the run ends there."""
        self._line.dropped(flight.departure, writes=True)
        attempt = flight.job.attempt - 1
        since = flight.job.since if attempt else None
        self._saved_late(replace(flight.job, attempt=attempt, since=since))

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

    def _landed(self, seconds: float) -> Iterator[Outcome]:
        """Yield what ended, waiting at most so long for it."""
        if not self._crew.busy:
            if seconds > 0:
                self._line.clock.sleep(seconds)
            return
        for flight, met in self._crew.finished(seconds):
            if isinstance(met, NotPermitted):
                self._dropped(flight)
                continue
            self._late = 0
            reply = self._line.ended(flight.departure, met)
            took = self._line.clock.monotonic() - flight.departure.at
            verdict = classify(flight.job, reply)
            if verdict.trouble is None and verdict.unreached is None:
                self._habits.trouble = 0
            if any(one.status is Status.DONE for one in verdict.outcomes):
                self._habits.spent_since = None
                if verdict.trouble is None and verdict.spent is None:
                    self._habits.took(took, flight.job)
            self._take(flight.job, verdict)
        yield from self._tell()

    def _tell(self) -> Iterator[Outcome]:
        while self._told:
            yield self._told.popleft()

    def _take(self, job: Job, verdict: Classification) -> None:
        self._told += verdict.outcomes
        for outcome in verdict.outcomes:
            if outcome.status is Status.DONE and outcome.id is not None:
                self._habits.saw(outcome.id)
        self._later += verdict.next
        for one in merged(verdict.normalised):
            self._later += self._parts(one)
        self._doomed += verdict.failed_deletes
        self._unread += verdict.unread
        self._error = self._error or verdict.error
        if job.normalised and any(one.status is Status.DONE for one in verdict.outcomes):
            self._habits.clear = replace(job.clear, alone=False)
        wait = self._troubled(job, verdict)
        for one in verdict.again:
            self._repeat(one, wait, verdict)

    def _troubled(self, job: Job, verdict: Classification) -> float:
        """Slow down when the portal is not well; return the wait before a repeat."""
        first = self._line.settings.pause
        wait = pause(max(1, job.attempt), verdict.hint, first)
        now = self._line.clock.monotonic()
        why = "writing" if verdict.spent is None else said(verdict.spent)
        self._error = self._error or self._line.heed(verdict.hint, why)
        if verdict.spent is not None:
            self._wait_for_time(job, verdict.spent, wait)
        if verdict.trouble is not None:
            self._habits.trouble += 1
            self._habits.shrink(job)
            self._line.pace.hold(now, pause(self._habits.trouble, verdict.hint, first))
            if self._habits.trouble >= MOST_REPEATS and self._error is None:
                self._error = PortalUnavailable(
                    f"Writing: {said(verdict.trouble)}, {self._habits.trouble} times in a row.",
                    "Run apply again later: it takes up what is left.",
                )
        elif verdict.unreached is not None:
            self._line.pace.hold(now, wait)
            if job.attempt >= MOST_UNREACHABLE:
                self._error = no_answer_error(verdict.unreached, "Writing")
        return wait

    def _wait_for_time(self, job: Job, fault: CallError, wait: float) -> None:
        """Let nothing leave while the method's working time is used up; ten minutes at most."""
        now = self._line.clock.monotonic()
        if self._habits.spent_since is None:
            self._habits.spent_since = now
        self._habits.shrink(job)
        self._line.pace.hold(now, wait)
        if now + wait - self._habits.spent_since > LONGEST_HINT and self._error is None:
            self._error = error_of(fault, "Writing")

    def _repeat(self, job: Job, wait: float, verdict: Classification) -> None:
        """Queue a job again, in smaller parts where batches became smaller, or give it up."""
        now = self._line.clock.monotonic()
        since = now if job.since is None else job.since
        asked = asked_for(verdict.hint)  # no patience is lost over a wait that is kept to
        if now + wait - asked - since > self._line.settings.patience and verdict.unreached is None:
            self._give_up(job, verdict)
            return
        self._later += self._parts(replace(job, ready=now + wait, since=since + asked))

    def _parts(self, job: Job) -> Iterator[Job]:
        size = self._habits.size_for(job.creates)
        for at in range(0, len(job.changes), size):
            yield job.only(job.changes[at : at + size])

    def _give_up(self, job: Job, verdict: Classification) -> None:
        fault = job.doubt or verdict.trouble or CallError("RATE_LIMITED", status=429)
        self._told += (failed(change, fault) for change in job.changes)

    def _read_back(self) -> Iterator[Outcome]:
        """Look whether PATCHes were done, where the answers did not show it."""
        jobs, self._unread = self._unread, []
        try:
            found = {live.id: live for live in by_ids(self._line, [_id(one) for one in jobs])}
        except PortalError as error:
            yield from (self._unproven(job.changes[0], error) for job in jobs)
            return
        verdict = Classification()
        for job in jobs:
            live = found.get(_id(job))
            if live is None:
                verdict.outcomes.append(failed(job.changes[0], CallError("ENTITY_NOT_FOUND")))
            else:
                read_back(job, live, verdict)
        self._take(jobs[0], verdict)
        yield from self._tell()

    def _unproven(self, change: Change, error: PortalError) -> Outcome:
        words = f"it was sent, but whether it was done could not be read: {error.message}"
        return Outcome(change, Status.FAILED, change.id, None, error.code, words, error.advice)

    def _look_up(self) -> Iterator[Outcome]:
        """Ask for deletes that failed or were not answered: what is gone is done (design 7)."""
        yield from self._tell()
        if not self._doomed:
            return
        there: set[RemoteId] | None = None
        try:
            there = present(self._line, [_known(change) for change, _ in self._doomed])
        except PortalError as error:
            self._error = self._error or (error if error.exit_code != 1 else None)
        for change, fault in self._doomed:
            if there is not None and change.id not in there:
                yield Outcome(change, Status.DONE, change.id)
            else:
                yield failed(change, fault)

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


def _id(job: Job) -> RemoteId:
    return _known(job.changes[0])


def _known(change: Change) -> RemoteId:
    if change.id is None:
        msg = f"{change.key}: {change.action} without an id"
        raise ValueError(msg)
    return change.id
