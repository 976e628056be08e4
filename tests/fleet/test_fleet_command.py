"""`tasksync fleet`: one command, one report, a real process a project."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from fleet_commands import KEYS, NAMES, FleetOf, SilentPortal

from tasksync.cli.commands.fleet import WORDS


def test_one_command_applies_them_all_and_finds_nothing_afterwards(tmp_path: Path) -> None:
    fleet = FleetOf(tmp_path)
    done = fleet("apply", "--yes")
    assert done.code == 0
    assert done.out.startswith("3 projects: 3 changed.\n")
    assert "In all: 6 added" in done.out
    assert "[3/3] " in done.err
    assert fleet.report("plan")["summary"]["nothing"] == 3


def test_what_was_planned_and_approved_is_what_is_applied(tmp_path: Path) -> None:
    """Whose manifest changed since is not applied, whose plan is missing neither; others are."""
    fleet = FleetOf(tmp_path)
    plans = str(tmp_path / "plans")
    assert fleet("plan", "--out", plans).code == 0
    fleet.write("globex", "Other")
    tmp_path.joinpath("plans", "plans", "initech.json").unlink()
    done = fleet("apply", "--expect", plans)
    assert done.code == 5
    assert "There is no approved plan of initech" in done.out
    assert fleet.codes("plan", "--detailed-exitcode") == {"acme": 0, "globex": 2, "initech": 2}


def test_expect_plans_whole_manifests(tmp_path: Path) -> None:
    done = FleetOf(tmp_path)("apply", "--expect", str(tmp_path), "--target", "one")
    assert done.code == 64
    assert "--expect and --target were both given" in done.err


def test_asked_it_does_exactly_the_plans_that_were_shown(tmp_path: Path) -> None:
    fleet = FleetOf(tmp_path)
    fleet("apply", "--yes", "--only", "acme")
    done = fleet("apply", "--target", "one", answer="yes", terminal=True)
    assert done.code == 0
    assert "Apply 2 changes to 2 projects (globex, initech)?" in done.err
    counts = {one["name"]: one["counts"] for one in fleet.report("plan")["projects"]}
    assert {name: one["add"] for name, one in counts.items()} == {
        "acme": 0,
        "globex": 1,
        "initech": 1,
    }


def test_asked_stdout_is_one_document_whatever_is_answered(tmp_path: Path) -> None:
    fleet = FleetOf(tmp_path)
    words = ("apply", "--only", "acme", "--json", "--out", str(tmp_path / "out"))
    refused = fleet(*words, answer="no", terminal=True)
    assert (refused.code, refused.out) == (1, "")
    done = fleet(*words, answer="yes", terminal=True)
    assert json.loads(done.out)["command"] == "apply"
    assert "In all: 2 to add." in done.err
    again = fleet(*words, answer="yes", terminal=True)
    assert (again.code, json.loads(again.out)["command"]) == (0, "plan")
    kept = json.loads(tmp_path.joinpath("out", "report.json").read_text())
    assert kept == json.loads(again.out)
    assert not list(tmp_path.glob("out/plans/*"))


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_done(tmp_path: Path) -> None:
    fleet = FleetOf(tmp_path)
    file = tmp_path / "report"
    file.touch()
    done = fleet("apply", "--yes", "--only", "acme", "--out", str(file))
    assert done.code == 1
    assert "The report cannot be written to" in done.err
    assert fleet.codes("plan", "--only", "acme", "--detailed-exitcode") == {"acme": 2}


def test_deletes_are_told_before_the_question(tmp_path: Path) -> None:
    fleet = FleetOf(tmp_path)
    words = ("--only", "acme")
    fleet("apply", "--yes", *words)
    done = fleet("apply", "--destroy", "--max-delete", "100%", *words, answer="no", terminal=True)
    assert done.code == 1
    assert "2 tasks will be deleted: a deleted task cannot be restored." in done.err
    assert "Apply 2 changes to 1 project (acme)?" in done.err


def test_without_a_yes_nothing_is_written(tmp_path: Path) -> None:
    fleet = FleetOf(tmp_path)
    done = fleet("apply", "--only", "acme", answer="no", terminal=True)
    assert (done.code, "Apply cancelled. Nothing was written." in done.err) == (1, True)
    assert fleet.codes("plan", "--only", "acme", "--detailed-exitcode") == {"acme": 2}


def test_where_nobody_can_be_asked_it_says_what_to_do(tmp_path: Path) -> None:
    done = FleetOf(tmp_path)("apply")
    assert done.code == 64
    assert "fleet plan --out DIR and then fleet apply --expect DIR" in done.err


def test_the_most_serious_exit_code_is_the_fleet_s(tmp_path: Path) -> None:
    """One without a key, one that cannot be read, one that is well."""
    fleet = FleetOf(tmp_path, {"acme": "https://127.0.0.1:9"})
    tmp_path.joinpath("clients/globex/tasksync.yaml").write_text("tasks: [")
    found = fleet("apply", "--yes", ACME_KEY="")
    assert found.code == 7
    assert "ACME_KEY is not set" in found.out
    assert "clients/globex/tasksync.yaml:2:1" in found.out
    assert fleet.codes("plan") == {"acme": 1, "globex": 1, "initech": 0}


def test_guards_hold_each_project_back_by_itself(tmp_path: Path) -> None:
    fleet = FleetOf(tmp_path)
    fleet("apply", "--yes")
    file = tmp_path / "clients/globex/tasksync.yaml"
    file.write_text("apiVersion: tasksync/v1\nproject: globex-tasks\ntasks: {}\n")
    fleet.write("acme", "Another one")
    assert fleet.codes("apply", "--yes") == {"acme": 0, "globex": 4, "initech": 0}
    words = ("--dangerous-allow-empty", "--max-delete", "100%")
    assert fleet.codes("apply", "--yes", *words) == {"acme": 0, "globex": 0, "initech": 0}


def test_some_projects_are_chosen_by_name_and_by_label(tmp_path: Path) -> None:
    fleet = FleetOf(tmp_path)
    assert fleet.codes("plan", "--only", "*e*", "--label", "eu") == {"globex": 0}
    assert fleet("plan", "--only", "acme", "--label", "eu").code == 64


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--only", "nosuch"), "it has: acme, globex, initech"),
        (("--label", "asia"), "its labels are: eu, us"),
    ],
)
def test_a_choice_that_fits_none_is_an_error(
    tmp_path: Path, words: tuple[str, str], said: str
) -> None:
    done = FleetOf(tmp_path)("status", *words)
    assert (done.code, said in done.err) == (64, True)


def test_flags_of_the_project_s_command_are_passed_on(tmp_path: Path) -> None:
    fleet = FleetOf(tmp_path)
    fleet("apply", "--yes", "--exclude", "one", "--parallelism", "1", "--lock-timeout", "2m30s")
    assert fleet.report("status")["counts"]["tasks"] == 3
    late = fleet.report("status", "--overdue", "--person", "7", "--due", "36h")
    assert late["counts"]["late"] == 3
    assert fleet.report("status", "--person", "1")["counts"]["tasks"] == 0


def test_the_report_and_each_project_s_own_are_kept(tmp_path: Path) -> None:
    fleet = FleetOf(tmp_path)
    out = tmp_path / "out"
    done = fleet("plan", "--out", str(out), "--format", "json")
    assert json.loads(out.joinpath("report.json").read_text()) == json.loads(done.out)
    assert {path.name for path in out.joinpath("projects").iterdir()} == {
        f"{name}.json" for name in NAMES
    }
    plan = json.loads(out.joinpath("projects", "acme.json").read_text())
    assert plan["summary"]["add"] == 2
    assert plan["digest"] == json.loads(out.joinpath("plans", "acme.json").read_text())["digest"]


def test_what_is_kept_commands_no_ci_runner_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job may print the report, in which somebody's words are broken where a line is full."""
    said = "somebody's words\n   ::error::x ##[error]y \u202e\n"
    monkeypatch.setattr("tasksync.cli.fleet_flow.rendered", lambda *_, **__: said)
    monkeypatch.setattr("tasksync.cli.fleet_flow.project_text", lambda *_, **__: said)
    assert FleetOf(tmp_path)("plan", "--only", "acme", "--out", str(tmp_path / "kept")).code == 0
    kept = [file.read_text("utf-8") for file in (tmp_path / "kept").rglob("*.txt")]
    safe = "somebody's words\n   \\u003a:error::x \\u0023#[error]y \\u202e\n"
    assert kept == [safe, safe]


def test_a_plan_that_failed_takes_the_old_one_away(tmp_path: Path) -> None:
    """Else `apply --expect` would hold to what was approved a week ago."""
    fleet = FleetOf(tmp_path)
    fleet("plan", "--out", str(tmp_path / "plans"))
    tmp_path.joinpath("clients/acme/tasksync.yaml").write_text("tasks: [")
    fleet("plan", "--out", str(tmp_path / "plans"))
    kept = {path.stem for path in tmp_path.joinpath("plans", "plans").iterdir()}
    assert kept == {"globex", "initech"}


def test_ctrl_c_is_passed_on_and_what_was_not_started_is_said(tmp_path: Path) -> None:
    with SilentPortal() as portal:
        fleet = FleetOf(tmp_path, dict.fromkeys(NAMES, portal.url))
        running = subprocess.Popen(
            [sys.executable, "-m", "tasksync", "fleet", "plan", "fleet.yaml", "--jobs", "2"],
            cwd=fleet.folder,
            env={**os.environ, **KEYS},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        while portal.most < 2:
            assert portal.asked.wait(30)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "not started" in out
    assert "SIGINT: 0 of 3 projects done" in err


def test_no_key_is_in_anything_that_is_shown_or_kept(tmp_path: Path) -> None:
    """The key is written where it should not be: into the tasks themselves."""
    fleet = FleetOf(tmp_path)
    key = KEYS["ACME_KEY"]
    fleet.write("globex", f"Call {key}")
    out = tmp_path / "out"
    done = fleet("plan", "--out", str(out), "--format", "markdown", "--only", "globex")
    kept = "".join(path.read_text() for path in out.rglob("*.md"))
    assert key not in done.out + done.err + kept


@pytest.mark.parametrize("verb", WORDS)
def test_every_verb_has_help(tmp_path: Path, verb: str) -> None:
    done = FleetOf(tmp_path)(verb, "--help")
    assert done.code == 0
    assert f"usage: tasksync fleet {verb} [flags] [FLEET.yaml]" in done.out
