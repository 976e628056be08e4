"""One script of a job, run by bash, with nothing of this process's environment but the PATH."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Job:
    """How a job ended: its exit code, what it said, what its steps wrote to the summary."""

    name: str
    code: int = 0
    said: str = ""
    summary: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    #: every script that was run, as it stands in the file
    ran: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Machine:
    """Where jobs run: a home, the programs of an image, and what else stands in its environment."""

    home: Path
    programs: Sequence[Path] = ()
    env: Mapping[str, str] = field(default_factory=dict)

    def bash(
        self, script: str, folder: Path, env: Mapping[str, str], options: Sequence[str] = ()
    ) -> tuple[int, str]:
        """Run a script; return its exit code and what it said."""
        file = self.home / "script.sh"
        file.write_text(script, "utf-8")
        path = os.pathsep.join([*map(str, self.programs), os.environ["PATH"]])
        done = subprocess.run(
            ["bash", *options, str(file)],
            cwd=folder,
            env={"PATH": path, "HOME": str(self.home), "LANG": "C.UTF-8", **self.env, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=180,
            check=False,
        )
        return done.returncode, done.stdout

    def git(self, folder: Path, *words: str) -> str:
        """Run git; return what it printed."""
        env = {"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8"}
        done = subprocess.run(
            ["git", *words], cwd=folder, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"git {' '.join(words)}\n{done.stdout}{done.stderr}"
        return done.stdout.strip()

    def checkout(self, origin: Path, commit: str, folder: Path) -> None:
        """Have one commit in a folder and no history, as both vendors' runners do."""
        folder.mkdir(parents=True)
        self.git(folder, "init", "-q")
        self.git(folder, "fetch", "-q", "--depth=1", str(origin), commit)
        self.git(folder, "checkout", "-q", "--detach", "FETCH_HEAD")
