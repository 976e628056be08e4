"""The hook `tasksync-validate`, run by pre-commit itself in a repository of Git."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import wheelhouse
from linting import ROOT, documents

GITOPS = ROOT / "examples" / "gitops"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> wheelhouse.Wheelhouse:
    return wheelhouse.build(tmp_path_factory.mktemp("wheelhouse"), extras=())


def git(folder: Path, *words: str) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    subprocess.run(["git", *words], cwd=folder, env=env, check=True, capture_output=True)


def tried(wheels: wheelhouse.Wheelhouse, folder: Path) -> subprocess.CompletedProcess[str]:
    """Let pre-commit clone our repository, make the hook's environment and run it."""
    env = {
        **wheels.env,
        "PIP_CONSTRAINT": str(wheels.release / "constraints.txt"),
        "PIP_BUILD_CONSTRAINT": str(wheels.release / "constraints.txt"),
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "NO_COLOR": "1",
    }
    words = ["try-repo", str(wheels.release), "tasksync-validate", "--all-files", "--verbose"]
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", *words],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_passes_a_good_manifest_and_tells_the_place_of_a_mistake(
    wheels: wheelhouse.Wheelhouse, tmp_path: Path
) -> None:
    git(wheels.release, "init", "-q")
    git(wheels.release, "add", "-A")
    git(wheels.release, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a release")
    shutil.copy(GITOPS / "tasksync.yaml", tmp_path)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    good = tried(wheels, tmp_path)
    assert good.returncode == 0, good.stdout + good.stderr
    assert "The manifest is valid: project office-move, 1 file, 20 tasks." in good.stdout
    manifest = tmp_path / "tasksync.yaml"
    text = manifest.read_text("utf-8").replace("priority: high", "priority: highest", 1)
    manifest.write_text(text, "utf-8")
    git(tmp_path, "add", "-A")
    bad = tried(wheels, tmp_path)
    assert bad.returncode == 1, bad.stdout + bad.stderr
    line = 1 + text.splitlines().index("    priority: highest")
    assert "tasksync validate" in bad.stdout
    assert f"tasksync.yaml:{line}:" in bad.stdout
    assert "exit code: 1" in bad.stdout


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
