"""Waiting for one of several files of the system; their numbers may be as high as they like."""

from __future__ import annotations

import select


def readable(seconds: float, *files: int) -> set[int]:
    """Return those from which something can be read, or which have ended; none in that time.

    select.select takes no number from 1024 on, which a process of many tests comes to.
    """
    waiting = select.poll()
    for file in files:
        waiting.register(file, select.POLLIN | select.POLLHUP)
    return {file for file, _what in waiting.poll(seconds * 1000)}
