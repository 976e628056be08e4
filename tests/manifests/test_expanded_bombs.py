"""What would grow without end is refused with its number, in bounded time and memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import ItemsView, Iterator
from pathlib import Path
from typing import Any

import pytest

from tasksync.errors import ManifestInvalid
from tasksync.manifests import expanded
from tasksync.manifests.language import nested_uses
from tasksync.manifests.loader import load
from tasksync.manifests.unplaced import UnplacedProblem

HEAD = "apiVersion: tasksync/v1\nproject: bombs\ndefaults: {responsibleId: 1}\n"
MEMORY = 96 << 20


def refused(folder: Path, text: str) -> str:
    """Return what is said of a manifest, which takes no more than MEMORY."""
    path = folder / "m.yaml"
    path.write_text(HEAD + text, encoding="utf-8")
    tracemalloc.start()
    try:
        with pytest.raises(ManifestInvalid) as caught:
            for _task in load([str(path)]).tasks():
                pass
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < MEMORY, f"{peak >> 20} MiB"
    return "\n".join(map(str, caught.value.problems))


def levels(number: int, width: int, inner: str, use: str) -> str:
    """Return templates that use each other, each the one before it so many times."""
    found = f"templates:\n  t1: {inner}\n"
    for level in range(2, number + 1):
        uses = "".join(
            f"      - {{template: t{level - 1}, key: k{at}{use}}}\n" for at in range(width)
        )
        found += f"  t{level}:\n    parameters: {{x: {{type: text, default: y}}}}\n    use:\n{uses}"
    return found


def test_templates_of_templates_of_templates(tmp_path: Path) -> None:
    """Eight levels of a hundred each: counted, and not made."""
    told = refused(
        tmp_path,
        levels(8, 100, "{tasks: {a: {title: A}}}", "")
        + "use:\n  - {template: t8, key: x}\n  - {template: t3, key: x}\n",
    )
    assert "an instance of the template t4 has 1000000 tasks; 100000 are allowed" in told
    assert told.count("are allowed") == 1


def test_rows_in_a_template_of_rows(tmp_path: Path) -> None:
    """Nested ranges of periods multiply."""
    inner = "{parameters: {month: month}, tasks: {a: {title: 'A ${month}'}}}"
    text = f"templates:\n  t1: {inner}\n"
    for level in (2, 3):
        text += f"  t{level}:\n    parameters: {{month: month}}\n    use:\n"
        text += f"      - {{template: t{level - 1}, forEach: {{month: 2000-01..2099-12}}}}\n"
    told = refused(tmp_path, text + "use:\n  - {template: t3, key: x, with: {month: 2027-01}}\n")
    assert "more than 100000 tasks: 84 rows of 1200 and more" in told


@pytest.mark.parametrize("width", [2, 40])
def test_a_text_that_doubles_at_each_level(tmp_path: Path, width: int) -> None:
    """The length is known before the text is made."""
    inner = "{parameters: {x: text}, tasks: {a: {title: A, description: '${x}'}}}"
    more = f", with: {{x: '{'${x}' * (width * 10)}'}}"
    told = refused(
        tmp_path,
        levels(8, 1, inner, more) + "use:\n  - {template: t8, key: x, with: {x: aaaaaaaaaa}}\n",
    )
    assert "characters; 1000000 are allowed" in told


def test_a_list_that_grows_at_each_level(tmp_path: Path) -> None:
    """Lists that go into lists are counted as well."""
    text = "templates:\n  t1: {parameters: {x: tags}, tasks: {a: {title: A, tags: '${x}'}}}\n"
    items = ", ".join(['"${x}"'] * 20)
    for level in range(2, 8):
        text += f"  t{level}:\n    parameters: {{x: tags}}\n    use:\n"
        text += f"      - {{template: t{level - 1}, key: k, with: {{x: [{items}]}}}}\n"
    told = refused(tmp_path, text + "use:\n  - {template: t7, key: x, with: {x: [a, b]}}\n")
    assert "a list grows to 16000 items; 10000 are allowed" in told


def test_texts_of_many_instances_together(tmp_path: Path) -> None:
    """Each is allowed, all of one instance together are not."""
    big = "a" * 900_000
    inner = "{parameters: {x: text}, tasks: {a: {title: A, description: '${x}'}}}"
    told = refused(
        tmp_path,
        levels(2, 30, inner, ", with: {x: '${x}b'}").replace("default: y", f"default: {big}")
        + "use:\n  - {template: t2, key: x}\n",
    )
    assert "16200018 characters are brought into" in told


def test_more_tasks_than_a_manifest_can_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are counted as they are read."""
    monkeypatch.setattr(expanded, "MOST_TASKS", 50)
    rows = "key\n" + "".join(f"k{n}\n" for n in range(100))
    (tmp_path / "rows.csv").write_text(rows, encoding="utf-8")
    text = "templates:\n  t: {tasks: {a: {title: A}, b: {title: B}}}\n"
    told = refused(tmp_path, text + "use:\n  - {template: t, forEach: rows.csv}\n")
    assert told.endswith(
        "rows.csv:27: templates make more than 50 tasks: 52 with this row (split the project)"
    )


def test_a_chain_of_a_thousand_templates(tmp_path: Path) -> None:
    """Too deep is said, whichever of them is looked at first."""
    names = [f"t{n:04}" for n in range(1000)]
    text = "templates:\n" + "".join(
        f"  {one}: {{use: [{{template: {after}, key: k}}]}}\n"
        for one, after in zip(names, [*names[1:], "t"], strict=True)
    )
    told = refused(
        tmp_path, text + "  t: {tasks: {a: {title: A}}}\nuse:\n  - {template: t0000, key: x}\n"
    )
    assert "templates stand 9 deep in one another" in told


def test_the_rows_of_uses_in_templates_are_counted_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each template alone is small enough, and all of their rows are held at once."""
    monkeypatch.setattr(nested_uses, "MOST_NESTED_ROWS", 2_500)
    rows = "".join(f"k{at},x\n" for at in range(1_000))
    (tmp_path / "rows.csv").write_text(f"key,name\n{rows}", encoding="utf-8")
    templates = "".join(
        f"  t{at}:\n    use: [{{template: inner, forEach: rows.csv}}]\n" for at in range(20)
    )
    told = refused(
        tmp_path,
        "templates:\n  inner: {parameters: {name: text}, tasks: {a: {title: A}}}\n"
        f"{templates}use:\n" + "".join(f"  - {{template: t{n}, key: k{n}}}\n" for n in range(20)),
    )
    assert told.endswith(
        "m.yaml:11:38: all uses in templates have more than 2500 rows together "
        "(use fewer rows here)"
    )


def test_rows_that_make_no_task_are_counted_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A template without tasks would be read for ever else, a use after the other."""
    monkeypatch.setattr(expanded, "MOST_TASKS", 150)
    rows = "".join(f"k{at}\n" for at in range(100))
    (tmp_path / "rows.csv").write_text(f"key\n{rows}", encoding="utf-8")
    told = refused(
        tmp_path, "templates: {t: {}}\nuse:\n" + "  - {template: t, forEach: rows.csv}\n" * 9
    )
    assert "rows.csv:52: templates make more than 150 tasks: 151 with this row" in told


class Counted(dict[str, list[UnplacedProblem]]):
    """Faults by key that count how often all of them were gone through."""

    rounds = 0

    def __iter__(self) -> Iterator[str]:
        self.rounds += 1
        return super().__iter__()

    def items(self) -> ItemsView[str, list[UnplacedProblem]]:
        self.rounds += 1
        return super().items()


def test_faults_of_parents_are_not_gone_through_for_each_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred thousand rows with a wrong parent each would take hours else."""
    seen: list[Counted] = []
    problems = expanded.ExpandedTasks.problems

    def counted(self: expanded.ExpandedTasks, beside: dict[str, list[UnplacedProblem]]) -> Any:
        seen.append(Counted(beside))
        return problems(self, seen[-1])

    monkeypatch.setattr(expanded.ExpandedTasks, "problems", counted)
    rows = "".join(f"k{at},no{at}\n" for at in range(50))
    (tmp_path / "rows.csv").write_text(f"key,up\n{rows}", encoding="utf-8")
    told = refused(
        tmp_path,
        "templates:\n  t:\n    parameters: {up: text}\n"
        '    tasks: {a: {title: A, parent: "${up}"}}\n'
        "use:\n  - {template: t, forEach: rows.csv}\n",
    )
    assert told.count("is no key of this project") == 50
    assert [one.rounds for one in seen] == [1]
