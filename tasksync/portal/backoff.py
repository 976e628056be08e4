"""How long to wait before a repeat: pure functions of the attempt and of what the portal said."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

#: a wait that the portal asks for is kept to in full up to here; a longer one ends the run (s)
LONGEST_HINT = 600.0
LONGEST_PAUSE = 30.0
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_TEN_YEARS = 3650.0 * _DAY


def pause(attempt: int, hint: float | None = None, first: float = 1.0) -> float:
    """Return the seconds before repeat number `attempt` (1 is the first repeat).

    A hint is the portal's own retryAfter and is kept to; without one the wait doubles from
    `first` up to 30 s (keys page of contract 5.2: 1, 2, 4 s). No jitter: one process speaks
    for a key, and its waiters are released one by one by the pace.
    """
    if hint is not None:
        return min(max(hint, 0.0), LONGEST_HINT)
    return float(min(first * 2 ** min(attempt - 1, 16), LONGEST_PAUSE))


def asked_for(hint: float | None) -> float:
    """Return the part of a wait that no patience is lost over: a long one that was asked for."""
    return pause(1, hint) if hint is not None and hint > LONGEST_PAUSE else 0.0


def span(seconds: float) -> str:
    """Return a duration for people, rounded up: 45 s, 8 min, 2 h 5 min, 24 h, 3 days."""
    whole = math.ceil(min(seconds, _TEN_YEARS))
    if whole < 2 * _MINUTE:
        return f"{whole} s"
    minutes = -(-whole // _MINUTE)
    if whole < 2 * _HOUR:
        return f"{minutes} min"
    if whole <= 2 * _DAY:
        hours, rest = divmod(minutes, 60)
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{-(-whole // _DAY)} days"


def time_of_day(now: datetime, seconds: float) -> str:
    """Return when so many seconds are over, never too early, with the day where it is another."""
    at = now + timedelta(seconds=math.ceil(min(seconds, _TEN_YEARS)))
    if seconds > LONGEST_HINT:
        at = at.replace(second=0, microsecond=0) + timedelta(minutes=1)
        told = f"{at:%H:%M} UTC"
    else:
        told = f"{at:%H:%M:%S} UTC"
    return told if at.date() == now.date() else f"{told} on {at:%Y-%m-%d}"
