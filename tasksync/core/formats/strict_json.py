"""JSON that somebody may have written by hand: what readers differ in, or choke on, is refused."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NoReturn

from tasksync.core.quoting import quoted

#: digits of the longest whole number that anything here can mean, with room to name it
_DIGITS = 40


class BadJson(ValueError):
    """Why a text is refused, in words that follow "it cannot be read: "."""


def strict(text: str | bytes) -> object:
    """Return the data of a JSON text; raises BadJson and nothing else.

    Refused beside what is no JSON: a name that stands twice (readers differ in which of the two
    they believe), NaN and numbers without end, numbers too long for any use, and what is nested
    deeper than can be read.
    """
    try:
        return json.loads(
            text,
            object_pairs_hook=_once,
            parse_constant=_no_number,
            parse_int=_whole,
            parse_float=_finite,
        )
    except BadJson:
        raise
    except RecursionError:
        msg = "it is nested too deep"
        raise BadJson(msg) from None
    except ValueError as error:  # of text that is no UTF-8 too
        msg = "it is no JSON"
        raise BadJson(msg) from error


def _once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = sorted(name for name, _value in pairs)
        twice = next(one for one, after in pairwise(names) if one == after)
        msg = f"{quoted(twice)} stands in it twice"
        raise BadJson(msg)
    return found


def _no_number(text: str) -> NoReturn:
    msg = f"it is no JSON: {text} is no number"
    raise BadJson(msg)


def _whole(text: str) -> int:
    if len(text) > _DIGITS:
        msg = f"it holds a number of {len(text)} digits"
        raise BadJson(msg)
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        msg = f"{text[:40]} is no number"
        raise BadJson(msg)
    return number
