"""A project whose plans are published on a forge: what a CI does with one pull request.

Waiting is done by a clock that the forge shares, so that no test waits.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from command import Done, Tasksync
from hand import world_of
from support.forges import FORGES, Gitea, GitHub, GitLab

Running = GitHub | GitLab | Gitea

#: the token that a vendor's documents would have in a workflow
USUAL = {"github": "job", "gitlab": "project", "gitea": "job"}
TOKEN = {"github": "GITHUB_TOKEN", "gitlab": "GITLAB_TOKEN", "gitea": "GITHUB_TOKEN"}
MANIFEST = """\
apiVersion: tasksync/v1
project: {project}
defaults: {{responsibleId: 1}}
tasks:
  one: {{title: {title}}}
"""


class HandedClock:
    """A clock that only sleeping moves; `waited` is every sleep."""

    def __init__(self) -> None:
        self.time = 1_800_000_000.0
        self.waited: list[float] = []

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time, UTC)

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.time += seconds


@dataclass
class Publishing:
    """One repository, one folder for each of its projects, pull request 7 open."""

    forge: Running
    folder: Path
    clock: HandedClock
    number: int = 7
    projects: dict[str, Tasksync] = field(default_factory=dict)

    @property
    def usual(self) -> str:
        """The token that its workflow has."""
        return USUAL[self.forge.name]

    def plan(self, title: str = "First", project: str = "chores") -> Path:
        """A saved plan that adds a task of this title."""
        if project not in self.projects:
            folder = self.folder / f"{self.forge.name}-{len(self.projects)}"
            folder.mkdir()
            self.projects[project] = Tasksync(folder)
        tasksync = self.projects[project]
        text = MANIFEST.format(project=json.dumps(project), title=json.dumps(title))
        file = tasksync.manifest(text)
        plan = tasksync.folder / f"{re.sub(r'[^a-zA-Z0-9]', '', title)[:20]}.json"
        done = tasksync("plan", "-f", file, "--out", plan)
        assert done.code == 0, done.err
        return plan

    def environment(self, who: str | None = "", **more: Any) -> dict[str, str]:
        """That of a job of the pull request as it is now; `who` is a token's name."""
        usual = self.usual if who == "" else who
        return self.forge.environment_of_pull_request(self.number, usual, **more)

    def publish(
        self, file: Path, *words: str, who: str | None = "", env: dict[str, str] | None = None
    ) -> Done:
        """`tasksync publish FILE` in that environment, else in that of a job of now."""
        run = env if env is not None else self.environment(who)
        return Tasksync(self.folder)("publish", file, *words, **run)

    def apply(self, env: dict[str, str], *words: str, project: str = "chores") -> Done:
        """`tasksync apply --expect published` of a project in that environment."""
        tasksync = self.projects[project]
        file = tasksync.folder / "tasksync.yaml"
        return tasksync("apply", "-f", file, "--expect", "published", *words, **env)

    def titles(self, project: str = "chores") -> list[str]:
        """The titles of the project's tasks on its portal."""
        return sorted(one["title"] for one in world_of(self.projects[project].folder))

    def bodies(self) -> list[str]:
        """What the comments of the pull request say."""
        return [one.body for one in self.forge.comments(self.number)]

    def writes(self) -> list[str]:
        """The methods of requests that are to change something, in turn."""
        return [one.method for one in self.forge.requests if one.method != "GET"]


def served(name: str, folder: Path, clock: HandedClock) -> Publishing:
    """A forge of that name with pull request 7; whoever asks for it closes it."""
    forge = FORGES[name](clock=lambda: clock.time)
    forge.open_pull_request(7)
    return Publishing(forge, folder, clock)
