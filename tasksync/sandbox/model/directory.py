"""The people and the workgroups of the portal, for look-ups (contract 11)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from functools import cache
from typing import Any, TypeVar

from tasksync.sandbox.json_codec import Json

T = TypeVar("T", "User", "Workgroup")


@dataclass(frozen=True, slots=True)
class User:
    """A user of the portal."""

    id: int
    name: str
    last_name: str
    email: str
    position: str = ""
    departments: tuple[int, ...] = (1,)
    active: bool = True
    admin: bool = False

    @property
    def full_name(self) -> str:
        """First and last name."""
        return f"{self.name} {self.last_name}".strip()


@dataclass(frozen=True, slots=True)
class Workgroup:
    """A workgroup."""

    id: int
    name: str
    description: str = ""
    owner: int = 1
    members: int = 5
    active: bool = True
    archived: bool = False


USERS = {
    user.id: user
    for user in (
        User(1, "Current", "user", "owner@example.com", "Operations lead", admin=True),
        User(2, "Anna", "Berg", "anna@example.com", "Finance manager", (2,)),
        User(3, "Boris", "Novak", "boris@example.com", "Accountant", (2,)),
        User(5, "Clara", "Weiss", "clara@example.com", "HR manager", (3,)),
        User(7, "David", "Okafor", "david@example.com", "Release manager", (4,)),
        User(9, "Elena", "Rossi", "elena@example.com", "Auditor", (2,)),
        User(11, "Farid", "Haddad", "farid@example.com", "Site reliability engineer", (4,)),
        User(14, "Grace", "Lin", "grace@example.com", "Recruiter", (3,)),
        User(17, "Ivan", "Ivanov", "ivanov@example.com", "Engineer", (4,)),
        User(22, "Olga", "Petrova", "petrova@example.com", "Controller", (2,)),
        User(25, "Pavel", "Sidorov", "sidorov@example.com", "Office manager", (5,)),
        User(28, "Quinn", "Murphy", "quinn@example.com", "Legal counsel", (5,)),
        User(30, "Rosa", "Gone", "rosa@example.com", "Former engineer", (4,), active=False),
    )
}
GROUPS = {
    group.id: group
    for group in (
        Workgroup(5, "Finance", "Closings, reports and audits", owner=2),
        Workgroup(7, "HR", "Onboarding and reviews", owner=5),
        Workgroup(9, "Releases", "From freeze to rollout", owner=7),
        Workgroup(12, "Operations", "What has to happen every week", owner=1),
        Workgroup(13, "Old migration", "Archived: not in the list", owner=1, archived=True),
    )
}


#: what a line of the journal may put: one of them, or all
DIRECTORY_LINES = frozenset({"user", "group", "users", "groups"})


class Directory:
    """The users and workgroups of one portal: the built-in ones, until others are put there."""

    def __init__(self) -> None:
        self.users: dict[int, User] = dict(USERS)
        self.groups: dict[int, Workgroup] = dict(GROUPS)
        self._active: frozenset[int] | None = None

    @property
    def active(self) -> frozenset[int]:
        """The numbers of the active users."""
        if self._active is None:
            self._active = frozenset(one.id for one in self.users.values() if one.active)
        return self._active

    def is_admin(self, id_: int) -> bool:
        """Whether a user has an administrator's rights on this portal."""
        user = self.users.get(id_)
        return user is not None and user.admin

    def person(self, id_: int) -> Json:
        """Form of `creator` and its like on a single answer (seed "Create task")."""
        user = self.users.get(id_)
        return person(id_) if user is USERS.get(id_) else _written(id_, user)

    def apply(self, line: Json) -> None:
        """Do what a line of the journal says: put one of them, or a list in the place of all."""
        for name, value in line.items():
            match name:
                case "user":
                    self._put(self.users, User, value)
                case "group":
                    self._put(self.groups, Workgroup, value)
                case "users":
                    self.users = _all(User, value)
                case "groups":
                    self.groups = _all(Workgroup, value)
        self._active = None

    @staticmethod
    def _put(there: dict[int, T], kind: type[T], value: Json) -> None:
        one = _made(kind, value)
        there[one.id] = one

    def lines(self) -> Iterable[Json]:
        """What makes this directory of the built-in one."""
        if self.users != USERS:
            yield {"users": [asdict(one) for one in self.users.values()]}
        if self.groups != GROUPS:
            yield {"groups": [asdict(one) for one in self.groups.values()]}


def many_users(count: int) -> list[Json]:
    """So many users as rows of a journal: the built-in ones, and others made up."""
    known = [asdict(one) for one in USERS.values()][:count]
    first = 1001
    return known + [
        asdict(User(id_, "User", f"Number {id_}", f"user{id_}@example.com"))
        for id_ in range(first, first + count - len(known))
    ]


def _all(kind: type[T], values: list[Json]) -> dict[int, T]:
    made = [_made(kind, value) for value in values]
    return {one.id: one for one in sorted(made, key=lambda one: one.id)}


def _made(kind: type[T], value: Json) -> T:
    """Return a user or group of a row; raises ValueError where it is none."""
    names = {one.name for one in fields(kind)}
    if not isinstance(value, dict) or value.keys() - names or not isinstance(value.get("id"), int):
        message = f"a row has an id and no other names than {', '.join(sorted(names))}"
        raise ValueError(message)
    told: dict[str, Any] = {"last_name": "", "email": ""} if kind is User else {}
    told |= {"name": ""} | value
    if "departments" in told:
        told["departments"] = tuple(told["departments"])
    return kind(**told)


@cache
def person(id_: int) -> Json:
    """Form of a built-in user on a single answer; not to be changed."""
    return _written(id_, USERS.get(id_))


def _written(id_: int, user: User | None) -> Json:
    return {
        "id": str(id_),
        "name": user.full_name if user else f"User {id_}",
        "link": f"/company/personal/user/{id_}/",
        "icon": "/bitrix/images/tasks/default_avatar.png",
        "workPosition": user.position if user else "",
    }
