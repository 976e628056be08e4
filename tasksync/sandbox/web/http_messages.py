"""WebRequest, Response, and ApiError, which becomes an error body.

Envelopes: `{"success": true, "data": …}` and `{"success": false, "error": {…}}` (seeds and
contract 5.1).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tasksync.sandbox.json_codec import Json, dumps, loads

NO_CONTENT = 204


@dataclass(frozen=True, slots=True)
class WebRequest:
    """One request as it arrived; `query` is the raw text behind the question mark."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    peer: str = "127.0.0.1"

    def header(self, name: str) -> str:
        """A header's value whatever its case, or the empty text."""
        wanted = name.lower()
        return next((v for k, v in self.headers.items() if k.lower() == wanted), "").strip()

    def says_json(self) -> bool:
        """Whether the body is called JSON; `text/plain; json` is text, which any page may send."""
        return self.header("Content-Type").partition(";")[0].strip().lower() == "application/json"

    def document(self) -> Json:
        """The JSON object of the body; 400 VALIDATION_ERROR without one (contract 1)."""
        if not self.says_json():
            raise ApiError.invalid("Content-Type must be application/json")
        try:
            found = loads(self.body)
        except ValueError as fault:
            message = f"Body is not valid JSON: {fault}"
            raise ApiError.invalid(message) from fault
        if not isinstance(found, dict):
            raise ApiError.invalid("Body must be a JSON object")
        return found

    def any_json(self) -> Any:
        """The JSON value of the body whatever its Content-Type, None without a body."""
        try:
            return loads(self.body or b"null")
        except ValueError as fault:
            message = f"not JSON: {fault}"
            raise ApiError.invalid(message) from fault

    def json_object(self) -> Json:
        """The same, which must be an object."""
        found = self.any_json()
        if not isinstance(found, dict):
            raise ApiError.invalid("a JSON object is needed")
        return found


@dataclass(frozen=True, slots=True)
class Response:
    """One answer: status, headers, body bytes."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def with_headers(self, more: Mapping[str, str]) -> Response:
        """The same answer with more headers."""
        return Response(self.status, {**self.headers, **more}, self.body)


class ApiError(Exception):
    """An error of the API: HTTP status, error code, text, and perhaps seconds to wait."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        retry_after: float | None = None,
        extra: Json | None = None,
        details: Json | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.retry_after, self.extra, self.details = retry_after, extra or {}, details or {}

    @classmethod
    def invalid(cls, message: str) -> ApiError:
        """The body or the query does not fit its schema (contract 5.2)."""
        return cls(400, "VALIDATION_ERROR", message)

    def error(self) -> Json:
        """The `error` object, as a batch answers it too."""
        found: Json = {"code": self.code, "message": self.message, **self.details}
        if self.retry_after is not None:
            found["retryAfter"] = math.ceil(self.retry_after)
        return found

    def response(self) -> Response:
        """The whole answer; `Retry-After` mirrors `error.retryAfter` (contract 5.1)."""
        answer = reply({"success": False, "error": self.error(), **self.extra}, self.status)
        if self.retry_after is None:
            return answer
        return answer.with_headers({"Retry-After": str(math.ceil(self.retry_after))})


def reply(document: Any, status: int = 200) -> Response:
    """A JSON answer."""
    kind = {"Content-Type": "application/json; charset=utf-8"}
    return Response(status, kind, dumps(document))


def success(data: Any, status: int = 200, **more: Any) -> Response:
    """A good answer in the vendor's envelope."""
    return reply({"success": True, "data": data, **more}, status)
