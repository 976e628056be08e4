"""JSON on stdout and in files: the data as it is, and no character that a terminal hides."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from unicodedata import category

import pytest
from command import Tasksync

from tasksync.core.unseen import all_seen

#: what turns the reading direction, has no width, rings, or is a blank that is none
IRREGULAR = "a\u202eb\u200bc\u2060d\xade\u2066f\xa0gh\u2028j\U000e0041k\ufeffl\u3164m\u200dn"
UNSEEN = re.compile(
    "[\x7f-\xa0\xad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\u3164\U000e0000-\U000e0fff]"
)


@pytest.fixture
def tasksync(tmp_path: Path) -> Tasksync:
    """A project of which a task says what is not seen, and another was changed so by hand."""
    made = Tasksync(tmp_path)
    first = {"a": {"title": f"A{IRREGULAR}"}, "b": {"title": "B"}}
    assert made("apply", "-f", _manifest(made, first), "--yes").code == 0
    second = {"a": {"title": f"A{IRREGULAR}"}, "b": {"title": f"B{IRREGULAR}", "tags": [IRREGULAR]}}
    _manifest(made, second)
    return made


def _manifest(tasksync: Tasksync, tasks: object) -> Path:
    head = {"apiVersion": "tasksync/v1", "project": "irregular", "defaults": {"responsibleId": 1}}
    text = json.dumps({**head, "tasks": tasks})  # YAML knows no pairs of surrogates
    return tasksync.manifest(text.replace("\\udb40\\udc41", "\\U000e0041"))


def _texts(data: object) -> str:
    """Return all texts of some data in one."""
    return json.dumps(data, ensure_ascii=False)


def test_json_shows_every_character_and_says_the_same_data(tasksync: Tasksync) -> None:
    """Of plan, saved plan, show, state pull, whoami and the events of apply."""
    manifest = tasksync.folder / "tasksync.yaml"
    plan = tasksync.folder / "plan.json"
    ends = [
        tasksync("plan", "-f", manifest, "--json").out,
        tasksync("plan", "-f", manifest, "--format", "json", "--out", plan).out,
        tasksync("show", plan, "--json").out,
        tasksync("state", "pull", "-f", manifest).out,
    ]
    ends.append(plan.read_text(encoding="utf-8"))
    for text in ends:
        assert not UNSEEN.search(text), text
        assert _texts(IRREGULAR)[1:-1] in _texts(json.loads(text))
    events = tasksync("apply", "-f", manifest, "--json", "--yes").out
    assert not UNSEEN.search(events)
    assert all(json.loads(line) for line in events.splitlines())
    assert json.loads(tasksync("state", "pull", "-f", manifest).out)["entries"]["b"]["asked"] == {
        "title": f"B{IRREGULAR}", "responsibleId": 1, "tags": [IRREGULAR]
    }  # fmt: skip


def test_a_plan_that_was_printed_is_applied_as_it_was_meant(tasksync: Tasksync) -> None:
    """Its checksum is over the data, not over how a character is written."""
    manifest = tasksync.folder / "tasksync.yaml"
    plan = tasksync.folder / "plan.json"
    plan.write_text(tasksync("plan", "-f", manifest, "--json").out, encoding="utf-8")
    assert tasksync("apply", plan, "--yes").code == 0
    assert tasksync("plan", "-f", manifest, "--detailed-exitcode").code == 0


def test_every_character_without_a_shape_is_an_escape_in_json() -> None:
    """All that Unicode calls a control, a format, a blank or half a pair; ASCII stays readable."""
    hidden = {"Cc", "Cf", "Cs", "Zs", "Zl", "Zp"}
    irregular = [
        one for one in map(chr, range(0x80, sys.maxunicode + 1)) if category(one) in hidden
    ]
    text = json.dumps(irregular, ensure_ascii=False)
    assert all_seen(text).isascii(), set(all_seen(text)) - set(map(chr, range(128)))
    assert json.loads(all_seen(text)) == irregular
    assert all_seen('["\x7f"]') == '["\\u007f"]'
    assert all_seen('["Отчёт — «да»", "日本"]') == '["Отчёт — «да»", "日本"]'
