"""Random approvals, and a portal on which people go on: what was approved is done, nothing else."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from approvals import Project
from hand import by_hand, ids_of

from tasksync.core.expected import Approved
from tasksync.core.formats.plan_digest import UNMANAGED

#: what a manifest says -> what people set by hand
FIELDS = {
    "priority": (["low", "normal", "high"], [0, 1, 2]),
    "description": (["x", "y"], ["people's", ""]),
    "responsibleId": (["1", "2"], [1, 2, 3]),
    "status": (["pending", "inProgress"], [2, 3]),
    "deadline": (["2027-03-01T18:00:00+03:00", "null"], ["2027-03-09T18:00:00+03:00", None]),
    "startDatePlan": (["2027-03-01T09:00:00+03:00"], ["2027-03-02T09:00:00+03:00"]),
    "endDatePlan": (["2027-03-08T18:00:00+03:00"], ["2027-03-09T18:00:00+03:00"]),
    "tags": (["[t]", "[t, u]"], [["v", "tasksync:approved"], []]),
}
KEYS = [f"t{n}" for n in range(8)]
#: what the portal turns beside a responsible, and what is nobody's
TURNED = {
    *("auditors", "changedDate", "changedBy", "closedDate", "activityDate"),
    *("dateStart", "statusChangedDate"),
}


def block(random: Random) -> str:
    names = random.sample(sorted(FIELDS), random.randrange(4))
    return ", ".join(f"{name}: {random.choice(FIELDS[name][0])}" for name in names)


def tasks(random: Random, before: dict[str, str]) -> dict[str, str]:
    """Keep, edit, drop and add tasks; some hang on the first."""
    wanted: dict[str, str] = {}
    for key in KEYS:
        if random.random() < 0.2:
            continue
        said = before[key] if key in before and random.random() < 0.4 else block(random)
        said = said.partition("parent:")[0].rstrip(", ")
        if wanted and random.random() < 0.3:
            said = ", ".join(filter(None, (said, f"parent: {next(iter(wanted))}")))
        wanted[key] = said
    return wanted


def people_go_on(random: Random, project: Project) -> None:
    for remote in ids_of(project.tasksync).values():
        if random.random() < 0.15:
            by_hand(project.folder, "DELETE", f"tasks/{remote}")
        elif random.random() < 0.5:
            name = random.choice(sorted(FIELDS))
            by_hand(
                project.folder, "PATCH", f"tasks/{remote}", {name: random.choice(FIELDS[name][1])}
            )


def must_have_written_only(
    approved: Approved, ids: dict[str, int], before: list[Any], after: list[Any]
) -> None:
    """Hold each task of before to its approved fields, and each new one to an approved create."""
    assert approved.document is not None
    items: dict[str, Any] = {one["key"]: one for one in approved.document["changes"]}  # type: ignore[union-attr, index, misc]
    now, keys = {row["id"]: row for row in after}, {remote: key for key, remote in ids.items()}
    for row in before:
        item = items.get(keys.get(row["id"], ""), {"action": ""})
        if row["id"] not in now:
            assert item["action"] == "delete"
            continue
        there = now[row["id"]]
        moved = {name for name in row if row[name] != there.get(name)} - TURNED
        asked = item.get("after", {})
        allowed = {name for name in asked if asked[name] != UNMANAGED}
        allowed |= {"parentId"} if row["parentId"] not in now else set()  # its parent was deleted
        assert moved <= allowed, (item, moved)
    creates = sum(one["action"] == "create" for one in items.values())
    assert len(now.keys() - {row["id"] for row in before}) == creates


@pytest.mark.parametrize("seed", range(12))
def test_a_random_approval_is_done_and_the_next_plan_has_the_corrections_alone(
    tmp_path: Path, seed: int
) -> None:
    random = Random(seed)  # noqa: S311 - a world, no key
    project = Project(tmp_path)
    first = tasks(random, {})
    project.applied(first)
    wanted = tasks(random, first)
    approved = project.approve(wanted)
    people_go_on(random, project)
    ids, before = ids_of(project.tasksync), project.world()
    done = project.expect(approved, "--max-delete", "100%", "--dangerous-delete-renamed")
    if done.code == 5:
        assert project.world() == before, done
        return
    assert done.code == 0, done
    must_have_written_only(approved, ids, before, project.world())
    again = project.approve()
    assert again.document is not None
    assert again.document["changes"] == []
    left = project.changes()
    assert all(f" {key}  " in done.out.split("Left out:")[-1] for key in left), (left, done.out)
    assert project.tasksync("apply", "--yes", "--max-delete", "100%").code in {0, 4}
