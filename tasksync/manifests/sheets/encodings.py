"""Which encoding the bytes of a CSV are: told by a BOM, proved by UTF-8, or guessed and said."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from typing import NamedTuple

from tasksync.late_patterns import pattern_of
from tasksync.manifests.hints import did_you_mean, shown
from tasksync.manifests.unplaced import BadValue

#: what --encoding takes -> the codec; what a person calls it
ENCODINGS: Mapping[str, str] = {
    "utf-8": "utf-8-sig",
    "utf-16": "utf-16",
    "cp1251": "cp1251",
    "windows-1251": "cp1251",
    "cp1252": "cp1252",
    "windows-1252": "cp1252",
    "latin-1": "cp1252",
    "cp1250": "cp1250",
    "koi8-r": "koi8_r",
    "cp866": "cp866",
    "cp850": "cp850",
    "mac-roman": "mac_roman",
    "mac-cyrillic": "mac_cyrillic",
}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
#: what is looked at for a guess (bytes)
_SAMPLE = 1 << 20
#: words of two letters and more above ASCII, and those that mix them with ASCII
_WORDS = pattern_of(rb"[A-Za-z\x80-\xff]+")
_HIGH = pattern_of(rb"[\xa8\xb8\xc0-\xff]+")
_ASCII = pattern_of(rb"[A-Za-z]")


class Decoded(NamedTuple):
    """The text, and how it was read: `Windows-1251`; `guessed` where nothing proved it."""

    text: str
    encoding: str
    guessed: bool


def decoded(content: bytes, wanted: str | None = None) -> Decoded:
    """Return a file's text; `wanted` is what a person said it is. Raises BadValue."""
    if wanted is not None:
        return _as_said(content, wanted)
    for bom, codec, name in _BOMS:
        if content.startswith(bom):
            return Decoded(_text(content, codec, name), name, guessed=False)
    if b"\0" in content:
        return _wide(content)
    try:
        return Decoded(content.decode(), "UTF-8", guessed=False)
    except UnicodeDecodeError:
        codec, name = _single_byte(content[:_SAMPLE])
        return Decoded(_text(content, codec, name), name, guessed=True)


def _as_said(content: bytes, wanted: str) -> Decoded:
    codec = ENCODINGS.get(wanted.strip().lower().replace("_", "-"))
    if codec is None:
        mend = did_you_mean(wanted, ENCODINGS) or f"use one of {', '.join(ENCODINGS)}"
        raise BadValue(f"{shown(wanted)} is no encoding that is read here", mend)
    if codec == "utf-16" and not content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        codec = "utf-16-le"
    return Decoded(_text(content, codec, wanted), wanted, guessed=False)


def _text(content: bytes, codec: str, name: str) -> str:
    try:
        return content.decode(codec)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        what = f"line {line} is not {name}: the byte 0x{content[error.start]:02x} is none there"
        raise BadValue(what, "save it as UTF-8, or say what it is with --encoding") from error


def _wide(content: bytes) -> Decoded:
    """Return UTF-16 without its mark: of ASCII every other byte is zero."""
    sample = content[:_SAMPLE]
    first, second = sample[::2].count(0), sample[1::2].count(0)
    if len(content) % 2 or max(first, second) * 8 < len(sample) // 2:
        raise BadValue("the file holds zero bytes: it is no text", "save it as CSV in UTF-8")
    codec = "utf-16-le" if second > first else "utf-16-be"
    return Decoded(_text(content, codec, "UTF-16"), "UTF-16", guessed=True)


def _single_byte(sample: bytes) -> tuple[str, str]:
    """Return Windows-1251 where words stand wholly above ASCII, else Windows-1252.

    Cyrillic letters are all above ASCII; of western words only some letters are.
    """
    cyrillic = western = 0
    for word in _WORDS.findall(sample):
        high = sum(map(len, _HIGH.findall(word)))
        if _ASCII.search(word):
            western += high
        elif high > 1:
            cyrillic += high
    if cyrillic > western:
        return "cp1251", "Windows-1251"
    return "cp1252", "Windows-1252"
