"""The literal script: yaml.safe_load, jsonschema for every task, DeepDiff for every pair.

usage: literal.py MANIFEST-FOLDER REMEMBERED.json (written at the first run, then compared with)
"""

import json
import sys
from pathlib import Path

import yaml
from deepdiff import DeepDiff
from jsonschema import Draft202012Validator, FormatChecker

NUMBERS = {"type": "array", "items": {"type": "integer"}, "uniqueItems": True}
SCHEMA = {
    "type": "object",
    "required": ["title", "responsibleId"],
    "additionalProperties": False,
    "properties": {
        "title": {"type": "string", "minLength": 1, "maxLength": 250},
        "description": {"type": "string"},
        "responsibleId": {"type": "integer", "minimum": 1},
        "priority": {"enum": ["low", "normal", "high"]},
        "deadline": {"type": "string", "format": "date-time"},
        "timeEstimate": {"type": "integer", "minimum": 0},
        "accomplices": NUMBERS,
        "auditors": NUMBERS,
        "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
    },
}


def wanted(folder: Path) -> dict:
    """Return all tasks of the manifest, checked."""
    validator = Draft202012Validator(SCHEMA, format_checker=FormatChecker())
    found = {}
    for path in sorted(folder.rglob("*.yaml")):
        document = yaml.safe_load(path.read_bytes())
        for key, task in document.get("tasks", {}).items():
            if hasattr(task["deadline"], "isoformat"):
                task["deadline"] = task["deadline"].isoformat()
            faults = list(validator.iter_errors(task))
            if faults:
                sys.exit(f"{key}: {faults[0].message}")
            found[key] = task
    return found


def main(folder: str, state: str) -> None:
    """Compare every task with what is remembered of it."""
    tasks = wanted(Path(folder))
    file = Path(state)
    if not file.exists():
        file.write_text(json.dumps(tasks), encoding="utf-8")
    remembered = json.loads(file.read_text(encoding="utf-8"))
    changed = sum(bool(DeepDiff(remembered.get(key, {}), task)) for key, task in tasks.items())
    print("No changes." if not changed else f"{changed} changes")


main(*sys.argv[1:])
