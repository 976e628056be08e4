"""What the answers to updates and deletes left open is asked for here, by reading the tasks.

Only reads are sent: what has to be sent again is returned for `perform` to send.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tasksync.core.change import Change, Outcome, Status
from tasksync.core.fields import RemoteId
from tasksync.errors import PortalError
from tasksync.portal.error_codes import CallError
from tasksync.portal.lookups import by_ids, present
from tasksync.portal.patches import classify_read_back
from tasksync.portal.requester import Requester
from tasksync.portal.write_job import Classification, Job
from tasksync.portal.write_outcomes import failed


def read_back(requester: Requester, jobs: Sequence[Job]) -> Classification:
    """Return what the tasks say about PATCHes (one change a job) whose answer did not show it.

    Raises PortalError where they cannot be read.
    """
    found = {live.id: live for live in by_ids(requester, [_id(job.changes[0]) for job in jobs])}
    classification = Classification()
    for job in jobs:
        live = found.get(_id(job.changes[0]))
        if live is None:
            gone = failed(job.changes[0], CallError("ENTITY_NOT_FOUND"))
            classification.outcomes.append(gone)
        else:
            classify_read_back(job, live, classification)
    return classification


def unproven(jobs: Sequence[Job], error: PortalError) -> Iterator[Outcome]:
    """Yield the outcomes of PATCHes that were sent, and that `read_back` could not read."""
    words = f"it was sent, but whether it was done could not be read: {error.message}"
    for job in jobs:
        change = job.changes[0]
        yield Outcome(change, Status.FAILED, change.id, None, error.code, words, error.advice)


def deletes_looked_up(
    requester: Requester, deletes: Sequence[tuple[Change, CallError]]
) -> tuple[list[Outcome], PortalError | None]:
    """Return the outcomes of deletes that failed or were not answered: what is gone is done.

    Where the portal cannot be asked they stay failed (design 7); the error is returned where it
    says more than that, by an exit code of its own.
    """
    if not deletes:
        return [], None
    try:
        there = present(requester, [_id(change) for change, _ in deletes])
    except PortalError as error:
        kept = [failed(change, fault) for change, fault in deletes]
        return kept, error if error.exit_code != 1 else None
    return [
        failed(change, fault) if change.id in there else Outcome(change, Status.DONE, change.id)
        for change, fault in deletes
    ], None


def _id(change: Change) -> RemoteId:
    if change.id is None:
        msg = f"{change.key}: {change.action} without an id"
        raise ValueError(msg)
    return change.id
