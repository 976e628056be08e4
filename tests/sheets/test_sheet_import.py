"""`tasksync import SHEET`: from a spreadsheet to `No changes.`, and what its changes change."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.command import Tasksync

from tasksync.core.address_book import AnyAddress
from tasksync.manifests.files import Source
from tasksync.manifests.loader import load
from tasksync.manifests.sheets.sheet_update import own_blocks

FILES = Path(__file__).parent / "files"
PROJECT = """\
apiVersion: tasksync/v1
project: demo
timezone: Europe/Berlin
hours: {start: "09:00", end: "18:00"}
people: {hr-lead: 17}
defaults: {responsibleId: 17}
tasks: {}
"""
TABLE = [
    ["Nr", "Title", "Assignee", "Deadline", "Tags", "Description", "Priority"],
    ["a", "One", "17", "31.12.2026 18:00", "x, w", "first\nsecond", "high"],
    ["b", "Two", "anna@example.com", "01.02.2027", "", "", ""],
    ["c", "Three", "hr-lead", "", "z", "", "low"],
]


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tasksync:
    monkeypatch.chdir(tmp_path)
    return Tasksync(tmp_path)


def sheet(folder: Path, rows: list[list[str]], name: str = "plan.csv") -> Path:
    path = folder / name
    if name.endswith(".xlsx"):
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append([cell or None for cell in row])
        book.save(path)
        return path
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=";").writerows(rows)
    return path


def changed(row: int, column: int, cell: str) -> list[list[str]]:
    rows = [list(one) for one in TABLE]
    rows[row][column] = cell
    return rows


def imported(work: Tasksync, rows: list[list[str]] = TABLE) -> Path:
    work.manifest(PROJECT)
    sheet(work.folder, rows)
    done = work("import", "plan.csv", "--key", "Nr", "--out", "tasks.yaml")
    assert done.code == 0, done.err
    return work.folder / "tasks.yaml"


def test_from_a_workbook_to_no_changes_without_a_manifest(work: Tasksync) -> None:
    book = FILES / "libreoffice-ru.xlsx"
    done = work(
        "import", book, "--sheet", "Задачи", "--key", "Код", "--out", "plan.yaml",
        "--project", "demo", "--timezone", "Europe/Moscow", "--map", "responsibleId=",
    )  # fmt: skip
    assert (done.code, done.out) == (1, "")
    assert "row 5: nobody is responsible, here and in 3 rows more" in done.err
    assert not (work.folder / "plan.yaml").exists()
    done = work(
        "import", book, "--sheet", "Задачи", "--key", "Код", "--out", "plan.yaml",
        "--project", "demo", "--timezone", "Europe/Moscow",
    )  # fmt: skip
    assert done.code == 0
    assert done.out == f"4 tasks of {book}, sheet Задачи, were written to plan.yaml.\n"
    assert "Next: tasksync plan -f plan.yaml" in done.err
    assert work("validate", "-f", "plan.yaml").code == 0
    assert "Plan: 4 to add" in work("plan", "-f", "plan.yaml").out
    assert work("apply", "-f", "plan.yaml", "--yes").code == 0
    assert "\nNo changes. The portal matches the manifest.\n" in work("plan", "-f", "plan.yaml").out


@pytest.mark.parametrize("name", ["plan.csv", "plan.xlsx"])
def test_rows_become_tasks_beside_a_manifest(work: Tasksync, name: str) -> None:
    work.manifest(PROJECT)
    sheet(work.folder, TABLE, name)
    assert work("import", name, "--key", "Nr", "--out", "tasks.yaml").code == 0
    path = work.folder / "tasks.yaml"
    assert {key: one.body for key, one in own_blocks(Source("tasks.yaml", path)).items()} == {
        "a": {
            "title": "One",
            "description": "first\nsecond",
            "responsibleId": 17,
            "priority": "high",
            "deadline": "2026-12-31T18:00",
            "tags": ["x", "w"],
        },
        "b": {"title": "Two", "responsibleId": "anna@example.com", "deadline": "2027-02-01"},
        "c": {"title": "Three", "responsibleId": "hr-lead", "priority": "low", "tags": ["z"]},
    }
    assert work("validate", "-f", "tasksync.yaml", "-f", "tasks.yaml").code == 0


def test_what_was_understood_and_what_was_not_taken_is_told(work: Tasksync) -> None:
    imported(work)
    rows = [[*TABLE[0], "ID"], [*TABLE[1], "5"], [""] * 8, [*[""] * 7, "total: 1"]]
    sheet(work.folder, rows, "other.csv")
    done = work("import", "other.csv", "--out", "other.yaml")
    assert "other.csv was read as UTF-8, divided by semicolon." in done.err
    assert "Taken: title from Title, description from Description" in done.err
    assert 'Not taken: Nr, ID. --map field="Column" takes a column.' in done.err
    assert "Nothing in these columns, and left out: row 4." in done.err


@pytest.mark.parametrize(("flag", "other"), [("--project", "other"), ("--timezone", "Asia/Tokyo")])
def test_a_flag_that_the_manifest_does_not_follow_is_refused(
    work: Tasksync, flag: str, other: str
) -> None:
    """The dates would be those of another zone, the tasks those of another project."""
    work.manifest(PROJECT)
    sheet(work.folder, TABLE)
    done = work("import", "plan.csv", "--key", "Nr", "--out", "tasks.yaml", flag, other)
    assert (done.code, f"{flag} says {other}, and in the manifest" in done.err) == (64, True), done
    assert not (work.folder / "tasks.yaml").exists()


def test_a_flag_that_says_what_the_manifest_says_is_taken(work: Tasksync) -> None:
    work.manifest(PROJECT)
    sheet(work.folder, TABLE)
    said = {line.partition(": ")[0]: line.partition(": ")[2] for line in PROJECT.splitlines()}
    flags = ["--project", said["project"], "--timezone", said["timezone"]]
    assert work("import", "plan.csv", "--key", "Nr", "--out", "tasks.yaml", *flags).code == 0


def test_tasks_are_added_to_a_file_whose_own_text_stays(work: Tasksync) -> None:
    path = work.manifest(PROJECT.replace("tasks: {}", "tasks:\n  own: {title: 'x'}  # mine"))
    before = path.read_bytes()
    sheet(work.folder, TABLE)
    assert work("import", "plan.csv", "--out", "tasksync.yaml").code == 0
    assert path.read_bytes().startswith(before)
    assert "4 tasks" in work("validate").out


def test_what_is_there_already_is_left_out(work: Tasksync) -> None:
    path = imported(work)
    before = path.read_bytes()
    done = work("import", "plan.csv", "--key", "Nr", "--out", "tasks.yaml")
    assert done.code == 0
    assert "holds no task that is not there already" in done.out
    assert "3 tasks are there already and left out: a, b, c." in done.err
    assert path.read_bytes() == before
    sheet(work.folder, [*TABLE, ["d", "Four", "17", "", "", "", ""]])
    assert (
        "1 task of plan.csv was written"
        in work("import", "plan.csv", "--key", "Nr", "--out", "tasks.yaml").out
    )
    assert path.read_bytes().startswith(before)


def test_all_that_no_manifest_takes_is_told_by_cell_and_nothing_is_written(work: Tasksync) -> None:
    work.manifest(PROJECT)
    rows = [list(row) for row in TABLE]
    rows[1][1] = "x" * 251
    rows[1][3] = "31.02.2026 18:00"
    rows[2][2] = "nobody"
    rows[2][4] = "tasksync:demo"
    rows[3][3] = "29.03.2026 02:30"
    sheet(work.folder, rows)
    done = work("import", "plan.csv", "--out", "tasks.yaml")
    assert (done.code, done.out) == (1, "")
    lines = done.err.splitlines()
    assert [line.partition(" (")[0] for line in lines[-5:]] == [
        "plan.csv, B2: Title: title has 251 characters, 250 are allowed",
        'plan.csv, C3: Assignee: "nobody" is no name of people',
        (
            'plan.csv, E3: Tags: the tag "tasksync:demo" begins with tasksync:, which marks '
            "tasksync's own tasks"
        ),
        "plan.csv, D4: Deadline: 2026-03-29T02:30 is skipped in Europe/Berlin: the clocks change",
        "4 problems in the sheet, and nothing was written.",
    ]
    assert not (work.folder / "tasks.yaml").exists()


@pytest.mark.parametrize(
    ("project", "what"),
    [
        (
            PROJECT.replace('hours: {start: "09:00", end: "18:00"}\n', ""),
            (
                "plan.csv, D3: Deadline: the dates have no time, and the project does not say "
                'which they mean (give the project hours: hours: {start: "09:00", end: "18:00"})'
            ),
        ),
        (
            PROJECT.replace("timezone: Europe/Berlin\n", ""),
            (
                "plan.csv, D2: Deadline: the dates have no offset, and the project has no "
                "timezone, here and in 1 row more "
                "(give the project a timezone: timezone: Europe/Berlin)"
            ),
        ),
    ],
)
def test_what_is_wrong_with_a_whole_column_is_said_once(
    work: Tasksync, project: str, what: str
) -> None:
    work.manifest(project)
    sheet(work.folder, TABLE)
    done = work("import", "plan.csv", "--out", "tasks.yaml")
    last = "1 problem in the sheet, and nothing was written."
    assert done.err.splitlines()[-2:] == [what, last]


def test_a_cell_that_cannot_be_read_hides_nothing_else_that_is_wrong(work: Tasksync) -> None:
    """Neither in its row nor in others: who mends the sheet does it once."""
    work.manifest(PROJECT.replace('hours: {start: "09:00", end: "18:00"}\n', ""))
    rows = [
        ["Title", "Parent", "Assignee", "Deadline", "Start"],
        ["One", "", "Olga", "03/04/2027", "01.03.2027"],
        ["Two", "Nobody's", "Olga", "01.03.2027 12:00", "01.03.2027"],
        ["", "", "Pavel", "", ""],
    ]
    sheet(work.folder, rows)
    done = work("import", "plan.csv", "--out", "tasks.yaml")
    assert [line.partition(" (")[0] for line in done.err.splitlines()[-7:-1]] == [
        'plan.csv, C2: Assignee: "Olga" is no name of people, here and in 1 row more',
        'plan.csv, D2: Deadline: "03/04/2027" may be 2027-04-03 or 2027-03-04',
        (
            "plan.csv, E2: Start: the dates have no time, and the project does not say which they "
            "mean, here and in 1 row more"
        ),
        'plan.csv, B3: Parent: "Nobody\'s" is neither the title of a row nor a key',
        "plan.csv, A4: Title: the row has no title",
        'plan.csv, C4: Assignee: "Pavel" is no name of people',
    ]


def test_a_name_that_nobody_knows_is_said_once_with_what_to_write(work: Tasksync) -> None:
    """Sheets have people's names where manifests have addresses: one problem a name, not a row."""
    work.manifest(PROJECT)
    header = ["Задача", "Ответственный", "Соисполнители"]
    names = ["Анна Берг", "anna@example.com", "Анна Берг", "Olga, Olga", "Анна Берг"]
    sheet(work.folder, [header, *([f"T{at}", name, "Olga"] for at, name in enumerate(names))])
    done = work("import", "plan.csv", "--out", "tasks.yaml")
    lines = done.err.splitlines()
    assert lines[-4:] == [
        (
            'plan.csv, B2: Ответственный: "Анна Берг" is no name of people, here and in 2 rows '
            'more (give the project people: {"Анна Берг": anna@example.com}, or write the address '
            "here; tasksync people lists them)"
        ),
        (
            'plan.csv, C2: Соисполнители: "Olga" is no name of people, here and in 4 rows more '
            '(give the project people: {"Olga": anna@example.com}, or write the address here; '
            "tasksync people lists them)"
        ),
        (
            'plan.csv, B5: Ответственный: "Olga, Olga" is no name of people '
            '(give the project people: {"Olga, Olga": anna@example.com}, or write the address '
            "here; tasksync people lists them)"
        ),
        "3 problems in the sheet, and nothing was written.",
    ]
    people = '{"Анна Берг": anna@example.com, "Olga": petrova@example.com, "Olga, Olga": 22}'
    work.manifest(PROJECT.replace("{hr-lead: 17}", people))
    assert work("import", "plan.csv", "--out", "tasks.yaml").code == 0


def test_a_file_that_is_not_there_or_no_sheet_ends_in_words(work: Tasksync) -> None:
    work.manifest(PROJECT)
    done = work("import", "none.csv", "--out", "tasks.yaml")
    assert (done.code, "none.csv cannot be read: No such file" in done.err) == (1, True)
    sheet(work.folder, TABLE)
    done = work("import", "plan.csv")
    assert (done.code, "Use --out FILE" in done.err) == (64, True)
    done = work("import", "plan.csv", "--out", "t.yaml", "--map", "deadlin=x")
    assert (done.code, "Did you mean deadline?" in done.err) == (64, True)
    done = work("import", "plan.csv", "--out", "t.yaml", "--group", "3")
    assert (done.code, "--group narrows an import from the portal" in done.err) == (64, True)


def test_without_a_manifest_project_and_zone_are_asked_for(work: Tasksync) -> None:
    sheet(work.folder, TABLE)
    done = work("import", "plan.csv", "--out", "t.yaml")
    assert (done.code, "give --project NAME" in done.err) == (64, True)
    done = work("import", "plan.csv", "--out", "t.yaml", "--project", "demo")
    assert (done.code, "--timezone Europe/Berlin" in done.err) == (64, True)


UPDATE = ("import", "plan.csv", "--key", "Nr", "--out", "tasks.yaml", "--update")


def test_an_unchanged_sheet_changes_nothing(work: Tasksync) -> None:
    path = imported(work)
    before = path.read_bytes()
    done = work(*UPDATE)
    assert (done.code, done.out) == (0, "No changes. tasks.yaml says what the sheet says.\n")
    assert path.read_bytes() == before


def test_the_same_in_other_words_is_no_change(work: Tasksync) -> None:
    imported(work)
    rows = changed(1, 3, "31. Dezember 2026, 18 Uhr")
    rows[1][4] = "w; x"
    rows[1][6] = "Высокий"
    rows[2][2] = "Anna@Example.com"
    sheet(work.folder, rows)
    assert work(*UPDATE).out.startswith("No changes.")


def test_what_changed_is_shown_asked_about_and_written_in_its_place(work: Tasksync) -> None:
    path = imported(work)
    text = path.read_text(encoding="utf-8")
    text = text.replace("    title: Two\n", "    title: Two  # the second\n")
    path.write_text(text, encoding="utf-8")
    rows = changed(1, 3, "15.01.2027 12:00")
    rows[2][1] = "Two and a half"
    rows[3][4] = "z, new"
    sheet(work.folder, rows)
    shown = (
        "  ~ a  (row 2)\n"
        "      deadline: 2026-12-31T18:00 -> 2027-01-15T12:00\n"
        "  ~ b  (row 3)\n"
        "      title: Two -> Two and a half\n"
        "  ~ c  (row 4)\n"
        "      tags: [z] -> [z, new]\n"
        "\n"
        "Update: 3 fields of 3 tasks.\n"
    )
    done = work(*UPDATE)
    assert (done.code, done.out) == (64, shown)
    assert "Use --yes" in done.err
    done = work(*UPDATE, answer="no", terminal=True)
    assert done.code == 64
    assert "Nothing was written." in done.err
    assert path.read_text(encoding="utf-8") == text
    done = work(*UPDATE, answer="yes", terminal=True)
    assert (done.code, done.out) == (0, f"{shown}tasks.yaml was updated.\n")
    assert path.read_text(encoding="utf-8") == (
        text.replace("2026-12-31T18:00", "2027-01-15T12:00")
        .replace("title: Two  #", "title: Two and a half  #")
        .replace("tags: [z]", "tags: [z, new]")
    )
    assert work(*UPDATE).out.startswith("No changes.")


def test_an_emptied_cell_clears_its_field_or_leaves_it_to_the_defaults(work: Tasksync) -> None:
    path = imported(work)
    rows = changed(1, 3, "")
    rows[2][2] = ""
    rows[3][6] = ""
    sheet(work.folder, rows)
    done = work(*UPDATE, "--yes")
    assert "      deadline: 2026-12-31T18:00 -> (nothing)\n" in done.out
    assert "      responsibleId: anna@example.com -> 17\n" in done.out
    assert "      priority: low -> (nothing)\n" in done.out
    text = path.read_text(encoding="utf-8")
    assert "deadline: null" in text
    assert "anna" not in text
    assert "low" not in text
    assert work(*UPDATE).out.startswith("No changes.")


def test_new_rows_and_tasks_of_no_row_are_told_and_left_alone(work: Tasksync) -> None:
    path = imported(work)
    before = path.read_bytes()
    sheet(work.folder, [*TABLE[:3], ["d", "Four", "17", "", "", "", ""]])
    done = work(*UPDATE)
    assert done.out.startswith("No changes.")
    assert "New in the sheet, and left out: d. Without --update they are added." in done.err
    assert "In no row of the sheet, and left alone: c." in done.err
    assert path.read_bytes() == before


def test_each_document_of_a_file_has_its_own_defaults(work: Tasksync) -> None:
    path = work.manifest(
        PROJECT.replace("tasks: {}", "tasks: {own: {title: x}}")
        + "---\napiVersion: tasksync/v1\ndefaults: {priority: low}\ntasks:\n  a: {title: One}\n"
        + "---\napiVersion: tasksync/v1\ndefaults: {priority: high}\ntasks:\n  b: {title: Two}\n"
    )
    sheet(work.folder, [["Key", "Title", "Priority"], ["a", "One", "low"], ["b", "Two", "high"]])
    done = work("import", "plan.csv", "--out", "tasksync.yaml", "--update")
    assert done.out.startswith("No changes."), done.out
    sheet(work.folder, [["Key", "Title", "Priority"], ["a", "One", "high"], ["b", "Two", "low"]])
    done = work("import", "plan.csv", "--out", "tasksync.yaml", "--update", "--yes")
    assert "priority: low -> high" in done.out
    text = path.read_text(encoding="utf-8")
    assert "a: {title: One, priority: high}" in text
    assert "b: {title: Two, priority: low}" in text


def test_there_is_nothing_to_update_before_the_first_import(work: Tasksync) -> None:
    work.manifest(PROJECT)
    sheet(work.folder, TABLE)
    done = work(*UPDATE, "--yes")
    assert (done.code, "There is no tasks.yaml to update." in done.err) == (64, True)


def test_an_update_that_no_manifest_takes_writes_nothing(work: Tasksync) -> None:
    path = imported(work)
    before = path.read_bytes()
    sheet(work.folder, changed(1, 3, "03/04/2026"))
    assert work(*UPDATE, "--yes").code == 1
    assert path.read_bytes() == before


TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"),
    min_size=1,
    max_size=40,
).filter(lambda text: text.strip() and not set(text) & set("\x85\u2028\u2029"))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4))
def test_texts_come_into_the_manifest_word_for_word(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("law")
    work = Tasksync(folder, {"TASKSYNC_FILE": str(folder / "tasksync.yaml")})
    work.manifest(PROJECT)
    file = io.StringIO(newline="")
    table = [["Key", "Title", "Description"]]
    table += [[f"k{at}", *row] for at, row in enumerate(rows)]
    csv.writer(file).writerows(table)
    path = folder / "plan.csv"
    path.write_bytes(file.getvalue().encode())
    done = work("import", path, "--out", folder / "tasks.yaml")
    assert done.code == 0, done.err
    manifest = load([str(folder / "tasksync.yaml"), str(folder / "tasks.yaml")])
    found = [wanted.task().fields for wanted in manifest.tasks()]
    assert [(one["title"], one["description"]) for one in found] == rows
    done = work("import", path, "--out", folder / "tasks.yaml", "--update")
    assert done.out.startswith("No changes."), done.out


DATES = st.sampled_from(["", "31.12.2026 18:00", "1. März 2027", "15 мая 2027 9:30"])
PEOPLE = st.sampled_from(["", "17", "18", "anna@example.com", "hr-lead"])
TAGS = st.sampled_from(["", "a", "a, b", "b; c: d; #e"])
PRIORITIES = st.sampled_from(["", "высокий", "low"])
ROWS = st.tuples(TEXTS, st.one_of(st.just(""), TEXTS), PEOPLE, DATES, TAGS, PRIORITIES)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(ROWS, ROWS), min_size=1, max_size=3))
def test_an_update_leaves_what_an_import_of_the_new_sheet_would_make(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[tuple[str, ...], tuple[str, ...]]]
) -> None:
    folder = tmp_path_factory.mktemp("law")
    work = Tasksync(folder, {"TASKSYNC_FILE": str(folder / "tasksync.yaml")})
    work.manifest(PROJECT)
    head = ["Key", "Title", "Description", "Assignee", "Deadline", "Tags", "Priority"]

    def written(which: int) -> Path:
        rows = [[f"k{at}", *pair[which]] for at, pair in enumerate(pairs)]
        return sheet(folder, [head, *rows])

    def asked(name: str) -> list[dict[str, object]]:
        manifest = load([str(folder / "tasksync.yaml"), str(folder / name)])
        tasks = [wanted.task() for wanted in manifest.tasks(None, AnyAddress())]
        empty = (None, "", (), 0)
        return [{n: v for n, v in task.fields.items() if v not in empty} for task in tasks]

    assert work("import", written(0), "--out", folder / "tasks.yaml").code == 0
    path = written(1)
    assert work("import", path, "--out", folder / "tasks.yaml", "--update", "--yes").code == 0
    updated = asked("tasks.yaml")
    (folder / "tasks.yaml").unlink()
    assert work("import", path, "--out", folder / "new.yaml").code == 0
    assert updated == asked("new.yaml")
