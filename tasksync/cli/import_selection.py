"""Which tasks `import` was asked for: words of flags become numbers and instants."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tasksync.cli.options import ImportOptions
from tasksync.core.equivalence import normal_text
from tasksync.core.task_filter import OPEN, TaskFilter
from tasksync.errors import UsageError

if TYPE_CHECKING:
    from tasksync.portal.client import RestPortal


def selection(options: ImportOptions, timezone: str | None, portal: RestPortal) -> TaskFilter:
    """Return the filter; asks the portal only where a person or a group goes by a name."""
    statuses = options.statuses or None
    if options.open:
        statuses = OPEN if statuses is None else statuses & OPEN
    if statuses is not None and not statuses:
        raise UsageError(
            "--open takes no completed, deferred or declined task, and --status asks for these.",
            "Leave one of them out.",
        )
    who = options.responsible
    return TaskFilter(
        group=None if options.group is None else _group(options.group, portal),
        tag=options.tag,
        responsible=None if who is None else person_number("--responsible", who, portal),
        statuses=statuses,
        since=None if options.since is None else since(options.since, timezone),
    )


def since(text: str, timezone: str | None) -> datetime:
    """Return the instant from which on changes count; a date begins in the project's zone."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(
            f"--changed-since {text[:40]} is no date.",
            "Write it like 2026-05-19, or 2026-05-19T18:00:00+03:00.",
        ) from None
    if found.tzinfo is not None:
        return found
    return found.replace(tzinfo=ZoneInfo(timezone) if timezone else UTC)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None  # noqa: PLR2004


def _group(text: str, portal: RestPortal) -> int:
    """Return the number of a workgroup that was named by it, or by its exact name."""
    if (number := _number(text)) is not None:
        return number
    wanted = normal_text(text)
    found = [one for one in portal.workgroups() if one.name == wanted]
    if len(found) == 1:
        return found[0].id
    raise _not_one("--group", text, [f"{one.id} ({one.name})" for one in found], "groups")


def person_number(flag: str, text: str, portal: RestPortal) -> int:
    """Return the number of a person that was named by it, by an address, or by a name.

    Raises UsageError, which names the flag, where that is nobody or several.
    """
    if (number := _number(text)) is not None:
        return number
    folded = " ".join(text.split()).casefold()
    people = portal.users()
    if "@" in text:
        found = [one for one in people if one.email.strip().casefold() == folded]
    else:
        found = [one for one in people if one.name.casefold() == folded]
        words = folded.split()
        found = found or [
            one for one in people if all(word in one.name.casefold() for word in words)
        ]
    found = [one for one in found if one.active] or found
    if len(found) == 1:
        return found[0].id
    raise _not_one(flag, text, [f"{one.id} ({one.shown})" for one in found], "people")


def _not_one(flag: str, text: str, found: Sequence[str], command: str) -> UsageError:
    """Return the error of a name that is nobody's, or that of several."""
    if not found:
        return UsageError(
            f"{flag} {text[:60]}: the portal lists none of this name.",
            f"tasksync {command} lists them.",
        )
    return UsageError(
        f"{flag} {text[:60]} could be {len(found)}: {', '.join(found[:5])}.",
        "Write the number of the one that is meant.",
    )
