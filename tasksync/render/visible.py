"""What is not seen, what looks alike and what a CI runner would obey, written so that it shows."""

from __future__ import annotations

import re
from unicodedata import name as name_of

from tasksync.core.unseen import JOINING, STEERING, UNSEEN, escaped
from tasksync.late_patterns import pattern_of

_UNSEEN = pattern_of(f"[{UNSEEN}]|(?<![\u203c-\u3299\ufe0f\U0001f000-\U0001faff])[{JOINING}]")
#: the colours of render.style, and whatever else may steer
_COLOUR_OR_STEERING = pattern_of(rf"\x1b\[(?:[0-2]|1;3[1-3]|3[1-6])m|[{STEERING}]")
#: `##[command]`, `##vso[`, `##teamcity[` anywhere in a line, and GitLab's marks of sections
_ANYWHERE = pattern_of(r"#(?=#(?:[a-z]+)?\[)|(?<=section_start):|(?<=section_end):", re.IGNORECASE)
#: `::command::` where nothing but blanks (or colours) stand before it
_AT_START = pattern_of(r"^((?:[^\S\n]|\x1b\[[0-9;]*m)*):(?=:)", re.MULTILINE)

#: a text up to here is compared character by character with another, and so much of a longer one
SPELLED_LIMIT, SPELLED_PART = 250, 100
#: whether two look the same is decided by so much of them
LOOKED_AT = 20_000

#: letters of other scripts that are drawn as Latin ones
_LOOKALIKES = str.maketrans(
    "АВЕЅІЈКМНОРСТУХҮԌԚԜаеѕіјорсухԁһӏԛԝѵ"
    "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧανορυι"  # noqa: RUF001
    "օսհոԱ"
    "‐−ˈ׳",  # noqa: RUF001
    "ABESIJKMHOPCTYXYGQWaesijopcyxdhlqwvABEZHIKMNOPTYXavopuiouhnU--''",
)
_BLANKS = pattern_of("[\xa0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000\u3164\uffa0\u115f\u1160]")
_NOTHING = pattern_of("[\u200d\ufe00-\ufe0f]")


def disarmed(text: str) -> str:
    """Return a text of several lines in which no CI runner finds a command.

    GitHub's, GitLab's, Azure's and TeamCity's are known. One character of each is written as its
    code. In JSON that stands for the same data, since there it can only be inside a string.
    """
    if "##" in text or "section_" in text.lower():
        text = _ANYWHERE.sub(_code, text)
    return _AT_START.sub(r"\1\\u003a", text) if "::" in text else text


def unsteered(text: str) -> str:
    """Return a text of several lines, coloured or not, that steers no terminal and hides nothing.

    What each text is made of is written so that it shows where it is put in; this is the door, for
    what nobody thought of. Inside of JSON's and YAML's double quotes the data stays the same.
    """
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return _COLOUR_OR_STEERING.sub(_code_unless_colour, text)


def harmless(text: str) -> str:
    """Return a text of several lines that steers no terminal and commands no CI runner."""
    return disarmed(unsteered(text))


def visible(text: str) -> str:
    """Return a text in which every character is seen: what is not is written as its code."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSEEN.sub(_code, text)


def _code(found: re.Match[str]) -> str:
    return escaped(found.group())


def _code_unless_colour(found: re.Match[str]) -> str:
    text = found.group()
    return text if len(text) > 1 else escaped(text)


def looks(text: str) -> str:
    """Return what is equal for texts that look alike: other forms and scripts of one drawing."""
    if text.isascii():
        return text
    from tasksync.core.normal_forms import normal_form  # `--help` does without

    seen = normal_form("NFKD", _BLANKS.sub(" ", text)).translate(_LOOKALIKES)
    return _NOTHING.sub("", _UNSEEN.sub("", seen))


def alike(before: str, after: str) -> bool:
    """Tell whether two texts look the same and are not; of long ones, whether they begin so."""
    if before == after or (before.isascii() and after.isascii()):
        return False
    if max(len(before), len(after)) <= LOOKED_AT:
        return looks(before) == looks(after)
    one, two = looks(before[:LOOKED_AT]), looks(after[:LOOKED_AT])
    return bool(one and two) and (one.startswith(two) or two.startswith(one))


def spelled(text: str, other: str) -> tuple[tuple[str, bool], ...]:
    r"""Return a text in pieces, for somebody who has to tell it from one that looks the same.

    A piece is a run of it as it is (False), or a character that the other text has not, by code
    and name (True): `\u0430 (CYRILLIC SMALL LETTER A)`. Of a long text, the first place that
    differs is told so: comparing character by character takes time with the square of the length.
    """
    head = 0 if max(len(text), len(other)) <= SPELLED_LIMIT else _parting(text, other)
    much = SPELLED_PART if head or max(len(text), len(other)) > SPELLED_LIMIT else SPELLED_LIMIT
    one, two = (whole[head : head + much] for whole in (text, other))
    pieces = [(text[:head], False)] if head else []
    from difflib import SequenceMatcher  # few texts look alike

    for tag, i1, i2, _j1, _j2 in SequenceMatcher(None, one, two, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append((one[i1:i2], False))
        else:
            pieces.extend(_named(char) for char in one[i1:i2])
    rest = text[head + much :]
    return (*pieces, (rest, False)) if rest else tuple(pieces)


def _parting(text: str, other: str) -> int:
    """Return where two texts begin to differ."""
    pairs = enumerate(zip(text, other, strict=False))
    return next((at for at, (one, two) in pairs if one != two), min(len(text), len(other)))


def _named(char: str) -> tuple[str, bool]:
    if char.isascii() and char.isprintable():
        return char, False
    named = name_of(char, "")
    return escaped(char) + (f" ({named})" if named else ""), True
