"""Listing users and workgroups: pages, shapes, keys in both cases, and what a portal may ignore."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasksync.core.address_book import ListedGroup, ListedPerson
from tasksync.errors import (
    PermissionDenied,
    PortalRejected,
    PortalUnavailable,
    PortalUnreadable,
)
from tasksync.portal.messages import PortalRequest

CAMEL = {"id": "22", "name": "Olga", "lastName": "Petrova", "email": "P@x.y", "active": True}
UPPER = {"ID": "22", "NAME": "Olga", "LAST_NAME": "Petrova", "EMAIL": "P@x.y", "ACTIVE": True}
OLGA = ListedPerson(22, "Olga Petrova", "P@x.y")


class Staff:
    """A portal with so many users; what it `ignores` of a query has no effect."""

    def __init__(self, say: Any, count: int, *ignores: str, cap: int = 5000) -> None:
        self.say = say
        self.rows = [
            {"id": str(n), "name": f"U{n}", "email": f"u{n}@x"} for n in range(1, count + 1)
        ]
        self.ignores = ignores
        self.cap = cap

    def __call__(self, request: PortalRequest) -> Any:
        query = {name: text for name, text in request.query if name not in self.ignores}
        above = int(query.get("filter[>id]", 0))
        rows = [row for row in self.rows if int(row["id"]) > above]
        if "order[id]" not in query:
            rows.reverse()
        start = int(query.get("offset", 0))
        return self.say.ok(rows[start : start + min(int(query["limit"]), self.cap)])


@pytest.mark.parametrize(
    "data",
    [
        [CAMEL],
        [UPPER],
        {"22": CAMEL},
        {"users": [CAMEL]},
        {"users": {"22": UPPER}},
        {"result": [UPPER]},
        CAMEL,
        [CAMEL, CAMEL],
        [None, "odd", 5, {"email": "no@number"}, {"id": 0}, {"id": "x"}, CAMEL],
    ],
)
def test_every_shape_of_a_listing_is_read(bench, say, data: Any) -> None:
    setup = bench(say.ok(data), say.ok([]))
    assert setup.portal.users() == (OLGA,)
    assert setup.portal.users() == (OLGA,)
    assert len(setup.script.requests) == 2, "one listing a run"


@pytest.mark.parametrize(
    ("told", "active"),
    [
        *((word, False) for word in (False, "N", "n", "false", "0", 0, "No")),
        *((word, True) for word in (True, "Y", "true", "1", 1, None, "", "?", [])),
    ],
)
@pytest.mark.parametrize("name", ["active", "ACTIVE"])
def test_only_a_clear_no_is_a_dismissal(bench, say, name: str, told: Any, active: Any) -> None:
    setup = bench(say.ok([{"id": 7, "email": "a@x", name: told}]), say.ok([]))
    assert setup.portal.users() == (ListedPerson(7, "", "a@x", active=active),)


def test_an_address_may_come_as_a_field_of_several(bench, say) -> None:
    rows = [{"id": 7, "email": [{"VALUE": " a@x "}]}, {"id": 8, "EMAIL": ["b@x"]}, {"id": 9}]
    setup = bench(say.ok(rows), say.ok([]))
    assert [one.email for one in setup.portal.users()] == ["a@x", "b@x", ""]


@pytest.mark.parametrize(("count", "requests"), [(0, 1), (13, 2), (5_000, 2), (12_001, 4)])
def test_pages_of_five_thousand_end_with_an_empty_one(
    bench, say, count: int, requests: int
) -> None:
    setup = bench(Staff(say, count))
    assert len(setup.portal.users()) == count
    assert len(setup.script.requests) == requests
    assert all("select" not in dict(one.query) for one in setup.script.requests)


@pytest.mark.parametrize(
    "ignores", [("filter[>id]",), ("order[id]",), ("filter[>id]", "order[id]")]
)
@pytest.mark.parametrize("count", [13, 1_200, 6_000])
def test_what_a_portal_ignores_is_made_up_for_by_offset(
    bench, say, ignores: tuple[str, ...], count: int
) -> None:
    setup = bench(Staff(say, count, *ignores))
    assert [one.id for one in setup.portal.users()] == list(range(1, count + 1))


def test_a_portal_that_caps_its_pages_is_listed_to_the_end(bench, say) -> None:
    assert len(bench(Staff(say, 230, cap=50)).portal.users()) == 230


def test_a_small_portal_that_ignores_everything_is_read(bench, say) -> None:
    setup = bench(Staff(say, 60, "filter[>id]", "order[id]", "offset"))
    assert len(setup.portal.users()) == 60


def test_a_large_portal_that_ignores_everything_cannot_be_listed(bench, say) -> None:
    """Whoever is not on the page that it repeats would be told to be nobody."""
    with pytest.raises(PortalUnreadable, match="repeats a page"):
        bench(Staff(say, 9_000, "filter[>id]", "order[id]", "offset")).portal.users()


@pytest.mark.parametrize("code", ["INVALID_FILTER_FIELD", "UNKNOWN_SORT_FIELD"])
def test_a_portal_that_refuses_the_cursor_is_listed_by_offset(bench, say, code: str) -> None:
    staff = Staff(say, 700)

    def answer(request: PortalRequest) -> Any:
        return say.no(400, code) if "order[id]" in dict(request.query) else staff(request)

    assert len(bench(answer).portal.users()) == 700


def test_another_refusal_is_told(bench, say) -> None:
    with pytest.raises(PortalRejected):
        bench(say.no(400, "INVALID_REQUEST")).portal.users()


@pytest.mark.parametrize("most", [50, 80, 1250])
def test_pages_that_are_too_long_are_asked_for_in_smaller_ones(bench, say, most: int) -> None:
    staff = Staff(say, 300)

    def answer(request: PortalRequest) -> Any:
        long = int(dict(request.query)["limit"]) > most
        return say.no(502, "BITRIX_UNAVAILABLE") if long else staff(request)

    assert len(bench(answer).portal.users()) == 300


@pytest.mark.parametrize("code", ["SCOPE_DENIED", "SCOPE_NOT_ALLOWED", "BITRIX_ACCESS_DENIED"])
@pytest.mark.parametrize(("ask", "scope"), [("users", "user"), ("workgroups", "sonet_group")])
def test_a_key_without_the_scope_is_told_which(bench, say, code: str, ask: str, scope: str) -> None:
    with pytest.raises(PermissionDenied, match=f"lacks the scope `{scope}` \\({code}\\)") as met:
        getattr(bench(say.no(403, code)).portal, ask)()
    assert met.value.exit_code == 7
    assert "whoami" in met.value.advice


def test_a_portal_that_never_answers_is_given_up(bench, say) -> None:
    with pytest.raises(PortalUnavailable):
        bench(say.no(503, "BITRIX_UNAVAILABLE")).portal.users()


@pytest.mark.parametrize("data", [None, "text", 5, True])
def test_no_list_is_no_empty_list(bench, say, data: Any) -> None:
    with pytest.raises(PortalUnreadable, match="no list"):
        bench(say.ok(data)).portal.users()


def test_groups_are_listed_by_their_normal_names_without_archived_ones(bench, say) -> None:
    rows = [
        {"ID": "7", "NAME": "R&amp;D "},
        {"id": 9, "name": "Old", "archived": "Y"},
        {"id": 8, "name": "Cafe\u0301", "active": "N"},
    ]
    setup = bench(say.ok(rows), say.ok([]))
    found = (ListedGroup(7, "R&D"), ListedGroup(8, "Café", active=False))
    assert setup.portal.workgroups() == found


def test_whoever_is_not_among_the_asked_is_nobody_where_the_filter_holds(bench, say) -> None:
    assert bench(say.ok([CAMEL])).portal.people([22, 9]) == {22: OLGA, 9: None}
    stranger = {"id": 3, "email": "c@x"}
    assert bench(say.ok([CAMEL, stranger])).portal.people([22, 9]) == {22: OLGA}


def test_who_was_listed_is_not_asked_for_again(bench, say) -> None:
    setup = bench(say.ok([CAMEL]), say.ok([]))
    setup.portal.users()
    assert setup.portal.people([22, 9]) == {22: OLGA, 9: None}
    assert len(setup.script.requests) == 2


SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**62), 2**63 - 1) | st.floats() | st.text(max_size=8)
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = ("id", "ID", "name", "NAME", "lastName", "LAST_NAME", "email", "EMAIL", "active", "ACTIVE")
ROWS = st.lists(
    st.dictionaries(st.sampled_from((*NAMES, "archived", "x")), JSON, max_size=8) | JSON
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(data=ROWS | JSON, ask=st.sampled_from(["users", "workgroups"]))
def test_whatever_a_listing_holds_it_is_people_or_words(bench, say, data: Any, ask: str) -> None:
    """No answer ends in anything but people with a number, or an error for people."""
    setup = bench(say.ok(data), say.ok([]))
    try:
        found = getattr(setup.portal, ask)()
    except PortalUnreadable:
        found = ()
    assert all(isinstance(one.id, int) and one.id > 0 for one in found)
    assert all(isinstance(one.name, str) and one.active in {True, False} for one in found)
