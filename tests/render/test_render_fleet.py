"""A fleet's report as text, JSON and Markdown: to the letter, in eighty columns, in one comment."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import fleets
import jsonschema
import pytest
from fleets import DOCUMENTS, of, run
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tasksync.core.change import Action, Change, FieldChange, Reason
from tasksync.core.fields import TaskKey
from tasksync.core.fleet_report import FleetReport
from tasksync.core.formats import plan_json
from tasksync.core.plan import Plan
from tasksync.render.comment import length
from tasksync.render.fleet_json import fleet_json
from tasksync.render.fleet_markdown import fleet_markdown
from tasksync.render.fleet_project import ENDS, project_text
from tasksync.render.fleet_text import fleet_text
from tasksync.render.line_width import COLUMNS, width
from tasksync.render.markdown import LIMIT

Golden = Callable[[str, str], None]
SCHEMA = json.loads(
    (Path(__file__).parents[2] / "schemas/fleet-report.schema.json").read_text("utf-8")
)
VALIDATOR = jsonschema.Draft202012Validator(
    SCHEMA, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
)
REPORTS: dict[str, Callable[[], FleetReport]] = {
    "plan": fleets.plans,
    "apply": fleets.applies,
    "status": fleets.statuses,
    "drift": fleets.drifts,
}
COMMANDS = tuple(REPORTS)
#: what GitHub takes a comment; LIMIT leaves room for a bot's own words
COMMENT = 65_536
EVIL = "::error::x ##[command]y <img src=x onerror=alert(1)> | `@admin` \x1b[2J\u202e"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def texts(report: FleetReport) -> str:
    """A fleet's report as text, and each project's own."""
    own = (project_text(one, report, "text", version="0.1.0") for one in report.projects)
    return fleet_text(report) + fleet_text(report, full=True) + "".join(own)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_text_is_this_one(command: str, golden: Golden) -> None:
    golden(f"fleet-{command}.txt", fleet_text(REPORTS[command]()))


@pytest.mark.parametrize("command", COMMANDS)
def test_the_markdown_is_this_one(command: str, golden: Golden) -> None:
    golden(f"fleet-{command}.md", fleet_markdown(REPORTS[command]()))


@pytest.mark.parametrize("command", ["apply", "status"])
def test_the_json_is_this_one(command: str, golden: Golden) -> None:
    golden(f"fleet-{command}.json", fleet_json(REPORTS[command](), version="0.1.0"))


def test_the_schema_is_itself_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_json_is_what_the_schema_says(command: str) -> None:
    for report in (REPORTS[command](), fleets.hundred(command), of(command)):
        data = json.loads(fleet_json(report, version="0.1.0"))
        VALIDATOR.validate(data)
        assert data["summary"]["projects"] == len(data["projects"])
        assert sum(data["summary"].values()) == 2 * len(data["projects"])


@pytest.mark.parametrize("command", COMMANDS)
def test_no_line_is_wider_than_a_terminal_but_addresses_digests_and_keys(command: str) -> None:
    report = REPORTS[command]()
    own = texts(report) if command != "status" else fleet_text(report)  # its lines are its own
    text = own + fleet_text(fleets.hundred(command))
    wide = [line for line in text.splitlines() if width(line) > COLUMNS]
    assert not [line for line in wide if len(line.split()) > 1], wide


@pytest.mark.parametrize("command", COMMANDS)
def test_the_words_are_the_same_with_colours(command: str) -> None:
    plain, painted = (fleet_text(REPORTS[command](), colour=colour) for colour in (False, True))
    assert COLOUR.sub("", painted) == plain
    assert painted != plain


def test_the_first_line_counts_and_what_has_nothing_to_tell_stands_in_one_line() -> None:
    report = fleets.hundred("plan")
    text = fleet_text(report)
    assert text.startswith("100 projects: 65 without changes, 25 with changes, 4 failed, ")
    assert "\n65 without changes: soylent-06, " in text
    table, _own = text.split("\n-- ", 1)
    assert not re.search("^soylent", table, re.MULTILINE)
    assert len(re.findall("^soylent", fleet_text(report, full=True), re.MULTILINE)) == 10


def test_a_project_without_changes_that_has_something_to_say_is_not_folded() -> None:
    noted = json.loads((DOCUMENTS / "unchanged.out").read_text("utf-8"))
    del noted["checksum"]
    noted["strays"] = [{"id": "77", "title": "Made by hand", "responsible": 1}]
    out = json.dumps({**noted, "checksum": plan_json.checksum_of(noted)})
    others = [run(f"p{number}", "plan", 0, "unchanged") for number in range(9)]
    text = fleet_text(of("plan", run("acme", "plan", 0, out=out), *others))
    assert re.search("^acme ", text, re.MULTILINE)
    assert "\n9 without changes: p0, p1," in text
    assert 'Note: task 77 "Made by hand" bears our marker' in text


def test_of_a_status_what_is_to_be_known_stands_without_the_tasks_that_are_not_late() -> None:
    data = json.loads((DOCUMENTS / "status.out").read_text("utf-8"))
    data["missing"] = [{"key": "gone", "id": "77"}]
    report = of("status", run("acme", "status", 0, out=json.dumps(data)))
    text = fleet_text(report)
    assert "\nNote: 1 task of the state is not shown by the portal" in text
    assert "Invite the auditors" not in text
    assert "Invite the auditors" in fleet_text(report, full=True)


@settings(deadline=None)
@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=40))
@example("wide 請求書を確認してください" * 9, "::error::" * 40, "\u0301" * 40)
def test_no_text_of_peoples_makes_a_line_too_wide(title: str, said: str, name: str) -> None:
    data = json.loads((DOCUMENTS / "status.out").read_text("utf-8"))
    for task in data["tasks"]:
        task |= {"title": title, "person": {"id": 22, "name": name}}
    late = of("status", run("acme", "status", 0, out=json.dumps(data)))
    failed = of("plan", run("acme", "plan", 1, said=f"Error: {said}\n{said}"))
    for report in (late, failed):
        wide = [line for line in fleet_text(report).splitlines() if width(line) > COLUMNS]
        assert not [line for line in wide if len(line.split()) > 1], wide


def hostile(command: str) -> FleetReport:
    """A report in which every name and every text is somebody's bad joke."""
    some = [one.run for one in REPORTS[command]().projects]
    named = []
    for at, one in enumerate(some):
        job = replace(one.job, project=replace(one.job.project, name=f"{EVIL}{at}", portal=EVIL))
        out = one.out
        if command in {"status", "drift"}:
            for word in ("Prepare the report", "Olga Petrova", "closing", "File the return"):
                out = out.replace(json.dumps(word)[1:-1], json.dumps(EVIL)[1:-1])
        elif command == "apply":
            out = re.sub(r'(?<="resource_name": )"\w+"', lambda _: json.dumps(EVIL), out)
            out = out.replace("Access denied", json.dumps(EVIL)[1:-1])
        said = f"Error: {EVIL}\n{EVIL}\n" + one.said
        named.append(replace(one, job=job, out=out, said=said))
    return replace(of(command, *named), fleet=EVIL)


@pytest.mark.parametrize("command", COMMANDS)
def test_what_people_wrote_neither_steers_a_terminal_nor_commands_a_runner(command: str) -> None:
    text = texts(hostile(command))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "##[" not in text
    assert not re.search(r"^\s*::", text, re.MULTILINE)
    assert "<img src=x onerror=alert(1)>" in re.sub(r"\s+", " ", text)


def outside_code(markdown: str) -> str:
    """What a forge reads as Markdown and HTML: all but code spans."""
    return re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", markdown)


@pytest.mark.parametrize("command", COMMANDS)
def test_markdown_holds_what_people_wrote_in_code(command: str) -> None:
    report = hostile(command)
    own = (project_text(one, report, "markdown", version="0.1.0") for one in report.projects)
    bare = outside_code(fleet_markdown(report) + "\n" + "".join(own))
    assert "<img" not in bare
    assert "@admin" not in re.sub(r"<code>.*?</code>", "", bare)


def rolled_out(tasks: int, title: str) -> str:
    """The document of a plan that makes so many tasks."""
    changes = tuple(
        Change(
            TaskKey(f"onboarding/{number:05}"),
            Action.CREATE,
            Reason.NEW,
            fields=(FieldChange("title", None, f"{title} {number}"),),
            title=f"{title} {number}",
        )
        for number in range(tasks)
    )
    plan = Plan("closing", "acme.bitrix24.com", "01J", 1, levels=(changes,))
    return plan_json.dumps(plan_json.encode(plan, version="0.1.0", requests=9, seconds=9.0))


@pytest.mark.parametrize("title", ["Contract", "😀" * 200, "x" * 3000])
def test_markdown_fits_a_comment_and_says_what_was_left_out(title: str) -> None:
    out = rolled_out(60, title)
    runs = [run(f"client-{number:02}", "plan", 0, out=out) for number in range(100)]
    text = fleet_markdown(of("plan", *runs))
    assert length(text) <= LIMIT < COMMENT
    assert text.count("<details>") == text.count("</details>")
    assert "left out here for want of room: `tasksync fleet plan --out DIR`" in text
    assert text.count("| `client-") == 100


def test_the_table_is_cut_where_names_are_long_and_says_so() -> None:
    said = "Error: " + "no route to host " * 50
    runs = [run(f"client-{number:03}", "plan", 1, said=said) for number in range(300)]
    text = fleet_markdown(of("plan", *runs))
    assert length(text) <= LIMIT
    shown = text.count("| **`client-")
    assert f"| {300 - shown} more projects, left out here for want of room" in text


def test_many_late_tasks_fit_a_comment_and_are_counted() -> None:
    data = json.loads((DOCUMENTS / "status.out").read_text("utf-8"))
    late = [one for one in data["tasks"] if one["late_seconds"]]
    data["tasks"] = [{**late[at % 2], "id": str(at + 1)} for at in range(400)]
    runs = [run(f"client-{at:02}", "status", 0, out=json.dumps(data)) for at in range(60)]
    report = of("status", *runs)
    text = fleet_markdown(report)
    assert length(text) <= LIMIT
    assert "**24000 late tasks of 120 people in 60 projects**" in text
    assert re.search(r"… \d+ more late tasks, left out here", text)
    assert fleet_text(report).count("/tasks/task/view/") == 24_000  # on a terminal nothing is


def test_a_long_error_is_shown_from_its_end_and_what_was_left_out_is_counted() -> None:
    said = "".join(f"line {number}\n" for number in range(1000))
    text = fleet_text(of("plan", run("acme", "plan", 1, said=said)))
    assert "  … 800 lines before these are left out here\n  line 800\n" in text
    assert text.endswith("  line 999\n")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("format_", ENDS)
def test_each_project_has_a_report_of_its_own_in_each_format(command: str, format_: str) -> None:
    report = REPORTS[command]()
    for one in report.projects:
        text = project_text(one, report, format_, version="0.1.0")
        if format_ == "json":
            assert text == one.run.out
        else:
            assert text.strip(), one.name
            assert text.endswith("\n")


def test_a_projects_own_json_of_a_plan_is_a_plan_that_may_be_applied() -> None:
    report = fleets.plans()
    one = next(one for one in report.projects if one.name == "acme")
    assert plan_json.loads(project_text(one, report, "json", version="0.1.0")).summary.add == 4


def test_a_fleet_without_projects_says_so() -> None:
    empty: Any = of("plan")
    assert fleet_text(empty) == "0 projects.\nFleet clients, plan. Exit code 0.\n"
