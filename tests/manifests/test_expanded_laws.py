"""Laws of templates: written out they ask for the same, in any order; texts stay as they are."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tasksync.core.task import Task
from tasksync.manifests import plain_yaml
from tasksync.manifests.loader import load

HEAD = """apiVersion: tasksync/v1
project: laws
timezone: Europe/Berlin
hours: {start: "09:00", end: "18:00"}
dates: {release: 2027-10-01T10:00, freeze: release - 10wd}
policy: {maxDelete: 15%, maxUpdate: 7, onRemove: defer, allow: {delete: 3, reason: "PR: #1"}}
moved: [{from: old/, to: a/}]
removed: [gone]
defaults: {responsibleId: 1, tags: [base]}
"""
TEMPLATES = """templates:
  inner:
    parameters: {what: text, day: date, who: {type: person, default: 3}}
    tasks:
      it:
        title: "Do ${what}"
        deadline: ${day} + 2wd at 17:30
        responsibleId: ${who}
        parent: top
      own:
        title: Own
        parent: it
        protect: true
        onRemove: forget
        ignoreChanges: [status]
        fieldPolicy: {deadline: ratchet, tags: accept}
        fields:
          {UF_TEXT: "${what}", UF_MANY: [2, 1, "${what}"], UF_NO: null, UF_HALF: 0.5, UF_YES: true}
  outer:
    parameters:
      name: text
      start: date
      count: {type: integer, default: 5}
      words: {type: tags, default: []}
      team: {type: people, default: [4, 5]}
      month: {type: month, default: 2027-02}
      size: {choice: [low, high], default: low}
      remote: {type: boolean, default: false}
    tasks:
      top:
        title: "T ${count} $${name}"
        description: "${name}"
        startDatePlan: ${start} - 1w
        endDatePlan: ${start} + 1mo
        tags: [fix, "${words}", "m-${month}"]
        accomplices: ["${team}", 9]
        auditors: ${team}
        timeEstimate: ${count}h
        priority: ${size}
      closing:
        title: Close ${month:MMMM y}
        parent: /plain
        deadline: end of ${month} - 3wd at 09:00
        description: null
        when: {remote: false, size: [low, high]}
    use:
      - {template: inner, key: "k${count}", with: {what: "${name}", day: "${start} + 1d"}}
      - template: inner
        with: {day: freeze}
        when: {remote: true}
        forEach: [{key: r1, what: one}, {key: r2, what: "${name}", who: 8}]
tasks:
  plain: {title: Plain, description: "${name} $${x}"}
"""

TEXTS = st.text(
    st.one_of(
        st.sampled_from("${}:x$ \n\t#'\"\\"),
        st.characters(exclude_categories=["Cs", "Cc"]),
    ),
    min_size=1,
    max_size=60,
)
#: texts that go through a template if it looked at them twice
TRICKY = st.one_of(
    TEXTS, st.sampled_from(["${name}", "$${name}", "${", "}", "$", "${start:d}", "$$${x}", "null"])
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "name": TRICKY,
            "start": st.sampled_from(["2027-03-01", "release", "freeze - 2d", "2027-05-31T08:00"]),
        },
        optional={
            "count": st.integers(0, 99),
            "words": st.lists(st.sampled_from(["a", "b", "a b"]), max_size=3),
            "team": st.lists(st.integers(1, 9), min_size=1, max_size=3),
            "month": st.sampled_from(["2027-02", "2028-02", "2027-12"]),
            "size": st.sampled_from(["low", "high"]),
            "remote": st.booleans(),
        },
    ),
    min_size=1,
    max_size=5,
)


def scalar(value: object) -> str:
    """Return a value as YAML in flow style."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return plain_yaml.text(value)
        case list():
            return f"[{', '.join(map(scalar, value))}]"
    return str(value)


def manifest_of(rows: list[tuple[str, dict[str, object]]]) -> str:
    """Return a manifest with an instance for each row."""
    lines = ["use:", "  - template: outer", "    forEach:"]
    for key, row in rows:
        told = ", ".join(f"{name}: {scalar(value)}" for name, value in row.items())
        lines.append(f"      - {{key: {key}, {told}}}")
    return HEAD + TEMPLATES + "\n".join(lines) + "\n"


def tasks_of(text: str, **files: str) -> tuple[dict[str, Task], str]:
    """Return the tasks of a manifest by key, and the manifest written out."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            Path(folder, f"{name}.csv").write_text(content, encoding="utf-8", newline="")
        path = Path(folder, "m.yaml")
        path.write_text(text, encoding="utf-8")
        manifest = load([str(path)])
        tasks = [one.task() for one in manifest.tasks()]
        return {task.key: task for task in tasks}, "\n".join(plain_yaml.lines(manifest, tasks))


@settings(max_examples=40, deadline=None)
@given(ROWS)
def test_written_out_it_asks_for_the_same(rows: list[dict[str, object]]) -> None:
    """The same keys, the same digests; and written out again it is the same text."""
    named = [("a" if not n else f"i{n}", row) for n, row in enumerate(rows)]
    tasks, expanded = tasks_of(manifest_of(named))
    again, twice = tasks_of(expanded)
    assert {key: task.digest() for key, task in again.items()} == {
        key: task.digest() for key, task in tasks.items()
    }
    assert [one.options for one in again.values()] == [tasks[key].options for key in again]
    assert twice == expanded


@settings(max_examples=15, deadline=None)
@given(ROWS, st.randoms())
def test_rows_in_any_order_ask_for_the_same(rows: list[dict[str, object]], chance: object) -> None:
    """Keys never depend on where a row stands."""
    named = [("a" if not n else f"i{n}", row) for n, row in enumerate(rows)]
    before, _ = tasks_of(manifest_of(named))
    chance.shuffle(named)  # type: ignore[attr-defined]
    after, _ = tasks_of(manifest_of(named))
    assert {k: t.digest() for k, t in after.items()} == {k: t.digest() for k, t in before.items()}


@settings(max_examples=80, deadline=None)
@given(TRICKY)
def test_a_text_comes_out_as_it_went_in(text: str) -> None:
    """Through two templates, from a row of YAML; never expanded again."""
    tasks, expanded = tasks_of(manifest_of([("a", {"name": text, "start": "release"})]))
    assert tasks["a/top"].fields["description"] == text
    assert tasks["a/k5/it"].fields["title"] == f"Do {text}"
    assert tasks["a/top"].fields["title"] == "T 5 ${name}"
    assert tasks["plain"].fields["description"] == "${name} $${x}"
    assert tasks_of(expanded)[0]["a/top"].fields["description"] == text


@settings(max_examples=50, deadline=None)
@given(TRICKY.map(str.strip).filter(bool))
def test_a_cell_comes_out_as_it_went_in(text: str) -> None:
    """A CSV's cells are trimmed, and nothing else."""
    out = io.StringIO()
    csv.writer(out).writerows([["key", "name", "start"], ["a", text, "release"]])
    uses = "use:\n  - {template: outer, forEach: rows.csv}\n"
    tasks, _ = tasks_of(HEAD + TEMPLATES + uses, rows=out.getvalue())
    assert tasks["a/top"].fields["description"] == text


@settings(max_examples=150)
@given(st.one_of(TEXTS, st.sampled_from(["no", "on", "1.0", "12:30", "2026-05-19", "~", "a_b"])))
def test_a_scalar_means_just_its_text(text: str) -> None:
    """Whatever it looks like; our own reader reads it back."""
    written = plain_yaml.text(text)
    manifest = (
        "apiVersion: tasksync/v1\nproject: p\ntasks:\n"
        f"  a: {{title: A, responsibleId: 1, description: {written}}}\n"
    )
    assert tasks_of(manifest)[0]["a"].fields["description"] == text
