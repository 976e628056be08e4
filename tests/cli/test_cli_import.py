"""`tasksync import` from the portal: what is asked for, left out, added to, and refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from command import Done, Tasksync
from hand import by_hand

from tasksync import file_limits
from tasksync.core.address_book import AnyAddress
from tasksync.manifests.loader import load

PROJECT = "apiVersion: tasksync/v1\nproject: p\ntasks: {}\n"
FILTERS = [
    (["--group", "1"], ["grouped"]),
    (["--tag", "ä b"], ["tagged"]),
    (["--responsible", "7"], ["david"]),
    (["--responsible", "DAVID@example.com"], ["david"]),
    (["--status", "completed", "--status", "6"], ["done", "put-off"]),
    (["--open"], ["david", "grouped", "old", "tagged"]),
    (["--open", "--status", "2", "--tag", "ä b"], ["tagged"]),
    (["--changed-since", "2020-01-01"], ["david", "done", "grouped", "put-off", "old", "tagged"]),
    (["--changed-since", "2999-01-01T00:00:00Z"], []),
]


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tasksync:
    """A portal with tasks of other people's making, and an empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    for fields in (
        {"title": "grouped", "groupId": 1},
        {"title": "tagged", "tags": ["ä b", "x"]},
        {"title": "david", "responsibleId": 7},
        {"title": "done", "status": 5},
        {"title": "put off", "status": 6},
        {"title": "old", "priority": 0},
    ):
        by_hand(tmp_path, "POST", "tasks", {"responsibleId": 1, **fields})
    return Tasksync(tmp_path)


def keys(*files: str) -> list[str]:
    """Return the keys of a manifest, sorted."""
    return sorted(one.key for one in load(files).tasks(None, AnyAddress()))


def taken_over(team: Tasksync, *files: str) -> Done:
    """Plan and apply what was imported; return the last plan, which is empty."""
    flags = [word for file in files for word in ("-f", file)]
    plan = team("plan", *flags)
    assert "Plan: 0 to add, 0 to change, 0 to destroy. Also" in plan.out, plan
    assert team("apply", "--yes", *flags).code == 0
    last = team("plan", "--detailed-exitcode", *flags)
    assert (last.code, "No changes." in last.out) == (0, True), last
    return last


@pytest.mark.parametrize(("words", "wanted"), FILTERS, ids=" ".join)
def test_only_what_is_asked_for_is_imported(
    team: Tasksync, words: list[str], wanted: list[str]
) -> None:
    done = team("import", "--project", "p", "--out", "x.yaml", *words)
    assert done.code == 0, done
    if not wanted:
        assert "There is nothing to import" in done.out
        assert not Path("x.yaml").exists()
        return
    assert keys("x.yaml") == sorted(one.replace(" ", "-") for one in wanted)


def test_a_project_that_has_tasks_leaves_them_out_and_counts_those_of_others(
    team: Tasksync,
) -> None:
    """Those in the state, those with the marker, and those that a manifest adopts already."""
    assert team("import", "--project", "other", "--tag", "x", "--out", "other.yaml").code == 0
    taken_over(team, "other.yaml")
    team.env["TASKSYNC_STATE"] = f"sqlite:{team.folder / 'second.db'}"
    Path("tasksync.yaml").write_text(PROJECT, "utf-8")
    first = team("import", "--out", "x.yaml", "--open")
    assert "Left out: 1 of other projects (tasksync:other 1)" in first.err, first
    again = team("import", "--out", "y.yaml", "-f", "tasksync.yaml", "-f", "x.yaml", "--open")
    assert "There is nothing to import" in again.out
    assert "Left out: 3 that the project has already" in again.err
    taken_over(team, "tasksync.yaml", "x.yaml")
    third = team("import", "--out", "x.yaml", "--open")
    assert "There is nothing to import" in third.out, third


def test_a_file_that_is_there_is_added_to_and_its_own_text_stays(team: Tasksync) -> None:
    """Below its tasks where people's status stands by its defaults; keys are not taken twice."""
    Path("tasksync.yaml").write_text(PROJECT, "utf-8")
    assert team("import", "--out", "x.yaml", "--tag", "x").code == 0
    text = Path("x.yaml").read_bytes() + b"\n  # mine\n"
    Path("x.yaml").write_bytes(text)
    by_hand(team.folder, "POST", "tasks", {"title": "tagged", "responsibleId": 1})
    done = team("import", "--out", "x.yaml", "--open")
    assert done.code == 0, done
    after = Path("x.yaml").read_bytes()
    assert after.startswith(text)
    assert after.count(b"tasks:") == 1
    assert keys("tasksync.yaml", "x.yaml") == [
        "david",
        "grouped",
        "old",
        "tagged",
        "tagged-2",
    ]
    taken_over(team, "tasksync.yaml", "x.yaml")


@pytest.mark.parametrize(
    "header",
    [
        "defaults: {tags: [mine], groupId: 1, description: d, fieldPolicy: {title: seed}}",
        "defaults: {deadline: '2026-05-19T18:00:00Z', auditors: [7], fields: {UF_RISK: 1}}",
        "defaults: {ignoreChanges: [status], timeEstimate: 60, parentId: 3871}",
    ],
)
def test_defaults_of_the_project_change_nothing(team: Tasksync, header: str) -> None:
    """What a task has not is written as null; in a document of its own and in the project's."""
    own = "tasks:\n  own: {title: grouped, responsibleId: 1, adopt: {id: 3871}}\n"
    text = f"apiVersion: tasksync/v1\nproject: p\n{header}\n{own}"
    Path("tasksync.yaml").write_text(text, "utf-8")
    done = team("import", "--out", "tasksync.yaml")
    assert done.code == 0, done
    assert Path("tasksync.yaml").read_text("utf-8").startswith(text)
    plan = team("plan", "--exclude", "own")
    assert "Plan: 0 to add, 0 to change, 0 to destroy. Also 5 to adopt." in plan.out, plan
    assert [line for line in plan.out.splitlines() if " -> " in line] == []


def test_parents_are_keys_and_people_are_addresses(team: Tasksync) -> None:
    """Where the parent is imported, and one active person has the address."""
    top = by_hand(team.folder, "POST", "tasks", {"title": "top", "responsibleId": 7, "tags": ["t"]})
    low = {"title": "low", "responsibleId": 1, "parentId": top["id"], "tags": ["t", "l"]}
    by_hand(team.folder, "POST", "tasks", low)
    assert team("import", "--project", "p", "--out", "a.yaml", "--tag", "t").code == 0
    assert "parent: top" in Path("a.yaml").read_text("utf-8")
    assert "responsibleId: david@example.com" in Path("a.yaml").read_text("utf-8")
    words = ("--tag", "l", "--people", "number")
    assert team("import", "--project", "p", "--out", "b.yaml", *words).code == 0
    assert f"parentId: {top['id']}" in Path("b.yaml").read_text("utf-8")
    assert "responsibleId: 1\n" in Path("b.yaml").read_text("utf-8")
    taken_over(team, "a.yaml")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--project", "p"], 64, "--out FILE"),
        (["--out", "x.yaml"], 64, "--project NAME"),
        (["--out", "x.yaml", "--project", "p", "--status", "late"], 64, "no status"),
        (["--out", "x.yaml", "--project", "p", "--changed-since", "May"], 64, "no date"),
        (["--out", "x.yaml", "--project", "p", "--responsible", "nobody"], 64, "tasksync people"),
        (["--out", "x.yaml", "--project", "p", "--group", "no such"], 64, "tasksync groups"),
        (["--out", "x.yaml", "--project", "p", "--open", "--status", "5"], 64, "--open"),
        (["--out", "bad.yaml", "--project", "p"], 1, "bad.yaml"),
        (["--out", ".", "--project", "p"], 1, "cannot be read"),
        (["--out", "-", "--project", "p"], 64, "standard output"),
        (["--out", "x.yaml", "--project", "p", "--timezone", "UTC"], 64, "import of a SHEET"),
        (["--out", "round.yaml", "--project", "p"], 1, "cannot be read"),
        (["--out", "x.yaml", "-f", "none.yaml"], 1, "none.yaml"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_written(
    team: Tasksync, words: list[str], code: int, says: str
) -> None:
    Path("bad.yaml").write_text("a: [", "utf-8")
    Path("round.yaml").symlink_to("round.yaml")
    done = team("import", *words)
    assert (done.code, says in done.err) == (code, True), done
    assert not Path("x.yaml").exists()
    assert Path("bad.yaml").read_text("utf-8") == "a: ["


def test_what_a_manifest_cannot_hold_is_told_and_stays(team: Tasksync) -> None:
    """A control character, a tag with a comma: not managed, and not changed."""
    irregular = {
        "title": "bell\x07",
        "description": "a\x01b",
        "tags": ["irregular"],
        "responsibleId": 1,
    }
    by_hand(team.folder, "POST", "tasks", irregular)
    done = team("import", "--project", "p", "--out", "x.yaml", "--tag", "irregular")
    assert "its title cannot stand in a manifest" in done.err, done
    assert "description is left out" in done.err
    taken_over(team, "x.yaml")


@pytest.mark.parametrize("sheet", [[], ["s.csv"]], ids=["portal", "sheet"])
@pytest.mark.parametrize("name", ["/dev/zero", "pipe", "round.yaml", "x" * 300])
def test_what_is_no_file_is_neither_read_nor_written(
    team: Tasksync, sheet: list[str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device has no end, and a pipe says nothing: reading either would never come back."""
    os.mkfifo("pipe")
    Path("round.yaml").symlink_to("round.yaml")
    Path("s.csv").write_text("Title\na\n", "utf-8")
    monkeypatch.setattr(file_limits, "DOCUMENT", 1 << 20)
    done = team("import", *sheet, "--project", "p", "--out", name)
    assert (done.code, f"{name} cannot be read" in done.err) == (1, True), done
    assert "tasksync itself failed" not in done.err
    assert Path("pipe").is_fifo()


@pytest.mark.parametrize("title", ["\ufeff", "\ufeff\x07", "\x1f\x85x"], ids=ascii)
def test_a_title_that_cannot_stand_leaves_a_manifest_that_can_be_read(
    team: Tasksync, title: str
) -> None:
    """What stands for it is held to the same rules."""
    by_hand(team.folder, "POST", "tasks", {"title": title, "responsibleId": 1, "tags": ["odd"]})
    done = team("import", "--project", "p", "--tag", "odd", "--out", "x.yaml")
    assert (done.code, "its title cannot stand in a manifest" in done.err) == (0, True), done
    taken_over(team, "x.yaml")


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00+00:00"])
def test_a_date_that_the_sandbox_cannot_write_does_not_close_it(team: Tasksync, at: str) -> None:
    """It was kept, and every later answer with the task in it failed."""
    with pytest.raises(AssertionError, match="400"):
        by_hand(team.folder, "POST", "tasks", {"title": "x", "responsibleId": 1, "deadline": at})
    assert team("import", "--project", "p", "--out", "x.yaml").code == 0


def test_a_long_description_comes_and_goes_whole(team: Tasksync) -> None:
    """Five megabytes of it."""
    text = "Zeile mit ü und #\n  \t" * 260_000
    by_hand(
        team.folder, "POST", "tasks", {"title": "long", "description": text, "responsibleId": 1}
    )
    assert team("import", "--project", "p", "--out", "x.yaml").code == 0
    (task,) = (
        one.task() for one in load(["x.yaml"]).tasks(None, AnyAddress()) if one.key == "long"
    )
    assert task.fields["description"] == text
