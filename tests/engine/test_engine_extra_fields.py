"""Extra fields over whole runs: asked for only where used, checked before writing, never lost."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scripted import Bench, Lost, bench

from tasksync.core.extra_fields import ExtraField
from tasksync.core.fields import TaskKey
from tasksync.core.planning.desired import read_desired
from tasksync.core.planning.refresh import Refresh
from tasksync.engine import extra_reading
from tasksync.errors import ManifestInvalid

EXTRAS = {
    one.name: one
    for one in (
        ExtraField("UF_CRM_TASK", "crm", multiple=True),
        ExtraField("UF_POINTS", "integer"),
        ExtraField("UF_NOTE"),
    )
}
BLOCK = {"UF_CRM_TASK": ["D_1", "D_2"], "UF_POINTS": 5}


def with_extras(size: int = 2) -> Bench:
    here = bench(size=size)
    here.portal.extras = dict(EXTRAS)
    return here


def test_only_what_is_used_is_read_and_nothing_where_nothing_is() -> None:
    here = with_extras()
    here.apply_and_see(here.manifest({"a": {"status": 2}}))
    assert here.portal.read_extras == set()
    here.apply_and_see(here.manifest({"a": {"status": 2}, "b": BLOCK}))
    assert here.portal.read_extras == {"UF_CRM_TASK", "UF_POINTS"}
    here.portal.read_extras.clear()
    here.plan(here.manifest({}))  # what is remembered is read, whatever the manifest names
    assert here.portal.read_extras == {"UF_CRM_TASK", "UF_POINTS"}


def test_of_very_many_entries_all_that_the_portal_lists_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = with_extras()
    here.apply_and_see(here.manifest({"a": BLOCK, "b": BLOCK}))
    monkeypatch.setattr(extra_reading, "_LOOKED_AT", 1)
    here.portal.read_extras.clear()
    here.plan(here.manifest({"a": BLOCK, "b": BLOCK}))
    assert here.portal.read_extras == EXTRAS.keys()


def test_what_the_portal_does_not_take_stops_the_run_before_anything_is_written() -> None:
    here = with_extras()
    manifest = here.manifest({"a": {"UF_POINTS": "five"}, "b": {"UF_NOTES": "x"}, "c": BLOCK})
    with pytest.raises(ManifestInvalid) as caught:
        here.apply(manifest)
    assert [one.what for one in caught.value.problems] == [
        "UF_POINTS is of type integer",
        "the portal lists no field UF_NOTES",
    ]
    assert here.portal.live == {}


def test_a_create_whose_answer_was_lost_is_found_with_its_extra_fields() -> None:
    here = with_extras(size=1)
    here.portal.script = [Lost()]
    manifest = here.manifest({"a": BLOCK, "b": {"UF_NOTE": "x"}})
    here.apply(manifest)
    assert here.apply(manifest).complete
    assert len(here.portal.live) == 2
    assert here.state.entries[TaskKey("a")].asked["UF_POINTS"] == 5
    assert not here.plan(manifest)


def test_a_lost_answer_is_resolved_by_extra_fields_and_policies_alike() -> None:
    """What people changed meanwhile stands under accept, and is put right without it."""
    here = with_extras(size=1)
    here.portal.script = [Lost()]
    block = {**BLOCK, "UF_NOTE": "x", "fieldPolicy": {"UF_NOTE": "accept"}}
    manifest = here.manifest({"a": block})
    here.apply(manifest)
    (task,) = here.portal.live.values()
    moved = {**task.fields, "UF_NOTE": "people's", "UF_POINTS": 8}
    here.portal.live[task.id] = replace(task, fields=moved)
    assert here.apply(manifest).complete
    assert here.apply(manifest).complete
    (task,) = here.portal.live.values()
    assert (task.fields["UF_NOTE"], task.fields["UF_POINTS"]) == ("people's", 5)
    assert not here.plan(manifest)


def test_a_saved_plan_is_held_against_what_the_portal_lists_now() -> None:
    here = with_extras()
    here.apply_and_see(here.manifest({"a": BLOCK}))
    plan = here.plan(here.manifest({"a": {**BLOCK, "UF_POINTS": 6}}))
    assert not here.check(plan).stale
    del here.portal.extras["UF_POINTS"]
    with pytest.raises(ManifestInvalid) as caught:
        here.check(plan)
    assert "the portal lists no field UF_POINTS" in str(caught.value.problems[0])


def test_unchanged_tasks_with_other_extra_fields_each_are_not_held() -> None:
    """The columns do not name extra fields: which ones a task has is learnt on the way."""
    here = with_extras()
    blocks = {
        f"t{n}": {name: EXTRA_VALUES[name] for at, name in enumerate(EXTRA_VALUES) if n >> at & 1}
        for n in range(8)
    }
    here.apply_and_see(here.manifest(blocks))
    state, manifest = here.state, here.manifest(blocks)
    wanted = read_desired(manifest.tasks(state.index), state)
    refresh = Refresh(wanted, state, manifest.marker, everything=False)
    found = refresh.live(iter(sorted(here.portal.live.values(), key=lambda one: one.id)))
    assert found.retained == {}
    (task, *_rest) = here.portal.live.values()
    here.portal.live[task.id] = replace(task, fields={**task.fields, "title": "moved"})
    found = Refresh(wanted, state, manifest.marker, everything=False).live(
        iter(here.portal.live.values())
    )
    assert set(found.retained) == {task.id}


EXTRA_VALUES = {"UF_CRM_TASK": ["D_1"], "UF_POINTS": 5, "UF_NOTE": "x"}
