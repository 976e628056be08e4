"""Laws of the plan: what holds whatever is wanted, remembered and found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from casefiles import PROJECT, live_task, manifest_of
from given_plans import KEYS, POOL, Given, some, titled, worlds
from hypothesis import given, settings
from hypothesis import strategies as st
from ideal import IdealWorld

from tasksync.core.change import Action
from tasksync.core.fields import FIELDS, KeyRef, RemoteId, TaskKey, digest_of, same
from tasksync.core.plan import Plan
from tasksync.core.planning.build import Scope, build_plan
from tasksync.core.planning.desired import read_desired
from tasksync.core.planning.graph import ancestors, depths
from tasksync.core.planning.matching import Want, match
from tasksync.core.portal_changes import Effect, LiveWatch, PortalChanges, portal_changes
from tasksync.core.staleness import is_done, stale
from tasksync.core.task import LiveTask

law = settings(max_examples=50, deadline=None)


@law
@given(worlds())
def test_the_plan_after_an_ideal_apply_is_empty(given_: Given) -> None:
    world = given_.world()
    world.apply(given_.plan(world))
    again = given_.plan(world)
    assert list(again.changes) == []
    assert again.state_only == ()
    assert again.drift == ()


@law
@given(worlds())
def test_a_plan_does_nothing_to_a_live_task_that_is_not_ours(given_: Given) -> None:
    plan = given_.plan(given_.world())
    touched = {change.id for change in (*plan.changes, *plan.state_only)}
    assert not touched & given_.strangers
    assert not {orphan.id for orphan in plan.orphans} & given_.strangers


@law
@given(worlds())
def test_each_key_and_each_task_is_changed_at_most_once(given_: Given) -> None:
    plan = given_.plan(given_.world())
    keys = [change.key for change in (*plan.changes, *plan.state_only)]
    ids = [change.id for change in (*plan.changes, *plan.state_only) if change.id is not None]
    assert len(keys) == len(set(keys))
    assert len(ids) == len(set(ids))
    assert all(plan.levels)


@law
@given(worlds())
def test_parents_are_made_before_their_children(given_: Given) -> None:
    plan = given_.plan(given_.world())
    made = {c.key: n for n, level in enumerate(plan.levels) for c in level if c.id is None}
    for number, level in enumerate(plan.levels):
        for change in level:
            for parent in change.unresolved:
                assert made.get(parent, -1) < number


@law
@given(worlds())
def test_children_are_deleted_before_their_parents(given_: Given) -> None:
    world = given_.world()
    plan = given_.plan(world, Scope(destroy=True))
    level_of = {c.id: n for n, level in enumerate(plan.levels) for c in level}
    for level in plan.levels:
        for change in level:
            for one in change.fields:
                if (
                    one.name == "parentId"
                    and one.before in level_of
                    and change.action is Action.DELETE
                ):
                    parent = level_of[one.before]  # type: ignore[index]
                    forgotten = parent == len(plan.levels) - 1
                    assert level_of[change.id] < parent or forgotten or one.before == change.id
    assert {c.key for c in plan.changes} == set(world.entries)


@law
@given(worlds())
def test_an_untouched_plan_is_neither_stale_nor_done(given_: Given) -> None:
    world = given_.world()
    plan = given_.plan(world)
    for change in plan.changes:
        entry = world.entry(change.key, plan)
        remote = change.id or (entry.id if entry else None)
        live = world.live.get(remote) if remote else None
        assert stale(change, entry, live) == []
        assert not is_done(change, entry, live)


@law
@given(worlds())
def test_every_change_is_done_after_an_ideal_apply(given_: Given) -> None:
    world = given_.world()
    plan = given_.plan(world)
    world.apply(plan)
    for change in plan.changes:
        entry = world.entries.get(change.key)
        remote = entry.id if entry else change.id
        assert is_done(change, entry, world.live.get(remote) if remote else None)


@law
@given(worlds(), st.sets(st.sampled_from(KEYS)), st.sets(st.sampled_from(KEYS)))
def test_a_narrowed_plan_is_part_of_the_whole_and_can_be_done(
    given_: Given, targets: set[str], excludes: set[str]
) -> None:
    world = given_.world()
    whole = {change.key: change for change in given_.plan(world).changes}
    plan = given_.plan(world, Scope(tuple(targets), tuple(excludes)))
    for change in plan.changes:
        assert whole[change.key] == change
        assert change.key not in excludes
    world.apply(plan)


@law
@given(worlds())
def test_without_a_refresh_nothing_is_thought_gone_or_adopted(given_: Given) -> None:
    world = given_.world()
    plan = build_plan(given_.manifest, world.state, None)
    actions = {change.action for change in plan.changes}
    assert Action.ADOPT not in actions
    assert plan.vanished == 0
    entries = {entry.key: entry for entry in given_.entries}
    before = {after: before for before, after in plan.moved}
    for change in plan.changes:
        if change.action is Action.UPDATE:
            entry = entries[before.get(change.key, change.key)]
            for one in change.fields:
                believed = {**entry.found, **({"status": 6} if entry.deferred else {})}
                believed.setdefault(one.name, FIELDS[one.name].empty)
                assert isinstance(one.after, KeyRef) or same(
                    one.name, one.before, believed[one.name]
                )


value = st.sampled_from(sorted(POOL)).flatmap(
    lambda name: st.tuples(st.just(name), some[name], some[name])
)


@settings(max_examples=200, deadline=None)
@given(st.lists(value, unique_by=lambda one: one[0]))
def test_digests_are_equal_exactly_when_all_values_mean_the_same(rows: list[Any]) -> None:
    left = {name: one for name, one, _two in rows}
    right = {name: two for name, _one, two in reversed(rows)}
    means = all(same(name, left[name], right[name]) for name in left)
    assert (digest_of(left) == digest_of(right)) == means


instants = st.datetimes(timezones=st.timezones()).map(
    lambda one: one.replace(microsecond=0, fold=0).isoformat()
)


@law
@given(instants, instants)
def test_instants_are_the_same_exactly_when_their_digests_are(left: str, right: str) -> None:
    means = same("deadline", left, right)
    assert (digest_of({"deadline": left}) == digest_of({"deadline": right})) == means


wants = st.builds(
    lambda number, fields, after, parent: Want(
        TaskKey(f"k{number}"), {**fields, **({"parentId": parent} if parent else {})}, after
    ),
    st.integers(0, 9),
    titled,
    st.integers(0, 12),
    st.none() | st.sampled_from([RemoteId(3), KeyRef(TaskKey("k0")), KeyRef(TaskKey("k1"))]),
)
lives = st.builds(
    lambda remote, fields, parent: live_task(remote, {**fields, "parentId": parent}),
    st.integers(1, 12),
    titled,
    st.sampled_from([None, 1, 3]),
)


@law
@given(
    st.lists(wants, unique_by=lambda want: want.key), st.lists(lives, unique_by=lambda one: one.id)
)
def test_matching_uses_each_task_once_and_none_that_is_too_old(
    left: list[Want], right: list[LiveTask]
) -> None:
    left = [want for want in left if want.sent.get("parentId") != KeyRef(want.key)]
    result = match(left, right, {})
    paired = [task.id for task in result.pairs.values()]
    assert len(paired) == len(set(paired))
    assert {want.key for want in result.wants} | result.pairs.keys() == {w.key for w in left}
    assert {task.id for task in result.tasks} | set(paired) == {task.id for task in right}
    by_key = {want.key: want for want in left}
    assert all(task.id > by_key[key].newer_than for key, task in result.pairs.items())
    for key, task in result.pairs.items():
        titled = " ".join(str(task.fields["title"]).split()) == by_key[key].sent["title"]
        last = not result.wants and not result.tasks
        assert titled or (last and _all_but_title(by_key[key], task, result.pairs))


def _all_but_title(want: Want, task: LiveTask, pairs: Mapping[TaskKey, LiveTask]) -> bool:
    """What the last tier may pair: one want and one task that differ in the title alone."""
    parent = want.sent.get("parentId")
    there = pairs[parent.key].id if isinstance(parent, KeyRef) else parent
    return task.fields["responsibleId"] == want.sent["responsibleId"] and (
        task.fields["parentId"] == there
    )


@law
@given(st.lists(lives, unique_by=lambda one: one.id))
def test_what_was_sent_is_always_found_again(right: list[LiveTask]) -> None:
    """Intents whose deeds are all there are all matched, whatever their order."""
    left = [Want(TaskKey(f"k{one.id}"), one.fields, one.id - 1) for one in reversed(right)]
    result = match(left, right, {})
    assert result.wants == ()
    for key, task in result.pairs.items():
        assert same(
            "title", task.fields["title"], next(w for w in left if w.key == key).sent["title"]
        )


@law
@given(st.dictionaries(st.integers(0, 9), st.integers(0, 9)))
def test_depths_and_ancestors_end_even_in_circles(parents: dict[int, int]) -> None:
    found = depths(parents)
    assert set(found) == set(parents)
    for node in parents:
        assert node not in ancestors(node, parents)


@law
@given(worlds())
def test_reading_retains_only_what_may_change(given_: Given) -> None:
    world = given_.world()
    found = read_desired(given_.manifest.tasks(), world.state, given_.manifest.moved)
    assert found.wanted == len(list(given_.manifest.tasks()))
    for key, task in found.retained.items():
        row = found.row(key)
        assert row is None or world.state.index.asked(row) != task.digest()


def test_the_project_of_the_worlds_is_that_of_the_cases() -> None:
    assert manifest_of([]).project == PROJECT
    assert replace(manifest_of([]), project="x").marker == "tasksync:x"


def seen_changes(given_: Given, world: IdealWorld) -> tuple[Plan, PortalChanges]:
    """The plan of a world, and what people changed in it as the same reading saw it."""
    watch, state = LiveWatch(given_.manifest.marker), world.state
    live = watch.watched(state, world.tasks)
    plan = build_plan(given_.manifest, state, live)
    assert plan == given_.plan(world)  # who looks on changes nothing
    return plan, portal_changes(plan, watch)


@law
@given(worlds())
def test_what_a_plan_calls_drift_is_what_people_changed_and_it_puts_right(given_: Given) -> None:
    plan, found = seen_changes(given_, given_.world())
    told = {
        (one.key, part.name)
        for one in found.changes
        for part in one.fields
        if part.effect is Effect.PUT_RIGHT
    }
    assert {(one.key, one.name) for one in plan.drift} <= told
    sent = {(change.key, one.name) for change in plan.changes for one in change.fields}
    assert told <= sent


@law
@given(worlds())
def test_a_change_is_one_of_a_field_that_is_remembered_and_never_of_a_stranger(
    given_: Given,
) -> None:
    world = given_.world()
    plan, found = seen_changes(given_, world)
    before = {after: key for key, after in plan.moved}
    for one in found.changes:
        entry = world.entries[before.get(one.key, one.key)]
        assert one.id == entry.id
        assert one.id not in given_.strangers
        for part in one.fields:
            assert part.name in entry.found or (entry.deferred and part.name == "status")
            assert not same(part.name, part.was, part.found)
            assert part.managed or part.effect in {Effect.RELEASED, Effect.LOST}


@law
@given(worlds())
def test_after_an_ideal_apply_nothing_of_people_would_be_undone(given_: Given) -> None:
    world = given_.world()
    world.apply(given_.plan(world))
    _plan, found = seen_changes(given_, world)
    assert not found
    assert {effect for one in found.changes for effect in one.effects} <= {
        Effect.STANDS,
        Effect.RELEASED,  # of what is put off and no longer in the manifest
    }
