"""What S3 and http have to be able to do: keep one document, and tell whether a write was done."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeVar

from tasksync.backends.patience import Waiting
from tasksync.core.state import Lease
from tasksync.errors import StateError

T = TypeVar("T")


class Overtaken(StateError):
    """The server did not take the document: another one, or another's lock, is there."""


class Ambiguous(StateError):
    """The answer was lost, or the server is ill: it may have been done, and may be tried again."""


class Copy(NamedTuple):
    """A document as the server holds it; `tag` is what a conditional write goes by."""

    body: bytes
    tag: str


class Other(NamedTuple):
    """A lock of the server that somebody else holds, as the server tells it; "" is untold."""

    id: str = ""
    who: str = ""


class RemoteDocument(Protocol):
    """Where one document is kept. Every method may raise StateError, and Ambiguous where named."""

    where: str
    #: the server refuses a write over anything but the copy it names
    conditional: bool

    def read(self) -> Copy | None:
        """The document, or None; raises Ambiguous."""
        ...

    def write(self, body: bytes, over: str | None, lease_id: str, /) -> str:
        """Put a document over the copy with this tag (None: there is none); return its tag.

        Raises Overtaken, and Ambiguous.
        """
        ...

    def lock(self, asked: Lease, /) -> Other | None:
        """Take the server's lock under a lease's id, or return whose it is; raises Ambiguous."""
        ...

    def unlock(self, lease_id: str, /) -> bool:
        """Free the server's lock; False when it was not held under this id; raises Ambiguous."""
        ...


def patiently(waiting: Waiting, work: Callable[[], T]) -> T:
    """Do it, again while nobody knows whether it was done; only for what may be done twice."""
    attempt = waiting.attempt()
    while True:
        try:
            return work()
        except Ambiguous as error:
            if not attempt.again(error):
                raise


def unreadable_again(where: str, why: str) -> StateError:
    """Return the error for a document that would be refused when it is read: it is not written."""
    return StateError(
        f"Could not save the state {where}: it {why}, and could not be read again.",
        "What is there stays as it is. Keep a state of this size in PostgreSQL (--state).",
    )
