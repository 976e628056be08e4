"""The law of `accept`: the next plan lacks exactly what was taken over, in random projects."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
import yaml
from accepting import People, project

from tasksync.cli.accept_selection import AcceptSelection, accept_selection
from tasksync.core.fields import canonical
from tasksync.core.plan import Plan
from tasksync.manifests.accepting.accepted import AcceptedValues
from tasksync.manifests.accepting.csv_cells import columns_of
from tasksync.manifests.editing.edited_files import write_files

WORLDS, A_TEST, TIMES_IF_LONG = 144, 24, 10
#: fields that hang on others of the task, or on other tasks: an end before its start, a circle
TOGETHER = {"parentId"}


def differences(plan: Plan) -> dict[tuple[str, str], object]:
    """Return every field that a plan changes or leaves, and, under "", what else it does."""
    found: dict[tuple[str, str], object] = {}
    for change in plan.changes:
        found[change.key, ""] = change.action, change.id
        for one in change.fields:
            values = canonical(one.name, one.before), canonical(one.name, one.after)
            found[change.key, one.name] = values
    for left in plan.standing:
        values = canonical(left.name, left.wanted), canonical(left.name, left.found)
        found[left.key, left.name] = (*values, left.why)
    return found


def selection(random: Random, people: People, plan: Plan) -> AcceptSelection:
    """Return everything, or some keys, globs and fields by their names."""
    keys = sorted({*people.world.entries, *plan.keys})
    if random.random() < 0.5:
        return accept_selection((), keys)
    named = [f"{key}.{name}" for key, name in differences(plan) if name]
    words = random.sample([*keys, *named, "*", "deep/*"], random.randrange(1, 4))
    return accept_selection([word for word in words if word != "deep/*"] or ["*"], keys)


def holds(people: People, before: Plan, done: AcceptedValues) -> None:
    """Check the law on the files as they are now written."""
    taken = {(one.key, one.name) for one in done.taken}
    was, now = differences(before), differences(people.plan())
    fields = {at: told for at, told in was.items() if at[1] and at not in taken}
    left = {at for at, told in now.items() if not at[1]}
    assert {at: told for at, told in now.items() if at[1]} == fields
    assert left == {at for at in was if not at[1] and _changes(before, at[0], taken)}


def _changes(plan: Plan, key: str, taken: set[tuple[str, str]]) -> bool:
    [change] = [one for one in plan.changes if one.key == key]
    return any((key, one.name) not in taken for one in change.fields)


def rows_hold(before: bytes, after: bytes, most: int) -> None:
    """Check that a file of rows has other cells, and nothing else that is other."""
    sign = "\t" if b"\t" in before else ";" if b";" in before.split(b"\n")[0] else ","
    old, new = (
        list(csv.reader(io.StringIO(one.decode(), newline=""), delimiter=sign))
        for one in (before, after)
    )
    assert [len(row) for row in old] == [len(row) for row in new]
    pairs = zip(old, new, strict=True)
    cells = [both for one, other in pairs for both in zip(one, other, strict=True)]
    assert 0 < sum(a != b for a, b in cells) <= most
    assert before[:3] == after[:3]
    assert before.count(b"\r\n") == after.count(b"\r\n")
    assert columns_of(before) == columns_of(after)


def comments(text: bytes) -> list[str]:
    """Return the comments of a manifest, in order."""
    return [line.partition("   # ")[2] for line in text.decode().splitlines() if "   # " in line]


def one_world(seed: int, folder: Path) -> Counter[str]:
    """Live through one world; returns what was met."""
    random = Random(seed)  # noqa: S311 - a world of its own, again and again
    people = project(folder, random)
    people.act(random.randrange(4, 14))
    if random.random() < 0.3:
        people.edit()
    before = people.plan()
    chosen = people.choose(selection(random, people, before), before)
    done = people.accept(chosen)
    assert len(done.taken) + len(done.refused) + len(done.already) == len(chosen.values)
    for value, problem in done.refused:
        by_template = "/" in value.key and not value.key.startswith("deep/")
        assert by_template or value.name in TOGETHER, problem
        assert problem.place.line, problem
    for one in done.files:
        if one.name.endswith(".csv") and one.after != one.before:
            rows_hold(one.before, one.after, len(done.taken))
        elif one.name.endswith(".yaml"):
            gone = Counter(comments(one.before)) - Counter(comments(one.after))
            assert gone.keys() <= {"of an item"}
            assert yaml.load(one.after, yaml.CSafeLoader)
    write_files(done.files)
    holds(people, before, done)
    met = Counter({f"taken {one.name}": 1 for one in done.taken})
    met.update({"taken": len(done.taken), "refused": len(done.refused)})
    met["rows"] += any(one.name.endswith(".csv") and one.after != one.before for one in done.files)
    met["of templates"] += any("/" in one.key for one in done.taken)
    return met


@pytest.mark.parametrize("first", range(0, WORLDS, A_TEST))
def test_the_next_plan_lacks_what_was_taken_over_and_nothing_else(
    request: pytest.FixtureRequest, first: int
) -> None:
    """Defaults, templates, rows of CSV and YAML, people and dates by name; each seed is a world."""
    met: Counter[str] = Counter()
    more = range(0, TIMES_IF_LONG * WORLDS, WORLDS) if request.config.getoption("--long") else (0,)
    for seed in (first + at + number for at in more for number in range(A_TEST)):
        with TemporaryDirectory() as folder:
            met += one_world(seed, Path(folder))
    assert met["taken"] > A_TEST, met
    assert met["refused"], met
    assert met["of templates"] + met["rows"] > 1, met
