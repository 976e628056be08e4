"""GitHub with its CI and its program gh, as far as docs/guides/in-ci.md uses them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from support.ci.github_runner import WORKFLOW, GitHubRunner
from support.ci.hosted import Hosted, WrongCommand, said
from support.ci.shell import Job
from support.forges import Gitea, GitHub

#: which token of the forge's a job has, by its permission for pull requests
TOKENS = {"write": "job", "read": "fork-job", "none": "stranger"}


@dataclass
class HostedGitHub(Hosted):
    """`runner` has the secrets of the environments and the variables of the repository."""

    runner: GitHubRunner | None = None

    def on_main(self, sha: str, event: Mapping[str, str] | None = None) -> dict[str, Job]:
        assert isinstance(self.forge, GitHub | Gitea)
        return self._run({**self.forge.environment_of_push(sha, None), **(event or {})}, sha)

    def on_pull_request(self, number: int) -> dict[str, Job]:
        assert isinstance(self.forge, GitHub | Gitea)
        sha = self.merged(number)
        self.git("update-ref", f"refs/pull/{number}/merge", sha)
        return self._run(self.forge.environment_of_pull_request(number, None), sha)

    def night(self) -> None:
        self._event("schedule", schedule="23 4 * * *")

    def _event(self, name: str, **event: str) -> None:
        file = self.forge.directory / f"{name}.json"
        file.write_text(json.dumps(event), "utf-8")
        told = {"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(file)}
        self.note(self.on_main(self.git("rev-parse", "main"), told))

    def _run(self, told: Mapping[str, str], sha: str) -> dict[str, Job]:
        assert self.runner is not None
        if not self.git("ls-tree", sha, WORKFLOW):
            return {}
        return self.runner.run(told, sha)

    def command(self, words: list[str], folder: Path) -> str:
        match words:
            case ["repo", "create", _, "--private", "--source", ".", "--push"]:
                self.create()
                self.machine.git(folder, "remote", "add", "origin", str(self.origin))
                self.machine.git(folder, "push", "-q", "-u", "origin", "main")
            case ["repo", "clone", _, place]:
                self.machine.git(folder, "clone", "-q", str(self.origin), place)
            case ["pr", "create", "--fill"]:
                branch = self.machine.git(folder, "branch", "--show-current")
                return f"{self.forge.url}/acme/tasks/pull/{self.open(branch)}\n"
            case ["pr", "checks", "--watch"]:
                return "".join(f"{job.name}\t{_word(job)}\n" for job in self.runs[-1].values())
            case ["pr", "view", number, "--comments"]:
                return self.comment(int(number)) + "\n"
            case ["pr", "merge", number, "--merge"]:
                self.merge(int(number))
            case ["run", "list", "--limit", "1", "--json", "databaseId", "--jq", ".[].databaseId"]:
                return f"{len(self.runs)}\n"
            case ["run", "view", number, "--log"]:
                return said(self.runs[int(number) - 1])
            case ["workflow", "run", "tasks"]:
                self._event("workflow_dispatch", ref="refs/heads/main")
            case _:
                raise WrongCommand(words)
        return ""


def _word(job: Job) -> str:
    return "fail" if job.code else "pass"
