"""What an answer says about each change that was sent: done, failed, in doubt, or to be repeated.

The rule of design 7: a create is repeated only when it is known that nothing was done; what may
have been done is in doubt. Everything else may be repeated freely.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tasksync.core.change import Action, Change, Outcome, Status
from tasksync.core.equivalence import title_matches
from tasksync.core.fields import RemoteId
from tasksync.core.task import LiveTask
from tasksync.errors import PortalError, PortalUnreadable
from tasksync.portal import wire
from tasksync.portal.error_codes import CallError, ErrorClass, error_of, meaning_of, said
from tasksync.portal.no_answer import NoAnswer, no_answer_error
from tasksync.portal.rows import live_task

_ENDS = {ErrorClass.KEY, ErrorClass.RIGHT, ErrorClass.BLOCKED}
#: a refusal that may be about how a date was cleared (contract 8.3)
_ABOUT_VALUES = {"BITRIX_ERROR", "VALIDATION_ERROR", "INVALID_PARAMS"}
_DOUBT = "The next run looks for it by its marker before anything is sent again."
_NO_RESULT = CallError("", "the answer says nothing about this call")
_OTHERS = CallError("", "the answer shows another task")


@dataclass(frozen=True, slots=True)
class Job:
    """The changes of one request, and what happened to it so far.

    `ready` is when it may be sent, `since` when it was first sent (monotonic seconds). `doubt`
    is why an earlier attempt may have been done. `retried_clear`: dates are cleared the other way
    now. `floor` is the highest id that was known when it left; `looked`: it was looked up once.
    """

    changes: tuple[Change, ...]
    attempt: int = 0
    ready: float = float("-inf")
    since: float | None = None
    doubt: CallError | None = None
    clear: wire.Clear = wire.EMPTY
    retried_clear: bool = False
    floor: int = 0
    looked: bool = False

    @property
    def creates(self) -> bool:
        """Whether it must not be repeated blindly."""
        return self.changes[0].action is Action.CREATE

    def only(self, changes: tuple[Change, ...]) -> Job:
        """Return this job with some of its changes."""
        return replace(self, changes=changes)


@dataclass(slots=True)
class Classification:
    """What came of one answer.

    `again` waits before it is sent; `next` and `retry_clear` (one change each, dates cleared the
    other way now) go at once. `failed_deletes` have to be looked up; `unread` are jobs whose
    cleared dates the answer did not show. `trouble`: the portal was not well; `spent`: the
    method's working time is used up; `error` ends the run.
    """

    outcomes: list[Outcome] = field(default_factory=list)
    again: list[Job] = field(default_factory=list)
    hint: float | None = None
    next: list[Job] = field(default_factory=list)
    retry_clear: list[Job] = field(default_factory=list)
    failed_deletes: list[tuple[Change, CallError]] = field(default_factory=list)
    unread: list[Job] = field(default_factory=list)
    trouble: CallError | None = None
    spent: CallError | None = None
    unreached: NoAnswer | None = None
    error: PortalError | None = None


def classify(job: Job, reply: wire.Reply | NoAnswer) -> Classification:
    """Return what an answer to a job means."""
    classification = Classification()
    if isinstance(reply, NoAnswer):
        _no_answer(job, reply, classification)
    elif reply.fault is not None and not _refused_by_call(reply.fault, reply):
        _whole(job, reply.fault, classification)
    elif len(job.changes) == 1:
        _single(job, job.changes[0], reply, classification)
    else:
        try:
            calls = wire.calls_of(reply)
        except wire.UnreadableAnswer as fault:
            _ambiguous(job, CallError("", str(fault)), classification)
        else:
            _batch(job, calls, classification, refused=reply.fault is not None)
    return classification


def _single(job: Job, change: Change, reply: wire.Reply, classification: Classification) -> None:
    """Judge a change that had a request of its own: a delete is answered by 204 (delete seed)."""
    _one(job, change, reply.data, reply.fault, classification)


def _refused_by_call(fault: CallError, reply: wire.Reply) -> bool:
    """Tell whether a 4xx names the calls that it is about: nothing was done (contract 3)."""
    return bool(reply.calls) and fault.error_class is ErrorClass.REFUSED


def _no_answer(job: Job, no_answer: NoAnswer, classification: Classification) -> None:
    if no_answer.sent:
        _ambiguous(job, CallError("", f"no usable answer: {no_answer.why}"), classification)
        return
    error = no_answer_error(no_answer, "Writing")
    if isinstance(error, PortalUnreadable):
        classification.error = error
        classification.outcomes += (
            failed(one, CallError("", no_answer.why)) for one in job.changes
        )
    else:
        classification.unreached = no_answer
        classification.again.append(job)


def _whole(job: Job, fault: CallError, classification: Classification) -> None:
    """Judge a request that failed as a whole: refused ones did nothing (design 7)."""
    error_class = fault.error_class
    if error_class is ErrorClass.AMBIGUOUS:
        _ambiguous(job, fault, classification)
    elif error_class is ErrorClass.WAIT:
        classification.again.append(job)
        classification.hint = fault.retry_after
        classification.spent = fault if fault.spent else None
    elif error_class in _ENDS:
        classification.error = error_of(fault, "Writing")
        classification.outcomes += (failed(one, fault) for one in job.changes)
    elif len(job.changes) == 1:
        _one(job, job.changes[0], None, fault, classification)
    else:
        # one bad call must not spoil the others: halves until it stands alone
        middle = (len(job.changes) + 1) // 2
        classification.next += (job.only(job.changes[:middle]), job.only(job.changes[middle:]))


def _ambiguous(job: Job, fault: CallError, classification: Classification) -> None:
    if fault.spent:
        classification.spent = fault
    else:
        classification.trouble = fault
    classification.hint = (
        max(fault.retry_after or 0.0, classification.hint or 0.0) or fault.retry_after
    )
    if job.creates:
        classification.outcomes += (in_doubt(one, fault) for one in job.changes)
    else:
        classification.again.append(replace(job, doubt=fault))


def _batch(job: Job, calls: wire.Calls, classification: Classification, *, refused: bool) -> None:
    """Judge the calls of an answered batch; repeats go together in one job again.

    `refused`: the request as a whole did nothing, so calls that it does not name go once more.
    """
    inner = Classification()
    spared: list[Change] = []
    ids = Counter(
        wire.usable_id(wire.task_in(calls.results.get(name_of(at))))
        for at in range(len(job.changes))
    )
    for at, change in enumerate(job.changes):
        name = name_of(at)
        result, fault = calls.results.get(name, _MISSING), calls.faults.get(name)
        if change.action is Action.CREATE and _shared(result, ids):
            inner.outcomes.append(
                in_doubt(change, CallError("", "two calls were given one task id"))
            )
        elif result is _MISSING and fault is None and refused:
            spared.append(change)
        elif result is _MISSING and fault is None:
            _ambiguous(job.only((change,)), _NO_RESULT, inner)
        else:
            _one(job.only((change,)), change, result, fault, inner)
    if spared:
        inner.next.append(job.only(tuple(spared)))
    _gather(job, inner, classification)


def _shared(result: Any, ids: Mapping[int | None, int]) -> bool:
    found = wire.usable_id(wire.task_in(result))
    return found is not None and ids[found] > 1


def _gather(job: Job, inner: Classification, classification: Classification) -> None:
    for name in ("outcomes", "next", "retry_clear", "failed_deletes", "unread"):
        getattr(classification, name).extend(getattr(inner, name))
    if inner.again:
        doubt = next((one.doubt for one in inner.again if one.doubt is not job.doubt), job.doubt)
        changes = tuple(change for one in inner.again for change in one.changes)
        classification.again.append(replace(job, changes=changes, doubt=doubt))
    classification.hint, classification.trouble, classification.error = (
        inner.hint,
        inner.trouble,
        inner.error,
    )
    classification.spent = inner.spent


def _one(
    job: Job, change: Change, result: Any, fault: CallError | None, classification: Classification
) -> None:
    """Judge one change by its own result or error."""
    if change.action is Action.CREATE:
        fault = _created(job, change, wire.task_in(result), fault, classification)
        if fault is None:
            return
    elif fault is None and result is False:
        fault = _NO_RESULT
    if fault is not None:
        _faulty(job, change, fault, classification)
    elif change.action is Action.DELETE:
        _deleted(change, result, classification)
    else:
        _patched(job, change, wire.task_in(result), classification)


def _created(
    job: Job,
    change: Change,
    task: wire.Json | None,
    fault: CallError | None,
    classification: Classification,
) -> CallError | None:
    """Hold what is answered to a create against what was sent; return why it is not done.

    Another title or responsible, or an id that was there before, is another task (design 5).
    """
    remote = wire.usable_id(task)
    if remote is None:
        return fault or CallError("", "the answer names no id")
    if remote <= job.floor:
        told = f"the answer names task {remote}, which is no new one"
    elif not _as_sent(change, task):
        told = f"the answer names task {remote}, which is not what was sent"
    else:  # the task is there, whatever else the answer says
        classification.outcomes.append(done(change, remote, task))
        return None
    classification.outcomes.append(in_doubt(change, CallError("", told)))
    return None


def _as_sent(change: Change, task: wire.Json | None) -> bool:
    """Compare title and responsible as far as they were answered and can be read."""
    found, sent = live_or_none(task), change.body
    if found is None:
        return True
    title, person = found.fields.get("title"), found.fields.get("responsibleId")
    same_title = title is None or title_matches(str(sent.get("title", "")), str(title))
    return same_title and (person is None or person == sent.get("responsibleId"))


def _deleted(change: Change, result: Any, classification: Classification) -> None:
    """Believe `true` and the task's own id; whatever else is answered is looked up (contract 3)."""
    if result is True or wire.usable_id(wire.task_in(result)) == change.id:
        classification.outcomes.append(done(change, change.id))
    else:
        classification.failed_deletes.append((change, _NO_RESULT))


def _faulty(job: Job, change: Change, fault: CallError, classification: Classification) -> None:
    error_class = fault.error_class
    one = job.only((change,))
    if error_class is ErrorClass.WAIT:
        classification.again.append(one)
        classification.spent = fault if fault.spent else classification.spent
        classification.hint = max(fault.retry_after or 0.0, classification.hint or 0.0) or None
    elif error_class is ErrorClass.AMBIGUOUS:
        _ambiguous(one, fault, classification)
    elif error_class in _ENDS:
        classification.error = error_of(fault, "Writing")
        classification.outcomes.append(failed(change, fault))
    elif change.action is Action.FORGET and wire.says_missing(fault):
        classification.outcomes.append(done(change, change.id))
    elif change.action is Action.DELETE:
        if wire.says_missing(fault):
            classification.outcomes.append(done(change, change.id))
        else:
            classification.failed_deletes.append((change, fault))
    elif fault.code in _ABOUT_VALUES and not job.retried_clear and wire.cleared_dates(change):
        classification.retry_clear.append(retry_clear(one, dates_only=job.clear.dates_only))
    else:
        classification.outcomes.append(failed(change, fault))


def retry_clear(job: Job, *, dates_only: bool) -> Job:
    """Return a job that clears its dates the other way, once."""
    return replace(job, clear=job.clear.other(dates_only=dates_only), retried_clear=True)


def merged(jobs: Sequence[Job]) -> list[Job]:
    """Return the same changes in one job for each way of clearing."""
    ways: dict[wire.Clear, list[Change]] = {}
    for job in jobs:
        ways.setdefault(job.clear, []).extend(job.changes)
    return [Job(tuple(changes), clear=way, retried_clear=True) for way, changes in ways.items()]


def _patched(
    job: Job, change: Change, task: wire.Json | None, classification: Classification
) -> None:
    one = job.only((change,))
    dates = wire.cleared_dates(change)
    if wire.usable_id(task) not in {None, change.id}:  # another task's row says nothing of ours
        classification.unread.append(one)
        return
    found = live_or_none(task)
    if not dates:
        classification.outcomes.append(done(change, change.id, task))
    elif found is None or any(name not in found.fields for name in dates):
        classification.unread.append(one)
    else:
        cleared(one, found, classification)


def classify_read_back(job: Job, found: LiveTask, classification: Classification) -> None:
    """Judge a PATCH by its task as it was read: sent again once where nothing of it is there."""
    change = job.changes[0]
    moved = [one for one in change.fields if one.name in found.fields]
    if moved and all(found.fields[one.name] == one.before != one.after for one in moved):
        if job.looked:
            classification.outcomes.append(failed(change, _OTHERS))
        else:
            classification.next.append(replace(job, looked=True))
    else:
        cleared(job, found, classification)


def cleared(job: Job, found: LiveTask, classification: Classification) -> None:
    """Compare cleared dates with what the portal shows; the other way is tried once."""
    change = job.changes[0]
    left = [name for name in wire.cleared_dates(change) if found.fields.get(name) is not None]
    if not left:
        classification.outcomes.append(Outcome(change, Status.DONE, change.id, found))
    elif not job.retried_clear:
        classification.retry_clear.append(retry_clear(job, dates_only=True))
    else:
        words = f'the portal keeps {", ".join(left)}, sent as "" and as null'
        advice = "Clear it by hand on the portal, or take null out of the manifest."
        classification.outcomes.append(
            Outcome(change, Status.FAILED, change.id, found, "", words, advice)
        )


def name_of(at: int) -> str:
    """Return the id of a call by its place in the request."""
    return f"c{at}"


_MISSING = object()


def done(change: Change, remote: int | None, task: wire.Json | None = None) -> Outcome:
    """Return that a change is done, with the task as answered where it can be read."""
    known = None if remote is None else RemoteId(remote)
    return Outcome(change, Status.DONE, known, live_or_none(task))


def live_or_none(task: wire.Json | None) -> LiveTask | None:
    """Return an answered task; an irregular one is left to the next listing."""
    if wire.usable_id(task) is None:
        return None
    try:
        found = live_task(task)
    except PortalUnreadable:
        return None
    return None if found.unreadable else found


def failed(change: Change, fault: CallError) -> Outcome:
    """Return that a change is known not to be done."""
    advice = meaning_of(fault).advice
    return Outcome(change, Status.FAILED, change.id, None, fault.code, said(fault), advice)


def in_doubt(change: Change, fault: CallError) -> Outcome:
    """Return that a create may have been done."""
    return Outcome(change, Status.IN_DOUBT, None, None, fault.code, said(fault), _DOUBT)


def not_started(change: Change, why: str, code: str = "") -> Outcome:
    """Return that a change was never sent."""
    return Outcome(
        change, Status.NOT_STARTED, change.id, None, code, why, "Run apply again for the rest."
    )
