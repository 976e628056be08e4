"""One request and one answer, and the two ways in which an answer can be missing.

A transport is any callable that takes a Request and returns an Answer: HTTP, the sandbox
in-process, or a script in a test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Protocol

from tasksync.value_classes import dataclass, field

JSON_HEADERS = (("Content-Type", "application/json"),)


def always() -> bool:
    """Permit a request that nothing has to hold for: a read."""
    return True


@dataclass(frozen=True, slots=True)
class PortalRequest:
    """One request: `path` begins with /v1, `query` is not yet percent-encoded.

    `permitted` is asked in the sending thread once the connection stands, just before the first
    byte: a request that may not leave any more is dropped there (design 7). `rows` says that the
    answer may be a long list, and that whoever asks can take it as a RowList.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    permitted: Callable[[], bool] = field(default=always, compare=False, repr=False)
    rows: bool = field(default=False, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class PortalAnswer:
    """One answer as it came; header names may be in any case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    body: bytes = b""

    def header(self, name: str) -> str:
        """Return a header's value whatever the case of its name, or ""."""
        found = self.headers.get(name)
        if found is not None:
            return found
        wanted = name.lower()
        return next((value for key, value in self.headers.items() if key.lower() == wanted), "")


class NotSent(Exception):
    """The connection never stood (DNS, TLS, refused): the portal did nothing.

    `proxy` is the variable that names the proxy at which it failed, or "".
    """

    def __init__(self, why: str, proxy: str = "") -> None:
        super().__init__(why)
        self.proxy = proxy


class NotPermitted(NotSent):
    """The connection stood, but the request may not leave any more: the portal did nothing."""

    def __init__(self) -> None:
        super().__init__("the request came too late to be sent, and was dropped")


class Unanswered(Exception):
    """The request left, and no whole answer came: the portal may have done it."""


class TooLong(Unanswered):
    """The answer was let go of because of its length: asked again it would be as long."""


class NotHttp(Unanswered):
    """What came was no HTTP at all: another kind of server, or a connection that was garbled."""


class Transport(Protocol):
    """Sends one request and returns its answer; raises NotSent or Unanswered.

    `request.permitted` is asked as late as can be; NotPermitted when it says no.
    """

    def __call__(self, request: PortalRequest, /) -> PortalAnswer:
        """Send one request; may be called from several threads at once."""
        ...
