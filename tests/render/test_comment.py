"""Markdown of others as a comment holds it: cut at a line, closed, and no command of a forge."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasksync.render.comment import comment_text, length

REST = "*The rest is left out.*"


def test_what_fits_stays_as_it_is() -> None:
    text = "# Title\n\n- a\n- b\n\n```\ncode\n```"
    assert comment_text(f"{text}\r\n\n", 1000, REST) == text


def test_what_is_longer_is_cut_at_a_line_and_says_so() -> None:
    text = "\n".join(f"line {number}" for number in range(100))
    cut = comment_text(text, 120, REST)
    assert length(cut) <= 120
    *kept, _, last = cut.split("\n")
    assert last == REST
    assert kept == text.split("\n")[: len(kept)]
    assert len(kept) > 5


def test_what_is_known_to_have_more_says_so_though_it_fits() -> None:
    assert comment_text("a\nb", 1000, REST, more=True) == f"a\nb\n\n{REST}"


@pytest.mark.parametrize(
    ("opened", "closed"),
    [
        ("```yaml", "\n```\n"),
        ("~~~~", "\n~~~~\n"),
        ("<details><summary>x</summary>\n", "</details>"),
        ("<details>\n<DETAILS open>\n", "</details>\n\n</details>"),
        ("<details>\n</details>\n```", "\n```\n"),
        ("<!-- hidden", "\n-->\n"),
        ("<details>\n```\ncode", "\n```\n\n</details>"),
    ],
)
def test_what_is_open_where_it_is_cut_is_closed(opened: str, closed: str) -> None:
    cut = comment_text(f"{opened}\n" + "word\n" * 200, 300, REST)
    assert length(cut) <= 300
    assert closed in cut
    assert cut.endswith(REST)
    assert cut.count("</details>") == cut.lower().count("<details")


@pytest.mark.parametrize("text", ["```\ncode\n```\n", "```code``` in a line\n", "<!-- a --> b\n"])
def test_what_is_closed_is_not_closed_again(text: str) -> None:
    cut = comment_text(text + "word\n" * 200, 300, REST)
    assert cut.endswith(f"word\n\n{REST}")


def test_one_line_that_is_too_long_is_cut_in_itself() -> None:
    cut = comment_text("x" * 1000, 300, REST)
    assert cut.startswith("xxx")
    assert cut.endswith(REST)
    assert length(cut) <= 300


def test_characters_beyond_the_basic_plane_count_twice() -> None:
    assert length("a🧾я") == 4
    assert length(comment_text("🧾🧾🧾\n" * 100, 200, REST)) <= 200


@pytest.mark.parametrize("command", ["/close", "/merge now", "  /approve", "/LABEL ~x"])
def test_no_line_is_a_command(command: str) -> None:
    """GitLab obeys a line that begins so, unless it stands in code."""
    outside = comment_text(command, 100).split("\n")[0]
    assert outside.lstrip(" ").startswith("\\/")
    assert outside.replace("\\", "") == command
    inside = comment_text(f"```\n{command}\n```", 100).split("\n")[1]
    assert inside.startswith(" ")
    assert inside.strip() == command.strip()


@pytest.mark.parametrize("text", ["a /close", "//comment", "/", "/1", "    /etc/hosts"])
def test_what_is_no_command_stays(text: str) -> None:
    assert comment_text(text, 100) == text


def test_control_characters_are_seen() -> None:
    assert comment_text("a\x00b\x1b[31mc\td", 100) == "a\ufffdb\ufffd[31mc\td"


@given(
    st.lists(
        st.sampled_from(["```", "~~~", "<details>", "</details>", "<!--", "-->", "/x", "é🧾 "])
    ),
    st.integers(200, 400),
)
def test_whatever_it_is_it_has_room_and_ends_with_the_word_that_it_was_cut(
    lines: list[str], room: int
) -> None:
    text = "\n".join(lines * 20)
    cut = comment_text(text, room, REST)
    assert length(cut) <= room
    assert cut.endswith(REST) or length(cut) >= length(text.strip()) - 1
