"""The hidden lines of a comment: what they say comes back, and nothing else is taken for one."""

from __future__ import annotations

import base64
import zlib
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasksync.core.formats.plan_digest import digest_of_document
from tasksync.forge.hidden_line import (
    LONGEST_DOCUMENT,
    Label,
    document_line,
    document_of,
    label_of,
)

HEAD, DIGEST = "0123456789abcdef0123456789abcdef01234567", "sha256:" + "5" * 64
PLAN = Label("plan", "finance-q2", HEAD, DIGEST)


@given(name=st.text(min_size=1, max_size=50).filter(lambda one: one.isprintable()))
def test_whatever_it_is_called_comes_back_and_ends_no_comment(name: str) -> None:
    line = Label("file", name, HEAD).line()
    assert label_of(f"{line}\nand more") == Label("file", name, HEAD)
    assert (line.index("-->"), line.count("--")) == (len(line) - 3, 2)
    assert "\n" not in line
    assert "!>" not in line


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", " \r\nmore"])
def test_a_plans_line_comes_back_however_the_forge_ends_lines(ending: str) -> None:
    assert label_of(PLAN.line() + ending) == PLAN


@pytest.mark.parametrize(
    "body",
    [
        "",
        "\n" + PLAN.line(),
        " " + PLAN.line(),
        "> " + PLAN.line(),
        "Look: " + PLAN.line(),
        PLAN.line() + " and more",
        PLAN.line().replace("tasksync:plan", "tasksync:other"),
        PLAN.line().replace(DIGEST, "sha256:5"),
        PLAN.line().replace(f" digest={DIGEST}", ""),
        PLAN.line().replace(HEAD, "HEAD"),
        PLAN.line().replace(f" head={HEAD}", ""),
        PLAN.line().replace("name=finance-q2", "name="),
        PLAN.line().replace("name=finance-q2", "name=finance-q2 name=other"),
        PLAN.line().replace("name=finance-q2", "name=finance q2"),
    ],
)
def test_what_is_no_line_of_ours_is_none(body: str) -> None:
    assert label_of(body) is None


def test_a_document_comes_back_and_has_its_digest() -> None:
    document = {"project": "finance-q2", "changes": [{"key": "Отчёт", "after": {"title": "—>"}}]}
    body = f"{PLAN.line()}\n{document_line(document)}\n\ntext"
    found = document_of(body)
    assert found == document
    assert digest_of_document(found or {}) == digest_of_document(document)
    assert document_line(document).count("--") == 2


def test_a_document_without_room_is_left_out() -> None:
    noise = [sha256(bytes([n % 256, n // 256])).hexdigest() for n in range(1000)]
    assert document_line({"changes": noise[:100]})
    assert document_line({"changes": noise}) == ""


def packed(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data, 9)).decode()


@pytest.mark.parametrize(
    "second",
    [
        "",
        "text",
        "<!-- tasksync:asked  -->",
        "<!-- tasksync:asked !!!! -->",
        "<!-- tasksync:asked AAAA -->",
        f"<!-- tasksync:asked {packed(b'[]')} -->",
        f"<!-- tasksync:asked {packed(b'no JSON')} -->",
        f"<!-- tasksync:asked {packed(b'[' * 100_000)} -->",
        f"<!-- tasksync:asked {packed(b'{}')[:-8]} -->",
        f"<!-- tasksync:asked {packed(b' ' * 5_000_000 + b'{}')} -->",  # packed to burst
        f"<!-- tasksync:asked {'A' * LONGEST_DOCUMENT} -->",
    ],
)
def test_a_second_line_that_holds_no_document_is_none(second: str) -> None:
    assert document_of(f"{PLAN.line()}\n{second}\n") is None


def test_a_document_further_down_is_none() -> None:
    assert document_of(f"{PLAN.line()}\n\n{document_line({'project': 'a'})}") is None
