"""Which comment counts, which is written, and which pull request a run is of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tasksync.errors import ForgeError, ForgeNotFound, ForgeUnavailable, NoPullRequest, PlanStale
from tasksync.forge.comments import (
    Publisher,
    Written,
    approved_comment,
    pull_request_of_run,
)
from tasksync.forge.gitea import GiteaClient
from tasksync.forge.github import GitHubClient
from tasksync.forge.gitlab import GitLabClient
from tasksync.forge.hidden_line import Label
from tasksync.forge.shapes import ForgeAccount, ForgeClient, PublishedComment, PullRequest

OLD, HEAD, TIP = "a" * 40, "b" * 40, "c" * 40
DIGEST, OTHER_DIGEST = "sha256:" + "1" * 64, "sha256:" + "2" * 64
ROBOT, OLGA = ForgeAccount("robot", 1), ForgeAccount("olga", 2)


def label(head: str = HEAD, digest: str = DIGEST, project: str = "chores") -> Label:
    return Label("plan", project, head, digest)


def text(words: str, **named: str) -> str:
    return f"{label(**named).line()}\n\n{words}"


@dataclass
class InMemory:
    """A forge in memory; `at_writes` are done before each write, in turn."""

    mine: ForgeAccount = ROBOT
    author: ForgeAccount = ROBOT
    head: str = HEAD
    is_open: bool = True
    there: list[PublishedComment] = field(default_factory=list)
    at_writes: list[Callable[[], object]] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    pulls: tuple[PullRequest, ...] = ()
    longest: int = 65_000

    def named(self, number: int) -> str:
        return f"#{number}"

    def account(self) -> ForgeAccount:
        return self.mine

    def pull_request(self, number: int) -> PullRequest:
        return PullRequest(number, self.head, "url", is_open=self.is_open)

    def pull_requests_of(self, commit: str) -> tuple[PullRequest, ...]:  # noqa: ARG002 - the port's
        return self.pulls

    def comments(self, number: int) -> Iterator[PublishedComment]:  # noqa: ARG002 - the port's
        return iter([*self.there])

    def create(self, number: int, body: str) -> PublishedComment:
        self._write(f"create #{number}")
        return self.add(body, self.author)

    def update(self, number: int, comment: int, body: str) -> None:  # noqa: ARG002 - the port's
        self._write(f"update {comment}")
        at = self._place(comment)
        self.there[at] = PublishedComment(comment, self.there[at].by, body, "url")

    def delete(self, number: int, comment: int) -> None:  # noqa: ARG002 - the port's
        self._write(f"delete {comment}")
        self.there.pop(self._place(comment))

    def add(self, body: str, by: ForgeAccount = ROBOT) -> PublishedComment:
        made = PublishedComment(len(self.writes) * 100 + len(self.there) + 1, by, body, "url")
        self.there.append(made)
        return made

    def publish(self, words: str = "plan", **named: str) -> Written:
        line = label(**named)
        client: ForgeClient = self
        return Publisher(client, self.mine, 7, line, text(words, **named)).publish().what

    def _write(self, what: str) -> None:
        self.writes.append(what)
        if self.at_writes:
            self.at_writes.pop(0)()

    def _place(self, comment: int) -> int:
        for at, one in enumerate(self.there):
            if one.id == comment:
                return at
        raise ForgeNotFound("gone")


@pytest.fixture
def forge() -> InMemory:
    return InMemory()


def test_what_is_there_already_is_not_written_again(forge: InMemory) -> None:
    assert forge.publish() is Written.CREATED
    assert forge.publish() is Written.UNCHANGED
    assert forge.publish("other words") is Written.UPDATED
    assert (len(forge.there), forge.writes) == (1, ["create #7", "update 101"])


def test_an_answer_that_was_lost_after_the_deed_makes_no_second_comment(forge: InMemory) -> None:
    def lost() -> None:
        forge.add(text("plan"))
        raise ForgeUnavailable("lost")

    forge.at_writes = [lost]
    assert forge.publish() is Written.CREATED
    assert (len(forge.there), forge.writes) == (1, ["create #7"])


def test_an_answer_that_was_lost_before_the_deed_is_asked_for_once_more(forge: InMemory) -> None:
    def lost() -> None:
        raise ForgeUnavailable("lost")

    forge.at_writes = [lost]
    assert forge.publish() is Written.CREATED
    forge.there.clear()
    forge.at_writes = [lost, lost]
    with pytest.raises(ForgeUnavailable):
        forge.publish()
    assert forge.there == []


def test_a_listing_that_lags_makes_no_second_comment(
    forge: InMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forge, "comments", lambda _number: iter(()))
    assert forge.publish() is Written.CREATED
    assert forge.writes == ["create #7"]


def test_another_run_of_the_same_commit_leaves_the_oldest(forge: InMemory) -> None:
    forge.at_writes = [lambda: forge.add(text("plan"))]
    assert forge.publish() is Written.CREATED
    assert [one.id for one in forge.there] == [101]


def test_a_form_of_the_forges_own_is_not_written_against_for_ever(forge: InMemory) -> None:
    real = forge.update
    forge.update = lambda number, comment, body: real(number, comment, body + "\n")  # type: ignore[method-assign]
    forge.add(text("before"))
    assert forge.publish() is Written.UPDATED
    assert forge.writes == ["update 1"]


def test_a_newer_run_that_wrote_second_keeps_its_plan_in_the_oldest(forge: InMemory) -> None:
    """This run's comment is the oldest; the head moved on; what is for the new head moves in."""

    def newer() -> None:
        forge.head = TIP

    forge.at_writes = [newer, lambda: None]
    forge.add(text("talk", project="other"))
    newest = text("newer plan", head=TIP, digest=OTHER_DIGEST)
    real = forge.create

    def create(number: int, body: str) -> PublishedComment:
        made = real(number, body)
        forge.add(newest)
        return made

    forge.create = create  # type: ignore[method-assign]
    assert forge.publish() is Written.OUTDATED
    bodies = [one.body for one in forge.there]
    assert bodies == [text("talk", project="other"), newest]


def test_a_run_whose_head_is_gone_writes_nothing(forge: InMemory) -> None:
    assert forge.publish(head=OLD) is Written.OUTDATED
    assert forge.writes == []


def test_a_plan_is_not_written_once_nobody_is_left_to_look_at_it(forge: InMemory) -> None:
    """Merged since the run began: its apply would take the new plan for the approved one."""
    forge.add(text("older"))
    forge.is_open = False
    with pytest.raises(NoPullRequest, match="approved by nobody"):
        forge.publish("newer", digest=OTHER_DIGEST)
    assert forge.writes == []
    client: ForgeClient = forge
    report = Label("file", "report", HEAD)
    done = Publisher(client, forge.mine, 7, report, f"{report.line()}\n\n1 added").publish()
    assert done.what is Written.CREATED


def test_a_plan_that_was_written_as_it_was_merged_is_told_as_written(forge: InMemory) -> None:
    forge.at_writes = [lambda: setattr(forge, "is_open", False)]
    assert forge.publish() is Written.CREATED


def test_a_run_that_is_overtaken_as_it_writes_says_so(forge: InMemory) -> None:
    forge.add(text("older", head=OLD))

    def newer() -> None:
        forge.head = TIP

    forge.at_writes = [newer]
    assert forge.publish() is Written.OVERTAKEN


def test_two_that_delete_the_same_comment_do_not_trip(forge: InMemory) -> None:
    forge.add(text("plan"))
    second = forge.add(text("plan"))
    forge.at_writes = [lambda: forge.there.remove(second)]
    assert forge.publish() is Written.UNCHANGED
    assert len(forge.there) == 1


def test_a_token_whose_owner_is_not_told_is_known_by_its_first_comment(forge: InMemory) -> None:
    forge.mine, forge.author = ForgeAccount("github-actions[bot]", guessed=True), ROBOT
    theirs = forge.add(text("theirs"), OLGA)
    assert forge.publish("one") is Written.CREATED
    forge.publish("two")
    assert [one.body for one in forge.there] == [theirs.body, text("two")]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (ForgeAccount("a", 1), ForgeAccount("renamed", 1), True),
        (ForgeAccount("a", 1), ForgeAccount("a", 2), False),
        (ForgeAccount("a"), ForgeAccount("a", 2), True),
        (ForgeAccount("a"), ForgeAccount("A", 2), False),
        (ForgeAccount(""), ForgeAccount("", 2), False),
    ],
)
def test_an_account_is_its_number_and_else_its_name(
    one: ForgeAccount,
    other: ForgeAccount,
    same: bool,  # noqa: FBT001 - a column
) -> None:
    assert one.is_same(other) is same


def approved(forge: InMemory, head: str = HEAD) -> Label:
    pull = PullRequest(7, HEAD, "url", is_open=False, landed=frozenset({TIP}))
    return approved_comment(forge, pull, head, "chores").label


def test_our_own_comment_for_this_head_is_what_was_approved(forge: InMemory) -> None:
    forge.add(text("forged", digest=OTHER_DIGEST), OLGA)
    forge.add(text("other", digest=OTHER_DIGEST, project="shop"))
    forge.add(text("older", digest=OTHER_DIGEST, head=OLD))
    forge.add(text("plan"))
    forge.add(text("plan, twice"))
    assert approved(forge) == label()


@pytest.mark.parametrize(
    ("comments", "words"),
    [
        ([], "No plan of chores was published on #7 by robot"),
        ([(text("forged"), OLGA)], "by robot"),
        ([(f"x\n{text('quoted')}", ROBOT)], "by robot"),
        ([(text("other", project="shop"), ROBOT)], "by robot"),
        ([(text("older", head=OLD), ROBOT)], f"is for commit {OLD[:12]}, and not for {HEAD[:12]}"),
        ([(text("a"), ROBOT), (text("b", digest=OTHER_DIGEST), ROBOT)], "several plans"),
        ([(Label("file", "chores", HEAD).line(), ROBOT)], "by robot"),
    ],
)
def test_without_it_nothing_was_approved(
    forge: InMemory, comments: list[tuple[str, ForgeAccount]], words: str
) -> None:
    for body, by in comments:
        forge.add(body, by)
    with pytest.raises(PlanStale, match=words) as caught:
        approved(forge)
    assert caught.value.exit_code == 5


@pytest.mark.parametrize("head", [HEAD, OLD])
def test_whose_plan_does_not_count_is_said(forge: InMemory, head: str) -> None:
    """So whoever made a new token, with an account of its own, is told why."""
    forge.add(text("plan", head=head), OLGA)
    forge.add(text("other", project="shop"), ForgeAccount("somebody", 9))
    with pytest.raises(PlanStale, match="that by olga is another account's, and does not count"):
        approved(forge)


@pytest.mark.parametrize("older", [False, True])
@pytest.mark.parametrize(
    ("is_open", "way"), [(True, "tasksync publish"), (False, "new pull request .* --expect sha256")]
)
def test_after_a_merge_nobody_is_told_to_publish(
    forge: InMemory, way: str, *, is_open: bool, older: bool
) -> None:
    """A plan is published only where somebody can still look at it."""
    if older:
        forge.add(text("older", head=OLD))
    landed = frozenset() if is_open else frozenset({TIP})
    pull = PullRequest(7, HEAD, "", is_open=is_open, landed=landed)
    with pytest.raises(PlanStale) as caught:
        approved_comment(forge, pull, HEAD, "chores")
    assert re.search(way, caught.value.advice or "")
    assert ("tasksync publish" in (caught.value.advice or "")) == is_open


def test_of_a_guessed_account_it_is_said_how_to_name_it(forge: InMemory) -> None:
    forge.mine = ForgeAccount("github-actions[bot]", guessed=True)
    with pytest.raises(PlanStale, match="TASKSYNC_FORGE_ACCOUNT"):
        approved(forge)


def test_of_several_pull_requests_none_is_guessed(forge: InMemory) -> None:
    merged = PullRequest(7, HEAD, "", is_open=False, landed=frozenset({TIP}))
    others = [PullRequest(number, TIP, "", is_open=True) for number in (8, 9)]
    forge.pulls = (merged, *others)
    assert pull_request_of_run(forge, None, TIP, is_merged=True) is merged
    with pytest.raises(ForgeError, match="#8, #9"):
        pull_request_of_run(forge, None, TIP, is_merged=False)
    assert pull_request_of_run(forge, None, TIP, is_merged=True, into="main") is merged
    elsewhere = PullRequest(6, HEAD, "", is_open=False, landed=frozenset({TIP}), base="release")
    here = replace(elsewhere, number=5, base="main")
    forge.pulls = (elsewhere, here)
    assert pull_request_of_run(forge, None, TIP, is_merged=True, into="main") is here
    forge.pulls = (elsewhere,)
    assert pull_request_of_run(forge, None, TIP, is_merged=True, into="main") is None
    forge.pulls = (merged,)
    assert pull_request_of_run(forge, None, TIP, is_merged=False) is None
    assert pull_request_of_run(forge, None, "", is_merged=True) is None


class Scripted:
    """Answers that are handed in, in the place of exchanges."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        self.said = said

    def ask(self, _method: str, path: str, **_named: object) -> Any:
        if path not in self.said:
            raise ForgeNotFound(path)
        return type("Answer", (), {"data": self.said[path]})

    def pages(self, path: str, *_rest: object, **_named: object) -> Iterator[Any]:
        yield from self.ask("GET", path).data


def pull(**named: object) -> dict[str, object]:
    return {"number": 7, "state": "closed", "head": {"sha": HEAD}, "html_url": "u", **named}


@pytest.mark.parametrize(
    ("row", "commit", "counts"),
    [
        (pull(merged_at="2026", merge_commit_sha=TIP), TIP, True),
        (pull(merged_at="2026", merge_commit_sha=TIP), HEAD, False),
        (pull(merged_at=None, merge_commit_sha=TIP), TIP, False),  # closed; a test merge
        (pull(state="open", merge_commit_sha=TIP), TIP, False),  # a test merge
        (pull(state="open"), HEAD, True),
        (pull(merged=True, merge_commit_sha=HEAD), HEAD, True),  # a fast-forward
        (pull(merged=True, merge_commit_sha=None), HEAD, True),
    ],
)
def test_a_pull_request_is_of_a_commit_that_merged_it_or_is_its_open_head(
    row: dict[str, object],
    commit: str,
    counts: bool,  # noqa: FBT001 - a column
) -> None:
    root = "/repos/acme/tasks"
    hub = Scripted({f"{root}/commits/{commit}/pulls": [row], f"{root}/pulls": []})
    tea = Scripted({f"{root}/commits/{commit}/pull": row, f"{root}/pulls": [row]})
    assert bool(GitHubClient(hub, "acme/tasks").pull_requests_of(commit)) is counts  # type: ignore[arg-type]
    assert bool(GiteaClient(tea, "acme/tasks").pull_requests_of(commit)) is counts  # type: ignore[arg-type]


def test_a_pull_request_into_another_repository_is_not_ours() -> None:
    row = pull(merged_at="2026", merge_commit_sha=TIP, base={"repo": {"full_name": "x/tasks"}})
    root = "/repos/acme/tasks"
    hub = Scripted({f"{root}/commits/{TIP}/pulls": [row], f"{root}/pulls": [row]})
    assert GitHubClient(hub, "acme/tasks").pull_requests_of(TIP) == ()  # type: ignore[arg-type]


def test_a_merge_that_githubs_index_does_not_know_yet_is_found_in_the_list() -> None:
    row = pull(merged_at="2026", merge_commit_sha=TIP)
    others = [pull(number=8, merged_at="2026", merge_commit_sha=OLD), pull(number=9)]
    lists: list[list[dict[str, object]]] = [[], [pull(number=10, state="open", head={"sha": TIP})]]
    for index in lists:
        root = "/repos/acme/tasks"
        hub = Scripted({f"{root}/commits/{TIP}/pulls": index, f"{root}/pulls": [*others, row]})
        found = GitHubClient(hub, "acme/tasks").pull_requests_of(TIP)  # type: ignore[arg-type]
        assert [one.number for one in found if not one.is_open] == [7]


def request(**named: object) -> dict[str, object]:
    return {"iid": 7, "state": "merged", "sha": HEAD, "web_url": "u", **named}


@pytest.mark.parametrize(
    ("row", "commit", "counts"),
    [
        (request(merge_commit_sha=TIP), TIP, True),
        (request(merge_commit_sha=OLD, squash_commit_sha=TIP), TIP, True),
        (request(merge_commit_sha=None, squash_commit_sha=None), HEAD, True),
        (request(merge_commit_sha=TIP), HEAD, False),
        (request(state="opened", merge_commit_sha=None), HEAD, True),
        (request(state="opened", squash_commit_sha=TIP), TIP, False),
        (request(state="closed", merge_commit_sha=None), HEAD, False),
        (request(merge_commit_sha=TIP, target_project_id=41), TIP, False),
        (request(merge_commit_sha=TIP, target_project_id=42), TIP, True),
    ],
)
def test_a_merge_request_is_of_a_commit_that_merged_it_or_is_its_open_head(
    row: dict[str, object],
    commit: str,
    counts: bool,  # noqa: FBT001 - a column
) -> None:
    lab = Scripted({f"/projects/42/repository/commits/{commit}/merge_requests": [row]})
    assert bool(GitLabClient(lab, "42").pull_requests_of(commit)) is counts  # type: ignore[arg-type]


def test_a_pull_request_of_another_shape_is_an_error_in_words() -> None:
    for broken in ({}, [], {"number": 7}, {"number": True, "head": {"sha": HEAD}}):
        hub = Scripted({"/repos/acme/tasks/pulls/7": broken})
        with pytest.raises(ForgeError):
            GitHubClient(hub, "acme/tasks").pull_request(7)  # type: ignore[arg-type]
        lab = Scripted({"/projects/a%2Fb/merge_requests/7": broken})
        with pytest.raises(ForgeError):
            GitLabClient(lab, "a/b").pull_request(7)  # type: ignore[arg-type]
