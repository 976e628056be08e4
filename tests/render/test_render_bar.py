"""A bar on a terminal is one line: it is written again and again, and leaves nothing behind."""

from __future__ import annotations

import io
import os
import re

import pytest

from tasksync.core import events
from tasksync.core.change import Action, Change, Outcome, Reason, Status
from tasksync.core.fields import TaskKey
from tasksync.core.plan import Summary
from tasksync.render.bar import Bar
from tasksync.render.line_width import width

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Terminal(io.StringIO):
    """What a terminal of `columns` shows: a carriage return goes back, and what is there stays."""

    def __init__(self, columns: int = 80, encoding: str = "utf-8") -> None:
        super().__init__()
        self.columns, self.named = columns, encoding
        self.rows: list[str] = [""]
        self.at = 0
        self.writes = 0
        self.seen: list[str] = []  # the row in work after each write

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self.named

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return 99

    def write(self, text: str) -> int:
        text.encode(self.named)
        self.writes += 1
        bare = COLOUR.sub("", text)
        assert "\x1b" not in bare
        for sign in bare:
            if sign == "\r":
                self.at = 0
            elif sign == "\n":
                self.rows.append("")
                self.at = 0
            else:
                row = self.rows[-1]
                self.rows[-1] = row[: self.at] + sign + row[self.at + 1 :]
                self.at += 1
        self.seen.append(self.rows[-1].rstrip())
        return super().write(text)


class Time:
    """A clock that stands still until somebody moves it."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch):
    """Make every window as wide as its terminal says."""

    def make(columns: int, encoding: str = "utf-8") -> Terminal:
        size = os.terminal_size((columns, 24))
        monkeypatch.setattr(os, "get_terminal_size", lambda _number: size)
        return Terminal(columns, encoding)

    return make


def ended(number: int, status: Status = Status.DONE) -> events.ChangeEnded:
    return events.ChangeEnded(
        Outcome(Change(TaskKey(f"k{number}"), Action.CREATE, Reason.NEW), status)
    )


def applied(terminal: Terminal, *, colour: bool = False, total: int = 100) -> None:
    """Apply so many changes within a second; one note comes in the middle."""
    time = Time()
    bar = Bar(terminal, time, colour=colour)
    bar(events.ReadProgress(10, 1))
    bar(events.ApplyStarted(Summary(add=total), 10, total))
    bar(events.Paced(10.0, 300, 0.0))
    for number in range(total):
        time.now += 1 / total
        if number == total // 2:
            bar(events.Note("Задача 任务 is asked again."))
        bar(ended(number))
    bar(events.Verified(total, 1))
    bar.close()


@pytest.mark.parametrize("columns", [200, 80, 50, 20, 9, 1])
@pytest.mark.parametrize("colour", [True, False])
def test_what_stays_on_the_screen_is_what_somebody_has_to_know(wide, columns: int, colour: bool):  # noqa: FBT001
    """No line of a bar is as wide as the window: it would go on, and stay there."""
    terminal = wide(columns)
    applied(terminal, colour=colour)
    assert [row.rstrip() for row in terminal.rows] == ["Задача 任务 is asked again.", ""]
    assert all(width(row) < max(columns, 2) for row in terminal.seen if "Задача" not in row)


def test_the_line_says_how_far_it_is_and_is_painted_where_colours_are_wanted(wide):
    plain, painted = wide(100), wide(100)
    applied(plain)
    applied(painted, colour=True)
    assert "Read 10 tasks in 1 request" in plain.seen
    half = next(row for row in plain.seen if " 50/100" in row)
    bar = "Applying ━━━━━━━━━━━━──────────── 50/100  98 a second, limit 10 a second, 300 a minute, "
    assert half == f"{bar}about 1 s…"
    assert plain.seen == painted.seen
    assert "\x1b" not in plain.getvalue()
    assert "\x1b[32m━━━━━━━━━━━━\x1b[0m\x1b[2m────────────\x1b[0m" in painted.getvalue()


def test_a_console_without_such_signs_gets_plain_ones(wide):
    terminal = wide(80, "cp1251")
    time = Time()
    bar = Bar(terminal, time, colour=False)
    bar(events.ApplyStarted(Summary(add=2), 1, 2))
    time.now = 1.0
    bar(ended(0))
    assert terminal.rows[-1].startswith("Applying ############............ 1/2  1 a second")


def test_ten_thousand_changes_in_a_second_are_not_drawn_ten_thousand_times(wide):
    terminal = wide(80)
    applied(terminal, total=10_000)
    assert terminal.writes < 30
    assert any("10000/10000" in row for row in terminal.seen)  # the end is shown in any case


def test_a_short_line_leaves_nothing_of_a_longer_one(wide):
    terminal = wide(80)
    bar = Bar(terminal, Time(), colour=False)
    bar(events.ReadProgress(1_000_000, 200))
    bar(events.ReadProgress(1, 1))
    assert terminal.rows[-1].rstrip() == "Read 1 task in 1 request"
