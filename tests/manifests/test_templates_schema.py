"""The published schema knows templates and uses: what editors show, complete and refuse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml

from tasksync.manifests import schema

SCHEMA: dict[str, Any] = json.loads(schema.text())
OURS = ("template", "templateTask", "use", "nestedUse", "parameter")
HEAD = {"apiVersion": "tasksync/v1", "project": "p"}
TEXT = """
templates:
  newcomer:
    parameters:
      name: text
      start: date
      size: {choice: [small, large], default: small}
    tasks:
      welcome:
        title: Welcome ${name}
        responsibleId: ${buddy}
        startDatePlan: ${start} - 1w
        priority: ${size}
        accomplices: ["${team}", 9]
        tags: [onboarding, "${name}"]
        parent: /all
        protect: ${remote}
        when: {size: [small, large]}
    use:
      - {template: laptop, key: "${name}", with: {name: "${name}"}, when: {size: small}}
use:
  - {template: newcomer, key: anna, with: {name: Anna, start: 2027-09-01}}
  - {template: newcomer, forEach: newcomers.csv, allowEmpty: true}
  - {template: newcomer, forEach: [{key: ben, name: Ben}]}
  - {template: close, forEach: {month: 2027-01..2027-12}}
"""


def manifest(text: str = TEXT) -> dict[str, Any]:
    """Return a document as an editor sees it; dates are texts there."""
    return {**HEAD, **yaml.load(text, Loader=yaml.BaseLoader)}  # noqa: S506 - it makes only texts


def judged(value: object, part: str = "") -> list[str]:
    """Return what an independent validator says, with all that is for editors."""
    whole = SCHEMA if not part else {"$ref": f"#/$defs/{part}", "$defs": SCHEMA["$defs"]}
    return [error.message for error in jsonschema.Draft202012Validator(whole).iter_errors(value)]


def test_a_manifest_with_templates_is_valid() -> None:
    """With everything that a template and a use may say."""
    value = manifest()
    task = value["templates"]["newcomer"]["tasks"]["welcome"]
    task["accomplices"][1] = 9
    value["use"][1]["allowEmpty"] = True
    assert judged(value) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("startDatePlan:", "startDate:"),
        ("priority: ${size}", "priority: hihg"),
        ("title: Welcome ${name}", "title: []"),
        ("template: laptop, ", ""),
        ("name: text", "name: txt"),
        ("parameters:", "parametres:"),
        ("forEach: newcomers.csv", "foreach: newcomers.csv"),
        ("parent: /all", "parent: '//all'"),
        ("choice: [small, large]", "choise: [small, large]"),
    ],
)
def test_what_is_wrong_is_seen_in_the_editor(before: str, after: str) -> None:
    """Unknown words and values of another type, before anything is run."""
    assert before in TEXT
    value = manifest(TEXT.replace(before, after, 1))
    value["templates"]["newcomer"].get("tasks", {}).get("welcome", {})["accomplices"] = [9]
    value["use"][1]["allowEmpty"] = True
    assert judged(value)


def parts(value: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every named property of a part of the schema."""
    for name, one in value.get("properties", {}).items():
        yield f"{path}.{name}", one
        yield from parts(one, f"{path}.{name}")
    for one in value.get("anyOf", ()):
        yield from parts(one, path)


@pytest.mark.parametrize("part", OURS)
def test_every_word_has_a_title_a_description_and_good_examples(part: str) -> None:
    """What hover and completion show; each example is one."""
    named = [(part, SCHEMA["$defs"][part]), *parts(SCHEMA["$defs"][part], part)]
    for name, one in named:
        assert one.get("title"), name
        assert one.get("description"), name
        whole = {**one, "$defs": SCHEMA["$defs"]}
        for example in one.get("examples", ()):
            assert not list(jsonschema.Draft202012Validator(whole).iter_errors(example)), name


def test_every_field_of_a_task_is_a_field_of_a_template_s_task() -> None:
    """Everything that a task may say a template's task may say."""
    fields = SCHEMA["$defs"]["task"]["properties"].keys()
    assert SCHEMA["$defs"]["templateTask"]["properties"].keys() == {*fields, "when"}
