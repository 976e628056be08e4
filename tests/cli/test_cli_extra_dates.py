"""Extra fields that are dates: expressions of the language, and why they moved (design 17)."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import Tasksync
from hand import by_hand, world_of

TEXT = """apiVersion: tasksync/v1
project: extra
timezone: Europe/Moscow
hours: {start: "09:00", end: "18:00"}
dates: {release: 2027-03-01}
defaults: {responsibleId: 1}
tasks:
  a: {title: A, fields: {UF_REVIEW_AT: {datetime: release - 2wd}, UF_COST_CENTER: release - 2wd}}
templates:
  t:
    parameters: {day: date}
    tasks:
      b: {title: B, fields: {UF_REVIEW_AT: {datetime: "${day} at 10:00"}}}
use:
  - {template: t, key: k, with: {day: release + 1d}}
"""


@pytest.fixture
def tasksync(tmp_path: Path) -> Tasksync:
    """A project with dates in extra fields, applied."""
    made = Tasksync.of(tmp_path, TEXT)
    done = made("apply", "--yes")
    assert done.code == 0, done
    return made


def test_an_expression_is_worked_out_and_a_text_stays_a_text(tasksync: Tasksync) -> None:
    rows = {row["title"]: row for row in world_of(tasksync.folder)}
    assert rows["A"]["ufReviewAt"] == "2027-02-25T18:00:00+03:00"
    assert rows["A"]["ufCostCenter"] == "release - 2wd"
    assert rows["B"]["ufReviewAt"] == "2027-03-02T10:00:00+03:00"
    assert "No changes." in tasksync("plan").out
    written_out = tasksync("validate", "--expand").out
    assert '"UF_REVIEW_AT": "2027-03-02T10:00:00+03:00"' in written_out


def test_a_day_that_moves_says_why(tasksync: Tasksync) -> None:
    tasksync.manifest(TEXT.replace("2027-03-01", "2027-03-08"), "m.yaml")
    told = tasksync("plan").words
    assert '"2027-03-04T18:00:00+03:00" (release - 2wd)' in told
    assert "(release - 2wd was 2027-02-25T18:00:00+03:00)" in told
    assert "(release + 1d at 10:00 was 2027-03-02T10:00:00+03:00)" in told
    assert tasksync("apply", "--yes").code == 0
    assert "No changes." in tasksync("plan").out


def test_an_edit_on_the_portal_is_put_right(tasksync: Tasksync) -> None:
    """As that of any field."""
    row = next(one for one in world_of(tasksync.folder) if one["title"] == "B")
    by_hand(
        tasksync.folder, "PATCH", f"tasks/{row['id']}", {"ufReviewAt": "2027-04-01T10:00:00+03:00"}
    )
    assert '-> "2027-03-02T10:00:00+03:00" (release + 1d at 10:00)' in tasksync("plan").words


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("{datetime: relase - 2wd}", "there is no date relase in dates (did you mean release?)"),
        ("{date: release}", "UF_REVIEW_AT is of type datetime (it takes a date and time with an"),
        ("{}", "a date has one word for its type (write {datetime: release - 10wd}, or {date:"),
        ("{date: release, datetime: release}", "a date has one word for its type"),
        ("{day: release}", "unknown key day"),
        ("{datetime: 5}", 'UF_REVIEW_AT.datetime is 5, not text (quote it: "5")'),
        ("[{datetime: release - 2wd}]", "it takes one value, not a list"),
    ],
)
def test_what_cannot_be_is_told(tasksync: Tasksync, written: str, what: str) -> None:
    text = TEXT.replace("{datetime: release - 2wd}", written)
    tasksync.manifest(text, "m.yaml")
    done = tasksync("plan")
    assert done.code == 1
    assert what in done.err
    assert "m.yaml:8:" in done.err
