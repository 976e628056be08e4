"""Who is meant: numbers, addresses and names of ours, in tasks and defaults, and recalled."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import jsonschema
import pytest
from directories import PEOPLE, Office, directory

from tasksync.core.address_book import AnyAddress, Directory, RememberedNumbers
from tasksync.core.fields import RemoteId
from tasksync.core.state import Entry, EntryIndex
from tasksync.core.task import Task
from tasksync.errors import ManifestInvalid, PortalUnreachable
from tasksync.manifests import schema
from tasksync.manifests.loader import load

HEAD = "apiVersion: tasksync/v1\nproject: p\n"


def put(folder: Path, text: str, name: str = "m.yaml") -> str:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return str(folder)


def tasks(path: str, asked: Directory | None = None) -> dict[str, Task]:
    """Return the tasks of a manifest by key."""
    return {row.key: row.task() for row in load([path]).tasks(None, asked or directory())}


def problems(path: str, asked: Directory | None = None) -> list[str]:
    """Return what is wrong, from the line on."""
    with pytest.raises(ManifestInvalid) as met:
        tasks(path, asked)
    return [str(one).rpartition(".yaml:")[2] for one in met.value.problems]


ALL = (
    HEAD
    + """\
people: {it: 11, hr-lead: Clara@example.com, "Отдел кадров": petrova@example.com}
defaults: {responsibleId: hr-lead, auditors: [it, 4]}
tasks:
  a: {title: A}
  b: {title: B, responsibleId: ANNA@example.com, auditors: [petrova@example.com, it, 22, 11]}
  c: {title: C, responsibleId: Отдел кадров, accomplices: [], createdBy: 3, groupId: HR}
  d: {title: D, responsibleId: 9, auditors: null, groupId: null}
"""
)


def test_people_and_groups_become_numbers_and_what_was_written_is_kept(tmp_path: Path) -> None:
    found = tasks(put(tmp_path, ALL))
    people = {
        key: (one.fields["responsibleId"], one.fields["auditors"]) for key, one in found.items()
    }
    assert people == {"a": (5, (4, 11)), "b": (2, (11, 22)), "c": (22, (4, 11)), "d": (9, ())}
    assert found["c"].fields["groupId"] == 7
    assert dict(found["a"].written) == {"responsibleId": "hr-lead", "auditors": "it, 4"}
    assert dict(found["b"].written)["auditors"] == "petrova@example.com, it, 22, 11"
    assert dict(found["c"].written) == {
        "responsibleId": "Отдел кадров",
        "auditors": "it, 4",
        "groupId": "HR",
    }
    assert dict(found["d"].written) == {}


def test_the_digest_is_that_of_numbers(tmp_path: Path) -> None:
    """What is written makes no task another one: an address for its number changes nothing."""
    first, second = tmp_path / "1", tmp_path / "2"
    for folder, who in ((first, "anna@example.com"), (second, "2")):
        folder.mkdir()
        put(folder, f"{HEAD}tasks: {{a: {{title: A, responsibleId: {who}, auditors: [{who}]}}}}\n")
    one, two = (next(iter(load([str(f)]).tasks(None, directory()))) for f in (first, second))
    assert one.digest == two.digest == one.task().digest()


def test_a_name_is_the_same_in_any_form_of_its_letters(tmp_path: Path) -> None:
    name = "Zoë"
    text = f"people: {{{unicodedata.normalize('NFD', name)}: 8}}\n"
    task = f"tasks: {{a: {{title: A, responsibleId: {unicodedata.normalize('NFC', name)}}}}}\n"
    assert tasks(put(tmp_path, HEAD + text + task))["a"].fields["responsibleId"] == 8


def test_people_may_stand_in_any_document_and_after_the_tasks(tmp_path: Path) -> None:
    put(tmp_path, "apiVersion: tasksync/v1\ntasks: {b: {title: B, responsibleId: it}}\n", "a.yaml")
    path = put(tmp_path, HEAD + "tasks: {a: {title: A, responsibleId: it}}\npeople: {it: 11}\n")
    assert {one.fields["responsibleId"] for one in tasks(path).values()} == {11}


def test_nobody_is_asked_where_numbers_stand(tmp_path: Path) -> None:
    office = Office()
    text = (
        "people: {it: 11, hr: anna@example.com}\n"
        "tasks: {a: {title: A, responsibleId: it, auditors: [4], groupId: 5}}\n"
    )
    path = put(tmp_path, HEAD + text)
    tasks(path, directory(office))
    assert office.asked == []


def test_without_a_directory_an_address_is_a_problem_and_never_a_number(tmp_path: Path) -> None:
    path = put(tmp_path, HEAD + "tasks: {a: {title: A, responsibleId: x@y, groupId: HR}}\n")
    with pytest.raises(ManifestInvalid, match="cannot be looked up here"):
        list(load([path]).tasks())


def test_a_directory_that_takes_anybody_tells_what_the_manifest_alone_tells(tmp_path: Path) -> None:
    text = "tasks: {a: {title: A, responsibleId: no@body, groupId: HR, auditors: [x]}}\n"
    assert problems(put(tmp_path, HEAD + text), AnyAddress()) == [
        '3:71: "x" is no name of people (add it to people:, or write a number or an e-mail address)'
    ]


def test_many_unknown_addresses_are_told_each_and_hinted_at_a_few_times(tmp_path: Path) -> None:
    lines = "".join(
        f"  t{n}: {{title: T, responsibleId: ann{n:02}@example.com}}\n" for n in range(40)
    )
    told = problems(put(tmp_path, f"{HEAD}tasks:\n{lines}"))
    assert len(told) == 40
    assert sum("did you mean anna@example.com?" in one for one in told) == 20


def test_a_failing_directory_is_told_last_and_no_number_of_it_stands(tmp_path: Path) -> None:
    office = Office(error=PortalUnreachable("no network"))
    path = put(tmp_path, HEAD + "tasks: {a: {title: A, responsibleId: anna@example.com}}\n")
    with pytest.raises(PortalUnreachable):
        tasks(path, directory(office))
    path = put(tmp_path, HEAD + "tasks: {a: {title: 5, responsibleId: anna@example.com}}\n")
    assert problems(path, directory(Office(error=PortalUnreachable("no network")))) == [
        '3:20: title is 5, not text (quote it: "5")'
    ]


BLOCKS = (
    HEAD
    + """\
people: {hr: petrova@example.com}
tasks:
  a:
    title: A
    responsibleId: hr
  b:
    title: B
    responsibleId: anna@example.com
  c:
    title: C
    responsibleId: 3
"""
)


def applied(path: str, asked: Directory) -> EntryIndex:
    """Return what a state holds after an apply."""
    manifest = load([path])
    rows = [row.task() for row in manifest.tasks(None, asked)]
    known = manifest.source_fingerprints({task.key for task in rows})
    return EntryIndex(
        Entry(task.key, RemoteId(n), task.fields, source=known[task.key]).summary()
        for n, task in enumerate(rows, 1)
    )


def again(path: str, index: EntryIndex, asked: Directory) -> dict[str, object]:
    """Return who is responsible by key, read with what the state knows."""
    return {row.key: row.task().fields["responsibleId"] for row in load([path]).tasks(index, asked)}


def test_what_did_not_move_is_not_parsed_again(tmp_path: Path, parsed: list[str]) -> None:
    path = put(tmp_path, BLOCKS)
    first = directory()
    index, memory = applied(path, first), first.numbers
    parsed.clear()
    assert list(load([path]).tasks(index, directory(remembered=memory)))
    assert parsed == []


@pytest.mark.parametrize("gone", [22, 2])
def test_where_one_address_leads_elsewhere_everything_is_parsed(
    tmp_path: Path, parsed: list[str], gone: int
) -> None:
    path = put(tmp_path, BLOCKS)
    first = directory()
    index, memory = applied(path, first), first.numbers
    moved = tuple(
        type(one)(one.id + 100 * (one.id == gone), one.name, one.email, active=one.active)
        for one in PEOPLE
    )
    parsed.clear()
    found = again(path, index, directory(Office(moved), memory))
    assert found == {"a": 122 if gone == 22 else 22, "b": 102 if gone == 2 else 2, "c": 3}
    assert set(parsed) == {"a", "b", "c"}


def test_texts_of_before_a_move_are_not_recalled_under_it(
    tmp_path: Path, parsed: list[str]
) -> None:
    """The numbers agree again, but the texts were tied to what they asked before."""
    path = put(tmp_path, BLOCKS)
    first = directory()
    index = applied(path, first)
    later = RememberedNumbers(first.numbers.people, {}, first.moves + 1)
    parsed.clear()
    assert again(path, index, directory(remembered=later)) == {"a": 22, "b": 2, "c": 3}
    assert set(parsed) == {"a", "b", "c"}


def test_another_line_of_people_has_every_text_parsed_anew(
    tmp_path: Path, parsed: list[str]
) -> None:
    first = directory()
    index = applied(put(tmp_path, BLOCKS), first)
    path = put(tmp_path, BLOCKS.replace("hr: petrova@", "hr: clara@"))
    parsed.clear()
    found = again(path, index, directory(remembered=first.numbers))
    assert (found["a"], set(parsed)) == (5, {"a", "b", "c"})


@pytest.mark.parametrize(
    ("value", "good"),
    [
        *((one, True) for one in (1, "anna@example.com", "7up@example.com", "hr-lead", "Отдел")),
        *((one, False) for one in (0, "", "7", "1_000", "1e3", "+7", "-", True, 1.5, None, [1])),
    ],
)
def test_an_editor_judges_a_person_as_we_do(tmp_path: Path, value: object, good: bool) -> None:  # noqa: FBT001
    whole = {"apiVersion": "tasksync/v1", "project": "p", "people": {"hr-lead": 1, "Отдел": 2}}
    told = {**whole, "tasks": {"a": {"title": "A", "responsibleId": value}}}
    editor = jsonschema.Draft202012Validator(json.loads(schema.text()))
    assert editor.is_valid(told) is good
    office = Office((*PEOPLE, type(PEOPLE[0])(70, "Seven", "7up@example.com")))
    path = put(tmp_path, json.dumps(told, ensure_ascii=False))
    if good:
        assert tasks(path, directory(office))
    else:
        assert problems(path, directory(office))


def test_the_schema_says_what_people_are_with_examples() -> None:
    properties = json.loads(schema.text())["properties"]
    task = json.loads(schema.text())["$defs"]["task"]["properties"]
    for part in (properties["people"], *(task[name] for name in (
        "responsibleId", "groupId", "accomplices", "auditors", "createdBy"
    ))):  # fmt: skip
        assert part["title"]
        assert part["description"]
        assert part["examples"]
