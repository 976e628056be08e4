"""The hook `tasksync-validate`, run by pre-commit itself in a repository of Git."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import wheelhouse
import yaml
from linting import ROOT, documents

GITOPS = ROOT / "examples" / "gitops"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> wheelhouse.Wheelhouse:
    return wheelhouse.build(tmp_path_factory.mktemp("wheelhouse"), extras=())


def git(folder: Path, *words: str) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    subprocess.run(["git", *words], cwd=folder, env=env, check=True, capture_output=True)


def tried(wheels: wheelhouse.Wheelhouse, folder: Path) -> subprocess.CompletedProcess[str]:
    """Let pre-commit clone our repository, make the hooks' environment and run them."""
    env = {
        **wheels.env,
        "PIP_CONSTRAINT": str(wheels.release / "constraints.txt"),
        "PIP_BUILD_CONSTRAINT": str(wheels.release / "constraints.txt"),
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "NO_COLOR": "1",
    }
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pre_commit",
            "try-repo",
            wheels.release,
            "--all-files",
            "--verbose",
        ],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_passes_a_good_manifest_and_tells_the_place_of_a_mistake(
    wheels: wheelhouse.Wheelhouse, tmp_path: Path
) -> None:
    """The hook as it stands, and beside it the same with the arguments of a second project.

    One repository of hooks has one environment: to make it takes pip ten seconds.
    """
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    again = {**hook, "id": "tasksync-validate-again", "args": ["-f", "wrong/tasksync.yaml"]}
    (wheels.release / ".pre-commit-hooks.yaml").write_text(json.dumps([hook, again]), "utf-8")
    git(wheels.release, "init", "-q")
    git(wheels.release, "add", "-A")
    git(wheels.release, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a release")
    shutil.copy(GITOPS / "tasksync.yaml", tmp_path)
    text = (GITOPS / "tasksync.yaml").read_text("utf-8")
    wrong = text.replace("priority: high", "priority: highest", 1)
    (tmp_path / "wrong").mkdir()
    (tmp_path / "wrong" / "tasksync.yaml").write_text(wrong, "utf-8")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    done = tried(wheels, tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    good, bad = done.stdout.split("- hook id: tasksync-validate-again")
    assert "The manifest is valid: project office-move, 1 file, 20 tasks." in good
    assert "exit code" not in good
    line = 1 + wrong.splitlines().index("    priority: highest")
    assert f"wrong/tasksync.yaml:{line}:" in bad
    assert "exit code: 1" in bad


def test_the_example_and_the_hook_are_what_pre_commit_reads() -> None:
    for command, path in (
        ("validate-manifest", ROOT / ".pre-commit-hooks.yaml"),
        ("validate-config", GITOPS / ".pre-commit-config.yaml"),
    ):
        words = [sys.executable, "-m", "pre_commit", command, path]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
    (hook,) = documents(ROOT / ".pre-commit-hooks.yaml")[0]
    (repo,) = documents(GITOPS / ".pre-commit-config.yaml")[0]["repos"]
    assert [one["id"] for one in repo["hooks"]] == [hook["id"]]
