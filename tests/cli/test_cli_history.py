"""`tasksync history`: what each run did, when and who, from the state alone."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from command import Tasksync
from hand import by_hand, ids_of

from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.history import RecordedChange, RecordedField
from tasksync.core.remembered_runs import Keeping, why_not_kept
from tasksync.core.state import Run, State

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "schemas/history.schema.json").read_text("utf-8"))
GOLDEN = ROOT / "tests/golden"
AT = datetime(2026, 5, 20, 11, 2, tzinfo=UTC)
#: nobody is there: history asks the state alone
NOWHERE = {"TASKSYNC_PORTAL": "https://nobody.invalid", "TASKSYNC_API_KEY": ""}
MANIFEST = """\
apiVersion: tasksync/v1
project: finance-q2
timezone: Europe/Berlin
defaults: {responsibleId: 1}
policy: {maxDelete: 100%}
tasks:
  report:
    title: Prepare the quarterly report
    status: pending
    deadline: 2026-05-19T18:00
    tags: [q2, finance]
    description: "Please close the books of the second quarter until Friday, as always, please."
  figures: {title: Collect the figures, deadline: 2026-05-19T18:00, parent: report}
  audit: {title: Audit, deadline: 2026-05-19T18:00, parent: report, accomplices: [1, 11]}
"""


@pytest.fixture
def project(tmp_path: Path) -> Tasksync:
    """A project that was applied once, and then edited."""
    tasksync = Tasksync.of(tmp_path, MANIFEST)
    assert tasksync("apply", "--yes", CI_JOB_URL="https://ci.example/jobs/17").code == 0
    text = MANIFEST.replace("Friday", "Monday").replace("[q2, finance]", "[q2, urgent]")
    text = text.replace("19T18:00, parent: report}", "23T18:00}").split("  audit")[0]
    tasksync.manifest(text + "  cash: {title: Count the cash, adopt: {id: 90}}\n", "m.yaml")
    by_hand(tmp_path, "POST", "tasks", {"id": 90, "title": "Count it", "responsibleId": 22})
    return tasksync


def history(project: Tasksync, *words: str) -> dict[str, Any]:
    """What it says as JSON, held to its schema; no portal is asked."""
    done = project("history", *words, "--json", **NOWHERE)
    assert done.code == 0, done
    found = json.loads(done.out)
    jsonschema.validate(found, SCHEMA, format_checker=jsonschema.FormatChecker())
    assert project("history", *words, **NOWHERE).code == 0
    return dict(found)


def push(project: Tasksync, **runs: dict[str, Any]) -> None:
    """Write other facts of runs into the state: `last` and `first`, or whole new runs."""
    state = json.loads(project("state", "pull").out)
    for name, facts in runs.items():
        if name in {"first", "last"}:
            state["runs"][0 if name == "first" else -1] |= facts
        else:
            state["runs"].append({**state["runs"][-1], "id": name, **facts})
    file = project.folder / "edited.json"
    file.write_text(json.dumps(state), "utf-8")
    assert project("state", "push", file, "--force").code == 0


def test_before_anything_was_applied_there_is_none(tmp_path: Path) -> None:
    tasksync = Tasksync.of(tmp_path, MANIFEST)
    assert history(tasksync)["runs"] == []
    done = tasksync("history")
    assert done.out == "No runs are remembered.\n"
    assert "There is no run in the state of finance-q2 in sqlite:" in done.err
    assert "(there is no such file)" in done.err
    assert tasksync("history", "show").code == 64


def test_runs_say_when_who_where_what_and_how_they_ended(project: Tasksync) -> None:
    digest = json.loads(project("plan", "--json").out)["digest"]
    assert project("apply", "--yes").code == 0
    last, first = history(project)["runs"]
    assert (first["ci"], last["ci"]) == ("https://ci.example/jobs/17", None)
    assert first["by"] == last["by"]
    assert "@" in last["by"]
    assert first["counts"] == {"create": 3}
    assert last["counts"] == {"update": 2, "delete": 1, "adopt": 1}
    assert last["digest"] == digest
    assert (last["command"], last["outcome"], last["undoes"]) == ("apply", "complete", None)
    assert first["at"] < last["at"]
    lines = project("history").out
    assert lines.startswith("Project finance-q2 on sandbox.bitrix24.example.")
    assert lines.index(last["id"][:8]) < lines.index(first["id"][:8])
    for words in ("3 added", "2 changed, 1 destroyed, 1 adopted", "https://ci.example/jobs/17"):
        assert words in lines


def test_what_was_saved_as_a_plan_is_named_by_its_digest(project: Tasksync) -> None:
    """And a plain apply is not taken for a saved plan, of which a resume would be asked."""
    plan = project.folder / "plan.json"
    assert project("plan", "--out", plan).code == 0
    digest = json.loads(plan.read_text("utf-8"))["digest"]
    assert project("apply", plan).code == 0
    assert history(project)["runs"][0]["digest"] == digest
    runs = json.loads(project("state", "pull").out)["runs"]
    assert [run.get("plan") for run in runs] == ["", digest]


def test_each_change_is_shown_with_before_and_after(project: Tasksync) -> None:
    ids = ids_of(project)
    by_hand(project.folder, "PATCH", f"tasks/{ids['audit']}", {"description": "Ask Olga."})
    assert project("apply", "--yes").code == 0
    found = history(project, "show", "last")
    changes = {one["key"]: one for one in found["changes"]}
    assert (found["run"], found["not_kept"]) == (history(project)["runs"][0], None)
    assert {key: one["action"] for key, one in changes.items()} == {
        "report": "update",
        "figures": "update",
        "cash": "adopt",
        "audit": "delete",
    }
    assert changes["figures"]["fields"] == [
        {
            "field": "deadline",
            "before": "2026-05-19T18:00:00+02:00",
            "after": "2026-05-23T18:00:00+02:00",
        }
    ]
    audit = changes["audit"]
    assert (audit["id"], audit["fields"]) == (str(ids["audit"]), [])
    assert audit["read"]["description"] == "Ask Olga."
    assert audit["read"]["parentId"] == {"key": "report"}
    assert audit["read"]["accomplices"] == [1, 11]
    assert "tags" not in audit["read"]


def test_the_words_are_those_of_the_golden_file(project: Tasksync) -> None:
    by_hand(project.folder, "PATCH", "tasks/90", {"tags": ["cash"]})
    assert project("apply", "--yes").code == 0
    facts = {"at": AT.isoformat(), "by": "anna@laptop"}
    push(project, first={**facts, "id": "3f2a9c1b00"}, last=facts)
    run = history(project)["runs"][0]["id"]
    out = project("history").out + "\n" + project("history", "show").out
    out = out.replace(run, "77aa0b1200").replace(run[:8], "77aa0b12")
    if os.environ.get("TASKSYNC_UPDATE_GOLDEN"):
        (GOLDEN / "history.txt").write_text(out, "utf-8")
    assert out == (GOLDEN / "history.txt").read_text("utf-8")


def test_people_are_named_by_the_addresses_that_the_manifest_has(tmp_path: Path) -> None:
    """As far as the state remembers them: nobody is asked."""
    text = MANIFEST.replace("responsibleId: 1}", "responsibleId: owner@example.com}")
    tasksync = Tasksync.of(tmp_path, text)
    assert tasksync("apply", "--yes").code == 0
    assert "responsibleId  1 (owner@example.com)\n" in tasksync("history", "show", **NOWHERE).out


def test_a_run_is_named_by_how_its_id_begins_or_by_last(project: Tasksync) -> None:
    push(project, last={"id": "abc1"}, abc2={}, ff00={})
    assert history(project, "show", "ff")["run"]["id"] == "ff00"
    assert history(project, "show", "ABC1")["run"]["id"] == "abc1"
    assert history(project, "show", "last") == history(project, "show")
    assert history(project, "show")["run"]["id"] == "ff00"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("abc",), '2 runs begin with "abc": abc2, abc1.'),
        (("abd2",), "Did you mean abc2?"),
        (("",), "No run that is remembered begins with"),
        (("\x1b[2Jx",), "tasksync history lists the runs."),
    ],
)
def test_a_run_that_nobody_knows_is_a_wrong_call(
    project: Tasksync, words: tuple[str, ...], told: str
) -> None:
    push(project, last={"id": "abc1"}, abc2={})
    done = project("history", "show", *words)
    assert (done.code, done.out) == (64, "")
    assert told in done.err


def test_times_are_in_the_manifests_zone_and_without_one_they_say_theirs(
    project: Tasksync,
) -> None:
    push(project, last={"at": AT.isoformat()})
    assert "2026-05-20 13:02  apply" in project("history").out
    assert "Europe/Berlin" in project("history").out
    elsewhere = {"TASKSYNC_FILE": str(project.folder / "none.yaml"), **NOWHERE}
    alone = project("history", "--project", "finance-q2", **elsewhere)
    assert (alone.code, "2026-05-20 11:02+00:00  apply" in alone.out) == (0, True)
    assert project("history", "show", "--project", "finance-q2", **elsewhere).code == 0
    assert project("history", **elsewhere).code == 1


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        ("complete", "apply, complete\n"),
        ("partial", "apply, partial: not all of it was done"),
        ("started", "apply, not ended: cut off, or running still"),
    ],
)
def test_how_a_run_ended_is_said_in_words(project: Tasksync, outcome: str, told: str) -> None:
    push(project, last={"outcome": outcome})
    assert told in project("history").out
    assert told.rstrip() in project("history", "show").out
    assert "+ figures" in project("history", "show").out


def test_which_run_took_which_back_is_said_both_ways(project: Tasksync) -> None:
    first = history(project)["runs"][0]["id"]
    push(project, bac0={"command": "undo", "undoes": first})
    back, was = history(project)["runs"]
    assert (back["command"], back["undoes"], was["undone_by"]) == ("undo", first, ["bac0"])
    out = project("history").out
    assert f"took back {first[:8]}" in out
    assert "undone by bac0" in out
    assert "undone by bac0" in project("history", "show", first).out


def test_changes_that_are_not_kept_say_why(project: Tasksync) -> None:
    push(project, none2={"counts": {}}, old1={"by": "", "digest": ""})
    found = history(project, "show", "old1")
    assert found["changes"] is None
    assert found["not_kept"] == "it was done by a version of tasksync that kept none"
    told = "Its changes are not kept: it was done by a version of tasksync that kept none."
    assert told in project("history", "show", "old1").out
    assert history(project, "show", "none2")["not_kept"] == "it changed no task"


RUNS = tuple(Run(str(n), AT, "complete", by="anna@laptop", counts={"update": 1}) for n in range(60))
CUT = Run("cut", AT, "started", by="anna@laptop")


@pytest.mark.parametrize(
    ("run", "keeping", "why"),
    [
        (RUNS[9], Keeping.TABLES, "older than the last 50 runs"),
        (RUNS[10], Keeping.TABLES, "more since than are kept (100000)"),
        (RUNS[9], Keeping.OBJECTS, "older than the last 50 runs"),
        (RUNS[10], Keeping.OBJECTS, "the object that held them is not there"),
        (RUNS[58], Keeping.DOCUMENT, "those of the last run alone"),
        (RUNS[59], Keeping.DOCUMENT, "more than a state behind http takes (1 MiB)"),
        (CUT, Keeping.TABLES, "cut off before it had saved any"),
        (CUT, Keeping.OBJECTS, "keeps what a run did once it has ended"),
        (CUT, Keeping.DOCUMENT, "keeps what a run did once it has ended"),
    ],
)
def test_why_changes_are_not_kept_depends_on_where_the_state_is(
    run: Run, keeping: Keeping, why: str
) -> None:
    runs = (*RUNS, CUT) if run is CUT else RUNS
    assert why in why_not_kept(run, runs, keeping)


@pytest.mark.parametrize("format_", ["text", "json"])
def test_no_format_shows_a_secret_or_obeys_what_people_wrote(
    project: Tasksync, format_: str
) -> None:
    secret = "hunter2-hunter2-hunter2"
    spoken = f'"Please close {secret} the books\\n::error::x ##[command]"'
    project.manifest(
        MANIFEST.replace("Prepare the", f"::warning::{secret}").replace(
            MANIFEST[MANIFEST.index('"Please') : MANIFEST.index("\n  figures")], spoken
        ),
        "m.yaml",
    )
    assert project("apply", "--yes").code == 0
    push(project, last={"by": f"::error::{secret}", "ci": f"https://ci.example/{secret}"})
    for words in ((), ("show",)):
        done = project("history", *words, "--format", format_, TASKSYNC_HTTP_PASSWORD=secret)
        assert done.code == 0
        assert secret not in done.out + done.err
        assert "\x1b" not in done.out
        assert "##[command]" not in done.out
        assert not [line for line in done.out.splitlines() if line.lstrip().startswith("::")]


def test_nothing_is_written_and_a_lock_is_no_hindrance(project: Tasksync) -> None:
    before = project("state", "pull").out
    history(project)
    history(project, "show")
    assert project("state", "pull").out == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("shwo",), "Did you mean show?"),
        (("--format", "html"), "html"),
        (("show", "a", "b"), "b"),
        (("--destroy",), "--destroy belongs to"),
    ],
)
def test_what_history_does_not_take_is_exit_64(
    project: Tasksync, words: tuple[str, ...], told: str
) -> None:
    done = project("history", *words)
    assert (done.code, told in done.err) == (64, True), done.err


def counting() -> float:
    """Return how long counting to five million takes: a quarter of a second on a desk."""
    begun = time.process_time()
    number = 0
    while number < 5_000_000:
        number += 1
    return time.process_time() - begun


def test_ten_thousand_changes_are_shown_at_once() -> None:
    """In a second, and no more than two; a processor that others keep busy counts slower, too."""
    from tasksync.render.runs_json import run_json
    from tasksync.render.runs_text import RunShown, changes_text
    from tasksync.render.status_words import Moments

    text = "Please close the books of {} in the {} quarter until Friday, as always."
    day = "2026-05-{:02}T18:{:02}:00+02:00".format
    changes = []
    for n in range(1, 10_001):
        fields = [
            RecordedField("title", f"Task {n}", f"The task {n}"),
            RecordedField("deadline", day(n % 28 + 1, n % 60), day(n % 27 + 2, n % 60)),
            RecordedField("tags", ("q2",), ("q2", "urgent")),
        ]
        if n % 5 == 0:
            words = (text.format(n, "last"), text.format(n, "next"))
            fields.append(RecordedField("description", *words))
        key = TaskKey(f"k{n}")
        changes.append(RecordedChange("r", key, "update", RemoteId(n), f"Task {n}", tuple(fields)))
    run = Run("r", AT, "complete", by="a@b", counts={"update": 10_000})
    state = State("finance", runs=(run,))
    two_seconds = max(2, 8 * counting())
    begun = time.process_time()
    shown = changes_text(RunShown(run, changes), state, Moments())
    assert time.process_time() - begun < two_seconds
    begun = time.process_time()
    assert run_json(run, changes, "", state, version="1").count('"key"') == 10_000
    assert time.process_time() - begun < two_seconds
    assert shown.count("[-last-]{+next+}") == 2_000
