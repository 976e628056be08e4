"""What a command imports: nothing heavy before there is work for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

LISTED = "import sys; names = sorted(sys.modules); import json; sys.stderr.write(json.dumps(names))"
#: what a command may need, but neither help nor version
HEAVY = {
    *("yaml", "jsonschema", "jsonschema_rs", "requests", "urllib3", "deepdiff", "orjson"),
    *("sqlite3", "psycopg", "boto3", "http.client", "asyncio", "logging"),
}
#: what costs more than the rest of --help together, and which it does without
DEAR = {"dataclasses", "inspect", "typing", "shutil", "json", "pathlib", "subprocess"}
MANIFEST = """\
apiVersion: tasksync/v1
project: startup
tasks:
  one: {title: One, responsibleId: 1}
"""


def modules(folder: Path, *words: str, before: str = "") -> set[str]:
    """Return the top names of sys.modules after a command in a process of its own."""
    code = (
        f"{before}\nimport os, sys\nos._exit = sys.exit\nsys.argv[1:] = {list(words)!r}\n"
        f"from tasksync.__main__ import main\n"
        f"try:\n    main()\nexcept SystemExit as left:\n    assert not left.code, left.code\n"
        f"{LISTED}"
    )
    env = {
        "PATH": os.defpath,
        "TASKSYNC_PORTAL": f"sandbox:{folder / 'world.db'}",
        "TASKSYNC_STATE": f"sqlite:{folder / 'state.db'}",
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=folder,
        env=env,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = set(json.loads(done.stderr[done.stderr.index("[") :]))
    return found - set(json.loads(bare()))


def bare() -> str:
    """Return what an interpreter has before it does anything (an editable install may add some)."""
    return subprocess.run(
        [sys.executable, "-c", LISTED], capture_output=True, text=True, check=True
    ).stderr


def test_version_is_answered_before_anything_is_imported(tmp_path: Path) -> None:
    """Not even argparse."""
    found = modules(tmp_path, "--version")
    assert not found & {"argparse", "tasksync.cli", "tasksync.errors", *HEAVY, *DEAR}


@pytest.mark.parametrize("words", [("--help",), ()])
def test_help_imports_nothing_that_it_does_not_need(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Neither the libraries nor what the standard library has of the slow kind."""
    found = modules(tmp_path, *words)
    assert not found & (HEAVY | DEAR)
    needed = {"tasksync.core", "tasksync.core.unseen"}  # what everything printed goes by
    ours = {name for name in found if name.startswith(("tasksync.core", "tasksync.engine"))}
    assert ours <= needed


@pytest.mark.parametrize("command", ["plan", "apply", "validate", "state", "sandbox"])
def test_help_of_a_command_imports_no_library(tmp_path: Path, command: str) -> None:
    """Each command's own flags are told without its parts."""
    assert not modules(tmp_path, command, "--help") & HEAVY


def test_completion_imports_no_library(tmp_path: Path) -> None:
    """A shell that evaluates it waits for it each time it starts."""
    assert not modules(tmp_path, "completion", "bash") & HEAVY


def test_a_plan_without_changes_imports_only_what_reads(tmp_path: Path) -> None:
    """No deepdiff, no jsonschema; under --no-refresh no requests either."""
    (tmp_path / "tasksync.yaml").write_text(MANIFEST, encoding="utf-8")
    modules(tmp_path, "apply", "--yes")
    never = {"deepdiff", "jsonschema", "psycopg", "boto3"}
    assert not modules(tmp_path, "plan") & never
    blind = modules(tmp_path, "plan", "--no-refresh")
    assert not blind & (never | {"requests", "urllib3", "http.client"})


def test_a_plan_of_new_tasks_imports_nothing_that_only_an_apply_needs(tmp_path: Path) -> None:
    """Nor what only Windows, a page, a password or a text that changed needs."""
    (tmp_path / "tasksync.yaml").write_text(MANIFEST, encoding="utf-8")
    known = "import os; os.environ['USER'] = 'anna'"
    found = modules(tmp_path, "plan", before=known)
    assert not found & {"ctypes", "getpass", "importlib.resources", "difflib", "rich", "html"}
    writing = ("engine.applying", "engine.verifying", "portal.perform", "portal.thread_pool")
    by_hand = ("faults.fault_rules", "web.control_routes", "web.apply_fault")
    assert not found & {f"tasksync.sandbox.{name}" for name in by_hand}
    assert not found & {f"tasksync.{name}" for name in writing}


def test_a_plan_that_trusts_the_state_never_reaches_the_portal(tmp_path: Path) -> None:
    """Nothing listens there: whose portal it is stands in the state."""
    (tmp_path / "tasksync.yaml").write_text(MANIFEST, encoding="utf-8")
    modules(tmp_path, "apply", "--yes")
    gone = (
        "import os; os.environ.update(TASKSYNC_PORTAL='http://127.0.0.1:9', TASKSYNC_API_KEY='k')"
    )
    assert "requests" not in modules(tmp_path, "plan", "--no-refresh", before=gone)
