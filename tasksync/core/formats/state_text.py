"""The text of a state: parsed, held to be one of a version that is read here, and its errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tasksync.core.quoting import quoted, shortened
from tasksync.core.state import FORMAT_VERSION
from tasksync.errors import StateForeign, StateUnreadable

KIND = "tasksync-state"
_ADVICE = (
    "tasksync leaves it as it is. Take it from a backup, or move it away and run "
    "`tasksync state rebuild`: the portal still knows which tasks are yours."
)
#: characters of a fault that an error tells: it may quote a value, and a value may have megabytes
_TOLD = 300
#: no format will ever have a higher number
_LAST_VERSION = 1_000_000


def unreadable(what: str, where: str = "the state") -> StateUnreadable:
    """Return the error for a state that is torn, or not one at all."""
    return StateUnreadable(f"{_sentence(where)} cannot be read: {what.rstrip('.')}.", _ADVICE)


def _sentence(where: str) -> str:
    return where[:1].upper() + where[1:]


def newer(version: object, where: str = "the state") -> StateUnreadable:
    """Return the error for a state of a later tasksync."""
    return StateUnreadable(
        f"{_sentence(where)} was written by a newer version of tasksync (format {version}, "
        f"this one knows {FORMAT_VERSION}).",
        "Install that version: `pip install --upgrade tasksync`. Nothing was changed.",
    )


def foreign(found: str, project: str) -> StateForeign:
    """Return the error for a state of another project."""
    return StateForeign(
        f"This state belongs to the project {quoted(found)}, not to {quoted(project)}.",
        "Give each project a state of its own (`--state`), or mend `project:` in the manifest. "
        "Nothing was changed.",
    )


def sniff(document: object, kind: str, where: str = "the state") -> dict[str, Any]:
    """Return the document if it is of this kind and of a version that is known here."""
    if not isinstance(document, dict) or document.get("kind") != kind:
        raise unreadable(f"it is not a {kind} document", where)
    match document.get("version"):
        case bool() | float() | str() | None:
            raise unreadable("its version is not a number", where)
        case int(version) if version > _LAST_VERSION:
            raise unreadable("its version is not a number", where)
        case int(version) if version > FORMAT_VERSION:
            raise newer(version, where)
    return document


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn whatever plain data of the wrong shape raises into StateUnreadable, naming it."""
    try:
        yield
    except RecursionError:
        raise unreadable(f"{what}: it is nested too deep") from None
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        fault = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
        raise unreadable(f"{what}: {shortened(fault, _TOLD)}") from error


def from_text(text: str, what: str) -> Any:
    """Return the data of a text that a store holds; `what` names it where it is torn."""
    with reading(what):
        return json.loads(text)
