"""GitLab with its CI and its program glab, as far as docs/guides/in-ci.md uses them.

A first push makes the project, private, and its branch the default one
(docs.gitlab.com/topics/git/project). `glab ci trace` and `trigger` look for a job in the pipelines
of the branch that is checked out unless `--branch` names another (docs.gitlab.com/cli/ci), and what
a job said is printed as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from support.ci.gitlab_runner import FILE, GitLabRunner
from support.ci.hosted import Hosted, WrongCommand
from support.ci.shell import Job
from support.forges import GitLab


@dataclass
class HostedGitLab(Hosted):
    """`runner` has the variables of the project."""

    runner: GitLabRunner | None = None

    def on_main(self, sha: str, event: Mapping[str, str] | None = None) -> dict[str, Job]:
        assert isinstance(self.forge, GitLab)
        return self._run({**self.forge.environment_of_push(sha, None), **(event or {})})

    def on_pull_request(self, number: int) -> dict[str, Job]:
        assert isinstance(self.forge, GitLab)
        return self._run(self.forge.environment_of_pull_request(number, None))

    def night(self) -> None:
        self._event("schedule")

    def _event(self, source: str, *by_hand: str) -> None:
        told = self._main({"CI_PIPELINE_SOURCE": source})
        self.note(self._run(told, *by_hand))

    def _main(self, told: Mapping[str, str]) -> dict[str, str]:
        assert isinstance(self.forge, GitLab)
        sha = self.git("rev-parse", "main")
        return {**self.forge.environment_of_push(sha, None), **told}

    def _run(self, told: Mapping[str, str], *by_hand: str) -> dict[str, Job]:
        assert self.runner is not None
        if not self.git("ls-tree", told["CI_COMMIT_SHA"], FILE):
            return {}
        return self.runner.run(told, by_hand=by_hand)

    def command(self, words: list[str], folder: Path) -> str:
        match words:
            case ["repo", "clone", _, place]:
                self.machine.git(folder, "clone", "-q", str(self.origin), place)
            case ["mr", "create", "--fill", "--yes"]:
                branch = self.machine.git(folder, "branch", "--show-current")
                return f"{self.forge.url}/acme/tasks/-/merge_requests/{self.open(branch)}\n"
            case ["mr", "view", number, "--comments"]:
                return self.comment(int(number)) + "\n"
            case ["mr", "merge", number, "--yes"]:
                self.merge(int(number))
            case ["ci", "trace", name, "--branch", "main"]:
                return self.runs[-1][name].said
            case ["ci", "run", "--branch", "main"]:
                self._event("api")
            case ["ci", "trigger", name, "--branch", "main"]:
                self._event("api", name)
            case _:
                raise WrongCommand(words)
        return ""
