"""Two runs that publish at once: one comment stays, with the plan of the newest commit."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from command import Done
from support.forges import troubles
from support.publishing import Publishing

from tasksync.cli.published import approved_plan
from tasksync.errors import PlanStale


def listed(at: Publishing) -> str:
    """A part of the path that comments are listed by."""
    return "/notes" if at.forge.name == "gitlab" else "/comments"


def test_runs_that_all_find_none_leave_one_comment(at: Publishing) -> None:
    plan, runs = at.plan("First"), 3
    meeting = troubles.Meeting(runs)
    at.forge.trouble(meeting, "GET", listed(at), times=runs)
    with ThreadPoolExecutor(runs) as pool:
        done = list(pool.map(lambda _: at.publish(plan), range(runs)))
    assert [one.code for one in done] == [0] * runs, [one.err for one in done]
    assert len(at.bodies()) == 1
    assert at.writes().count("POST") == runs  # else nothing was tried


def test_of_two_commits_whose_runs_find_none_the_newer_plan_is_kept(at: Publishing) -> None:
    old, old_plan = at.environment(), at.plan("Old")
    meeting = troubles.Meeting(2)
    at.forge.trouble(meeting, "GET", listed(at), times=2)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(at.publish, old_plan, env=old)
        assert meeting.came.wait(10)
        at.forge.push(7)
        second = pool.submit(at.publish, at.plan("New"), env=at.environment())
        assert (first.result().code, second.result().code) == (0, 0)
    (body,) = at.bodies()
    assert "New" in body
    assert at.forge.repository.pulls[7].head in body.splitlines()[0]


def test_an_old_run_that_ends_late_does_not_write_over_a_newer_plan(at: Publishing) -> None:
    old, old_plan = at.environment(), at.plan("Old")
    at.forge.push(7)
    assert at.publish(at.plan("New")).code == 0
    late = at.publish(old_plan, env=old)
    assert late.code == 0, late.err
    assert "moved on" in late.err
    (body,) = at.bodies()
    assert "New" in body


def test_two_comments_of_one_project_become_one(at: Publishing) -> None:
    plan = at.plan("First")
    assert at.publish(plan).code == 0
    oldest = at.forge.comments(7)[0]
    at.clock.time += 5
    at.forge.write_comment(7, at.usual, oldest.body)
    at.forge.write_comment(7, "other", "and so on")
    assert at.publish(plan).code == 0
    first, talk = at.forge.comments(7)
    assert (first.number, talk.body) == (oldest.number, "and so on")


def test_our_comment_that_slips_between_two_pages_stays_the_only_one(at: Publishing) -> None:
    """Somebody deletes a comment of the page that was read: ours moves to where nobody looks."""
    first = at.forge.write_comment(7, "other", "talk")
    size = 50 if at.forge.name == "gitlab" else 100
    for number in range(size - 1):
        at.clock.time += 1
        at.forge.write_comment(7, "other", f"talk {number}")
    at.clock.time += 1
    assert at.publish(at.plan("First")).code == 0
    ours = at.forge.comments(7)[-1]
    at.forge.push(7)
    at.forge.trouble(
        troubles.afterwards(lambda: at.forge.delete_comment(first.number)), "GET", listed(at)
    )
    done = at.publish(at.plan("Second"))
    assert done.code == 0, done.err
    assert len(at.bodies()) == size
    assert at.forge.comments(7)[-1].number == ours.number
    assert "Second" in at.bodies()[-1]


def between(at: Publishing, when: Callable[..., Any], nth: int) -> tuple[Done, bool]:
    """An older run, a newer one whole before or after its request of that number, if it has one."""
    old, old_plan, new_plan = at.environment(), at.plan("Old"), at.plan("New")
    came = []

    def newer() -> None:
        at.forge.push(7)
        assert at.publish(new_plan).code == 0
        came.append(True)

    at.forge.trouble(troubles.nth(nth, when(newer)), times=nth + 1)
    late = at.publish(old_plan, env=old)
    at.forge.no_more_trouble()
    assert late.code == 0, late.err
    return late, bool(came)


@pytest.mark.parametrize("has_comment", [False, True])
@pytest.mark.parametrize("when", [troubles.meanwhile, troubles.afterwards])
def test_wherever_a_newer_run_comes_between_its_plan_stays(
    at: Publishing, when: Callable[..., Any], *, has_comment: bool
) -> None:
    """But in one place: no forge writes only where nothing was written since one looked.

    There the older plan stands for the older commit, is told, and approves nothing for the newer.
    """
    written_over, nth, came = 0, 0, True
    while came:
        at.forge.repository.pulls[7].comments.clear()
        if has_comment:
            assert at.publish(at.plan("Oldest")).code == 0
            at.forge.push(7)
        late, came = between(at, when, nth)
        (body,) = at.bodies()
        if came and "New" not in body:
            written_over += 1
            assert "Note:" in late.err
            with pytest.raises(PlanStale):
                approved_plan("chores", at.environment())
        nth += 1
    assert nth > 5
    assert written_over == has_comment
