"""What plan, show and apply print: groups or all, dates of the manifest's zone, files from here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest
from command import Tasksync

from tasksync.cli.file_addresses import nearest

HEAD = (
    "apiVersion: tasksync/v1\nproject: many\ntimezone: {}\ndefaults: {{responsibleId: 1}}\ntasks:\n"
)
COUNT = 30


def manifest(day: int, zone: str = "Europe/Berlin", more: str = "") -> str:
    tasks = (
        f"  k{number}: {{title: Task {number}, deadline: 2027-{month}-{day:02}T18:00}}\n"
        for number in range(COUNT)
        for month in (("01", "07")[number % 2],)
    )
    return HEAD.format(zone) + "".join(tasks) + more


@pytest.fixture
def many(tmp_path: Path) -> Iterator[Tasksync]:
    """Thirty tasks that are there, and are wanted a week later; winter and summer."""
    tasksync = Tasksync.of(tmp_path, manifest(4))
    assert tasksync("apply", "--yes").code == 0
    tasksync.manifest(manifest(11), "m.yaml")
    with chdir(tmp_path):
        yield tasksync


def test_a_group_names_the_first_and_full_names_all(many: Tasksync) -> None:
    brief, full = many("plan").out, many("plan", "--full").out
    assert "\n  ~ 30 tasks  in m.yaml\n      deadline       +7 d\n" in brief
    assert "… 10 tasks more like these: --full prints all\n" in brief
    assert "--full" not in full
    assert all(f"\n  ~ k{number} " in full for number in range(COUNT))
    assert brief.split("\nPlan: ")[1] == full.split("\nPlan: ")[1]


def test_dates_are_the_manifests_in_plan_and_apply_and_of_one_offset_in_show(
    many: Tasksync,
) -> None:
    """A saved plan does not know the zone: winter and summer stand whole there."""
    saved = many.folder / "p.json"
    shown = many("plan", "--out", saved).out
    assert "\nDates are in Europe/Berlin.\n" in shown
    assert "2027-01-04 18:00 -> 2027-01-11 18:00\n" in shown
    asked = many("apply", answer="no").out
    assert "\nDates are in Europe/Berlin.\n" in asked
    assert "2027-07-04T18:00:00+02:00" in many("show", saved).out
    summer = many("plan", "--target", "k1", "--out", saved)
    assert summer.code == 0
    assert "\nDates are in UTC+02:00.\n" in many("show", saved, "--full").out


def test_dates_of_another_zone_stand_whole(many: Tasksync) -> None:
    many.manifest(
        manifest(11, more='  far: {title: Far, deadline: "2027-01-11T18:00+09:00"}\n'), "m.yaml"
    )
    told = many("plan", "--full").out
    assert "Dates are in" not in told
    assert "2027-01-11T18:00:00+09:00" in told


def test_a_place_is_named_from_the_current_folder_where_that_is_shorter(many: Tasksync) -> None:
    assert "  in m.yaml\n" in many("plan").out
    assert nearest("/t.yaml") == "/t.yaml"
    assert nearest("../t.yaml") == "../t.yaml"


def test_apply_names_whoever_is_refused_however_many_there_are(many: Tasksync) -> None:
    many.manifest(manifest(11) + "policy: {maxUpdate: 3}\n", "m.yaml")
    done = many("apply", "--yes")
    assert done.code == 4
    assert all(f" k{number} " in done.out for number in range(COUNT))
    assert all(f"\n  ~ k{number} " in many("apply", "--yes", "--full").out for number in range(9))


def test_no_line_is_wider_than_80_columns_and_the_page_links_to_the_commit(many: Tasksync) -> None:
    assert max(map(len, many("plan").out.splitlines())) <= 80
    env = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "acme/tasks",
        "GITHUB_SHA": "0a" * 20,
        "GITHUB_WORKSPACE": str(many.folder),
    }
    address = f"https://github.com/acme/tasks/blob/{'0a' * 20}/m.yaml"
    assert address in many("plan", "--format", "html", **env).out
    assert address not in many("plan", "--format", "html").out


def test_in_a_pipe_a_text_of_peoples_stands_on_one_line_and_all_else_fits(tmp_path: Path) -> None:
    """Scripts look for titles; a terminal wraps them."""
    title = "Prepare " + "the quarterly figures of every branch " * 4 + "and send them"
    tasks = (
        HEAD.format("UTC") + f'  a: {{title: "{title}", accomplices: [2, 3, 5, 7, 9, 11, 14]}}\n'
    )
    tasksync = Tasksync.of(tmp_path, tasks)
    with chdir(tmp_path):
        lines = tasksync("plan").out.splitlines()
        on_a_terminal = tasksync("plan", terminal=True, NO_COLOR="1").out.splitlines()
    assert [line for line in lines if title in line] == [line for line in lines if len(line) > 80]
    assert any(title in line for line in lines)
    assert max(map(len, on_a_terminal)) <= 80
