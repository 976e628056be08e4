"""Templates from the command line: plan, apply, rows that change, move and go."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from command import Tasksync

TEXT = """apiVersion: tasksync/v1
project: onboarding
timezone: Europe/Berlin
hours: {start: "09:00", end: "18:00"}
policy: {maxDelete: 100%}
defaults: {responsibleId: 1}
templates:
  newcomer:
    parameters: {name: text, start: date, buddy: {type: person, default: 2}}
    tasks:
      welcome:
        title: Welcome ${name}
        description: First day ${start:d MMMM y}
        deadline: ${start} - 1w
      desk:
        parent: welcome
        title: Prepare a desk for ${name}
        responsibleId: ${buddy}
use:
  - template: newcomer
    forEach: newcomers.csv
"""
ROWS = "key,name,start\nanna,Anna,2027-09-01\nben,Ben,2027-09-02\n"


class Project(Tasksync):
    """A project with a CSV beside its manifest."""

    def rows(self, text: str) -> None:
        (self.folder / "newcomers.csv").write_text(text, encoding="utf-8")


@pytest.fixture
def tasksync(tmp_path: Path) -> Project:
    made = Project.of(tmp_path, TEXT)
    assert isinstance(made, Project)
    made.rows(ROWS)
    assert made("apply", "--yes").code == 0
    return made


def test_a_changed_date_of_one_row_is_a_change_of_its_tasks_alone(tasksync: Project) -> None:
    """The plan says the row, and what was written beside what it comes to."""
    assert "No changes." in tasksync("plan").out
    tasksync.rows(ROWS.replace("2027-09-02", "2027-09-09"))
    told = tasksync("plan").out
    assert "Plan: 0 to add, 1 to change, 0 to destroy." in told
    assert "newcomers.csv:3" in told
    assert "2027-09-02 18:00 (2027-09-09 - 1w)" in told
    assert "First day 9 September 2027" in told
    assert tasksync("apply", "--yes").code == 0
    assert "No changes." in tasksync("plan").out


def test_written_out_it_is_the_same_plan(tasksync: Project, tmp_path: Path) -> None:
    """`validate --expand | plan -f -`, before and after an edit."""
    tasksync.rows(ROWS.replace("2027-09-02", "2027-09-09") + "carla,Carla,2027-10-01\n")
    expanded = tmp_path / "expanded" / "all.yaml"
    expanded.parent.mkdir()
    expanded.write_text(tasksync("validate", "--expand").out, encoding="utf-8")
    both = [tasksync("plan", "--json"), tasksync("plan", "--json", TASKSYNC_FILE=str(expanded))]
    plans = [json.loads(one.out) if one.code == 0 else pytest.fail(one.err) for one in both]
    told = [{one["key"]: one["change"] for one in plan["resource_changes"]} for plan in plans]
    assert told[0] == told[1]
    assert len(told[0]) == 3


def test_a_manifest_is_read_from_standard_input(tasksync: Project) -> None:
    """As processes: `tasksync validate --expand | tasksync plan -f -`."""
    env = {name: word for name, word in tasksync.env.items() if name != "TASKSYNC_FILE"}
    program = f"{sys.executable} -m tasksync"
    file = tasksync.env["TASKSYNC_FILE"]
    done = subprocess.run(  # noqa: S602 - a pipe of the shell is what is tested
        f"{program} validate --expand -f {file} | {program} plan -f -",
        shell=True,
        env={**os.environ, **env},
        cwd=tasksync.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "No changes." in done.stdout


def test_a_row_that_is_renamed_is_a_move(tasksync: Project) -> None:
    """`moved` takes a whole instance, its parents along."""
    tasksync.rows(ROWS.replace("anna,", "anne,"))
    assert "2 to add, 0 to change, 2 to destroy" in tasksync("plan").out
    tasksync.manifest(TEXT + "moved: [{from: anna/, to: anne/}]\n", "m.yaml")
    told = tasksync("plan").out
    assert "anna/desk has moved to anne/desk" in told
    assert "No changes." in told
    assert tasksync("apply", "--yes").code == 0
    assert "anne/desk" in tasksync("state", "list").out
    assert "anna/" not in tasksync("state", "list").out


def test_a_move_of_an_instance_removes_what_the_new_one_lacks(tasksync: Project) -> None:
    """A task that the template lost meanwhile is no move to a key that nobody wants."""
    tasksync.rows(ROWS.replace("anna,", "anne,"))
    text = TEXT[: TEXT.index("      desk:")] + TEXT[TEXT.index("use:") :]
    tasksync.manifest(text + "moved: [{from: anna/, to: anne/}]\n", "m.yaml")
    told = tasksync("plan").out
    assert "anna/welcome has moved to anne/welcome" in told
    assert "0 to add, 0 to change, 2 to destroy" in told


def test_a_key_that_is_moved_by_name_does_not_move_with_its_instance(tasksync: Project) -> None:
    """The one that is named goes where that says, whichever stands first."""
    tasksync.rows(ROWS.replace("anna,", "anne,"))
    moved = "moved: [{from: anna/, to: anne/}, {from: anna/desk, to: table}]\n"
    table = "tasks:\n  table: {title: Prepare a desk for Anna, responsibleId: 2}\n"
    tasksync.manifest(TEXT + moved + table, "m.yaml")
    told = tasksync("plan").out
    assert "anna/desk has moved to table" in told
    assert "anna/welcome has moved to anne/welcome" in told
    assert "1 to add, 0 to change, 0 to destroy" in told


def test_target_takes_an_instance(tasksync: Project) -> None:
    """`--target 'ben/*'` is about one row."""
    tasksync.rows(ROWS.replace("2027-09-0", "2027-10-0"))
    told = tasksync("plan", "--target", "ben/*").out
    assert "0 to add, 1 to change, 0 to destroy" in told
    assert "anna/" not in told


def test_a_row_that_is_taken_out_is_a_removal_like_any_other(tasksync: Project) -> None:
    """Its file is read still: nothing is half-read."""
    tasksync.rows(ROWS.replace("ben,Ben,2027-09-02\n", ""))
    told = tasksync("plan")
    assert "0 to add, 0 to change, 2 to destroy" in told.out
    assert "Refused" not in told.out
    done = tasksync("apply", "--yes")
    assert (done.code, "2 destroyed" in done.out) == (0, True), done.out
    assert "No changes." in tasksync("plan").out


def test_a_data_file_that_no_use_names_any_more_is_half_read(tasksync: Project) -> None:
    """Removed together with its use it is a removal like any other."""
    tasksync.manifest(TEXT[: TEXT.index("use:")] + "tasks:\n  a: {title: A}\n", "m.yaml")
    refused = tasksync("apply", "--yes")
    assert refused.code == 4
    assert "newcomers.csv" in refused.err + refused.out
    (tasksync.folder / "newcomers.csv").unlink()
    assert tasksync("apply", "--yes").code == 0
    assert (
        tasksync("state", "list").out.split() == ["a"]
        or "anna" not in tasksync("state", "list").out
    )


def test_rows_of_yaml_beside_the_manifests_are_no_manifest(tmp_path: Path) -> None:
    """A folder is read for manifests; the file that a use names is data."""
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "m.yaml").write_text(
        TEXT.replace("newcomers.csv", "people.yaml"), encoding="utf-8"
    )
    rows = "- {key: anna, name: Anna, start: 2027-09-01}\n"
    (tmp_path / "m" / "people.yaml").write_text(rows, encoding="utf-8")
    tasksync = Tasksync(tmp_path, {"TASKSYNC_FILE": str(tmp_path / "m")})
    done = tasksync("validate")
    assert done.code == 0, done.err
    assert "1 file, 2 tasks" in done.out


def test_a_fault_names_the_template_s_line_and_the_row(tasksync: Project) -> None:
    """Of many instances the first, and how many more."""
    tasksync.rows("key,name,start\nanna,,2027-09-01\nben,B,soon\n")
    told = tasksync("validate").err
    assert "newcomers.csv:2" in told
    assert "newcomers.csv:3" in told
    tasksync.rows(f"key,name,start\nanna,{'A' * 300},2027-09-01\n")
    told = tasksync("validate").err
    assert "m.yaml:12:16: title has 308 characters, 250 are allowed; in anna (" in told
    assert "newcomers.csv:2)" in told


def test_a_cell_that_looks_like_a_password_is_said_openly(tasksync: Project) -> None:
    """As what the manifest itself says: it is applied, and then there is nothing left to do."""
    tasksync.env["PGPASSWORD"] = "Bertram-of-Ours"
    tasksync.rows(ROWS.replace("Ben,", "Bertram-of-Ours,"))
    assert tasksync("apply", "--yes").code == 0
    assert "No changes." in tasksync("plan").out
