"""What was asked and done before, and is asked once more: that is another approval.

A digest says what a plan asks for, not when. Once a change was done and undone again, a plan of the
first digest would do it a second time: an old job that is started again takes back what was
approved since. So a plan that asks what an earlier run was about, and that is not that run's rest,
has that run's id under its digest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tasksync.core.formats.plan_digest import digest_of_document
from tasksync.core.state import Run


def asked_again(document: Mapping[str, object], runs: Sequence[Run]) -> tuple[str, tuple[str, ...]]:
    """Return the id of the run that did what a document asks, and the digests that it had.

    The id is "" where none did. Of runs of one digest only such count as others came after: what
    the newest run was about may be its own rest. The digests are oldest first; the last is of now.
    """
    asked = {name: value for name, value in document.items() if name != "again"}
    again, digests = "", [digest_of_document(asked)]
    if not asked.get("changes") and not asked.get("moved"):
        return again, tuple(digests)
    places = {run.plan: place for place, run in enumerate(runs)}  # of several the newest
    while (place := places.get(digests[-1], len(runs))) < len(runs) - 1:
        again = runs[place].id
        digests.append(digest_of_document({**asked, "again": again}))
    return again, tuple(digests)
