"""`tasksync whoami` and `tasksync help`: whose key it is, and help for a command."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
from command import Tasksync

from tasksync.cli.main import COMMANDS
from tasksync.sandbox.web.server import SandboxSettings, start

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas/whoami.schema.json").read_text("utf-8"))


@pytest.fixture
def tasksync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tasksync:
    """An empty folder: no manifest, no state."""
    monkeypatch.chdir(tmp_path)
    return Tasksync(tmp_path)


def test_the_account_is_shown_without_manifest_and_state(
    tasksync: Tasksync, tmp_path: Path
) -> None:
    done = tasksync("whoami", TASKSYNC_API_KEY="vibe_api_sandbox")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "portal  sandbox.bitrix24.example (asked at sandbox)",
        "key     a personal key of Current user (user 1)",
        "access  reads and writes",
        "scopes  sonet_group, tasks, user",
        "limits  none",
        "expires never",
    ]
    assert not (tmp_path / "state.db").exists()


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("vibe_api_noscope", "Warning: The scope tasks is missing: no task can be read or written"),
        ("vibe_app_sandbox", "Warning: An application key works with a session alone"),
        ("vibe_live_sandbox", "Warning: A management key reads and writes no tasks."),
        ("vibe_api_readonly", "Warning: The key may only read: plan works, apply ends with exit 7"),
    ],
)
def test_what_keeps_a_key_from_working_is_said(tasksync: Tasksync, key: str, words: str) -> None:
    done = tasksync("whoami", TASKSYNC_API_KEY=key)
    assert (done.code, words in done.out) == (0, True), done
    assert key not in done.out + done.err


def test_an_application_key_with_its_session_has_nothing_to_warn_of(tasksync: Tasksync) -> None:
    env = {"TASKSYNC_API_KEY": "vibe_app_sandbox", "TASKSYNC_SESSION_TOKEN": "vibe_session_sandbox"}
    done = tasksync("whoami", **env)
    assert "an application key of Anna Berg (user 2)" in done.out
    assert "Warning" not in done.out
    assert "vibe_session_sandbox" not in done.out + done.err


@pytest.mark.parametrize("key", ["vibe_api_expired", "vibe_api_revoked", "vibe_api_elsewhere"])
def test_a_key_that_is_refused_is_exit_7(tasksync: Tasksync, key: str) -> None:
    done = tasksync("whoami", TASKSYNC_API_KEY=key)
    assert (done.code, done.out) == (7, "")
    assert key not in done.err


def test_a_real_portal_without_a_key_is_exit_7_and_names_the_variable(tasksync: Tasksync) -> None:
    done = tasksync("whoami", TASKSYNC_PORTAL="https://vibecode.bitrix24.com")
    assert (done.code, "TASKSYNC_API_KEY" in done.err) == (7, True)
    page = (Path(__file__).parents[2] / "docs" / "reference" / "portal.md").read_text("utf-8")
    (told,) = re.findall(r"https://\S+", done.err)
    assert f"({told})" in page  # where a key comes from, in the words and on the page


def test_the_limits_in_force_are_shown(tasksync: Tasksync) -> None:
    with start(SandboxSettings(port=0, limits="vendor")) as running:
        env = {"TASKSYNC_PORTAL": running.url, "TASKSYNC_API_KEY": "vibe_api_sandbox"}
        done = tasksync("whoami", **env)
    assert "limits  10 requests a second, 300 requests a minute\n" in done.out


@pytest.mark.parametrize("key", ["vibe_api_sandbox", "vibe_api_noscope", "vibe_app_sandbox"])
@pytest.mark.parametrize("flag", ["--json", "--format=json"])
def test_as_json_it_is_what_the_schema_says(tasksync: Tasksync, key: str, flag: str) -> None:
    done = tasksync("whoami", flag, TASKSYNC_API_KEY=key)
    told = json.loads(done.out)
    jsonschema.Draft202012Validator(SCHEMA).validate(told)
    assert told["missing_scopes"] == (["tasks"] if key == "vibe_api_noscope" else [])
    assert [one["level"] for one in told["remarks"]] == ["warning"] * (key != "vibe_api_sandbox")
    assert key not in done.out


@pytest.mark.parametrize("name", [*COMMANDS, "state mv"])
def test_help_of_a_command_is_its_help(tasksync: Tasksync, name: str) -> None:
    asked, flagged = tasksync("help", *name.split()), tasksync(*name.split(), "--help")
    assert (asked.code, asked.out, asked.err) == (0, flagged.out, "")
    assert asked.out.startswith(f"usage: tasksync {name}")


def test_help_alone_is_the_help_and_of_no_command_it_says_what_was_meant(
    tasksync: Tasksync,
) -> None:
    assert tasksync("help").out == tasksync("--help").out
    done = tasksync("help", "aply")
    assert (done.code, "Did you mean apply?" in done.err) == (64, True)


@pytest.mark.parametrize("told", ["0", "wide", "7" * 5000])
def test_a_width_that_no_terminal_has_is_not_believed(
    tasksync: Tasksync, monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    usual = tasksync("help", "plan")
    monkeypatch.setenv("COLUMNS", told)
    assert tasksync("help", "plan") == usual
