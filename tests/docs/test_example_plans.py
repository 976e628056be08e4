"""The examples: what their READMEs show is what tasksync prints today, and they stay in date."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import jsonschema
import pytest
import yaml
from shown_plans import EXAMPLES, Shown

SCHEMAS = EXAMPLES.parent / "schemas"
MANIFESTS = sorted(path for path in EXAMPLES.rglob("*.yaml") if path.name[0] != ".")
ROWS = sorted(EXAMPLES.rglob("*.csv"))
_SHOWN = re.compile(r"^```diff\n(.*?)^```$.*?^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_YEAR = re.compile(r"\b(20\d\d)-(?:\d\d|Q\d|W\d\d)")


def named(path: Path) -> str:
    return path.relative_to(EXAMPLES).as_posix()


@dataclass(frozen=True)
class Edit:
    """A block of diff in a README, about one line, and the plan after it."""

    file: str
    before: str
    after: str
    plan: str

    def make(self, folder: Path) -> None:
        """Edit the file in a folder; a line that takes no other's place goes to its end."""
        path = folder / self.file
        lines = path.read_text(encoding="utf-8").splitlines()
        if self.before:
            assert lines.count(self.before) == 1, self.before
            lines[lines.index(self.before)] = self.after
        else:
            lines.append(self.after)
        path.write_text("\n".join([*lines, ""]), encoding="utf-8")


def edits(example: str) -> list[Edit]:
    """Return what a README shows; it must be a diff of one line each."""
    return [_edit(diff.splitlines(), plan) for diff, plan in _SHOWN.findall(Shown(example).readme)]


def _edit(diff: list[str], plan: str) -> Edit:
    file = diff[0].removeprefix("--- ")
    assert diff[1] == f"+++ {file}"
    assert [line[0] for line in diff[2:]] in (["-", "+"], ["+"])
    before = diff[2][1:] if len(diff) == 4 else ""
    return Edit(file, before, diff[-1][1:], plan.rstrip("\n"))


@pytest.mark.parametrize("example", ["audit", "onboarding"])
def test_the_plan_of_an_edit_is_the_one_that_is_shown(example: str, tmp_path: Path) -> None:
    """One edit after another, word for word; where only the count is shown, the count."""
    here = Shown(example)
    tasksync = here.applied(tmp_path)
    shown = edits(example)
    assert shown
    for edit in shown:
        edit.make(tmp_path / example)
        printed = here.planned(tmp_path, tasksync)
        assert edit.plan in {printed, printed.rsplit("\n", 1)[1]}, printed
        assert tasksync("apply", "--yes").code == 0
        assert "No changes." in tasksync("plan").out


def test_fifteen_newcomers_of_twelve_tasks_are_at_most_sixty_lines_of_yaml() -> None:
    """And what its README counts; a newcomer more is a line of the CSV."""
    here = Shown("onboarding")
    files = sorted((EXAMPLES / here.name).glob("*.yaml"))
    lines = [line for file in files for line in here.text(file.name).splitlines()]
    assert len(lines) <= 60
    assert max(map(len, lines)) <= 120
    assert f"in {len(lines)} lines of YAML" in " ".join(here.readme.split())
    assert len(here.text("newcomers.csv").splitlines()) == 1 + 15


def test_a_newcomer_who_starts_later_is_twelve_changes() -> None:
    """All of one line, and each says why."""
    plan = edits("onboarding")[0].plan
    assert re.search(r"^  ~ 12 tasks  newcomers\.csv:15$", plan, re.MULTILINE)
    assert len(re.findall(r"^        nils/", plan, re.MULTILINE)) == 12
    assert "Plan: 0 to add, 12 to change, 0 to destroy." in plan


def test_the_audit_counts_its_branches_and_tasks(tmp_path: Path) -> None:
    """A warehouse has forklifts, an office neither stock nor cash."""
    here = Shown("audit")
    keys = [line.split()[0] for line in here.applied(tmp_path)("state", "list").out.splitlines()]
    branches = len(here.text("branches.csv").splitlines()) - 1
    assert f"{branches} lines, {len(keys)} tasks" in " ".join(here.readme.split())
    assert {"muenchen/forklifts", "bonn/visit", "berlin/cash"} <= set(keys)
    assert {"berlin/forklifts", "bonn/stock", "essen/cash"} & set(keys) == set()


class _Editor(yaml.SafeLoader):
    """YAML as an editor reads it: a date is a text."""


_Editor.yaml_implicit_resolvers = {
    first: [one for one in resolvers if one[0] != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@pytest.mark.parametrize("path", MANIFESTS, ids=named)
def test_every_example_is_valid_by_an_independent_validator(path: Path) -> None:
    """Each document of each file, with the schema that editors are given."""
    name = "fleet" if path.name == "fleet.yaml" else "manifest"
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    documents = list(yaml.load_all(path.read_text(encoding="utf-8"), _Editor))
    assert documents
    assert [error.message for one in documents for error in validator.iter_errors(one)] == []


@pytest.mark.parametrize("path", [*MANIFESTS, *ROWS], ids=named)
def test_no_example_is_past_when_it_is_read_in_2027(path: Path) -> None:
    years = map(int, _YEAR.findall(path.read_text(encoding="utf-8")))
    assert [year for year in years if year <= 2027] == []
