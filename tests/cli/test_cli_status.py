"""`tasksync status`: every format of one project, on a clock that is handed in."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import jsonschema
import pytest
from command import Tasksync
from hand import by_hand, ids_of

from tasksync.cli.signals import SystemClock

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "schemas/status.schema.json").read_text("utf-8"))
GOLDEN = ROOT / "tests/golden"
NOW = datetime(2026, 5, 22, 12, 0, tzinfo=UTC)
CLOSING = """\
apiVersion: tasksync/v1
project: finance-q2
timezone: Europe/Berlin
defaults: {responsibleId: 1}
people: {auditor: clara@example.com, lead: 22}
tasks:
  report:
    title: Prepare the quarterly report
    responsibleId: 22
    status: inProgress
    deadline: 2026-05-19T18:00
  figures: {title: Collect the figures, deadline: 2026-05-26T18:00}
  audit/travel: {title: Audit the travel expenses, responsibleId: 5, deadline: 2026-07-01T18:00}
  audit/cash: {title: Count the cash, responsibleId: 5}
  books: {title: Close the books, status: completed, deadline: 2026-05-01T18:00}
"""
FORMATS = ("text", "json", "csv", "markdown", "html")


@pytest.fixture(autouse=True)
def friday() -> Iterator[None]:
    """It is noon in Greenwich on Friday, 22 May 2026, in all runs of this process."""
    with patch.object(SystemClock, "now", lambda _clock: NOW):
        yield


@pytest.fixture
def closing(tmp_path: Path) -> Tasksync:
    """A project that was applied on the sandbox."""
    tasksync = Tasksync.of(tmp_path, CLOSING)
    assert tasksync("apply", "--yes").code == 0
    return tasksync


def edit(tasksync: Tasksync, key: str, **fields: object) -> None:
    """Change a task as a person does on the portal."""
    by_hand(tasksync.folder, "PATCH", f"tasks/{ids_of(tasksync)[key]}", fields)


def told(tasksync: Tasksync, *words: str, **env: str) -> dict[str, Any]:
    """The status as JSON, held to its schema."""
    done = tasksync("status", *words, "--json", **env)
    assert done.code == 0, done
    found = json.loads(done.out)
    jsonschema.validate(found, SCHEMA, format_checker=jsonschema.FormatChecker())
    return dict(found)


def keys(found: dict[str, Any]) -> list[str]:
    """The keys of the tasks, in their order."""
    return [one["key"] for one in found["tasks"]]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), ["report", "figures", "audit/travel", "audit/cash", "books"]),
        (("--open",), ["report", "figures", "audit/travel", "audit/cash"]),
        (("--overdue",), ["report"]),
        (("--due", "7d"), ["figures"]),
        (("--due", "1w", "--overdue"), ["report", "figures"]),
        (("--due", "24h"), []),
        (("--due", "23h59m60s"), []),
        (("--due", "1w0d0h30m"), ["figures"]),
        (("audit/*",), ["audit/travel", "audit/cash"]),
        (("--person", "22"), ["report"]),
        (("--person", "CLARA@example.com"), ["audit/travel", "audit/cash"]),
        (("--person", "olga petrova"), ["report"]),
        (("--person", "lead"), ["report"]),
        (("--person", "auditor"), ["audit/travel", "audit/cash"]),
        (("audit/*", "--person", "weiss", "--due", "9w"), ["audit/travel"]),
    ],
)
def test_filters_narrow_what_is_told(
    closing: Tasksync, words: tuple[str, ...], expected: list[str]
) -> None:
    found = told(closing, *words)
    assert keys(found) == expected
    assert (found["total"], found["counts"]["tasks"]) == (5, len(expected))


def test_a_task_is_told_with_person_deadline_lateness_and_card(closing: Tasksync) -> None:
    report = told(closing)["tasks"][0]
    number = ids_of(closing)["report"]
    card = "https://sandbox.bitrix24.example/company/personal/user/22/tasks/task/view/"
    assert report == {
        "key": "report",
        "id": str(number),
        "title": "Prepare the quarterly report",
        "person": {"id": 22, "name": "Olga Petrova <petrova@example.com>"},
        "status": "inProgress",
        "open": True,
        "deadline": "2026-05-19T19:00:00+03:00",
        "late_seconds": 2 * 86400 + 20 * 3600,
        "link": f"{card}{number}/",
    }


@pytest.mark.parametrize(("format_", "name"), [("text", "status.txt"), ("markdown", "status.md")])
def test_the_words_are_those_of_the_golden_files(
    closing: Tasksync, format_: str, name: str
) -> None:
    done = closing("status", "--format", format_)
    assert done.code == 0
    if os.environ.get("TASKSYNC_UPDATE_GOLDEN"):
        (GOLDEN / name).write_text(done.out, "utf-8")
    assert done.out == (GOLDEN / name).read_text("utf-8")


def test_csv_is_one_header_and_one_row_a_task(closing: Tasksync) -> None:
    edit(closing, "figures", title='=HYPERLINK("http://x"), "all"', status=4)
    header, *rows = csv.reader(io.StringIO(closing("status", "--format", "csv").out))
    assert header[:3] == ["key", "id", "title"]
    assert len(rows) == 5
    figures = dict(zip(header, rows[1], strict=True))
    assert figures["title"] == """'=HYPERLINK("http://x"), "all\""""  # no formula to a spreadsheet
    assert (figures["status"], figures["late"]) == ("awaitingControl", "")
    late = dict(zip(header, rows[0], strict=True))
    assert late["late"] == str(2 * 86400 + 20 * 3600)
    assert late["deadline"] in closing("status").out  # in the project's zone, as text has it
    assert "+" not in late["deadline"]


def test_what_people_do_is_seen_at_once_and_nothing_is_written(closing: Tasksync) -> None:
    edit(closing, "report", status=5)
    edit(closing, "figures", responsibleId=5, deadline="2026-05-21T09:00:00+03:00")
    before = closing("state", "pull").out
    found = told(closing, "--overdue")
    assert keys(found) == ["figures"]
    assert found["tasks"][0]["person"]["id"] == 5
    assert closing("state", "pull").out == before


def test_what_is_gone_is_named_and_a_lost_state_still_shows_the_tasks(closing: Tasksync) -> None:
    number = ids_of(closing)["books"]
    by_hand(closing.folder, "DELETE", f"tasks/{number}")
    assert told(closing)["missing"] == [{"key": "books", "id": str(number)}]
    assert f"books (task {number})" in closing("status").out
    lost = {"TASKSYNC_STATE": f"sqlite:{closing.folder / 'fresh.db'}"}
    assert keys(told(closing, **lost)) == [None] * 4
    assert "4 tasks bear our marker and no entry of the state" in closing("status", **lost).out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("audt/*",), "Did you mean audit/*?"),
        (("--person", "nobody@example.com"), "--person nobody@example.com"),
        (("--due", "soon"), "write 2h30m, 36h, 7d or 2w"),
        (("--due", "90"), "90 is no time"),
        (("--due", "d"), "d is no time"),
        (("--due", "99999w1s"), "the most is 99999w"),
        (("--format", "yaml"), "text, json, csv, markdown, html"),
    ],
)
def test_a_wrong_call_is_told_and_exit_64(
    closing: Tasksync, words: tuple[str, ...], said: str
) -> None:
    done = closing("status", *words)
    assert (done.code, done.out) == (64, "")
    assert said in done.err


def test_a_key_that_is_refused_is_exit_7(closing: Tasksync) -> None:
    assert closing("status", TASKSYNC_API_KEY="vibe_api_revoked").code == 7


def test_nothing_late_is_said_and_so_is_a_project_without_tasks(tmp_path: Path) -> None:
    empty = Tasksync.of(tmp_path, "apiVersion: tasksync/v1\nproject: empty\ntasks: {}\n")
    done = empty("status")
    assert (done.code, done.out.splitlines()[-1]) == (0, "No tasks.")
    assert keys(told(empty)) == []


def test_none_of_five_fits(closing: Tasksync) -> None:
    assert closing("status", "books", "--overdue").out.endswith("No task of 5 fits.\n")


@pytest.mark.parametrize("format_", FORMATS)
def test_no_format_shows_a_secret_or_obeys_what_people_wrote(
    closing: Tasksync, format_: str
) -> None:
    secret = "hunter2-hunter2-hunter2"
    edit(closing, "report", title=f"::error::{secret} \x1b[2J\u200b##[command] `x` | <b>")
    edit(closing, "figures", title="\u0430udit the b\u043eoks\n::warning::x")
    done = closing("status", "--format", format_, TASKSYNC_HTTP_PASSWORD=secret)
    assert done.code == 0
    assert secret not in done.out
    assert "\x1b" not in done.out
    assert "\u200b" not in done.out
    assert "##[command]" not in done.out
    assert not [line for line in done.out.splitlines() if line.lstrip().startswith("::")]


def test_a_terminal_sees_what_is_late_in_colour(closing: Tasksync) -> None:
    done = closing("status", terminal=True, TERM="xterm")
    assert "\x1b[1;31mlate 2 d 20 h" in done.out
    assert "\x1b" not in closing("status", "--no-color", terminal=True, TERM="xterm").out


def test_markdown_of_ten_thousand_tasks_is_under_60_000_characters() -> None:
    from tasksync.core.fields import RemoteId
    from tasksync.core.project_status import StatusQuery, project_status
    from tasksync.core.state import State
    from tasksync.core.task import LiveTask
    from tasksync.render.status_markdown import status_markdown
    from tasksync.render.status_words import Moments

    rows = [
        LiveTask(
            RemoteId(number),
            {
                "title": f"Task {number} " + "x`" * 100,
                "responsibleId": number % 300 + 1,
                "status": number % 7 + 1,
                "deadline": f"2026-05-{number % 28 + 1:02}T12:00:00+00:00",
            },
            ("tasksync:big",),
        )
        for number in range(1, 10_001)
    ]
    found = project_status(State("big"), rows, "acme.bitrix24.com", NOW, StatusQuery())
    page = status_markdown(found, Moments())
    assert 50_000 < len(page) < 60_000
    assert "10000 tasks" in page
    assert "left out here" in page


def test_what_is_remembered_of_a_task_names_its_card(closing: Tasksync) -> None:
    number = ids_of(closing)["report"]
    card = "https://sandbox.bitrix24.example/company/personal/user/22/tasks/task/view/"
    assert f"\n  {card}{number}/\n" in closing("state", "show", "report").out
