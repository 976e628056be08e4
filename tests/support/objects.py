"""What S3 keeps, by conditional writes: its right answers, which a hostile server spoils."""

from __future__ import annotations

import hashlib

from support.hostileserver import RawRequest
from support.hostility import Right


class Objects:
    """What S3 keeps, by conditional writes."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}

    def right(self, request: RawRequest) -> Right:
        """Answer as S3 does."""
        there = self.bodies.get(request.path)
        match request.method:
            case "GET":
                return _no("NoSuchKey", 404) if there is None else _tagged(there, there)
            case "PUT":
                asked = {name.lower(): value for name, value in request.headers.items()}
                tag = None if there is None else _tag(there)
                if ("if-none-match" in asked and tag) or asked.get("if-match", tag) != tag:
                    return _no("PreconditionFailed", 412)
                self.bodies[request.path] = request.body
                return _tagged(request.body, b"")
        self.bodies.pop(request.path, None)
        return Right(204, b"")


def _tag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


def _tagged(body: bytes, told: bytes) -> Right:
    return Right(200, told, {"ETag": _tag(body)})


def _no(code: str, status: int) -> Right:
    body = f"<Error><Code>{code}</Code><Message>No</Message></Error>".encode()
    return Right(status, body, {"Content-Type": "application/xml"})
