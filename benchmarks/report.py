"""RESULTS.md from the kept outcomes: only figures that were measured stand in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.results import Goal
from benchmarks.rows import ROWS, Row

_HEAD = """\
# What tasksync costs, measured

Written by `python -m benchmarks` from what it measured; do not edit. Programs ran turn by turn, \
as whole processes from start to exit; figures are medians, ratios are medians of the ratios pair \
by pair. Machines differ and drift: **the ratios carry over, the seconds do not.** Peak memory is \
the process's largest resident set, without the sandbox's.

tasksync is installed from the checkout (not editable, compiled) into an environment of its own, \
as is every peer, all from PyPI. "Cold" is a process of its own that \
finds nothing but manifest and state: nothing else is kept between runs. What the state remembers \
includes, since the apply that made it, the text of each task (its block): a cold plan parses \
what changed. The rows `parsed-...` measure the \
same where the state knows no block and every task is parsed and judged, as in the first plan \
after an upgrade or a change of `defaults`. A task has nine fields and about 375 bytes of YAML; \
octoDNS' record has about 70 bytes, Terraform's object the same nine fields. The bound is \
libyaml's raw scan of the same bytes plus loading key, id and hash of every remembered task from \
the same SQLite file (`benchmarks/peers/bound.py`); the literal script is \
`benchmarks/peers/literal.py`.
"""


def goal_lines(row: Row, figures: Mapping[str, float]) -> Iterator[str]:
    """Yield a row's figures in words, each with its goal where it has one."""
    goals = {goal.figure: goal for goal in row.goals}
    for name, value in figures.items():
        goal = goals.get(name)
        words = f"{name} {_shown(name, value)}"
        yield words if goal is None else f"{words} (goal {goal.words}): {_reached(goal, value)}"


def _reached(goal: Goal, value: float) -> str:
    if value <= goal.most:
        return "reached"
    over = f"{value / goal.most:.2f} times the goal" if goal.most else f"{value:g} too many"
    return f"**not reached**: {over}"


def _shown(name: str, value: float) -> str:
    if name == "share":
        return f"{value:.0%}"
    if "ratio" in name:
        return f"1/{1 / value:.1f}" if 0 < value < 0.5 else f"{value:.2f}"
    return f"{value:.0f}" if value == int(value) else f"{value:.2f}"


def report(kept: Mapping[str, Any]) -> str:
    """Return the whole page."""
    lines = [_HEAD, *_places(kept), "", "## Goals", "", *_goals(kept), ""]
    for row in ROWS:
        if row.name in kept:
            lines += [*_section(row, kept[row.name]), ""]
    missing = [row.name for row in ROWS if row.name not in kept]
    if missing:
        lines += [f"Not measured yet: {', '.join(missing)}.", ""]
    return "\n".join(lines)


def _places(kept: Mapping[str, Any]) -> Iterator[str]:
    for what in ("machine", "date"):
        found = sorted({str(one[what]) for one in kept.values()})
        yield f"- {what}: {'; '.join(found)}"
    versions: dict[str, str] = {}
    for one in kept.values():
        versions |= one["versions"]
    loads = [one["load"] for one in kept.values()]
    if loads:
        yield f"- load average after each row: {min(loads)} to {max(loads)} (less is better)"
    yield "- versions: " + ", ".join(f"{name} {version}" for name, version in versions.items())


def _goals(kept: Mapping[str, Any]) -> Iterator[str]:
    yield "| what | goal | measured | | repeat with |"
    yield "|---|---|---|---|---|"
    for row in ROWS:
        for goal in row.goals:
            if row.name not in kept:
                continue
            value = kept[row.name]["figures"][goal.figure]
            label = row.what if len(row.goals) == 1 else f"{row.what}: {goal.figure}"
            yield (
                f"| {label} | {goal.words} | {_shown(goal.figure, value)} | "
                f"{_reached(goal, value)} | `{row.command}` |"
            )


def _section(row: Row, found: Mapping[str, Any]) -> Iterator[str]:
    yield f"### {row.name}"
    yield ""
    what = row.what[0].upper() + row.what[1:]
    yield f"{what}. {_times(found['pairs'])} on {found['date']}; `{row.command}`"
    yield ""
    if found["table"]:
        yield "| | wall s | CPU s | peak MB |"
        yield "|---|---|---|---|"
        for subject, seconds, cpu, peak in found["table"]:
            yield f"| {subject} | {seconds:.3f} | {cpu:.3f} | {peak:.0f} |"
        yield ""
    for words in goal_lines(row, found["figures"]):
        yield f"- {words}"
    if row.where and any(found["figures"][goal.figure] > goal.most for goal in row.goals):
        yield f"- {row.where}"
    for note in found["notes"]:
        yield f"- {note}"
    if found["text"]:
        yield ""
        yield found["text"]


def _times(pairs: int) -> str:
    return "Once" if pairs == 1 else f"{pairs} pairs"
