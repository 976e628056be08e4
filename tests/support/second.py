"""The second portal in the sandbox's place: what whole runs ask of a portal, asked of that one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from portal import Json, normal
from second_portal.portal import SecondPortal as Portal

from tasksync.sandbox.model.directory import GROUPS, USERS

#: a fault of the sandbox -> the same of the second portal
_KINDS = {"slow": "hang", "hang": "hang", "lost": "lost", "status": "status"}


class SecondByName:
    """A portal written from the documents alone, by the names of support/portal.py."""

    def __init__(self, running: Portal) -> None:
        self.running = running
        self.url = running.url
        self.key = str(running.office["key"])

    def staffed(self) -> None:
        """Let the people and groups of the sandbox be here, as examples name them."""
        office = self.running.office
        office.readings["scopes"] = ["tasks", "user", "sonet_group"]
        for number, user in USERS.items():
            office.staff[number] |= {"email": user.email, "active": user.active}
        office.groups = {number: group.name for number, group in GROUPS.items()}

    def faults(self, *rules: Json) -> None:
        """Put these faults in the place of all."""
        self.running.end_faults()
        for rule in rules:
            on = rule.get("on", {})
            where: dict[str, Any] = {n: on[n] for n in ("path", "method") if n in on}
            told = {n: rule[n] for n in ("status", "seconds") if n in rule}
            deed = rule.get("deed", rule["kind"] != "status")
            kind, at = _KINDS[rule["kind"]], on.get("nth", 1)
            self.running.fault(kind, at=at, deed=deed, **where, **told)

    def struck(self) -> int:
        """How many faults have struck."""
        return sum(rule["seen"] >= rule["at"] for rule in self.running.faults)

    def tasks(self) -> list[Json]:
        """Every task, as it is kept."""
        return [{**one, "tags": list(one["tags"])} for one in self.running.office.tasks.values()]

    def titles(self) -> list[str]:
        """The titles of all tasks, sorted."""
        return sorted(task["title"] for task in self.tasks())

    def task(self, title: str) -> Json:
        """The one task of this title."""
        (found,) = (task for task in self.tasks() if task["title"] == title)
        return found

    def by_hand(self, title: str, /, **fields: object) -> int:
        """Make a stranger's task; return its id."""
        return self.running.office.seed(title=title, responsibleId=1, **fields)

    def edit(self, title: str, /, **fields: object) -> None:
        """Change a task by hand."""
        office = self.running.office
        office.touch(self.task(title)["id"], changedDate=office.hours.wall(), **fields)

    def world(self) -> dict[str, Json]:
        """Title -> fields; fails when a title is there twice."""
        return normal(self.tasks())

    def deeds(self) -> list[tuple[str, tuple[str, ...]]]:
        """What was done so far: what, and which fields an update sent."""
        return [
            (what, tuple(sorted(body)) if what == "update" else ())
            for what, _, body in self.running.writes()
        ]


@contextmanager
def served() -> Iterator[SecondByName]:
    """Serve one in a thread; nothing may have been sent that it drops."""
    with Portal() as running:
        yield SecondByName(running)
        assert not running.office.dropped, "a field that the portal drops was sent"
