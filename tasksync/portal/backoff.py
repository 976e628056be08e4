"""How long to wait before a repeat: a pure function of the attempt and of what the portal said."""

from __future__ import annotations

#: no wait is longer, whatever the portal asks for (seconds)
LONGEST_HINT = 600.0
LONGEST_PAUSE = 30.0


def pause(attempt: int, hint: float | None = None, first: float = 1.0) -> float:
    """Return the seconds before repeat number `attempt` (1 is the first repeat).

    A hint is the portal's own retryAfter and is kept to; without one the wait doubles from
    `first` up to 30 s (keys page of contract 5.2: 1, 2, 4 s). No jitter: one process speaks
    for a key, and its waiters are released one by one by the pace.
    """
    if hint is not None:
        return min(max(hint, 0.0), LONGEST_HINT)
    return float(min(first * 2 ** min(attempt - 1, 16), LONGEST_PAUSE))
