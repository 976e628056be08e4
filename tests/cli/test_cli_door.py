"""Whatever is printed, by whichever command: no text steers a terminal or turns what is read."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from command import Tasksync, Terminal

from tasksync.cli.console import Console
from tasksync.core.unseen import STEERING
from tasksync.render.style import Tone, colours
from tasksync.render.visible import unsteered

IRREGULAR = "x\u202e\x1b[31m\x1b]8;;http://e\x07\u200b\x9b2Jy"
SEEN = r"x\u202e" + "\x1b[31m" + r"\u001b]8;;http://e\u0007\u200b\u009b2Jy"
#: what no line may hold; a colour moves nothing and hides nothing
STEERS = re.compile(rf"(?!\x1b\[(?:[0-2]|1;3[1-3]|3[1-6])m)[{STEERING}]")


def test_what_nobody_thought_of_is_seen_at_the_door() -> None:
    out, err = Terminal(), Terminal()
    console = Console(Terminal("yes\n"), out, err, {})
    console.say(IRREGULAR)
    console.tell(f"a\r\n{IRREGULAR}\tz\u2028")
    assert console.ask(f"{IRREGULAR}? ") == "yes\n"
    assert out.getvalue() == f"{SEEN}\n"
    assert err.getvalue() == f"a\\u000d\n{SEEN}\tz\\u2028\n{SEEN}? "


def test_our_own_colours_and_what_people_write_pass() -> None:
    for tone in Tone:
        assert unsteered(colours().paint("a", tone)) == colours().paint("a", tone)
    for text in (
        "\u0416\u00a0\u0416",
        "\U0001f468\u200d\U0001f467 ok\u2009!",
        "a\tb\n",
    ):
        assert unsteered(text) == text


@pytest.mark.parametrize("where", ["file", "header"])
def test_an_imported_sheet_steers_nothing(tmp_path: Path, where: str) -> None:
    """Its names and those of its columns are somebody's."""
    name = f"a{IRREGULAR.replace('/', '')}"
    sheet = tmp_path / (f"{name}.csv" if where == "file" else "sheet.csv")
    column = f"{name}\n::error::{'b' * 5000}" if where == "header" else "note"
    sheet.write_text(f'title,responsible,"{column}"\nOne,1,x\n', encoding="utf-8")
    done = Tasksync(tmp_path)(
        "import", sheet, "--out", tmp_path / "m.yaml", "--project", "p", "--timezone", "UTC"
    )
    assert done.code == 0, done
    assert not STEERS.search(done.out + done.err)
    assert "\n::" not in done.err
    assert len(done.err) < 1000


def test_a_document_in_plain_yaml_says_the_same_and_hides_nothing(tmp_path: Path) -> None:
    text = "a\u202eb\u200bc\xad\n##[error]x\n::warning::y"
    tasks = {"a": {"title": "T\u202e\u200b", "description": text, "tags": ["t\u2066"]}}
    head = {"apiVersion": "tasksync/v1", "project": "irregular", "defaults": {"responsibleId": 1}}
    tasksync = Tasksync(tmp_path)
    file = tasksync.manifest(json.dumps({**head, "tasks": tasks}))
    expanded = tasksync("validate", "--expand", "-f", file).out
    assert not STEERS.search(expanded)
    again = tasksync.manifest(expanded, "again.yaml")
    plans = [json.loads(tasksync("plan", "--json", "-f", one).out) for one in (file, again)]
    first, second = ([one["change"] for one in plan["resource_changes"]] for plan in plans)
    assert first == second
    assert first[0]["after"]["description"] == text
