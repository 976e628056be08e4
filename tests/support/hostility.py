"""Answers that go wrong, in every way of HTTP and JSON that was thought of; all from one seed."""

from __future__ import annotations

import copy
import gzip
import json
import random
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

#: written in the place of a marker, since Python writes no number of so many digits
DIGITS = "1" + "0" * 5000
_HUGE = "@huge@"
IRREGULAR: tuple[Any, ...] = (
    *(None, True, False, -1, 0, 1, 10**18, 10**25, 1.5, 1e308, float("nan"), float("inf")),
    *("", " ", "x" * 5000, "\ud800", "\x00", "\u202e\x1b[2J", "0", "-0", "1e5", "٣", _HUGE),
    *("0000-00-00", "0001-01-01T00:00:00-12:00", "9999-12-31T23:59:60+14:00", "2026-02-30"),
    *([], {}, [[]], {"": {}}, {"id": 1}, ["x"], "::error::x", "not found", "OPERATION_TIME_LIMIT"),
)
STATUSES = (100, 101, 199, 200, 200, 201, 202, 204, 206, 301, 302, 304, 307, 400, 401, 402, 403)
STATUSES += (404, 405, 408, 409, 412, 422, 423, 425, 429, 429, 499, 500, 502, 503, 504, 599, 999)
JSON = {"Content-Type": "application/json"}


@dataclass
class Right:
    """A right answer, which is then spoilt."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=lambda: dict(JSON))


def spoilt(chance: random.Random, right: Right, rate: float) -> Iterator[bytes]:
    """Yield what is written to the socket; some of it never ends."""
    if chance.random() >= rate:
        yield whole(right.status, right.headers, right.body)
    elif chance.random() < 0.6:
        yield from _of_content(chance, right)
    else:
        yield from chance.choice(_WIRE)(chance, right)


def whole(status: int, headers: dict[str, str], body: bytes) -> bytes:
    """Return an answer as HTTP writes it."""
    told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    size = "" if "Transfer-Encoding" in headers else f"Content-Length: {len(body)}\r\n"
    return f"HTTP/1.1 {status} X\r\n{told}{size}\r\n".encode("latin-1", "replace") + body


# --- content: HTTP is right, what it carries is not -----------------------------------------------


def _of_content(chance: random.Random, right: Right) -> Iterator[bytes]:
    status, headers, body = right.status, dict(right.headers), right.body
    for _ in range(chance.choice((1, 1, 2, 3))):
        match chance.randrange(10):
            case 0:
                status = chance.choice(STATUSES)
            case 1:
                headers |= _irregular_headers(chance)
            case 2:
                body = chance.choice(
                    (b"", b"null", b"[]", b"{}", b"<html><br></html>", b"\xff\xfe")
                )
                headers["Content-Type"] = chance.choice(("text/html", "application/json", "x"))
            case 3:
                body = _of_text(chance, body)
            case 4:
                body = _an_error(chance)
                status = chance.choice(STATUSES)
            case _:
                body = mutated(chance, body)
    if chance.random() < 0.2:
        body = gzip.compress(body, 1)
        headers["Content-Encoding"] = "gzip"
    yield whole(status, headers, body)


def _irregular_headers(chance: random.Random) -> dict[str, str]:
    irregular = (
        "-1",
        "0",
        "1",
        "nan",
        "inf",
        "1e999",
        "x",
        "",
        "9" * 30,
        "Fri, 31 Dec 9999 23:59:59 GMT",
    )
    names = ("Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
    where = ("http://[", "http://elsewhere.example/\x1b[2J", "/", "", "//@:x", "x" * 3000)
    return {
        **{name: chance.choice(irregular) for name in names if chance.random() < 0.4},
        "Location": chance.choice(where),
        "Set-Cookie": chance.choice(("a=b", "\x00=;;expires=never", "x" * 4000)),
        "Content-Type": chance.choice(("", "text/html; charset=nope", "application/json", "/")),
    }


def _an_error(chance: random.Random) -> bytes:
    codes = ("RATE_LIMITED", "BITRIX_ERROR", "ENTITY_NOT_FOUND", "INVALID_API_KEY", "X", "")
    codes += ("OPERATION_TIME_LIMIT", "ERROR_LOOP_DETECTED", "SCOPE_DENIED", "INTERNAL_ERROR")
    error = {
        "code": chance.choice((*codes, *IRREGULAR)),
        "message": chance.choice(
            (*IRREGULAR, " " * 300_000 + "b", "<br>" * 75_000, "task " * 60_000)
        ),
        "retryAfter": chance.choice((*IRREGULAR, 5, 500, 86_400)),
    }
    told = chance.choice(({"error": error}, {"error": error, "bitrixError": error}, error, [error]))
    return _written({"success": False, **told} if isinstance(told, dict) else told)


def _of_text(chance: random.Random, body: bytes) -> bytes:
    at = chance.randrange(len(body) + 1)
    return chance.choice(
        (
            b"\xef\xbb\xbf" + body,
            body[:at],
            body[:at] + bytes([chance.randrange(256)]) + body[at + 1 :],
            body[:at] + chance.randbytes(20) + body[at:],
            body + b"x",
            b" " * 1_000_000 + body,
            b"[" * 200_000 + body,
            b'{"data":' * 900 + b"1" + b"}" * 900,
            b'{"data":[' + DIGITS.encode() + b"]}",
            body.replace(b"null", b"NaN").replace(b":1", b":-Infinity"),
            body.decode("utf-8", "replace").encode("utf-16"),
        )
    )


def mutated(chance: random.Random, body: bytes) -> bytes:
    """Return a JSON document with a few values, names and shapes changed."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return _of_text(chance, body)
    holder = [document]
    for _ in range(chance.choice((1, 1, 1, 2, 5, 20))):
        _change(chance, holder)
    return _written(holder[0])


def _written(document: Any) -> bytes:
    try:
        return json.dumps(document).replace(f'"{_HUGE}"', DIGITS).encode()
    except RecursionError:  # deep within deep
        return b"[" * 100_000


def _change(chance: random.Random, holder: list[Any]) -> None:  # noqa: C901, PLR0912 - ways
    inside: Any = holder
    while True:  # deeper, most of the time
        keys = list(inside) if isinstance(inside, dict) else list(range(len(inside)))
        if not keys:
            return
        key = chance.choice(keys)
        if not isinstance(inside[key], dict | list) or not inside[key] or chance.random() < 0.2:
            break
        inside = inside[key]
    value = inside[key]
    match chance.randrange(8):
        case 0 if inside is not holder:
            del inside[key]
        case 1:
            inside[key] = [value]
        case 2 if isinstance(value, list):
            inside[key] = {str(at): one for at, one in enumerate(value)}
        case 2 if isinstance(value, dict):
            inside[key] = list(value.values())
        case 3 if isinstance(value, str | int | float):
            inside[key] = str(value) if not isinstance(value, str) else len(value)
        case 4 if isinstance(value, list):
            inside[key] = value * chance.choice((0, 2, 3))
        case 5 if isinstance(inside, dict):
            inside[chance.choice(("id", "", "data", "\ud800", "error", "x" * 300))] = value
        case 6:
            deep: Any = value
            for _ in range(chance.choice((5, 60, 300))):
                deep = [deep]
            inside[key] = deep
        case _:
            inside[key] = copy.deepcopy(chance.choice(IRREGULAR))


# --- wire: what carries it is wrong ---------------------------------------------------------------


def _cut(chance: random.Random, right: Right) -> Iterator[bytes]:
    told = whole(right.status, right.headers, right.body)
    yield told[: chance.randrange(len(told))]


def _nothing(_chance: random.Random, _right: Right) -> Iterator[bytes]:
    yield from ()


def _garbage(chance: random.Random, _right: Right) -> Iterator[bytes]:
    yield chance.choice((b"", b"HTTP/1.1 ", b"HTTP/1.1 200 OK\r\n", b"\x16\x03\x03")) + (
        chance.randbytes(chance.randrange(2000))
    )


def _lines(chance: random.Random, right: Right) -> Iterator[bytes]:
    body = right.body
    headers = chance.choice(
        (
            b"Content-Length: %d" % (len(body) + 9),
            b"Content-Length: %d" % max(0, len(body) - 9),
            b"Content-Length: -1",
            b"Content-Length: 9" + b"0" * 40,
            b"Content-Length: x",
            b"Content-Length: 1\r\nContent-Length: %d" % len(body),
            b"Content-Length: %d\r\nTransfer-Encoding: chunked" % len(body),
            b"Content-Length: %d\r\nX: " % len(body) + b"y" * 70_000,
            b"Content-Length: %d\r\n" % len(body) + b"X: y\r\n" * 5000 + b"X: y",
            b"Content-Length: %d\r\n folded: \x00\xff" % len(body),
            b"Content-Length: %d\r\n: no name\r\nno colon" % len(body),
            b"Connection: close",
            b"Content-Encoding: gzip\r\nContent-Length: %d" % len(body),
            b"Content-Encoding: deflate, gzip, br, x\r\nContent-Length: %d" % len(body),
        )
    )
    line = chance.choice(
        (b"HTTP/1.1 200 OK", b"HTTP/1.1 200 OK", b"HTTP/9 200", b"ICY 200", b"HTTP")
    )
    yield line + b"\r\n" + headers + b"\r\n\r\n" + body


def _chunks(chance: random.Random, right: Right) -> Iterator[bytes]:
    body = right.body
    yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chance.choice(
        (
            b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body),
            b"%x\r\n%b" % (len(body), body),
            b"%x\r\n%b\r\nzz\r\n" % (len(body), body),
            b"-5\r\n" + body,
            b"f" * 20 + b"\r\n" + body,
            b"ffffffff\r\n" + body,
            b"%x;%b\r\n%b\r\n0\r\n\r\n" % (len(body), b"e" * 9000, body),
            b"%x\r\n%b\r\n0\r\n" % (len(body), body) + b"T: x\r\n" * 5000 + b"\r\n",
            b"1\r\n{\r\n" * 200,
        )
    )


def _drips(chance: random.Random, _right: Right) -> Iterator[bytes]:
    """Each step is in time, and it never ends."""
    head = b"HTTP/1.1 200 OK\r\n"
    first, drop = chance.choice(
        (
            (b"", b"H"),
            (head, b"X-Drop: 1\r\n"),
            (head, b"x"),
            (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
            (b"", b"HTTP/1.1 103 Hints\r\nLink: x\r\n\r\n"),
            (head + b"Content-Length: 100000\r\n\r\n", b" "),
            (head + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
            (head + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
            (head + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"T: x\r\n"),
            (head + b"\r\n", b" "),
            (head + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b" " * 99)[:-8], b""),
        )
    )
    yield first
    while True:
        yield drop


def _flood(chance: random.Random, _right: Right) -> Iterator[bytes]:
    """As fast as it goes, and without an end."""
    head = b"HTTP/1.1 200 OK\r\n"
    first, more = chance.choice(
        (
            (head + b"\r\n", b"x" * 65_536),
            (head + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65_536 + b"\r\n"),
            (b"HTTP/1.1 302 X\r\nLocation: /\r\n\r\n", b"x" * 65_536),
            (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
            (head, b"x" * 65_536),
        )
    )
    yield first
    while True:
        yield more


MEGABYTE = 1_000_000


@cache
def bombs() -> tuple[tuple[str, bytes], ...]:
    """Encodings and bodies that are small, and large once they are decoded."""
    many = b'{"success":true,"data":[' + b"[]," * (20 * MEGABYTE) + b"1]}"
    rows = b'{"success":true,"data":[' + b'{"id":"1","tags":[]},' * (2 * MEGABYTE) + b"1]}"
    text = b'{"success":true,"data":{"portal":"' + b"x" * (60 * MEGABYTE) + b'"}}'
    wide = b'{"success":true,"data":{"portal":"' + b"\\u044f" * (9 * MEGABYTE) + b'"}}'
    plain = b'{"success":true,"data":{"portal":"' + b"\\u0041" * (9 * MEGABYTE) + b'"}}'
    blank = b" " * (300 * MEGABYTE)
    packed = [("gzip", gzip.compress(one, 1)) for one in (many, rows, text, wide, plain, blank)]
    twice = ("gzip, gzip", gzip.compress(packed[-1][1], 1))
    packed.append(("gzip", gzip.compress(b'{"data":"' + b"%41" * (20 * MEGABYTE) + b'"}', 1)))
    return (*packed, twice, ("deflate", zlib.compress(many, 1)), ("gzip", packed[0][1][:-99]))


def _bomb(chance: random.Random, right: Right) -> Iterator[bytes]:
    encoding, body = chance.choice(bombs())
    status = chance.choice((right.status, 200, 400, 503, 302))
    yield whole(status, {**JSON, "Content-Encoding": encoding}, body)


_WIRE: tuple[Callable[[random.Random, Right], Iterator[bytes]], ...] = (
    *(_cut, _cut, _nothing, _garbage, _garbage, _lines, _lines, _lines, _chunks, _chunks),
    *(_drips, _flood, _bomb),
)
