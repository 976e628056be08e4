"""Saved plans on another state than their own, after other runs, and while apply asked."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from command import Done, Tasksync, Terminal
from hand import by_hand, ids_of, world_of

from tasksync.cli.console import Console
from tasksync.cli.main import run
from tasksync.core.formats.plan_digest import checksum_of

HEAD = "apiVersion: tasksync/v1\nproject: saved\ndefaults: {responsibleId: 1}\n"
TWO = HEAD + "tasks:\n  a: {title: Task A}\n  b: {title: Task B}\n"
THREE = TWO + "  c: {title: Task C}\n"


def titles(folder: Path) -> list[str]:
    return sorted(row["title"] for row in world_of(folder))


@pytest.fixture
def tasksync(tmp_path: Path) -> Tasksync:
    return Tasksync.of(tmp_path, TWO)


def saved(tasksync: Tasksync, text: str, name: str = "plan.json", *flags: str) -> Path:
    """Plan a manifest into a file."""
    tasksync.manifest(text, "m.yaml")
    file = tasksync.folder / name
    assert tasksync("plan", "--out", file, *flags).code in {0, 4}
    return file


def lose_state(folder: Path) -> None:
    for file in folder.glob("state.db*"):
        file.unlink()


def test_a_plan_from_before_the_first_apply_makes_nothing_twice_where_the_state_was_lost(
    tasksync: Tasksync, tmp_path: Path
) -> None:
    plan = saved(tasksync, TWO)
    assert tasksync("apply", plan).code == 0
    for words in ([plan], ["--resume", plan], [plan, "--skip-stale"]):
        lose_state(tmp_path)
        again = tasksync("apply", *words)
        assert again.code == 5, again
        assert titles(tmp_path) == ["Task A", "Task B"]
    lose_state(tmp_path)
    assert "2 adopted" in tasksync("apply", "--yes").out


def test_retitled_tasks_hold_such_a_plan_back_too(tasksync: Tasksync, tmp_path: Path) -> None:
    plan = saved(tasksync, TWO)
    assert tasksync("apply", plan).code == 0
    for remote in ids_of(tasksync).values():
        by_hand(tmp_path, "PATCH", f"tasks/{remote}", {"title": f"Renamed {remote}"})
    lose_state(tmp_path)
    again = tasksync("apply", plan)
    assert (again.code, "state rebuild" in again.err) == (4, True)
    assert len(world_of(tmp_path)) == 2


def test_a_plan_with_a_lineage_is_refused_where_no_state_is(
    tasksync: Tasksync, tmp_path: Path
) -> None:
    assert tasksync("apply", "--yes").code == 0
    plan = saved(tasksync, THREE)
    lose_state(tmp_path)
    for words in ([plan], ["--resume", plan], [plan, "--skip-stale"]):
        done = tasksync("apply", *words)
        assert (done.code, "there is none yet" in done.err) == (5, True)
    assert titles(tmp_path) == ["Task A", "Task B"]


def test_a_plan_of_another_lineage_is_refused(tasksync: Tasksync, tmp_path: Path) -> None:
    assert tasksync("apply", "--yes").code == 0
    plan = saved(tasksync, THREE)
    lose_state(tmp_path)
    tasksync.manifest(TWO, "m.yaml")
    assert tasksync("apply", "--yes").code == 0
    done = tasksync("apply", plan)
    assert (done.code, "its lineage differs" in done.err) == (5, True)


def test_a_plan_is_refused_where_an_older_backup_of_the_state_was_put_back(
    tasksync: Tasksync, tmp_path: Path
) -> None:
    assert tasksync("apply", "--yes").code == 0
    shutil.copy(tmp_path / "state.db", tmp_path / "oldest")
    tasksync.manifest(TWO + "  d: {title: Task D}\n", "m.yaml")
    assert tasksync("apply", "--yes").code == 0
    shutil.copy(tmp_path / "state.db", tmp_path / "older")
    plan = saved(tasksync, THREE + "  d: {title: Task D}\n")
    assert tasksync("apply", plan).code == 0
    for backup, why in (("oldest", "older than the one"), ("older", "not in this state")):
        for flags in ((plan,), ("--resume", plan)):
            lose_state(tmp_path)
            shutil.copy(tmp_path / backup, tmp_path / "state.db")
            done = tasksync("apply", *flags)
            assert (done.code, why in done.err) == (5, True), done
    assert titles(tmp_path) == ["Task A", "Task B", "Task C", "Task D"]


def test_a_plan_from_before_the_first_apply_is_refused_on_a_state_that_another_run_began(
    tasksync: Tasksync, tmp_path: Path
) -> None:
    plan = saved(tasksync, TWO)
    tasksync.manifest(HEAD + "tasks:\n  z: {title: Task Z}\n", "m.yaml")
    assert tasksync("apply", "--yes").code == 0
    for words in ([plan], ["--resume", plan]):
        done = tasksync("apply", *words)
        assert (done.code, "begun by another run" in done.err) == (5, True)
    assert titles(tmp_path) == ["Task Z"]


CHAINS = (
    HEAD
    + "tasks:\n"
    + "".join(
        f"  k{n}{depth}: {{title: Task {n}.{depth}"
        + (f", parent: k{n}{depth - 1}}}\n" if depth else "}\n")
        for n in range(2)
        for depth in range(4)
    )
)


def cut_short(tasksync: Tasksync, plan: Path, least: int) -> dict[str, int]:
    """Apply a plan on a new world so that it ends in part, with so many tasks made at least."""
    for budget in range(1, 20):
        lose_state(tasksync.folder)
        for file in tasksync.folder.glob("world.db*"):
            file.unlink()
        done = tasksync("apply", plan, "--max-requests", str(budget))
        made = ids_of(tasksync)
        if done.code == 3 and len(made) >= least:
            return made
    raise AssertionError("no number of requests ends it in part")


@pytest.mark.parametrize("least", [2, 4, 6])
def test_what_a_later_run_took_away_is_not_made_again_by_resume(
    tasksync: Tasksync, tmp_path: Path, least: int
) -> None:
    plan = saved(tasksync, CHAINS)
    made = cut_short(tasksync, plan, least)
    tasksync.manifest(HEAD + "tasks:\n  k00: {title: Task 0.0}\n", "m.yaml")
    assert tasksync("apply", "--yes").code == 0
    rest = tasksync("apply", "--resume", plan)
    found = Counter(titles(tmp_path))
    assert set(found.values()) == {1}, rest
    gone = {f"Task {key[1]}.{key[2]}" for key in made if key != "k00"}
    assert gone
    assert not gone & found.keys(), rest
    assert (rest.code, "another run changed them" in rest.err) == (3, True)


@pytest.mark.parametrize("least", [2, 4])
def test_a_task_that_people_deleted_since_is_not_made_again_by_resume(
    tasksync: Tasksync, tmp_path: Path, least: int
) -> None:
    plan = saved(tasksync, CHAINS)
    made = cut_short(tasksync, plan, least)
    for remote in made.values():
        by_hand(tmp_path, "DELETE", f"tasks/{remote}")
    for flags in ((), ("--skip-stale",)):
        rest = tasksync("apply", "--resume", plan, *flags)
        assert not {f"Task {key[1]}.{key[2]}" for key in made} & set(titles(tmp_path)), rest
        assert rest.code in {3, 5}, rest


@pytest.mark.parametrize("least", [2, 4, 6])
def test_a_plan_from_before_the_first_apply_is_resumed_on_the_state_that_it_began(
    tasksync: Tasksync, tmp_path: Path, least: int
) -> None:
    plan = saved(tasksync, CHAINS)
    cut_short(tasksync, plan, least)
    done = tasksync("apply", "--resume", plan)
    assert done.code == 0, done
    assert titles(tmp_path) == [f"Task {n}.{depth}" for n in range(2) for depth in range(4)]


def test_a_vanished_task_that_was_made_again_and_deleted_again_is_left_alone(
    tasksync: Tasksync, tmp_path: Path
) -> None:
    for _seen in range(2):
        assert tasksync("apply", "--yes").code == 0
    by_hand(tmp_path, "DELETE", f"tasks/{ids_of(tasksync)['a']}")
    plan = saved(tasksync, TWO)
    assert tasksync("apply", plan, "--max-requests", "6").code in {0, 3}
    if "a" in ids_of(tasksync):
        by_hand(tmp_path, "DELETE", f"tasks/{ids_of(tasksync)['a']}")
    tasksync("apply", "--resume", plan)
    assert titles(tmp_path) == ["Task B"]


def digest(file: Path) -> str:
    return str(json.loads(file.read_text())["digest"])


MIXED = HEAD + (
    "tasks:\n  a: {title: Task A, priority: high}\n  b: {title: Task B}\n"
    "  kid: {title: Kid, parent: n}\n  n: {title: New}\n"
)


def test_the_digest_is_the_same_whatever_was_changed_on_the_portal_meanwhile(
    tasksync: Tasksync, tmp_path: Path
) -> None:
    tasksync.manifest(TWO + "  gone: {title: Gone}\n  kid: {title: Kid}\n", "m.yaml")
    for _seen in range(2):
        assert tasksync("apply", "--yes").code == 0
    ids = ids_of(tasksync)
    asked = digest(saved(tasksync, MIXED))
    deeds = (
        ("PATCH", f"tasks/{ids['b']}", {"title": "Changed by people"}),
        ("PATCH", f"tasks/{ids['a']}", {"title": "Changed too"}),
        ("PATCH", f"tasks/{ids['a']}", {"priority": 0}),
        ("PATCH", f"tasks/{ids['a']}", {"priority": 2}),
        ("DELETE", f"tasks/{ids['b']}", None),
        ("DELETE", f"tasks/{ids['gone']}", None),
    )
    checksums = set()
    for number, (method, path, body) in enumerate(deeds):
        by_hand(tmp_path, method, path, body)
        again = saved(tasksync, MIXED, f"again{number}.json")
        assert digest(again) == asked, path
        checksums.add(json.loads(again.read_text())["checksum"])
    assert len(checksums) == len(deeds)


@pytest.mark.parametrize(
    "other",
    [
        MIXED.replace("priority: high", "priority: low"),
        MIXED.replace("title: New", "title: Newer"),
        MIXED.replace("parent: n", "parent: a"),
        MIXED.replace("  n: {title: New", "  m: {title: New").replace("parent: n", "parent: m"),
        MIXED.replace("  b: {title: Task B}\n", ""),
        MIXED.replace("tasks:\n", "policy: {maxDelete: 99%}\ntasks:\n"),
        MIXED.replace("tasks:\n", "policy: {marker: none}\ntasks:\n"),
        MIXED.replace("tasks:\n", "policy: {onRemove: forget}\ntasks:\n"),
        MIXED.replace("tasks:\n", "policy: {allow: {delete: 3}}\ntasks:\n"),
        MIXED.replace("tasks:\n", "removed: [gone]\ntasks:\n"),
        MIXED.replace(
            "tasks:\n", "moved: [{from: gone, to: other}]\ntasks:\n  other: {title: G}\n"
        ),
        MIXED.replace("title: Task B", "title: Task B, protect: true"),
    ],
)
def test_the_digest_tells_what_the_manifest_asks(tasksync: Tasksync, other: str) -> None:
    tasksync.manifest(TWO + "  gone: {title: Gone}\n  kid: {title: Kid}\n", "m.yaml")
    assert tasksync("apply", "--yes").code == 0
    first = saved(tasksync, MIXED, "first.json")
    assert digest(saved(tasksync, other)) != digest(first)


def test_a_task_whose_answer_was_lost_has_the_digest_of_the_task_to_make(
    tasksync: Tasksync, tmp_path: Path
) -> None:
    asked = digest(saved(tasksync, TWO))
    assert tasksync("apply", "--yes").code == 0
    lose_state(tmp_path)
    assert digest(saved(tasksync, TWO)) == asked


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("policy", {"maxDelete": "100%"}),
        ("marker", "tasksync:other"),
        ("tracked", 3),
        ("wanted", 9),
        ("vanished", 5),
        ("unread", ["x.yaml"]),
        ("files", []),
        ("destroy", True),
        ("partial", True),
        ("serial", 0),
        ("lineage", ""),
        ("strays", [{"id": "1", "title": "x"}]),
        ("renames", [{"from": "a", "to": "b"}]),
        ("moved", [{"from": "a", "to": "b"}]),
        ("in_doubt", ["a"]),
        ("blocks", {"a": "00" * 16}),
        ("resource_drift", []),
    ],
)
def test_whatever_is_changed_in_a_plan_file_by_hand_is_seen(
    tasksync: Tasksync, tmp_path: Path, name: str, value: object
) -> None:
    assert tasksync("apply", "--yes").code == 0
    by_hand(tmp_path, "PATCH", f"tasks/{ids_of(tasksync)['b']}", {"title": "Drifted"})
    plan = saved(tasksync, THREE)
    data = json.loads(plan.read_text())
    before = data[name]
    data[name] = {**before, **value} if isinstance(before, dict) else value
    assert data[name] != before
    plan.write_text(json.dumps(data))
    for command in ("apply", "show"):
        done = tasksync(command, plan)
        assert (done.code, "changed by hand" in done.err) == (1, True)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("requests", None, "requests is missing"),
        ("requests", "3", "requests is no number"),
        ("seconds", "soon", "seconds is no number"),
        ("seconds", True, "seconds is no number"),
        ("seconds", -1, "seconds is no number"),
        ("seconds", float("nan"), "it is no JSON"),
        ("levels", 10**9, "levels is 1000000000, more than the changes that it holds (2)"),
        ("levels", 0, "a change is of level 0, and levels is 0"),
        ("levels", -1, "levels cannot be -1"),
        ("tracked", -5, "tracked cannot be -5"),
        ("policy", {"maxDelete": "NaN%"}, "is no limit"),
        ("policy", {"maxDelete": "-1"}, "is no limit"),
        ("policy", {"maxDelete": "9" * 5000 + "%"}, "is no limit"),
        ("format_version", "1.0", "Make a new plan"),
        ("format_version", 2, "format_version is 2"),
        ("checksum", None, "it has no checksum"),
        ("strays", [{"id": "-1", "title": "x"}], "is no id of a task"),
        ("strays", [{"id": "9" * 5000, "title": "x"}], "is no id of a task"),
    ],
)
def test_a_plan_file_that_cannot_be_is_one_clear_error(
    tasksync: Tasksync, name: str, value: object, words: str
) -> None:
    """Even where whoever wrote it has made the checksum fit."""
    plan = saved(tasksync, TWO)
    data = json.loads(plan.read_text())
    data[name] = {**data[name], **value} if isinstance(value, dict) else value
    if value is None:
        del data[name]
    if "checksum" in data:
        data["checksum"] = checksum_of(data)
    plan.write_text(json.dumps(data))
    for command in ("show", "apply"):
        done = tasksync(command, plan)
        assert done.code == 1, done
        assert words in done.err
        assert "Traceback" not in done.err


def test_a_name_that_stands_twice_in_a_plan_file_is_refused(tasksync: Tasksync) -> None:
    plan = saved(tasksync, TWO)
    plan.write_text(
        plan.read_text().replace('"policy":', '"policy":{"maxDelete":"1"},"policy":', 1)
    )
    done = tasksync("show", plan)
    assert (done.code, '"policy" stands in it twice' in done.err) == (1, True)


class Answering(Terminal):
    """A person who says yes, after something happened on the portal."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        super().__init__()
        self._meanwhile = meanwhile

    def readline(self, _size: int | None = -1, /) -> str:
        self._meanwhile()
        return "yes\n"


def asked(tasksync: Tasksync, meanwhile: Callable[[], object], *flags: str) -> Done:
    out, err = Terminal(), Terminal()
    console = Console(Answering(meanwhile), out, err, tasksync.env)
    return Done(run(["apply", *flags], console), out.getvalue(), err.getvalue())


DROPPED = HEAD + "tasks:\n  a: {title: Task A, priority: high}\n  c: {title: Task C}\n"


@pytest.mark.parametrize(
    ("method", "path", "body", "words"),
    [
        ("POST", "tasks/{b}/comments", {"author": 7, "message": "Wait"}, "b: activity"),
        ("POST", "tasks/{b}/time", {"user": 7, "seconds": 60}, "b: activity"),
        ("PATCH", "tasks/{b}", {"title": "Retitled"}, "b: title"),
        ("PATCH", "tasks/{a}", {"priority": 0}, "a: priority"),
        ("PATCH", "tasks/{a}", {"tags": ["tasksync:other"]}, "a: marker"),
        ("PATCH", "tasks/{b}", {"tags": ["tasksync:other"]}, "b: marker"),
        ("DELETE", "tasks/{a}", None, "a: task"),
        (
            "POST",
            "tasks",
            {"title": "Task C", "responsibleId": 1, "tags": ["tasksync:saved"]},
            "c: task",
        ),
    ],
)
def test_what_moved_while_apply_asked_is_stale_and_nothing_is_written(
    tasksync: Tasksync, tmp_path: Path, method: str, path: str, body: object, words: str
) -> None:
    assert tasksync("apply", "--yes").code == 0
    ids = ids_of(tasksync)
    tasksync.manifest(DROPPED, "m.yaml")
    after: list[object] = []

    def meanwhile() -> None:
        by_hand(tmp_path, method, path.format(**ids), body)
        after.append(world_of(tmp_path))

    done = asked(tasksync, meanwhile)
    assert done.code == 5, done
    assert words in done.err
    assert world_of(tmp_path) == after[0]
    assert ids_of(tasksync) == ids


def test_what_people_do_to_other_tasks_and_fields_while_apply_asks_holds_nothing_up(
    tasksync: Tasksync, tmp_path: Path
) -> None:
    assert tasksync("apply", "--yes").code == 0
    ids = ids_of(tasksync)
    tasksync.manifest(DROPPED, "m.yaml")

    def meanwhile() -> None:
        by_hand(tmp_path, "POST", f"tasks/{ids['a']}/comments", {"author": 7, "message": "Hm"})
        by_hand(tmp_path, "POST", "tasks", {"title": "Task C", "responsibleId": 1})

    assert asked(tasksync, meanwhile).code == 0
    assert titles(tmp_path) == ["Task A", "Task C", "Task C"]
