r"""Characters that are not seen, turn the reading direction or look like a blank.

In JSON each may stand as \uXXXX: the data is the same, and no terminal or log is fooled by it.
"""

from __future__ import annotations

import re

from tasksync.late_patterns import pattern_of

#: what moves a cursor, rings a bell, turns the reading direction, breaks an encoding, has no
#: width or is a blank other than the usual one (no-break spaces and fillers among them)
_CONTROLS = "\x00-\x08\x0a-\x1f"  # which JSON always escapes
_OTHERS = (
    "\x7f-\xa0\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u1680"
    "\u17b4\u17b5\u180b-\u180f\u2000-\u200c\u200e\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000"
    "\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\uffff\ud800-\udfff"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)
#: the joiner and the presentation marks of emoji, which are right where they follow one
JOINING = "\u200d\ufe0e\ufe0f"
UNSEEN = _CONTROLS + _OTHERS

#: what no line may hold, whoever wrote it: it steers a terminal, turns the reading direction, ends
#: a line for some readers and not for others, or hides. Tabs, line feeds and blanks may stand there
STEERING = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2"
    "\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0d"
    "\ufeff\ufff0-\ufffb\ufffe\uffff\ud800-\udfff"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)

_IN_JSON = pattern_of(f"[{_OTHERS}{JOINING}]")


def escaped(char: str) -> str:
    r"""Return a character as `\u200b`, or `\U000e0041`."""
    number, basic = ord(char), 0xFFFF
    return f"\\u{number:04x}" if number <= basic else f"\\U{number:08x}"


def all_seen(json_text: str) -> str:
    """Return a JSON text with whatever is not seen as an escape; it says the same data."""
    if json_text.isascii() and "\x7f" not in json_text:
        return json_text
    return _IN_JSON.sub(_escape, json_text)


def _escape(found: re.Match[str]) -> str:
    units = found.group().encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
