"""Reading documents that another process of tasksync wrote, and that may be broken in any way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tasksync.core.formats.strict_json import strict
from tasksync.core.formats.typed import Json


class NotReadable(ValueError):
    """Why a document is not what it should be, in words that follow "it cannot be read: "."""


@contextmanager
def readable() -> Iterator[None]:
    """Turn whatever reading of plain data raises into NotReadable."""
    try:
        yield
    except NotReadable:
        raise
    except KeyError as error:
        msg = f"{error.args[0]} is missing"
        raise NotReadable(msg) from error
    except (ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise NotReadable(str(error)) from error


def document(text: str) -> Json:
    """Return the object that a text is; raises NotReadable."""
    if not text.strip():
        msg = "it is empty"
        raise NotReadable(msg)
    with readable():
        data = strict(text)
    if not isinstance(data, dict):
        msg = "it is no JSON object"
        raise NotReadable(msg)
    return data
