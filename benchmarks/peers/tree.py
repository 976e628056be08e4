"""Print what a package needs, and what that needs, as JSON; run where all of it is installed."""

from __future__ import annotations

import json
import re
import sys
from importlib.metadata import Distribution, distribution

from pip._vendor.packaging.requirements import Requirement


def normal(name: str) -> str:
    """Return a name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def needed(one: Distribution) -> list[str]:
    """Return the names of what it needs here, extras apart."""
    asked = (Requirement(text) for text in one.requires or ())
    return [normal(a.name) for a in asked if not a.marker or a.marker.evaluate({"extra": ""})]


def told(one: Distribution, wanted_by: str) -> dict[str, object]:
    """Return version, size with what pip compiled, and how many files pip compiles."""
    files = [path for path in one.files or () if path.locate().is_file()]
    size = sum(path.locate().stat().st_size for path in files)
    return {
        "version": one.version,
        "for": wanted_by,
        "megabytes": round(size / 1e6, 1),
        "files": sum(path.suffix == ".py" for path in files),
    }


found: dict[str, dict[str, object]] = {}
left = [(sys.argv[1], "")]
while left:
    name, by = left.pop(0)
    if name in found:
        continue
    one = distribution(name)
    found[name] = told(one, by)
    left += [(below, name) for below in needed(one)]
print(json.dumps(found))
