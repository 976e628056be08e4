"""What documents say beside their tasks, and how several of them make one manifest."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from validating import validate

from tasksync.core.fields import FIELDS, PRIORITY_WORDS, STATUS_WORDS, TITLE_LIMIT
from tasksync.core.manifest import Moved, Policy, Threshold
from tasksync.core.task import OnRemove, Task
from tasksync.errors import ManifestInvalid
from tasksync.manifests import schema
from tasksync.manifests.loader import load

FULL = """apiVersion: tasksync/v1
project: finance-q2
timezone: Europe/Berlin
defaults: {responsibleId: 1, tags: [finance], protect: true}
policy:
  maxDelete: 25%
  maxUpdate: 40
  maxVanished: 12.5%
  onRemove: defer
  marker: none
  allow: {delete: 3}
moved: [{from: old, to: a}]
removed: [gone]
tasks:
  a: {title: A}
"""


def put(folder: Path, **files: str) -> str:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return str(folder)


def tasks(path: str) -> dict[str, Task]:
    return {row.key: row.task() for row in load([path]).tasks()}


def test_the_header_is_known_before_the_tasks_are_read(tmp_path: Path) -> None:
    manifest = load([put(tmp_path, m=FULL)])
    assert manifest.project == "finance-q2"
    assert manifest.timezone == "Europe/Berlin"
    assert manifest.policy == Policy(
        max_delete=Threshold(share=0.25),
        max_update=Threshold(number=40),
        max_vanished=Threshold(share=0.125),
        on_remove=OnRemove.DEFER,
        marker=False,
        allow_delete=3,
    )
    assert manifest.moved == (Moved("old", "a"),)  # type: ignore[arg-type]
    assert manifest.removed == ("gone",)
    assert manifest.files == (str(tmp_path / "m.yaml"),)
    assert manifest.marker is None
    assert len(list(manifest.tasks())) == 1


def test_tasks_are_read_one_by_one(tmp_path: Path) -> None:
    """The first task is there before the last is looked at; the fault shows at the end."""
    text = FULL + "".join(f"  t{n}: {{title: T}}\n" for n in range(50)) + "  bad: {title: 5}\n"
    stream = iter(load([put(tmp_path, m=text)]).tasks())
    assert next(stream).key == "a"
    with pytest.raises(ManifestInvalid, match="title is 5, not text"):
        list(stream)


def test_defaults_of_the_project_lie_under_those_of_a_document(tmp_path: Path) -> None:
    """A document's own defaults win, a task's own values win over both, lists are replaced."""
    other = """apiVersion: tasksync/v1
defaults: {tags: [ops], priority: high, parentId: 5}
tasks:
  b: {title: B}
  c: {title: C, tags: [x], priority: low, responsibleId: 2, parent: a}
"""
    found = tasks(put(tmp_path, m=FULL, a=other))
    assert found["a"].fields["tags"] == ("finance",)
    assert found["b"].fields["tags"] == ("ops",)
    assert found["b"].fields["responsibleId"] == 1
    assert found["b"].fields["parentId"] == 5
    assert found["b"].options.protect is True
    assert found["c"].fields["tags"] == ("x",)
    assert found["c"].fields["priority"] == 0
    assert found["c"].fields["parentId"] != 5


def test_null_clears_and_what_is_absent_is_not_managed(tmp_path: Path) -> None:
    found = tasks(put(tmp_path, m=FULL + "  b: {title: B, deadline: null, tags: null}\n"))
    assert found["b"].fields["deadline"] is None
    assert found["b"].fields["tags"] == ()
    assert "deadline" not in found["a"].fields


def test_a_manifest_may_want_nothing_but_must_say_so(tmp_path: Path) -> None:
    assert validate([put(tmp_path, m="apiVersion: tasksync/v1\nproject: p\ntasks: {}\n")]) == 0


def test_a_file_may_hold_several_documents(tmp_path: Path) -> None:
    more = "---\napiVersion: tasksync/v1\ntasks:\n  b: {title: B}\n"
    assert list(tasks(put(tmp_path, m=FULL + more))) == ["a", "b"]


def test_places_are_those_of_the_keys(tmp_path: Path) -> None:
    path = put(tmp_path, m=FULL)
    (row,) = load([path]).tasks()
    assert (row.file, row.line) == (str(tmp_path / "m.yaml"), 15)
    assert (row.task().place.line, row.task().place.column) == (15, 3)


def test_faults_of_header_and_tasks_are_told_in_one_run(tmp_path: Path) -> None:
    text = FULL.replace("Berlin", "Berln").replace("25%", "250%") + (
        "  b: {titel: B}\n  c: {title: 1, parent: nobody, status: 9}\n"
    )
    with pytest.raises(ManifestInvalid) as caught:
        load([put(tmp_path, m=text)])
    lines = [problem.place.line for problem in caught.value.problems]
    assert lines == [3, 6, 16, 16, 17, 17, 17]


def test_a_parent_is_not_called_unknown_when_a_file_could_not_be_read(tmp_path: Path) -> None:
    """What stands in the unread part may well be what is missed."""
    path = put(tmp_path, m=FULL + "  b: {title: B, parent: z}\n", z="tasks: [")
    with pytest.raises(ManifestInvalid) as caught:
        load([path])
    assert len(caught.value.problems) == 1


def test_the_schema_is_a_schema_and_says_what_core_says() -> None:
    """2020-12, a title and a description everywhere, the same words and limits as core."""
    whole = json.loads(schema.text())
    jsonschema.Draft202012Validator.check_schema(whole)
    task = whole["$defs"]["task"]["properties"]
    for properties in (task, whole["properties"], whole["properties"]["policy"]["properties"]):
        assert all("title" in one and "description" in one for one in properties.values())
    assert set(FIELDS) <= set(task)
    assert task["status"]["enum"] == [*STATUS_WORDS, *STATUS_WORDS.values()]
    assert task["priority"]["enum"] == [*PRIORITY_WORDS, *PRIORITY_WORDS.values()]
    assert task["title"]["maxLength"] == TITLE_LIMIT
    nullable = {name for name in FIELDS if "null" in task[name].get("type", ())}
    assert nullable == {name for name, field in FIELDS.items() if field.clearable}


def test_the_examples_of_the_schema_are_valid() -> None:
    whole = json.loads(schema.text())
    for name, one in whole["$defs"]["task"]["properties"].items():
        for example in one.get("examples", []):
            block = {"title": "A", "responsibleId": 1, name: example}
            assert schema.checker(schema.WHOLE_TASK)(block), name
    assert all(schema.checker(schema.MANIFEST)(example) for example in whole["examples"])
