"""Whose a field is (design 12), as the table it is: policy x who moved x direction."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from casefiles import MARKER, live_task
from hypothesis import given
from hypothesis import strategies as st

from tasksync.core.change import Reason
from tasksync.core.fields import FIELDS, KeyRef, RemoteId, TaskKey, Value
from tasksync.core.plan import Stands
from tasksync.core.planning.decision import Decision, adoption, comparison
from tasksync.core.planning.field_policies import DIRECTED, is_ahead
from tasksync.core.state import Entry
from tasksync.core.task import FieldPolicy, Options, Place, Task

EARLY, MIDDLE, LATE = (f"2026-05-{day}T18:00:00+03:00" for day in ("11", "15", "19"))
#: (back, as asked, forward) of each field with a direction, and of one without
STEPS: dict[str, tuple[Value, Value, Value]] = {
    "deadline": (EARLY, MIDDLE, LATE),
    "endDatePlan": (EARLY, MIDDLE, LATE),
    "priority": (0, 1, 2),
    "status": (1, 2, 3),
    "title": ("back", "asked", "forward"),
}
SENT, NOT_SENT = "sent", "not sent"
E, A, S, R = FieldPolicy

#: policy, what people made of it, what the manifest asks now -> sent? and what is said
ROWS: list[tuple[FieldPolicy, str, str, str, Stands | None]] = [
    # nobody edited it: what people did
    *((E, moved, "asked", SENT, None) for moved in ("back", "forward")),
    *((A, moved, "asked", NOT_SENT, Stands.ACCEPTED) for moved in ("back", "forward")),
    *((S, moved, "asked", NOT_SENT, None) for moved in ("back", "forward")),
    (R, "forward", "asked", NOT_SENT, Stands.AHEAD),
    (R, "back", "asked", SENT, None),
    # nobody moved it: the edit
    *((policy, "asked", edit, SENT, None) for policy in (E, A) for edit in ("back", "forward")),
    *((S, "asked", edit, NOT_SENT, None) for edit in ("back", "forward")),
    (R, "asked", "forward", SENT, None),
    (R, "asked", "back", NOT_SENT, Stands.BACKWARD),
    # both, apart
    *((E, moved, edit, SENT, None) for moved, edit in (("back", "forward"), ("forward", "back"))),
    *((A, moved, edit, SENT, None) for moved, edit in (("back", "forward"), ("forward", "back"))),
    *(
        (S, moved, edit, NOT_SENT, None)
        for moved, edit in (("back", "forward"), ("forward", "back"))
    ),
    (R, "back", "forward", SENT, None),
    (R, "forward", "back", NOT_SENT, Stands.BACKWARD),
    # both, to the same
    *((p, both, both, NOT_SENT, None) for p in (E, A, S, R) for both in ("back", "forward")),
    # neither
    *((p, "asked", "asked", NOT_SENT, None) for p in (E, A, S, R)),
]


def options(name: str, policy: FieldPolicy | None) -> Options:
    if policy is FieldPolicy.SEED:
        return Options(ignore_changes=(name,))
    return Options(field_policy=((name, policy),) if policy else ())


def task(values: dict[str, Value], told: Options) -> Task:
    fields: dict[str, Value] = {"title": "T", "responsibleId": 1, **values}
    return Task(TaskKey("a"), fields, Place("m.yaml", 1), told)


def decision(
    name: str, policy: FieldPolicy | None, asked: Value, found: Value, wanted: Value
) -> Decision:
    """What is decided of a field that was asked so, is found so, and is wanted so now."""
    told = options(name, policy)
    was = task({name: asked}, told).fields
    entry = Entry(TaskKey("a"), RemoteId(7), was, options=told)
    live = live_task(7, {**was, name: found}, markers=(MARKER,))
    return comparison(task({name: wanted}, told), entry, live, {})


def of(decided: Decision, name: str) -> tuple[str, Stands | None]:
    sent = [one.name for one in decided.change.fields]
    said = {one.name: one.why for one in decided.standing}
    assert set(sent) <= {name}
    assert set(said) <= {name}
    return SENT if name in sent else NOT_SENT, said.get(name)


@pytest.mark.parametrize(
    ("name", "policy", "moved", "edit", "sent", "said"),
    [
        (name, *row)
        for name in STEPS
        for row in ROWS
        if row[0] is not R or FIELDS[name].kind in DIRECTED
    ],
)
def test_the_table(
    name: str, policy: FieldPolicy, moved: str, edit: str, sent: str, said: Stands | None
) -> None:
    at = dict(zip(("back", "asked", "forward"), STEPS[name], strict=True))
    decided = decision(name, policy, at["asked"], at[moved], at[edit])
    assert of(decided, name) == (sent, said)
    (change,) = decided.change.fields or (None,)
    if change is not None:
        assert (change.before, change.after) == (at[moved], at[edit])
        assert change.drifted == (moved != "asked")
        assert change.replaces == (policy is A and moved != "asked" and edit != "asked")
    assert bool(decided.drift) == (sent == SENT and moved != "asked" and edit == "asked")


def test_the_table_says_something_of_every_meeting() -> None:
    wanted = set(product(FieldPolicy, ("back", "asked", "forward"), ("back", "asked", "forward")))
    assert {row[:3] for row in ROWS} == wanted


@pytest.mark.parametrize("policy", [A, S, R])
@pytest.mark.parametrize("name", sorted(STEPS.keys() - {"title"}))
def test_what_stands_is_remembered_and_said_once(name: str, policy: FieldPolicy) -> None:
    _back, asked, forward = STEPS[name]
    decided = decision(name, policy, asked, forward, asked)
    assert decided.remember
    entry = decided.change.entry(RemoteId(7))
    assert entry.found[name] == forward
    told = options(name, policy)
    live = live_task(7, {**entry.found}, markers=(MARKER,))
    again = comparison(task({name: asked}, told), entry, live, {})
    assert (again.change.fields, again.standing, again.drift, again.remember) == ((), [], [], False)


@pytest.mark.parametrize("before", [A, S, R])
@pytest.mark.parametrize("after", [E, None])
@pytest.mark.parametrize("name", sorted(STEPS.keys() - {"title"}))
def test_what_stood_is_put_right_once_its_policy_goes(
    name: str, before: FieldPolicy, after: FieldPolicy | None
) -> None:
    """Without that it would count as the portal's own form for ever."""
    _back, asked, forward = STEPS[name]
    entry = decision(name, before, asked, forward, asked).change.entry(RemoteId(7))
    live = live_task(7, {**entry.found}, markers=(MARKER,))
    decided = comparison(task({name: asked}, options(name, after)), entry, live, {})
    assert of(decided, name) == (SENT, None)
    assert decided.change.reason is Reason.DRIFTED


@pytest.mark.parametrize(
    ("policy", "found", "sent", "said"),
    [
        (None, "forward", SENT, None),
        (E, "forward", SENT, None),
        (A, "forward", NOT_SENT, Stands.ACCEPTED),
        (A, "back", NOT_SENT, Stands.ACCEPTED),
        (S, "back", NOT_SENT, None),
        (R, "forward", NOT_SENT, Stands.AHEAD),
        (R, "back", SENT, None),
        *((policy, "asked", NOT_SENT, None) for policy in (None, E, A, S, R)),
    ],
)
@pytest.mark.parametrize("name", sorted(STEPS.keys() - {"title"}))
def test_without_a_memory(
    name: str, policy: FieldPolicy | None, found: str, sent: str, said: Stands | None
) -> None:
    at = dict(zip(("back", "asked", "forward"), STEPS[name], strict=True))
    wanted = task({name: at["asked"]}, options(name, policy))
    live = live_task(7, {"title": "T", name: at[found]}, markers=(MARKER,))
    decided = adoption(wanted, live, Reason.LOST_STATE, {})
    assert of(decided, name) == (sent, said)
    entry = decided.change.entry(RemoteId(7))
    assert entry.found[name] == at["asked" if sent == SENT else found]


@pytest.mark.parametrize("found", [6, 7])
@pytest.mark.parametrize("wanted", [1, 2, 3, 4, 5, 6, 7])
def test_deferred_and_declined_always_stand_under_a_ratchet(wanted: int, found: int) -> None:
    sent, _said = of(decision("status", R, wanted, found, wanted), "status")
    assert sent == NOT_SENT


@pytest.mark.parametrize("name", ["deadline", "startDatePlan", "endDatePlan"])
def test_a_date_that_was_taken_away_is_put_right_by_a_ratchet(name: str) -> None:
    assert of(decision(name, R, MIDDLE, None, MIDDLE), name) == (SENT, None)
    assert of(decision(name, R, None, MIDDLE, None), name) == (NOT_SENT, Stands.AHEAD)
    assert of(decision(name, R, MIDDLE, MIDDLE, None), name) == (NOT_SENT, Stands.BACKWARD)
    assert of(decision(name, R, None, None, MIDDLE), name) == (SENT, None)


@pytest.mark.parametrize("policy", [A, R])
def test_what_stands_is_sent_together_as_it_is(policy: FieldPolicy) -> None:
    """A new responsible resets the status, and planned dates go together (design 5)."""
    told = Options(field_policy=(("startDatePlan", policy), ("status", policy)))
    asked: dict[str, Value] = {"status": 2, "startDatePlan": EARLY, "endDatePlan": MIDDLE}
    entry = Entry(TaskKey("a"), RemoteId(7), task(asked, told).fields, options=told)
    live = live_task(7, {**entry.found, "status": 5, "startDatePlan": MIDDLE})
    wanted = task({**asked, "responsibleId": 22, "endDatePlan": LATE}, told)
    first = comparison(wanted, entry, live, {}).change
    assert {one.name for one in first.fields} == {"responsibleId", "endDatePlan"}
    assert first.sent_together == {"startDatePlan": MIDDLE, "status": 5}
    # and likewise once it was remembered
    entry = comparison(task(asked, told), entry, live, {}).change.entry(RemoteId(7))
    assert comparison(wanted, entry, live, {}).change.sent_together == first.sent_together
    remembered = first.entry(RemoteId(7)).found
    assert (remembered["status"], remembered["startDatePlan"]) == (5, MIDDLE)


def test_a_parent_that_people_chose_stands_and_one_made_again_is_sent() -> None:
    told = options("parentId", A)
    wanted = task({"parentId": KeyRef(TaskKey("top"))}, told)
    entry = Entry(TaskKey("a"), RemoteId(7), wanted.fields, {"parentId": 5}, told)
    here, moved = (live_task(7, {**wanted.fields, "parentId": above}) for above in (5, 6))
    ids: dict[TaskKey, RemoteId] = {TaskKey("top"): RemoteId(5)}
    assert of(comparison(wanted, entry, here, ids), "parentId") == (NOT_SENT, None)
    assert of(comparison(wanted, entry, moved, ids), "parentId") == (NOT_SENT, Stands.ACCEPTED)
    assert of(comparison(wanted, entry, here, {}), "parentId") == (SENT, None)


def test_a_creator_is_never_sent_whatever_its_policy() -> None:
    assert of(decision("createdBy", A, 1, 2, 1), "createdBy") == (NOT_SENT, Stands.ACCEPTED)
    assert of(decision("createdBy", S, 1, 2, 1), "createdBy") == (NOT_SENT, None)
    for policy in (None, E):
        assert of(decision("createdBy", policy, 1, 2, 1), "createdBy") == (NOT_SENT, Stands.LEFT)


@pytest.mark.parametrize("moved", [4, 5, 6, 7])
@pytest.mark.parametrize("edit", [1, 2, 3, 4, 5, 6, 7])
@pytest.mark.parametrize("policy", [None, E, A, R])
@pytest.mark.parametrize("since", ["now", "an apply ago"])
def test_whatever_sends_over_a_status_that_people_moved_on_is_held_back(
    policy: FieldPolicy | None, moved: int, edit: int, since: str
) -> None:
    """The guard `reopen` looks for drifted and a status of before among these four."""
    told, values = options("status", policy), {"status": 2}
    was = task({"status": 2}, told)
    entry = Entry(TaskKey("a"), RemoteId(7), was.fields, options=told)
    live = live_task(7, {**was.fields, "status": moved})
    if since != "now" and policy in (A, R):
        entry = comparison(was, entry, live, {}).change.entry(RemoteId(7))
    values["status"] = edit
    for one in comparison(task(dict(values), told), entry, live, {}).change.fields:
        assert (one.before, one.after, one.drifted) == (moved, edit, True)


moments = st.none() | st.sampled_from([EARLY, MIDDLE, LATE, "2026-05-15T15:00:00+00:00"])
FIELDS_WITH_A_DIRECTION: dict[str, st.SearchStrategy[Any]] = {
    "deadline": moments,
    "priority": st.integers(0, 2),
    "status": st.integers(1, 7),
}
directed = st.sampled_from(sorted(FIELDS_WITH_A_DIRECTION)).flatmap(
    lambda name: st.tuples(
        st.just(name), st.lists(FIELDS_WITH_A_DIRECTION[name], min_size=3, max_size=3)
    )
)


@given(directed)
def test_a_ratchet_never_writes_what_is_no_step_forward(case: tuple[str, list[Any]]) -> None:
    name, (asked, found, wanted) = case
    sent, _said = of(decision(name, R, asked, found, wanted), name)
    if sent == SENT:
        assert is_ahead(name, wanted, found)
        assert not is_ahead(name, found, wanted)


@given(directed)
def test_of_two_values_of_a_direction_one_is_ahead(case: tuple[str, list[Any]]) -> None:
    name, (one, two, three) = case
    assert is_ahead(name, one, two) or is_ahead(name, two, one)
    if is_ahead(name, one, two) and is_ahead(name, two, three):
        assert is_ahead(name, one, three)
