"""What is made of the code and the schemas is as it would be made now."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tasksync.cli.main import COMMANDS
from tasksync.schema_files import SCHEMAS

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
COMMANDS_PAGE = (REFERENCE / "commands.md").read_text(encoding="utf-8")


def generated(folder: Path) -> str:
    """What the generator would change in a checkout."""
    done = subprocess.run(
        [sys.executable, folder / ".ci" / "generate", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == "", done.stderr
    return done.stdout


def test_what_is_generated_is_up_to_date() -> None:
    assert generated(ROOT) == "", "renew these: .venv-test/bin/python .ci/generate"


def test_a_page_that_was_edited_by_hand_is_found(tmp_path: Path) -> None:
    checkout = copied(tmp_path)
    page = checkout / "docs/reference/commands.md"

    def edit(before: str, after: str) -> None:
        text = page.read_text("utf-8")
        assert text.count(before) == 1
        page.write_text(text.replace(before, after), "utf-8")

    edit("shows what must change; reads everything", "shows what changes; reads all")
    assert generated(checkout) == ""  # people's words, outside of the regions
    edit("| save the plan; apply FILE does exactly it |", "| save it |")
    assert generated(checkout) == "docs/reference/commands.md\n"


def test_a_field_without_a_word_of_what_it_means_is_refused(tmp_path: Path) -> None:
    checkout = copied(tmp_path)
    schema = checkout / "schemas/drift.schema.json"
    words = json.loads(schema.read_text("utf-8"))
    del words["properties"]["drifted"]["description"]
    schema.write_text(json.dumps(words), "utf-8")
    with pytest.raises(AssertionError, match=r"say what is meant by\s*\| `drifted`"):
        generated(checkout)


def copied(folder: Path) -> Path:
    """A checkout of what the generator reads and writes."""
    for name in (".ci/generate", "docs/reference", "schemas", "tasksync/completions"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "mkdocs.yml", folder)
    return folder


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_every_field_of_a_schema_stands_on_its_page(name: str) -> None:
    page = "manifest-keys" if name == "manifest" else f"formats/{name}"
    text = (REFERENCE / f"{page}.md").read_text(encoding="utf-8")
    schema = json.loads((ROOT / f"schemas/{name}.schema.json").read_text("utf-8"))
    missing = {one for one in fields_of(schema) if not re.search(rf"[`.]{re.escape(one)}`", text)}
    assert missing <= {"type"}


def fields_of(node: Any) -> Iterator[str]:
    """Every name of a property, wherever it stands."""
    if isinstance(node, dict):
        named = node.get("properties")
        yield from named if isinstance(named, dict) and "type" not in node.get("enum", ()) else ()
        for child in node.values():
            yield from fields_of(child)
    elif isinstance(node, list):
        for child in node:
            yield from fields_of(child)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_its_section(name: str) -> None:
    assert f"\n### {name}\n" in COMMANDS_PAGE


def test_every_variable_that_is_read_is_told_and_no_other() -> None:
    """Those of flags stand beside them; the others have a row in the table of variables."""
    table = COMMANDS_PAGE.split("## Variables")[1].split("## Exit codes")[0]
    told = set(re.findall(r"`((?:TASKSYNC_)?[A-Z][A-Z_]+)(?:=\w+)?`", table))
    of_flags = set(re.findall(r"<br>`(TASKSYNC_\w+)`", COMMANDS_PAGE))
    code = "\n".join(path.read_text("utf-8") for path in (ROOT / "tasksync").rglob("*.py"))
    read = set(re.findall(r"[\"']((?:TASKSYNC_)[A-Z_]+)[\"']", code))
    assert {one for one in read if not one.endswith("_")} - told - of_flags == set()
    unread = {one for one in told - of_flags if not re.search(rf"\b{one}\b", code)}
    assert unread == set()
