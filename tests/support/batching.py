"""Batches of ten changes where the vendor takes fifty: a small world then has as many requests.

What a kill meets is a request, however many changes that carries. Batches of fifty are what all
other runs of the whole send, and the kill sweep under --long.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import tasksync.portal
from tasksync.portal import batches

CHANGES = 10


@contextmanager
def small_batches() -> Iterator[None]:
    """Let this process put so few changes into a batch, and what `Trip.forked` starts meanwhile."""
    for module in pkgutil.iter_modules(tasksync.portal.__path__, "tasksync.portal."):
        importlib.import_module(module.name)  # one that is loaded later would keep the small number
    with patch.object(batches, "FULL", CHANGES):
        yield
