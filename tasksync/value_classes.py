"""The standard library's `dataclass`, `field`, `replace` and a flat `asdict`, for a short start.

The standard library writes, compiles and runs the text of six methods for each class while it is
imported: 0.4 ms, and a plan imports 150 classes, of which it uses half. Here a class gets its slots
and methods that write themselves when they are first called.

What is not needed in this house is refused: classes without slots, fields that are inherited,
`order`, `kw_only`. A type checker sees the standard library's.
"""

from __future__ import annotations

from collections.abc import Callable

TYPE_CHECKING = False  # what typing would say
if TYPE_CHECKING:
    from dataclasses import asdict, dataclass, field, replace
    from typing import Any

    Namespace = dict[str, Any]
    Method = Callable[..., Any]

__all__ = ["asdict", "dataclass", "field", "replace"]

_MISSING: Any = object()
_GONE = ("__dict__", "__weakref__")  # what a class without slots has of its own


class FieldWords:
    """What `field` says of a field; the names are the standard library's."""

    __slots__ = ("compare", "default", "default_factory", "init", "metadata", "repr")

    def __init__(self, default: Any = _MISSING) -> None:
        self.default = default
        self.default_factory: Any = _MISSING
        self.init = self.repr = self.compare = True
        self.metadata: Any = None


def _field(
    *,
    default: Any = _MISSING,
    default_factory: Any = _MISSING,
    init: bool = True,
    repr: bool = True,  # noqa: A002 - as the standard library calls it
    compare: bool = True,
    metadata: Any = None,
) -> Any:
    found = FieldWords(default)
    found.default_factory = default_factory
    found.init, found.repr, found.compare, found.metadata = init, repr, compare, metadata
    return found


def _replace(value: Any, /, **changes: Any) -> Any:
    kind = type(value)
    for name in kind.__match_args__:
        if name not in changes:
            changes[name] = getattr(value, name)
    return kind(**changes)


def _asdict(value: Any) -> dict[str, Any]:
    """Return the fields of a value that holds no other value: those stay what they are."""
    return {name: getattr(value, name) for name in value.__slots__}


def _dataclass(
    *, slots: bool, frozen: bool = False, eq: bool = True
) -> Callable[[type[Any]], type[Any]]:
    if not slots:
        raise TypeError("a class without slots is the standard library's to make")
    return lambda plain: _made(plain, frozen=frozen, eq=eq)


if not TYPE_CHECKING:
    asdict, dataclass, field, replace = _asdict, _dataclass, _field, _replace


def _made(plain: type[Any], *, frozen: bool, eq: bool) -> type[Any]:
    """Return the class with slots and methods; the one that was written has none."""
    if any(hasattr(base, "__dataclass_fields__") for base in plain.__bases__):
        msg = f"{plain.__qualname__}: a value class inherits no fields"
        raise TypeError(msg)
    fields = {name: _field_of(plain, name) for name in plain.__annotations__}
    body = {name: what for name, what in plain.__dict__.items() if name not in (*fields, *_GONE)}
    compared = tuple(name for name, one in fields.items() if one.compare)
    shown = tuple(name for name, one in fields.items() if one.repr)
    body["__slots__"] = tuple(fields)
    body["__match_args__"] = tuple(name for name, one in fields.items() if one.init)
    for name in ("__dataclass_fields__", "__dataclass_params__"):
        body[name] = _Standard(name, plain, fields, frozen=frozen, eq=eq)
    body.setdefault("__repr__", _repr_of(shown))
    if frozen:
        body |= {"__setattr__": _frozen, "__delattr__": _frozen}
        body |= {"__getstate__": _state_of, "__setstate__": _with_state}
    if eq:
        body["__eq__"] = _unwritten("__eq__", lambda _kind: _eq_of(compared))
        body["__hash__"] = (
            _unwritten("__hash__", lambda _kind: _hash_of(compared)) if frozen else None
        )
    body["__init__"] = _unwritten("__init__", lambda kind: _init_of(kind, fields, frozen=frozen))
    kind: Any = type(plain)
    made: type[Any] = kind(plain.__name__, plain.__bases__, body)
    made.__qualname__ = plain.__qualname__
    return made


def _field_of(plain: type[Any], name: str) -> FieldWords:
    found = plain.__dict__.get(name, _MISSING)
    return found if isinstance(found, FieldWords) else FieldWords(found)


def _unwritten(name: str, write: Callable[[Any], Method]) -> Method:
    """Return a method that writes the real one in its place when it is first called."""

    def method(self: Any, *args: Any, **words: Any) -> Any:
        kind = type(self)
        written = write(kind)
        setattr(kind, name, written)
        return written(self, *args, **words)

    return method


def _written(name: str, taken: list[str], lines: list[str], known: Namespace) -> Method:
    text = f"def {name}({', '.join(taken)}):\n " + "\n ".join(lines or ["pass"])
    exec(text, known)  # noqa: S102 - the names are those of fields
    found: Method = known[name]
    return found


def _init_of(kind: Any, fields: dict[str, FieldWords], *, frozen: bool) -> Method:
    known: Namespace = {"__missing": _MISSING, "__put": object.__setattr__}  # no field's names
    taken, lines = ["self"], []
    for name, one in fields.items():
        value = name
        if one.default_factory is not _MISSING:
            known[f"__new_{name}"] = one.default_factory
            value = f"__new_{name}()"
            if one.init:
                taken.append(f"{name}=__missing")
                value = f"{value} if {name} is __missing else {name}"
        elif one.default is not _MISSING:
            known[f"__usual_{name}"] = one.default
            value = name if one.init else f"__usual_{name}"
            if one.init:
                taken.append(f"{name}=__usual_{name}")
        elif one.init:
            taken.append(name)
        else:
            continue
        lines.append(f"__put(self, {name!r}, {value})" if frozen else f"self.{name} = {value}")
    if hasattr(kind, "__post_init__"):
        lines.append("self.__post_init__()")
    written = _written("__init__", taken, lines, known)
    written.__qualname__ = f"{kind.__qualname__}.__init__"  # it stands in errors about arguments
    return written


def _eq_of(names: tuple[str, ...]) -> Method:
    pair = " == ".join(_tuple_of(who, names) for who in ("self", "other"))
    lines = ["if other.__class__ is self.__class__:", f" return {pair}", "return NotImplemented"]
    return _written("__eq__", ["self", "other"], lines, {})


def _hash_of(names: tuple[str, ...]) -> Method:
    return _written("__hash__", ["self"], [f"return hash({_tuple_of('self', names)})"], {})


def _tuple_of(who: str, names: tuple[str, ...]) -> str:
    return "(" + "".join(f"{who}.{name}, " for name in names) + ")"


def _repr_of(names: tuple[str, ...]) -> Callable[[Any], str]:
    def __repr__(self: Any) -> str:  # noqa: N807 - it is one
        inside = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{self.__class__.__qualname__}({inside})"

    return __repr__


def _frozen(self: Any, name: str, *_value: object) -> None:
    from dataclasses import FrozenInstanceError

    msg = f"{type(self).__qualname__} does not change: {name}"
    raise FrozenInstanceError(msg)


def _state_of(self: Any) -> list[Any]:
    return [getattr(self, name) for name in self.__slots__]


def _with_state(self: Any, state: list[Any]) -> None:
    for name, value in zip(self.__slots__, state, strict=True):
        object.__setattr__(self, name, value)


class _Standard:
    """What `dataclasses.fields` and its like read of a class: made when they ask for it."""

    __slots__ = ("_fields", "_name", "_plain", "_words")

    def __init__(
        self, name: str, plain: type[Any], fields: dict[str, FieldWords], **words: bool
    ) -> None:
        self._name = name
        self._plain = plain
        self._fields = fields
        self._words = words

    def __get__(self, _value: object, kind: Any) -> Any:
        import dataclasses

        words = ("default", "default_factory", "init", "repr", "compare", "metadata")
        body: Namespace = {"__annotations__": dict(self._plain.__annotations__)}
        body["__module__"] = self._plain.__module__
        for name, one in self._fields.items():
            told = {word: getattr(one, word) for word in words}
            given = {word: what for word, what in told.items() if what is not _MISSING}
            body[name] = dataclasses.field(**given)
        plain: Any = type(self._plain.__name__, (), body)
        standard = dataclasses.dataclass(slots=True, **self._words)(plain)
        found = getattr(standard, self._name)
        setattr(kind, self._name, found)
        return found
