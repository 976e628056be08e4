"""The doors of the commands that look, take over and take back: none of them tells our secrets.

The table of test_secrets_doors goes on here: a secret is planted in every text that comes from
outside (tasks, tags, people, groups, the owner), and each command is a row, in each format.
"""

from __future__ import annotations

import json
from pathlib import Path

import httpstate
import pytest
from fleet_commands import KEYS, FleetOf
from loose import Loose, files_of, me, planting, recorded, silent
from planting import ENV, FORMS, PLANT, planted, told
from portal import Served
from trips import Ended, task

#: with each turn each secret is quoted in another form
TURNS = range(0, len(FORMS), 5)
TEXT = {"--format=text", "--format=json"}
RICH = {*TEXT, "--format=markdown"}
ONE = {"--quiet"}
#: command -> the formats that it has; `***` stands in what it prints, or writes
LOOKING: dict[tuple[str, ...], set[str]] = {
    ("status",): {*RICH, "--format=csv", "--format=html"},
    ("drift",): RICH,
    ("people",): TEXT,
    ("groups",): TEXT,
    ("history", "show", "last"): TEXT,
    ("undo", "--skip-stale", "--out", "undo.json"): ONE,
}
#: command -> the formats; what it finds to say is none of ours
BESIDE: dict[tuple[str, ...], set[str]] = {
    ("history",): TEXT,
    ("whoami",): TEXT,
    ("status", "--person", "nobody"): ONE,
    ("import", "--match", "--yes"): ONE,
    ("import", "--people", "number", "--out", "numbers.yaml"): ONE,
}
#: those that ask the portal alone
_WITHOUT_A_MANIFEST = {"whoami", "people", "groups"}


class Blocks(Loose):
    """A manifest into which accept can write."""

    def write(self, **_header: object) -> None:
        """Write it as people do."""
        head = "apiVersion: tasksync/v1\nproject: e2e\ndefaults: {responsibleId: 1}\ntasks:\n"
        tasks = (
            f"  {key}:\n    title: {one['title']}\n    description: {one['description']}\n"
            for key, one in self.tasks.items()
        )
        self.manifest.write_text(head + "".join(tasks), encoding="utf-8")


def changed_by_people(loose: Loose) -> None:
    """Let people change what they can; what they write says our secrets."""
    portal = loose.portal
    portal.edit("A", title=f"Not A {PLANT}", deadline="2020-01-01T10:00:00Z")
    portal.edit("B", description=f"one\n{PLANT}\ntwo", tags=[f"x{PLANT}", "tasksync:e2e"])
    portal.edit("C", responsibleId=77, groupId=78)
    portal.by_hand(f"Orphan {PLANT}", tags=["tasksync:e2e", PLANT])
    portal.by_hand("D", description=PLANT, groupId=78)


@pytest.fixture
def loose(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Loose:
    """A project, and a portal whose people and groups are called as our secrets."""
    made = Blocks(tmp_path / "project", served)
    monkeypatch.chdir(made.folder)
    made.want({name: task(name.upper(), description="Long") for name in "abc"})
    named = {"name": f"Ann {PLANT}", "email": f"{PLANT}@example.com"}
    served.control("PATCH", "users/1", named)
    served.control("POST", "users", {"id": 77, "name": "Bo", "last_name": PLANT, "active": False})
    served.control("POST", "groups", {"id": 78, "name": f"Group {PLANT}"})
    return made


def of_command(loose: Loose, words: tuple[str, ...], *more: str) -> Ended:
    named = () if words[0] in _WITHOUT_A_MANIFEST else ("-f", str(loose.manifest))
    return loose.run(*words, *more, *named)


@pytest.mark.parametrize("turn", TURNS)
def test_no_command_that_looks_takes_over_or_takes_back_tells_our_secrets(
    loose: Loose, served: Served, turn: int
) -> None:
    """On stdout and stderr, in what it writes into the manifest and beside it, in the state."""
    planting(served, turn, me if turn % 2 else lambda _asked: None)
    loose.apply("--no-verify").must(0)
    changed_by_people(loose)
    silent(of_command(loose, ("drift", "--detailed-exitcode")).must(2), loose.apply().must(0, 3))
    changed_by_people(loose)
    for rows in (LOOKING, BESIDE):
        for words, formats in rows.items():
            for shown in sorted(formats):
                end = of_command(loose, words, shown)
                assert not told(end.text), (words, shown)
                assert rows is BESIDE or "***" in end.text, (words, shown, end.text)
    end = of_command(loose, ("accept", "--all", "--yes"))
    silent(end)
    assert "a.title: *** stands in it" in end.err
    assert "***" not in loose.manifest.read_text()
    end = of_command(loose, ("import", "--out", "imported.yaml"))
    silent(end)
    assert "*** stands in 2 tasks (" in end.err
    left = files_of(loose.folder)
    assert {"imported.yaml", "numbers.yaml", "undo.json"} <= {Path(one).name for one in left}
    assert not {name: told(text) for name, text in left.items() if told(text)}
    assert not told(recorded(loose))


FLEET = (
    ("plan", "--json", "--out", "plans"),
    ("status", "--format=html", "--out", "status"),
    ("drift", "--format=markdown", "--out", "drift"),
    ("apply", "--yes", "--out", "applied"),
)


def test_no_command_of_a_fleet_tells_its_secrets_nor_those_of_another_project(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a project's process does not know to hide is hidden by the fleet's, in reports too."""
    monkeypatch.setattr("fleet_commands.KEYS", {**KEYS, **ENV, "ACME_KEY": ENV["TASKSYNC_API_KEY"]})
    monkeypatch.chdir(tmp_path)
    fleet = FleetOf(tmp_path, {"globex": served.url})
    only = ("--only", "globex", "--parallelism", "1")
    planting(served, 3)
    assert fleet("apply", "--yes", *only).code == 0
    served.edit("One of globex", title=f"Other {PLANT}", description=PLANT)
    for words in FLEET:
        done = fleet(*words[:1], *only, *words[1:])
        assert done.code in {0, 3}, done
        assert not told(done.out + done.err), words
        assert "***" in done.out or words[0] in {"plan", "apply"}, (words, done)
    folders = [tmp_path / words[-1] for words in FLEET]
    left = {name: text for folder in folders for name, text in files_of(folder).items()}
    assert len(left) >= 2 * len(FLEET)
    assert not {name: told(text) for name, text in left.items() if told(text)}


#: commands that look into the state alone, or first
OF_A_STATE = (
    ("state", "list"),
    ("state", "show", "a"),
    ("state", "pull"),
    ("history",),
    ("history", "show", "last"),
    ("undo", "--skip-stale", "--out", "undo.json"),
    ("plan", "--out", "plan.json"),
    ("drift",),
    ("status",),
)


@pytest.mark.parametrize("turn", TURNS)
def test_a_state_that_says_our_secrets_is_told_without_them(
    loose: Loose, served: Served, turn: int
) -> None:
    """A state server puts them into titles, runs, names and keys of what it was given to keep."""
    planting(served, turn)
    with httpstate.Server() as server:
        loose.state = server.url
        loose.apply("--no-verify").must(0)
        (name,) = server.states.documents
        document = json.loads(server.states.documents[name])
        state = document["state"]
        entry = state["entries"]["a"]
        entry["asked"]["title"] = f"A {PLANT}"
        entry["asked"]["description"] = PLANT
        state["runs"][-1] |= {"by": PLANT, "ci": f"https://h/{PLANT}"}
        state["identity"] |= {"owner": PLANT}
        text = json.dumps(document).replace(PLANT, planted(turn))
        server.states.documents[name] = text.encode()
        for words in OF_A_STATE:
            end = of_command(loose, words)
            assert not told(end.text), words
            assert end.code in {0, 1, 2, 5}, end.text
        for words in (("state", "show", "a"), ("history",)):
            assert "***" in of_command(loose, words).out, words
        for spoilt in (
            f'{{"{PLANT}": 1}}',
            f'["{PLANT}"]',
            PLANT,
            text.replace('"a"', f'"{PLANT}"'),
        ):
            server.states.documents[name] = spoilt.replace(PLANT, planted(turn)).encode()
            for words in (("plan",), ("state", "list"), ("history",)):
                silent(of_command(loose, words))
    left = files_of(loose.folder)
    assert not {name: told(text) for name, text in left.items() if told(text)}
