"""Keys in any script, from the manifest to the portal and back, in whichever form they are written.

An editor or a file system may take letters apart (NFD) that another puts together (NFC).
"""

from __future__ import annotations

import json
from pathlib import Path
from unicodedata import normalize

import pytest
from command import Tasksync

REPORT = "\u041e\u0442\u0447\u0451\u0442-2026/\u043f\u043b\u0430\u043d"
FIGURES = "\u041e\u0442\u0447\u0451\u0442-2026/\u0441\u0431\u043e\u0440\u0439"
HEAD = "apiVersion: tasksync/v1\nproject: keys\ndefaults: {responsibleId: 1}\n"


def apart(key: str) -> str:
    return normalize("NFD", key)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tasksync:
    monkeypatch.chdir(tmp_path)
    tasksync = Tasksync(tmp_path)
    tasksync.manifest(
        f"{HEAD}tasks:\n  {REPORT}:\n    title: Report\n"
        f"  {apart(FIGURES)}:\n    title: Figures\n    parent: {apart(REPORT)}\n"
    )
    assert tasksync("apply", "--yes").code == 0
    return tasksync


def test_a_key_of_any_script_goes_all_the_way(project: Tasksync) -> None:
    again = project("plan", "--detailed-exitcode")
    assert (again.code, "No changes." in again.out) == (0, True)
    listed = project("state", "list").out
    assert REPORT in listed
    assert FIGURES in listed
    text = (project.folder / "tasksync.yaml").read_text("utf-8").replace("Figures", "All figures")
    project.manifest(text)
    for form in ("text", "markdown"):
        assert FIGURES in project("plan", "--format", form).out
    page = project("plan", "--format", "html").out
    assert json.dumps(FIGURES)[1:-1] in page or FIGURES in page
    (change,) = json.loads(project("plan", "--json").out)["resource_changes"]
    assert (change["key"], change["address"]) == (FIGURES, f'task["{FIGURES}"]')


@pytest.mark.parametrize("form", [str, apart], ids=["together", "apart"])
def test_commands_know_a_key_in_whichever_form(project: Tasksync, form: type[str]) -> None:
    assert "Report" in project("state", "show", form(REPORT)).out
    assert "Figures" in project("state", "list", form(FIGURES[:-1]) + "*").out
    assert project("plan", "--target", form(REPORT)).code == 0
    assert project("plan", "--exclude", form(FIGURES)).code == 0
    assert project("state", "mv", form(REPORT), form("\u0439/\u0451")).code == 0
    assert project("state", "show", "\u0439/\u0451").code == 0
    assert project("state", "rm", form("\u0439/\u0451")).code == 0
    assert project("state", "show", form("\u0439/\u0451")).code == 1


def test_a_key_that_no_glob_fits_is_named_with_what_is_near(project: Tasksync) -> None:
    done = project("plan", "--target", FIGURES[:-1])
    assert done.code == 64
    assert FIGURES in done.err


def test_a_rename_is_told_in_whichever_form(project: Tasksync) -> None:
    new = "\u0419/\u0451"
    project.manifest(
        f"{HEAD}moved: [{{from: {apart(FIGURES)}, to: {apart(new)}}}]\n"
        f"tasks:\n  {REPORT}: {{title: Report}}\n  {new}: {{title: Figures, parent: {REPORT}}}\n"
    )
    planned = project("plan")
    assert f"{FIGURES} has moved to {new}." in planned.out
    assert "No changes." in planned.out


def test_a_saved_plan_and_a_pushed_state_hold_such_keys(project: Tasksync) -> None:
    text = (project.folder / "tasksync.yaml").read_text("utf-8").replace("Figures", "All figures")
    project.manifest(text)
    assert project("plan", "--out", "plan.json").code == 0
    assert project("apply", "plan.json").code == 0
    pulled = project("state", "pull").out
    (project.folder / "state.json").write_text(pulled, "utf-8")
    assert project("state", "push", "state.json").code == 0
    (project.folder / "state.json").write_text(pulled.replace(REPORT, apart(REPORT)), "utf-8")
    refused = project("state", "push", "state.json", "--force")
    assert refused.code != 0
    assert "that is no key of a task" in refused.err
