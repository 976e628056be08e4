"""Which pull request a run is of, for the events that a CI starts runs by; and what is awkward."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from support.forges import FORGES, GitHub, troubles
from support.forges.exchange import Answer
from support.publishing import TOKEN, HandedClock, Publishing

from tasksync.cli.published import approved_plan
from tasksync.forge import exchange


def github(at: Publishing) -> GitHub:
    """Its forge, which is GitHub."""
    assert isinstance(at.forge, GitHub)
    return at.forge


@pytest.mark.parametrize("fork", [None, "fiona/tasks"])
def test_a_workflow_after_that_of_the_pull_request_finds_it(
    on_github: Publishing, fork: str | None
) -> None:
    """So a fork's plan is published: the first workflow has no rights, the second has."""
    at = on_github
    at.forge.repository.pulls[7].fork = fork
    at.forge.push(7)
    env = github(at).environment_of_workflow_run(7)
    done = at.publish(at.plan(), env=env)
    assert (done.code, len(at.bodies())) == (0, 1), done.err
    assert at.forge.repository.pulls[7].head in at.bodies()[0].splitlines()[0]


def test_a_workflow_after_that_of_an_older_commit_writes_nothing(on_github: Publishing) -> None:
    at = on_github
    env = github(at).environment_of_workflow_run(7)
    at.forge.push(7)
    done = at.publish(at.plan(), "--optional", env=env)
    assert (done.code, at.bodies()) == (0, []), done.err


def test_a_comment_on_a_pull_request_starts_a_run_of_it(on_github: Publishing) -> None:
    at = on_github
    env = github(at).environment_of_comment(7)
    assert at.publish(at.plan(), env=env).code == 0
    assert approved_plan("chores", env).digest in at.bodies()[0]


def test_the_run_that_a_merge_starts_on_the_pull_request_finds_what_was_approved(
    at: Publishing,
) -> None:
    """`pull_request`, closed: its event names the head that was merged."""
    if at.forge.name == "gitlab":  # its merge request pipelines are of open ones alone
        return
    assert at.publish(at.plan()).code == 0
    at.forge.merge(7, how="squash")
    assert approved_plan("chores", at.environment()).digest in at.bodies()[0]


def test_our_own_variable_of_a_token_comes_first(at: Publishing) -> None:
    env = {**at.environment("reader"), "TASKSYNC_FORGE_TOKEN": at.forge.tokens["user"].secret}
    assert env[TOKEN[at.forge.name]] == at.forge.tokens["reader"].secret
    assert at.publish(at.plan(), env=env).code == 0
    assert at.forge.comments(7)[0].author.login == "release-account"


def test_a_pull_request_can_be_named(at: Publishing) -> None:
    at.forge.open_pull_request(8)
    done = at.publish(at.plan(), "--pull-request", "8")
    assert done.code == 0, done.err
    assert at.bodies() == []
    assert at.forge.repository.pulls[8].head in at.forge.comments(8)[0].body


def test_every_name_is_found_again_and_none_ends_the_hidden_line(on_github: Publishing) -> None:
    at = on_github
    names = ["a--b", "-->", "Küche & Bad", "50%25", "50%", "a=b c", "name=x head=y", "--"]
    report = at.folder / "report.md"
    for text in ("first", "second"):
        report.write_text(f"{text}\n", encoding="utf-8")
        for name in names:
            assert at.publish(report, f"--name={name}").code == 0
    assert len(at.bodies()) == len(names)
    for body in at.bodies():
        assert "second" in body
        assert body.splitlines()[0].count("--") == 2


def test_a_plan_that_is_longer_than_a_comment_is_approved_by_its_digest(at: Publishing) -> None:
    lines = [f"  t{n}: {{title: {'Sweep the floor ' * 9}{n}, priority: high}}" for n in range(600)]
    at.plan("First")
    tasksync = at.projects["chores"]
    file = tasksync.folder / "tasksync.yaml"
    file.write_text(file.read_text("utf-8") + "\n".join(lines) + "\n", encoding="utf-8")
    plan = tasksync.folder / "long.json"
    assert tasksync("plan", "-f", file, "--out", plan).code == 0
    done = at.publish(plan)
    assert done.code == 0, done.err
    (body,) = at.bodies()
    assert len(body) < 65_536 or at.forge.name == "gitlab"
    found = approved_plan("chores", at.environment())
    assert found.digest == json.loads(plan.read_text("utf-8"))["digest"]


def test_a_comment_that_comes_after_its_run_gave_it_up_is_deleted_by_the_next(
    at: Publishing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server is slow, the run writes once more, and then both are there."""
    monkeypatch.setattr(exchange, "WHOLE", 0.4)
    held = troubles.Held()
    at.forge.trouble(held, "POST")
    plan = at.plan()
    done = at.publish(plan)
    assert (done.code, len(at.bodies())) == (0, 1), done.err
    held.go.set()
    assert held.done.wait(10)
    assert len(at.bodies()) == 2
    monkeypatch.undo()
    monkeypatch.setattr("tasksync.cli.forge_run.SystemClock", lambda _: at.clock)
    assert at.publish(plan).code == 0
    assert len(at.bodies()) == 1


def test_a_comment_whose_author_is_gone_is_nobodys(on_github: Publishing) -> None:
    """GitHub names no user for it then."""
    at = on_github
    plan = at.plan()
    assert at.publish(plan).code == 0
    ours = at.forge.comments(7)[0]
    at.forge.delete_comment(ours.number)
    at.forge.write_comment(7, "other", ours.body)

    def without_author(_: object, go_on: object) -> Answer:
        said: Answer = go_on()  # type: ignore[operator]
        said.body = [{**one, "user": None} for one in said.body]
        return said

    at.forge.trouble(without_author, "GET", "/comments")  # type: ignore[arg-type]
    assert at.publish(plan).code == 0
    assert len(at.bodies()) == 2


@pytest.mark.parametrize("name", sorted(FORGES))
def test_a_forge_can_stand_on_a_real_repository(
    tmp_path: Path, clock: HandedClock, name: str
) -> None:
    def git(*words: str) -> str:
        me = ["-c", "user.name=Mara", "-c", "user.email=mara@example.org"]
        done = subprocess.run(
            ["git", *me, *words], cwd=tmp_path / "r", capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    (tmp_path / "r").mkdir()
    git("init", "-q", "-b", "main")
    git("commit", "-q", "--allow-empty", "-m", "first")
    git("switch", "-q", "-c", "change")
    for word in ("one", "two"):
        git("commit", "-q", "--allow-empty", "-m", word)
    with FORGES[name](clock=lambda: clock.time, checkout=tmp_path / "r") as forge:
        pull = forge.open_pull_request(7, git("rev-parse", "HEAD"), "main")
        assert len(pull.commits) == 2
        at = Publishing(forge, tmp_path, clock)
        assert at.publish(at.plan()).code == 0
        git("switch", "-q", "main")
        git("merge", "-q", "--no-ff", "-m", "merged", "change")
        merged = forge.merge(7, git("rev-parse", "HEAD"), "merge")
        env = forge.environment_of_push(merged)
        assert approved_plan("chores", env).digest in at.bodies()[0]
