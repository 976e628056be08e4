"""Who listens while a run works: a bar on a terminal, lines in a pipe, JSON, or nobody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tasksync.cli.wiring import Session


@contextmanager
def listening(parts: Session) -> Iterator[None]:
    """Let somebody hear the events of a block."""
    yield
