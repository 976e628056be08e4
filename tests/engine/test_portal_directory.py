"""The directory of a run: one listing, what is remembered, and what came to lead elsewhere."""

from __future__ import annotations

from dataclasses import replace

import pytest
from directories import GROUPS, PEOPLE, Office, directory
from hypothesis import given
from hypothesis import strategies as st

from tasksync.core.address_book import STAND_IN, ListedPerson, NotFound, RememberedNumbers
from tasksync.errors import PortalUnreachable

ANNA = "anna@example.com"


def numbers(moves: int = 0, **people: int) -> RememberedNumbers:
    """Return memory of people at example.com."""
    return RememberedNumbers({f"{name}@example.com": n for name, n in people.items()}, {}, moves)


def test_people_are_listed_once_and_only_when_asked_for() -> None:
    office = Office()
    here = directory(office)
    assert here.unchanged()
    assert office.asked == []
    assert [here.person(one) for one in (ANNA, "CLARA@example.com ", ANNA)] == [2, 5, 2]
    assert here.group("HR") == 7
    assert office.asked == ["users", "workgroups"]
    assert here.numbers == RememberedNumbers({ANNA: 2, "clara@example.com": 5}, {"HR": 7})


def test_of_one_address_the_active_person_counts() -> None:
    """Somebody who came back has an old account as well."""
    assert directory().person("kim@example.com") == 51


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("x@example.com", "is nobody's address"),
        ("rosa@example.com", r"works here no more: 30 \(Rosa Gone\)"),
        ("info@example.com", r"of 2 people: 40 \(Uma One\), 41 \(Uma Two\)"),
        ("", "nobody"),
    ],
)
def test_who_is_not_one_active_person_is_not_found(address: str, words: str) -> None:
    with pytest.raises(NotFound, match=words) as met:
        directory().person(address)
    assert met.value.mend


@pytest.mark.parametrize("name", ["hr", "Nobody", "Operations"])
def test_a_group_is_found_by_exactly_one_name(name: str) -> None:
    with pytest.raises(NotFound):
        directory().group(name)


@pytest.mark.parametrize(
    "people",
    [
        tuple(one for one in PEOPLE if one.id != 2),
        tuple(replace(one, active=False) if one.id == 2 else one for one in PEOPLE),
        (*PEOPLE, ListedPerson(99, "Another Anna", "Anna@example.com")),
        tuple(replace(one, id=99) if one.id == 2 else one for one in PEOPLE),
    ],
    ids=["gone", "dismissed", "two", "another"],
)
def test_what_is_remembered_and_leads_elsewhere_is_changed(people) -> None:
    assert directory(Office(), numbers(anna=2)).unchanged()
    assert not directory(Office(people), numbers(anna=2)).unchanged()


def test_a_remembered_group_that_leads_elsewhere_is_changed() -> None:
    known = RememberedNumbers({}, {"HR": 7})
    assert directory(Office(), known).unchanged()
    assert not directory(Office(groups=GROUPS[1:]), known).unchanged()


def test_memory_stays_where_blocks_may_have_been_recalled_and_is_renewed_else() -> None:
    """What was not read again may stand on any address that is remembered."""
    here = directory(Office(), numbers(anna=2, petrova=22))
    assert here.unchanged()
    here.person("clara@example.com")
    assert here.numbers == numbers(anna=2, petrova=22, clara=5)
    fresh = directory(Office(), numbers(anna=2, petrova=22))
    fresh.person("clara@example.com")
    assert fresh.numbers == numbers(clara=5)


def test_a_move_is_counted_once_a_run() -> None:
    here = directory(Office(), numbers(3, anna=1, clara=1))
    assert not here.unchanged()
    assert [here.person(ANNA), here.person("clara@example.com")] == [2, 5]
    assert (here.moves, here.numbers) == (4, numbers(4, anna=2, clara=5))


def test_without_a_refresh_memory_decides_and_nobody_is_asked() -> None:
    office = Office()
    here = directory(office, RememberedNumbers({ANNA: 77}, {"HR": 78}), refresh=False)
    assert here.unchanged()
    assert (here.person(ANNA.upper()), here.group("HR")) == (77, 78)
    assert office.asked == []
    assert here.person("clara@example.com") == 5


def test_a_listing_that_failed_is_not_asked_for_again_and_told_at_the_end() -> None:
    office = Office(error=PortalUnreachable("no network"))
    here = directory(office, numbers(anna=2))
    assert not here.unchanged()
    assert [here.person(ANNA), here.person("x@example.com"), here.group("HR")] == [STAND_IN] * 3
    assert office.asked == ["users"]
    with pytest.raises(PortalUnreachable):
        here.must_have_answered()
    directory().must_have_answered()


NUMBERS = st.dictionaries(st.sampled_from("abc"), st.integers(1, 3), max_size=3)
MEMORY = st.builds(RememberedNumbers, NUMBERS, NUMBERS, st.integers(0, 3))


@given(MEMORY, MEMORY)
def test_two_memories_together_hold_all_and_a_clash_ends_what_was_taken_under_either(
    one: RememberedNumbers, other: RememberedNumbers
) -> None:
    both = one.with_(other)
    assert both.people.keys() == one.people.keys() | other.people.keys()
    assert both.moves >= max(one.moves, other.moves)
    for part in (one, other):
        if both.moves == part.moves:  # what was taken under it counts on: it must hold
            assert not both.differs(part)
    assert one.with_(one) == one
