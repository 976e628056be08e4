"""SIGINT and SIGTERM: once saves and leaves, twice leaves at once, and nothing is lost."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fleet_commands import SilentPortal
from portal import until
from trips import Trip, ended, task

from tasksync.cli.apply_flow import _same_apply
from tasksync.cli.commands import apply

_TASKS = {
    **{f"p{n:02}": task(f"Parent {n:02}") for n in range(60)},
    **{f"c{n:02}": task(f"Child {n:02}", parent=f"p{n:02}") for n in range(20)},
}
_ON = {"path": "^/v1/batch$", "nth": 1}
_SIGNALS = [signal.SIGINT, signal.SIGTERM]


def _finish(team: Trip) -> None:
    """The next apply does the rest, and only the rest."""
    team.apply().must(0)
    assert len(team.portal.world()) == len(_TASKS)
    team.plan().must(0)


def _holder(team: Trip) -> object:
    """Who holds the state's lock."""
    from trips import PROJECT

    from tasksync.backends.registry import open_store
    from tasksync.cli.signals import Stop, SystemClock
    from tasksync.core.state import Holder

    here = Holder("dora", "elsewhere", os.getpid())
    store = open_store(team.state, PROJECT, SystemClock(Stop()), lambda: "id", here, {})
    try:
        return store.holder()
    finally:
        store.close()


def test_what_is_said_to_go_on_does_the_rest_and_no_more() -> None:
    """Without --destroy all that it had deleted would have been made again."""
    parser = argparse.ArgumentParser()
    apply.arguments(parser)
    for words in (
        ["-f", "a.yaml", "-f", "b c", "--target", "x/*", "--target", "y", "--exclude", "x/z"],
        ["--destroy"],
        [],
    ):
        said = _same_apply(apply.options(vars(parser.parse_args(words))))
        assert shlex.split(said) == ["tasksync", "apply", *words]


@pytest.mark.parametrize("sign", _SIGNALS)
def test_one_signal_finishes_the_calls_in_flight_saves_and_leaves_with_130(
    team: Trip, sign: signal.Signals
) -> None:
    """What was answered is saved, the lock is released, and it is said what is left.

    Nobody looks at a terminal here: a log says as much.
    """
    team.want(_TASKS)
    team.portal.faults({"kind": "slow", "seconds": 0.6, "on": _ON, "times": 1})
    with team.process("--parallelism", "1") as worker:
        until(team.portal.struck, "the first batch is on its way")
        worker.send_signal(sign)
        told = ended(worker).must(130)
    assert f"{sign.name}: 0 done, 80 left. Finishing the calls in flight" in told.err
    assert "Interrupted: 10 done, 70 left. The state is saved" in told.err
    assert f"to go on: tasksync apply -f {team.manifest}\n" in told.err
    assert "70 changes not started:" in told.out
    assert "  and 50 more; tasksync plan --full shows them\n" in told.out
    assert "\nIn e2e on sandbox.bitrix24.example: 10 done, 70 left.\n" in told.out
    made = len(team.portal.tasks())
    assert made == 10  # the first batch of creates
    listed = team.run("state", "list", "-f", str(team.manifest)).must(0)
    assert len(listed.out.splitlines()) == made
    assert "in doubt" not in listed.out
    _finish(team)


@pytest.mark.parametrize("sign", _SIGNALS)
def test_a_second_signal_leaves_at_once_and_loses_nothing(team: Trip, sign: signal.Signals) -> None:
    """It does not wait for the answer; the next run finds what was on its way."""
    team.want(_TASKS)
    team.portal.faults({"kind": "slow", "seconds": 5, "on": _ON, "times": 1})
    with team.process("--parallelism", "1") as worker:
        until(team.portal.struck, "the first batch is on its way")
        worker.send_signal(sign)
        time.sleep(0.3)
        began = time.monotonic()
        worker.send_signal(sign)
        told = ended(worker).must(130)
        assert time.monotonic() - began < 3
    assert f"{sign.name} again: leaving at once, 0 done, 80 left. Run tasksync apply" in told.err
    team.settle = 6
    _finish(team)


def test_a_signal_while_creates_are_in_doubt_leaves_them_to_the_next_run(team: Trip) -> None:
    """The wait for a late deed is not sat out; the intents stay, and are resolved."""
    team.want(_TASKS)
    team.portal.faults({"kind": "late", "seconds": 2, "answer": 504, "on": _ON, "times": 1})
    team.settle = 30
    with team.process("--parallelism", "1") as worker:
        until(team.portal.struck, "the answer was lost")
        time.sleep(0.3)
        worker.send_signal(signal.SIGINT)
        ended(worker).must(130)
    listed = team.run("state", "list", "-f", str(team.manifest)).must(0)
    assert "in doubt" in listed.out
    team.settle = 3
    _finish(team)
    assert sum(len(one["body"]["calls"]) for one in team.portal.writing()) == len(_TASKS)


@pytest.mark.parametrize("sign", _SIGNALS)
def test_a_signal_before_anything_is_written_leaves_nothing(
    team: Trip, sign: signal.Signals
) -> None:
    """While the portal is read there is nothing to save; the lock is free again."""
    team.want(_TASKS)
    team.portal.faults({"kind": "slow", "seconds": 3, "on": {"path": "^/v1/tasks$"}, "times": 1})
    with team.process() as worker:
        until(team.portal.struck, "the portal is read")
        worker.send_signal(sign)
        told = ended(worker).must(130)
    assert "Traceback" not in told.err
    assert _holder(team) is None
    assert not team.portal.tasks()
    _finish(team)


def _reading(team: Trip) -> subprocess.Popen[str]:
    """Start a plan whose listing takes its time."""
    slow = {"kind": "slow", "seconds": 5, "on": {"path": "^/v1/tasks$"}, "times": 1}
    team.want(_TASKS).portal.faults(slow)
    return subprocess.Popen(
        [sys.executable, "-m", "tasksync", *team.words("plan")],
        env={"PATH": os.defpath, "HOME": str(team.folder), **team.env()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("sign", _SIGNALS)
@pytest.mark.parametrize("times", [1, 2])
def test_a_plan_that_is_stopped_says_so_and_leaves_with_130(
    team: Trip, sign: signal.Signals, times: int
) -> None:
    """A command that writes nothing ends in words too, however it is stopped."""
    with _reading(team) as worker:
        until(team.portal.struck, "the portal is read")
        for _ in range(times):
            worker.send_signal(sign)
        told = ended(worker)
    assert told.code == 130
    assert "Traceback" not in told.err
    if times == 1:
        assert told.err.endswith("Interrupted. Nothing was being written.\n")


@pytest.mark.parametrize("sign", _SIGNALS)
def test_a_signal_after_all_was_told_does_not_decide_the_exit_code(sign: signal.Signals) -> None:
    """Python gives signals back their defaults before it has ended; nobody must meet them."""
    code = (
        "import os, sys\n"
        "import tasksync.__main__ as begin, tasksync.cli.main as cli\n"
        "class Late:\n"
        f"    def __del__(self): os.kill(os.getpid(), {int(sign)})\n"
        "begin.late = Late()\n"
        "cli.run = lambda _words: print('Done.') or 3\n"
        "begin.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, "Done.\n", "")


@pytest.mark.parametrize("sign", _SIGNALS)
@pytest.mark.parametrize("module", ["tasksync.cli.main", "tasksync.cli.wiring", "orjson"])
def test_a_signal_while_something_is_imported_is_not_lost(
    tmp_path: Path, sign: signal.Signals, module: str
) -> None:
    """Python ignores an exception in a callback of its import machinery, as in any `__del__`."""
    code = (
        "import os, sys\n"
        "class Signal:\n"
        f"    def __del__(self): os.kill(os.getpid(), {int(sign)}); sum(range(9))\n"
        "class Finder:\n"
        "    def find_spec(self, name, *_more):\n"
        f"        if name == {module!r}: Signal()\n"
        "sys.meta_path.insert(0, Finder())\n"
        "import tasksync.__main__ as begin\n"
        f"sys.argv[1:] = ['plan', '-f', {str(tmp_path / 'm.yaml')!r}, '--timeout', '60']\n"
        "begin.main()\n"
    )
    (tmp_path / "m.yaml").write_text("apiVersion: tasksync/v1\nproject: p\ntasks: {}\n", "utf-8")
    with SilentPortal() as portal:  # else it may have ended before anything but imports was done
        env = {**os.environ, "TASKSYNC_PORTAL": portal.url, "TASKSYNC_API_KEY": "the-key-of-acme"}
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            env=env,
            cwd=tmp_path,
            check=False,
        )
    told = (done.returncode, done.stdout, done.stderr)
    assert told == (130, "", "Interrupted. Nothing was being written.\n")


@pytest.mark.parametrize("sign", _SIGNALS)
def test_a_second_signal_while_it_is_told_that_it_was_stopped_leaves_with_130(
    sign: signal.Signals,
) -> None:
    """The handlers of before are not given back by then: SIGTERM's would kill."""
    code = (
        "import os, sys\n"
        "import tasksync.__main__ as begin, tasksync.cli.console as console\n"
        "import tasksync.cli.commands.version as version\n"
        f"version.run = lambda *_: os.kill(os.getpid(), {int(sign)})\n"
        f"console.Console.tell = lambda *_: os.kill(os.getpid(), {int(sign)})\n"
        "sys.argv[1:] = ['version']\n"
        "begin.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "")


def test_a_signal_before_there_is_anything_to_do_ends_in_words() -> None:
    """Python is still reading tasksync's own files."""
    code = (
        "import sys\n"
        "import tasksync.__main__ as begin\n"
        "class Signal:\n"
        "    def find_spec(self, name, *_more):\n"
        "        if name == 'tasksync.cli.main': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Signal())\n"
        "sys.argv[1:] = ['plan']\n"
        "begin.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "Interrupted. Nothing was being written.\n"


def test_a_verb_of_state_that_is_stopped_while_it_saves_does_not_say_that_it_did_nothing(
    team: Trip, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be saved already, or not."""
    from tasksync.engine.lease import LeaseHolder

    def stopped(*_any: object, **_more: object) -> None:
        raise KeyboardInterrupt

    team.want(_TASKS).apply().must(0)
    monkeypatch.setattr(LeaseHolder, "commit", stopped)
    told = team.run("state", "rm", "p00", "-f", str(team.manifest)).must(130)
    assert "Interrupted. The state is as it was, or as it was to be" in told.err
    assert _holder(team) is None


def test_a_signal_while_the_work_is_proved_loses_nothing(team: Trip) -> None:
    """Everything is written and saved; verifying is given up, and the next plan is empty."""
    team.want(_TASKS)
    team.portal.faults(
        {"kind": "slow", "seconds": 1, "on": {"path": "^/v1/batch$", "body": '"list"'}, "times": 1}
    )
    with team.process() as worker:
        until(team.portal.struck, "the work is proved")
        worker.send_signal(signal.SIGTERM)
        ended(worker).must(0, 130)
    team.plan().must(0)
    assert len(team.portal.world()) == len(_TASKS)


def test_a_run_whose_events_nobody_reads_any_more_saves_and_leaves(team: Trip) -> None:
    """Whoever started it is gone: it must not go on for hours, nor keep the lock."""
    team.want(_TASKS)
    team.portal.faults({"kind": "slow", "seconds": 0.6, "on": _ON, "times": 1})
    with team.process("--json", "--parallelism", "1") as worker:
        until(team.portal.struck, "the first batch is on its way")
        assert worker.stdout is not None
        worker.stdout.close()
        assert worker.stderr is not None
        told = worker.stderr.read()
        assert worker.wait(60) == 130, told
    made = len(team.portal.tasks())
    assert 10 <= made < len(_TASKS), told
    assert _holder(team) is None
    listed = team.run("state", "list", "-f", str(team.manifest)).must(0)
    assert len(listed.out.splitlines()) == made
    _finish(team)


def test_a_signal_while_it_is_told_what_was_done_does_not_say_that_nothing_was(
    team: Trip, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All is done and saved by then: the exit code is that of a whole run."""
    from tasksync.cli.apply_flow import Doing

    summed = Doing._summed

    def stopped(self: Doing, *more: object) -> None:
        signal.raise_signal(signal.SIGINT)
        summed(self, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(Doing, "_summed", stopped)
    told = team.want(_TASKS).apply().must(0)
    assert "Nothing was being written" not in told.err
    assert "80 added" in told.out
