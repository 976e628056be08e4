"""The guides: from nothing to `No changes.` by the commands of the page alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from guides import GUIDES, Session, check_lines
from quick_program import quick_program

from tasksync.sandbox.web.http_messages import WebRequest
from tasksync.sandbox.web.routes import SandboxApi, open_api

EXAMPLES = GUIDES.parents[1] / "examples"
HEADERS = {
    "X-Api-Key": "vibe_api_sandbox",
    "Content-Type": "application/json",
    "Host": "127.0.0.1",
}


TITLES = ("Order laptop", "Договор: проверить", '#1 "quoted"')


def create(api: SandboxApi, body: dict[str, object]) -> int:
    """Make a task by hand; returns its id."""
    sent = json.dumps(body).encode()
    answer = api.handle(WebRequest("POST", "/v1/tasks", headers=HEADERS, body=sent))
    assert answer.status == 201, answer
    return int(json.loads(answer.body)["data"]["id"])


def fill(world: Path, count: int) -> None:
    """Have other people make tasks on a sandbox: texts of every kind, parents, people, groups."""
    api = open_api(world)
    ids: list[int] = []
    for number in range(count):
        body: dict[str, object] = {
            "title": f"{TITLES[number % 3]} {number}",
            "description": f"[B]Step {number}[/B]\nno: yes\n\n  - {'é ' * (number % 4)}end",
            "responsibleId": (1, 14, 22)[number % 3],
            "tags": ["it", f"wave {number % 5}"],
        }
        if number % 4 == 1:
            body["parentId"] = ids[-1]
        if number % 5 == 2:
            body["deadline"] = "2027-03-01T18:00:00+03:00"
        ids.append(create(api, body))
    create(api, {"title": "Print the badges", "responsibleId": 1})
    api.close()


#: walked with servers of their own, in test_state_recipes.py and test_in_ci.py
SERVED = {"where-the-state-lives.md", "in-ci.md"}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of `tasksync`."""
    with quick_program(tmp_path_factory.mktemp("program")) as folder:
        yield folder


@pytest.mark.parametrize("name", sorted({path.name for path in GUIDES.glob("*.md")} - SERVED))
def test_the_commands_of_a_guide_do_what_it_says(name: str, tmp_path: Path, program: Path) -> None:
    """On a portal with 201 tasks of other people; every guide ends without changes."""
    fill(tmp_path / "portal.db", 200)
    for sheet in (EXAMPLES / "spreadsheet").glob("launch*"):
        shutil.copy(sheet, tmp_path)
    env = {"TASKSYNC_PORTAL": f"sandbox:{tmp_path / 'portal.db'}", "TASKSYNC_SETTLE": "0.2s"}
    assert Session(tmp_path, env, program=program).walk(name) >= 3


@pytest.mark.parametrize("expected", ["one\nthree", "one\n…\nthree", "t…o", "  two"])
def test_what_a_guide_shows_is_printed(expected: str) -> None:
    check_lines(expected, "one\ntwo\nthree\n")


@pytest.mark.parametrize("expected", ["t… two", "three\none", "on", "four"])
def test_what_a_guide_shows_and_is_not_printed_is_found(expected: str) -> None:
    with pytest.raises(AssertionError, match="no "):
        check_lines(expected, "one\ntwo\nthree\n")
