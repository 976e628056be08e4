"""People and groups by address and name, from the manifest to the portal and its state."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from command import Done, Tasksync
from hand import by_hand, world_of
from second_portal.driving import driven
from second_portal.hours import Hours

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "schemas/directory.schema.json").read_text("utf-8")
)
ONBOARDING = """\
apiVersion: tasksync/v1
project: onboarding
people:
  it: 11
  hr-lead: petrova@example.com
defaults: {responsibleId: hr-lead, groupId: HR}
tasks:
  welcome:
    title: Welcome
    auditors: [7, Anna@Example.com]
  laptop:
    title: Laptop
    responsibleId: it
  desk:
    title: Desk
"""


@pytest.fixture
def team(tmp_path: Path) -> Tasksync:
    """A project whose people are named, on the sandbox."""
    return Tasksync.of(tmp_path, ONBOARDING)


def staff(team: Tasksync, method: str, path: str, body: object) -> Any:
    """Change the portal's people or groups."""
    return by_hand(team.folder, method, path, body)


def live(team: Tasksync) -> dict[str, dict[str, Any]]:
    """Return the tasks on the portal by title."""
    return {row["title"]: row for row in world_of(team.folder)}


def applied(team: Tasksync) -> Tasksync:
    """Apply the project for the first time."""
    done = team("apply", "--yes")
    assert done.code == 0, done
    return team


def rewrite(team: Tasksync, old: str, new: str) -> None:
    """Change the manifest."""
    file = team.folder / "m.yaml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def edits(done: Done) -> list[tuple[str, dict[str, Any]]]:
    """Return key and new values of what a plan in JSON changes."""
    assert done.code == 0, done
    changes = json.loads(done.out)["resource_changes"]
    return [(one["key"], one["change"]["after"]) for one in changes]


def test_addresses_and_names_become_numbers_on_the_portal(team: Tasksync) -> None:
    tasks = live(applied(team))
    assert {title: task["responsibleId"] for title, task in tasks.items()} == {
        "Welcome": 22,
        "Laptop": 11,
        "Desk": 22,
    }
    assert tasks["Welcome"]["auditors"] == [2, 7]
    assert {task["groupId"] for task in tasks.values()} == {7}
    assert "No changes." in team("plan").out


def test_a_person_is_replaced_by_one_line(team: Tasksync) -> None:
    applied(team)
    rewrite(team, "petrova@example.com", "clara@example.com")
    assert edits(team("plan", "--json")) == [
        ("welcome", {"responsibleId": 5}),
        ("desk", {"responsibleId": 5}),
    ]


def test_an_address_that_leads_to_somebody_else_is_a_change(team: Tasksync) -> None:
    """Nothing of the manifest changed: what is remembered of the address tells."""
    moved_on(applied(team))
    assert edits(team("plan", "--json")) == [
        ("welcome", {"responsibleId": 60}),
        ("desk", {"responsibleId": 60}),
    ]
    assert "No changes." in team("plan", "--no-refresh").out
    assert team("apply", "--yes").code == 0
    assert "No changes." in team("plan").out


def moved_on(team: Tasksync) -> None:
    """Let Olga's address become another person's."""
    staff(team, "PATCH", "users/22", {"email": "old@example.com"})
    staff(team, "POST", "users", {"id": 60, "name": "Pia", "email": "PETROVA@example.com"})


def test_a_moved_address_is_not_forgotten_where_only_a_part_was_applied(team: Tasksync) -> None:
    """The memory moves on with the first apply; the text of the other task did not."""
    moved_on(applied(team))
    assert team("apply", "--yes", "--target", "desk").code == 0
    assert edits(team("plan", "--json")) == [("welcome", {"responsibleId": 60})]
    assert edits(team("plan", "--json", "--no-refresh")) == [("welcome", {"responsibleId": 60})]


def test_a_moved_address_is_not_forgotten_where_nothing_could_be_sent(team: Tasksync) -> None:
    """What is remembered was saved before: the texts that were not applied must not pass for it."""
    moved_on(applied(team))
    assert team("apply", "--yes", TASKSYNC_API_KEY="vibe_api_readonly").code == 7
    assert json.loads(team("state", "pull").out)["directory"]["people"]["petrova@example.com"] == 60
    for words in ((), ("--no-refresh",)):
        assert [key for key, _after in edits(team("plan", "--json", *words))] == ["welcome", "desk"]


def test_a_saved_plan_carries_what_it_learned_of_addresses(team: Tasksync) -> None:
    saved = team.folder / "p.json"
    assert team("plan", "--out", saved).code == 0
    assert team("apply", saved).code == 0
    moved_on(team)
    assert [key for key, _after in edits(team("plan", "--json"))] == ["welcome", "desk"]


def test_without_a_refresh_memory_decides_and_the_unknown_is_looked_up(team: Tasksync) -> None:
    applied(team)
    broken = {"TASKSYNC_API_KEY": "vibe_api_tasksonly"}
    assert "No changes." in team("plan", "--no-refresh", **broken).out
    rewrite(team, "title: Desk", "title: Desk\n    auditors: [boris@example.com]")
    assert team("plan", "--no-refresh", **broken).code == 7
    assert edits(team("plan", "--json", "--no-refresh")) == [("desk", {"auditors": [3]})]


def test_a_dismissed_person_is_a_problem_before_anything_is_written(team: Tasksync) -> None:
    applied(team)
    staff(team, "PATCH", "users/22", {"active": False})
    rewrite(team, "title: Desk", "title: Desk 2")
    for command in (("plan",), ("apply", "--yes")):
        done = team(*command)
        assert (done.code, done.out) == (1, "")
        assert done.err.count("m.yaml:5:12: petrova@example.com works here no more") == 1
    assert "Desk" in live(team)


def test_two_of_one_address_are_told_with_their_numbers(team: Tasksync) -> None:
    staff(team, "POST", "users", {"id": 61, "name": "Olga", "email": "Petrova@Example.com"})
    done = team("plan")
    assert done.code == 1
    assert "is the address of 2 people: 22 (Olga Petrova), 61 (Olga)" in done.err


def test_every_problem_is_told_in_one_run_each_at_its_place(team: Tasksync) -> None:
    rewrite(team, "groupId: HR", "groupId: Hr")
    rewrite(team, "Anna@", "anne@")
    rewrite(team, "responsibleId: it", "responsibleId: its\n    priority: 9")
    done = team("plan")
    assert done.code == 1
    assert [line.partition("m.yaml:")[2].partition(" (")[0] for line in done.err.splitlines()] == [
        '6:45: "Hr" is no group that the portal lists',
        "10:19: anne@Example.com is nobody's address on the portal",
        '13:20: "its" is no name of people',
        "14:15: priority cannot be 9",
        "",
    ]


@pytest.mark.parametrize(
    ("head", "scope"), [("{responsibleId: anna@example.com}", "user"),
                        ("{responsibleId: 1, groupId: HR}", "sonet_group")]
)  # fmt: skip
def test_a_key_without_the_scope_is_told_which_and_what_to_do(
    tmp_path: Path, head: str, scope: str
) -> None:
    text = f"apiVersion: tasksync/v1\nproject: p\ndefaults: {head}\ntasks: {{a: {{title: A}}}}\n"
    team = Tasksync.of(tmp_path, text)
    for words in (("plan",), ("apply", "--yes")):
        done = team(*words, TASKSYNC_API_KEY="vibe_api_tasksonly")
        assert (done.code, done.out) == (7, "")
        assert done.err.count(f"lacks the scope `{scope}`") == 1
        assert "as numbers" in done.err
    assert not world_of(tmp_path)


def test_numbers_alone_need_no_scope_and_no_listing(tmp_path: Path) -> None:
    text = "apiVersion: tasksync/v1\nproject: p\ntasks: {a: {title: A, responsibleId: 22}}\n"
    team = Tasksync.of(tmp_path, text)
    assert team("apply", "--yes", TASKSYNC_API_KEY="vibe_api_tasksonly").code == 0


def test_numbers_of_nobody_and_of_the_dismissed_are_a_warning(tmp_path: Path) -> None:
    text = """\
apiVersion: tasksync/v1
project: p
tasks:
  rent: {title: Pay the rent, responsibleId: 999}
  desk: {title: Clear the desk, responsibleId: 1, accomplices: [30, 22]}
"""
    team = Tasksync.of(tmp_path, text)
    for form in ("text", "markdown", "html"):
        done = team("plan", "--format", form)
        assert done.code == 0
        assert "30 (Rosa Gone" in done.out
        assert "is not active on the portal any more: desk." in done.words
        assert "nobody on the portal has the number 999: rent." in done.words
    told = json.loads(team("plan", "--json").out)["people_not_there"]
    assert told == [
        {"id": 30, "keys": ["desk"], "listed": True},
        {"id": 999, "keys": ["rent"], "listed": False},
    ]
    blind = team("plan", TASKSYNC_API_KEY="vibe_api_tasksonly")
    assert (blind.code, "has the number" in blind.out) == (0, False)
    assert team("apply", "--yes").code == 0


@pytest.mark.parametrize(("count", "requests"), [(5_000, 2), (50_000, 11)])
def test_many_people_are_listed_in_pages_of_five_thousand(
    team: Tasksync, count: int, requests: int
) -> None:
    assert staff(team, "PUT", "users", {"count": count}) == {"users": count}
    done = team("people", "number", str(1001 + count - 14))
    last = 1001 + count - 14
    assert done.out == f"{last}\tUser Number {last}\tuser{last}@example.com\tactive\n"
    assert f"Listed {count} in {requests} requests." in done.err
    rewrite(team, "petrova@example.com", f"USER{last}@example.com")
    told = team("plan")
    assert f"responsibleId {last} (User Number {last} <user{last}@example.com>)" in told.words
    # the listing of people, of groups (2) and of tasks, who we are, and what exists already
    assert f"and the portal in {requests + 2 + 1 + 1 + 1} requests" in told.out


def test_people_are_found_by_words_of_name_and_address(team: Tasksync) -> None:
    assert team("people", "OLGA", "example").out == (
        "22\tOlga Petrova\tpetrova@example.com\tactive\n"
    )
    assert team("people", "rosa").out.endswith("\tinactive\n")
    none = team("people", "nobody-is-called-so")
    assert (none.code, none.out) == (0, "")
    assert "holds these words" in none.err


def test_people_are_a_table_on_a_terminal(team: Tasksync) -> None:
    done = team("people", "ROS", "example", terminal=True, NO_COLOR="1")
    assert done.out.splitlines() == [
        "9   Elena Rossi  elena@example.com",
        "30  Rosa Gone    rosa@example.com   inactive",
    ]


def test_people_and_groups_as_json(team: Tasksync) -> None:
    for command in ("people", "groups"):
        jsonschema.validate(json.loads(team(command, "--format", "json").out), SCHEMA)
        jsonschema.validate(json.loads(team(command, "nobody like that", "--json").out), SCHEMA)
    people = json.loads(team("people", "rosa", "--format", "json").out)
    assert people["people"] == [
        {"id": 30, "name": "Rosa Gone", "email": "rosa@example.com", "active": False}
    ]
    groups = json.loads(team("groups", "--json").out)
    assert [one["name"] for one in groups["groups"]] == ["Finance", "HR", "Releases", "Operations"]
    assert team("groups", "rel").out == "9\tReleases\tactive\n"


def test_a_name_that_turns_the_reading_direction_is_an_escape_in_json(team: Tasksync) -> None:
    staff(team, "POST", "users", {"name": "Eve\u202egnuY", "email": "eve@example.com"})
    told = team("people", "eve", "--json").out
    assert "\u202e" not in told
    assert json.loads(told)["people"][0]["name"].startswith("Eve\u202e")


def test_an_archived_group_is_not_found_by_its_name(team: Tasksync) -> None:
    rewrite(team, "groupId: HR", "groupId: Old migration")
    done = team("plan")
    assert done.code == 1
    assert "an archived one goes by its number" in done.err
    rewrite(team, "groupId: Old migration", "groupId: 13")
    assert team("plan").code == 0


def test_validate_takes_any_address_and_asks_no_portal(team: Tasksync) -> None:
    rewrite(team, "petrova@example.com", "nobody@nowhere.example")
    assert team("validate", TASKSYNC_PORTAL="http://127.0.0.1:9").code == 0
    rewrite(team, "responsibleId: it", "responsibleId: its")
    done = team("validate")
    assert (done.code, "did you mean it?" in done.err) == (1, True)


def test_a_network_that_fails_is_told_after_the_manifest_s_own_faults(team: Tasksync) -> None:
    nowhere = {"TASKSYNC_PORTAL": "http://127.0.0.1:9", "TASKSYNC_API_KEY": "vibe_api_x"}
    hours = Hours()
    with driven(hours):
        done = team("plan", **nowhere)
    assert done.code == 1
    assert "cannot be reached" in done.err
    assert hours.ahead > 10, "it is asked again, for a while"
    rewrite(team, "title: Desk", "title: Desk\n    priority: 9")
    with driven(hours):
        done = team("plan", **nowhere)
    assert done.code == 1
    assert "cannot be reached" not in done.err
    assert "1 problem" in done.err
