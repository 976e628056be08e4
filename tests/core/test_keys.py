"""What can be a key of a task, and the glance over many of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasksync.core.keys import KEY_LIMIT, first_bad, is_key

_TEXT = st.text(st.sampled_from("aZ0._/-\n \x1bä"), max_size=6)


@given(st.lists(_TEXT, max_size=8))
def test_the_glance_finds_what_a_look_at_each_finds(keys: list[str]) -> None:
    """The first text that is no key is found, whatever stands beside it."""
    assert first_bad(keys) == next((key for key in keys if not is_key(key)), None)


@pytest.mark.parametrize("bad", ["", "a\nb", "\x1b[31m", "a//b", "a/..", "/a", "a/", "-a", "ä"])
def test_a_bad_key_is_found_among_good_ones(bad: str) -> None:
    """One bad key among a thousand is named."""
    keys = [f"client/{number}" for number in range(1000)]
    assert first_bad([*keys, bad, *keys]) == bad
    assert first_bad([*keys, "x" * (KEY_LIMIT + 1)]) == "x" * (KEY_LIMIT + 1)
    assert first_bad(keys) is None
