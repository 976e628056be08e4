"""The lock of a server that keeps a document, beside the lease that stands in it.

A LOCK whose answer was lost may have been done: what was asked for is remembered by its id, so
that a lock which is our own is freed by it. That frees nobody else's.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial

from tasksync.backends.patience import Waiting
from tasksync.backends.remote_document import Ambiguous, Other, RemoteDocument, patiently
from tasksync.core.state import Lease
from tasksync.errors import StateError


class ServerLock:
    """What one client asked of the server's lock, and what it was told."""

    def __init__(self, remote: RemoteDocument, waiting: Waiting) -> None:
        self._remote = remote
        self._waiting = waiting
        self._unanswered: list[str] = []  # our ids that were asked for, and no answer came
        self._refused: list[str] = []  # our ids that were refused, and nothing was told

    def take(self, asked: Lease) -> Other | None:
        """Ask for the lock; None: it is ours, else whose it is."""

        def ask() -> Other | None:
            try:
                return self._remote.lock(asked)
            except Ambiguous:
                if asked.id not in self._unanswered:
                    self._unanswered.append(asked.id)
                raise

        other = patiently(self._waiting, ask)
        if other is None or other.id:
            self._unanswered = []
        elif asked.id not in self._refused:
            self._refused.append(asked.id)
        return other

    def take_from_ourselves(self, asked: Lease, other: Other) -> Other | None:
        """Ask once more where it may be ours, as `other` names nobody and an answer was lost."""
        return self.take(asked) if self._freed(self._unanswered) else other

    def take_over(self, dead: str, asked: Lease) -> Other | None:
        """Free a dead holder's lock, and ask for it; None: it is ours, else who was quicker.

        Where neither server nor document tell its id it may be one that we asked with ourselves
        (a gateway sent it twice), or one that the server frees without an id.
        """
        if dead:
            self._freed([dead])
        else:
            with suppress(StateError):  # a server may not know what to make of no id
                self._freed([*self._refused, ""])
        quicker = self.take(asked)
        return self.take_from_ourselves(asked, quicker) if quicker else None

    def free(self, lease_id: str) -> None:
        """Free the lock of this id."""
        with suppress(StateError):  # a lock that stays is freed by the next one to wait for it
            self._freed([lease_id])

    def free_unanswered(self) -> None:
        """Leave nothing behind when the lock was not got: whoever comes next could not free it."""
        with suppress(StateError):
            self._freed(self._unanswered)

    def _freed(self, ids: list[str]) -> bool:
        """Free what the server may hold under these ids; tell whether it did hold one."""
        held = [one for one in ids if patiently(self._waiting, partial(self._remote.unlock, one))]
        return bool(held)
