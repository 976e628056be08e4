"""What a task's key may be: one rule for the manifest, `state mv` and `state push`.

Letters and digits of any script, marks, and `._/-`; in one form (NFC), so that what looks the same
and is written the same is one key, however an editor or a file system put it together.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final
from unicodedata import category, is_normalized

from tasksync.core.normal_forms import composed
from tasksync.core.unseen import JOINING, UNSEEN
from tasksync.late_patterns import pattern_of

KEY_LIMIT = 200
_FORM: Final = "NFC"
#: what stands in keys, one a line, where one of them may be none
_SUSPECT = pattern_of(r"[^A-Za-z0-9._/\-\n]|\n[^A-Za-z0-9]|/[/.\n]")
_KEY = pattern_of(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}\Z")
#: among letters and marks too there are some that nobody sees: fillers, selectors of variants
_UNSEEN = pattern_of(f"[{UNSEEN}{JOINING}]")


def normal_key(text: str) -> str:
    """Return a key as it is known here: another form of the same letters is the same key."""
    return composed(text)


def is_key(text: str) -> bool:
    """Tell whether a text can be a key of a task (design 2), in the form in which it is known."""
    if text.isascii():
        fits = _KEY.match(text) is not None
    else:
        fits = len(text) <= KEY_LIMIT and is_normalized(_FORM, text) and wrong_in(text) is None
    return fits and (
        "/" not in text or not any(part in {"", ".", ".."} for part in text.split("/"))
    )


def wrong_in(text: str) -> str | None:
    """Return the first character that no key may have there, or None."""
    if text and not _begins(text[0]):
        return text[0]
    if (unseen := _UNSEEN.search(text)) is not None:
        return unseen[0]
    wrong = {char for char in set(text) if not _goes_on(char)}
    return next((char for char in text if char in wrong), None) if wrong else None


@lru_cache(maxsize=8192)
def _begins(char: str) -> bool:
    kind = category(char)
    return kind[0] == "L" or kind in {"Nd", "Nl"}  # the ideographic zero is Nl


@lru_cache(maxsize=8192)
def _goes_on(char: str) -> bool:
    return char in "._/-" or _begins(char) or category(char)[0] == "M"


def first_bad(keys: Iterable[str]) -> str | None:
    """Return the first text that can be no key, or None; 100 000 of them are seen at one glance."""
    keys = tuple(keys)
    lines = "\n".join(("", *keys, ""))
    if (
        lines.count("\n") <= len(keys) + 1
        and max(map(len, keys), default=0) <= KEY_LIMIT
        and _SUSPECT.search(lines) is None
    ):
        return None
    return next((key for key in keys if not is_key(key)), None)
