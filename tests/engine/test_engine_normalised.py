"""Values that a portal turns: said, remembered, and sent no more (design 5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted import Bench, Lost, bench

from tasksync.core.events import ValueMissing, ValueNormalised
from tasksync.core.fields import RemoteId, TaskKey, Value

Blocks = Mapping[str, Mapping[str, object]]


def round_of(here: Bench, blocks: Blocks) -> tuple[int, int, int]:
    """Apply and verify; return how many changes were sent, values missing and values normalised."""
    here.events.clear()
    sent = len(here.portal.done)
    report = here.apply(here.manifest(blocks))
    assert report.error is None
    here.verify(report)
    missing, normalised = here.of(ValueMissing), here.of(ValueNormalised)
    return len(here.portal.done) - sent, len(missing), len(normalised)


def upper(name: str, value: Value) -> Value:
    return value.upper() if name == "title" and isinstance(value, str) else value


def lower_tags(name: str, value: Value) -> Value:
    if name != "tags" or not isinstance(value, tuple):
        return value
    return tuple(sorted(str(tag).lower() for tag in value))


def test_an_unknown_normalisation_is_named_written_once_more_and_then_remembered() -> None:
    here = bench()
    here.portal.turn = upper
    blocks: Blocks = {"a": {"title": "first"}}
    assert round_of(here, blocks) == (1, 1, 0)
    assert here.state.entries[TaskKey("a")].unproved == {"title": "FIRST"}
    assert round_of(here, blocks) == (1, 0, 1)
    assert here.state.entries[TaskKey("a")].unproved == {}
    assert round_of(here, blocks) == (0, 0, 0)
    assert not here.plan(here.manifest(blocks)).drift


def test_a_persons_edit_between_write_and_proof_is_drift_and_not_the_portals_form() -> None:
    here = bench()
    report = here.apply(here.manifest({"a": {"title": "first"}}))
    (task,) = here.portal.live.values()
    here.portal.live[task.id] = replace(task, fields={**task.fields, "title": "Anna's"})
    assert here.verify(report).missing == ("a",)
    assert round_of(here, {"a": {"title": "first"}}) == (1, 0, 0)
    assert here.portal.live[task.id].fields["title"] == "first"
    assert here.state.entries[TaskKey("a")].unproved == {}


def test_another_value_asked_begins_to_count_anew() -> None:
    here = bench()
    here.portal.turn = lambda name, value: "fixed" if name == "title" else value
    assert round_of(here, {"a": {"title": "first"}}) == (1, 1, 0)
    assert round_of(here, {"a": {"title": "other"}}) == (1, 1, 0)
    assert round_of(here, {"a": {"title": "other"}}) == (1, 0, 1)
    assert round_of(here, {"a": {"title": "other"}}) == (0, 0, 0)


def test_drift_of_a_remembered_form_is_put_right_without_a_new_count() -> None:
    here = bench()
    here.portal.turn = upper
    blocks: Blocks = {"a": {"title": "first"}}
    round_of(here, blocks)
    round_of(here, blocks)
    (task,) = here.portal.live.values()
    here.portal.live[task.id] = replace(task, fields={**task.fields, "title": "Anna's"})
    assert round_of(here, blocks)[:2] == (1, 0)
    assert round_of(here, blocks) == (0, 0, 0)


def test_a_known_normalisation_after_a_lost_answer_is_said_and_remembered_in_the_same_run() -> None:
    here = bench()
    here.portal.turn = lower_tags
    here.portal.script = [Lost()]
    blocks: Blocks = {"a": {"tags": ["Finance"]}, "b": {}}
    assert round_of(here, blocks) == (2, 0, 1)
    assert round_of(here, blocks) == (0, 0, 0)


def test_a_known_normalisation_after_a_lost_state_settles_in_one_run() -> None:
    here = bench()
    here.portal.turn = lower_tags
    blocks: Blocks = {"a": {"tags": ["Finance"]}, "b": {}}
    round_of(here, blocks)
    here.shared.__init__()  # type: ignore[misc]
    assert round_of(here, blocks) == (1, 0, 1)
    assert round_of(here, blocks) == (0, 0, 0)


def test_only_the_case_of_a_tag_is_edited() -> None:
    here = bench()
    here.portal.turn = lower_tags
    round_of(here, {"a": {"tags": ["Finance"]}})
    assert round_of(here, {"a": {"tags": ["FINANCE"]}}) == (1, 0, 1)
    assert round_of(here, {"a": {"tags": ["FINANCE"]}}) == (0, 0, 0)


def test_a_new_responsible_leaves_the_former_among_the_auditors_and_no_drift() -> None:
    here = bench()
    round_of(here, {"a": {"responsibleId": 1, "auditors": [4]}})

    def kept(name: str, value: Value) -> Value:
        task = next(iter(here.portal.live.values()))
        if name == "responsibleId":
            fields = {**task.fields, "auditors": (1, 4), "status": 2}
            here.portal.live[task.id] = replace(task, fields=fields)
        return value

    here.portal.turn = kept
    blocks: Blocks = {"a": {"responsibleId": 5, "auditors": [4]}}
    assert round_of(here, blocks) == (1, 0, 1)
    assert round_of(here, blocks) == (0, 0, 0)
    assert here.portal.live[RemoteId(1)].fields["auditors"] == (1, 4)


_OF_TEXT: tuple[Callable[[str], str], ...] = (
    str.upper, str.strip, lambda t: t[:3], lambda t: t.replace("&", "&amp;"), lambda _t: "",
    lambda t: t.encode("ascii", "replace").decode(), lambda t: t + ".",
)  # fmt: skip
_OF_TAGS: tuple[Callable[[tuple[str, ...]], tuple[str, ...]], ...] = (
    lambda t: tuple(sorted({one.lower() for one in t})), lambda t: t[:1], lambda _t: (),
    lambda t: tuple(sorted({*t, "books"})),
)  # fmt: skip
_OF_NUMBERS: tuple[Callable[[int], int], ...] = (
    lambda n: n // 60 * 60, lambda _n: 0, lambda n: n + 1
)  # fmt: skip
_OF_STATUS: tuple[Callable[[int], int], ...] = (lambda n: 4 if n == 5 else n, lambda _n: 2)
_DATES: tuple[Callable[[str], str | None], ...] = (
    lambda d: d[:17] + "00" + d[19:], lambda _d: None, lambda d: d[:11] + "19:00:00" + d[19:]
)  # fmt: skip

TURNS = st.fixed_dictionaries(
    {},
    optional={
        "title": st.sampled_from(_OF_TEXT[:-3]),
        "description": st.sampled_from(_OF_TEXT),
        "tags": st.sampled_from(_OF_TAGS),
        "timeEstimate": st.sampled_from(_OF_NUMBERS),
        "status": st.sampled_from(_OF_STATUS),
        "deadline": st.sampled_from(_DATES),
        "accomplices": st.just(lambda _people: ()),
    },
)
BODIES = st.fixed_dictionaries(
    {"title": st.sampled_from(["first", " Close & count #books ", "Caf\u00e9 \U0001f680"])},
    optional={
        "description": st.sampled_from(["", "some <words>\nin lines ", "#books"]),
        "tags": st.lists(st.sampled_from(["Finance", "a", "b"]), unique=True),
        "timeEstimate": st.sampled_from([0, 45, 90, 3600]),
        "status": st.sampled_from([1, 2, 3, 5, 7]),
        "deadline": st.sampled_from(["2026-05-19T18:00:30+02:00", "2026-05-19T18:00:00+02:00"]),
        "accomplices": st.sampled_from([[], [7], [7, 9]]),
        "responsibleId": st.sampled_from([1, 5]),
    },
)


@settings(max_examples=120, deadline=None)
@given(turns=TURNS, body=BODIES, edited=BODIES, lost=st.booleans())
def test_nothing_is_sent_for_ever(
    turns: dict[str, Callable[[Value], Value]],
    body: dict[str, object],
    edited: dict[str, object],
    *,
    lost: bool,
) -> None:
    """Whatever a portal turns: two applies settle it, and the third has nothing to do."""
    here = bench()

    def turn(name: str, value: Value) -> Value:
        return turns[name](value) if name in turns and value is not None else value

    here.portal.turn = turn
    if lost:
        here.portal.script = [Lost()]
    for asked in (body, edited):
        blocks: Blocks = {"a": asked}
        round_of(here, blocks)
        assert round_of(here, blocks)[1] == 0
        assert round_of(here, blocks) == (0, 0, 0)
        assert not here.plan(here.manifest(blocks)).drift


@pytest.mark.parametrize("moved", [4, 5, 6, 7])
@pytest.mark.parametrize("asked", [1, 2, 3])
def test_a_status_that_people_moved_on_stands_run_after_run(moved: int, asked: int) -> None:
    here = bench()
    here.portal.turn = lambda name, value: 2 if (name, value) == ("status", 1) else value
    blocks: Blocks = {"a": {"status": asked}}
    round_of(here, blocks)
    (task,) = here.portal.live.values()
    here.portal.live[task.id] = replace(task, fields={**task.fields, "status": moved})
    for _ in range(2):
        assert round_of(here, blocks) == (0, 0, 0)
        plan = here.plan(here.manifest(blocks))
        assert [(one.wanted, one.found) for one in plan.standing] == [(asked, moved)]
        assert not plan
    assert round_of(here, {"a": {"status": asked, "responsibleId": 5}}) == (1, 0, 0)
    assert here.portal.live[task.id].fields["status"] == moved
    assert here.plan(here.manifest({"a": {"status": asked, "responsibleId": 5}})).standing


def test_a_saved_plan_knows_what_came_back_the_last_time() -> None:
    here = bench()
    here.portal.turn = upper
    manifest = here.manifest({"a": {"title": "first"}})
    here.verify(here.apply(manifest))
    here.events.clear()
    decision = here.verify(here.resume(here.plan(manifest)))
    assert (decision.missing, len(here.of(ValueNormalised))) == ((), 1)
    assert round_of(here, {"a": {"title": "first"}}) == (0, 0, 0)


@pytest.mark.parametrize("managed", [True, False])
def test_a_saved_plan_takes_no_status_back_that_people_moved_on_since(*, managed: bool) -> None:
    here = bench()
    block: dict[str, object] = {"status": 3} if managed else {}
    round_of(here, {"a": {"title": "a", **block}})
    (task,) = here.portal.live.values()
    here.portal.live[task.id] = replace(task, fields={**task.fields, "status": 3})
    plan = here.plan(here.manifest({"a": {"title": "a", "responsibleId": 5, **block}}))
    (change,) = plan.changes
    assert change.sent_together == {"status": 3}
    assert not here.check(plan).stale
    task = here.portal.live[task.id]
    here.portal.live[task.id] = replace(task, fields={**task.fields, "status": 5})
    assert [one.name for one in here.check(plan).stale[TaskKey("a")]] == ["status"]


def test_a_portal_that_keeps_no_parent_is_asked_twice_and_then_left_alone() -> None:
    """Nothing is sent for ever: what came out the same twice is the portal's own form."""
    here = bench()
    here.portal.turn = lambda name, value: None if name == "parentId" else value
    manifest = here.manifest({"a": {}, "b": {"parent": "a"}})
    missing = [here.verify(here.apply(manifest)).missing for _run in range(3)]
    assert missing == [("b",), (), ()]
    sent = len(here.portal.sent)
    assert not here.plan(manifest)
    assert here.apply(manifest).complete
    assert len(here.portal.sent) == sent
