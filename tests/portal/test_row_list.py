"""A long list is read piece by piece: the same rows as read at once, and few of them at a time."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasksync.portal import row_list, wire
from tasksync.portal.listing import page_of
from tasksync.portal.messages import PortalAnswer
from tasksync.portal.row_list import RowList, with_rows

NOW = datetime(2026, 5, 12, 12, 0, 0, tzinfo=UTC)
#: what the bytes between two rows look like, written inside a text
TRAP = '},{"id":7,"x":"}],\\"},{\\"id\\":'


def rows_of(count: int, **more: Any) -> list[dict[str, Any]]:
    return [
        {"id": number, "title": f"{TRAP}{number}", "description": "d" * 200, **more}
        for number in range(1, count + 1)
    ]


def answer(data: object, **more: object) -> bytes:
    return orjson.dumps({"success": True, "data": data, "meta": {"total": 1}, **more})


@pytest.fixture
def small_pieces(monkeypatch):
    """Cut everything, and often."""
    monkeypatch.setattr(row_list, "SHORTEST", 0)
    monkeypatch.setattr(row_list, "_PIECE", 1)


@pytest.mark.parametrize("native", [False, True])
def test_the_rows_of_a_long_list_are_all_of_them(native):
    """In either shape, with their ids, and as often as they are asked for."""
    rows = rows_of(3000)
    document = with_rows(answer({"tasks": rows} if native else rows))
    assert document is not None
    assert document["meta"] == {"total": 1}
    found = document["data"]["tasks"] if native else document["data"]
    assert found.ids == list(range(1, 3001))
    assert list(found) == rows
    assert list(found) == rows


def test_a_page_tells_each_id_once_and_yields_every_row():
    """Whoever reads it leaves out what he has seen."""
    rows = rows_of(2000)
    reply = wire.read(PortalAnswer(200, {}, answer([*rows, rows[0]])), NOW, rows=True)
    page = page_of(reply)
    assert isinstance(reply.data, RowList)
    assert page.ids == list(range(1, 2001))
    assert list(page.walk()) == [*rows, rows[0]]


def test_whoever_does_not_ask_for_rows_gets_a_list():
    """As the listings of people do."""
    rows = rows_of(2000)
    assert wire.read(PortalAnswer(200, {}, answer(rows)), NOW).data == rows


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda body: body[:-40_000],
        lambda body: body[:200_000] + b"\x00" + body[200_000:],
        lambda body: body[:200_000] + b"\xff" + body[200_000:],
        lambda body: body.replace(b'},{"id":1500,', b'},,{"id":1500,'),
        lambda body: body.replace(b'},{"id":1500,', b'}],[{"id":1500,'),
        lambda body: body + b"]",
    ],
)
def test_what_is_no_json_is_not_taken_for_rows(spoilt):
    """It is told before the first row is used, as of a short answer."""
    body = spoilt(answer(rows_of(2000)))
    assert len(body) > row_list.SHORTEST
    assert with_rows(body) is None


def test_what_cannot_be_cut_is_read_at_once():
    """Objects inside of rows that begin as rows do: the answer is the same."""
    rows = rows_of(2000, tags=[{"id": one} for one in range(9)])
    reply = wire.read(PortalAnswer(200, {}, answer(rows)), NOW, rows=True)
    assert list(page_of(reply).walk()) == rows


def test_few_rows_are_held_at_a_time():
    """Of 5000 rows less than their text, where their objects are several times that."""
    rows = rows_of(5000, **{f"field{number}": number * 1.5 for number in range(20)})
    body = answer(rows)
    del rows
    tracemalloc.start()
    try:
        document = with_rows(body)
        assert document is not None
        assert sum(1 for _ in document["data"]) == 5000
        assert tracemalloc.get_traced_memory()[1] < len(body) // 2
    finally:
        tracemalloc.stop()


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.text(alphabet='ab{}[],:"\\i d'),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "data", "a"]), inner, max_size=3)
    ),
    max_leaves=6,
)
_ROWS = st.lists(
    st.builds(lambda one, two: {"id": one, "b": two}, st.integers(1, 9), _VALUES), max_size=6
)


@pytest.mark.usefixtures("small_pieces")
def test_law_cut_is_read_as_whole():
    """Whatever stands in rows and behind them: either the same document, or none."""

    @given(_ROWS, _VALUES, st.booleans())
    def law(rows: list[Any], behind: object, native: bool) -> None:  # noqa: FBT001
        body = answer({"tasks": rows} if native else rows, behind=behind)
        document = with_rows(body)
        if document is not None:
            whole = orjson.loads(body)
            found = document.pop("data")
            data = whole.pop("data")
            assert document == whole
            assert list(found["tasks"] if native else found) == (data["tasks"] if native else data)

    law()
