"""Workbooks: what Excel, LibreOffice and openpyxl hold, and what no workbook may be."""

from __future__ import annotations

import io
import re
import sys
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from tasksync.errors import SettingsError, SheetInvalid
from tasksync.manifests.sheets import xlsx_bounds
from tasksync.manifests.sheets.sheet_file import (
    SheetContent,
    SheetWanted,
    raise_problems,
    read_sheet,
    said_of,
)

FILES = Path(__file__).parent / "files"
HEAD = ["Title", "Assignee", "Deadline", "Description"]


def book(*rows: Sequence[object], change: Callable[[object], object] | None = None) -> bytes:
    """Return a workbook of one sheet, as openpyxl writes it."""
    made = openpyxl.Workbook()
    sheet = made.active
    sheet.title = "Tasks"
    for row in rows:
        sheet.append(list(row))
    if change is not None:
        change(sheet)
    return saved(made)


def saved(made: openpyxl.Workbook) -> bytes:
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def rezipped(content: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """Return a workbook with one part changed."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w") as new:
        for part in old.infolist():
            data = old.read(part)
            packed = change(data) if part.filename == name else data
            new.writestr(part.filename, packed, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def read(
    content: bytes, *said: str, name: str | None = None, key: str | None = None
) -> SheetContent:
    file = "plan.xlsx" if content.startswith((b"PK", xlsx_bounds._OLE)) else "plan.csv"
    wanted = SheetWanted(file, name, said_of(said, key))
    found = read_sheet(wanted, content, {}, one_title=False)
    raise_problems(found.sheet)
    return found


def problems(content: bytes, *said: str, name: str | None = None) -> list[str]:
    with pytest.raises(SheetInvalid) as caught:
        read(content, *said, name=name)
    return [str(problem) for problem in caught.value.problems]


def tasks(content: bytes, *said: str, name: str | None = None) -> list[dict[str, object]]:
    return [task.fields for task in read(content, *said, name=name).tasks]


RUSSIAN = [
    {
        "title": "Подготовить отчёт",
        "responsibleId": 17,
        "priority": "high",
        "deadline": "2026-12-31T18:00",
        "startDatePlan": "2026-12-01T09:00",
        "timeEstimate": "8h",
        "tags": ["финансы", "отчёт"],
    },
    {
        "title": "Собрать цифры",
        "responsibleId": 18,
        "priority": "normal",
        "deadline": "2027-01-07T18:00",
        "startDatePlan": "2026-12-01T10:30",
        "timeEstimate": "2h30m",
    },
    {
        "title": "Подготовить отчёт (копия)",
        "responsibleId": 17,
        "priority": "low",
        "deadline": "2027-01-15",
        "tags": ["финансы", "архив"],
    },
    {"title": "Сдать в архив", "responsibleId": 17, "deadline": "2027-01-16T12:00"},
]
GERMAN = [
    {
        "title": "Größe prüfen",
        "description": 'Maß nehmen;\n"genau"',
        "responsibleId": "anna@example.com",
        "status": "inProgress",
        "priority": "high",
        "deadline": "2026-12-31T18:00",
    },
    {
        "title": "Änderung für Müller",
        "responsibleId": 8,
        "status": "completed",
        "priority": "normal",
        "deadline": "2027-01-04T09:30",
    },
]


def test_a_workbook_of_libreoffice_is_read_with_all_that_a_person_put_there() -> None:
    found = read((FILES / "libreoffice-ru.xlsx").read_bytes(), name="Задачи", key="Код")
    assert [task.fields for task in found.tasks] == RUSSIAN
    assert [task.key for task in found.tasks] == ["R-1", "R-2", "R-3", "R-4"]
    assert [task.row for task in found.tasks] == [5, 6, 8, 9]


@pytest.mark.parametrize("encoding", ["cp1251", "utf8", "utf16"])
def test_csv_of_libreoffice_says_the_same_but_for_what_merging_said(encoding: str) -> None:
    content = (FILES / f"libreoffice-ru-{encoding}.csv").read_bytes()
    alone = {name: value for name, value in RUSSIAN[3].items() if name != "responsibleId"}
    assert tasks(content) == [*RUSSIAN[:3], alone]


@pytest.mark.parametrize(
    "file",
    [
        "libreoffice-de.xlsx", "libreoffice-de-cp1252.csv", "libreoffice-de-utf8.csv",
        "libreoffice-de-utf16.csv", "openpyxl-de.xlsx",
    ],
)  # fmt: skip
def test_a_german_table_says_the_same_in_every_format(file: str) -> None:
    assert tasks((FILES / file).read_bytes()) == GERMAN


def test_formulas_of_which_no_program_wrote_the_value_are_told_by_cell() -> None:
    found = problems((FILES / "openpyxl-ru.xlsx").read_bytes(), name="Задачи")
    what = (
        "the formula has no value: the program that wrote the file did not work it out "
        "(open it in Excel or LibreOffice, and save it there)"
    )
    assert found == [
        f"plan.xlsx, sheet Задачи, D6: Крайний срок: {what}",
        f"plan.xlsx, sheet Задачи, A8: Название: {what}",
    ]


@pytest.mark.parametrize(
    ("file", "what"),
    [("libreoffice-de.ods", "OpenDocument (.ods)"), ("libreoffice-de.xls", "Excel 97-2003 (.xls)")],
)
def test_other_formats_are_told_in_words(file: str, what: str) -> None:
    [problem] = problems((FILES / file).read_bytes())
    assert what in problem
    assert "save it as XLSX or as CSV in UTF-8" in problem


def test_where_several_sheets_hold_something_one_is_to_be_named() -> None:
    content = (FILES / "libreoffice-ru.xlsx").read_bytes()
    assert problems(content) == [
        'plan.xlsx: 2 sheets hold something (say --sheet "Задачи" or "Справка")'
    ]
    assert problems(content, name="Задача") == [
        'plan.xlsx: there is no sheet "Задача" (did you mean Задачи?)'
    ]


def test_an_empty_or_hidden_sheet_is_no_choice() -> None:
    made = openpyxl.load_workbook(io.BytesIO(book(HEAD, ["One", 17])))
    made.create_sheet("Sheet2")
    made.create_sheet("Notes").append(["hidden"])
    made["Notes"].sheet_state = "hidden"
    assert tasks(saved(made)) == [{"title": "One", "responsibleId": 17}]


def test_a_date_is_one_whatever_it_looks_like() -> None:
    def shown(sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
        sheet["C2"].number_format = "MM/DD/YY"
        sheet["C3"].number_format = '"am" DD. MMMM YYYY" um "HH:MM'
        sheet["C4"].number_format = "[$-419]D MMMM YYYY"

    rows = [
        ["One", 17, datetime(2026, 3, 4)],
        ["Two", 17, datetime(2026, 3, 4)],
        ["Three", 17, date(2026, 3, 4)],
        ["Four", 17, datetime(2026, 3, 4, 18, 30)],
        ["Five", 17, "4. März 2026"],
    ]
    assert [task["deadline"] for task in tasks(book(HEAD, *rows, change=shown))] == [  # type: ignore[arg-type]
        "2026-03-04", "2026-03-04T00:00", "2026-03-04", "2026-03-04T18:30", "2026-03-04",
    ]  # fmt: skip


def test_what_is_no_date_or_no_text_is_told_by_cell() -> None:
    def shown(sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
        sheet["D3"].number_format = '0.0" kg"'

    rows = [
        ["One", 17, 46387, date(2026, 1, 1)],
        ["Two", 17, time(9, 30), 2.5],
        ["Three", "#REF!", "31.12.2026"],
    ]
    content = book(HEAD, *rows, change=shown)  # type: ignore[arg-type]
    assert problems(content) == [
        (
            "plan.xlsx, sheet Tasks, C2: Deadline: 46387 is a number, not a date "
            "(give the column a date format, or write it like 31.12.2026)"
        ),
        (
            "plan.xlsx, sheet Tasks, D2: Description: a date or a time stands where a text is "
            "wanted (format the cell as text, and write there what is to be read)"
        ),
        "plan.xlsx, sheet Tasks, C3: Deadline: 09:30 has no date (write the date before the time)",
        (
            "plan.xlsx, sheet Tasks, D3: Description: the number 2.5 is shown in the format "
            '"0.0" kg"" (format the cell as text, and write there what is to be read)'
        ),
        (
            "plan.xlsx, sheet Tasks, B4: Assignee: the formula gives #REF! "
            "(mend the formula, or write the value)"
        ),
    ]


def test_numbers_are_texts_where_texts_are_wanted_and_texts_are_numbers_of_people() -> None:
    def shown(sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
        sheet["A4"].number_format = "0000"
        sheet["A5"].number_format = "0.00"

    rows = [[2026, "17"], [0.1 + 0.2, 17.0], [7, 17], [2, 17], [True, 17], [1e20, 17]]
    found = tasks(book(HEAD, *rows, change=shown))  # type: ignore[arg-type]
    assert [task["title"] for task in found] == ["2026", "0.3", "0007", "2.00", "TRUE", "1e+20"]
    assert {task["responsibleId"] for task in found} == {17}


def test_texts_are_read_word_for_word() -> None:
    texts = [
        "  leading",
        "trailing ",
        "a: b # c",
        "=not a formula",
        "emoji 🎉",
        "two\nlines",
        "'q'",
    ]

    def texts_only(sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
        for row in sheet.iter_rows(min_row=2, max_col=1):
            row[0].data_type = "s"

    found = tasks(book(HEAD, *([text, 17] for text in texts), change=texts_only))  # type: ignore[arg-type]
    assert [task["title"] for task in found] == texts


def test_what_xml_cannot_hold_is_as_the_format_writes_it() -> None:
    found = tasks(book(HEAD, ["a_x000D_\nb", 17], ["_x005F_x000D_", 17]))
    assert [task["title"] for task in found] == ["a\nb", "_x000D_"]


def test_a_merged_cell_over_rows_is_the_value_of_all() -> None:
    def merged(sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
        sheet.merge_cells("B2:B4")

    rows = [["One", 17], ["Two", None], ["Three", None], ["Four", 18]]
    found = tasks(book(HEAD, *rows, change=merged))  # type: ignore[arg-type]
    assert [task["responsibleId"] for task in found] == [17, 17, 17, 18]


def test_many_merged_cells_are_each_the_value_of_their_rows() -> None:
    def merged(sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
        for row in reversed(range(2, 302, 3)):
            sheet.merge_cells(f"B{row}:B{row + 1}")
            sheet.merge_cells(f"D{row}:D{row + 2}")

    rows = [[f"t{at}", at // 3 + 1 if at % 3 != 1 else None, None, None] for at in range(300)]
    found = tasks(book(HEAD, *rows, change=merged))  # type: ignore[arg-type]
    assert [task["responsibleId"] for task in found] == [at // 3 + 1 for at in range(300)]
    assert not any("description" in task for task in found)


@pytest.mark.parametrize(
    ("area", "what"),
    [
        ("A2:B2", 'A2: cells of "Title" and "Assignee" are merged'),
        ("A2:A3", 'A2: cells of "Title" are merged over 2 rows'),
        ("D2:E2", None),
        ("E2:F2", None),
    ],
)
def test_merged_cells_that_mean_nothing_are_a_problem(area: str, what: str | None) -> None:
    def merged(sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
        sheet.merge_cells(area)

    content = book(HEAD, ["One", 17], ["Two", 18], change=merged)  # type: ignore[arg-type]
    if what is None:
        assert len(tasks(content)) == 2
    else:
        assert any(what in problem for problem in problems(content))


def test_names_may_be_merged_over_two_rows_and_two_columns() -> None:
    def merged(sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
        for area in ("A1:A2", "B1:B2", "C1:D1"):
            sheet.merge_cells(area)

    rows = [
        ["Title", "Assignee", "When", None],
        [None, None, "Start", "Deadline"],
        ["One", 17, date(2026, 1, 1), date(2026, 1, 2)],
    ]
    [task] = tasks(book(*rows, change=merged))  # type: ignore[arg-type]
    assert (task["startDatePlan"], task["deadline"]) == ("2026-01-01", "2026-01-02")


def test_empty_rows_and_columns_are_nothing() -> None:
    rows = [[], [None, "Title", None, "Assignee"], [], [None, "One", None, 17], [], [" "]]
    found = read(book(*rows))
    assert [(task.row, task.fields) for task in found.tasks] == [
        (4, {"title": "One", "responsibleId": 17})
    ]


def test_the_dimension_that_a_program_wrote_need_not_be_true() -> None:
    content = rezipped(
        book(HEAD, ["One", 17]),
        "xl/worksheets/sheet1.xml",
        lambda data: data.replace(b'ref="A1:D2"', b'ref="A1"'),
    )
    assert tasks(content) == [{"title": "One", "responsibleId": 17}]


def test_a_cell_in_the_last_row_of_all_is_found_at_once() -> None:
    def far(sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
        sheet["A1048576"], sheet["B1048576"] = "Last", 17

    found = read(book(HEAD, ["One", 17], change=far))  # type: ignore[arg-type]
    assert [task.row for task in found.tasks] == [2, 1_048_576]


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_bounds, "UNPACKED_LIMIT", 1 << 20)
    content = rezipped(
        book(HEAD, ["One", 17]),
        "xl/worksheets/sheet1.xml",
        lambda data: data.replace(b"<sheetData>", b"<sheetData>" + b" " * (2 << 20)),
    )
    assert len(content) < 20_000
    [problem] = problems(content)
    assert "the workbook unpacks to 2 MiB" in problem
    monkeypatch.setattr(xlsx_bounds, "MOST_PARTS", 3)
    [problem] = problems(book(HEAD, ["One", 17]))
    assert "save the sheet as CSV" in problem


def test_entities_are_not_expanded() -> None:
    content = rezipped(
        book(HEAD, ["One", 17]),
        "xl/worksheets/sheet1.xml",
        lambda data: b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + data,
    )
    [problem] = problems(content)
    assert "declares a document type" in problem


def test_a_password_is_told() -> None:
    ole = xlsx_bounds._OLE + b"\0" * 512 + "EncryptedPackage".encode("utf-16-le")
    [problem] = problems(ole)
    assert "protected by a password (take the password off" in problem


@pytest.mark.parametrize("cut", [100, 2000, 4000])
def test_a_workbook_that_was_cut_off_is_damaged(cut: int) -> None:
    [problem] = problems(book(HEAD, ["One", 17])[:-cut] if cut else b"")
    assert "damaged" in problem or "no workbook" in problem


@pytest.mark.parametrize(
    "name",
    ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml", "xl/_rels/workbook.xml.rels",
     "[Content_Types].xml", "xl/sharedStrings.xml"],
)  # fmt: skip
@pytest.mark.parametrize(
    "change",
    [lambda data: data[: len(data) // 2], lambda _data: b"", lambda _data: b"<a/>",
     lambda data: data.replace(b'r="', b'r="Q').replace(b"<v>", b"<v>x")],
    ids=["cut", "empty", "other", "odd"],
)  # fmt: skip
def test_a_damaged_part_ends_in_words(name: str, change: Callable[[bytes], bytes]) -> None:
    content = rezipped((FILES / "libreoffice-de.xlsx").read_bytes(), name, change)
    try:
        found = tasks(content)
    except SheetInvalid as caught:
        told = str(caught)
    else:  # what is in that part was not needed
        told = "plan.xlsx" if found == GERMAN or name == "xl/styles.xml" else str(found)
    assert told.startswith("plan.xlsx")


#: a sheet's XML as somebody may write it, and what it holds in D2
SHEET = "xl/worksheets/sheet1.xml"


def with_cell(cell: str) -> bytes:
    """Return a workbook whose D2, the description, is this XML."""
    made = book(HEAD, ["One", 17, None, 777])
    old = b'<c r="D2" t="n"><v>777</v></c>'
    assert old in zipfile.ZipFile(io.BytesIO(made)).read(SHEET)
    return rezipped(made, SHEET, lambda data: data.replace(old, cell.encode()))


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        (f'<c r="D2"><v>{"1" * 5000}</v></c>', "too big"),
        ('<c r="D2"><v>inf</v></c>', "too big"),
        ('<c r="D2"><v>nan</v></c>', "too big"),
        ('<c r="D2"><v>0x1</v></c>', '"0x1" is kept as a number, and is none'),
        ('<c r="D2" t="d"><v>soon</v></c>', '"soon" is kept as a date, and is none'),
        (f'<c r="D2" s="{"1" * 5000}"><v>1</v></c>', "by no number"),
        (f'<c r="D2" t="s"><v>{"1" * 5000}</v></c>', "by no number"),
        ('<c r="D2" t="s"><v>-1</v></c>', "by no number"),
        ('<c r="D2" t="s"><v>7</v></c>', "a text that is not there"),
        ('<c r="D2" s="7"><v>1</v></c>', "a part of it is not as the format says"),
    ],
)
def test_a_cell_that_cannot_be_is_told_without_words_of_python(cell: str, what: str) -> None:
    [problem] = problems(with_cell(cell))
    assert what in problem
    for word in ("sys.", "string", "index", "isoformat", "limit"):
        assert word not in problem


def test_half_a_character_does_not_get_into_a_manifest() -> None:
    """No reader of YAML takes it, so that what was written could not be read again."""
    text = '<c r="D2" t="inlineStr"><is><t>a_xD800_b_xD83D__xDE00_c</t></is></c>'
    [task] = tasks(with_cell(text))
    assert task["description"] == "a\ufffdb\U0001f600c"


@pytest.mark.parametrize("name", ["xl/worksheets/sheet1.dat", "xl/media/a.png", "xl/a.XML"])
def test_whatever_its_parts_are_called_a_workbook_that_bursts_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(xlsx_bounds, "UNPACKED_LIMIT", 1 << 20)
    content = io.BytesIO(book(HEAD, ["One", 17]))
    with zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, b" " * (2 << 20))
    [problem] = problems(content.getvalue())
    assert "the workbook unpacks to 2 MiB" in problem


@pytest.mark.parametrize("before", ["", f"<!--{' ' * 20_000}-->", "<?a b?>" * 2000])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_seen_wherever_it_stands(before: str, encoding: str) -> None:
    """It says what names stand for: a few lines may be gigabytes."""

    def change(data: bytes) -> bytes:
        text = data.decode().partition("?>")[2] if data.startswith(b"<?xml") else data.decode()
        return f'{before}<!DOCTYPE w [<!ENTITY a "b">]>{text}'.encode(encoding)

    [problem] = problems(rezipped(book(HEAD, ["One", 17]), SHEET, change))
    assert "document type" in problem


@pytest.mark.parametrize("sign", ["[", '"', "_", "\\", "[h", "[a]"])
def test_no_format_of_a_number_is_searched_without_end(sign: str) -> None:
    def change(data: bytes) -> bytes:
        long = sign.replace('"', "&quot;") * 100_000
        told = f'<numFmts><numFmt numFmtId="170" formatCode="{long}"/></numFmts><fonts'
        text = re.sub(r"<numFmts.*?(?:/>|</numFmts>)", "", data.decode())
        text = text.replace("<fonts", told, 1)
        return re.sub(r'numFmtId="0" fontId="0"', 'numFmtId="170" fontId="0"', text).encode()

    [problem] = problems(rezipped(book(HEAD, ["One", 17, None, 777]), "xl/styles.xml", change))
    assert "more than 1000 characters" in problem or "more than 256 KiB" in problem


@pytest.mark.parametrize("piece", ["<!--{}-->", "<?a {}?>", "<a b='{}'/>", "<!--> {}"])
def test_one_piece_of_xml_has_a_length(piece: str) -> None:
    """What reads XML reads an unfinished piece again and again, in square time."""

    def change(data: bytes) -> bytes:
        return data.replace(b"<sheetData>", piece.format(">" * 600_000).encode() + b"<sheetData>")

    [problem] = problems(rezipped(book(HEAD, ["One", 17]), SHEET, change))
    assert "one piece of it has more than 256 KiB" in problem


def test_other_archives_are_told_in_words() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    [problem] = problems(made.getvalue())
    assert "a document of Word" in problem


def test_without_openpyxl_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl.reader.excel", None)
    with pytest.raises(SettingsError) as caught:
        read((FILES / "libreoffice-de.xlsx").read_bytes())
    assert "pip install 'tasksync[excel]'" in caught.value.advice
    assert tasks((FILES / "libreoffice-de-utf8.csv").read_bytes()) == GERMAN


def test_dates_of_the_mac_calendar_are_the_same_days() -> None:
    made = openpyxl.Workbook()
    made.epoch = CALENDAR_MAC_1904
    made.active.append(HEAD)
    made.active.append(["One", 17, datetime(2026, 12, 31, 18)])
    assert tasks(saved(made))[0]["deadline"] == "2026-12-31T18:00"


def test_a_text_in_several_fonts_is_one_text() -> None:
    rich = CellRichText("plain ", TextBlock(InlineFont(b=True), "bold"), " and\nmore")
    assert tasks(book(HEAD, [rich, 17]))[0]["title"] == "plain bold and\nmore"


def test_a_number_that_is_no_date_is_told_where_it_is_shown_as_one() -> None:
    def shown(sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
        sheet["C2"].number_format = "DD.MM.YYYY"

    [problem] = problems(book(HEAD, ["One", 17, 1e12], change=shown))  # type: ignore[arg-type]
    assert "C2: Deadline: the number 1000000000000 is shown as a date, and is none" in problem
