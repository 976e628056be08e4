"""A portal written from the documents alone, with strangers in it, and a project beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from second_portal.driving import PROJECT, Driver
from second_portal.portal import SecondPortal

MANIFEST = """\
apiVersion: tasksync/v1
project: exam
defaults: {responsibleId: 1, tags: [base]}
tasks:
  root:
    title: Root
    status: 3
    deadline: 2026-05-19T18:00:00+03:00
    description: "line one\\nline two"
  one: {parent: root, title: Child one, deadline: 2026-05-20T18:00:00+03:00, priority: high}
  two:
    parent: root
    title: Child two
    status: pending
    startDatePlan: 2026-05-01T09:00:00+03:00
    endDatePlan: 2026-05-02T09:00:00+03:00
  grand:
    parent: one
    title: " Grand child "
    accomplices: [4, 5]
    auditors: [6]
    timeEstimate: 2h30m
    groupId: 7
  loner: {title: Loner, tags: [a, b, "ein Wort"], createdBy: 2}
  drop: {title: To be dropped}
"""
TITLES = ["Child one", "Child two", "Grand child", "Loner", "Root", "To be dropped"]


def edited(text: str) -> str:
    """Change one status, one deadline and one person, and drop one task."""
    text = text.replace("status: 3", "status: 5").replace("2026-05-20T18", "2026-05-21T18")
    text = text.replace("title: Loner,", "title: Loner, responsibleId: 9,")
    return "".join(line for line in text.splitlines(keepends=True) if "  drop:" not in line)


def strangers(portal: SecondPortal) -> list[int]:
    """Put people's tasks there: the same titles, other projects' markers."""
    tags = [[], ["tasksync:other"], ["x"], [f"tasksync:{PROJECT}-2"]]
    return [
        portal.office.seed(
            title=TITLES[n % 6], responsibleId=1 + n % 3, tags=tags[n % 4], description="hands off"
        )
        for n in range(12)
    ]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Callable[..., Driver]]:
    """Open portals with readings of one's own; strangers are compared at the end."""
    opened: list[tuple[SecondPortal, dict[int, Any]]] = []

    def start(**readings: Any) -> Driver:
        portal = SecondPortal(**readings)
        opened.append((portal, portal.office.picture(strangers(portal))))
        folder = tmp_path / str(len(opened))
        folder.mkdir()
        driver = Driver(portal, folder)
        driver.write(MANIFEST)
        return driver

    yield start
    for portal, before in opened:
        portal.__exit__()
        assert portal.office.picture(before) == before, "a stranger was touched"
        assert not portal.office.dropped, "a field that the portal drops was sent"


@pytest.fixture
def swift(world: Callable[..., Driver]) -> Callable[..., Driver]:
    """Open portals whose hours the runs live by: a settle of 90 s takes no time."""

    def start(**readings: Any) -> Driver:
        driver = world(**readings)
        driver.driven = True
        return driver

    return start


def manifest(tasks: dict[str, str], head: str = "") -> str:
    """Write a manifest of the project: key and the flow mapping's text of each task."""
    lines = "".join(f"  {key}: {{{text}}}\n" for key, text in tasks.items())
    start = f"apiVersion: tasksync/v1\nproject: {PROJECT}\n{head}defaults: {{responsibleId: 1}}\n"
    return start + ("tasks:\n" + lines if tasks else "tasks: {}\n")


def numbered(count: int, start: int = 0) -> dict[str, str]:
    """Give so many plain tasks: t0, t1 and so on."""
    return {f"t{n}": f"title: Task {n}" for n in range(start, start + count)}
