"""`tasksync init`: what a project begins with, and that nothing is written over."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import Tasksync


@pytest.fixture
def new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tasksync:
    """An empty folder to begin in."""
    folder = tmp_path / "Finance Q2"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return Tasksync(tmp_path)


def test_it_writes_a_manifest_that_validates_and_says_three_commands(new: Tasksync) -> None:
    done = new("init", "--project", "finance", "--timezone", "Europe/Berlin")
    assert done.code == 0, done
    assert done.out.count("\n  tasksync ") == 3
    text = Path("tasksync.yaml").read_text("utf-8")
    assert "project: finance\n" in text
    assert "timezone: Europe/Berlin\n" in text
    assert Path(".gitignore").read_text("utf-8") == ".tasksync/\n"
    assert new("validate").code == 0
    assert "No changes." in new("plan").out


def test_the_commands_that_it_says_work(new: Tasksync) -> None:
    """One after the other, as they stand there."""
    from hand import by_hand

    by_hand(new.folder, "POST", "tasks", {"title": "Theirs", "responsibleId": 1})
    done = new("init", "--project", "finance")
    lines = [line.split()[1:] for line in done.out.splitlines() if line.startswith("  tasksync")]
    ran = [new(*words, *(["--yes"] if words[0] == "apply" else [])) for words in lines]
    assert [one.code for one in ran] == [0, 0, 0], ran
    assert "Also 1 adopted" in ran[-1].out


def test_it_never_writes_over_anything(new: Tasksync) -> None:
    """Neither a manifest, a link to nowhere, nor a .gitignore."""
    Path(".gitignore").write_text("mine\n", "utf-8")
    done = new("init", "--project", "p")
    assert (done.code, "add .tasksync/" in done.err) == (0, True)
    assert Path(".gitignore").read_text("utf-8") == "mine\n"
    before = Path("tasksync.yaml").read_bytes()
    again = new("init", "--project", "q")
    assert (again.code, "is there already" in again.err) == (1, True)
    assert Path("tasksync.yaml").read_bytes() == before
    Path("tasksync.yaml").unlink()
    Path("tasksync.yaml").symlink_to("nowhere")
    assert new("init", "--project", "q").code == 1
    assert Path("tasksync.yaml").is_symlink()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], 64),
        (["--project", "Big Name"], 64),
        (["--project", "p", "--timezone", "Mars/Base"], 64),
        (["--project", "p", "--timezone", "../etc"], 64),
    ],
)
def test_without_a_terminal_what_is_missing_is_named(
    new: Tasksync, words: list[str], code: int
) -> None:
    done = new("init", *words)
    assert done.code == code, done
    assert list(Path().iterdir()) == []


def test_a_key_that_is_refused_writes_nothing(new: Tasksync) -> None:
    done = new("init", "--project", "p", TASKSYNC_API_KEY="vibe_api_revoked")
    assert done.code == 7, done
    assert list(Path().iterdir()) == []


def test_on_a_terminal_it_asks(new: Tasksync) -> None:
    """An empty answer takes what stands in brackets; what cannot be is asked for again."""
    done = new("init", answer="Not A Name\n\nAsia/Tokyo")
    assert done.code == 0, done
    text = Path("tasksync.yaml").read_text("utf-8")
    assert "project: finance-q2\n" in text
    assert "timezone: Asia/Tokyo\n" in text


def test_nobody_is_asked_where_that_is_not_wanted(new: Tasksync) -> None:
    assert new("init", "--no-input", answer="p\n").code == 64
    assert not Path("tasksync.yaml").exists()
