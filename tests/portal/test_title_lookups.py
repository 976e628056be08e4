"""Tasks asked for by title: two requests at most, and what a portal may answer instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from tasksync.errors import PortalError
from tasksync.portal.messages import PortalAnswer, PortalRequest


def row(number: int, title: str, **more: object) -> dict[str, object]:
    return {"id": str(number), "title": title, "status": "2", "priority": "1", "tags": [], **more}


class Titles:
    """A portal with tasks of these titles; `ignoring` answers each call with all of them."""

    def __init__(self, say: Any, rows: list[dict[str, object]], *, ignoring: bool = False) -> None:
        self.say, self.rows, self.ignoring = say, rows, ignoring
        self.asked: list[list[Any]] = []

    def __call__(self, request: PortalRequest) -> PortalAnswer:
        calls = orjson.loads(request.body or b"")["calls"]
        self.asked.append(calls)
        results = {call["id"]: self._found(call["params"]["filter"]["title"]) for call in calls}
        answer: PortalAnswer = self.say.ok({"results": results, "errors": {}})
        return answer

    def _found(self, title: Any) -> list[dict[str, object]]:
        wanted = title["$in"] if isinstance(title, dict) else [title]
        return [one for one in self.rows if self.ignoring or one["title"] in wanted]


@pytest.mark.parametrize(("count", "calls"), [(1, [1]), (50, [50]), (51, [50, 1]), (100, [50, 50])])
def test_each_title_is_a_call_of_a_batch(
    bench: Callable[..., Any], say: Any, count: int, calls: list[int]
) -> None:
    portal = Titles(say, [row(7, "T0"), row(9, "other")])
    found = bench(portal).portal.of_titles([f"T{n}" for n in range(count)])
    assert [len(one) for one in portal.asked] == calls
    assert [task.id for task in found.tasks] == [7]
    assert not found.missed


@pytest.mark.parametrize("count", [101, 150, 200, 1000])
def test_more_titles_share_calls_of_two_batches(
    bench: Callable[..., Any], say: Any, count: int
) -> None:
    titles = [f"T{n}" for n in range(count)]
    portal = Titles(say, [row(n + 1, title) for n, title in enumerate(titles)])
    found = bench(portal).portal.of_titles(titles)
    assert len(portal.asked) == 2
    assert len(found.tasks) == count


def test_a_portal_that_ignores_the_filter_is_told_each_task_once(
    bench: Callable[..., Any], say: Any
) -> None:
    """Who compares titles sees that none of them is meant."""
    found = bench(Titles(say, [row(7, "A"), row(8, "B")], ignoring=True)).portal.of_titles("XY")
    assert [task.id for task in found.tasks] == [7, 8]
    assert found.cut == {"X", "Y"}


@pytest.mark.parametrize(("rows", "cut"), [(19, set()), (20, {"A"})])
def test_a_full_page_may_not_be_all(
    bench: Callable[..., Any], say: Any, rows: int, cut: set[str]
) -> None:
    told = bench(Titles(say, [row(n + 1, "A") for n in range(rows)])).portal.of_titles("A")
    assert told.cut == cut


def test_a_row_without_tags_may_be_anybodys(bench: Callable[..., Any], say: Any) -> None:
    rows = [row(7, "A"), {"id": "8", "title": "A"}, {"title": "A"}, 5, None]  # type: ignore[list-item]
    answer = say.ok({"results": {"t0": rows}, "errors": {}})
    assert [task.id for task in bench(answer).portal.of_titles(["A"]).tasks] == [7]


@pytest.mark.parametrize(
    "data",
    [
        {"results": {}, "errors": {"t0": {"code": "INVALID_FILTER", "message": "title?"}}},
        {"results": {}, "errors": {}},
        {"results": [], "errors": []},
        [],
        "odd",
    ],
)
def test_what_is_not_answered_is_told(bench: Callable[..., Any], say: Any, data: Any) -> None:
    found = bench(say.ok(data)).portal.of_titles(["A"])
    assert not found.tasks
    assert found.missed == {"A"}
    with pytest.raises(PortalError, match="Looking for tasks by title"):
        bench(say.ok(data)).portal.of_titles(["A"], patient=True)


@pytest.mark.parametrize("status", [400, 403, 404, 500, 503])
def test_a_batch_that_fails_is_not_repeated_and_raises_only_where_that_is_wanted(
    bench: Callable[..., Any], say: Any, status: int
) -> None:
    setup = bench(*[say.no(status, "X")] * 20)
    assert setup.portal.of_titles(["A"]).missed == {"A"}
    assert setup.portal.requests == 1
    with pytest.raises(PortalError):
        setup.portal.of_titles(["A"], patient=True)
