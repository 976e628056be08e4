"""A CSV file as a sheet: its encoding and its divider found, its cells word for word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO

from tasksync.core.task import Place, Problem
from tasksync.late_patterns import pattern_of
from tasksync.manifests.hints import shown
from tasksync.manifests.language.csv_lines import BadLine, CsvLines
from tasksync.manifests.language.csv_records import DELIMITERS, CsvRecords, delimiter_of
from tasksync.manifests.sheets.cells import Cell, Sheet, SheetRow, SheetUnreadable
from tasksync.manifests.sheets.column_names import field_of
from tasksync.manifests.sheets.encodings import decoded
from tasksync.manifests.unplaced import BadValue

#: how Excel says the divider, in a line before all others
_SEPARATOR = "sep="
_NAMES = {",": "comma", ";": "semicolon", "\t": "tab"}
#: what a person may say for each
_SAID = {",": ",", ";": ";", "\t": "\t", "tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";"}
_IN_CELLS = pattern_of(r'[\w" ]')
#: the names of the columns stand among the first lines
_FIRST_LINES = 20


def csv_sheet(
    file: str, content: bytes, encoding: str | None = None, delimiter: str | None = None
) -> Sheet:
    """Return the sheet; `encoding` and `delimiter` are what a person said. Raises SheetUnreadable.

    A row's number is what a spreadsheet shows: a cell may hold line breaks.
    """
    try:
        found = decoded(content, encoding)
        said = None if delimiter is None else _said(delimiter)
    except BadValue as bad:
        raise SheetUnreadable(Place(file), bad.what, bad.mend) from bad
    text, skipped = found.text, 0
    if text[: len(_SEPARATOR)].lower() == _SEPARATOR:
        first, _, text = text.partition("\n")
        said, skipped = said or first.rstrip("\r")[len(_SEPARATOR) :][:1] or None, 1
    divider = said or _divider(text)
    problems: list[Problem] = []
    reader = _Reader(file, text, divider, problems, skipped)
    how = f"{found.encoding}{' (a guess)' if found.guessed else ''}"
    name = _NAMES.get(divider, shown(divider))
    return Sheet(file, "", reader.rows, problems, read_as=f"{how}, divided by {name}")


def _said(delimiter: str) -> str:
    if delimiter in _SAID:
        return _SAID[delimiter]
    if (
        len(delimiter) == 1
        and delimiter.isprintable()
        and not (delimiter.isalnum() or delimiter == '"')
    ):
        return delimiter
    raise BadValue(f"{shown(delimiter)} divides no cells", "use , ; or tab")


def _divider(text: str) -> str:
    """Return what divides the line that names most columns; else what the first line holds most."""
    lines = [line for line in text[: 1 << 16].splitlines()[:_FIRST_LINES] if line.strip()]
    best = max(
        ((_named(line, one), one) for line in lines for one in DELIMITERS),
        default=None,
        key=lambda pair: pair[0],
    )
    if best is not None and best[0] > 1:
        return best[1]
    return delimiter_of(lines[0] if lines else "")


def _named(line: str, delimiter: str) -> int:
    cells = line.split(delimiter)
    return sum(field_of(cell.strip().strip('"')) is not None for cell in cells)


class _Reader:
    """Reads one text once."""

    def __init__(
        self, file: str, text: str, divider: str, problems: list[Problem], skipped: int
    ) -> None:
        self._file = file
        self._text = text
        self._divider = divider
        self._problems = problems
        self._skipped = skipped

    def rows(self) -> Iterator[SheetRow]:
        lines = CsvLines(BytesIO(self._text.encode()), self._file)
        records = CsvRecords(self._file, lines, self._divider, self._problems)
        try:
            for number, (_place, cells) in enumerate(records.exact(), 1 + self._skipped):
                if any(cells):
                    yield SheetRow(number, _filled(cells))
        except BadLine as bad:
            problem = bad.problem
            raise SheetUnreadable(problem.place, problem.what, problem.mend) from bad
        finally:
            lines.close()


def _filled(cells: Sequence[str]) -> Sequence[Cell]:
    """Return cells of which those without a character are none."""
    return [cell or None for cell in cells]
