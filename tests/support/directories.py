"""A directory of a few people and groups, for manifests that name them."""

from __future__ import annotations

from tasksync.core.address_book import ListedGroup, ListedPerson, RememberedNumbers
from tasksync.engine.portal_directory import PortalDirectory
from tasksync.errors import PortalError

PEOPLE = (
    ListedPerson(2, "Anna Berg", "anna@example.com"),
    ListedPerson(5, "Clara Weiss", "Clara@Example.com"),
    ListedPerson(22, "Olga Petrova", "petrova@example.com"),
    ListedPerson(30, "Rosa Gone", "rosa@example.com", active=False),
    ListedPerson(40, "Uma One", "info@example.com"),
    ListedPerson(41, "Uma Two", "INFO@example.com"),
    ListedPerson(50, "Kim Old", "kim@example.com", active=False),
    ListedPerson(51, "Kim Back", "kim@example.com"),
)
GROUPS = (
    ListedGroup(7, "HR"),
    ListedGroup(5, "Finance"),
    ListedGroup(8, "Operations"),
    ListedGroup(9, "Operations"),
)


class Office:
    """Lists whom it is given, and counts how often it was asked; `error` is raised instead."""

    def __init__(
        self,
        people: tuple[ListedPerson, ...] = PEOPLE,
        groups: tuple[ListedGroup, ...] = GROUPS,
        error: PortalError | None = None,
    ) -> None:
        self.people = people
        self.groups = groups
        self.error = error
        self.asked: list[str] = []

    def users(self) -> tuple[ListedPerson, ...]:
        """Every user."""
        return self._told("users", self.people)

    def workgroups(self) -> tuple[ListedGroup, ...]:
        """Every group."""
        return self._told("workgroups", self.groups)

    def _told(self, what, rows):
        self.asked.append(what)
        if self.error is not None:
            raise self.error
        return rows


def directory(
    office: Office | None = None,
    remembered: RememberedNumbers | None = None,
    *,
    refresh: bool = True,
) -> PortalDirectory:
    """Return a directory over an office."""
    listings = office or Office()
    return PortalDirectory(lambda: listings, remembered or RememberedNumbers(), refresh=refresh)
