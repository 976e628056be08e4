"""Runs of this process that keep no pace, against portals of the tests' own that have no limits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from tasksync.portal.pacing import Pace, RateLimit, Unhurried

_NONE = RateLimit(1_000_000, 1.0)


@contextmanager
def unpaced() -> Iterator[None]:
    """Let requests leave as soon as they are due; what an answer asks to wait is waited for.

    The pace itself is held by portal/test_portal_pacing.py, by the whole run of the second portal
    that counts every limit, and by each run that is a process of its own: those keep it.
    """
    with (
        patch.object(Pace.__init__, "__defaults__", (_NONE, _NONE)),
        patch.object(Pace, Pace.tighten.__name__, Unhurried.tighten),
    ):
        yield
