"""A pause of the garbage collector while very many objects are made that hold no cycles.

With a hundred thousand tasks in memory each full collection costs as much as a page of rows.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def gc_paused() -> Iterator[None]:
    """No collection in this block, if there was any before."""
    collected = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collected:
            gc.enable()


def exempt_from_gc() -> None:
    """Exempt all objects of this moment from collection: they live as long as the process."""
    gc.freeze()
