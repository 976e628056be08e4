"""The comment and the step's summary of large plans and files: within the limit, nothing lost."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.command import Tasksync
from support.publishing import Publishing

from tasksync.cli.comment_bodies import FileContent, PlanContent, body_of
from tasksync.core.secrets import Secrets
from tasksync.errors import PlanUnusable, SettingsError
from tasksync.forge.hidden_line import document_of, label_of
from tasksync.render.comment import length

HEAD = "a" * 40


def plan_of(folder: Path, count: int, title: str) -> Path:
    """A saved plan that creates so many tasks."""
    tasks = "".join(f"  k{n}: {{title: '{title} {n}'}}\n" for n in range(count))
    head = "apiVersion: tasksync/v1\nproject: chores\ndefaults: {responsibleId: 1}\ntasks:\n"
    tasksync = Tasksync.of(folder, head + tasks)
    plan = folder / "plan.json"
    done = tasksync("plan", "--out", plan)
    assert done.code == 0, done.err
    return plan


@pytest.mark.parametrize("title", ["🧾" * 12, "🧾" * 200, "|`code`|"])
def test_a_plan_of_a_thousand_tasks_has_room(tmp_path: Path, title: str) -> None:
    content = PlanContent(str(plan_of(tmp_path, 1000, title)), Secrets())
    for limit in (20_000, 65_000):
        body = body_of(content, HEAD, limit)
        assert limit / 2 < length(body) <= limit
        assert label_of(body) == content.label(HEAD)
        assert body.count("<details>") == body.count("</details>")
    short = body_of(content, HEAD, 20_000)
    assert "`tasksync show --full plan.json`" in short  # of what was left out


def test_a_small_plan_carries_what_was_approved(tmp_path: Path) -> None:
    body = body_of(PlanContent(str(plan_of(tmp_path, 3, "Task")), Secrets()), HEAD, 65_000)
    document = document_of(body) or {}
    changes = document["changes"]
    assert isinstance(changes, list)
    assert [one["key"] for one in changes] == ["k0", "k1", "k2"]
    assert f"For commit `{HEAD}`" in body


def test_a_document_that_holds_a_secret_is_left_out(tmp_path: Path) -> None:
    """It is packed, and nobody would see it there."""
    plan = str(plan_of(tmp_path, 3, "hunter2-Secret/99-abcdef"))
    body = body_of(
        PlanContent(plan, Secrets(frozenset({"hunter2-Secret/99-abcdef"}))), HEAD, 65_000
    )
    assert document_of(body) is None
    assert "hunter2" not in body
    assert "***" in body


def test_a_plan_that_was_changed_by_hand_is_not_published(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, 3, "Task")
    plan.write_text(plan.read_text("utf-8").replace("Task 1", "Other"), encoding="utf-8")
    with pytest.raises(PlanUnusable, match="changed by hand"):
        PlanContent(str(plan), Secrets())


def test_a_file_of_markdown_without_a_name_is_told_how_to_have_one(tmp_path: Path) -> None:
    file = tmp_path / "report.md"
    file.write_text("# Report\n", encoding="utf-8")
    with pytest.raises(PlanUnusable, match="--name NAME"):
        PlanContent(str(file), Secrets())


def test_a_long_file_is_cut_and_says_so(tmp_path: Path) -> None:
    file = tmp_path / "report.md"
    file.write_text("<details>\n\n```\n" + "Зарплата 🧾\n" * 100_000, encoding="utf-8")
    body = body_of(FileContent(str(file), "report", 65_000, Secrets()), HEAD, 65_000)
    assert 60_000 < length(body) <= 65_000
    assert re.search(r"\n```\n\n</details>\n\n\*The rest of `\S+/report\.md` is left out", body)
    assert "\ufffd" not in body


@pytest.mark.parametrize("data", [b"", b" \n", b"\xff\xfe\x00a"])
def test_a_file_that_says_nothing_or_is_no_text_is_refused(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "report.md"
    file.write_bytes(data)
    with pytest.raises(SettingsError):
        FileContent(str(file), "report", 65_000, Secrets())
    for other in (tmp_path, tmp_path / "missing.md"):
        with pytest.raises(SettingsError):
            FileContent(str(other), "report", 65_000, Secrets())


def test_a_summary_that_is_full_or_cannot_be_written_is_a_note(
    on_github: Publishing, tmp_path: Path
) -> None:
    at = on_github
    full = tmp_path / "full.md"
    full.write_bytes(b"x" * 999_990)
    for summary, words in ((full, "is full"), (tmp_path / "no" / "where.md", "cannot be written")):
        env = {**at.environment(), "GITHUB_STEP_SUMMARY": str(summary)}
        done = at.publish(at.plan(), env=env)
        assert (done.code, words in done.err) == (0, True), done.err
    assert full.stat().st_size == 999_990
    assert len(at.bodies()) == 1


def test_the_summary_is_written_where_the_rights_are_missing(
    on_github: Publishing, tmp_path: Path
) -> None:
    at, summary = on_github, tmp_path / "summary.md"
    summary.write_text("before\n", encoding="utf-8")
    env = {**at.environment(None), "GITHUB_STEP_SUMMARY": str(summary)}
    assert at.publish(at.plan("Wash up"), env=env).code == 7
    done = at.publish(at.plan("Wash up"), "--optional", env=env)
    assert done.code == 0
    assert "GITHUB_TOKEN" in done.err
    text = summary.read_text("utf-8")
    assert text.startswith("before\n")
    assert text.count("Wash up") >= 2
    assert "<!-- tasksync" not in text
