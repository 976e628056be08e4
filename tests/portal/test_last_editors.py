"""Who last changed tasks: fifty a request, in any form, and nothing fails for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from tasksync.portal.messages import PortalAnswer, PortalRequest


class Editors:
    """A portal that answers a `get` of task N with `told`, and counts what it was asked."""

    def __init__(self, say: Any, told: Callable[[int], object]) -> None:
        self.say, self.told = say, told
        self.asked: list[int] = []

    def __call__(self, request: PortalRequest) -> PortalAnswer:
        calls = orjson.loads(request.body or b"")["calls"]
        self.asked.append(len(calls))
        assert {call["action"] for call in calls} == {"get"}
        results = {call["id"]: self.told(call["entityId"]) for call in calls}
        answer: PortalAnswer = self.say.ok({"results": results, "errors": {}})
        return answer


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"id": "7", "changedBy": "22"}, 22),
        ({"id": 7, "changedBy": 22}, 22),
        ({"ID": "7", "CHANGED_BY": "22"}, 22),
        ([{"ID": "7", "CHANGED_BY": "22"}], 22),
        ({"task": {"id": "7", "changedBy": "22"}}, 22),
        ({"id": "7", "changedBy": "0"}, None),
        ({"id": "7", "changedBy": None}, None),
        ({"id": "7", "changedBy": -4}, None),
        ({"id": "7", "changedBy": "Olga"}, None),
        ({"id": "7", "changedBy": {"id": 22}}, None),
        ({"id": "7"}, None),
        ({"id": "8", "changedBy": "22"}, None),
        ([], None),
        (None, None),
        (True, None),
    ],
)
def test_an_editor_is_read_in_any_form_or_left_out(
    bench: Callable[..., Any], say: Any, told: object, expected: int | None
) -> None:
    found = bench(Editors(say, lambda _number: told)).portal.last_editors([7])
    assert dict(found) == ({} if expected is None else {7: expected})


def test_fifty_are_asked_for_at_once_and_five_hundred_at_most(
    bench: Callable[..., Any], say: Any
) -> None:
    portal = Editors(say, lambda number: {"id": number, "changedBy": 5})
    found = bench(portal).portal.last_editors(list(range(1, 701)))
    assert portal.asked == [50] * 10
    assert set(found) == set(range(1, 501))


def test_nobody_is_asked_for_nothing(bench: Callable[..., Any], say: Any) -> None:
    portal = Editors(say, lambda _number: None)
    assert dict(bench(portal).portal.last_editors([])) == {}
    assert portal.asked == []
