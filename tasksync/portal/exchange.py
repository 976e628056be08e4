"""One request and one answer, and the two ways in which an answer can be missing.

A transport is any callable that takes a Request and returns an Answer: HTTP, the sandbox
in-process, or a script in a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

JSON_HEADERS = (("Content-Type", "application/json"),)


@dataclass(frozen=True, slots=True)
class Request:
    """One request: `path` begins with /v1, `query` is not yet percent-encoded."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
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
    """The connection never stood (DNS, TLS, refused): the portal did nothing."""


class Unanswered(Exception):
    """The request left, and no whole answer came: the portal may have done it."""


class Transport(Protocol):
    """Sends one request and returns its answer; raises NotSent or Unanswered."""

    def __call__(self, request: Request, /) -> Answer:
        """Send one request; may be called from several threads at once."""
        ...
