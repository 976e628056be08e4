"""Templates while the world changes: days that move, people who come and go, rows that run out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from command import Tasksync
from hand import by_hand, world_of

TEXT = """apiVersion: tasksync/v1
project: onboarding
timezone: Europe/Berlin
hours: {start: "09:00", end: "18:00"}
policy: {maxDelete: 100%}
dates: {release: 2027-03-01}
people: {lead: petrova@example.com}
defaults: {responsibleId: lead}
templates:
  newcomer:
    parameters: {name: text, start: date, buddy: person}
    tasks:
      welcome: {title: "Welcome ${name}", deadline: "${start} - 1w"}
      desk:
        parent: welcome
        title: Desk of ${name}
        responsibleId: ${buddy}
        deadline: ${start}
    use:
      - {template: talk, key: talk, with: {day: "${start} + 1d", name: "${name}"}}
  talk:
    parameters: {day: date, name: text}
    tasks:
      meet: {title: "Meet ${name} on ${day}", deadline: "${day} at 10:00"}
use:
  - template: newcomer
    forEach: newcomers.csv
tasks:
  other: {title: Other}
"""
ROWS = (
    "key,name,start,buddy\n"
    "anna,Anna,release,anna@example.com\n"
    "ben,Ben,release at 12:00,lead\n"
    "cleo,Cleo,2027-03-01,5\n"
)
ALL = {
    f"{who}/{what}" for who in ("anna", "ben", "cleo") for what in ("welcome", "desk", "talk/meet")
}
ALL.add("other")


@pytest.fixture
def tasksync(tmp_path: Path) -> Tasksync:
    """A project of templates, applied, whose people are named by their addresses."""
    made = Tasksync.of(tmp_path, TEXT)
    made.manifest(ROWS, "newcomers.csv")
    done = made("apply", "--yes")
    assert done.code == 0, done
    return made


def planned(tasksync: Tasksync, name: str) -> dict[str, Any]:
    """Return what a plan in JSON says under a name, by key of the task."""
    done = tasksync("plan", "--json")
    assert done.code == 0, done
    changes = json.loads(done.out)["resource_changes"]
    return {one["key"]: {**one["change"], **one}.get(name) for one in changes}


def holders(tasksync: Tasksync) -> dict[str, int]:
    """Return who is responsible on the portal, by title."""
    return {row["title"]: row["responsibleId"] for row in world_of(tasksync.folder)}


def test_a_date_of_a_row_is_shown_as_the_row_says_it(tasksync: Tasksync) -> None:
    """In brackets where the row says a time; alone it is shown too; a plain day is itself."""
    tasksync.manifest(TEXT.replace("2027-03-01}", "2027-03-08}"), "m.yaml")
    told = tasksync("plan").words
    assert "2027-03-01 18:00 (release - 1w)" in told
    assert "(release - 1w was 2027-02-22 18:00)" in told
    assert "2027-03-08 18:00 (release)" in told
    assert "(release was 2027-03-01 18:00)" in told
    assert "(release + 1d at 10:00 was 2027-03-02 10:00)" in told
    assert "2027-03-01 12:00 ((release at 12:00) - 1w)" in told
    assert "(((release at 12:00) + 1d) at 10:00 was" in told
    assert '"Meet Anna on 2027-03-02" -> "Meet Anna on 2027-03-09"' in told
    assert "cleo/" not in told
    assert planned(tasksync, "because")["anna/desk"] == {
        "deadline": "release was 2027-03-01T18:00:00+01:00"
    }
    assert tasksync("apply", "--yes").code == 0
    assert "No changes." in tasksync("plan").words


def test_other_words_for_the_same_day_change_nothing(tasksync: Tasksync) -> None:
    tasksync.manifest(ROWS.replace("Anna,release,", "Anna,2027-03-01,"), "newcomers.csv")
    assert "No changes." in tasksync("plan").out


def test_an_address_that_leads_to_another_before_a_saved_plan_is_applied(
    tasksync: Tasksync,
) -> None:
    """The plan does what it showed; the next one says who has the address now, and then rests."""
    assert holders(tasksync)["Desk of Ben"] == 22
    tasksync.manifest(
        ROWS.replace("Ben,release at 12:00", "Benno,release at 12:00"), "newcomers.csv"
    )
    saved = tasksync.folder / "saved"
    assert tasksync("plan", "--out", saved).code == 0
    by_hand(tasksync.folder, "PATCH", "users/22", {"email": "old@example.com"})
    by_hand(
        tasksync.folder, "POST", "users", {"id": 60, "name": "P", "email": "petrova@example.com"}
    )
    assert tasksync("apply", saved).code == 0
    assert holders(tasksync)["Desk of Benno"] == 22
    changed = planned(tasksync, "after")
    assert {after["responsibleId"] for after in changed.values()} == {60}
    assert changed.keys() == ALL - {"anna/desk", "cleo/desk"}
    assert tasksync("apply", "--yes").code == 0
    assert holders(tasksync)["Desk of Benno"] == 60
    assert holders(tasksync)["Desk of Anna"] != 60
    assert "No changes." in tasksync("plan").out


def test_a_buddy_who_left_between_plan_and_apply_is_told_at_the_template(
    tasksync: Tasksync,
) -> None:
    """Nothing of what the manifest asks for anew is written, and nothing is removed."""
    tasksync.manifest(f"{ROWS}dora,Dora,release,clara@example.com\n", "newcomers.csv")
    assert "3 to add" in tasksync("plan").out
    before = holders(tasksync)
    by_hand(tasksync.folder, "PATCH", "users/5", {"active": False})
    done = tasksync("apply", "--yes")
    assert done.code == 1
    assert "m.yaml:17:24: clara@example.com works here no more" in done.err
    assert "newcomers.csv:5" in done.err
    assert holders(tasksync) == before


def test_rows_that_run_out_are_refused_until_that_is_said(tasksync: Tasksync) -> None:
    """`allowEmpty` is what makes the last row a row like others; then rows may come again."""
    tasksync.manifest(ROWS.splitlines()[0] + "\n", "newcomers.csv")
    for command in (("validate",), ("plan",), ("apply", "--yes")):
        done = tasksync(*command)
        assert done.code == 1
        assert "newcomers.csv: there are no rows" in done.err
        assert "allowEmpty: true" in done.err
    allowed = TEXT.replace("forEach: newcomers.csv", "forEach: newcomers.csv\n    allowEmpty: true")
    tasksync.manifest(allowed, "m.yaml")
    done = tasksync("apply", "--yes")
    assert done.code == 0, done
    assert "9 destroyed" in done.out
    assert list(holders(tasksync)) == ["Other"]
    assert "No changes." in tasksync("plan").out
    assert "other:" in tasksync("validate", "--expand").out
    tasksync.manifest(ROWS, "newcomers.csv")
    assert "Plan: 9 to add, 0 to change, 0 to destroy." in tasksync("plan").out


def test_a_row_with_another_key_is_refused_with_the_move_of_its_instance(
    tasksync: Tasksync,
) -> None:
    """One line, and nothing is made or removed; the plan after it is empty."""
    tasksync.manifest(ROWS.replace("anna,Anna", "anne,Anna"), "newcomers.csv")
    refused = tasksync("apply", "--yes")
    assert refused.code == 4
    said = refused.out + refused.err
    assert "moved:\n      - {from: anna/, to: anne/}\n    or, if they are" in said
    assert said.count("to: anne/") == 2  # in the note and in the refusal
    tasksync.manifest(f"{TEXT}moved: [{{from: anna/, to: anne/}}]\n", "m.yaml")
    done = tasksync("apply", "--yes")
    assert (done.code, "anna/desk has moved to anne/desk" in done.out) == (0, True), done
    assert "No changes." in tasksync("plan").out
