"""One step of our action, run for a push."""

from __future__ import annotations

import json
from pathlib import Path

from support.ci.github_runner import WORKFLOW, GitHubRunner
from support.ci.shell import Job
from support.forges import GitHub

from tasksync import __version__

MANIFEST = """\
apiVersion: tasksync/v1
project: small
timezone: UTC
tasks: {one: {title: One, responsibleId: 1}, two: {title: Two, responsibleId: 1}}
"""


class Steps:
    """A repository whose workflow is one step of our action, run for a push."""

    def __init__(self, folder: Path, forge: GitHub, runner: GitHubRunner) -> None:
        self.folder, self.forge, self.runner = folder, forge, runner
        self.git("init", "-q", "-b", "main")
        self.write("tasksync.yaml", MANIFEST)

    def git(self, *words: str) -> str:
        return self.runner.machine.git(self.folder, *words)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text, "utf-8")

    def commit(self, **given: str) -> str:
        """Have a job that uses our action with these inputs; returns the commit."""
        checkout = {"uses": "actions/checkout@v6.0.0", "with": {"persist-credentials": "false"}}
        ours = {"uses": f"tasksync/tasksync@v{__version__}", "with": given}
        job = {"steps": [checkout, ours], "environment": "tasks", "permissions": {}}
        job["permissions"] = {"pull-requests": "read"}
        workflow = {
            "on": {"push": {}, "pull_request": {}},
            "permissions": {},
            "env": {
                "TASKSYNC_PORTAL": "${{ vars.TASKSYNC_PORTAL }}",
                "TASKSYNC_API_KEY": "${{ secrets.TASKSYNC_API_KEY }}",
            },
            "jobs": {"step": job},
        }
        self.write(WORKFLOW, json.dumps(workflow))
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "A step")
        return self.git("rev-parse", "HEAD")

    def __call__(self, command: str, **given: str) -> Job:
        """Run it for a push; `detailed_exitcode` is the input of that name."""
        inputs = {name.replace("_", "-"): value for name, value in given.items()}
        sha = self.commit(command=command, **inputs)
        return self.runner.run(self.forge.environment_of_push(sha, None), sha)["step"]
