"""One comment a project on a pull request: written in place, found again, and no other's.

Forges know no conditional writes, and two runs may publish at once. So each looks again after it
wrote: of several comments of ours about one thing the oldest stays, with what belongs to the pull
request's present head; a run whose head is no longer that writes nothing over it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from enum import StrEnum

from tasksync.errors import ForgeNotFound, ForgeUnavailable, NoPullRequest, PlanStale
from tasksync.forge.hidden_line import Label, label_of
from tasksync.forge.shapes import ForgeAccount, ForgeClient, PublishedComment, PullRequest
from tasksync.value_classes import dataclass

#: looks at what is there, before it is left as it is
_LOOKS = 6
#: a comment whose answer was lost, and that is not there when looked for, is written once more
_WRITES = 2
_GUESSED = (
    "Of this token the forge does not tell whose it is: if it is no job's own, set "
    "TASKSYNC_FORGE_ACCOUNT to its account's name."
)


class Written(StrEnum):
    """What was done.

    OUTDATED: nothing, since the pull request had moved on; OVERTAKEN: it moved on while this run
    wrote, and what the run of its newest commit wrote meanwhile may be gone.
    """

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    OUTDATED = "outdated"
    OVERTAKEN = "overtaken"


@dataclass(frozen=True, slots=True)
class Publication:
    """What was done, and the comment's address, "" where none was written.

    `replaced` is the digest of another plan that stood there for the same commit, or "": what was
    approved before that is not what stands there now. `others` are the accounts whose comments look
    like ours about the same, and count for nothing.
    """

    what: Written
    url: str = ""
    replaced: str = ""
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ApprovedComment:
    """The comment in which a plan was published for exactly one head."""

    label: Label
    body: str
    url: str


class Publisher:
    """Keeps one comment about one thing on one pull request.

    `account` is the token's; `label` is for the head that the run stands on; `body` begins with
    its line.
    """

    def __init__(
        self, client: ForgeClient, account: ForgeAccount, number: int, label: Label, body: str
    ) -> None:
        self._client = client
        self._account = account
        self._number = number
        self._label = label
        self._body = body
        self._writes = 0
        self._created: PublishedComment | None = None
        self._written: set[int] = set()
        self._what = Written.UNCHANGED
        self._replaced = ""
        self._others: frozenset[str] = frozenset()

    def publish(self) -> Publication:
        """Write the comment, unless the pull request has moved on; raises ForgeError."""
        for _ in range(_LOOKS):
            found = self._own()
            pull = self._client.pull_request(self._number)  # last: it allows the writing
            head = pull.head
            if self._label.kind == "plan" and not pull.is_open:
                if self._what is Written.UNCHANGED:
                    raise closed(self._client, self._number)
                return Publication(self._what, found[0].url if found else "")
            if head != self._label.head:
                if self._what is not Written.UNCHANGED:
                    found = self._own()  # the newer run may have been here since
                self._settle(found, head)
                wrote = self._what is Written.UPDATED and not _is_for(found, head)
                return Publication(Written.OVERTAKEN if wrote else Written.OUTDATED)
            if not found:
                if self._created is not None:  # listings may lag; a second one helps nobody
                    return Publication(Written.CREATED, self._created.url)
                self._create()
            elif not self._keep(found):
                break
        url, others = found[0].url if found else "", tuple(sorted(self._others))
        return Publication(self._what, url, self._replaced, others)

    def _own(self) -> list[PublishedComment]:
        """Return our comments about this, the oldest first; notes who else has some."""
        ours, others = _about(self._client, self._number, self._account, self._label.topic)
        self._others = frozenset(one.by.login for one in others if one.by.login)
        return ours

    def _create(self) -> None:
        self._writes += 1
        try:
            made = self._client.create(self._number, self._body)
        except ForgeUnavailable:
            if self._writes >= _WRITES:
                raise
            self._what = Written.CREATED
            return  # it may be there: the next look tells
        self._created, self._what = made, Written.CREATED
        self._written.add(made.id)
        if self._account.guessed and made.by.login:  # now the forge has told whose token it is
            self._account = made.by

    def _keep(self, found: Sequence[PublishedComment]) -> bool:
        """Let the oldest say what we have to say, and be the only one; False where it is so.

        What was written once is not written again while it is for our head: the forge may have
        turned it into a form of its own, or another run of the same commit wrote after us.
        """
        oldest, *others = found
        is_done = oldest.id in self._written and _head(oldest) == self._label.head
        is_ours = oldest.body == self._body or is_done
        if is_ours and not others:
            return False
        if not is_ours:
            with suppress(ForgeNotFound):  # deleted by hand meanwhile: the next look tells
                self._client.update(self._number, oldest.id, self._body)
                self._written.add(oldest.id)
                before = label_of(oldest.body)
                if before and before.head == self._label.head:
                    self._replaced = before.digest if before.digest != self._label.digest else ""
                self._what = Written.UPDATED if self._created is None else self._what
        self._delete(others)
        return True

    def _settle(self, found: Sequence[PublishedComment], head: str) -> None:
        """Leave one where this run made a second: the oldest, with what is for the new head."""
        if len(found) <= 1:
            return
        oldest, *others = found
        newest = next((one for one in found if _head(one) == head), None)
        if newest is not None and newest is not oldest:
            with suppress(ForgeNotFound):
                self._client.update(self._number, oldest.id, newest.body)
        self._delete(others)

    def _delete(self, comments: Sequence[PublishedComment]) -> None:
        for one in comments:
            with suppress(ForgeNotFound):
                self._client.delete(self._number, one.id)


def closed(client: ForgeClient, number: int) -> NoPullRequest:
    """Return that no plan is published where nobody is left to look at it."""
    msg = f"{client.named(number)} is closed: a plan that is published now was approved by nobody."
    return NoPullRequest(msg, "What was published before it was merged stands.")


def anew(pull: PullRequest) -> str:
    """Return what to do where what stands on a pull request approves nothing."""
    if pull.is_open:
        return "Let a run of its newest commit do tasksync publish PLAN.json, with the same token."
    return (
        "After a merge no plan is published any more: have a new pull request ask for what is to "
        "be done, or name what was approved: apply --expect sha256:…"
    )


def _about(
    client: ForgeClient, number: int, account: ForgeAccount, topic: tuple[str, str]
) -> tuple[list[PublishedComment], list[PublishedComment]]:
    """Return an account's comments about one thing, the oldest first, and those of others."""
    found = [
        one
        for one in client.comments(number)
        if (label := label_of(one.body)) and label.topic == topic
    ]
    found.sort(key=lambda one: one.id)
    ours = [one for one in found if one.by.is_same(account)]
    return ours, [one for one in found if one not in ours]


def approved_comment(
    client: ForgeClient, pull: PullRequest, head: str, project: str
) -> ApprovedComment:
    """Return the comment in which a project's plan was published for this head.

    Raises PlanStale where there is none of our own account, or several that say different things.
    """
    account, where = client.account(), client.named(pull.number)
    ours, others = _about(client, pull.number, account, ("plan", project))
    labelled = [(label, one) for one in ours if (label := label_of(one.body)) is not None]
    fitting = [(label, one) for label, one in labelled if label.head == head]
    if len({label.digest for label, _one in fitting}) > 1:
        msg = f"{where} holds several plans of {project} for one commit, and none is guessed."
        raise PlanStale(msg, f"Delete them there. {anew(pull)}")
    if fitting:
        label, one = fitting[0]
        return ApprovedComment(label, one.body, one.url)
    if labelled:
        commits = ", ".join(sorted({label.head[:12] for label, _one in labelled}))
        raise PlanStale(
            f"The plan of {project} on {where} is for commit {commits}, and not for {head[:12]}.",
            f"Nobody has seen what this commit would do. {anew(pull)}",
        )
    logins = ", ".join(sorted({one.by.login for one in others if one.by.login}))
    theirs = f"; that by {logins} is another account's, and does not count" if logins else ""
    raise PlanStale(
        f"No plan of {project} was published on {where} by {account.login}{theirs}.",
        f"{anew(pull)} {_GUESSED if account.guessed else ''}".rstrip(),
    )


def pull_request_of_run(
    client: ForgeClient, number: int | None, commit: str, *, is_merged: bool, into: str = ""
) -> PullRequest | None:
    """Return the pull request of a run, or None: it is of none.

    Where the environment does not name one it is that whose merge the commit is (`is_merged`), or
    else the open one whose head it is. `into` is the branch that the run is on: a merge into
    another one, which may ask for no review, is not how the commit came here. Raises NoPullRequest
    where it could be several.
    """
    if number is not None:
        named = client.pull_request(number)
        elsewhere = is_merged and bool(into and named.landed) and named.base not in {into, ""}
        return None if elsewhere else named
    if not commit:
        return None
    chosen = [one for one in client.pull_requests_of(commit) if one.is_open != is_merged]
    if is_merged and into:
        chosen = [one for one in chosen if one.base in {into, ""}]
    if len(chosen) > 1:
        names = ", ".join(client.named(one.number) for one in chosen)
        msg = f"Commit {commit[:12]} belongs to several pull requests: {names}."
        raise NoPullRequest(msg, "Name one: publish --pull-request N, or TASKSYNC_PULL_REQUEST=N.")
    return chosen[0] if chosen else None


def _is_for(comments: Sequence[PublishedComment], head: str) -> bool:
    return any(_head(one) == head for one in comments)


def _head(comment: PublishedComment) -> str:
    label = label_of(comment.body)
    return label.head if label is not None else ""
