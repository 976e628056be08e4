"""Normal forms of Unicode in little time, whatever anybody wrote."""

from __future__ import annotations

import re
import sys
import time
from unicodedata import combining, normalize

import pytest

from tasksync.core import normal_forms
from tasksync.core.equivalence import normal_text
from tasksync.core.keys import normal_key
from tasksync.core.normal_forms import composed, normal_form
from tasksync.manifests.sheets.column_names import field_of, unit_of
from tasksync.manifests.sheets.sheet_dates import as_written
from tasksync.manifests.written_tasks import key_of
from tasksync.render.visible import alike

MARKS = "a" + "\u0315\u0300" * 30_000


@pytest.mark.parametrize(
    "reads",
    [
        composed,
        normal_text,
        normal_key,
        field_of,
        as_written,
        lambda text: key_of(text, set()),
        lambda text: alike(text, f"{text}\u200b"),
    ],
)
def test_no_number_of_marks_makes_reading_slow(reads) -> None:
    """Python sorts them: 60 000 on one letter took half a minute."""
    began = time.process_time()
    reads(MARKS)
    reads("\uff9e\u0327" * 9_000 + "x")
    assert time.process_time() - began < 1


@pytest.mark.parametrize("text", ["(" * 60_000, "," * 60_000, "1" + "," * 60_000, "- " * 30_000])
@pytest.mark.parametrize("reads", [field_of, unit_of, as_written])
def test_no_cell_makes_reading_slow(reads, text: str) -> None:
    """A cell may hold 65 536 characters, and is searched for units and times of day."""
    began = time.process_time()
    reads(text)
    assert time.process_time() - began < 1


def test_what_people_write_is_in_its_normal_form() -> None:
    """Letters with marks, long rows of signs beside them, and words after many marks."""
    for text in ("Zu\u0308rich", "e\u0301 " + "\u2500" * 300 + " e\u0301", "И\u0306" * 500, "한글"):
        for form in ("NFC", "NFKD"):
            assert normal_form(form, text) == normalize(form, text)
    assert composed("e\u0301 " + "\u0315\u0300" * 100 + " e\u0301")[-1] == "\u00e9"
    once = composed(MARKS)
    assert composed(once) == once


def test_whatever_goes_on_a_row_of_marks_is_counted_as_one() -> None:
    """Else a row of them could be hidden among characters that are taken apart into marks."""
    mark = re.compile(normal_forms._MARK)
    for char in map(chr, range(sys.maxunicode + 1)):
        if combining(normalize("NFKD", char)[0]):
            assert mark.fullmatch(char), hex(ord(char))
