"""Makes the files of this folder anew: openpyxl fills workbooks in, LibreOffice writes the rest.

    python tests/sheets/make_files.py

Needs `soffice` (Debian: libreoffice-calc). What LibreOffice wrote is kept in the repository, so
that the tests need neither it nor its version.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from datetime import date, datetime
from pathlib import Path

import openpyxl

FILES = Path(__file__).parent / "files"
#: LibreOffice's numbers of encodings, by what the file is called
CSV = {
    "cp1251": ("59", "34"),
    "cp1252": ("59", "1"),
    "utf8": ("44", "76"),
    "utf16": ("9", "65535"),
}


def russian() -> openpyxl.Workbook:
    """A banner, names in two rows, merged cells, empty rows, formulas, a second sheet."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Задачи"
    sheet.append(["План работ на 2026 год"])
    sheet.merge_cells("A1:H1")
    sheet.append([])
    sheet.append(
        ["Название", "Ответственный", "Сроки", None, "Оценка, ч", "Приоритет", "Теги", "Код"]
    )
    sheet.append([None, None, "Начало", "Крайний срок"])
    for area in ("A3:A4", "B3:B4", "C3:D3", "E3:E4", "F3:F4", "G3:G4", "H3:H4"):
        sheet.merge_cells(area)
    _rows(sheet)
    for row in sheet.iter_rows(min_row=5, max_row=9):
        row[2].number_format = row[3].number_format = "DD.MM.YYYY HH:MM"
        row[1].number_format = "@" if row[1].value == "18" else "General"
    sheet["D8"].number_format = "DD.MM.YYYY"
    notes = book.create_sheet("Справка")
    notes.append(["Код", "Значение"])
    return book


def _rows(sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
    sheet.append(
        [
            "Подготовить отчёт",
            17,
            datetime(2026, 12, 1, 9),
            datetime(2026, 12, 31, 18),
            8,
            "Высокий",
            "финансы, отчёт",
            "R-1",
        ]
    )
    sheet.append(
        [
            "Собрать цифры",
            "18",
            datetime(2026, 12, 1, 10, 30),
            "=D5+7",
            2.5,
            "обычный",
            None,
            "R-2",
        ]
    )
    sheet.append([])
    sheet.append(
        ['=A5&" (копия)"', 17, None, date(2027, 1, 15), None, "низкий", "финансы; архив", "R-3"]
    )
    sheet.merge_cells("B8:B9")
    sheet.append(["Сдать в архив", None, None, datetime(2027, 1, 16, 12), None, None, None, "R-4"])


def german() -> openpyxl.Workbook:
    """A plain table with German names and words."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Aufgaben"
    sheet.append(["Titel", "Beschreibung", "Verantwortlich", "Fällig am", "Priorität", "Status"])
    sheet.append(
        [
            "Größe prüfen",
            'Maß nehmen;\n"genau"',
            "anna@example.com",
            datetime(2026, 12, 31, 18),
            "hoch",
            "In Arbeit",
        ]
    )
    sheet.append(
        ["Änderung für Müller", None, 8, datetime(2027, 1, 4, 9, 30), "mittel", "Erledigt"]
    )
    for row in sheet.iter_rows(min_row=2, max_row=3):
        row[3].number_format = "DD.MM.YYYY HH:MM"
    return book


def converted(source: Path, to: str, name: str) -> None:
    """Let LibreOffice write a file in another format."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["soffice", "--headless", "--convert-to", to, "--outdir", folder, source], check=True
        )
        [made] = Path(folder).iterdir()
        (FILES / name).write_bytes(made.read_bytes())


def main() -> int:
    """Write all files."""
    FILES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for language, book in (("ru", russian()), ("de", german())):
            first, opened = Path(folder, f"{language}.xlsx"), Path(folder, f"{language}.ods")
            book.save(first)
            (FILES / f"openpyxl-{language}.xlsx").write_bytes(first.read_bytes())
            converted(first, "ods", opened.name)
            opened.write_bytes((FILES / opened.name).read_bytes())
            converted(opened, "xlsx", f"libreoffice-{language}.xlsx")
            for encoding, (divider, number) in CSV.items():
                if {encoding, language} not in ({"cp1251", "de"}, {"cp1252", "ru"}):
                    to = f"csv:Text - txt - csv (StarCalc):{divider},34,{number},1,,0,false,true"
                    converted(opened, to, f"libreoffice-{language}-{encoding}.csv")
            if language == "de":
                converted(opened, "xls", "libreoffice-de.xls")
                (FILES / opened.name).replace(FILES / "libreoffice-de.ods")
            else:
                (FILES / opened.name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
