"""What can be a key of a task, and the glance over many of them."""

from __future__ import annotations

from unicodedata import category, normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasksync.core.keys import KEY_LIMIT, first_bad, is_key, normal_key, wrong_in

REPORT = "\u041e\u0442\u0447\u0451\u0442-2026/\u043f\u043b\u0430\u043d"
_TEXT = st.text(st.sampled_from("aZ0._/-\n \x1b\u00e4\u0308\u200b\u3164"), max_size=6)
_KINDS = {"Lu", "Ll", "Lt", "Lm", "Lo", "Nd", "Nl"}


@given(st.lists(_TEXT, max_size=8))
def test_the_glance_finds_what_a_look_at_each_finds(keys: list[str]) -> None:
    """The first text that is no key is found, whatever stands beside it."""
    assert first_bad(keys) == next((key for key in keys if not is_key(key)), None)


@pytest.mark.parametrize(
    "key",
    [
        *("a", "0", "A/b", "a_b", "a.b", "2026/q2", REPORT, "\u00e4", "\u5831\u544a/\u4e8c\u3007"),
        "\u0939\u093f\u0928\u094d\u0926\u0940-\u0967\u0968",  # marks and digits of another script
        "\u0645\u0631\u062d\u0628\u0627",
        "\U00020bb7",
        "\u0436" * KEY_LIMIT,
    ],
)
def test_a_key_is_of_any_script(key: str) -> None:
    assert is_key(key)
    assert first_bad([key]) is None


@pytest.mark.parametrize(
    "bad",
    [
        *("", "a\nb", "\x1b[31m", "a//b", "a/..", "a/.", "/a", "a/", "-a", "_a", "a b", "a:b"),
        *("\u0436//a", "\u0436/..", "-\u0436", "\u0308a", "\u0436" * (KEY_LIMIT + 1)),
        *("a\u200bb", "a\u200d", "\u202ea", "a\ufeff", "a\u00ad", "a\u3164", "a\ufe0f", "a\u0085"),
        *(
            "a\u2028b",
            "a\u00a0b",
            "x\u00b2",
            "\U0001f680",
            "a\u2013b",
            "\ud800",
            "e\u0301",
            "a\ue000",
        ),
    ],
)
def test_a_bad_key_is_found_among_good_ones(bad: str) -> None:
    """One bad key among a thousand is named."""
    assert not is_key(bad)
    keys = [f"client/{number}" for number in range(1000)]
    assert first_bad([*keys, bad, *keys]) == bad
    assert first_bad([*keys, "x" * (KEY_LIMIT + 1)]) == "x" * (KEY_LIMIT + 1)
    assert first_bad(keys) is None


@given(st.text(max_size=12))
def test_a_key_holds_letters_digits_marks_and_four_signs_in_one_form(text: str) -> None:
    """Held against the categories of Unicode, written apart from the code."""
    if is_key(text):
        assert normalize("NFC", text) == text == normal_key(text)
        assert category(text[0]) in _KINDS
        assert all(c in "._/-" or category(c) in {*_KINDS, "Mn", "Mc", "Me"} for c in text)
        assert wrong_in(text) is None


@given(st.text(st.characters(categories=["L", "Nd"]), min_size=1, max_size=12))
def test_letters_are_a_key_in_whichever_form_they_were_written(text: str) -> None:
    known = normal_key(text)
    assert {normal_key(normalize(form, text)) for form in ("NFC", "NFD")} == {known}
    assert is_key(known) == (wrong_in(known) is None)
