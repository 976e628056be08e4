"""`accept` of values of templates, rows and defaults: in place, or refused with the place."""

from __future__ import annotations

from pathlib import Path

import pytest
from accept_team import Team

from tasksync.manifests.accepting import accepted

MANIFEST = """\
apiVersion: tasksync/v1
project: fin
timezone: Europe/Berlin
hours: {start: "09:00", end: "18:00"}
people: {it: 7}
defaults:
  responsibleId: 1
  priority: low
templates:
  newcomer:
    parameters:
      name: text
      start: date
      buddy: person
      size: {type: text, default: low}
      until: {type: date, default: 2026-10-01}
    tasks:
      welcome:
        title: Welcome ${name}
        responsibleId: ${buddy}
        deadline: ${start}
      desk:
        title: Desk
        description: ${name}
        priority: ${size}
        endDatePlan: ${until}
        status: pending
use:
  - template: newcomer
    forEach: rows.csv
  - template: newcomer
    key: zoe
    with: {name: Zoe, start: 2026-09-01, buddy: it}   # the last one
  - template: newcomer
    with: {buddy: 22}
    forEach:
      - {key: k1, name: K1, start: 2026-09-07}
      - key: k2   # second
        name: K2
        start: 2026-09-08
"""
ROWS = (
    '\ufeffkey;name;start;buddy;size\r\nanna;"Anna; A.";2026-09-02;22;\r\nbob;Bob;2026-09-03;it;low'
)


@pytest.fixture
def team(tmp_path: Path) -> Team:
    (tmp_path / "rows.csv").write_bytes(ROWS.encode())
    return Team(tmp_path, MANIFEST)


def rows(team: Team) -> str:
    return (team.folder / "rows.csv").read_bytes().decode()


def test_a_cell_is_written_in_its_place_and_the_file_stays_as_it_is(team: Team) -> None:
    """Byte order mark, dividers, quotes, line ends, and the line that does not end."""
    team.change("anna/welcome", responsibleId=14, deadline="2026-09-05T18:00:00+02:00")
    team.change("anna/desk", priority=2)
    team.change("bob/welcome", deadline="2026-09-03T12:00:00+02:00", responsibleId=22)
    done = team.accept("--all")
    assert done.code == 0, done
    assert rows(team) == ROWS.replace("2026-09-02;22;\r", "2026-09-05;14;high\r").replace(
        "2026-09-03;it", "2026-09-03T12:00;22"
    )
    assert team.text == MANIFEST
    assert team.is_done


def test_what_a_use_gives_is_written_there(team: Team) -> None:
    """A default of the template is overridden there, and a row of YAML is edited in its place."""
    team.change("zoe/welcome", responsibleId=22)
    team.change("zoe/desk", priority=2, endDatePlan="2026-11-02T18:00:00+01:00")
    team.change("k1/welcome", deadline="2026-09-10T18:00:00+02:00")
    team.change("k2/desk", priority=1)
    done = team.accept("--all")
    assert done.code == 0, done
    zoe = "buddy: it}   # the last one"
    expected = MANIFEST.replace(zoe, f"buddy: 22, size: high, until: 2026-11-02{zoe[9:]}")
    expected = expected.replace("start: 2026-09-07", "start: 2026-09-10")
    assert team.text == f"{expected}        size: normal\n"
    assert team.is_done


@pytest.mark.parametrize(
    ("key", "field", "value", "place", "why"),
    [
        ("anna/desk", "title", "D", "m.yaml:23:16", "the template newcomer, which says Desk"),
        ("anna/welcome", "title", "W", "m.yaml:19:16", "which says Welcome ${name} for all"),
        ("anna/desk", "endDatePlan", "2026-11-02T18:00:00+01:00", "rows.csv:2", "no column"),
        ("anna/welcome", "priority", 2, "m.yaml:8:13", "it comes of defaults, for all tasks of"),
        ("anna/desk", "description", "X", "rows.csv:2", "it would change anna/welcome too"),
        ("k1/welcome", "responsibleId", 7, "m.yaml:35:19", "it would change k2/welcome too"),
        ("anna/welcome", "deadline", None, "rows.csv:2", "start (date) has no value"),
    ],
)
def test_what_hangs_on_more_than_one_task_is_refused_with_its_place(
    team: Team, key: str, field: str, value: object, place: str, why: str
) -> None:
    """Nothing of it is written; with --all what else people changed is."""
    team.change(key, **{field: value})
    done = team.accept(f"{key}.{field}")
    assert done.code == 1, done
    assert f"{place}: {key}.{field} cannot be accepted: " in done.err
    assert why in done.err
    assert (team.text, rows(team)) == (MANIFEST, ROWS)
    team.change("bob/welcome", responsibleId=22)
    assert team.accept("--all").code == 3
    assert rows(team) == ROWS.replace(";it;", ";22;")


def test_a_value_that_all_tasks_of_a_row_were_given_is_one_cell(team: Team) -> None:
    """Where people changed every task that hangs on a cell alike, the cell says it."""
    team.change("bob/welcome", title="Welcome Rob")
    team.change("bob/desk", description="Rob")
    assert team.accept("--all").code == 0
    assert rows(team) == ROWS.replace("bob;Bob", "bob;Rob")
    assert team.is_done


def test_a_value_that_more_than_itself_hangs_on_is_refused_with_what(tmp_path: Path) -> None:
    """Another field of its task, or whether there is the task at all."""
    text = """\
apiVersion: tasksync/v1
project: fin
templates:
  one:
    parameters: {kind: {choice: [x, y]}}
    tasks:
      a: {title: "${kind}", description: "of ${kind}", responsibleId: 1}
      b: {title: B, description: "${kind}", responsibleId: 1, when: {kind: x}}
use:
  - {template: one, key: o, with: {kind: x}}
"""
    team = Team(tmp_path, text)
    team.change("o/a", title="y")
    team.change("o/b", description="y")
    done = team.accept("--all")
    assert done.code == 1
    assert "o/a.title cannot be accepted: it would change another field of the task too" in done.err
    assert "o/b.description cannot be accepted: the task would be left out: its `when`" in done.err
    assert team.text == text


def test_no_cell_says_that_a_field_is_empty(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("key,until\na,2026-11-02T10:00\n", "utf-8")
    text = """\
apiVersion: tasksync/v1
project: fin
timezone: Europe/Berlin
templates:
  one:
    parameters: {until: {type: date, default: 2026-10-01T10:00}}
    tasks: {a: {title: A, responsibleId: 1, deadline: "${until}"}}
use: [{template: one, forEach: rows.csv}]
"""
    team = Team(tmp_path, text)
    team.change("a/a", deadline=None)
    done = team.accept("--all")
    assert (done.code, "rows.csv:2: a/a.deadline cannot be" in done.err) == (1, True)
    assert "an empty cell gives nothing" in done.err


@pytest.mark.parametrize("alike", [True, False])
def test_a_shared_value_of_many_tasks_costs_no_reading_for_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, alike: bool
) -> None:
    """People moved the dates of a whole template's tasks, which one `with` gives."""
    keys = [f"p{number}" for number in range(12)]
    (tmp_path / "rows.csv").write_text("\n".join(["key;name", *map("{0};{0}".format, keys)]))
    given = "    forEach: rows.csv\n    with: {start: 2026-09-01, buddy: it}\n"
    text = MANIFEST.replace("    forEach: rows.csv\n", given)
    team = Team(tmp_path, text)
    for number, key in enumerate(keys[1:], 1):
        day = 2 if alike else number + 1
        team.change(f"{key}/welcome", deadline=f"2026-10-{day:02}T18:00:00+02:00")
    readings: list[object] = []
    read = accepted.read_tasks
    monkeypatch.setattr(accepted, "read_tasks", lambda *of: readings.append(of) or read(*of))
    done = team.accept("--all")
    assert done.code == 1
    assert (
        done.err.count("would change p0/welcome too" if alike else "/welcome too") == len(keys) - 1
    )
    assert len(readings) <= 6  # one for each way to write a date
    assert team.text == text


def test_files_of_rows_in_yaml_are_edited_too(tmp_path: Path) -> None:
    text = MANIFEST.replace("forEach: rows.csv", "forEach: rows/new.yml")
    (tmp_path / "rows").mkdir()
    told = "# ours\n- key: anna\n  name: Anna   # the first\n  start: 2026-09-02\n  buddy: it\n"
    (tmp_path / "rows/new.yml").write_text(told, "utf-8")
    team = Team(tmp_path, text)
    team.change("anna/welcome", responsibleId=22)
    assert team.accept("anna/*").code == 0
    assert (tmp_path / "rows/new.yml").read_text("utf-8") == told.replace("buddy: it", "buddy: 22")
    assert team.is_done


def test_documents_with_defaults_of_their_own_keep_them(tmp_path: Path) -> None:
    """What a document's `defaults` gave is an override in the task; the task next to it stays."""
    text = (
        "apiVersion: tasksync/v1\nproject: fin\ndefaults: {responsibleId: 1}\n"
        "tasks:\n  a: {title: A}\n"
        "---\napiVersion: tasksync/v1\ndefaults: {priority: high, tags: [x]}\ntasks:\n"
        "  b:\n    title: B\n  c: {title: C}\n"
    )
    team = Team(tmp_path, text)
    team.change("b", priority=0, tags=["x", "z", "tasksync:fin"])
    assert team.accept("--all").code == 0
    assert team.text == text.replace(
        "title: B\n", "title: B\n    priority: low\n    tags: [x, z]\n"
    )
    assert team.is_done
