"""Who is behind an address: this run's listing of the portal, beside what the state remembers.

The portal is asked once for users and once for groups, and only when something needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Protocol, TypeVar

from tasksync.core.address_book import (
    STAND_IN,
    ListedGroup,
    ListedPerson,
    NotFound,
    RememberedNumbers,
)
from tasksync.core.equivalence import normal_text
from tasksync.errors import PortalError
from tasksync.value_classes import dataclass, field, replace

T = TypeVar("T")


class Listings(Protocol):
    """What the directory asks of a portal; each may raise PortalError."""

    def users(self) -> tuple[ListedPerson, ...]:
        """Every user, the inactive too."""
        ...

    def workgroups(self) -> tuple[ListedGroup, ...]:
        """Every workgroup that is not archived."""
        ...


@dataclass(slots=True)
class _Used:
    people: dict[str, int] = field(default_factory=dict)
    groups: dict[str, int] = field(default_factory=dict)


class PortalDirectory:
    """The directory of one run; see `core.address_book.Directory`.

    `listings` is called when the portal is first needed. Without a `refresh` what is remembered
    counts, and only what is not is looked up.
    """

    def __init__(
        self,
        listings: Callable[[], Listings],
        remembered: RememberedNumbers,
        *,
        refresh: bool = True,
    ) -> None:
        self._listings = listings
        self._remembered = remembered
        self._refresh = refresh
        self._used = _Used()
        self._recalled = False
        self._failed: PortalError | None = None

    @property
    def numbers(self) -> RememberedNumbers:
        """What the state is to remember: all that the tasks read so far may stand on."""
        before = self._remembered
        used = RememberedNumbers(dict(self._used.people), dict(self._used.groups), before.moves)
        if used.differs(before):
            used = replace(used, moves=before.moves + 1)
        return before.with_(used) if self._recalled else used

    @property
    def moves(self) -> int:
        """Return how often an address moved, this run's reading counted."""
        return self.numbers.moves

    def person(self, address: str) -> int:
        """Return the number of the one active person of this address; raises NotFound."""
        folded = _folded(address)
        number = None if self._refresh else self._remembered.people.get(folded)
        if number is None:
            number = self._listed(lambda: self._person(address, folded))
        self._used.people[folded] = number
        return number

    def group(self, name: str) -> int:
        """Return the number of the one group of exactly this name; raises NotFound."""
        bare = normal_text(name)
        number = None if self._refresh else self._remembered.groups.get(bare)
        if number is None:
            number = self._listed(lambda: self._group(name, bare))
        self._used.groups[bare] = number
        return number

    def unchanged(self) -> bool:
        """Hold all that is remembered against this run's listing."""
        if self._refresh:
            try:
                moved = self._moved()
            except PortalError as error:
                self._failed = self._failed or error
                moved = True
            if moved:
                return False
        self._recalled = True
        return True

    def must_have_answered(self) -> None:
        """Raise what kept the portal from being asked."""
        if self._failed is not None:
            raise self._failed

    def _listed(self, look: Callable[[], int]) -> int:
        """Look into the listing; one that failed once is not asked for again."""
        if self._failed is not None:
            return STAND_IN
        try:
            return look()
        except PortalError as error:
            self._failed = error
            return STAND_IN

    def _moved(self) -> bool:
        people, groups = self._remembered.people, self._remembered.groups
        return any(
            _only(self._by_address.get(address, ())) != number for address, number in people.items()
        ) or any(_only(self._by_name.get(name, ())) != number for name, number in groups.items())

    @cached_property
    def _by_address(self) -> Mapping[str, list[ListedPerson]]:
        return _sorted_by((_folded(one.email), one) for one in self._listings().users())

    @cached_property
    def _by_name(self) -> Mapping[str, list[ListedGroup]]:
        return _sorted_by((one.name, one) for one in self._listings().workgroups())

    def _person(self, address: str, folded: str) -> int:
        found = self._by_address.get(folded, [])
        if (number := _only(found)) is not None:
            return number
        active = [one for one in found if one.active]
        if active:
            who = ", ".join(f"{one.id} ({one.name or one.email})" for one in active)
            what = f"{address} is the address of {len(active)} people: {who}"
            raise NotFound(what, "write the number of the one who is meant")
        if found:
            who = ", ".join(f"{one.id} ({one.name or one.email})" for one in found)
            what = f"{address} works here no more: {who} is not active"
            raise NotFound(what, "name somebody else, or have the portal take this person back")
        known = (one.email for some in self._by_address.values() for one in some if one.active)
        raise NotFound(
            f"{address} is nobody's address on the portal",
            "tasksync people lists whom the portal knows",
            known,
        )

    def _group(self, name: str, bare: str) -> int:
        found = self._by_name.get(bare, [])
        if len(found) == 1:
            return found[0].id
        if found:
            numbers = ", ".join(str(one.id) for one in found)
            what = f'"{name}" is the name of {len(found)} groups: {numbers}'
            raise NotFound(what, "write the number of the one that is meant")
        raise NotFound(
            f'"{name}" is no group that the portal lists',
            "tasksync groups lists them; an archived one goes by its number",
            list(self._by_name),
        )


def _folded(address: str) -> str:
    """Return an address in the form in which it is compared and remembered."""
    return address.strip().casefold()


def _only(found: Iterable[ListedPerson | ListedGroup]) -> int | None:
    """Return the number of the one that counts: of people the active one, of groups any."""
    numbers = [one.id for one in found if isinstance(one, ListedGroup) or one.active]
    return numbers[0] if len(numbers) == 1 else None


def _sorted_by(pairs: Iterable[tuple[str, T]]) -> dict[str, list[T]]:
    """Return what stands under each name; the empty name is nobody's."""
    found: dict[str, list[T]] = {}
    for name, one in pairs:
        if name:
            found.setdefault(name, []).append(one)
    return found
