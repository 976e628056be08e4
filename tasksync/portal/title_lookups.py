"""Asking for tasks by their titles: what may exist already, before it is made again.

Calls of `list` in batches, as ids are asked for (contract 3); several titles share a call by `$in`
(contract 9) where there are more than two batches hold. That a portal filters by `title` exactly is
INFERRED: what comes is compared again, and what it leaves out is only not found.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from tasksync.core.equivalence import normal_title
from tasksync.core.same_titles import Titled
from tasksync.core.task import LiveTask
from tasksync.errors import PortalUnreadable
from tasksync.portal import wire
from tasksync.portal.batches import FULL
from tasksync.portal.error_codes import error_of
from tasksync.portal.no_answer import NoAnswer
from tasksync.portal.requester import Requester
from tasksync.portal.rows import SELECT, id_in, live_task, tags_were_sent

_DOING = "Looking for tasks by title"
#: so many batches at most
_BATCHES = 2
#: rows for each title of a call: more than a few of one title are told, not chosen from
_ROWS = 20


def by_titles(requester: Requester, titles: Collection[str], *, patient: bool) -> Titled:
    """Return the tasks of these titles, in two requests at most.

    `patient` repeats what fails and raises PortalError in the end; else a request that fails is
    not repeated, nothing is raised, and the titles that were not answered are told.
    """
    wanted = sorted(set(titles))
    size = max(-(-len(wanted) // (FULL * _BATCHES)), 1)
    shares = [wanted[at : at + size] for at in range(0, len(wanted), size)]
    found: dict[int, LiveTask] = {}
    missed: list[str] = []
    cut: list[str] = []
    for at in range(0, len(shares), FULL):
        some = shares[at : at + FULL]
        answered = _answers(requester, some, patient=patient)
        for number, share in enumerate(some):
            rows = answered.results.get(f"t{number}")
            fault = answered.faults.get(f"t{number}")
            if patient and fault is not None:
                raise error_of(fault, _DOING)
            if patient and rows is None:
                raise _unreadable("it leaves calls of a batch unanswered")
            if fault is not None or rows is None:
                missed += share
            some_rows = _rows(rows)
            here: dict[int, LiveTask] = {live.id: live for live in _tasks(some_rows)}
            if len(some_rows) >= _ROWS * len(share) or not _as_asked(share, here.values()):
                cut += share
            found.update(here)
    return Titled(tuple(found[one] for one in sorted(found)), frozenset(missed), frozenset(cut))


def _answers(requester: Requester, shares: Sequence[Sequence[str]], *, patient: bool) -> wire.Calls:
    """Ask one batch; what cannot be read is no answer."""
    request = wire.batch(
        wire.titles_call(f"t{number}", share, SELECT, _ROWS * len(share))
        for number, share in enumerate(shares)
    )
    nothing = wire.Calls({}, {})
    try:
        if patient:
            return wire.calls_of(requester.ask(request, _DOING, per_call=True))
        reply = requester.once(request)
        return nothing if isinstance(reply, NoAnswer) else wire.calls_of(reply)
    except wire.UnreadableAnswer as fault:
        if patient:
            raise _unreadable(str(fault)) from fault
        return nothing


def _unreadable(what: str) -> PortalUnreadable:
    return PortalUnreadable(f"{_DOING}: {what}.", "Nothing was written. Run it again in a minute.")


def _rows(rows: Any) -> list[Any]:
    return rows if isinstance(rows, list) else list(wire.mapping(rows).values())


def _as_asked(share: Sequence[str], tasks: Collection[LiveTask]) -> bool:
    """Tell whether none came, or one that was asked for: else no title was looked at."""
    asked = set(map(normal_title, share))
    return not tasks or any(normal_title(str(one.fields.get("title"))) in asked for one in tasks)


def _tasks(rows: Iterable[Any]) -> Iterator[LiveTask]:
    """Yield the tasks of a call; a row whose tags are not told may be anybody's and is left out."""
    for row in rows:
        if id_in(row) is not None and tags_were_sent(row):
            yield live_task(row, ())
