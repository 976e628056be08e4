"""A repository on a forge: pushes and pull requests set off the CI, as they do at the vendors'.

`hosted_github` and `hosted_gitlab` have the vendors' own programs for the command line, gh and
glab, as far as docs/guides/in-ci.md uses them.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path

from support.ci.shell import Job, Machine
from support.forges import Forge

_ASK = """#!{python}
import os, sys
from multiprocessing.connection import Client
with Client({address!r}, "AF_UNIX") as line:
    line.send(({program!r}, sys.argv[1:], {stdin} or "", os.getcwd()))
    code, text = line.recv()
sys.stdout.write(text)
sys.exit(code)
"""


class WrongCommand(Exception):
    """What the vendor's program is asked is not known here."""


@dataclass
class Hosted:
    """`origin` is the bare repository, `forge` what is asked over HTTP."""

    origin: Path
    forge: Forge
    machine: Machine
    #: pull request -> the branch that it is of
    branches: dict[int, str] = field(default_factory=dict)
    #: one for each time that the CI ran anything: its jobs by name
    runs: list[dict[str, Job]] = field(default_factory=list)

    def git(self, *words: str) -> str:
        """Run git in the bare repository."""
        return self.machine.git(self.origin, *words)

    # What the vendors' programs and a push do

    def create(self) -> None:
        """Make the repository, empty."""
        self.git("init", "-q", "--bare", "-b", "main", ".")
        hook = self.origin / "hooks" / "post-receive"
        ask(hook, "post-receive", self.address, "sys.stdin.read()")

    def pushed(self, lines: str) -> None:
        """Take note of what was pushed, as git tells its hook, and let the CI run."""
        for line in lines.splitlines():
            _, new, ref = line.split()
            branch = ref.removeprefix("refs/heads/")
            if branch == "main":
                self.forge.push_to_base(new)
                self.note(self.on_main(new))
            for number, one in self.branches.items():
                if one == branch and self.forge.repository.pulls[number].state == "open":
                    self.forge.push(number, new)
                    self.note(self.on_pull_request(number))

    def open(self, branch: str) -> int:
        """Open a pull request and let the CI run; returns its number."""
        number = len(self.branches) + 1
        self.branches[number] = branch
        self.forge.open_pull_request(number, self.git("rev-parse", branch), head_ref=branch)
        self.note(self.on_pull_request(number))
        return number

    def merge(self, number: int) -> None:
        """Merge a pull request, and let the CI run."""
        sha = self.merged(number)
        self.git("update-ref", "refs/heads/main", sha)
        self.forge.merge(number, sha, "merge")
        self.note(self.on_main(sha))

    def merged(self, number: int) -> str:
        """Return a commit in which main and a pull request are one; no branch is at it."""
        head, main = self.forge.repository.pulls[number].head, self.git("rev-parse", "main")
        tree = self.git("merge-tree", "--write-tree", main, head)
        words = f"Merge pull request #{number} from {self.branches[number]}"
        who = ("-c", "user.name=forge", "-c", "user.email=forge@example.com")
        return self.git(*who, "commit-tree", tree, "-p", main, "-p", head, "-m", words)

    def note(self, jobs: dict[str, Job]) -> None:
        if jobs:
            self.runs.append(jobs)

    def comment(self, number: int) -> str:
        """The one comment of a pull request."""
        (comment,) = self.forge.comments(number)
        return comment.body

    # What a vendor does

    def on_main(self, sha: str, event: Mapping[str, str] | None = None) -> dict[str, Job]:
        """Run the CI for a commit on main; `event` is what is told otherwise than of a push."""
        raise NotImplementedError

    def on_pull_request(self, number: int) -> dict[str, Job]:
        """Run the CI for a pull request."""
        raise NotImplementedError

    def command(self, words: list[str], folder: Path) -> str:
        """Do what the vendor's program does; returns what it prints. Raises WrongCommand."""
        raise NotImplementedError

    def night(self) -> None:
        """The schedule's time has come."""
        raise NotImplementedError

    # How programs of the guide reach this process

    @property
    def address(self) -> str:
        """Where the vendor's program asks."""
        return str(self.origin.parent / "line")

    @contextmanager
    def serving(self, program: str, folder: Path) -> Iterator[None]:
        """Have the vendor's program in a folder, answered for as long as the block lasts."""
        ask(folder / program, program, self.address, "''")
        with Listener(self.address, "AF_UNIX", backlog=8) as listener:
            answering = threading.Thread(target=self._answer, args=(listener,), daemon=True)
            answering.start()
            try:
                yield
            finally:
                with Client(self.address, "AF_UNIX") as line:
                    line.send(None)
                answering.join()

    def _answer(self, listener: Listener) -> None:
        while True:
            line = listener.accept()
            said = line.recv()
            if said is None:
                return
            threading.Thread(target=self._one, args=(line, *said), daemon=True).start()

    def _one(
        self, line: Connection, program: str, words: list[str], told: str, folder: str
    ) -> None:
        """Answer one; a push that `create` makes asks while its own program still waits."""
        with line:
            try:
                if program == "post-receive":
                    self.pushed(told)
                    line.send((0, ""))
                else:
                    line.send((0, self.command(words, Path(folder))))
            except BaseException as error:
                line.send((70, f"{program} {' '.join(words)}: {type(error).__name__}: {error}\n"))
                raise


def ask(file: Path, program: str, address: str, stdin: str) -> None:
    """Write a program that does what this process answers."""
    text = _ASK.format(python=sys.executable, address=address, program=program, stdin=stdin)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    file.chmod(0o700)


def said(jobs: Mapping[str, Job]) -> str:
    """Return the log of a run, each line with its job, as gh and glab show it."""
    lines = [f"{job.name}\t{line}" for job in jobs.values() for line in job.said.splitlines()]
    return "".join(f"{line}\n" for line in lines)
