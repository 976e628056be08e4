"""Which parameters may stand alone where: a placeholder alone is of a type that the field has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tasksync.core.fields import FIELDS, FieldKind
from tasksync.manifests.hints import listed
from tasksync.manifests.language.parameters import PERIOD_KINDS, Kind, Parameter
from tasksync.manifests.unplaced import BadValue


def check(name: str, alone: Parameter) -> None:
    """Raise BadValue where a field or an option takes no value of a parameter's type."""
    kinds = _TAKES.get(FIELDS[name].kind) if name in FIELDS else _OPTIONS.get(name)
    if kinds is None or alone.kind in kinds:
        return
    what = _takes_none(name, alone)
    if name in FIELDS and FIELDS[name].kind in _ITEMS and alone.kind in _ITEMS[FIELDS[name].kind]:
        raise BadValue(what, f'write ["${{{alone.name}}}"]')
    if kinds == (Kind.DATE,) and alone.kind in PERIOD_KINDS:
        raise BadValue(what, f"write end of ${{{alone.name}}}, or start of ${{{alone.name}}}")
    raise BadValue(what, f"declare {alone.name}: {listed(kinds)}")


def check_item(name: str, alone: Parameter) -> None:
    """Raise BadValue where a field that is a list takes no item of a parameter's type."""
    kinds = _ITEMS.get(FIELDS[name].kind) if name in FIELDS else None
    if kinds is not None and alone.kind not in kinds:
        one = kinds[0] if alone.kind not in _SEVERAL else _SEVERAL[alone.kind]
        raise BadValue(_takes_none(name, alone), f"declare {alone.name}: {one}")


def _takes_none(name: str, alone: Parameter) -> str:
    return f"{name} takes no {alone.kind}, which ${{{alone.name}}} is"


#: what a key may be written by: `2027-01` is one
_KEYS: Final = (Kind.TEXT, Kind.CHOICE, Kind.MONTH, Kind.WEEK, Kind.QUARTER, Kind.YEAR, Kind.DATE)
_WORDY: Final = (Kind.CHOICE, Kind.TEXT, Kind.INTEGER)
#: what may be an item, or is several of them
_ITEMS: Final[Mapping[FieldKind, tuple[Kind, ...]]] = {
    FieldKind.PEOPLE: (Kind.PERSON, Kind.PEOPLE, Kind.INTEGER, Kind.CHOICE),
    FieldKind.TAGS: tuple(kind for kind in (Kind.TEXT, *Kind) if kind is not Kind.PEOPLE),
}
#: what a parameter of several values is to be instead
_SEVERAL: Final[Mapping[Kind, Kind]] = {Kind.PEOPLE: Kind.TAGS, Kind.TAGS: Kind.PEOPLE}
#: what a placeholder alone may be, by the kind of the field
_TAKES: Final[Mapping[FieldKind, tuple[Kind, ...]]] = {
    FieldKind.INSTANT: (Kind.DATE,),
    FieldKind.STATUS: _WORDY,
    FieldKind.PRIORITY: _WORDY,
    FieldKind.SECONDS: _WORDY,
    FieldKind.PERSON: (Kind.PERSON, Kind.INTEGER, Kind.CHOICE),
    FieldKind.GROUP: (Kind.GROUP, Kind.INTEGER, Kind.CHOICE),
    FieldKind.PARENT: (Kind.INTEGER,),
    FieldKind.PEOPLE: (Kind.PEOPLE,),
    FieldKind.TAGS: (Kind.TAGS,),
}
#: the same by the name of what is no field; a kind of fields may have such a name too
_OPTIONS: Final[Mapping[str, tuple[Kind, ...]]] = {
    "parent": _KEYS,
    "protect": (Kind.BOOLEAN,),
    "onRemove": (Kind.CHOICE, Kind.TEXT),
}
