"""Texts of megabytes and words of hundreds of kilobytes: shown, and never compared one by one."""

from __future__ import annotations

import difflib

import pytest
from work import calls_in

from tasksync.render import visible
from tasksync.render.inline_diff import marked
from tasksync.render.visible import alike, disarmed, spelled


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("а" * 300_000, "a" * 300_000),  # noqa: RUF001 - they look alike, and are not
        ("a\u200b" * 150_000, "a" * 150_000),
        ("a" * 300_000 + "\u200b", "a" * 300_000),
    ],
)
def test_long_look_alikes_are_spelled_where_they_part(monkeypatch, text, other):
    """Character by character it took minutes; the first place is enough to see it by."""
    compared = []
    genuine = difflib.SequenceMatcher

    def counted(junk, one, two, **more):
        compared.append(len(one) * len(two))
        return genuine(junk, one, two, **more)

    monkeypatch.setattr(difflib, "SequenceMatcher", counted)
    assert alike(text, other)
    pieces = spelled(text, other)
    assert max(compared) <= visible.SPELLED_PART**2
    assert any(named for _piece, named in pieces)
    assert any("(" in piece for piece, named in pieces if named)


def test_what_is_not_named_of_a_long_look_alike_is_there_as_it_is():
    text = "b" * 1000 + "a\u200bc" + "d" * 1000
    pieces = spelled(text, text.replace("\u200b", ""))
    assert "".join(piece for piece, named in pieces if not named) == text.replace("\u200b", "")


@pytest.mark.parametrize("blank", ["\n", " \n", "\r\n", " " * 50 + "\n"])
def test_lines_without_words_are_looked_at_once_each(blank):
    """A blank line's beginning looked through all that followed."""
    few, many = (blank * count + "::error::x" for count in (10, 2_000))
    assert disarmed(few).endswith("\\u003a:error::x")
    assert disarmed(many).endswith("\\u003a:error::x")
    # a match never holds more than its own line
    assert "\n" not in visible._AT_START.search(many).group()


def test_untouched_lines_are_counted_and_not_shown_one_by_one():
    lines = "\n".join(["line"] * 100_000)
    before, after = f"{lines}\nold word\n{lines}", f"{lines}\nnew word\n{lines}"
    told = []
    calls = calls_in(lambda: told.extend(marked(before, after)))
    assert told[0] == "(100000 unchanged lines)"
    assert told[-1] == "(100000 unchanged lines)"
    assert any("[-old-]" in line or "{+new+}" in line for line in told[1:-1])
    assert calls < 500_000
