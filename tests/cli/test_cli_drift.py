"""`tasksync drift`: what people changed, when and who, and what the next apply does about it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from command import Tasksync
from hand import by_hand, ids_of

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "schemas/drift.schema.json").read_text("utf-8"))
GOLDEN = ROOT / "tests/golden"
AT = "2026-05-20T14:02:00+03:00"
BOOKS = "  books: {title: Close the books, parent: report, priority: low}\n"
MANIFEST = """\
apiVersion: tasksync/v1
project: finance-q2
timezone: Europe/Berlin
defaults: {responsibleId: 1}
tasks:
  report:
    title: Prepare the quarterly report
    status: pending
    priority: normal
    deadline: 2026-05-19T18:00
    tags: [q2, finance]
    description: "Please close the books of the second quarter until Friday, as always."
  figures: {title: Collect the figures, deadline: 2026-05-19T18:00}
  audit: {title: Audit, deadline: 2026-05-19T18:00}
  cash:
    title: Count the cash
    deadline: 2026-05-19T18:00
    priority: low
    fieldPolicy: {priority: accept, deadline: ratchet}
  books: {title: Close the books, parent: report, priority: low}
"""


@pytest.fixture
def project(tmp_path: Path) -> Tasksync:
    """A project that was applied on the sandbox."""
    tasksync = Tasksync.of(tmp_path, MANIFEST)
    assert tasksync("apply", "--yes").code == 0
    return tasksync


def edit(project: Tasksync, key: str, **fields: object) -> None:
    """Change a task as Olga does on the portal."""
    told = {"changedDate": AT, "changedBy": 22, **fields}
    by_hand(project.folder, "PATCH", f"tasks/{ids_of(project)[key]}", told)


def rewrite(project: Tasksync, old: str, new: str) -> None:
    """Edit the manifest."""
    text = (project.folder / "m.yaml").read_text("utf-8")
    assert old in text
    project.manifest(text.replace(old, new), "m.yaml")


def drift(project: Tasksync, *words: str, code: int | None = None) -> dict[str, Any]:
    """The drift as JSON, held to its schema; `code` is the exit code that says whether it is."""
    done = project("drift", "--json", "--detailed-exitcode", *words)
    found = json.loads(done.out)
    jsonschema.validate(found, SCHEMA, format_checker=jsonschema.FormatChecker())
    assert done.code == (2 if found["drifted"] else 0)
    if code is not None:
        assert done.code == code
    assert project("drift", *words).code == 0
    return dict(found)


def effects(found: dict[str, Any]) -> dict[str, str]:
    """What becomes of each field and task, by `key.field` or `key`."""
    told = {one["key"]: one["task"]["effect"] for one in found["changes"] if one["task"]}
    return told | {
        f"{one['key']}.{part['field']}": part["effect"]
        for one in found["changes"]
        for part in one["fields"]
    }


def test_right_after_an_apply_there_is_none(project: Tasksync) -> None:
    assert drift(project, code=0)["changes"] == []
    assert project("drift").out.endswith(
        "No drift. Nothing was changed on the portal since the last apply.\n"
    )


@pytest.mark.parametrize("words", [[], ["--format", "markdown"]])
def test_without_a_memory_nobody_says_that_nothing_was_changed(
    words: list[str], project: Tasksync
) -> None:
    """A runner whose state was forgotten, or another one than apply's: that is no good news."""
    edit(project, "report", deadline="2026-05-23T18:00:00+03:00")
    elsewhere = project("drift", *words, TASKSYNC_STATE=f"sqlite:{project.folder / 'new.db'}")
    assert "No drift" not in elsewhere.out
    assert "the state remembers no task" in elsewhere.out
    assert "TASKSYNC_STATE" in elsewhere.out


def test_a_change_is_told_with_was_is_wanted_when_who_and_the_card(project: Tasksync) -> None:
    edit(project, "report", deadline="2026-05-23T18:00:00+03:00")
    number = ids_of(project)["report"]
    (one,) = drift(project, code=2)["changes"]
    assert one == {
        "key": "report",
        "id": str(number),
        "title": "Prepare the quarterly report",
        "person": {"id": 1, "name": "Current user <owner@example.com>"},
        "link": "https://sandbox.bitrix24.example/company/personal/user/1/tasks/task/view/"
        f"{number}/",
        "changed_at": AT,
        "changed_by": {"id": 22, "name": "Olga Petrova <petrova@example.com>"},
        "task": None,
        "fields": [
            {
                "field": "deadline",
                "was": "2026-05-19T18:00:00+02:00",
                "is": "2026-05-23T18:00:00+03:00",
                "wanted": "2026-05-19T18:00:00+02:00",
                "managed": True,
                "effect": "put_right",
                "policy": "enforce",
            }
        ],
    }


@pytest.mark.parametrize(
    ("key", "theirs", "old", "new", "expected"),
    [
        ("report", {"priority": 2}, "", "", {"report.priority": "put_right"}),
        ("report", {"priority": 2}, "normal", "low", {"report.priority": "replaced"}),
        ("report", {"priority": 2}, "normal", "high", {"report.priority": "agreed"}),
        ("report", {"priority": 2}, "    priority: normal\n", "", {"report.priority": "released"}),
        ("report", {"status": 5}, "", "", {"report.status": "stands"}),
        ("report", {"status": 3}, "", "", {"report.status": "put_right"}),
        ("report", {"status": 5}, "pending", "inProgress", {"report.status": "replaced"}),
        ("cash", {"priority": 2}, "", "", {"cash.priority": "stands"}),
        ("cash", {"priority": 2}, "priority: low\n    f", "priority: normal\n    f",
         {"cash.priority": "replaced"}),
        ("cash", {"deadline": "2026-06-01T18:00:00Z"}, "", "", {"cash.deadline": "stands"}),
        ("cash", {"deadline": "2026-05-01T18:00:00Z"}, "", "", {"cash.deadline": "put_right"}),
        ("books", {"parentId": 0}, "", "", {"books.parentId": "put_right"}),
        ("books", {"priority": 2}, BOOKS, "", {"books.priority": "lost"}),
        ("books", {"tags": []}, "", "", {"books": "put_right"}),
        ("report", {"auditors": [5], "groupId": 7}, "", "", {}),
        ("report", {"description": "Other"}, "", "", {"report.description": "put_right"}),
    ],
)  # fmt: skip
def test_what_becomes_of_a_change(
    project: Tasksync,
    key: str,
    theirs: dict[str, object],
    old: str,
    new: str,
    expected: dict[str, str],
) -> None:
    edit(project, key, **theirs)
    if old:
        rewrite(project, old, new)
    undone = {"put_right", "replaced", "lost"} & set(expected.values())
    assert effects(drift(project, code=2 if undone else 0)) == expected


def test_an_edit_of_the_manifest_alone_is_no_drift(project: Tasksync) -> None:
    rewrite(project, "Count the cash", "Count all the cash")
    rewrite(project, "2026-05-19T18:00\n    tags", "2026-05-29T18:00\n    tags")
    rewrite(project, BOOKS, "")
    assert project("plan", "--detailed-exitcode").code == 2
    assert drift(project, code=0)["changes"] == []


def test_what_an_apply_put_right_is_drift_no_more_and_what_stands_is_not_undone(
    project: Tasksync,
) -> None:
    edit(project, "figures", deadline="2026-05-23T18:00:00+03:00")
    edit(project, "cash", priority=2)
    edit(project, "report", status=5)
    assert effects(drift(project, code=2)) == {
        "figures.deadline": "put_right",
        "cash.priority": "stands",
        "report.status": "stands",
    }
    assert project("apply", "--yes").code == 0
    assert effects(drift(project, code=0)) == {"report.status": "stands"}  # asked in every plan


def test_a_task_that_is_gone_and_one_under_another_number_are_told(project: Tasksync) -> None:
    numbers = ids_of(project)
    by_hand(project.folder, "DELETE", f"tasks/{numbers['books']}")
    edit(project, "figures", createdDate="2026-05-01T00:00:00Z", tags=[], title="Another")
    found = drift(project, code=2)
    told = {one["key"]: (one["task"]["happened"], one["link"]) for one in found["changes"]}
    assert told == {"books": ("gone", None), "figures": ("taken", None)}
    assert found["guards"] == ["recreate"]
    assert "Apply would be refused (recreate)" in project("drift").out


def test_a_renamed_key_is_told_by_its_new_name(project: Tasksync) -> None:
    edit(project, "figures", title="Collect them")
    rewrite(project, "  figures:", "  numbers:")
    project.manifest(
        (project.folder / "m.yaml").read_text("utf-8") + "moved: [{from: figures, to: numbers}]\n",
        "m.yaml",
    )
    assert effects(drift(project, code=2)) == {"numbers.title": "put_right"}


def test_a_glob_narrows_it_and_one_that_fits_nothing_is_exit_64(project: Tasksync) -> None:
    edit(project, "figures", priority=2, deadline=None)
    edit(project, "cash", title="Cash")
    assert effects(drift(project, "ca*", code=2)) == {"cash.title": "put_right"}
    assert drift(project, "books", code=0)["changes"] == []
    done = project("drift", "bokos")
    assert (done.code, done.out) == (64, "")
    assert "Did you mean books?" in done.err


def everything(project: Tasksync) -> None:
    """Let people do all kinds of things, and edit the manifest too."""
    for key in ("report", "figures", "audit"):
        edit(project, key, deadline="2026-05-23T18:00:00+02:00")
    tags = ["tasksync:finance-q2", "q2", "urgent"]
    text = "Please close the books of the third quarter until Friday, as always."
    edit(project, "report", status=5, tags=tags, description=text)
    edit(project, "cash", priority=2, deadline="2026-06-19T18:00:00+02:00")
    edit(project, "books", priority=2, title="Close the b\u043e\u043eks")
    rewrite(project, "parent: report, priority: low", "parent: report, priority: normal")


@pytest.mark.parametrize(("format_", "name"), [("text", "drift.txt"), ("markdown", "drift.md")])
def test_the_words_are_those_of_the_golden_files(
    project: Tasksync, format_: str, name: str
) -> None:
    everything(project)
    done = project("drift", "--format", format_)
    if os.environ.get("TASKSYNC_UPDATE_GOLDEN"):
        (GOLDEN / name).write_text(done.out, "utf-8")
    assert done.out == (GOLDEN / name).read_text("utf-8")


@pytest.mark.parametrize("format_", ["text", "json", "markdown"])
def test_no_format_shows_a_secret_or_obeys_what_people_wrote(
    project: Tasksync, format_: str
) -> None:
    secret = "hunter2-hunter2-hunter2"
    rewrite(project, "until Friday", f"until {secret}")
    edit(project, "report", description=f"Please {secret} the books\n::error::x ##[command]\x1b[2J")
    edit(project, "figures", title=f"::warning::{secret[:-1]}\u200b `x` | <b>")
    done = project("drift", "--format", format_, TASKSYNC_HTTP_PASSWORD=secret)
    assert done.code == 0
    assert secret not in done.out
    assert "\x1b" not in done.out
    assert "\u200b" not in done.out
    assert "##[command]" not in done.out
    assert not [line for line in done.out.splitlines() if line.lstrip().startswith("::")]


def test_nothing_is_written_and_no_lock_is_taken(project: Tasksync) -> None:
    everything(project)
    before = project("state", "pull").out
    drift(project, code=2)
    assert project("state", "pull").out == before
    assert "tags" not in project("plan", "--target", "figures").out


@pytest.mark.parametrize(
    ("words", "env", "code"),
    [
        (("--format", "html"), {}, 64),
        (("--target", "x"), {}, 64),
        ((), {"TASKSYNC_API_KEY": "vibe_api_revoked"}, 7),
        ((), {"TASKSYNC_PORTAL": "sandbox:/dev/null/x"}, 1),
    ],
)
def test_what_cannot_be_done_is_an_error_and_never_drift(
    project: Tasksync, words: tuple[str, ...], env: dict[str, str], code: int
) -> None:
    everything(project)
    assert project("drift", "--detailed-exitcode", *words, **env).code == code


def test_a_manifest_with_a_problem_is_exit_1(project: Tasksync) -> None:
    rewrite(project, "priority: normal", "priority: soon")
    assert project("drift", "--detailed-exitcode").code == 1


def test_markdown_of_ten_thousand_changes_is_under_60_000_characters() -> None:
    from tasksync.core.fields import RemoteId, TaskKey
    from tasksync.core.portal_changes import Effect, FieldMoved, PortalChange, PortalChanges
    from tasksync.render.drift_markdown import drift_markdown
    from tasksync.render.status_words import Moments

    day = "2026-05-{:02}T12:00:00+00:00".format
    changes = tuple(
        PortalChange(
            TaskKey(f"key-{number:05}"),
            RemoteId(number),
            "x`" * 100,
            number % 300 + 1,
            (
                FieldMoved("deadline", day(1), day(number % 28 + 1), day(1), Effect.PUT_RIGHT),
                FieldMoved("title", f"a {number}", f"`x`| {number}", f"a {number}", Effect.STANDS),
            ),
            at=day(3),
            by=number % 50 + 1,
        )
        for number in range(1, 10_001)
    )
    page = drift_markdown(PortalChanges("big", "acme.bitrix24.com", changes), Moments())
    assert 40_000 < len(page) < 60_000
    assert "undoes 10000 changes" in page
    assert "left out here" in page


def test_without_a_marker_tasks_are_asked_for_by_their_numbers(tmp_path: Path) -> None:
    text = MANIFEST.replace("defaults:", "policy: {marker: none}\ndefaults:")
    project = Tasksync.of(tmp_path, text)
    assert project("apply", "--yes").code == 0
    edit(project, "figures", title="Others")
    assert effects(drift(project, code=2)) == {"figures.title": "put_right"}
    found = json.loads(project("status", "--json").out)
    assert max(one["title"] for one in found["tasks"]) == "Prepare the quarterly report"
    assert (found["total"], len(found["tasks"])) == (5, 5)


def test_a_project_that_was_never_applied_has_no_drift(tmp_path: Path) -> None:
    project = Tasksync.of(tmp_path, MANIFEST)
    assert drift(project, code=0)["changes"] == []


def test_what_was_put_off_and_taken_up_again_by_people_is_theirs(project: Tasksync) -> None:
    rewrite(project, BOOKS, "")
    rewrite(project, "defaults:", "policy: {onRemove: defer}\ndefaults:")
    assert project("apply", "--yes").code == 0
    assert drift(project, code=0)["changes"] == []
    edit(project, "books", status=5, priority=2)
    assert effects(drift(project, code=0)) == {
        "books.priority": "released",
        "books.status": "stands",
    }
    edit(project, "books", status=3)
    assert effects(drift(project, code=2))["books.status"] == "replaced"
