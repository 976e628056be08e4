"""What an event says to a person, in one line."""

from __future__ import annotations

from typing import assert_never

from tasksync.core import events
from tasksync.core.state import Holder
from tasksync.render.outcomes import outcome_line, value_line
from tasksync.render.wording import clean, count


def said(event: events.Event) -> str:  # noqa: C901, PLR0911, PLR0912 - one line for each event
    """Return the line for an event."""
    match event:
        case events.LockWaited(holder, left):
            return f"Waiting up to {left:.0f} s more for the lock, held by {holder_text(holder)}"
        case events.ReadProgress(tasks, requests):
            return f"Read {count(tasks, 'task')} in {count(requests, 'request')}"
        case events.IntentsFound(keys):
            return f"{count(len(keys), 'create')} in doubt: the answer was lost; looking for it"
        case events.IntentResolved(key, remote):
            found = f"it is task {remote}" if remote else "it never happened"
            return f"{clean(key)}: the answer was lost, {found}"
        case events.Settling(keys, left):
            return f"{left:.0f} s until {count(len(keys), 'create')} in doubt cannot come any more"
        case events.ApplyStarted(_, requests, total):
            return f"Applying {count(total, 'change')} in about {count(requests, 'request')}"
        case events.ChangesSent(changes):
            return f"Sent {count(len(changes), 'change')}"
        case events.ChangeEnded(outcome):
            return outcome_line(outcome)
        case events.ValueNormalised() | events.ValueMissing():
            return value_line(event)
        case events.Verified(tasks, requests):
            return f"Verified {count(tasks, 'task')} in {count(requests, 'request')}"
        case events.Paced():
            return limit_text(event)
        case events.Note(text):
            return clean(text)
        case _:
            assert_never(event)


def holder_text(holder: Holder) -> str:
    """Return who holds a lock."""
    run = f", {holder.run_url}" if holder.run_url else ""
    return clean(f"{holder.user}@{holder.host} (pid {holder.pid}{run})")


def limit_text(paced: events.Paced) -> str:
    """Return the limit in force."""
    return f"limit {paced.per_second:g} a second, {paced.per_minute} a minute"
