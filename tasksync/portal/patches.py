"""What a task shows of a PATCH that was sent to it: whether it was done, and its dates cleared.

How a date is cleared the API does not say (contract 8.3): the other way is tried once.
"""

from __future__ import annotations

from collections.abc import Sequence

from tasksync.core.change import Change, Outcome, Status
from tasksync.core.task import LiveTask
from tasksync.portal import wire
from tasksync.portal.error_codes import CallError
from tasksync.portal.write_job import Classification, Job
from tasksync.portal.write_outcomes import done, failed, live_or_none
from tasksync.value_classes import replace

_OTHERS = CallError("", "the answer shows another task")


def classify_patch(
    job: Job, change: Change, task: wire.Json | None, classification: Classification
) -> None:
    """Classify an update by its task as answered; another task's row says nothing of ours."""
    one = job.only((change,))
    dates = wire.cleared_dates(change)
    if wire.usable_id(task) not in {None, change.id}:
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
    """Classify a PATCH by its task as it was read: sent again once where nothing of it is there."""
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


def retry_clear(job: Job, *, dates_only: bool) -> Job:
    """Return a job that clears its dates the other way, once."""
    return replace(job, clear=job.clear.other(dates_only=dates_only), retried_clear=True)


def merged(jobs: Sequence[Job]) -> list[Job]:
    """Return the same changes in one job for each way of clearing."""
    ways: dict[wire.Clear, list[Change]] = {}
    for job in jobs:
        ways.setdefault(job.clear, []).extend(job.changes)
    return [Job(tuple(changes), clear=way, retried_clear=True) for way, changes in ways.items()]
