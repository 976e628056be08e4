"""`tasksync state`: what is remembered can be looked at, mended, pulled, pushed and rebuilt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from command import Tasksync
from hand import by_hand, ids_of, world_of

ROOT = Path(__file__).parents[2]
MANIFEST = """\
apiVersion: tasksync/v1
project: keeping
defaults: {responsibleId: 1}
tasks:
  a: {title: First, deadline: 2026-07-01T12:00:00+02:00}
  b: {title: Second, parent: a, tags: [x]}
  c: {title: Third}
"""


@pytest.fixture
def tasksync(tmp_path: Path) -> Tasksync:
    made = Tasksync.of(tmp_path, MANIFEST)
    assert made("apply", "--yes").code == 0
    return made


def test_list_and_show_tell_what_is_remembered(tasksync: Tasksync) -> None:
    listed = tasksync("state", "list").out.splitlines()
    assert [line.split()[0] for line in listed] == ["a", "b", "c"]
    assert len(tasksync("state", "list", "[ab]").out.splitlines()) == 2
    shown = tasksync("state", "show", "b").out
    assert "Second" in shown
    assert "parent         a" in shown
    wrong = tasksync("state", "show", "bb")
    assert (wrong.code, "Did you mean b?" in wrong.err) == (1, True)


def test_mv_gives_a_task_another_key_and_touches_nothing_else(
    tasksync: Tasksync, tmp_path: Path
) -> None:
    before = ids_of(tasksync)
    assert tasksync("state", "mv", "c", "third").code == 0
    assert ids_of(tasksync)["third"] == before["c"]
    tasksync.manifest(MANIFEST.replace("  c:", "  third:"), "m.yaml")
    assert "No changes." in tasksync("plan").out
    assert tasksync("state", "mv", "third", "a").code == 1
    assert tasksync("state", "mv", "nobody", "d").code == 1
    wrong = tasksync("state", "mv", "third", "x y")
    assert (wrong.code, "Begin with a letter or digit" in wrong.err) == (64, True)
    assert tasksync("state", "mv", "third", "../x").code == 64
    assert len(world_of(tmp_path)) == 3


def test_rm_forgets_without_touching_the_portal(tasksync: Tasksync, tmp_path: Path) -> None:
    assert tasksync("state", "rm", "c", "b").code == 0
    assert list(ids_of(tasksync)) == ["a"]
    assert len(world_of(tmp_path)) == 3
    assert "2 to adopt" in tasksync("plan").out


def test_pull_and_push_bring_a_state_back(tasksync: Tasksync, tmp_path: Path) -> None:
    pulled = tasksync("state", "pull").out
    data = json.loads(pulled)
    schema = json.loads((ROOT / "schemas" / "state.schema.json").read_text())
    jsonschema.validate(data, schema)
    (tmp_path / "pulled.json").write_text(pulled)
    assert tasksync("state", "rm", "a").code == 0
    older = tasksync("state", "push", tmp_path / "pulled.json")
    assert (older.code, "--force" in older.err) == (1, True)
    assert tasksync("state", "push", tmp_path / "pulled.json", "--force").code == 0
    assert "No changes." in tasksync("plan").out


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format_version": 99}', '{"a": 1}'])
def test_push_refuses_what_is_no_state(tasksync: Tasksync, tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.json").write_text(text)
    done = tasksync("state", "push", tmp_path / "bad.json", "--force")
    assert done.code == 1, done
    assert "Traceback" not in done.err
    assert len(ids_of(tasksync)) == 3


def test_push_refuses_another_projects_state(tasksync: Tasksync, tmp_path: Path) -> None:
    other = tasksync("state", "pull").out.replace('"keeping"', '"other"')
    (tmp_path / "other.json").write_text(other)
    done = tasksync("state", "push", tmp_path / "other.json", "--force")
    assert (done.code, "other" in done.err) == (1, True)


def test_rebuild_makes_a_lost_state_again_and_lists_what_it_cannot_match(
    tasksync: Tasksync, tmp_path: Path
) -> None:
    before = ids_of(tasksync)
    by_hand(tmp_path, "PATCH", f"tasks/{before['c']}", {"title": "Something else"})
    (tmp_path / "state.db").unlink()
    done = tasksync("state", "rebuild", "--yes")
    assert done.code == 0, done
    assert "Something else" in done.out
    assert ids_of(tasksync) == {"a": before["a"], "b": before["b"]}
    by_hand(tmp_path, "PATCH", f"tasks/{before['c']}", {"title": "Third"})
    assert tasksync("state", "rebuild", "--yes").code == 0
    assert ids_of(tasksync) == before
    assert "No changes." in tasksync("plan").out


def test_rebuild_asks(tasksync: Tasksync, tmp_path: Path) -> None:
    (tmp_path / "state.db").unlink()
    assert tasksync("state", "rebuild").code == 64
    assert tasksync("state", "rebuild", answer="no").code == 64
    assert ids_of(tasksync) == {}
    assert tasksync("state", "rebuild", answer="yes").code == 0


def test_another_portals_state_is_refused_before_any_task_is_read(
    tasksync: Tasksync, tmp_path: Path
) -> None:
    pulled = tasksync("state", "pull").out.replace("sandbox.bitrix24.example", "acme.bitrix24.com")
    (tmp_path / "there.json").write_text(pulled)
    assert tasksync("state", "push", tmp_path / "there.json", "--force").code == 0
    for command in (["plan"], ["apply", "--yes"]):
        done = tasksync(*command)
        assert (done.code, "acme.bitrix24.com" in done.err) == (1, True)


def test_unlock_names_the_lock_that_is_there(tasksync: Tasksync) -> None:
    done = tasksync("state", "unlock", "nothing")
    assert (done.code, "Traceback" in done.err) == (1, False)


def test_json_events_are_lines_with_terraforms_names(tasksync: Tasksync) -> None:
    tasksync.manifest(MANIFEST + "  d: {title: Fourth}\n", "m.yaml")
    done = tasksync("apply", "--yes", "--json")
    schema = json.loads((ROOT / "schemas" / "events.schema.json").read_text())
    lines = [json.loads(line) for line in done.out.splitlines()]
    for line in lines:
        jsonschema.validate(line, schema)
    types = [line["type"] for line in lines]
    assert types[0] == "version"
    assert {"planned_change", "change_summary", "apply_start", "apply_complete"} <= set(types)
    assert lines[-1]["changes"]["add"] == 1


def test_json_events_end_in_a_diagnostic_when_apply_fails(tasksync: Tasksync) -> None:
    for text, code, told in (
        (MANIFEST.replace("Third", "Third, status: nine"), 1, "nine"),
        (MANIFEST[: MANIFEST.index("tasks:")] + "tasks: {}\n", 4, "wants no task"),
    ):
        tasksync.manifest(text, "m.yaml")
        done = tasksync("apply", "--yes", "--json")
        lines = [json.loads(line) for line in done.out.splitlines()]
        said = " ".join(line["@message"] for line in lines if line["type"] == "diagnostic")
        assert (done.code, told in said) == (code, True), done


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"released": [10**30]}, "is no id of a task"),
        ({"serial": -5}, "serial cannot be -5"),
        ({"serial": 10**30}, "serial cannot be"),
        ({"a": {"id": 2**63}}, "is no id of a task"),
        ({"a": {"id": -4}}, "is no id of a task"),
        ({"a": {"block": "ab ab"}}, "block is no digest"),
        ({"a": {"block": 7}}, "block is a whole number, not a text"),
        ({"a": {"asked": {"deadline": "soon"}}}, 'deadline: "soon" is no date'),
        ({"a": {"asked": {"deadline": "2026-02-30T00:00:00Z"}}}, "is no date"),
        ({"intents": [{}]}, "an intent: key is missing"),
        (
            {"runs": [{"id": "r", "at": "9999-12-31T23:59:59-14:00", "outcome": "", "plan": ""}]},
            'a run: "9999-12-31T23:59:59-14:00" is no date with a zone',
        ),
        ({"twice": True}, "one task has one key"),
    ],
)
def test_push_refuses_a_state_that_could_not_be_used(
    tasksync: Tasksync, tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    before = tasksync("state", "pull").out
    data = json.loads(before)
    data["entries"]["a"] |= change.pop("a", {})
    if change.pop("twice", False):
        data["entries"]["b"]["id"] = data["entries"]["a"]["id"]
    (tmp_path / "bad.json").write_text(json.dumps(data | change))
    done = tasksync("state", "push", tmp_path / "bad.json", "--force")
    assert (done.code, told in done.err) == (1, True), done
    assert tasksync("state", "pull").out == before


def test_push_says_the_serial_that_the_state_then_has(tasksync: Tasksync, tmp_path: Path) -> None:
    (tmp_path / "pulled.json").write_text(tasksync("state", "pull").out)
    done = tasksync("state", "push", tmp_path / "pulled.json")
    serial = json.loads(tasksync("state", "pull").out)["serial"]
    assert f"as serial {serial}." in done.out


def test_list_and_show_say_which_state_was_looked_at_and_keep_it_out_of_the_data(
    tasksync: Tasksync, tmp_path: Path
) -> None:
    where = f"the state of keeping in sqlite:{tmp_path / 'state.db'}"
    listed = tasksync("state", "list")
    assert len(listed.out.splitlines()) == 3
    assert listed.err == f"3 entries in {where}.\n"
    assert tasksync("state", "list", "[ab]").err == f"2 of 3 entries in {where}.\n"
    near = tasksync("state", "list", "bb")
    assert (near.code, near.out) == (0, "")
    assert near.err == f'No key fits "bb" among 3 entries in {where}. Did you mean b?\n'
    assert tasksync("state", "list", "--quiet").err == ""
    assert tasksync("state", "show", "a").err == f"From {where}.\n"
    assert "nothing to unlock.\n  Looked at was " + where in tasksync("state", "unlock", "x").err


@pytest.mark.parametrize("words", [["show", "a"], ["rm", "a"], ["mv", "a", "d"]])
def test_an_entry_that_is_looked_for_in_an_empty_state_asks_after_the_address(
    tasksync: Tasksync, tmp_path: Path, words: list[str]
) -> None:
    """TASKSYNC_STATE was set for apply, and is forgotten now."""
    done = tasksync("state", *words, TASKSYNC_STATE="")
    assert done.code == 1
    assert 'There is no entry "a" in the state of keeping in sqlite:' in done.err
    assert "(there is no such file)" in done.err or words[0] != "show"
    assert "Is TASKSYNC_STATE or --state set as for apply?" in done.err
    listed = tasksync("state", "list", TASKSYNC_STATE="")
    assert (listed.code, listed.out) == (0, "")
    assert "Is TASKSYNC_STATE or --state set as for apply?" in listed.err
    wrong = tasksync("state", *words, TASKSYNC_STATE=f"sqlite:{tmp_path}/gone.db")
    assert f"in the state of keeping in sqlite:{tmp_path}/gone.db" in wrong.err


def test_the_address_of_a_state_is_said_without_its_password() -> None:
    from types import SimpleNamespace

    from tasksync.cli.state_lookup import looked_at
    from tasksync.core.state import State

    parts = SimpleNamespace(address=lambda _: "postgresql://u:geheim@db.internal/tasks")
    said = looked_at(parts, State("keeping"))  # type: ignore[arg-type]
    assert said == "the state of keeping in postgresql://u:***@db.internal/tasks"
