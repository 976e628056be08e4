"""The benchmarks: the same manifest for the same number, and no goal without its row."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from benchmarks import applying, fleet, manifests, processes, report, rows  # noqa: E402 - the checkout's own folder
from benchmarks.results import Outcome  # noqa: E402 - the same
from tasksync.manifests.loader import load  # noqa: E402 - the same

#: the goals of the issue, by the figures that they bound
GOALS = {
    "cold-plan-10k": 1 / 8,
    "cold-plan-10k-no-refresh": 1 / 12,
    "all-new-1k": 1 / 10,
    "all-new-10k": 1 / 30,
    "cold-plan-100k": 9,
    "literal-10k": 1 / 15,
    "literal-memory-100k": 1 / 10,
    "growth": 11,
    "requests-10k": 5,
    "requests-100k": 30,
    "apply-at-the-limits": 1.1,
    "durable-share": 0.4,
    "one-batch": 1.5,
    "start-version": 1.6,
    "start-help": 3,
    "memory-per-task": 0.5,
}


def test_a_number_of_tasks_is_the_same_manifest_every_time(tmp_path: Path) -> None:
    """Two generations are equal byte by byte, and tasksync reads them as so many tasks."""
    first = manifests.write(tmp_path / "first", 50)
    second = manifests.write(tmp_path / "second", 50)
    names = sorted(path.name for path in first.iterdir())
    assert names == sorted(path.name for path in second.iterdir())
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in names)
    wanted = list(load([str(first)]).tasks())
    assert len(wanted) == 50
    assert len({one.digest for one in wanted}) == 50


def test_a_task_has_nine_fields_and_about_375_bytes() -> None:
    """Whatever its number."""
    for number in (0, 1, 99_999, 999_999):
        assert len(manifests.fields(number)) == 9
        assert 340 <= len(manifests.block(number)) <= 410


def test_every_goal_of_the_issue_has_its_row_and_the_command_that_repeats_it() -> None:
    """And no row is registered twice."""
    assert len(rows.BY_NAME) == len(rows.ROWS)
    for name, most in GOALS.items():
        row = rows.BY_NAME[name]
        assert row.goals[0].most == pytest.approx(most)
        assert row.command == f"python -m benchmarks {name}"


def test_what_the_limits_allow_is_ten_a_second_and_three_hundred_a_minute() -> None:
    """The first request goes at once, the 301st after a minute."""
    assert applying.allowed(1) == 0
    assert applying.allowed(300) == pytest.approx(29.9)
    assert applying.allowed(301) == pytest.approx(60)


def test_the_report_says_of_each_goal_whether_it_was_reached() -> None:
    """By how much not, where it was not."""
    row = rows.BY_NAME["growth"]
    assert "reached" in next(report.goal_lines(row, Outcome({"ratio": 9.0}).figures))
    assert "not reached**: 2.00 times" in next(report.goal_lines(row, {"ratio": 22.0}))


@pytest.mark.parametrize(
    ("each", "at_once", "seconds"),
    [([5.0, 5.0, 5.0], 1, 15.0), ([5.0, 5.0, 5.0], 2, 10.0), ([5.0, 1.0, 1.0], 20, 5.0)],
)
def test_a_fleet_takes_what_its_longest_chain_of_projects_takes(
    each: list[float], at_once: int, seconds: float
) -> None:
    assert fleet.bound(each, at_once) == seconds


def test_the_cpu_of_a_process_counts_what_it_began() -> None:
    """This one's, with a child's that has ended; no process has none."""
    before = processes.cpu([os.getpid()])
    subprocess.run([sys.executable, "-c", "sum(range(20_000_000))"], check=True)
    assert processes.cpu([os.getpid()]) - before >= 0.05
    assert processes.cpu([0]) == 0
