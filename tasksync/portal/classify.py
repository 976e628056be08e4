"""What an answer says about each change that was sent: done, failed, in doubt, or to be repeated.

The rule of design 7: a create is repeated only when it is known that nothing was done; what may
have been done is in doubt. Everything else may be repeated freely.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from tasksync.core.change import Action, Change
from tasksync.core.equivalence import title_matches
from tasksync.errors import PortalUnreadable
from tasksync.portal import wire
from tasksync.portal.error_codes import CallError, ErrorClass, error_of
from tasksync.portal.no_answer import NoAnswer, no_answer_error
from tasksync.portal.patches import classify_patch, retry_clear
from tasksync.portal.write_job import Classification, Job, name_of
from tasksync.portal.write_outcomes import done, failed, in_doubt, live_or_none
from tasksync.value_classes import replace

_ENDS = {ErrorClass.KEY, ErrorClass.RIGHT, ErrorClass.BLOCKED}
#: a refusal that may be about how a date was cleared (contract 8.3)
_ABOUT_VALUES = {"BITRIX_ERROR", "VALIDATION_ERROR", "INVALID_PARAMS"}
_NO_RESULT = CallError("", "the answer says nothing about this call")
_MISSING = object()


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
    """Classify a change that had its own request: a delete is answered by 204 (delete seed)."""
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
    """Classify a request that failed as a whole: refused ones did nothing (design 7)."""
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
    """Classify the calls of an answered batch; repeats go together in one job again.

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
    """Classify one change by its own result or error."""
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
        classify_patch(job, change, wire.task_in(result), classification)


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
