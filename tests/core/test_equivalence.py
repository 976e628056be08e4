"""One normal form: what is the same text, and what a portal can have left of one."""

from __future__ import annotations

import pytest

from tasksync.core.equivalence import (
    equivalent,
    lost_characters,
    normal_tags,
    normal_text,
    title_matches,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Q&A", "Q&amp;A"),
        ("Q&A", "Q&amp;amp;A"),
        ('say "yes"', "say &quot;yes&quot;"),
        ("it's", "it&#039;s"),
        ("e\u0301te\u0301", "\u00e9t\u00e9"),
        ("two  blanks ", "two blanks"),
        (" outer ", "outer"),
    ],
)
def test_titles_that_are_the_same(one: str, other: str) -> None:
    assert title_matches(one, other)
    assert title_matches(other, one)


@pytest.mark.parametrize(
    "found",
    [
        "Release now",
        "Release  now",
        "Release ? now",
        "Release ???? now",
        "Release",
        "Release \ufffd now",
    ],
)
def test_a_title_may_have_lost_what_the_portal_cannot_hold(found: str) -> None:
    assert title_matches("Release \U0001f680 now", found)


@pytest.mark.parametrize(
    "found", ["Release later", "now", "", "Release nowx", "xRelease now", "Release ! now"]
)
def test_what_lost_more_than_that_is_another_title(found: str) -> None:
    assert not title_matches("Release \U0001f680 now", found)


def test_nothing_is_lost_of_what_every_portal_can_hold() -> None:
    assert not title_matches("Release (now)", "Release")
    assert not lost_characters("Release", "Release")


def test_a_title_of_emoji_alone_is_matched_by_no_empty_title() -> None:
    assert title_matches("\U0001f680", "?")
    assert title_matches("\U0001f680", "????")


def test_many_words_and_many_emoji_are_compared_at_once() -> None:
    """No expression whose time grows with the square of a title."""
    words = "a? " * 80 + "\U0001f680 b" * 80
    assert title_matches(words, words.replace("\U0001f680", "?"))
    assert not title_matches(words, "a? " * 80 + "? b" * 79 + "? c")


def test_texts_keep_their_inner_line_ends() -> None:
    assert normal_text("a\r\nb\rc ") == "a\nb\nc"


def test_tags_go_without_case_and_order() -> None:
    assert normal_tags(["Finance", " q2 ", "finance"]) == ("finance", "q2")
    assert equivalent("tags", ("Finance",), ("FINANCE",))
    assert not equivalent("tags", ("Finance",), ("FINANCE", "q2"))
    assert equivalent("deadline", "2026-05-19T18:00:00+03:00", "2026-05-19T15:00:00+00:00")
