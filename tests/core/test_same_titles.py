"""Wanted tasks and unmarked ones of the same title: paired one to one, or told."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasksync.core.fields import RemoteId, TaskKey, Value
from tasksync.core.same_titles import free_tasks, paired
from tasksync.core.task import LiveTask

WANTS = st.dictionaries(
    st.sampled_from("abcdef").map(TaskKey),
    st.fixed_dictionaries(
        {"title": st.sampled_from(["T", " t ", "U"]), "responsibleId": st.integers(1, 2)}
    ),
)
TASKS = st.lists(
    st.tuples(st.sampled_from(["T", "t", "U", "V"]), st.integers(1, 3)), max_size=5
).map(lambda rows: [live(n + 1, title, who) for n, (title, who) in enumerate(rows)])


def live(number: int, title: str, person: int, *markers: str) -> LiveTask:
    return LiveTask(
        RemoteId(number), {"title": title, "responsibleId": person, "tags": ()}, markers
    )


def want(title: str, person: int = 1) -> Mapping[str, Value]:
    return {"title": title, "responsibleId": person}


def test_one_that_fits_one_is_taken_whoever_is_responsible() -> None:
    """Titles in normal form: blanks and entities mean nothing."""
    found = paired({TaskKey("a"): want("A & B", 1)}, [live(5, " A &amp;  B ", 2)])
    assert {key: task.id for key, task in found.pairs.items()} == {"a": 5}
    assert not found.several


def test_the_responsible_decides_where_two_fit() -> None:
    tasks = [live(5, "T", 1), live(6, "T", 2)]
    found = paired({TaskKey("a"): want("T", 2)}, tasks)
    assert found.pairs["a"].id == 6
    found = paired({TaskKey("a"): want("T", 1), TaskKey("b"): want("T", 2)}, tasks)
    assert {key: task.id for key, task in found.pairs.items()} == {"a": 5, "b": 6}


def test_nothing_is_guessed() -> None:
    tasks = [live(5, "T", 2), live(6, "T", 2)]
    found = paired({TaskKey("a"): want("T", 2)}, tasks)
    assert not found.pairs
    assert [task.id for task in found.several["a"]] == [5, 6]
    found = paired({TaskKey("a"): want("T"), TaskKey("b"): want("T")}, tasks[:1])
    assert not found.pairs
    assert found.several.keys() == {"a", "b"}


def test_a_title_that_the_portal_cannot_keep_is_found_by_what_is_left() -> None:
    found = paired({TaskKey("a"): want("Party \U0001f389 time")}, [live(5, "Party ? time", 9)])
    assert found.pairs["a"].id == 5


def test_marked_tracked_and_unreadable_ones_are_not_free() -> None:
    tasks = [live(5, "T", 1, "tasksync:other"), live(6, "T", 1), live(7, "T", 1)]
    dark = LiveTask(RemoteId(8), {"title": "T"}, unreadable="tags: not answered")
    assert [one.id for one in free_tasks([*tasks, dark], {RemoteId(6)})] == [7]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(WANTS, TASKS)
def test_no_task_goes_to_two_keys_and_every_pair_is_the_only_one_that_fits(
    wants: dict[TaskKey, dict[str, Value]], tasks: list[LiveTask]
) -> None:
    found = paired(wants, tasks)
    given_away = [task.id for task in found.pairs.values()]
    assert len(given_away) == len(set(given_away))
    assert not found.pairs.keys() & found.several.keys()
    for key, task in found.pairs.items():
        title = str(wants[key]["title"]).strip()
        same = [one for one in tasks if one.fields["title"] == title]
        rivals = [one for one in wants if str(wants[one]["title"]).strip() == title]
        person = wants[key]["responsibleId"]
        theirs = [one for one in same if one.fields["responsibleId"] == person]
        mine = [one for one in rivals if wants[one]["responsibleId"] == person]
        assert [task] in (same, theirs)
        assert [key] in (rivals, mine)
