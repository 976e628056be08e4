"""What stands for a person or a group in a manifest, and the number that it means (design 11).

A person is a number, an e-mail address (what holds an `@`) or a name of `people`; a group is a
number or its name. Addresses and names of groups are looked up in the directory of the run.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from tasksync.core.address_book import AnyAddress, Directory, NotFound
from tasksync.core.fields import FIELDS, FieldKind, Value
from tasksync.core.normal_forms import composed
from tasksync.core.task import Place, Problem
from tasksync.late_patterns import pattern_of
from tasksync.manifests.hints import closest, did_you_mean, shown
from tasksync.manifests.node import Node
from tasksync.manifests.resolved import Resolved
from tasksync.manifests.unplaced import AlreadyTold, BadValue, UnplacedProblem

#: a hint looks at all addresses of a portal: so many are enough
HINTS = 20
#: how many different people and groups are remembered
REMEMBERED = 20_000
#: the fields that hold people or a group
NAMED_FIELDS = frozenset(
    name
    for name, one in FIELDS.items()
    if one.kind in {FieldKind.PERSON, FieldKind.PEOPLE, FieldKind.GROUP}
)
#: how a name is mended that is like none of `people`
ADD_NAME = "add it to people:, or write a number or an e-mail address"
_ADDRESS = pattern_of(r"[^@\s]+@[^@\s]+\Z")
#: what the schema refuses for a person unless it holds an @: it is no number and looks like one
_NUMBERLIKE = pattern_of(r"[0-9+.-]")

#: a number in normal form and as it goes into the digest; Resolved where words stood for it
Numbered: TypeAlias = tuple[Value, Any]


class NamedPerson(NamedTuple):
    """A name of `people`: the number or address that it stands for, and where that is written.

    None where that is at fault itself, which was said.
    """

    means: int | str | None
    place: Place


class _Numbers(dict[int | str, Numbered]):
    """What a look-up made of each value; a number is itself. A dict, since people repeat."""

    __slots__ = ("_look",)

    def __init__(self, look: Callable[[str], int]) -> None:
        super().__init__()
        self._look = look

    def __missing__(self, written: int | str) -> Numbered:
        found: Numbered
        if isinstance(written, str):
            number = self._look(written)
            found = Resolved(number, number)
        else:
            found = (written, written)
        if len(self) >= REMEMBERED:
            self.clear()
        self[written] = found
        return found


class DirectoryNames:
    """Numbers of the people and groups of one project.

    Until `ask` hands a directory in, every text stands for anybody. `problems` collects what is
    wrong in `people` itself: what hangs on it raises AlreadyTold.
    """

    def __init__(self) -> None:
        self.persons = _Numbers(self._person)
        self.groups = _Numbers(self._group)
        self.problems: list[Problem] = []
        self._lists: dict[tuple[int | str, ...], tuple[Value, object]] = {}
        self._people: dict[str, NamedPerson] = {}
        self._places: dict[str, Place] = {}
        self._directory: Directory = AnyAddress()
        self._asked = False
        self._hints: dict[str, str] = {}
        self._told: set[Place] = set()

    @property
    def named(self) -> Mapping[str, int | str | None]:
        """What each name of `people` stands for: a number, an address, or None for a fault."""
        return {name: one.means for name, one in self._people.items()}

    @property
    def context(self) -> bytes:
        """What tasks depend on beside their own text; empty where no names are given."""
        told = {name: self._people[name].means for name in sorted(self._people)}
        return ascii(told).encode() if told else b""

    @property
    def means(self) -> dict[str, int | str]:
        """The number or address that each name of `people` stands for, but what is at fault."""
        told = ((name, one.means) for name, one in self._people.items())
        return {name: means for name, means in told if means is not None}

    def read(self, file: str, node: Node) -> Iterator[Problem]:
        """Take in the `people` of one document; yield what is wrong there.

        What cannot be a number or an address is known by its name all the same, so that its
        being wrong is said once.
        """
        part = node.parts.get("people")
        if part is None or not isinstance(part.value, dict):
            return
        for step, value in part.parts.items():
            name = _bare(str(step))
            place = Place(file, *part.names.get(str(step), value.position))
            if bad := self._bad_name(name):
                yield Problem(place, bad.what, bad.mend)
            else:
                self._places[name] = place
                self._people[name] = yield from _named(Place(file, *value.position), value)

    def _bad_name(self, name: str) -> BadValue | None:
        if not name or _NUMBERLIKE.match(name):
            return BadValue(f"{shown(name)} is no name for a person", "begin it with a letter")
        if "@" in name:
            what = f"the name {shown(name)} holds an @: it would be read as an e-mail address"
            return BadValue(what, "choose a name without @")
        if name in self._places:
            what = f"the person {name} is named twice; the first is at {self._places[name]}"
            return BadValue(what, "keep one of them")
        return None

    def ask(self, directory: Directory | None) -> None:
        """Look up in this directory from now on; None: nobody can tell whose address it is."""
        self._directory = directory or _Nobody()
        self._asked = True
        self.persons.clear()
        self.groups.clear()
        self._lists.clear()

    def people(self, written: list[int | str]) -> tuple[Value, object]:
        """Return a list of people: sorted, each once. What was read before costs one look."""
        key = tuple(written)
        found = self._lists.get(key)
        if found is None:
            if len(self._lists) >= REMEMBERED:
                self._lists.clear()
            found = self._lists[key] = self._sorted(written)
        return found

    def _sorted(self, written: list[int | str]) -> tuple[Value, object]:
        unique: tuple[int, ...] = tuple(sorted({self.persons[one][1] for one in written}))
        if any(one.__class__ is str for one in written):
            return Resolved(unique, unique)
        return unique, unique

    def faults_of_people(self, written: list[Any]) -> Iterator[BadValue]:
        """Yield what is wrong with each of some people."""
        for at, one in enumerate(written):
            if not isinstance(one, int | str):
                continue  # the schema has said so
            try:
                self.persons[one]
            except AlreadyTold as told:
                yield told
            except BadValue as bad:
                yield BadValue(bad.what, bad.mend, (at,))

    def faults(self, block: Mapping[str, object]) -> Iterator[UnplacedProblem]:
        """Yield what is wrong with the people and the group of a block, under their fields."""
        for name in sorted(NAMED_FIELDS & block.keys()):
            value = block[name]
            if isinstance(value, list):
                for bad in self.faults_of_people(value):
                    yield bad.under(name)
            elif isinstance(value, int | str):
                numbers = self.groups if FIELDS[name].kind is FieldKind.GROUP else self.persons
                try:
                    numbers[value]
                except BadValue as bad:
                    yield bad.under(name)

    def _person(self, written: str) -> int:
        if not self._asked:
            return self._directory.person(written)
        bare = _bare(written)
        if "@" in bare:
            if not _ADDRESS.match(bare):
                raise _no_address(written)
            return self._looked_up(self._directory.person, bare)
        named = self._people.get(bare)
        if named is None:
            raise self._no_name(written)
        if named.means is None:
            raise AlreadyTold
        return named.means if isinstance(named.means, int) else self._meant(named, named.means)

    def _meant(self, named: NamedPerson, address: str) -> int:
        """Look up the address of a name; what is wrong is said once, where the address stands."""
        try:
            return self._looked_up(self._directory.person, address.strip())
        except BadValue as bad:
            if named.place not in self._told:
                self._told.add(named.place)
                self.problems.append(Problem(named.place, bad.what, bad.mend))
            raise AlreadyTold from bad

    def _group(self, written: str) -> int:
        return self._looked_up(self._directory.group, written)

    def _looked_up(self, look: Callable[[str], int], word: str) -> int:
        try:
            return look(word)
        except NotFound as missing:
            if word not in self._hints and len(self._hints) < HINTS:
                self._hints[word] = _near(word, missing.known)
            near = self._hints.get(word)
            mend = f"{near} {missing.mend}" if near else missing.mend
            raise BadValue(missing.what, mend) from missing

    def _no_name(self, written: str) -> BadValue:
        near = did_you_mean(written, self._people)
        what = f"{shown(written)} is no name of people"
        return BadValue(what, near or ADD_NAME)


class _Nobody:
    """The directory of whoever reads a manifest and has no portal to ask."""

    moves = 0

    def person(self, address: str) -> int:
        raise NotFound(f"{address} cannot be looked up here", "write the number of the person")

    def group(self, name: str) -> int:
        raise NotFound(f"the group {shown(name)} cannot be looked up here", "write its number")

    def unchanged(self) -> bool:
        return True

    def must_have_answered(self) -> None:
        return


def _named(place: Place, node: Node) -> Generator[Problem, None, NamedPerson]:
    """Yield what is wrong with what a name stands for; return the name's meaning."""
    value = node.value
    if node.broken or isinstance(value, bool) or not isinstance(value, int | str):
        return NamedPerson(None, place)  # it was said
    bad = _bad_meaning(value)
    if bad is not None:
        yield Problem(place, bad.what, bad.mend)
    return NamedPerson(value if bad is None else None, place)


def _bad_meaning(means: int | str) -> BadValue | None:
    """Return what is wrong where a name means neither a number nor an address."""
    if isinstance(means, int) or not means or _ADDRESS.match(_bare(means)):
        return None  # the schema checks numbers, and what is empty
    if "@" in means:
        return _no_address(means)
    if _bare(means).isdecimal():
        what = f"{shown(means)} is a text, not a number"
        return BadValue(what, "remove the quotes and leading zeros")
    what = f"{shown(means)} is neither a number nor an e-mail address"
    return BadValue(what, "a name of people cannot lead to another name")


def _near(word: str, known: Iterable[str]) -> str:
    """Return a hint; addresses are alike by what stands before the @, which tells people apart."""
    if "@" not in word:
        return did_you_mean(word, known)
    local = {one.partition("@")[0].casefold(): one for one in known}
    near = closest(word.partition("@")[0].casefold(), local)
    return f"did you mean {local[near]}?" if near else ""


def _bare(name: str) -> str:
    return composed(name).strip()


def _no_address(written: str) -> BadValue:
    return BadValue(f"{shown(written)} is no e-mail address", "write one like anna@example.com")
