"""What moved inside a value."""

from __future__ import annotations

import random
import sys
from collections import Counter
from difflib import SequenceMatcher
from functools import cache
from subprocess import run

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasksync.core import diff, long_diff
from tasksync.core.diff import Fate, Members, delta, duration, members, paths, words


def test_members_of_sets_are_told_apart():
    assert members(("a", "b"), ("b", "c", "d")) == Members(("c", "d"), ("a",))
    assert members((1, 22), (3,)) == Members((3,), (1, 22))
    assert members((), ()) == Members((), ())


@given(st.sets(st.text(max_size=3)), st.sets(st.text(max_size=3)))
def test_members_are_the_difference_of_the_sets(before, after):
    seen = members(tuple(before), tuple(after))
    assert (set(seen.added), set(seen.removed)) == (after - before, before - after)


@given(st.text(alphabet="ab \n.", max_size=60), st.text(alphabet="ab \n.", max_size=60))
def test_words_give_both_texts_back(before, after):
    pieces = words(before, after)
    assert "".join(piece.text for piece in pieces if piece.fate is not Fate.NEW) == before
    assert "".join(piece.text for piece in pieces if piece.fate is not Fate.GONE) == after


def test_words_are_marked_whole():
    seen = [
        (piece.fate.value, piece.text)
        for piece in words("send it on Monday.", "send it on Friday.")
    ]
    assert seen == [("kept", "send it on "), ("gone", "Monday"), ("new", "Friday"), ("kept", ".")]


def test_a_very_long_text_is_compared_by_lines():
    before = "".join(f"line {n}\n" for n in range(5000))
    pieces = words(before, before.replace("line 77\n", "line seventy\n"))
    assert [piece.text for piece in pieces if piece.fate is Fate.NEW] == ["line seventy\n"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("2026-05-19T18:00:00+03:00", "2026-05-23T18:00:00+03:00", "+4 d"),
        ("2026-05-19T18:00:00+03:00", "2026-05-19T16:00:00+03:00", "-2 h"),
        ("2026-05-19T18:00:00+03:00", "2026-05-20T20:30:00+03:00", "+1 d 2 h 30 min"),
        ("2026-05-19T18:00:00+03:00", "2026-05-19T17:00:00+02:00", ""),
        ("2026-03-27T18:00:00+01:00", "2026-03-30T18:00:00+02:00", "+3 d"),
        ("2026-05-19T18:00:00+03:00", "2026-05-20T18:00:00-05:00", "+1 d 8 h"),
    ],
)
def test_dates_move_as_people_count(before, after, expected):
    assert delta(before, after) == expected


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (45, "45 s"), (9000, "2 h 30 min"), (-86400, "1 d"), (90061, "1 d 1 h 1 min 1 s")],
)
def test_lengths_of_time_are_words(seconds, words):
    assert duration(seconds) == words


def test_paths_name_where_documents_differ():
    assert paths([{"a": {"b": 1}}], [{"a": {"b": 2}}]) == ("[0]['a']['b']",)


def test_deepdiff_is_not_loaded_before_it_is_needed():
    code = "import sys, tasksync.core.formats.plan_json; sys.exit('deepdiff' in sys.modules)"
    assert run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("count", "kinds", "between"),
    [(5000, 2, "\n"), (900_000, 9, " "), (900_000, 9, "\n"), (900_000, 9_000, "\n")],
    ids=["few lines again and again", "one line of 5 MB", "a line a word", "many lines"],
)
def test_a_text_of_megabytes_does_not_stall(monkeypatch, count, kinds, between):
    """Whoever may write a description decides its length; both texts still come back.

    What is searched grows with the pairs of equal tokens, so these are counted.
    """
    searched: list[int] = []

    class Counted(SequenceMatcher):
        def __init__(self, junk, old, new, **more):
            kinds = Counter(new)
            searched.append(sum(kinds[token] for token in old))
            super().__init__(junk, old, new, **more)

    looked_at: list[int] = []
    genuine = long_diff._common_words

    def looked(old: str, new: str) -> tuple[int, int] | None:
        looked_at.append(max(len(old), len(new)))
        return genuine(old, new)

    monkeypatch.setattr("difflib.SequenceMatcher", Counted)
    monkeypatch.setattr(long_diff, "_common_words", looked)
    chance = random.Random(1)  # noqa: S311
    old = [f"w{chance.randrange(kinds)}" for _ in range(count)]
    new = ["z", *chance.sample(old, count)]
    before, after = between.join(old), between.join(new)
    pieces = words(before, after)
    assert sum(searched) <= diff.PAIRS_LIMIT
    assert len(looked_at) <= long_diff.PLACES_LIMIT
    assert max(looked_at, default=0) <= long_diff.AHEAD
    assert "".join(piece.text for piece in pieces if piece.fate is not Fate.NEW) == before
    assert "".join(piece.text for piece in pieces if piece.fate is not Fate.GONE) == after


@cache
def long() -> str:
    """Return five megabytes in one line; made where it is asked for, not in every worker."""
    return " ".join(f"word{n % 977}" for n in range(600_000))


def shown(before: str, after: str) -> list[tuple[str, str]]:
    pieces = words(before, after)
    assert "".join(piece.text for piece in pieces if piece.fate is not Fate.NEW) == before
    assert "".join(piece.text for piece in pieces if piece.fate is not Fate.GONE) == after
    return [(piece.fate.value, piece.text) for piece in pieces if piece.fate is not Fate.KEPT]


def test_a_few_words_of_a_text_of_megabytes_are_told_alone():
    """As of a short one, and not the whole of it twice."""
    after = long().replace("word17 ", "another ", 1).replace("word500 word501", "word501", 1)
    after += " end"
    told = shown(long(), after)
    assert sum(len(text) for _fate, text in told) < 200
    assert ("gone", "word17") in told
    assert ("new", "another") in told


@pytest.mark.parametrize(
    "pair",
    [
        lambda: ("x" * 300_000, "x" * 299_999 + "y"),
        lambda: ("x" * 300_000, "y" * 300_000),
        lambda: (long(), long()[::-1]),
        lambda: (long(), ""),
        lambda: (long(), long() + long()),
        lambda: (long(), long()[300_000:]),
        lambda: ("\U0001f600" * 300_000, "\U0001f600" * 299_999),
        lambda: (" " * 300_000, " " * 300_001),
        lambda: (long(), long().replace(" ", "\n")),
    ],
)
def test_long_texts_come_back_whatever_moved(pair):
    before, after = pair()
    shown(before, after)
    shown(after, before)


def test_comparisons_of_long_texts_are_not_kept():
    """Hundreds of them would be gigabytes."""
    diff._compared.cache_clear()
    words(long(), long() + "x")
    assert diff._compared.cache_info().currsize == 0


@given(st.text(alphabet="ab c\n", max_size=300), st.text(alphabet="ab c\n", max_size=300))
def test_places_that_moved_give_both_texts_back(before, after):
    pieces = list(long_diff.pieces(before, after, diff._compared))
    assert "".join(piece.text for piece in pieces if piece.fate is not Fate.NEW) == before
    assert "".join(piece.text for piece in pieces if piece.fate is not Fate.GONE) == after
