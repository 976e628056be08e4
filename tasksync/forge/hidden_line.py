"""The hidden lines of a comment: what it is about, and the document that was approved.

Only the first line of a comment counts, and after it the second: titles are other people's text,
and may say anything further down. Nothing in them can end the HTML comment that they are.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from typing import Literal
from urllib.parse import quote, unquote

from tasksync.core.formats.json_text import canonical
from tasksync.core.formats.strict_json import BadJson, strict
from tasksync.late_patterns import pattern_of
from tasksync.value_classes import dataclass

#: characters that the document may take of a comment; what needs more is left out
LONGEST_DOCUMENT = 20_000
#: bytes of a document once unpacked: nobody packs one to burst
_LARGEST_DOCUMENT = 4 * 1024 * 1024
_LABEL = pattern_of(r"<!-- tasksync:(plan|file)((?: [a-z]+=[A-Za-z0-9_.~%:-]*)+) -->")
_DOCUMENT = pattern_of(r"<!-- tasksync:asked ([A-Za-z0-9+/=]+) -->")
_DIGEST = pattern_of(r"sha256:[0-9a-f]{64}")
_SHA = pattern_of(r"[0-9a-f]{7,64}")


@dataclass(frozen=True, slots=True)
class Label:
    """What a comment is about: a project's plan, or a file under a name; and for which commit.

    `digest` is the plan's, and "" of a file. Two comments with one `topic` are about the same.
    """

    kind: Literal["plan", "file"]
    name: str
    head: str
    digest: str = ""

    @property
    def topic(self) -> tuple[str, str]:
        """What one comment is kept for."""
        return self.kind, self.name

    def line(self) -> str:
        """Return the hidden line."""
        pairs = [("name", self.name), ("head", self.head)]
        pairs += [("digest", self.digest)] if self.digest else []
        told = " ".join(f"{name}={_escaped(value)}" for name, value in pairs)
        return f"<!-- tasksync:{self.kind} {told} -->"


def label_of(body: str) -> Label | None:
    """Return what the first line of a comment says, or None: it is no comment of tasksync."""
    found = _LABEL.fullmatch(_line(body, 0))
    if found is None:
        return None
    words = found[2].split()
    told = {name: unquote(value) for name, _, value in (word.partition("=") for word in words)}
    if len(told) != len(words):  # a name twice: no line of ours
        return None
    name, head, digest = (told.get(one, "") for one in ("name", "head", "digest"))
    if not name or not _SHA.fullmatch(head):
        return None
    if found[1] == "plan":
        return Label("plan", name, head, digest) if _DIGEST.fullmatch(digest) else None
    return Label("file", name, head)


def document_line(document: Mapping[str, object]) -> str:
    """Return the hidden line that holds an approved document; "" where it is too long."""
    packed = base64.b64encode(zlib.compress(canonical(document).encode(), 9)).decode()
    line = f"<!-- tasksync:asked {packed} -->"
    return line if len(line) <= LONGEST_DOCUMENT else ""


def document_of(body: str) -> Mapping[str, object] | None:
    """Return the document in a comment's second line; None where there is none to be read.

    Whoever asks holds it against the digest of the first line.
    """
    found = _DOCUMENT.fullmatch(_line(body, 1))
    if found is None or len(found[0]) > LONGEST_DOCUMENT:
        return None
    try:
        unpacking = zlib.decompressobj()
        text = unpacking.decompress(base64.b64decode(found[1], validate=True), _LARGEST_DOCUMENT)
        data = strict(text) if unpacking.eof else None
    except (binascii.Error, zlib.error, BadJson):
        return None
    return data if isinstance(data, dict) else None


def _line(body: str, number: int) -> str:
    """Return one line of a comment; forges turn line ends into CR LF, or cut blanks off."""
    lines = body[: 2 * LONGEST_DOCUMENT].split("\n", number + 1)
    return lines[number].rstrip() if number < len(lines) else ""


def _escaped(text: str) -> str:
    return quote(text, safe=":").replace("--", "%2D%2D")
