"""What is written, as bytes that are the same where the same is written: for fingerprints."""

from __future__ import annotations

import json

import orjson


def told(value: object) -> bytes:
    """Return values of YAML, or what was made of them, as bytes; the order of names means nothing.

    Numbers may be of any length here: what is too large is a problem where it is taken.
    """
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:  # it knows integers of 64 bits alone
        return json.dumps(value, default=str, sort_keys=True).encode()
