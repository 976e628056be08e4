"""What GitHub is told: workflows and issue forms of the right shape, and no secret named.

check-jsonschema carries the schemas of both, so that nothing is downloaded.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from linting import faults

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*"))
FORMS = [one for one in sorted((GITHUB / "ISSUE_TEMPLATE").glob("*")) if one.stem != "config"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
TAGGED = re.compile(r"[\w.-]+/[\w./-]+@v\d+\.\d+\.\d+")

every_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
every_form = pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)


def loaded(path: Path) -> dict[str, Any]:
    data = yaml.load(path.read_text("utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - texts alone
    assert isinstance(data, dict)
    return data


def jobs_of(path: Path) -> dict[str, dict[str, Any]]:
    jobs: dict[str, dict[str, Any]] = loaded(path)["jobs"]
    return jobs


def steps_of(path: Path) -> list[dict[str, Any]]:
    return [step for job in jobs_of(path).values() for step in job.get("steps", ())]


def test_the_workflows_are_workflows_and_none_runs_without_end() -> None:
    assert faults("vendor.github-workflows", *WORKFLOWS) == ""
    assert faults("custom.github-workflows-require-timeout", *WORKFLOWS) == ""


def test_the_issue_forms_are_forms() -> None:
    assert faults("vendor.github-issue-forms", *FORMS) == ""
    assert faults("vendor.github-issue-config", GITHUB / "ISSUE_TEMPLATE" / "config.yml") == ""


@pytest.mark.parametrize(
    ("schema", "old", "new"),
    [
        ("vendor.github-workflows", "runs-on:", "run-on:"),
        ("custom.github-workflows-require-timeout", "timeout-minutes:", "# "),
        ("vendor.github-issue-forms", "type: textarea", "type: textfield"),
    ],
)
def test_what_has_a_wrong_shape_is_found(schema: str, old: str, new: str, tmp_path: Path) -> None:
    """Otherwise the checks above would say nothing."""
    path = FORMS[0] if "forms" in schema else GITHUB / "workflows" / "ci.yml"
    text = path.read_text("utf-8")
    assert old in text
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(text.replace(old, new), "utf-8")
    assert "wrong.yml" in faults(schema, wrong)


def test_ci_runs_what_contributors_run_on_every_python_that_is_supported() -> None:
    run = jobs_of(GITHUB / "workflows" / "ci.yml")["run"]
    assert [step["run"] for step in run["steps"] if "run" in step][-1] == ".ci/run"
    tried = run["strategy"]["matrix"]["python"]
    named = [one.rpartition(" ")[2] for one in PROJECT["classifiers"] if ":: 3." in one]
    assert tried == named
    assert PROJECT["requires-python"] == f">={tried[0]}"


def test_what_other_systems_can_is_run_there_on_every_python_that_is_supported() -> None:
    elsewhere = jobs_of(GITHUB / "workflows" / "ci.yml")["elsewhere"]
    matrix = elsewhere["strategy"]["matrix"]
    assert matrix["os"] == ["windows-latest", "macos-latest"]
    assert (
        matrix["python"]
        == jobs_of(GITHUB / "workflows" / "ci.yml")["run"]["strategy"]["matrix"]["python"]
    )
    last = elsewhere["steps"][-1]
    assert (last["run"], last["shell"]) == (".ci/elsewhere", "bash")


@every_workflow
def test_scripts_that_a_workflow_calls_are_there(path: Path) -> None:
    called = {step["run"].split()[0] for step in steps_of(path) if "run" in step}
    scripts = {one for one in called if one.startswith(".ci/")}
    assert scripts
    assert all((ROOT / one).stat().st_mode & 0o100 for one in scripts)


@every_workflow
def test_actions_are_pinned_by_tag(path: Path) -> None:
    used = [step["uses"] for step in steps_of(path) if "uses" in step]
    assert used
    assert [one for one in used if not TAGGED.fullmatch(one)] == []


@every_workflow
def test_no_workflow_names_a_secret_or_may_write(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.search(r"secrets\s*[.\[:]|password|api[-_]token", text, re.IGNORECASE)
    assert loaded(path)["permissions"] == {"contents": "read"}


def test_only_the_upload_may_ask_for_an_identity_and_it_runs_nothing_of_ours() -> None:
    """Trusted publishing: the job with `id-token: write` checks out and builds nothing."""
    release = GITHUB / "workflows" / "release.yml"
    asking = {name: job for name, job in jobs_of(release).items() if "permissions" in job}
    assert list(asking) == ["publish"]
    publish = asking["publish"]
    assert publish["permissions"] == {"id-token": "write"}
    assert publish["environment"]["name"] == "pypi"
    assert not any("run" in step or "checkout" in step["uses"] for step in publish["steps"])
    for path in set(WORKFLOWS) - {release}:
        assert not any("permissions" in job for job in jobs_of(path).values())


def test_nothing_is_uploaded_that_ci_did_not_pass() -> None:
    jobs = jobs_of(GITHUB / "workflows" / "release.yml")
    assert (jobs["publish"]["needs"], jobs["build"]["needs"]) == ("build", "ci")
    assert jobs["ci"]["uses"] == "./.github/workflows/ci.yml"


@every_form
def test_a_form_says_what_github_requires(path: Path) -> None:
    form = loaded(path)
    assert form.keys() >= {"name", "description", "body"}
    asked = [one for one in form["body"] if one["type"] != "markdown"]
    assert all(one["attributes"]["label"] for one in asked)
    assert len({one["id"] for one in asked}) == len(asked)
    assert any(one.get("validations", {}).get("required") == "true" for one in asked)


def test_a_bug_asks_for_what_one_needs() -> None:
    form = loaded(GITHUB / "ISSUE_TEMPLATE" / "bug.yml")
    asked = {one.get("id"): one["attributes"] for one in form["body"]}
    assert "tasksync version" in asked["version"]["label"]
    assert "plan --out" in asked["plan"]["description"]
    assert "state pull" in asked["state"]["description"]
    assert "secrets removed" in asked["state"]["label"]
    kinds = " ".join(asked["portal"]["options"])
    assert [kind for kind in ("vibe_api_", "vibe_app_", "sandbox") if kind not in kinds] == []
    (promise,) = asked["secrets"]["options"]
    assert promise["required"] == "true"


def test_the_package_does_not_say_that_it_is_typed() -> None:
    """Public are the CLI, its exit codes and schemas/; there is no Python API."""
    assert not [one for one in PROJECT["classifiers"] if one.startswith("Typing")]
    assert not (ROOT / "tasksync" / "py.typed").exists()


def test_the_hooks_run_the_tools_of_ci_with_their_settings() -> None:
    config = loaded(ROOT / ".pre-commit-config.yaml")
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]
    assert [repo["repo"] for repo in config["repos"]] == ["local"], "nothing is downloaded"
    ci = (ROOT / ".ci" / "run").read_text("utf-8")
    for hook in hooks:
        program = hook["entry"].split(" --")[0]
        assert program in ci
