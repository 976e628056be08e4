"""Where a line that is too wide goes on, by the columns that it takes on a terminal."""

from __future__ import annotations

import pytest

from tasksync.render.line_width import COLUMNS, beside, blanks, shortened, unbroken, width, wrapped
from tasksync.render.style import Tone, colours


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("plain", 5),
        ("Задача", 6),
        ("請求書", 6),
        ("e\u0301", 1),
        ("\U0001f600", 2),
        ("\u2764\ufe0f", 2),
        ("\x1b[1mbold\x1b[0m", 4),
        ("→…", 2),
    ],
)
def test_a_wide_character_counts_two_and_a_colour_nothing(text: str, columns: int) -> None:
    assert width(text) == columns


def test_a_line_that_fits_is_left_alone() -> None:
    line = "x " * 39 + "ab"
    assert list(wrapped(line, 6)) == [line]
    assert list(wrapped("表" * 40, 6)) == ["表" * 40]


def test_a_line_goes_on_at_a_blank_in_its_column() -> None:
    lines = list(wrapped("Note: " + "word " * 30, 6))
    assert len(lines) == 2
    assert all(line.startswith("      word") for line in lines[1:])
    assert all(width(line) <= COLUMNS for line in lines)


def test_a_text_without_blanks_is_broken_and_an_address_is_not() -> None:
    broken = list(wrapped(f"      description    {'表' * 70}", 21, breaks=True))
    assert [width(line) for line in broken] == [79, 79, 45]
    assert "".join(line.strip() for line in broken).endswith("表" * 29)
    address = f"https://example.com/{'x' * 90}"
    assert list(wrapped(f"See {address} now.", 6, breaks=True)) == [
        "See",
        f"        {address}"[2:],
        "      now.",
    ]


def test_a_key_is_never_broken() -> None:
    key = "k" * 100
    lines = list(wrapped(f"Note: {key} has moved.", 6))
    assert any(key in line for line in lines)


def test_pieces_stand_beside_one_another_as_far_as_there_is_room() -> None:
    assert list(beside(("a", "", "b"), 6)) == ["a  b"]
    first, second = "a" * 40, "b" * 40
    assert list(beside((first, second, "c"), 6)) == [first, f"      {second}  c"]
    assert list(beside((first, second), 6, ", ")) == [f"{first},", f"      {second}"]


def test_the_name_of_a_file_is_not_broken_at_its_blanks() -> None:
    name = "a folder of somebody/" * 3 + "t.yaml:3"
    lines = list(blanks(beside(("k" * 30, unbroken(name), "why it is so"), 6)))
    assert lines == ["k" * 30, f"      {name}", "      why it is so"]


def test_no_line_that_goes_on_is_a_command_to_a_runner() -> None:
    text = " ".join(["word"] * 15 + ["::error::x"] * 3)
    for line in wrapped(text, 6):
        assert not line.lstrip().startswith("::")


def test_colours_do_not_move_where_a_line_ends() -> None:
    style, words = colours(), "some more words" + " and words" * 20
    painted = list(wrapped(style.paint(words, Tone.BAD), 2))
    plain = list(wrapped(words, 2))
    assert [width(line) for line in painted] == [width(line) for line in plain]


@pytest.mark.parametrize(("text", "short"), [("abcdef", "abcdef"), ("abcdefg", "abcde…")])
def test_what_is_left_out_of_a_text_is_an_ellipsis(text: str, short: str) -> None:
    assert shortened(text, 6) == short
    assert width(shortened("表" * 9, 6)) <= 6
