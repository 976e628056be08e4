"""What was done before and is asked once more has the run that did it under its digest."""

from __future__ import annotations

from datetime import UTC, datetime

from tasksync.core.asked_again import asked_again
from tasksync.core.formats.plan_digest import digest_of_document
from tasksync.core.state import Run

AT = datetime(2027, 3, 1, 18, 30, tzinfo=UTC)
ASKED: dict[str, object] = {"project": "p", "moved": [], "changes": [{"key": "a"}]}
FIRST = digest_of_document(ASKED)
SECOND = digest_of_document({**ASKED, "again": "r1"})
OTHER = "sha256:other"


def run(name: str, plan: str, outcome: str = "complete") -> Run:
    return Run(name, AT, outcome, plan, 3)


def test_what_no_run_was_about_is_new() -> None:
    assert asked_again(ASKED, ()) == ("", (FIRST,))
    assert asked_again(ASKED, (run("r1", OTHER), run("r2", ""))) == ("", (FIRST,))


def test_what_the_newest_run_was_about_may_be_its_own_rest() -> None:
    assert asked_again(ASKED, (run("r0", OTHER), run("r1", FIRST))) == ("", (FIRST,))


def test_after_another_run_it_is_another_approval_however_the_first_ended() -> None:
    for outcome in ("started", "partial", "complete"):
        runs = (run("r1", FIRST, outcome), run("r2", ""))
        assert asked_again(ASKED, runs) == ("r1", (FIRST, SECOND))


def test_of_several_runs_of_one_digest_the_newest_counts() -> None:
    runs = (run("r0", FIRST, "partial"), run("r1", FIRST), run("r2", OTHER))
    assert asked_again(ASKED, runs)[0] == "r1"


def test_each_time_is_an_approval_of_its_own() -> None:
    runs = (run("r1", FIRST), run("r2", OTHER), run("r3", SECOND), run("r4", OTHER))
    again, digests = asked_again(ASKED, runs)
    assert (again, digests[:2], len(set(digests))) == ("r3", (FIRST, SECOND), 3)
    assert asked_again({**ASKED, "again": "r3"}, runs) == (again, digests)


def test_what_asks_nothing_is_never_asked_again() -> None:
    asked = {**ASKED, "changes": []}
    runs = (run("r1", digest_of_document(asked)), run("r2", OTHER))
    assert asked_again(asked, runs)[0] == ""
