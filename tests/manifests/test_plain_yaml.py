"""A manifest written out: people, groups, policy and options in plain YAML."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasksync.manifests import plain_yaml
from tasksync.manifests.loader import load

HEAD = "apiVersion: tasksync/v1\nproject: p\n"


def written_out(folder: Path, text: str) -> str:
    """Return what `validate --expand` prints."""
    path = folder / "m.yaml"
    path.write_text(HEAD + text, encoding="utf-8")
    manifest, numbers = load([str(path)]), plain_yaml.NumbersOfWords()
    tasks = [one.task() for one in manifest.tasks(None, numbers)]
    return "\n".join(plain_yaml.lines(manifest, tasks, numbers.known)) + "\n"


def test_people_and_groups_are_written_as_what_they_are_looked_up_by(tmp_path: Path) -> None:
    """A name of `people` as its address or number, a parameter's likewise; numbers stay."""
    text = (
        "people: {it: 11, hr: Petrova@example.com}\n"
        "templates:\n  t:\n    parameters: {who: person, more: people, team: group}\n"
        "    tasks:\n      a:\n        title: For ${who}\n        responsibleId: ${who}\n"
        '        accomplices: ["${more}", it]\n        groupId: ${team}\n'
        "use:\n  - {template: t, key: x, with: {who: hr, more: [a@b.example, 5], team: Sales}}\n"
    )
    assert written_out(tmp_path, text) == HEAD + (
        "tasks:\n  x/a:\n    title: For hr\n"
        '    responsibleId: "Petrova@example.com"\n    groupId: Sales\n'
        '    accomplices: [5, 11, "a@b.example"]\n'
    )


@pytest.mark.parametrize(
    "policy",
    [
        "  maxDelete: 12.5%\n",
        "  maxDelete: 0\n  maxUpdate: 7\n  maxVanished: 100%\n",
        "  onRemove: defer\n  marker: none\n",
        '  allow: {delete: 3, reason: "PR: #1"}\n  unknownActivity: hold\n',
    ],
)
def test_the_policy_means_the_same(tmp_path: Path, policy: str) -> None:
    """What is as usual is left out."""
    path = tmp_path / "m.yaml"
    path.write_text(f"{HEAD}policy:\n{policy}tasks: {{}}\n", encoding="utf-8")
    expanded = "\n".join(plain_yaml.lines(load([str(path)]), []))
    again = tmp_path / "again.yaml"
    again.write_text(expanded, encoding="utf-8")
    assert load([str(again)]).policy == load([str(path)]).policy


def test_nothing_is_written_that_nobody_said(tmp_path: Path) -> None:
    """A manifest that wants nothing wants nothing; a key that looks like a number is quoted."""
    assert written_out(tmp_path, "tasks: {}\n") == HEAD + "tasks: {}\n"
    text = 'tasks:\n  "2026": {title: "yes", responsibleId: 1, description: null}\n'
    assert written_out(tmp_path, text) == HEAD + (
        'tasks:\n  "2026":\n    title: "yes"\n    description: null\n    responsibleId: 1\n'
    )
