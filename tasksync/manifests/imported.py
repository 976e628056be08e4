"""Tasks of the portal as a manifest writes them: what it would ask for is what is there.

Each value is read back as the manifest's reader would have it. What cannot stand in a manifest (a
control character, a tag with a comma, an end before its start) is left out and told: it is not
managed then, and stays as the portal has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import orjson

from tasksync.core.extra_fields import ExtraField
from tasksync.core.fields import (
    FIELDS,
    PRIORITY_WORDS,
    STATUS_WORDS,
    TITLE_LIMIT,
    FieldKind,
    Value,
    same,
)
from tasksync.core.secrets import HIDDEN
from tasksync.core.task import LiveTask
from tasksync.late_patterns import pattern_of
from tasksync.manifests import extra_values, policies, schema
from tasksync.manifests.datetimes import Instants
from tasksync.manifests.unplaced import BadValue
from tasksync.manifests.values import Normaliser
from tasksync.manifests.written_tasks import WrittenTask, key_of
from tasksync.value_classes import dataclass, field

_PEOPLE: Final = frozenset({FieldKind.PERSON, FieldKind.PEOPLE})
_PEOPLE_FIELDS: Final = tuple(name for name, one in FIELDS.items() if one.kind in _PEOPLE)
_EMPTY: Final = tuple((name, one.empty, one.kind) for name, one in FIELDS.items())
#: what stands for the fields that every task must have, where another is looked at by itself
_BARE: Final[Mapping[str, object]] = {"title": "x", "responsibleId": 1}
_STARS: Final = HIDDEN.encode()
_UNSEEN: Final = pattern_of(r"[\x00-\x20\x7f-\xa0\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What of a task is not written: a field, or ("") the whole task; and why."""

    id: int
    field: str
    why: str


class _Taken(NamedTuple):
    """A task that is to be written; people and its parent are numbers still.

    `fields` are JSON, and policies stand among them: thousands wait until all keys are known.
    """

    id: int
    key: str
    parent: int | None
    fields: bytes


def _new_check() -> _ReadBack:
    return _ReadBack()


@dataclass(slots=True)
class TaskImport:
    """Collects tasks; `defaults` are put under all of them where they will stand.

    `taken` are the keys that are no more to be had, `known` the keys of tasks that have one.
    `starred` are the tasks of which a secret of ours may have been taken out.
    """

    defaults: Mapping[str, Any] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    known: Mapping[int, str] = field(default_factory=dict)
    extras: Mapping[str, ExtraField] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    starred: list[int] = field(default_factory=list)
    people: set[int] = field(default_factory=set)
    _tasks: list[_Taken] = field(default_factory=list)
    _check: _ReadBack = field(default_factory=_new_check)

    def __len__(self) -> int:
        return len(self._tasks)

    def take(self, live: LiveTask) -> None:
        """Take a task in; one that cannot be read, or that nobody is responsible for, is told."""
        if live.unreadable or "responsibleId" not in live.fields:
            why = live.unreadable or "the portal names nobody responsible"
            self.left_out.append(LeftOut(live.id, "", why))
            return
        block = {name: _plain(name, live.fields[name]) for name in _said(live)}
        extra = self._extra(live)
        accepted: dict[str, object] = {}
        if not self._check.whole({**block, **extra}, live):
            block, accepted = self._fitting(block, live)
            extra = {
                name: value for name, value in extra.items() if self._fits(live, name, value, _BARE)
            }
        if "responsibleId" not in block:
            return
        accepted |= self._cleared(block, extra, live)
        self.people.update(_people_in(block))
        key = key_of(str(live.fields.get("title", "")), self.taken)
        policy = {policies.NAME: accepted} if accepted else {}
        parent: Any = block.get("parentId")
        fields = orjson.dumps({**block, **extra, "adopt": {"id": live.id}, **policy})
        if _STARS in fields:
            self.starred.append(live.id)
        # orjson's bytes keep the room that it wrote them in, several times theirs: a copy does not
        self._tasks.append(_Taken(live.id, key, parent, memoryview(fields).tobytes()))

    def written(self, addresses: Mapping[int, str]) -> Iterator[WrittenTask]:
        """Yield the tasks as they are written, people by their addresses, parents by their keys.

        Once: a task is let go as it is asked for.
        """
        keys = {**self.known, **{one.id: one.key for one in self._tasks}}
        circular = _circular({one.id: one.parent for one in self._tasks})
        for at, one in enumerate(self._tasks):
            self._tasks[at] = one._replace(fields=b"")
            fields: dict[str, object] = {}
            for name, value in orjson.loads(one.fields).items():
                if name == "parentId" and isinstance(value, int):
                    if one.id in circular:
                        self.left_out.append(LeftOut(one.id, name, "it is its own parent's parent"))
                    elif value in keys:
                        fields["parent"] = keys[value]
                    else:
                        fields[name] = value
                elif name in _PEOPLE_FIELDS:
                    fields[name] = _named(value, addresses)
                else:
                    fields[name] = value
            yield WrittenTask(one.key, fields)

    def _extra(self, live: LiveTask) -> dict[str, object]:
        """Return the extra fields that may be written and hold something."""
        found = {
            name: list(value) if isinstance(value, tuple) else value
            for name, one in self.extras.items()
            if one.writable and (value := live.fields.get(name)) not in _NOTHING
            if not one.fault(value)
        }
        return {extra_values.NAME: found} if found else {}

    def _fitting(
        self, block: Mapping[str, object], live: LiveTask
    ) -> tuple[dict[str, object], dict[str, object]]:
        """Return the fields that can stand in a manifest, and the policies of what cannot.

        A title is needed all the same: one that stands for it is written, and the portal's stays.
        """
        found = {name: one for name, one in block.items() if self._fits(live, name, one, _BARE)}
        accepted: dict[str, object] = {}
        if "title" not in found:
            found = {"title": self._stand_in(live), **found}
            accepted["title"] = "accept"
        start = found.get("startDatePlan")
        if "endDatePlan" in found and start is not None:
            beside = {**_BARE, "startDatePlan": start}
            if not self._fits(live, "endDatePlan", found["endDatePlan"], beside):
                del found["endDatePlan"]
        return found, accepted

    def _stand_in(self, live: LiveTask) -> str:
        """Return a title that a manifest can hold: what of the portal's can stand in one."""
        words = _UNSEEN.sub(" ", str(live.fields.get("title", ""))).strip()[:TITLE_LIMIT].strip()
        fits = not self._check.why({**_BARE, "title": words}, "", live)
        return words if fits else f"task {live.id}"

    def _fits(self, live: LiveTask, name: str, value: object, beside: Mapping[str, object]) -> bool:
        why = self._check.why({**beside, name: value}, name, live)
        if why:
            self.left_out.append(LeftOut(live.id, name, why))
        return not why

    def _cleared(
        self, block: dict[str, object], extra: dict[str, object], live: LiveTask
    ) -> dict[str, object]:
        """Say what a task has not and the defaults give; return policies of what is not known."""
        accepted: dict[str, object] = {}
        ignored = self.defaults.get("ignoreChanges") or ()
        for name in self.defaults:
            if name in FIELDS and name not in block:
                if name in live.fields and live.fields[name] == FIELDS[name].empty:
                    block[name] = None
                elif name not in ignored:
                    accepted[name] = "accept"
        of_defaults = self.defaults.get(extra_values.NAME) or {}
        own: Any = extra.get(extra_values.NAME, {})
        if missing := dict.fromkeys(name for name in of_defaults if name not in own):
            extra[extra_values.NAME] = {**missing, **own}
        return accepted


_NOTHING: Final[tuple[object, ...]] = (None, "", (), False)


class _ReadBack:
    """Reads what would be written, and holds it against what is there."""

    __slots__ = ("_normalise", "_valid")

    def __init__(self) -> None:
        self._valid = schema.checker(schema.WHOLE_TASK)
        self._normalise = Normaliser({}, Instants())

    def whole(self, block: dict[str, object], live: LiveTask) -> bool:
        """Tell whether every field of a task would be read as it is."""
        block = extra_values.plain(block)
        try:
            if not self._valid(block):
                return False
            fields = self._normalise(block).fields
        except (ValueError, OverflowError):
            return False
        there = live.fields
        return all(
            value == there[name] or same(name, value, there[name]) for name, value in fields.items()
        )

    def why(self, block: dict[str, object], name: str, live: LiveTask) -> str:
        """Return why a field cannot be written, or ""."""
        block = extra_values.plain(block)
        try:
            for fault in schema.faults(schema.WHOLE_TASK, block):
                return fault.what
            fields = self._normalise(block).fields
        except BadValue as bad:
            return bad.what
        except (ValueError, OverflowError):
            return "the manifest has no such value"
        names = [
            one
            for one in fields
            if one == name or (name == extra_values.NAME and one not in FIELDS)
        ]
        changed = any(not same(one, fields[one], live.fields[one]) for one in names)
        return "it would be read as another value" if changed else ""


def _said(live: LiveTask) -> Iterator[str]:
    """Yield the fields of a task that hold something."""
    there = live.fields
    for name, empty, _kind in _EMPTY:
        if name in there and there[name] != empty:
            yield name


def _plain(name: str, value: Value) -> object:
    """Return a value as people write it."""
    if isinstance(value, tuple):
        return list(value)
    if name == "status":
        return STATUS_WORDS.get(value, value)  # type: ignore[arg-type]
    if name == "priority":
        return PRIORITY_WORDS.get(value, value)  # type: ignore[arg-type]
    return value


def _people_in(block: Mapping[str, object]) -> Iterator[int]:
    for name in _PEOPLE_FIELDS:
        if name in block:
            value = block[name]
            items = value if isinstance(value, list) else [value]
            yield from (one for one in items if isinstance(one, int))


def _named(value: object, addresses: Mapping[int, str]) -> object:
    if isinstance(value, list):
        return [addresses.get(one, one) for one in value]
    return addresses.get(value, value) if isinstance(value, int) else value


def _circular(parents: Mapping[int, object]) -> set[int]:
    """Return one task of each circle of parents, and whoever is its own parent."""
    found: set[int] = set()
    done: set[int] = set()
    for start in parents:
        way: set[int] = set()
        one: object = start
        while isinstance(one, int) and one in parents and one not in done:
            if one in way:
                found.add(one)
                break
            way.add(one)
            one = parents[one]
        done |= way
    return found


def summary(left_out: Iterable[LeftOut]) -> Iterator[str]:
    """Yield a line for each field or task that is not written."""
    for one in left_out:
        if one.field == "title":
            yield (
                f"task {one.id}: its title cannot stand in a manifest ({one.why}); another stands "
                "for it, and the portal's stays"
            )
        elif one.field:
            yield (
                f"task {one.id}: {one.field} is left out ({one.why}); it stays as the portal has it"
            )
        else:
            yield f"task {one.id} is left out: {one.why}"
