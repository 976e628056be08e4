"""What a person sees at a real terminal, with nothing installed but what tasksync needs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

MANIFEST = """\
apiVersion: tasksync/v1
project: seen
tasks:
  one: {title: One, responsibleId: 1}
  two: {title: Two, responsibleId: 1}
"""
#: what is not a look: a cursor that moves or hides, a part of the screen that is cleared
STEERS = re.compile(rb"\x1b(?!\[[0-9;]*m)")
#: libraries that paint terminals, hidden: no machine has to have them
HIDING = (
    "import sys\n"
    "for name in ('rich', 'pygments', 'colorama'): sys.modules[name] = None\n"
    "from tasksync.__main__ import main\nmain()"
)


@pytest.fixture
def at_a_terminal(tmp_path: Path):
    """Run tasksync with a terminal as its three streams; returns all that it wrote there."""
    (tmp_path / "tasksync.yaml").write_text(MANIFEST, "utf-8")

    def run(*words: str, hidden: bool, **env: str) -> bytes:
        import pty  # Windows has none

        ours, theirs = pty.openpty()
        start = ["-c", HIDING] if hidden else ["-m", "tasksync"]
        told = {
            "PATH": os.defpath,
            "TERM": "xterm",
            "TASKSYNC_PORTAL": f"sandbox:{tmp_path / 'world.db'}",
            "TASKSYNC_STATE": f"sqlite:{tmp_path / 'state.db'}",
            **env,
        }
        with subprocess.Popen(
            [sys.executable, *start, *words],
            cwd=tmp_path,
            env=told,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        ) as running:
            os.close(theirs)
            shown = b"".join(_read(ours))
        os.close(ours)
        assert running.returncode == 0, shown
        return shown

    return run


def _read(number: int):
    while True:
        try:
            part = os.read(number, 65536)
        except OSError:  # the other end was closed
            return
        if not part:
            return
        yield part


@pytest.mark.parametrize("hidden", [True, False])
def test_a_terminal_gets_colours_and_a_bar_without_any_extra(at_a_terminal, hidden: bool) -> None:  # noqa: FBT001
    plan = at_a_terminal("plan", hidden=hidden)
    assert b"\x1b[32m" in plan
    applied = at_a_terminal("apply", "--yes", hidden=hidden)
    assert "\x1b[32m━".encode() in applied
    assert b"2/2" in applied
    assert not STEERS.search(plan + applied)


def test_who_wants_no_colours_gets_the_same_words_without(at_a_terminal) -> None:
    painted = at_a_terminal("plan", hidden=True)
    plain = at_a_terminal("plan", hidden=True, NO_COLOR="1")
    assert b"\x1b" not in plain
    assert _words(plain) == _words(re.sub(rb"\x1b\[[0-9;]*m", b"", painted))
    bar = at_a_terminal("apply", "--yes", hidden=True, NO_COLOR="1")
    assert b"\x1b" not in bar
    assert "━".encode() in bar


def _words(shown: bytes) -> bytes:
    """Return what was shown but the seconds that it took."""
    return re.sub(rb"\d+\.\d+ s", b"", shown)
