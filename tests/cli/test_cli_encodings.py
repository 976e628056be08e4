"""What leaves a process is whole in every locale: in files and pipes UTF-8, else readable."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

#: a letter that is not in ASCII, KOI8-R or Latin-1, and one beyond the first plane
TITLE = "Отчёт → 🦊"
MANIFEST = f"""\
apiVersion: tasksync/v1
project: letters
tasks:
  one: {{title: "{TITLE}", responsibleId: 1}}
"""
#: a locale that is there on every machine, and no help of Python's against it
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tasksync.yaml").write_text(MANIFEST, "utf-8")
    return tmp_path


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "tasksync", *words]


def environment(folder: Path, **more: str) -> dict[str, str]:
    return {
        "PATH": os.defpath,
        "TASKSYNC_PORTAL": f"sandbox:{folder / 'world.db'}",
        "TASKSYNC_STATE": f"sqlite:{folder / 'state.db'}",
        **ASCII,
        **more,
    }


@pytest.mark.parametrize(
    "words", [["plan"], ["validate", "--expand"], ["plan", "--format", "markdown"]]
)
def test_a_pipe_gets_utf_8_whatever_the_locale(words: list[str], folder: Path) -> None:
    done = subprocess.run(
        command(*words), cwd=folder, env=environment(folder), capture_output=True, check=False
    )
    assert (done.returncode, b"failed" in done.stderr) == (0, False), done.stderr
    assert TITLE in done.stdout.decode("utf-8")


def test_what_was_piped_out_is_read_again(folder: Path) -> None:
    """The state goes out and in through pipes, and its texts are those that it had."""
    env = environment(folder)

    def run(*words: str, given: bytes = b"") -> bytes:
        return subprocess.run(
            command(*words), cwd=folder, env=env, input=given, capture_output=True, check=True
        ).stdout

    run("apply", "--yes")
    before = run("state", "pull")
    assert TITLE in before.decode("utf-8")
    (folder / "state.db").unlink()
    run("state", "push", "-", given=before)
    assert b"No changes." in run("plan")


def test_an_encoding_that_a_person_asks_for_is_kept_and_fails_at_nothing(folder: Path) -> None:
    env = environment(folder, PYTHONIOENCODING="koi8-r")
    done = subprocess.run(command("plan"), cwd=folder, env=env, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert r"Отчёт \u2192 \U0001f98a" in done.stdout.decode("koi8-r")


def test_a_terminal_keeps_its_own_encoding(folder: Path) -> None:
    """A terminal of ASCII shows what it has not as its number, instead of a fault."""
    import pty  # Windows has none

    ours, theirs = pty.openpty()
    env = environment(folder, TERM="dumb", COLUMNS="120")
    with subprocess.Popen(
        command("plan"), cwd=folder, env=env, stdin=theirs, stdout=theirs, stderr=theirs
    ) as running:
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # the other end was closed
                break
            if not part:
                break
            shown += part
    os.close(ours)
    assert running.returncode == 0, shown
    assert rb"\u2192 \U0001f98a" in shown
    assert shown.isascii()
