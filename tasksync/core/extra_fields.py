"""Extra fields (design 17): what the portal lists of them, and which values they take.

`GET /v1/tasks/fields` names them with type and read-only flag (contract 2.7, 7); the names begin
with UF_. Values are typed: a manifest writes the YAML type that the portal tells, and what the
portal answers is read by the same type, so that both are the same in normal form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from math import isfinite
from types import MappingProxyType

from tasksync.core.fields import Value, extras_in, is_instant
from tasksync.core.quoting import quoted
from tasksync.core.task import FieldProblem, Problem, Task
from tasksync.value_classes import dataclass

_LONG = 60
_TRUE, _FALSE = frozenset({"1", "y", "true"}), frozenset({"0", "n", "false", ""})


@dataclass(frozen=True, slots=True)
class ExtraField:
    """One extra field as the portal lists it; `type` is the portal's word."""

    name: str
    type: str = "string"
    multiple: bool = False
    writable: bool = True

    def fault(self, value: Value) -> str:
        """Return what is wrong with a value of the manifest, in words; "" where it fits."""
        if value is None:
            return ""
        if self.multiple != isinstance(value, tuple):
            return "it takes a list" if self.multiple else "it takes one value, not a list"
        items = value if isinstance(value, tuple) else (value,)
        says, fits = _KINDS.get(self.type, _TEXT)
        wrong = next((one for one in items if not fits(one)), None)
        return "" if wrong is None else f"it takes {says}, not {quoted(wrong)[:_LONG]}"

    def read(self, raw: object) -> Value:
        """Return what the portal answered in normal form; raises ValueError where it cannot be."""
        if not self.multiple:
            if isinstance(raw, dict | list | tuple):
                items = list(raw.values() if isinstance(raw, dict) else raw)
                raw = items[0] if len(items) == 1 else items or None
            return self._one(raw)
        if isinstance(raw, dict):
            raw = list(raw.values())
        several = raw if isinstance(raw, list | tuple) else [raw]
        items = [self._one(one) for one in several if one not in _NOTHING]
        return as_set(one for one in items if one is not None)

    def _one(self, raw: object) -> Value:
        reader = _READERS.get(self.type, _read_text)
        value = reader(raw)
        if value is not None and reader is _read_text and self.type == "date":
            return str(value)[:10]
        return value


_NOTHING: tuple[object, ...] = (None, "", False)


def as_set(items: Iterable[object]) -> Value:
    """Return the members of a list as a set has them: sorted, each once."""
    unique = {(type(one).__name__, one) for one in items}
    ordered = sorted(unique, key=lambda pair: (pair[0], pair[1]))
    return tuple(one for _kind, one in ordered)  # type: ignore[return-value]


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return _is_whole(value) or isinstance(value, float)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_day(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _is_moment(value: object) -> bool:
    return isinstance(value, str) and is_instant(value)


_TEXT: tuple[str, Callable[[object], bool]] = ("a text: quote it", _is_text)
_WHOLE: tuple[str, Callable[[object], bool]] = ("a whole number", _is_whole)
_ID: tuple[str, Callable[[object], bool]] = ("a number from the portal's list", _is_whole)
_NUMBER: tuple[str, Callable[[object], bool]] = ("a number", _is_number)
_YES: tuple[str, Callable[[object], bool]] = ("true or false", lambda one: isinstance(one, bool))
_MOMENT: tuple[str, Callable[[object], bool]] = (
    "a date and time with an offset (2026-05-19T18:00:00+03:00)",
    _is_moment,
)
_DAY: tuple[str, Callable[[object], bool]] = ("a date like 2026-05-19", _is_day)
#: the portal's word for a type -> what a manifest writes for it
_KINDS: Mapping[str, tuple[str, Callable[[object], bool]]] = MappingProxyType(
    {
        "integer": _WHOLE,
        "double": _NUMBER,
        "boolean": _YES,
        "datetime": _MOMENT,
        "date": _DAY,
        "enumeration": _ID,
        "employee": _ID,
        "iblock_element": _ID,
        "iblock_section": _ID,
    }
)


def _read_text(raw: object) -> Value:
    if raw is None or raw is False:
        return None
    if isinstance(raw, str):
        return raw.replace("\r\n", "\n") or None
    if isinstance(raw, int | float):
        return str(raw)
    raise ValueError(quoted(raw))


def _read_number(raw: object) -> Value:
    if raw in _NOTHING and raw.__class__ is not int:
        return None
    if isinstance(raw, str):
        try:
            raw = float(raw) if any(sign in raw for sign in ".eE") else int(raw)
        except ValueError:
            raise ValueError(quoted(raw)) from None
    if isinstance(raw, int | float) and not isinstance(raw, bool) and isfinite(raw):
        return int(raw) if raw == int(raw) else raw
    raise ValueError(quoted(raw))


def _read_flag(raw: object) -> Value:
    """Return yes or no; a portal tells of what was never set as of no."""
    said = str("" if raw is None else raw).lower()
    if said in _TRUE or said in _FALSE:
        return said in _TRUE
    raise ValueError(quoted(raw))


_READERS: Mapping[str, Callable[[object], Value]] = MappingProxyType(
    {
        "integer": _read_number,
        "double": _read_number,
        "enumeration": _read_number,
        "employee": _read_number,
        "iblock_element": _read_number,
        "iblock_section": _read_number,
        "boolean": _read_flag,
    }
)


#: where a task's block holds its extra fields
_BLOCK = "fields"


def problems(tasks: Iterable[Task], known: Mapping[str, ExtraField]) -> Iterator[FieldProblem]:
    """Yield what is wrong with the extra fields of tasks, held against what the portal lists."""
    for task in tasks:
        for name in extras_in(task.fields):
            field, path = known.get(name), (_BLOCK, name)
            if field is None:
                what, mend = f"the portal lists no field {name}", _near(name, known)
            elif not field.writable:
                what, mend = f"{name} is read-only", "leave it out: the portal sets it"
            else:
                what, mend = f"{name} is {_article(field)}", field.fault(task.fields[name])
            if mend:
                named = field is None or not field.writable
                yield FieldProblem(task.key, path, Problem(task.place, what, mend), named)


def _article(field: ExtraField) -> str:
    return f"of type {field.type}" + (", multiple" if field.multiple else "")


def _near(name: str, known: Mapping[str, ExtraField]) -> str:
    writable = sorted(one for one, field in known.items() if field.writable)
    from difflib import get_close_matches  # something is wrong

    near = get_close_matches(name, writable, n=1)
    if near:
        return f"did you mean {near[0]}?"
    return f"it lists {', '.join(writable[:10])}" if writable else "it lists no extra field at all"
