"""What the forges tell, as values: accounts, comments, pull requests; and what a client does.

Answers are data from outside: what has another shape than documented is not taken for anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from tasksync.value_classes import dataclass

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ForgeAccount:
    """Whose comments count. `id` decides where both sides have one: names can be given away.

    `guessed`: the forge does not tell whose token it is, and this is what its kind is known by.
    """

    login: str
    id: int | None = None
    guessed: bool = False

    def is_same(self, other: ForgeAccount) -> bool:
        """Tell whether two are one account."""
        if self.id is not None and other.id is not None:
            return self.id == other.id
        return bool(self.login) and self.login == other.login


@dataclass(frozen=True, slots=True)
class PublishedComment:
    """A comment on a pull request; a smaller `id` is an older one."""

    id: int
    by: ForgeAccount
    body: str
    url: str


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request (GitLab: a merge request).

    `head` is its newest commit; `landed` are the commits by which its merge can be known, none
    where it is not merged; `base` is the branch that it is into, "" where that is not told.
    """

    number: int
    head: str
    url: str
    is_open: bool
    landed: frozenset[str] = frozenset()
    base: str = ""


class ForgeClient(Protocol):
    """What every forge offers here; all raise ForgeError and its kinds."""

    #: characters (UTF-16) that a comment may have
    longest: int

    def named(self, number: int) -> str:
        """Return how people write a pull request's number."""
        ...

    def account(self) -> ForgeAccount:
        """Return whose token this is."""
        ...

    def pull_request(self, number: int) -> PullRequest:
        """Return one, as it is now."""
        ...

    def pull_requests_of(self, commit: str) -> tuple[PullRequest, ...]:
        """Return those that a commit belongs to: merged by it, or open with it as their head."""
        ...

    def comments(self, number: int) -> Iterator[PublishedComment]:
        """Yield all comments, whoever wrote them."""
        ...

    def create(self, number: int, body: str) -> PublishedComment:
        """Write a new one; ForgeUnavailable where nobody knows whether it was written."""
        ...

    def update(self, number: int, comment: int, body: str) -> None:
        """Write another text into one; ForgeNotFound where it is gone."""
        ...

    def delete(self, number: int, comment: int) -> None:
        """Delete one; ForgeNotFound where it is gone."""
        ...


def text(data: Json, name: str) -> str:
    """Return a text, or "" where there is none."""
    found = data.get(name)
    return found if isinstance(found, str) else ""


def whole(data: Json, name: str) -> int | None:
    """Return a whole number, or None where there is none."""
    found = data.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def inner(data: Json, name: str) -> Json:
    """Return an object, empty where there is none."""
    found = data.get(name)
    return found if isinstance(found, dict) else {}
