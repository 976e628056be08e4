"""What a forge holds: accounts, tokens, a repository, its pull requests and their comments.

No HTTP and no vendor here; each vendor's file says how this looks from outside.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

#: how a pull request can be merged
WAYS = ("merge", "squash", "rebase", "fast-forward")


def made_up_sha(words: str) -> str:
    """A commit of the model's own, where no real repository stands behind it."""
    return hashlib.sha1(words.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who writes comments."""

    number: int
    login: str
    bot: bool = False


@dataclass(frozen=True, slots=True)
class Token:
    """A secret, whose it is, and what it may do.

    `rights`: "read" (a private repository too), "write" (comments), "edit" (other people's
    comments), "whoami" (ask whose token it is). `kind` is the vendor's own word for such tokens.
    """

    secret: str
    account: Account
    kind: str
    rights: frozenset[str]


@dataclass(slots=True)
class Comment:
    """One comment; `system` is a line that the forge wrote about a change."""

    number: int
    author: Account
    body: str
    created: float
    updated: float
    system: bool = False


@dataclass(slots=True)
class PullRequest:
    """A pull request; `commits` are those of its branch, the last is its head."""

    number: int
    commits: list[str]
    base: str
    head_ref: str
    author: Account
    fork: str | None = None
    state: str = "open"
    locked: bool = False
    how: str = ""
    merge_sha: str | None = None
    #: what the merge put on the base branch
    introduced: set[str] = field(default_factory=set)
    merged_at: float | None = None
    comments: list[Comment] = field(default_factory=list)
    created: float = 0.0
    title: str = "Change the tasks"

    @property
    def head(self) -> str:
        """The newest commit of its branch."""
        return self.commits[-1]

    @property
    def changed(self) -> float:
        """When it was changed last, as far as the model tells."""
        return max(self.created, self.merged_at or 0, *(one.updated for one in self.comments), 0)

    @property
    def test_merge(self) -> str:
        """The commit that the forge makes to see whether it can be merged; on no branch."""
        return made_up_sha(f"test merge of {self.number} at {self.head}")


@dataclass(slots=True)
class Repository:
    """The one repository of a forge; `former` are names it had before."""

    number: int
    owner: str
    name: str
    private: bool = True
    default_branch: str = "main"
    former: list[str] = field(default_factory=list)
    pulls: dict[int, PullRequest] = field(default_factory=dict)
    #: commits that were pushed to the default branch without any pull request
    pushed: list[str] = field(default_factory=list)

    @property
    def full_name(self) -> str:
        """Its name with the owner's."""
        return f"{self.owner}/{self.name}"

    def comment(self, number: int) -> tuple[PullRequest, Comment] | None:
        """The comment of that number and where it stands."""
        for pull in self.pulls.values():
            for comment in pull.comments:
                if comment.number == number:
                    return pull, comment
        return None

    def on_default_branch(self, sha: str) -> bool:
        """Whether that commit is on the default branch."""
        merged = (one for one in self.pulls.values() if one.base == self.default_branch)
        return sha in self.pushed or any(sha in one.introduced for one in merged)

    def knows(self, sha: str) -> bool:
        """Whether that commit exists here at all."""
        on_branches = (sha in (*one.commits, one.test_merge) for one in self.pulls.values())
        return self.on_default_branch(sha) or any(on_branches)
