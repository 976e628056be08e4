"""Which release of a library is installed, for what depends on the words that it knows."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path


def version_of(library: str) -> str:
    """Return a name that changes with the release, "" where the library is not installed.

    By the name of the folder that pip leaves beside it: each plan of such a manifest asks for it,
    and importlib.metadata alone would take as long to import as a small plan.
    """
    found = find_spec(library)
    if found is None or found.origin is None:
        return ""
    beside = Path(found.origin).parents[1].glob(f"{library}-*.dist-info")
    names = sorted(path.name for path in beside)
    return names[-1] if names else found.origin
