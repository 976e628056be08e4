"""The published JSON Schemas of this version: in a wheel `tasksync/schemas`, else the checkout's.

They describe what tasksync reads and prints; nothing but their file is needed to read one.
"""

from __future__ import annotations

from pathlib import Path

import tasksync

#: what is described -> the words that `tasksync schema` says of it
SCHEMAS = {
    "manifest": "what a manifest may say",
    "fleet": "what a fleet's file may say",
    "plan": "a saved plan, and what plan and show print with --format json",
    "state": "what state pull prints and state push takes",
    "events": "one line of apply --json",
    "whoami": "what whoami prints with --format json",
    "directory": "what people and groups print with --format json",
    "status": "what status prints with --format json",
    "drift": "what drift prints with --format json",
    "history": "what history and history show print with --format json",
    "fleet-report": "what fleet prints with --format json",
}


def schema_text(name: str) -> str:
    """Return a schema as it is published, by its name in SCHEMAS."""
    file, package = f"{name}.schema.json", Path(tasksync.__file__).parent
    try:
        return (package / "schemas" / file).read_text(encoding="utf-8")
    except FileNotFoundError:
        return (package.parent / "schemas" / file).read_text(encoding="utf-8")
