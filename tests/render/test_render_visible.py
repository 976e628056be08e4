"""No line of ours is a command to a CI runner, and two values that differ are seen to differ."""

from __future__ import annotations

import json
import re

import pytest

from tasksync.render.inline_diff import marked
from tasksync.render.visible import alike, disarmed, visible
from tasksync.render.wording import clean, clean_lines, in_quotes, pair, swapped

COMMAND = re.compile(
    r"^\s*::|##(vso|teamcity)?\[|section_(start|end):", re.MULTILINE | re.IGNORECASE
)


@pytest.mark.parametrize(
    "text",
    [
        "::error file=a::b",
        "  \t::stop-commands::x",
        "##[set-output name=a;]b",
        "harmless ##[group]x",
        "###[error]x",
        "a ##vso[task.setvariable variable=x]y",
        "##VSO[task.complete result=Failed]",
        "##teamcity[buildStatus text='x']",
        "section_start:1:x\r\x1b[0K",
        "SECTION_END:1:x",
        ":::x",
        "\u3000::error::ideographic blank",
    ],
)
def test_no_line_of_ours_commands_a_runner(text: str) -> None:
    for shown in (
        clean(text),
        clean_lines(f"a\n{text}"),
        in_quotes(text),
        disarmed(f"a\n{text}\n"),
        *marked("first\nsecond", f"first\n{text}\nsecond"),
        *marked(f"x\n:\n{text}", f"x\n::\n{text}"),
    ):
        assert not COMMAND.search(shown), shown


def test_what_is_no_command_stays_as_it_is() -> None:
    for text in ("std::vector", "a # b ## c", "see [x] #[1]", "10::30", "section 1: start"):
        assert clean(text) == disarmed(text) == text
    assert clean("##[x]") == "\\u0023#[x]"
    assert clean(" ::x::") == " \\u003a:x::"


def test_json_stays_the_same_data() -> None:
    data = {"title": "##[error]x", "text": "a\n::b\n##vso[c]", "key": "section_start:1:x"}
    shown = disarmed(json.dumps(data, indent=1))
    assert not COMMAND.search(shown)
    assert json.loads(shown) == data


@pytest.mark.parametrize(
    ("char", "code"),
    [
        ("\u200b", "\\u200b"),
        ("\u2060", "\\u2060"),
        ("\xad", "\\u00ad"),
        ("\xa0", "\\u00a0"),
        ("\u202f", "\\u202f"),
        ("\u3000", "\\u3000"),
        ("\u202e", "\\u202e"),
        ("\u3164", "\\u3164"),
        ("\ufe0f", "\\ufe0f"),
        ("\u200d", "\\u200d"),
        ("\U000e0041", "\\U000e0041"),
        ("\U000e0100", "\\U000e0100"),
    ],
)
def test_what_is_not_seen_is_written_as_its_code(char: str, code: str) -> None:
    assert visible(f"a{char}b") == f"a{code}b"
    before, after = pair("title", "ab", f"a{char}b", {})
    assert before == '"ab"'
    assert code in after


def test_emoji_and_accents_stay_as_they_are() -> None:
    for text in ("\u2764\ufe0f", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "Задача №1 é"):
        assert visible(text) == text


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ("apple", "\u0430pple", '"\\u0430 (CYRILLIC SMALL LETTER A)pple"'),
        ("Plan", "\u03a1lan", '"\\u03a1 (GREEK CAPITAL LETTER RHO)lan"'),
        ("\u0439", "\u0438\u0306", "COMBINING BREVE"),
        ("a1", "a\uff11", "FULLWIDTH DIGIT ONE"),
        ("\u2764", "\u2764\ufe0f", "\\ufe0f (VARIATION SELECTOR-16)"),
    ],
)
def test_values_that_look_alike_are_spelled_out(before: str, after: str, named: str) -> None:
    assert alike(before, after)
    shown = pair("title", before, after, {})
    assert named in shown[1]
    assert shown[0] != shown[1]
    assert named in pair("title", after, before, {})[0]
    assert named.strip('"') in swapped("tags", (after,), (before,), {})[0][0]
    assert named.strip('"').split(" ")[0] in " ".join(
        marked(f"one two {before} end", f"one two {after} end")
    )


def test_values_that_look_different_are_not_spelled_out() -> None:
    assert pair("title", "Задача", "Task", {}) == ('"Задача"', '"Task"')
    assert swapped("tags", ("новый",), ("old",), {}) == (("новый",), ("old",))
