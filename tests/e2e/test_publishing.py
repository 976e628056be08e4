"""From a pull request to the apply of what was approved in it, on each of the three forges."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.forges import FORGES
from support.publishing import HandedClock, Publishing, served

from tasksync.cli import forge_run

DOC = Path(__file__).parents[2] / "docs" / "forges.md"
SECTION = "## What each forge is asked"
STEPS = ("first push", "second push", "that run again", "apply after the merge", "its report")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> HandedClock:
    """The clock of the forge and of what talks to it."""
    handed = HandedClock()
    monkeypatch.setattr(forge_run, "SystemClock", lambda _stop: handed)
    return handed


@pytest.fixture(params=sorted(FORGES))
def at(request: pytest.FixtureRequest, tmp_path: Path, clock: HandedClock) -> Iterator[Publishing]:
    """A pull request on one forge after the other."""
    publishing = served(request.param, tmp_path, clock)
    with publishing.forge as forge:
        yield publishing
    assert not forge.faults_of_callers


def test_before_the_merge_the_published_plan_is_applied(at: Publishing) -> None:
    assert at.publish(at.plan("Sweep")).code == 0
    done = at.apply(at.environment())
    assert done.code == 0, done.err
    assert at.titles() == ["Sweep"]


@pytest.mark.parametrize("how", ["merge", "squash", "rebase", "fast-forward"])
def test_after_the_merge_the_published_plan_is_applied(at: Publishing, how: str) -> None:
    if (at.forge.name, how) == ("gitlab", "rebase"):  # there a rebase is a push, and planned anew
        at.forge.rewrite(7)
        how = "fast-forward"
    assert at.publish(at.plan("Sweep")).code == 0
    merged = at.forge.merge(7, how=how)
    done = at.apply(at.forge.environment_of_push(merged))
    assert done.code == 0, done.err
    assert at.titles() == ["Sweep"]


def test_what_was_edited_after_the_approval_is_refused_by_name(at: Publishing) -> None:
    assert at.publish(at.plan("Sweep")).code == 0
    at.plan("Burn it down")
    merged = at.forge.merge(7)
    done = at.apply(at.forge.environment_of_push(merged))
    assert (done.code, at.titles()) == (5, []), done.err
    assert "Burn it down" in done.err
    assert "Sweep" in done.err


def test_a_push_that_nobody_planned_is_refused(at: Publishing) -> None:
    assert at.publish(at.plan("Sweep")).code == 0
    at.forge.push(7)
    assert at.apply(at.environment()).code == 5
    merged = at.forge.merge(7)
    done = at.apply(at.forge.environment_of_push(merged))
    assert (done.code, at.titles()) == (5, []), done.err


def test_what_nobody_published_is_refused(at: Publishing) -> None:
    at.plan("Sweep")
    merged = at.forge.merge(7)
    for env in (at.environment(), at.forge.environment_of_push(merged)):
        done = at.apply(env)
        assert (done.code, at.titles()) == (5, []), done.err


def test_a_comment_that_somebody_else_forged_applies_nothing(at: Publishing) -> None:
    assert at.publish(at.plan("Sweep")).code == 0
    ours = at.forge.comments(7)[0]
    at.forge.delete_comment(ours.number)
    at.forge.write_comment(7, "other", ours.body)
    merged = at.forge.merge(7)
    done = at.apply(at.forge.environment_of_push(merged))
    assert (done.code, at.titles()) == (5, []), done.err


def test_two_projects_of_one_pull_request_are_applied_each_as_published(at: Publishing) -> None:
    assert at.publish(at.plan("Sweep", "chores")).code == 0
    assert at.publish(at.plan("Sell", "shop")).code == 0
    merged = at.forge.merge(7, how="squash")
    env = at.forge.environment_of_push(merged)
    at.plan("Give away", "shop")
    assert at.apply(env).code == 0
    assert at.apply(env, project="shop").code == 5
    assert (at.titles(), at.titles("shop")) == (["Sweep"], [])


def test_a_token_that_may_not_look_applies_nothing(at: Publishing) -> None:
    assert at.publish(at.plan("Sweep")).code == 0
    for who, code in (("stranger", 7), (None, 7)):
        done = at.apply(at.environment(who))
        assert (done.code, at.titles()) == (code, []), done.err


def test_a_forge_that_is_down_applies_nothing(at: Publishing) -> None:
    assert at.publish(at.plan("Sweep")).code == 0
    env = at.environment()
    at.forge.close()
    done = at.apply(env)
    assert (done.code, at.titles()) == (1, []), done.err


def asked(at: Publishing) -> Counter[tuple[str, int | None]]:
    """What was asked since the last time, as the documents write it, and how it was answered."""
    told = Counter((f"{one.method} {one.endpoint}", one.status) for one in at.forge.requests)
    at.forge.requests.clear()
    return told


def steps_of(at: Publishing) -> list[Counter[tuple[str, int | None]]]:
    """One trip with a pull request: what was asked at each of its STEPS."""
    found = []
    assert at.publish(at.plan("Sweep")).code == 0
    found.append(asked(at))
    at.forge.push(7)
    assert at.publish(at.plan("Mop")).code == 0
    found.append(asked(at))
    assert at.publish(at.plan("Mop")).code == 0
    found.append(asked(at))
    env = at.forge.environment_of_push(at.forge.merge(7, how="squash"))
    assert at.apply(env).code == 0
    found.append(asked(at))
    report = at.folder / "report.md"
    report.write_text("1 added\n", encoding="utf-8")
    assert at.publish(report, "--name", "apply", env=env).code == 0
    found.append(asked(at))
    return found


def table_of(name: str, steps: list[Counter[tuple[str, int | None]]]) -> str:
    """A row for each request, a column for each step, with how often it was sent."""
    rows = [f"| {name} | {' | '.join(STEPS)} |", "|---|" + "---|" * len(STEPS)]
    for what in dict.fromkeys(one for step in steps for one in step):
        endpoint, status = what
        answer = "" if status == 200 else f", answered {status}"
        counts = " | ".join(str(step[what] or "") for step in steps)
        rows.append(f"| `{endpoint}`{answer} | {counts} |")
    return "\n".join(rows)


@pytest.mark.parametrize("name", ["GitHub", "GitLab", "Gitea"])
def test_what_each_forge_is_asked_stands_in_the_docs(
    tmp_path: Path, clock: HandedClock, name: str
) -> None:
    """A failure shows the table as it has to be."""
    at = served(name.lower(), tmp_path, clock)
    with at.forge:
        table = table_of(name, steps_of(at))
    assert not at.forge.faults_of_callers
    section = DOC.read_text("utf-8").partition(SECTION)[2]
    assert re.sub(" +", " ", table) in re.sub(" +", " ", section), table
