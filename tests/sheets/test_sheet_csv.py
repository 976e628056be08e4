"""CSV sheets: encodings and dividers found or said, cells word for word, faults by cell."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasksync.errors import SheetInvalid
from tasksync.manifests.sheets.cells import SheetRow
from tasksync.manifests.sheets.csv_sheet import csv_sheet
from tasksync.manifests.sheets.encodings import decoded
from tasksync.manifests.sheets.sheet_file import (
    SheetContent,
    SheetWanted,
    raise_problems,
    read_sheet,
    said_of,
)
from tasksync.manifests.unplaced import BadValue

RUSSIAN = "Название;Ответственный;Описание\nОтчёт за № 5;17;«Строка» — раз\n"
GERMAN = "Titel;Verantwortlich;Beschreibung\nGröße prüfen;17;Maß für Müller – Straße\n"


def read(
    text: str | bytes, *said: str, key: str | None = None, one_title: bool = False, **how: str
) -> SheetContent:
    content = text if isinstance(text, bytes) else text.encode()
    wanted = SheetWanted("plan.csv", said=said_of(said, key), **how)  # type: ignore[arg-type]
    found = read_sheet(wanted, content, {}, one_title=one_title)
    raise_problems(found.sheet)
    return found


def fields(text: str | bytes, *said: str, **how: str) -> list[dict[str, object]]:
    return [task.fields for task in read(text, *said, **how).tasks]  # type: ignore[arg-type]


def problems(text: str | bytes, *said: str, **how: object) -> list[str]:
    with pytest.raises(SheetInvalid) as caught:
        read(text, *said, **how)  # type: ignore[arg-type]
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16", "utf-16-le", "utf-16-be"]
)
def test_russian_text_is_read_in_any_encoding_of_spreadsheets(encoding: str) -> None:
    [task] = fields(RUSSIAN.encode(encoding))
    assert task == {
        "title": "Отчёт за № 5",
        "responsibleId": 17,
        "description": "«Строка» — раз",
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_german_text_is_read_in_any_encoding_of_spreadsheets(encoding: str) -> None:
    [task] = fields(GERMAN.encode(encoding))
    assert task["title"] == "Größe prüfen"
    assert task["description"] == "Maß für Müller – Straße"


def test_a_guess_is_said_to_be_one_and_can_be_overruled() -> None:
    found = decoded(RUSSIAN.encode("cp1251"))
    assert (found.encoding, found.guessed) == ("Windows-1251", True)
    assert decoded("Заголовок".encode("koi8-r"), "koi8-r").text == "Заголовок"
    assert not decoded(RUSSIAN.encode()).guessed
    with pytest.raises(BadValue, match="is no encoding"):
        decoded(b"", "klingon")
    with pytest.raises(BadValue, match=r"line 2 is not utf-8: the byte 0xff"):
        decoded(b"a\n\xff", "utf-8")


@pytest.mark.parametrize("divider", [",", ";", "\t"])
def test_what_divides_cells_is_found(divider: str) -> None:
    text = f'Title{divider}Assignee{divider}Description\nOne{divider}17{divider}"a, b; c\td"\n'
    [task] = fields(text)
    assert task["description"] == "a, b; c\td"


def test_a_title_line_full_of_commas_divides_nothing() -> None:
    text = "Plan, first, second, third, fourth draft\nTitle;Assignee\nOne, two;17\n"
    assert fields(text) == [{"title": "One, two", "responsibleId": 17}]


def test_excels_own_line_says_what_divides() -> None:
    found = read("sep=|\r\nTitle|Assignee\r\nOne|17\r\n")
    assert found.tasks[0].fields == {"title": "One", "responsibleId": 17}
    assert found.tasks[0].row == 3


def test_a_divider_can_be_said() -> None:
    assert fields("Title|Assignee\nOne|17\n", delimiter="|")
    assert problems("Title|Assignee\nOne|17\n", delimiter="ab") == [
        'plan.csv: "ab" divides no cells (use , ; or tab)'
    ]


def test_lists_are_divided_at_commas_and_semicolons() -> None:
    text = 'Title,Assignee,Tags,Watchers\nOne,17,"a, b; c","anna@example.com; 18, hr-lead"\n'
    [task] = fields(text)
    assert task["tags"] == ["a", "b", "c"]
    assert task["auditors"] == ["anna@example.com", 18, "hr-lead"]


def test_people_are_numbers_addresses_or_names() -> None:
    text = (
        "Title,Assignee\n1,17\n2,anna@example.com\n3,Anna Schmidt <anna@example.com>\n4,hr-lead\n"
    )
    assert [task["responsibleId"] for task in fields(text)] == [
        17, "anna@example.com", "anna@example.com", "hr-lead",
    ]  # fmt: skip


TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"), min_size=1
).filter(lambda text: text.strip() and "\x85" not in text)


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5), st.sampled_from(",;\t"))
def test_texts_are_read_word_for_word(rows: list[tuple[str, str]], divider: str) -> None:
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=divider)
    writer.writerows([["Title", "Assignee", "Description"]])
    writer.writerows([[title, "17", text] for title, text in rows])
    sheet = csv_sheet("plan.csv", file.getvalue().encode())
    _names, *found = sheet.rows()
    assert sheet.problems == []
    assert [tuple(row.cells) for row in found] == [(title, "17", text) for title, text in rows]


def test_a_row_has_the_number_that_a_spreadsheet_shows() -> None:
    text = 'Title,Assignee\n"One\nmore",17\n\n,\nTwo,18\n'
    assert [task.row for task in read(text).tasks] == [2, 5]


def test_line_breaks_of_any_system_are_line_feeds() -> None:
    [task] = fields('Title,Assignee,Description\r\nOne,17,"a\r\nb"\r\n')
    assert task["description"] == "a\nb"


def test_everything_wrong_is_told_by_its_cell_in_one_run() -> None:
    text = (
        "Title;Assignee;Deadline;Priority;Status\n"
        "One;17;03/04/2026;urgent;B\n"
        ";17;;;\n"
        "Three;17;31.12.2026 18:00;high;done\n"
        "Three;17;;;;more\n"
    )
    assert problems(text) == [
        (
            'plan.csv, C2: Deadline: "03/04/2026" may be 2026-04-03 or 2026-03-04 '
            "(write 2026-04-03 or 2026-03-04, or a real date where it is a workbook)"
        ),
        'plan.csv, D2: Priority: "urgent" is no priority (use low, normal or high)',
        (
            'plan.csv, E2: Status: "B" is no status (use new, pending, inProgress, '
            "awaitingControl, completed, deferred or declined)"
        ),
        "plan.csv, A3: Title: the row has no title (give it one, or clear the row)",
        (
            "plan.csv, F5: the cell stands beyond the last column that has a name "
            "(quote a cell that holds what divides the others)"
        ),
    ]


@pytest.mark.parametrize(
    ("text", "said", "what"),
    [
        ("", (), "plan.csv, A1: the sheet is empty"),
        (
            "Foo,Bar\n1,2\n",
            (),
            'plan.csv, A1: no column is the title; the columns are "Foo" or "Bar"',
        ),
        ("Title,Task,Assignee\n1,2,3\n", (), '"Title" and "Task" both are title by their names'),
        ("Title,Assignee\n1,2\n", ("deadline=Until",), 'no column is called "Until"'),
        ("Title,Foo,Foo\n1,2,3\n", ("deadline=Foo",), '2 columns are called "Foo"'),
    ],
)
def test_columns_that_cannot_be_told_are_a_problem(
    text: str, said: tuple[str, ...], what: str
) -> None:
    [problem] = problems(text, *said)
    assert what in problem


def test_columns_can_be_named_by_name_and_by_letter_and_left_out() -> None:
    text = "What,Who,Title,Foo,Foo\nOne,17,nothing,a,b\n"
    [task] = fields(text, "title=what", "responsibleId=B", "tags=E")
    assert task == {"title": "One", "responsibleId": 17, "tags": ["b"]}
    [task] = fields("Title,Assignee,Priority\nOne,17,whatever\n", "priority=")
    assert "priority" not in task


@pytest.mark.parametrize(
    ("pair", "what"),
    [("deadlin=X", "there is no field"), ("deadline", "names no column")],
)
def test_a_map_of_no_field_is_wrong(pair: str, what: str) -> None:
    with pytest.raises(BadValue, match=what):
        said_of((pair,), None)
    with pytest.raises(BadValue, match="was given two columns"):
        said_of(("tags=a", "tags=b"), None)


def test_keys_come_from_a_column_or_from_titles() -> None:
    text = "Nr,Title,Assignee\nA 1,One,17\nb/2,One,17\n"
    assert [task.key for task in read(text, key="Nr").tasks] == ["A-1", "b/2"]
    assert [task.key for task in read(text).tasks] == ["One", "One-2"]
    assert problems("Nr,Title,Assignee\nx,One,17\nx,Two,17\n,Three,17\n", key="Nr") == [
        "plan.csv, A3: Nr: the key x is that of plan.csv, A2 too (give one of them another)",
        "plan.csv, A4: Nr: the row has no key (give it one, or clear the row)",
    ]


def test_where_titles_are_keys_of_an_update_none_may_stand_twice() -> None:
    [problem] = problems("Title,Assignee\nOne,17\nOne,17\n", one_title=True)
    assert problem == (
        "plan.csv, A3: Title: the key One is that of plan.csv, A2 too "
        "(name a column of keys with --key)"
    )


def test_parents_are_keys_or_titles_of_rows() -> None:
    text = "Key,Title,Assignee,Parent\na,Big thing,17,\nb,Small,17,Big thing\nc,Tiny,17,b\n"
    assert [task.fields.get("parent") for task in read(text).tasks] == [None, "a", "b"]
    assert problems("Title,Assignee,Parent\nOne,17,Two\nTwo,17,Three\nThree,17,One\nX,17,Y\n") == [
        (
            "plan.csv, C2: Parent: One -> Two -> Three -> One is a circle of parents "
            "(clear one of these cells)"
        ),
        (
            'plan.csv, C5: Parent: "Y" is neither the title of a row nor a key '
            "(write the title of a row, or a key)"
        ),
    ]


def test_a_title_may_be_that_of_two_rows_but_no_parent_then() -> None:
    [problem] = problems("Title,Assignee,Parent\nOne,17,\nOne,17,\nX,17,One\n")
    assert problem == (
        'plan.csv, C4: Parent: 2 rows have the title "One" '
        "(name a column of keys with --key, and write a key)"
    )


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"%PDF-1.7", "the file is a PDF"),
        (b"<html><table></table></html>", "an HTML page, as Bitrix24 and others export"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>", "the file is an XML file"),
        (b"a\0b\0\0\0\1", "holds zero bytes"),
    ],
)
def test_what_is_no_text_is_told_in_words(content: bytes, what: str) -> None:
    [problem] = problems(content)
    assert what in problem


def test_a_csv_has_no_sheets() -> None:
    [problem] = problems("Title\nOne\n", name="Tasks")
    assert "the file is a CSV, which has no sheet" in problem


def test_a_quote_that_does_not_end_is_told_at_its_line() -> None:
    [problem] = problems('Title,Assignee\nOne,17\n"Two,18\n')
    assert problem == "plan.csv:3: a quote begins in this row and does not end (close it)"


def test_names_may_stand_in_two_rows_where_nothing_is_merged() -> None:
    text = "Title,Assignee,Dates,\n,,Start,Deadline\nOne,17,1.12.2026 9:00,2.12.2026 9:00\n"
    [task] = read(text).tasks
    assert task.fields["startDatePlan"] == "2026-12-01T09:00"
    assert task.fields["deadline"] == "2026-12-02T09:00"
    assert task.row == 3


def test_rows_are_rows_of_a_sheet() -> None:
    assert list(csv_sheet("x", b"a,b\n").rows()) == [SheetRow(1, ["a", "b"])]
