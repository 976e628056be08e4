"""Which live task is which wanted one: three tiers, best first, never a guess."""

from __future__ import annotations

from itertools import permutations
from typing import Any

from casefiles import live_task
from work import calls_in

from tasksync.core.fields import KeyRef, RemoteId, TaskKey
from tasksync.core.planning.matching import SCORED, Want, match
from tasksync.core.task import LiveTask


def want(key: str, after: int = 0, **fields: Any) -> Want:
    return Want(TaskKey(key), {"title": "T", "responsibleId": 1, **fields}, after)


def live(remote: int, **fields: Any) -> LiveTask:
    return live_task(remote, {"title": "T", "responsibleId": 1, **fields})


def pairs(wants: list[Want], tasks: list[LiveTask]) -> dict[str, int]:
    return {key: task.id for key, task in match(wants, tasks, {}).pairs.items()}


def test_equal_bodies_are_interchangeable() -> None:
    assert pairs([want("a"), want("b")], [live(7), live(8)]) == {"a": 7, "b": 8}


def test_an_equal_task_is_better_than_an_alike_one() -> None:
    wants = [want("a", priority=2), want("b", priority=0)]
    assert pairs(wants, [live(7, priority=0), live(8, priority=2)]) == {"a": 8, "b": 7}


def test_the_most_alike_of_a_group_is_taken_first() -> None:
    wants = [want("a", priority=2, description="x"), want("b", priority=2, description="y")]
    tasks = [live(7, priority=1, description="y"), live(8, priority=1, description="x")]
    assert pairs(wants, tasks) == {"a": 8, "b": 7}


def test_a_trimmed_title_and_a_changed_status_are_still_it() -> None:
    wants = [want("a", title="A  title\nof two lines ", status=5)]
    assert pairs(wants, [live(7, title="A title of two lines", status=4)]) == {"a": 7}


def test_a_title_alone_is_enough_only_where_it_is_unique_on_both_sides() -> None:
    assert pairs([want("a")], [live(7, responsibleId=5)]) == {"a": 7}
    assert pairs([want("a")], [live(7, responsibleId=5), live(8, responsibleId=6)]) == {}
    assert pairs([want("a", responsibleId=2), want("b")], [live(7, responsibleId=5)]) == {}


def test_a_title_becomes_unique_when_the_others_are_matched() -> None:
    wants = [want("a", responsibleId=2), want("b")]
    assert pairs(wants, [live(7, responsibleId=5), live(8)]) == {"a": 7, "b": 8}


def test_an_older_task_does_not_spoil_uniqueness() -> None:
    tasks = [live(3, responsibleId=6), live(7, responsibleId=5)]
    assert pairs([want("a", after=5)], tasks) == {"a": 7}


def test_nothing_older_than_the_sending_is_taken() -> None:
    assert pairs([want("a", after=7)], [live(7)]) == {}


def test_a_child_is_told_by_its_parent() -> None:
    p, q = KeyRef(TaskKey("p")), KeyRef(TaskKey("q"))
    wants = [
        want("c", parentId=q),
        want("d", parentId=p),
        want("p", title="P"),
        want("q", title="Q"),
    ]
    tasks = [live(1, title="P"), live(2, title="Q"), live(3, parentId=1), live(4, parentId=2)]
    assert pairs(wants, tasks) == {"p": 1, "q": 2, "c": 4, "d": 3}


def test_a_known_parents_id_is_used() -> None:
    wants = [want("c", parentId=KeyRef(TaskKey("p")))]
    result = match(wants, [live(3, parentId=9), live(4, parentId=8)], {TaskKey("p"): RemoteId(8)})
    assert {key: task.id for key, task in result.pairs.items()} == {"c": 4}


def test_a_large_group_of_alikes_is_paired_in_order_and_in_time() -> None:
    count = int(SCORED**0.5) + 10
    wants = [want(f"k{n}", after=n, description="asked") for n in range(count)]
    tasks = [live(n + 1, description="normalised") for n in range(count)]
    found = pairs(wants, tasks)
    assert found == {f"k{n}": n + 1 for n in range(count)}


def test_a_long_chain_of_parents_does_not_take_for_ever() -> None:
    """Indexes are built once, not once for every level."""

    def called(count: int) -> int:
        wants = [want("k0", title="T0")] + [
            want(f"k{n}", title=f"T{n}", parentId=KeyRef(TaskKey(f"k{n - 1}")))
            for n in range(1, count)
        ]
        tasks = [live(n + 1, title=f"T{n}", parentId=n or None) for n in range(count)]
        found: dict[str, int] = {}
        calls = calls_in(lambda: found.update(pairs(wants, tasks)))
        assert len(found) == count
        return calls

    assert called(1600) < 3 * called(800)  # with the square of the length it would be four times


def test_each_live_task_is_given_once_even_when_listed_twice() -> None:
    result = match([want("a"), want("b")], [live(7), live(7)], {})
    assert len(result.pairs) == 1
    assert result.tasks == ()


def test_equal_bodies_of_different_age_all_find_their_task() -> None:
    """Sent at three times, read in any order: none is left without its own or a newer one."""
    for order in permutations((1, 2, 3)):
        wants = [Want(TaskKey(f"k{age}"), {"title": "T"}, age - 1) for age in order]
        found = match(wants, [live_task(age, {"title": "T"}) for age in (3, 1, 2)], {})
        assert found.wants == ()
        assert {key: task.id for key, task in found.pairs.items()} == {"k1": 1, "k2": 2, "k3": 3}


def test_a_younger_want_keeps_the_only_task_that_may_be_its() -> None:
    """The older one's own task was edited since; it must not take the younger one's."""
    wants = [want("a", priority=2), want("b", after=100, priority=2)]
    assert pairs(wants, [live(10, priority=1), live(120, priority=2)]) == {"b": 120, "a": 10}
