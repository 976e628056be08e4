"""Documents that are no manifests of ours: a key, a secret, another tool's file, named by mistake.

What stands in them is nobody's business here, so no error quotes it: of such a document only its
place and what is missing are told.
"""

from __future__ import annotations

import re

from tasksync.core.task import Place, Problem
from tasksync.late_patterns import pattern_of
from tasksync.manifests.hints import did_you_mean, shown
from tasksync.manifests.node import Node

API_VERSION = "tasksync/v1"
_NAME = "apiVersion"
_MEND = f"begin with {_NAME}: {API_VERSION}"
FLEET_MEND = f"begin with {_NAME}: {API_VERSION}, fleet: NAME and projects:"
#: what may be another version of ours, and so is quoted
_OURS = pattern_of(r"tasksync/[A-Za-z0-9.]{1,10}", re.IGNORECASE)


def problem(file: str, node: Node) -> Problem | None:
    """Return why a document is no manifest of ours, quoting nothing of it; None where it is one.

    An empty document is told of elsewhere.
    """
    if node.value is None and not node.broken:
        return None
    if not isinstance(node.value, dict):
        what = f"the document must be a mapping of names to values, not {_kind(node.value)}"
        return Problem(Place(file, *node.position), what, _MEND)
    if _NAME not in node.names:
        near = next((name for name in node.names if name.lower() == _NAME.lower()), None)
        position = node.position if near is None else node.names[near]
        mend = _MEND if near is None else f"write it with a capital V: {_NAME}"
        return Problem(Place(file, *position), f"{_NAME} is missing", mend)
    version, part = node.value.get(_NAME), node.parts[_NAME]
    if version == API_VERSION:
        return _a_fleet(file, node)
    what, mend = f"{_NAME} is another than {API_VERSION}: this is no manifest of tasksync", _MEND
    if isinstance(version, str) and _OURS.fullmatch(version):
        what = f"{_NAME} cannot be {shown(version)}"
        mend = f"{did_you_mean(version, [API_VERSION])} use {API_VERSION}".strip()
    return Problem(Place(file, *part.position), what, mend)


def _a_fleet(file: str, node: Node) -> Problem | None:
    """Return what to say of a fleet's file, whose projects hold manifests; None for others."""
    if "fleet" not in node.names or "tasks" in node.names or "project" in node.names:
        return None
    what = "this is a fleet's file, and no manifest"
    place = Place(file, *node.names["fleet"])
    return Problem(place, what, f"tasksync fleet plan {file} plans all its projects")


def no_fleet(file: str, node: Node) -> Problem | None:
    """Return why a document is no fleet's file, quoting nothing of it; None where it is one."""
    if "fleet" in node.names or "projects" in node.names:
        return None
    here = Place(file, *node.position)
    if not isinstance(node.value, dict):
        return Problem(here, "the document must be a mapping of names to values", FLEET_MEND)
    if node.value.get(_NAME) == API_VERSION and ("tasks" in node.names or "project" in node.names):
        what = "this is a manifest of tasks, and no fleet's file"
        return Problem(here, what, f"tasksync plan -f {file} plans it; {FLEET_MEND}")
    return Problem(here, "this is no fleet's file", FLEET_MEND)


def blanked(node: Node) -> Node:
    """Return what stands for such a document from here on: a value of which enough was said."""
    return Node(None, node.position, broken=True)


def is_blanked(node: Node) -> bool:
    """Tell whether nothing more is to be read or said of a document."""
    return node.broken and node.value is None


def _kind(value: object) -> str:
    match value:
        case list():
            return "a list"
        case str():
            return "a text"
        case bool():
            return "true or false"
        case None:
            return "nothing"
        case _:
            return "a number"
