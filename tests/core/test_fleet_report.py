"""The report of a fleet: what each project's documents tell, and that nothing printed breaks it."""

from __future__ import annotations

import json
from typing import Any

import fleets
import pytest
from fleets import DOCUMENTS, LOCKED, of, run
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tasksync.core.change import Status
from tasksync.core.fleet import exit_code_of
from tasksync.core.fleet_report import Ending, FleetReport, ProjectReport
from tasksync.core.formats.events_reading import read_events
from tasksync.core.reported import ReportedApply
from tasksync.render.fleet_html import fleet_html
from tasksync.render.fleet_json import fleet_json
from tasksync.render.fleet_markdown import fleet_markdown
from tasksync.render.fleet_project import ENDS, project_text
from tasksync.render.fleet_text import fleet_text

COMMANDS = ("plan", "apply", "status", "drift")
APPLIED = (DOCUMENTS / "apply.out").read_text("utf-8")
MANIFEST = '5 problems in the manifest, first: m.yaml:5:91: priority cannot be "hig" (did you mean'

STOPPED = "Interrupted: 3 done, 5 left. The state is saved."


def one(report: FleetReport) -> ProjectReport:
    """The only row of a report."""
    (row,) = report.projects
    return row


def render_all(report: FleetReport) -> None:
    """Show a report in every way."""
    fleet_text(report, colour=True)
    fleet_text(report, full=True)
    fleet_markdown(report)
    fleet_html(report, version="0.1.0")
    json.loads(fleet_json(report, version="0.1.0"))
    for row in report.projects:
        for format_ in ENDS:
            project_text(row, report, format_, version="0.1.0")


@pytest.mark.parametrize(
    ("command", "code", "document", "ending", "words"),
    [
        ("plan", 0, "plan", Ending.SOMETHING, "4 to add"),
        ("plan", 2, "plan", Ending.SOMETHING, "4 to add"),
        ("plan", 0, "unchanged", Ending.NOTHING, "no changes"),
        ("plan", 4, "refused", Ending.REFUSED, "refused by a guard: protect"),
        ("plan", 1, "wrong", Ending.FAILED, MANIFEST),
        ("plan", 7, "denied", Ending.DENIED, "There is no API key: TASKSYNC_API_KEY is not set"),
        ("apply", 0, "apply", Ending.SOMETHING, "1 added, 1 adopted"),
        ("apply", 0, "idle", Ending.NOTHING, "no changes"),
        ("apply", 3, "partial", Ending.PARTIAL, "1 failed, 1 not started, the first close: Bitrix"),
        ("apply", 4, "refused-apply", Ending.REFUSED, "refused: 1 protected task would be removed"),
        ("apply", 5, "stale", Ending.STALE, "This is not the plan that was approved."),
        ("apply", 1, "wrong", Ending.FAILED, MANIFEST),
        ("status", 0, "status", Ending.SOMETHING, "2 late of 4 open"),
        ("drift", 0, "drift", Ending.SOMETHING, "3 to be undone"),
        ("drift", 0, "no-drift", Ending.NOTHING, "no drift"),
    ],
)
def test_what_real_runs_printed_is_told(
    command: str, code: int, document: str, ending: Ending, words: str
) -> None:
    row = one(of(command, run("acme", command, code, document)))
    assert row.ending is ending
    assert row.words.startswith(words)
    assert row.exit_code == code


@pytest.mark.parametrize(
    ("code", "said", "ending", "words"),
    [
        (6, LOCKED, Ending.LOCKED, "The state is locked by anna@runner-7 (pid 412): apply"),
        (6, "", Ending.LOCKED, "the state is locked"),
        (1, "\x1b[1;31mError:\x1b[0m No route\n  Try again.\n", Ending.FAILED, "No route"),
        (1, "Traceback (most recent call last):\nMemoryError\n", Ending.FAILED, "out of memory"),
        (1, "", Ending.FAILED, "exit code 1, and not a word why"),
        (64, "Error: Unknown flag.\n", Ending.FAILED, "Unknown flag."),
        (-9, "Read 100 tasks in 2 requests\n", Ending.FAILED, "killed by SIGKILL"),
        (137, "", Ending.FAILED, "killed by SIGKILL"),
        (-64, "", Ending.FAILED, "killed by signal 64"),
        (130, "", Ending.INTERRUPTED, "interrupted"),
        (130, f"{STOPPED}\n  apply again\n", Ending.INTERRUPTED, STOPPED),
        (4, "Read 3 tasks in 2 requests\n", Ending.REFUSED, "refused by a guard"),
        (7, "", Ending.DENIED, "no access"),
        (99, "ssl: bad\nhandshake failed\n", Ending.FAILED, "handshake failed"),
    ],
)
def test_a_run_that_printed_no_document_says_why(
    code: int, said: str, ending: Ending, words: str
) -> None:
    row = one(of("plan", run("acme", "plan", code, said=said)))
    assert (row.ending, row.own()) == (ending, None)
    assert row.words.startswith(words)


def test_what_was_not_started_and_what_nobody_knows_is_said() -> None:
    stopped = run("acme", "apply", None, words="not started: interrupted", started=False)
    lost = run("hooli", "apply", None, words="its worker is gone")
    silent = run("wonka", "apply", None)
    told = of("apply", stopped, lost, silent, interrupted=True)
    assert [(row.name, row.ending.value, row.words) for row in told.projects] == [
        ("hooli", "unknown", "its worker is gone"),
        ("wonka", "unknown", "nobody knows how it ended"),
        ("acme", "not_started", "not started: interrupted"),
    ]
    assert told.exit_code == 130


def test_a_portal_is_told_by_its_name_before_any_document_tells_it() -> None:
    login = "https://anna:secret@Hooli.bitrix24.com/v1"
    assert one(of("plan", run("hooli", "plan", 7, portal=login))).portal == "hooli.bitrix24.com"


BROKEN = [
    "",
    "{}",
    "[]",
    "null",
    "\0",
    "{",
    '{"a":1,"a":2}',
    "[" * 5000,
    "9" * 9000,
    "\ud800",
    "<p>",
]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("out", BROKEN)
def test_what_is_no_document_is_a_row_with_words(command: str, out: str) -> None:
    report = of(command, run("acme", command, 0, out=out))
    row = one(report)
    assert row.ending is Ending.UNREADABLE
    assert row.words.startswith("it ended well, and what it printed cannot be read: ")
    render_all(report)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_document_of_another_command_is_none(command: str) -> None:
    for other in ("plan", "apply", "status", "drift"):
        if other != command:
            row = one(of(command, run("acme", command, 0, other)))
            assert row.ending is Ending.UNREADABLE, (command, other, row.words)


@settings(deadline=None)
@given(
    st.sampled_from(COMMANDS),
    st.one_of(st.none(), st.integers(-70, 300)),
    st.text(),
    st.text(),
)
@example("plan", 1, "", "\x85\u2028 problems in the manifest.")
@example("plan", 1, "", "a\n99999999999999999999999 problems in the manifest.")
def test_no_output_of_a_process_breaks_the_report(
    command: str, code: int | None, out: str, said: str
) -> None:
    render_all(of(command, run("acme", command, code, out=out, said=said)))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2)
    ),
    max_leaves=4,
)


def changed(data: Any, draw: Any) -> Any:
    """The same document with one thing in it replaced, or taken away."""
    if isinstance(data, dict) and data and draw(st.integers(0, 9)):
        name = draw(st.sampled_from(sorted(data)))
        if not draw(st.integers(0, 9)):
            return {key: value for key, value in data.items() if key != name}
        return {**data, name: changed(data[name], draw)}
    if isinstance(data, list) and data and draw(st.integers(0, 9)):
        at = draw(st.integers(0, len(data) - 1))
        return [*data[:at], changed(data[at], draw), *data[at + 1 :]]
    return draw(anything)


@settings(deadline=None, max_examples=40)
@given(st.data())
@pytest.mark.parametrize("name", ["plan", "refused", "status", "drift"])
def test_no_document_with_one_wrong_value_breaks_the_report(name: str, data: Any) -> None:
    document = json.loads((DOCUMENTS / f"{name}.out").read_text("utf-8"))
    out = json.dumps(changed(document, data.draw))
    command = "plan" if name == "refused" else name
    render_all(of(command, run("acme", command, 0, out=out)))


@settings(deadline=None, max_examples=40)
@given(st.data())
@pytest.mark.parametrize("name", ["apply", "partial", "stale"])
def test_no_event_with_one_wrong_value_breaks_the_report(name: str, data: Any) -> None:
    lines = (DOCUMENTS / f"{name}.out").read_text("utf-8").splitlines()
    at = data.draw(st.integers(0, len(lines) - 1))
    lines[at] = json.dumps(changed(json.loads(lines[at]), data.draw))
    render_all(of("apply", run("acme", "apply", 0, out="\n".join(lines))))


@pytest.mark.parametrize("name", ["apply", "partial"])
def test_an_apply_that_was_killed_anywhere_tells_what_it_saved(name: str) -> None:
    """Whatever was planned is accounted for: done, failed, in doubt, skipped, or not started."""
    whole = (DOCUMENTS / f"{name}.out").read_text("utf-8")
    saved = -1
    for end in range(0, len(whole), 37):
        row = one(of("apply", run("acme", "apply", -9, out=whole[:end])))
        own = row.own()
        if own is None:
            continue
        assert isinstance(own, ReportedApply)
        assert len(own.made) >= saved
        saved = len(own.made)
        if own.planned is not None:
            tried = sum(one.status in {Status.FAILED, Status.IN_DOUBT} for one in own.failures)
            told = saved + tried + len(own.unanswered) + own.not_started
            assert told == own.planned, end
    assert saved == whole.count('"apply_complete"')


def test_a_change_that_was_sent_and_not_heard_of_again_is_in_doubt() -> None:
    last = APPLIED.rindex("apply_complete")
    row = one(of("apply", run("acme", "apply", -9, out=APPLIED[: last - 40])))
    own = row.own()
    assert isinstance(own, ReportedApply)
    assert [one.key for one in own.unanswered] == ["report"]
    assert row.counts["in_doubt"] == 1
    assert row.words == "killed by SIGKILL: was there too little memory? (1 in doubt; 1 adopted)"


def test_an_apply_that_ended_well_without_telling_its_end_cannot_be_read() -> None:
    cut = "\n".join(APPLIED.splitlines()[:-1])
    row = one(of("apply", run("acme", "apply", 0, out=cut)))
    assert row.ending is Ending.UNREADABLE
    assert row.words.endswith("its events end before its end")


def test_lines_that_are_no_events_are_passed_over() -> None:
    noise = "\n".join(f"warning: {line[:9]}\n{line}" for line in APPLIED.splitlines())
    assert read_events(noise) == read_events(APPLIED)


def test_drift_with_nothing_to_compare_with_is_not_called_none() -> None:
    data = json.loads((DOCUMENTS / "no-drift.out").read_text("utf-8"))
    row = one(of("drift", run("acme", "drift", 0, out=json.dumps({**data, "compared": False}))))
    assert row.ending is Ending.UNKNOWN
    assert row.words == "nothing to compare with: the state remembers no task"


def test_who_needs_attention_stands_first() -> None:
    order = [row.ending for row in fleets.plans().projects]
    assert order == sorted(order, key=list(Ending).index)
    assert order[-1] is Ending.NOTHING
    data = (DOCUMENTS / "refused.out").read_text("utf-8")
    takes_away = run("zulu", "plan", 0, out=data)
    rows = of("plan", run("acme", "plan", 0, "plan"), takes_away).projects
    assert [(row.name, row.attention, row.troubled) for row in rows] == [
        ("zulu", True, False),
        ("acme", False, False),
    ]


def test_the_summary_counts_every_project_once_and_those_without_trouble_first() -> None:
    report = fleets.hundred("plan")
    assert sum(report.endings().values()) == len(report.projects) == 100
    assert list(report.endings())[:2] == [Ending.NOTHING, Ending.SOMETHING]


@pytest.mark.parametrize("interrupted", [False, True])
def test_the_exit_code_is_the_fleets(interrupted: bool) -> None:  # noqa: FBT001 - a parameter
    runs = tuple(row.run for row in fleets.applies().projects)
    report = of("apply", *runs, interrupted=interrupted)
    assert report.exit_code == exit_code_of(runs, interrupted=interrupted)


def test_people_of_two_portals_are_never_one() -> None:
    report = of("status", *(run(name, "status", 0, "status") for name in ("acme", "hooli")))
    pairs = [(row.name, person.id, person.late) for row, person in report.late_people()]
    assert pairs == [("acme", 1, 1), ("acme", 22, 1), ("hooli", 1, 1), ("hooli", 22, 1)]
    late = [(one.name, one.task.key) for one in report.late()]
    assert late == [("acme", "report"), ("hooli", "report"), ("acme", "close"), ("hooli", "close")]


def test_totals_are_the_sums_of_the_rows() -> None:
    report = fleets.hundred("drift")
    names = {name for row in report.projects for name in row.counts}
    sums = {name: sum(row.counts.get(name, 0) for row in report.projects) for name in names}
    assert report.totals() == sums
