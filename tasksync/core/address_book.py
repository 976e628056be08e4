"""People and workgroups as the portal lists them, and what a state remembers of both.

The port `Directory` stands here and not in `ports`: the manifest's own port names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Protocol

from tasksync.value_classes import dataclass, field

#: stands for a number where none was asked for, or none could be; nothing is made of it
STAND_IN = 1


@dataclass(frozen=True, slots=True)
class ListedPerson:
    """A user of the portal (contract 11); `name` or `email` may be empty, `active` may be no."""

    id: int
    name: str = ""
    email: str = ""
    active: bool = True

    @property
    def shown(self) -> str:
        """The person for people: `Olga Petrova <petrova@example.com>`, or what is known of it."""
        if self.name and self.email:
            return f"{self.name} <{self.email}>"
        return self.email or self.name


@dataclass(frozen=True, slots=True)
class ListedGroup:
    """A workgroup that the portal lists: an archived one is not in its list (contract 8.9)."""

    id: int
    name: str = ""
    active: bool = True


def _nothing() -> Mapping[str, int]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class RememberedNumbers:
    """Which address, in lower case, and which name of a group was which number.

    `moves` rises when one of them leads to another number than before. A source fingerprint
    holds only under the `moves` that it was taken under: an apply may have failed, or been
    narrowed, before each task that stands on the address was written.
    """

    people: Mapping[str, int] = field(default_factory=_nothing)
    groups: Mapping[str, int] = field(default_factory=_nothing)
    moves: int = 0

    def __bool__(self) -> bool:
        return bool(self.people or self.groups or self.moves)

    def differs(self, other: RememberedNumbers) -> bool:
        """Tell whether something that both know leads to two numbers."""
        pairs = ((self.people, other.people), (self.groups, other.groups))
        return any(
            mine[one] != others[one] for mine, others in pairs for one in mine.keys() & others
        )

    def with_(self, other: RememberedNumbers) -> RememberedNumbers:
        """Return both together; where they differ, the one that has seen more moves counts.

        Where both have seen as many, nothing that was taken under either holds any more.
        """
        first, last = (other, self) if other.moves < self.moves else (self, other)
        clash = first.moves == last.moves and first.differs(last)
        return RememberedNumbers(
            {**first.people, **last.people}, {**first.groups, **last.groups}, last.moves + clash
        )


NOTHING_REMEMBERED = RememberedNumbers()


class NotFound(Exception):
    """An address or a name of a group that leads to no one number.

    `what` begins with the address; `mend` says what to do; `known` is what it may have been meant
    for, to be looked through only where somebody wants to be told.
    """

    def __init__(self, what: str, mend: str, known: Iterable[str] = ()) -> None:
        super().__init__(what)
        self.what = what
        self.mend = mend
        self.known = known


class Directory(Protocol):
    """Who is behind an address, which group bears a name (design 11); asked while tasks are read.

    What it asks of the portal it asks once, and only when something needs it.
    """

    def person(self, address: str) -> int:
        """The number of the one active person with this e-mail address, whatever its case.

        Raises NotFound. Where the portal could not be asked, a number that stands for none:
        `must_have_answered` raises then.
        """
        ...

    def group(self, name: str) -> int:
        """The number of the one group of exactly this name; as `person`."""
        ...

    @property
    def moves(self) -> int:
        """The `moves` of what is to be remembered, as far as was looked up (RememberedNumbers)."""
        ...

    def unchanged(self) -> bool:
        """Whether all that is remembered still leads where it did.

        Only then may what asked before be taken for what it would ask now.
        """
        ...

    def must_have_answered(self) -> None:
        """Raise the error that kept the portal from being asked, if there was one."""
        ...


class AnyAddress:
    """A directory that takes every address and name: for checking a manifest by itself."""

    moves = 0

    def person(self, _address: str) -> int:
        """Return a number that stands for anybody."""
        return STAND_IN

    def group(self, _name: str) -> int:
        """Return a number that stands for any group."""
        return STAND_IN

    def unchanged(self) -> bool:
        """Say that nothing is remembered that could have moved."""
        return True

    def must_have_answered(self) -> None:
        """Be content: nobody was asked."""
