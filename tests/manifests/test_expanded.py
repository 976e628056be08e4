"""What the uses of templates come to: keys, parents, defaults, places."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasksync.core.fields import KeyRef
from tasksync.core.task import Task
from tasksync.errors import ManifestInvalid
from tasksync.manifests.expanded import ExpandedTasks
from tasksync.manifests.loader import load

HEAD = "apiVersion: tasksync/v1\nproject: p\ndefaults: {responsibleId: 1}\n"


def written(folder: Path, **files: str) -> Path:
    """Write files by their stem and ending, as `a_yaml`; `sub__a_yaml` is in a folder."""
    for name, text in files.items():
        stem, _, ending = name.rpartition("_")
        path = folder.joinpath(*f"{stem}.{ending}".split("__"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def tasks_of(folder: Path) -> dict[str, Task]:
    """Return the tasks of a folder by key."""
    return {str(one.key): one.task() for one in load([str(folder)]).tasks()}


def parent(task: Task) -> str | None:
    """Return the key of a task's parent."""
    found = task.fields.get("parentId")
    return str(found.key) if isinstance(found, KeyRef) else None


def test_parents_are_looked_for_from_the_inside_out(tmp_path: Path) -> None:
    """The instance, the one around it, the project; `/name` is always the project's."""
    text = HEAD + (
        "templates:\n"
        "  inner:\n    tasks:\n"
        "      top: {title: T, parent: all}\n"
        "      a: {title: A, parent: top}\n"
        "      b: {title: B, parent: out}\n"
        "      c: {title: C, parent: /top}\n"
        "  outer:\n    tasks:\n"
        "      top: {title: T}\n"
        "      out: {title: O, parent: in/top}\n"
        "    use:\n      - {template: inner, key: in}\n"
        "use:\n  - {template: outer, key: x}\n"
        "tasks:\n  top: {title: T}\n  all: {title: A, parent: x/in/a}\n"
    )
    found = tasks_of(written(tmp_path, m_yaml=text.replace("parent: x/in/a", "priority: high")))
    assert {key: parent(task) for key, task in found.items()} == {
        "x/in/top": "all",
        "x/in/a": "x/in/top",
        "x/in/b": "x/out",
        "x/in/c": "top",
        "x/top": None,
        "x/out": "x/in/top",
        "top": None,
        "all": None,
    }
    with pytest.raises(ManifestInvalid, match="parents of each other"):
        tasks_of(written(tmp_path, m_yaml=text))


def test_tasks_take_the_defaults_of_the_template_s_document(tmp_path: Path) -> None:
    """Not those of the document that uses it; files are named relative to the naming one."""
    folder = written(
        tmp_path,
        a_yaml=HEAD + "tasks: {}\n",
        lib__t_yaml="apiVersion: tasksync/v1\ndefaults: {responsibleId: 2, tags: [lib]}\n"
        "templates:\n  t:\n    parameters: {n: text}\n    tasks:\n      a: {title: 'A ${n}'}\n"
        "    use: [{template: other, forEach: rows.csv}]\n",
        lib__rows_csv="key\nr\n",
        uses__u_yaml="apiVersion: tasksync/v1\ndefaults: {responsibleId: 3, tags: [use]}\n"
        "use:\n  - {template: t, forEach: rows.csv}\n"
        "templates:\n  other: {tasks: {b: {title: B}}}\n",
        uses__rows_csv="key,n\nx,one\n",
    )
    found = tasks_of(folder)
    told = {
        key: (one.fields["responsibleId"], one.fields.get("tags")) for key, one in found.items()
    }
    assert told == {"x/a": (2, ("lib",)), "x/r/b": (3, ("use",))}
    assert str(found["x/a"].place).endswith("uses/rows.csv:2")
    assert set(load([str(folder)]).remembered) >= {"lib/rows.csv", "uses/rows.csv"}


@pytest.mark.parametrize(
    ("when", "rows", "wanted"),
    [
        ("{remote: false}", "a,,1\nb,yes,1\nc,no,1", ["a", "c"]),
        ("{remote: true, level: [1, 3]}", "a,yes,1\nb,yes,2\nc,1,3\nd,0,3", ["a", "c"]),
        ("{level: 2}", "a,no,2\nb,no,1", ["a"]),
    ],
)
def test_when_takes_values_and_lists_of_which_all_must_hold(
    tmp_path: Path, when: str, rows: str, wanted: list[str]
) -> None:
    """A default counts as the value."""
    text = HEAD + (
        "templates:\n  t:\n"
        "    parameters: {remote: {type: boolean, default: false}, level: integer}\n"
        f"    tasks:\n      x: {{title: X, when: {when}}}\n"
        "use: [{template: t, forEach: rows.csv}]\n"
    )
    folder = written(tmp_path, m_yaml=text, rows_csv=f"key,remote,level\n{rows}\n")
    assert list(tasks_of(folder)) == [f"{one}/x" for one in wanted]


def test_a_year_of_closings_is_a_range_of_months(tmp_path: Path) -> None:
    """The period is the key; the parameter's days and words are the template's."""
    text = HEAD.replace("project: p", "project: p\ntimezone: Europe/Berlin") + (
        "templates:\n  close:\n    parameters: {month: month, who: person}\n    tasks:\n"
        "      books:\n        title: Close ${month:MMMM y}\n        responsibleId: ${who}\n"
        "        deadline: end of ${month} + 3wd at 12:00\n"
        "use:\n  - {template: close, forEach: {month: 2027-01..2027-12}, with: {who: 7}}\n"
    )
    found = tasks_of(written(tmp_path, m_yaml=text))
    assert list(found) == [f"2027-{month:02}/books" for month in range(1, 13)]
    last = found["2027-12/books"]
    assert last.fields["title"] == "Close December 2027"
    assert last.fields["deadline"] == "2028-01-05T12:00:00+01:00"
    assert last.written["deadline"] == "end of 2027-12 + 3wd at 12:00"


def test_a_row_at_fault_is_told_and_not_that_its_tasks_are_missing(tmp_path: Path) -> None:
    """What hangs on them is silent."""
    text = HEAD + (
        "templates:\n  t: {parameters: {n: integer}, tasks: {x: {title: 'X ${n}'}}}\n"
        "use: [{template: t, forEach: rows.csv}]\ntasks:\n  y: {title: Y, parent: a/x}\n"
    )
    folder = written(tmp_path, m_yaml=text, rows_csv="key,n\n-a,5\nb,five\n")
    with pytest.raises(ManifestInvalid) as caught:
        tasks_of(folder)
    places = [problem.place.file.rpartition("/")[2] for problem in caught.value.problems]
    assert places == ["rows.csv", "rows.csv"]


def test_a_use_that_names_a_data_file_that_is_not_there(tmp_path: Path) -> None:
    """At the use, with what the system says."""
    text = (
        HEAD + "templates:\n  t: {tasks: {x: {title: X}}}\nuse: [{template: t, forEach: no.csv}]\n"
    )
    with pytest.raises(ManifestInvalid, match=r"m\.yaml:6:\d+: .*no\.csv cannot be read"):
        tasks_of(written(tmp_path, m_yaml=text))


def test_keys_in_another_form_of_their_letters_are_the_same(tmp_path: Path) -> None:
    """Of instances, of tasks and of parents, written and in a CSV."""
    apart, whole = "a\u0308", "\u00e4"
    text = HEAD + (
        f"templates:\n  t:\n    tasks:\n      {apart}: {{title: A}}\n"
        f"      b: {{title: B, parent: {whole}}}\n"
        f"use:\n  - {{template: t, forEach: rows.csv}}\n  - {{template: t, key: {apart}2}}\n"
    )
    folder = written(tmp_path, m_yaml=text, rows_csv=f"key\n{apart}\n")
    found = tasks_of(folder)
    assert list(found) == [f"{whole}/{whole}", f"{whole}/b", f"{whole}2/{whole}", f"{whole}2/b"]
    assert parent(found[f"{whole}/b"]) == f"{whole}/{whole}"


def test_an_instance_that_fails_with_nothing_to_say_is_no_instance_that_went(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its tasks would be removed from the portal else: the checks of one task disagree."""
    text = HEAD + (
        "templates:\n  t: {parameters: {x: text}, tasks: {a: {title: '${x}'}}}\n"
        "use:\n  - {template: t, key: k, with: {x: ''}}\n"
    )
    monkeypatch.setattr(ExpandedTasks, "_problems_of", lambda *_any: [])
    with pytest.raises(ManifestInvalid) as caught:
        tasks_of(written(tmp_path, m_yaml=text))
    assert "the file changed while it was read" in str(caught.value.problems[0])
