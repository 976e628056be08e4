"""JSON to bytes and back: by orjson where it is installed, else by the standard library."""

from __future__ import annotations

import importlib
import importlib.util
import json
from typing import Any

Json = dict[str, Any]
_FAST: Any = importlib.import_module("orjson") if importlib.util.find_spec("orjson") else None


def dumps(value: Any) -> bytes:
    """One line of compact JSON in UTF-8."""
    if _FAST is not None:
        return bytes(_FAST.dumps(value))
    return json.dumps(value, separators=(",", ":")).encode()


def loads(data: bytes | str) -> Any:
    """The value in `data`; raises ValueError when it is not JSON."""
    return _FAST.loads(data) if _FAST is not None else json.loads(data)
