"""Instances known again: what did not change is not expanded; one changed row costs one of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tasksync.core.fields import RemoteId
from tasksync.core.manifest import Wanted
from tasksync.core.state import NO_SOURCE, Entry, EntryIndex
from tasksync.manifests.language.templates import TemplateTask
from tasksync.manifests.loader import load

TEXT = """apiVersion: tasksync/v1
project: p
timezone: Europe/Berlin
hours: {start: "09:00", end: "18:00"}
dates: {release: 2027-10-01}
defaults: {responsibleId: 1}
templates:
  newcomer:
    parameters:
      name: text
      start: date
      remote: {type: boolean, default: false}
    tasks:
      welcome: {title: "Welcome ${name}", deadline: "${start} - 1w"}
      desk: {title: "Desk for ${name}", parent: welcome, when: {remote: false}}
  other:
    parameters: {what: text}
    tasks:
      it: {title: "Other ${what}"}
    use:
      - {template: newcomer, key: in, with: {name: "${what}", start: release}}
use:
  - template: newcomer
    forEach: people.csv
  - {template: other, key: more, with: {what: things}}
tasks:
  plain: {title: Plain}
"""
ROWS = """key,name,start,remote
anna,Anna,2027-03-01,
ben,Ben,2027-03-02,yes
carla,Carla,release - 2w,no
"""
ALL = [
    *("anna/desk", "anna/welcome", "ben/welcome", "carla/desk", "carla/welcome"),
    *("more/in/desk", "more/in/welcome", "more/it"),
]


@dataclass
class Project:
    """A manifest with a CSV, and what a state holds after an apply of it."""

    folder: Path
    index: EntryIndex = field(default_factory=EntryIndex)

    def write(self, text: str = TEXT, rows: str = ROWS) -> None:
        (self.folder / "m.yaml").write_text(text, encoding="utf-8")
        (self.folder / "people.csv").write_text(rows, encoding="utf-8")

    def read(self, index: EntryIndex | None = None) -> list[Wanted]:
        return list(load([str(self.folder / "m.yaml")]).tasks(index))

    def apply(self) -> None:
        manifest = load([str(self.folder / "m.yaml")])
        tasks = [row.task() for row in manifest.tasks()]
        known = manifest.source_fingerprints([])
        self.index = EntryIndex(
            Entry(t.key, RemoteId(n), t.fields, source=known.get(t.key, NO_SOURCE)).summary()
            for n, t in enumerate(tasks, 1)
        )


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.write()
    made.apply()
    return made


@pytest.fixture
def blocks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of all tasks of templates that are filled in from now on."""
    made: list[str] = []
    genuine = TemplateTask.block

    def spy(task: TemplateTask, values: dict[str, object]) -> object:
        found = genuine(task, values)  # type: ignore[arg-type]
        made.append(str(found["title"]))
        return found

    monkeypatch.setattr(TemplateTask, "block", spy)
    return made


def test_what_did_not_change_is_not_expanded(project: Project, blocks: list[str]) -> None:
    """And it is the same that is wanted, with the same parents and places."""
    before = project.read()
    blocks.clear()
    again = project.read(project.index)
    assert not blocks
    assert [one[:5] for one in again] == [one[:5] for one in before]
    assert sorted(str(one.key) for one in again) == sorted([*ALL, "plain"])


def test_a_recalled_task_is_the_same_when_somebody_asks(project: Project) -> None:
    """Also `written`, which is in no digest."""
    before = [one.task() for one in project.read()]
    assert [one.task() for one in project.read(project.index)] == before


@pytest.mark.parametrize(
    ("before", "after", "filled"),
    [
        ("Anna,2027-03-01", "Anna,2027-03-08", ["Welcome Anna", "Desk for Anna"]),
        ("ben,Ben,2027-03-02,yes", "ben,Ben,2027-03-02,no", ["Welcome Ben", "Desk for Ben"]),
        ("carla,", "clara,", ["Welcome Carla", "Desk for Carla"]),
        ("2027-03-02,yes\n", "2027-03-02,yes\ndan,Dan,release,yes\n", ["Welcome Dan"]),
        (
            "anna,Anna,2027-03-01,\nben,Ben,2027-03-02,yes",
            "ben,Ben,2027-03-02,yes\nanna,Anna,2027-03-01,",
            [],
        ),
        (
            "key,name,start,remote\nanna,Anna,2027-03-01,",
            "name,key,start,remote\nAnna,anna,2027-03-01,",
            None,
        ),
    ],
)
def test_one_changed_row_costs_one_instance(
    project: Project, blocks: list[str], before: str, after: str, filled: list[str] | None
) -> None:
    """The order of rows means nothing; that of columns neither."""
    assert before in ROWS
    rows = ROWS.replace(before, after)
    if filled is None:
        lines = [line.split(",") for line in ROWS.splitlines()]
        rows = "\n".join(",".join([b, a, *rest]) for a, b, *rest in lines)
        filled = []
    project.write(rows=rows)
    project.read(project.index)
    assert blocks == filled


@pytest.mark.parametrize(
    ("before", "after", "filled"),
    [
        ("Other ${what}", "Others ${what}", 3),
        ("Welcome ${name}", "Hello ${name}", 8),
        ("release: 2027-10-01", "release: 2027-10-02", 8),
        ("responsibleId: 1", "responsibleId: 2", 8),
        ("what: things", "what: thing", 3),
        ("title: Plain", "title: Plainer", 0),
    ],
)
def test_what_an_instance_hangs_on_has_it_expanded_anew(
    project: Project, blocks: list[str], before: str, after: str, filled: int
) -> None:
    """Its template, one that it uses, dates and defaults; not the tasks beside it."""
    assert before in TEXT
    project.write(TEXT.replace(before, after))
    project.read(project.index)
    assert len(blocks) == filled
