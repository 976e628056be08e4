"""What dates hang on: when it changes every text is parsed anew, else nothing is worked out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tasksync.core.fields import RemoteId
from tasksync.core.state import NO_SOURCE, Entry, EntryIndex
from tasksync.errors import ManifestInvalid
from tasksync.manifests.language import calendar, project_dates
from tasksync.manifests.loader import load

TEXT = """apiVersion: tasksync/v1
project: p
timezone: Europe/Berlin
calendar: {country: DE, region: BE, holidays: [2026-09-21, 2026-09-22]}
hours: {start: "09:00", end: "18:00"}
dates:
  release: 2026-10-01T10:00
  freeze: release - 10wd
defaults: {responsibleId: 1}
tasks:
  a:
    title: A
    deadline: freeze
  b:
    title: B
    startDatePlan: 2026-09-30
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A manifest of which all depends on something."""
    file = tmp_path / "m.yaml"
    file.write_text(TEXT, encoding="utf-8")
    return file


@pytest.fixture
def index(path: Path) -> EntryIndex:
    """What a state holds after an apply of it."""
    manifest = load([str(path)])
    tasks = [row.task() for row in manifest.tasks()]
    known = manifest.source_fingerprints([task.key for task in tasks])
    return EntryIndex(
        Entry(task.key, RemoteId(n), task.fields, source=known.get(task.key, NO_SOURCE)).summary()
        for n, task in enumerate(tasks, 1)
    )


def parsed_again(path: Path, index: EntryIndex, parsed: list[str], text: str = TEXT) -> list[str]:
    """Return the keys that are parsed when the manifest is read beside what the state knows."""
    path.write_text(text, encoding="utf-8")
    parsed.clear()
    list(load([str(path)]).tasks(index))
    return list(parsed)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("release: 2026-10-01T10:00", "release: 2026-10-08T10:00"),
        ("freeze: release - 10wd", "freeze: release - 9wd"),
        ("  freeze:", "  other: 2026-01-01\n  freeze:"),
        ("2026-09-22]", "2026-09-23]"),
        ("region: BE", "region: BY"),
        ("country: DE, region: BE", "country: AT"),
        ("holidays:", "workdays: [2026-09-26], holidays:"),
        ("holidays:", "weekend: [friday, saturday], holidays:"),
        ('end: "18:00"', 'end: "17:00"'),
        ('start: "09:00", ', ""),
        ("Europe/Berlin", "Europe/Moscow"),
    ],
)
def test_what_a_date_may_hang_on_has_every_text_parsed_anew(
    path: Path, index: EntryIndex, parsed: list[str], before: str, after: str
) -> None:
    """A changed holiday is a change of every date that may hang on it."""
    assert before in TEXT
    if after:
        assert parsed_again(path, index, parsed, TEXT.replace(before, after)) == ["a", "b"]
    else:
        with pytest.raises(ManifestInvalid, match="2026-09-30 has no time of day"):
            parsed_again(path, index, parsed, TEXT.replace(before, after))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("2026-09-21, 2026-09-22", "2026-09-22, 2026-09-21, 2026-09-22"),
        (
            "  release: 2026-10-01T10:00\n  freeze: release - 10wd\n",
            "  freeze: release - 10wd  # a comment\n  release: 2026-10-01T10:00\n",
        ),
        ('hours: {start: "09:00", end: "18:00"}', "hours: {end: 18:00, start: 09:00}"),
        ("holidays:", "weekend: [sunday, saturday], holidays:"),
    ],
)
def test_what_means_the_same_parses_nothing_and_imports_no_holidays(
    path: Path,
    index: EntryIndex,
    parsed: list[str],
    monkeypatch: pytest.MonkeyPatch,
    before: str,
    after: str,
) -> None:
    """Also `dates` are not worked out: the state knows that they were good."""
    monkeypatch.setattr(calendar, "public_holidays", lambda *_: pytest.fail("worked out"))
    assert parsed_again(path, index, parsed, TEXT.replace(before, after)) == []


def test_another_version_of_the_library_of_holidays_parses_all(
    path: Path, index: EntryIndex, parsed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Governments name new holidays, and libraries learn of them."""
    monkeypatch.setattr(project_dates, "library_version", lambda: "1.0")
    assert parsed_again(path, index, parsed) == ["a", "b"]


def test_a_manifest_that_says_nothing_of_dates_imports_none_of_the_language(
    tmp_path: Path,
) -> None:
    """Its start-up and its fingerprints are as they were."""
    file = tmp_path / "m.yaml"
    head = "apiVersion: tasksync/v1\nproject: p\ntasks:\n"
    file.write_text(
        f"{head}  a: {{title: A, responsibleId: 1, deadline: 2026-10-01T10:00Z}}\n", "utf-8"
    )
    script = (
        "import sys; from tasksync.manifests.loader import load\n"
        f"assert len(list(load([{str(file)!r}]).tasks())) == 1\n"
        "print([n for n in sys.modules if n.startswith(('tasksync.manifests.language.', 'holi'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_fault_of_dates_is_told_where_no_field_names_it(path: Path) -> None:
    """An unused name and an unused country too."""
    text = TEXT.replace("region: BE", "region: XX").replace(
        "tasks:", "---\napiVersion: tasksync/v1\ndates: {unused: nothing + 1d}\ntasks:"
    )
    path.write_text(text.replace("deadline: freeze", "deadline: release"), encoding="utf-8")
    with pytest.raises(ManifestInvalid) as caught:
        list(load([str(path)]).tasks())
    assert [(p.place.line, p.what.partition(" of ")[0]) for p in caught.value.problems] == [
        (4, "no public holidays are known"),
        (12, "there is no date nothing in dates"),
    ]


def test_what_hangs_on_a_fault_is_silent_however_many_they_are(path: Path) -> None:
    """One line is at fault, and one is named."""
    tasks = "".join(f"  t{n}:\n    title: T\n    deadline: freeze - {n}d\n" for n in range(50))
    path.write_text(TEXT.replace("release - 10wd", "relase - 10wd") + tasks, encoding="utf-8")
    with pytest.raises(ManifestInvalid) as caught:
        list(load([str(path)]).tasks())
    (problem,) = caught.value.problems
    assert (problem.place.line, problem.mend) == (8, "did you mean release?")
