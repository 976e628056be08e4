"""Make the documents here anew: what real runs of tasksync on a sandbox printed.

    .venv-test/bin/python tests/fleet_documents/make.py

`NAME.out` is stdout, `NAME.err` stderr.
"""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import chdir
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "support"))

from command import Done, Tasksync  # noqa: E402 - found beside
from hand import by_hand, ids_of  # noqa: E402 - found beside

from tasksync.sandbox.web.server import SandboxSettings, start  # noqa: E402 - as above

TASKS = """\
apiVersion: tasksync/v1
project: closing
timezone: Europe/Berlin
tasks:
  close: {title: Close the books, responsibleId: 1, deadline: 2026-05-20T18:00, priority: high}
  report: {title: Prepare the report, responsibleId: 22, deadline: 2026-05-18T12:00, parent: close}
  audit: {title: Invite the auditors, responsibleId: 22, deadline: 2098-07-04T18:00, protect: true}
  file: {title: File the return, responsibleId: 1}
"""
FEWER = "\n".join(TASKS.splitlines()[:5]) + "\n"
WRONG = TASKS.replace("priority: high", "priority: hig").replace("responsibleId: 22", "nobody: 1")
REJECTED = [
    {
        "kind": "call_error",
        "on": {"path": "batch"},
        "index": 0,
        "code": "BITRIX_ERROR",
        "message": "Access denied",
        "times": 1,
    }
]
UNREACHABLE = "https://vibecode.bitrix24.com"


def _keep(name: str, done: Done) -> None:
    (HERE / f"{name}.out").write_text(done.out, "utf-8")
    (HERE / f"{name}.err").write_text(done.err, "utf-8")


def _partly(project: Tasksync) -> Done:
    """Apply while the portal rejects one task."""
    folder = project.folder
    (folder / "faults.json").write_text(json.dumps(REJECTED), "utf-8")
    settings = SandboxSettings(
        port=0, limits="none", faults=folder / "faults.json", data=folder / "world.db"
    )
    running = start(settings)
    try:
        key = {"TASKSYNC_API_KEY": "vibe_api_sandbox"}
        return project("apply", "--json", "--yes", **key, TASKSYNC_PORTAL=running.url)
    finally:
        running.stop()


def make(folder: Path) -> None:
    """Run each command as a fleet's process does, and keep what it printed."""
    project = Tasksync(folder, {"TASKSYNC_FILE": "m.yaml"})
    project.manifest(TASKS, "m.yaml")
    _keep("plan", project("plan", "--format", "json"))
    _keep("partial", _partly(project))
    _keep("apply", project("apply", "--json", "--yes"))
    _keep("unchanged", project("plan", "--format", "json"))
    _keep("idle", project("apply", "--json", "--yes"))
    _keep("status", project("status", "--format", "json"))
    _keep("no-drift", project("drift", "--format", "json"))
    ids = ids_of(project)
    by_hand(
        folder, "PATCH", f"tasks/{ids['close']}", {"priority": 0, "title": "Close the <b>books"}
    )
    by_hand(folder, "DELETE", f"tasks/{ids['file']}")
    _keep("drift", project("drift", "--format", "json"))
    project.manifest(FEWER, "m.yaml")
    _keep("refused", project("plan", "--format", "json"))
    _keep("refused-apply", project("apply", "--json", "--yes"))
    project.manifest(TASKS.replace("Invite", "Ask"), "m.yaml")
    approved = "sha256:" + "0" * 64
    _keep("stale", project("apply", "--json", "--expect", approved))
    project.manifest(WRONG, "m.yaml")
    _keep("wrong", project("plan", "--format", "json"))
    _keep("denied", project("plan", "--format", "json", TASKSYNC_PORTAL=UNREACHABLE))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made, chdir(made):
        make(Path(made))
