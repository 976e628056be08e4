"""`tasksync whoami` at the second portal, whatever it tells of a key."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest


def ahead(**time: float) -> str:
    return (datetime.now(UTC) + timedelta(**time)).isoformat(timespec="seconds")


def test_the_second_portal_tells_whose_key_it_is(world):
    driver = world()
    done = driver.run("whoami")
    assert done.code == 0
    assert "portal  second.bitrix24.com (asked at 127.0.0.1)" in done.out
    assert "key     a personal key of The Examiner (user 1)" in done.out
    assert "Note: The scope sonet_group is missing: groups cannot be looked up" in done.out
    assert "expires (the portal does not tell)" in done.out
    assert [q["path"] for q in driver.portal.requests] == ["/v1/me"]


@pytest.mark.parametrize(
    ("expires", "words"),
    [
        ({"days": 13, "hours": 12}, "Warning: The key expires in 13 days."),
        ({"days": 1, "hours": 1}, "Warning: The key expires in 1 day."),
        ({"hours": 5}, "Warning: The key expires in less than a day."),
        ({"days": -1}, "Warning: The key has expired."),
        ("2020-02-29", "Warning: The key has expired."),
        ({"days": 15}, ""),
        ("9999-12-31", ""),
        (None, "expires never"),
        ("soon", 'expires "soon", which is no date'),
        (7, 'expires "7", which is no date'),
        ({"at": 1}, "expires (the portal does not tell)"),
    ],
)
def test_the_end_of_a_key_is_warned_of_in_time(world, expires, words):
    """A date from now on is given by what lies between: the test has one name at any time."""
    from_now = isinstance(expires, dict) and "at" not in expires
    done = world(expires=ahead(**expires) if from_now else expires).run("whoami")
    assert (done.code, words in done.out) == (0, True), done
    assert ("expire" in done.out.partition("Warning:")[2]) == words.startswith("Warning")


@pytest.mark.parametrize(
    ("scopes", "missing"),
    [
        (["task", "user", "sonet_group"], []),
        ("tasks user,sonet_group", []),
        (["crm"], ["tasks", "user", "sonet_group"]),
        ([], ["tasks", "user", "sonet_group"]),
        (None, []),
        ({"tasks": True}, []),
        ([["tasks"], 4, None, "tasks"], ["user", "sonet_group"]),
    ],
)
def test_missing_scopes_are_named_whatever_the_shape(world, scopes, missing):
    done = world(scopes=scopes).run("whoami", "--json")
    assert json.loads(done.out)["missing_scopes"] == missing


@pytest.mark.parametrize("me", ["404", "bare"])
def test_a_portal_that_tells_next_to_nothing_is_shown_as_that(world, me):
    done = world(me=me).run("whoami")
    assert done.code == 0
    assert "portal  127.0.0.1\n" in done.out
    assert "key     a personal key of somebody, the portal does not tell" in done.out
    assert done.out.count("(the portal does not tell)") == 3


def test_an_applications_key_is_shown_with_its_applications_scopes(world):
    done = world(me="app").run("whoami")
    assert "key     an application key of somebody" in done.out
    assert "scopes  task, tasks, user" in done.out
    assert "Set TASKSYNC_SESSION_TOKEN." in done.out


def test_what_a_portal_tells_neither_steers_a_terminal_nor_commands_a_runner(world):
    done = world(scopes=["tasks", "\x1b[31m::error::x", "##[error]y"]).run("whoami")
    assert "\x1b" not in done.out
    assert "::error" not in "\n".join(line[:8] for line in done.out.splitlines())
    assert "##[" not in done.out


def test_a_key_that_lacks_a_scope_is_told_with_the_command_that_shows_them(world):
    driver = world()
    driver.portal.auth = {"status": 403, "code": "SCOPE_DENIED", "only": "tasks"}
    done = driver.plan()
    assert (done.code, "tasksync whoami" in done.err) == (7, True)
