"""What tests do to a forge's repository: pull requests opened, pushed to and merged."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from support.forges.world import Account, Comment, PullRequest, Repository, made_up_sha


@dataclass
class RepositoryAtHand:
    """One repository; `checkout`, where it is given, is a real one that its commits are in."""

    repository: Repository = field(default_factory=lambda: Repository(1296269, "acme", "tasks"))
    checkout: Path | None = None
    #: who opens pull requests
    developer: Account = field(default_factory=lambda: Account(101, "mara"))
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(5001))
    clock: Callable[[], float] = lambda: 0.0

    def open_pull_request(
        self,
        number: int,
        head_sha: str | None = None,
        base: str = "main",
        *,
        head_ref: str = "change",
        fork: str | None = None,
    ) -> PullRequest:
        """Open it at that commit; `fork` is the other repository's full name, if it is from one."""
        head = head_sha or made_up_sha(f"head of {number}")
        commits = self._between(base, head) or [head]
        pull = PullRequest(
            number, commits, base, head_ref, self.developer, fork, created=self.clock()
        )
        self.repository.pulls[number] = pull
        return pull

    def push(self, number: int, head_sha: str | None = None) -> str:
        """One more commit on the branch of that pull request; returns it."""
        pull = self.repository.pulls[number]
        head = head_sha or made_up_sha(f"{pull.head} and one more")
        pull.commits = self._between(pull.base, head) or [*pull.commits, head]
        return head

    def rewrite(self, number: int, head_sha: str | None = None) -> str:
        """A force-push: the branch is that commit alone; returns it."""
        pull = self.repository.pulls[number]
        head = head_sha or made_up_sha(f"{pull.head} rewritten")
        pull.commits = self._between(pull.base, head) or [head]
        return head

    def push_to_base(self, sha: str | None = None) -> str:
        """A commit on the default branch that belongs to no pull request; returns it."""
        new = sha or made_up_sha(f"push {len(self.repository.pushed)}")
        self.repository.pushed.append(new)
        return new

    def merge(self, number: int, merge_sha: str | None = None, how: str = "merge") -> str:
        """Merge it; `merge_sha` is what the base branch is at afterwards; returns that.

        "train" is a merge train of GitLab's that goes by fast-forward: it lands commits of its own.
        """
        pull = self.repository.pulls[number]
        made_up = made_up_sha(f"{how} of {pull.head}")
        tip = pull.head if how == "fast-forward" else merge_sha or made_up
        pull.introduced = {
            "merge": {*pull.commits, tip},
            "squash": {tip},
            "rebase": {tip, *self._last(tip, len(pull.commits))},
            "fast-forward": set(pull.commits),
            "train": {tip},
        }[how]
        pull.state, pull.how, pull.merge_sha, pull.merged_at = "merged", how, tip, self.clock()
        return tip

    def close_unmerged(self, number: int) -> None:
        """Close it without a merge."""
        self.repository.pulls[number].state = "closed"

    def rename(self, name: str) -> None:
        """Give the repository another name; the former one is a redirect from now on."""
        self.repository.former.append(self.repository.full_name)
        self.repository.name = name

    def add_comment(
        self, number: int, author: Account, body: str, now: float, *, system: bool = False
    ) -> Comment:
        """Append a comment."""
        comment = Comment(next(self.numbers), author, body, now, now, system)
        self.repository.pulls[number].comments.append(comment)
        return comment

    def delete_comment(self, number: int) -> None:
        """Delete the comment of that number of a comment, as by hand."""
        found = self.repository.comment(number)
        assert found is not None
        pull, comment = found
        pull.comments.remove(comment)

    def _between(self, base: str, head: str) -> list[str]:
        return self._git("rev-list", "--reverse", f"{base}..{head}")

    def _last(self, tip: str, count: int) -> list[str]:
        return self._git("rev-list", "--first-parent", f"--max-count={count}", tip)

    def _git(self, *arguments: str) -> list[str]:
        if self.checkout is None:
            return []
        done = subprocess.run(
            ["git", *arguments], cwd=self.checkout, capture_output=True, text=True, check=False
        )
        return done.stdout.split()
