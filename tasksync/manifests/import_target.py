"""The manifest that imported tasks are to belong to: what it knows, and what it gives them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tasksync.core.address_book import AnyAddress
from tasksync.manifests import files, header, policies
from tasksync.manifests.header import Header
from tasksync.manifests.loader import load
from tasksync.manifests.node import Node
from tasksync.manifests.values import with_defaults
from tasksync.manifests.writing import takes_more
from tasksync.value_classes import dataclass, field

#: what imported tasks are to have: people's work on their status stands
ACCEPTED: Final[Mapping[str, object]] = {policies.NAME: {"status": "accept"}}


@dataclass(frozen=True, slots=True)
class ImportTarget:
    """What is known before anything is imported.

    `header` is what is to be said above the tasks where they become a document of their own: None
    where they go into the last document of the file. `defaults` are what will lie under them.
    """

    project: str = ""
    marker: str | None = None
    timezone: str | None = None
    keys: frozenset[str] = frozenset()
    adopted: Mapping[int, str] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=lambda: dict(ACCEPTED))
    header: Mapping[str, object] | None = field(
        default_factory=lambda: {"defaults": dict(ACCEPTED)}
    )


def read_target(paths: Sequence[str], file: str) -> ImportTarget:
    """Read the manifest under these paths, to which `file` may belong; raises ManifestInvalid."""
    manifest = load(paths)
    keys: set[str] = set(manifest.removed)
    adopted: dict[int, str] = {}
    for wanted in manifest.tasks(None, AnyAddress()):
        keys.add(wanted.key)
        adopt = wanted.task().options.adopt
        if adopt is not None:
            adopted[adopt] = wanted.key
    found, _problems = files.find(paths)
    told = header.read(found)
    of_project = next((_defaults(node) for node in _documents(told) if "project" in node.names), {})
    own = _last_document(told, file)
    beneath = with_defaults(of_project, own or {})
    into = own is not None and bool(_accepts(beneath)) and takes_more(_text(file))
    above = None if into else _header(of_project)
    return ImportTarget(
        manifest.project,
        manifest.marker,
        manifest.timezone,
        frozenset(keys),
        adopted,
        beneath if into else with_defaults(of_project, _dict(dict(above or {}).get("defaults"))),
        above,
    )


def _documents(told: Header) -> list[Node]:
    return [node for one in told.files for node in one.documents if isinstance(node.value, dict)]


def _header(of_project: Mapping[str, Any]) -> dict[str, object]:
    """Return what stands above tasks in a document of their own."""
    return {} if _accepts(of_project) else {"defaults": dict(ACCEPTED)}


def _accepts(defaults: Mapping[str, Any]) -> bool:
    """Tell whether people's status stands by these defaults."""
    said = _dict(defaults.get(policies.NAME)).get("status")
    return said in {"accept", "seed"} or "status" in (defaults.get("ignoreChanges") or ())


def _last_document(told: Header, file: str) -> dict[str, Any] | None:
    """Return the defaults of the last document of a file; None where it is not there."""
    where = os.path.realpath(file)
    nodes = [
        node for one in told.files if os.path.realpath(one.name) == where for node in one.documents
    ]
    return _defaults(nodes[-1]) if nodes else None


def _defaults(node: Node) -> dict[str, Any]:
    return _dict(_dict(node.value).get("defaults"))


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(file: str) -> str:
    with open(file, encoding="utf-8", newline="") as stream:  # noqa: PTH123 - names stay as typed
        return stream.read()
