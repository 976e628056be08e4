"""The files that `forEach` names: found beside the document, and looked at before they are read."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from tasksync.manifests.files import SUFFIXES, Source, folder_of
from tasksync.manifests.hints import shown
from tasksync.manifests.node import Node
from tasksync.manifests.unplaced import BadValue

CSV = ".csv"
#: a CSV of a hundred thousand rows has about 20 MiB
SIZE_LIMIT = 64 << 20
#: rows of YAML are read with all their places, which takes longer
YAML_LIMIT = 8 << 20


def found(name: str, document: str, root: str) -> Source:
    """Return the file that a document names, which must lie under the folder `root`.

    The name is relative to the document; links are followed. Raises BadValue.
    """
    if not name.strip() or "\0" in name:
        raise BadValue(f"{shown(name)} is no name of a file", "write it like newcomers.csv")
    if os.path.isabs(name):  # noqa: PTH117 - names stay as typed
        what = f"{shown(name)} is not relative to this document"
        raise BadValue(what, "write it as seen from the folder of this document")
    limit = _limit(name)
    path = _beside(name, document)
    whole = os.path.realpath(path)
    if not _under(os.path.realpath(root), whole):
        what = f"{shown(name)} leads out of the folder of the project, to {whole}"
        raise BadValue(what, f"put the file under {folder_of(os.path.join(root, 'x'))}")  # noqa: PTH118
    try:
        info = os.stat(whole)  # noqa: PTH116 - the same
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        what = f"{path} cannot be read: {reason}"
        raise BadValue(what, "the name is relative to this document") from error
    if not stat.S_ISREG(info.st_mode):
        raise BadValue(f"{path} is no regular file", "name a file of rows")
    if info.st_size > limit:
        what = f"{path} has {-(-info.st_size >> 20)} MiB, and {limit >> 20} MiB may be"
        raise BadValue(what, "divide it, and name each part in its own use")
    return Source(path, Path(path))


def uses_in(node: Node) -> Iterator[Node]:
    """Yield the items of the `use` of a document or a template."""
    part = node.parts.get("use")
    if part is not None and isinstance(part.value, list):
        yield from part.parts.values()


def names_in(documents: Iterable[tuple[str, Node]]) -> set[str]:
    """Return where the files are that documents name as rows, those of templates too."""
    found: set[str] = set()
    for file, document in documents:
        templates = document.parts.get("templates")
        for node in (document, *(templates.parts.values() if templates is not None else ())):
            for use in uses_in(node):
                each = use.parts.get("forEach")
                if each is not None and isinstance(each.value, str) and "\0" not in each.value:
                    found.add(os.path.realpath(_beside(each.value, file)))
    return found


def _beside(name: str, document: str) -> str:
    return os.path.join(os.path.dirname(document), name.removeprefix("./"))  # noqa: PTH118, PTH120


def is_csv(name: str) -> bool:
    """Tell a CSV from a YAML file by its name."""
    return name.lower().endswith(CSV)


def _limit(name: str) -> int:
    if is_csv(name):
        return SIZE_LIMIT
    if name.lower().endswith(SUFFIXES):
        return YAML_LIMIT
    raise BadValue(
        f"{shown(name)} is neither a CSV nor a YAML file by its name",
        f"let it end in {CSV}, {' or '.join(SUFFIXES)}",
    )


def _under(root: str, path: str) -> bool:
    try:
        return os.path.commonpath([root, path]) == root
    except ValueError:  # another drive
        return False
