"""What moved under a saved plan, in the words of the plan itself."""

from __future__ import annotations

import pytest

from tasksync.core.fields import TaskKey, Value
from tasksync.core.staleness import Stale
from tasksync.render.stale_text import stale_count, stale_text

A = TaskKey("a")


@pytest.mark.parametrize(
    ("name", "saw", "there", "told"),
    [
        ("priority", 1, 0, "the plan saw normal, now it is low"),
        ("tags", ("x",), (), "the plan saw x, now it is (none)"),
        ("accomplices", (2, 3), (3,), "the plan saw 2 (Olga), 3, now it is 3"),
        ("responsibleId", 2, None, "the plan saw 2 (Olga), now it is (none)"),
        ("title", "One", "One\x1b[31m", 'the plan saw "One", now it is'),
        (
            "deadline",
            "2026-12-01T10:00:00+01:00",
            "2026-12-05T12:00:00+03:00",
            "now it is 2026-12-05T10:00:00+01:00",
        ),
        ("timeEstimate", 3600, 60, "the plan saw 1 h, now it is 1 min"),
    ],
)
def test_values_are_told_as_a_plan_tells_them(
    name: str, saw: Value, there: Value, told: str
) -> None:
    text = stale_text({A: [Stale(A, name, saw, there, is_field=True)]}, {2: "Olga"})
    assert told in text
    assert "\x1b" not in text
    assert text.startswith(f"  a: {name}: ")


def test_what_is_no_value_is_told_in_its_own_words() -> None:
    one = Stale(A, "parentId", "task 5", "gone from the portal")
    assert stale_text({A: [one, one]}, {}) == "\n".join(
        ["  a: parentId: the plan saw task 5, now it is gone from the portal"] * 2
    )


@pytest.mark.parametrize(("count", "verb"), [(1, "is"), (2, "are")])
def test_one_is_and_two_are(count: int, verb: str) -> None:
    assert stale_count(count) == f"{count} of the plan's changes {verb} stale"
