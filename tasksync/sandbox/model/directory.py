"""The people and the workgroups of the portal, for look-ups (contract 11)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from tasksync.sandbox.json_codec import Json


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


def is_admin(id_: int) -> bool:
    """Whether a user has an administrator's rights on this portal."""
    user = USERS.get(id_)
    return user is not None and user.admin


@cache
def person(id_: int) -> Json:
    """Form of `creator` and its like on a single answer (seed "Create task"); not to be changed."""
    user = USERS.get(id_)
    return {
        "id": str(id_),
        "name": user.full_name if user else f"User {id_}",
        "link": f"/company/personal/user/{id_}/",
        "icon": "/bitrix/images/tasks/default_avatar.png",
        "workPosition": user.position if user else "",
    }
