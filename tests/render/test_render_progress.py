"""Long work shows itself, and nothing it writes to can stop it."""

from __future__ import annotations

import io

import pytest

from tasksync.core import events
from tasksync.core.change import Action, Change, Outcome, Reason, Status
from tasksync.core.fields import TaskKey
from tasksync.core.plan import Summary
from tasksync.core.state import Holder
from tasksync.render.bar import Bar
from tasksync.render.progress import Lines, NoProgress, progress


class Time:
    """A clock that stands still until somebody moves it."""

    now = 0.0

    def __call__(self) -> float:
        """The second it is."""
        return self.now


def ended(number: int, status: Status = Status.DONE) -> events.ChangeEnded:
    return events.ChangeEnded(
        Outcome(Change(TaskKey(f"k{number}"), Action.CREATE, Reason.NEW), status)
    )


def applied(time: Time, listener, total: int = 320) -> None:
    listener(events.ReadProgress(10, 1))
    listener(events.ApplyStarted(Summary(add=total), 10, total))
    listener(events.Paced(10.0, 300, 0.0))
    for number in range(total):
        time.now += 1 / 32
        listener(ended(number, Status.IN_DOUBT if number == 3 else Status.DONE))
    listener(events.Note("the key's owner changed"))
    listener(events.Verified(total, 1))
    listener.close()


def test_a_pipe_gets_a_line_every_few_seconds():
    stream, time = io.StringIO(), Time()
    applied(time, Lines(stream, time))
    assert stream.getvalue().splitlines() == [
        "Read 10 tasks in 1 request",
        "Applying 320 changes in about 10 requests",
        "160/320 changes, 32 a second, limit 10 a second, 300 a minute, about 5 s left, 1 in doubt",
        "320/320 changes, 32 a second, limit 10 a second, 300 a minute, 1 in doubt",
        "the key's owner changed",
        "Verified 320 tasks in 1 request",
    ]


@pytest.mark.parametrize("kind", [Bar, Lines])
def test_a_run_that_stops_early_says_how_much_was_done(kind):
    stream, time = _Terminal(), Time()
    listener = kind(stream, time)
    listener(events.ApplyStarted(Summary(add=1000), 10, 1000))
    for number in range(1000):
        time.now += 1 / 1000
        listener(ended(number, Status.DONE if number < 400 else Status.NOT_STARTED))
    listener.close()
    assert "1000/1000" not in stream.getvalue()
    last = stream.getvalue().rpartition("400/1000")[2]
    assert "400 done, 600 left" in last
    assert "600 not started" in last
    assert "/1000" not in last


def test_waiting_is_said_at_intervals_only():
    stream, time = io.StringIO(), Time()
    lines = Lines(stream, time)
    for second in range(12):
        time.now = float(second)
        lines(events.LockWaited(Holder("anna", "host", 3), 30.0 - second))
    assert [line.split()[3] for line in stream.getvalue().splitlines()] == ["30", "25", "20"]


def test_a_terminal_gets_a_bar_that_leaves_nothing_but_notes():
    stream, time = _Terminal(), Time()
    applied(time, Bar(stream, time, colour=False))
    text = stream.getvalue()
    assert "320/320" in text
    assert "limit 10 a second" in text
    assert "the key's owner changed" in text


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_what_a_portal_wrote_is_not_taken_for_markup():
    stream, time = _Terminal(), Time()
    bar = Bar(stream, time, colour=True)
    bar(events.Note("[red]alarm[/nothing] \x1b[2J"))
    bar.close()
    assert "[red]alarm[/nothing] \\u001b[2J" in stream.getvalue()


def test_no_progress_still_tells_what_somebody_has_to_know():
    stream, time = io.StringIO(), Time()
    applied(time, progress(stream, time, terminal=True, no_progress=True))
    (note,) = stream.getvalue().splitlines()
    assert "the key's owner changed" in note


def test_the_listener_fits_the_stream():
    stream, time = io.StringIO(), Time()
    assert isinstance(progress(stream, time, terminal=True), Bar)
    assert isinstance(progress(stream, time, terminal=False), Lines)
    assert isinstance(progress(stream, time, terminal=False, no_progress=True), NoProgress)


class _Broken(_Terminal):
    def write(self, _text: str) -> int:
        raise BrokenPipeError


@pytest.mark.parametrize("kind", [Bar, Lines])
def test_a_closed_pipe_does_not_kill_an_apply(kind):
    time = Time()
    applied(time, kind(_Broken(), time))


def test_the_last_line_in_a_pipe_says_how_far_a_stopped_run_came():
    stream, time = io.StringIO(), Time()
    lines = Lines(stream, time)
    lines(events.ApplyStarted(Summary(add=3000), 60, 3000))
    ends = [Status.DONE] * 948 + [Status.FAILED, Status.IN_DOUBT] + [Status.NOT_STARTED] * 2050
    for number, status in enumerate(ends):
        lines(ended(number, status))
    assert stream.getvalue().splitlines()[-1] == (
        "950/3000 changes, 948 done, 2052 left, 1 failed, 1 in doubt, 2050 not started"
    )
