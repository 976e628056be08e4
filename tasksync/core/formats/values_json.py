"""What plans and states both hold, as plain JSON and back: field values, options, instants."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from tasksync.core.address_book import RememberedNumbers
from tasksync.core.fields import (
    FIELDS,
    FieldKind,
    RemoteId,
    Value,
    Values,
    from_plain,
    instant,
    is_extra,
    plain,
)
from tasksync.core.formats import typed
from tasksync.core.formats.typed import Json
from tasksync.core.quoting import quoted
from tasksync.core.state import InProject
from tasksync.core.task import NO_OPTIONS, NOTHING_WRITTEN, FieldPolicy, OnRemove, Options

_TYPES: Mapping[FieldKind, tuple[type, ...]] = {
    FieldKind.TEXT: (str,),
    FieldKind.INSTANT: (str,),
    FieldKind.PEOPLE: (list,),
    FieldKind.TAGS: (list,),
    FieldKind.PARENT: (int, dict),
}


def encode_values(values: Values) -> dict[str, object]:
    """Return the values of fields by name."""
    return {name: plain(value) for name, value in values.items()}


def decode_values(data: Json) -> dict[str, Value]:
    """Return what `encode_values` wrote; raises ValueError where a value cannot be the field's."""
    return {name: decode_value(name, value) for name, value in data.items()}


def decode_value(name: str, value: object) -> Value:
    """Return the value of one field; raises ValueError where it cannot be that."""
    if name not in FIELDS and not is_extra(name):
        msg = f"{quoted(name)} is no field of a task"
        raise ValueError(msg)
    kind = FIELDS[name].kind
    if kind is FieldKind.EXTRA:
        return from_plain(name, value)
    fits = type(value) in _TYPES.get(kind, (int,))
    if value is not None and not fits:
        msg = f"{name} cannot be {quoted(value)}"
        raise ValueError(msg)
    if isinstance(value, str) and kind is FieldKind.INSTANT:
        try:
            instant(value)  # what is no instant cannot be compared with any
        except ValueError:
            msg = f"{name}: {quoted(value)} is no date"
            raise ValueError(msg) from None
    return from_plain(name, value)


def decode_written(data: Json | None) -> Mapping[str, str]:
    """Return what stood in the manifest for values, by field; None where it all stood there."""
    if not data:
        return NOTHING_WRITTEN
    for name in data:
        if name not in FIELDS and not is_extra(name):
            msg = f"{quoted(name)} is no field of a task"
            raise ValueError(msg)
    return {name: typed.text(data, name) for name in data}


def encode_options(options: Options) -> dict[str, object]:
    """Return what a task said about its handling, without what it did not say."""
    data: dict[str, object] = {}
    if options.protect is not None:
        data["protect"] = options.protect
    if options.on_remove is not None:
        data["onRemove"] = options.on_remove.value
    if options.ignore_changes:
        data["ignoreChanges"] = list(options.ignore_changes)
    if options.adopt is not None:
        data["adopt"] = options.adopt
    if options.field_policy:
        data["fieldPolicy"] = {name: policy.value for name, policy in options.field_policy}
    return data


def decode_options(data: Json | None) -> Options:
    """Return the options; None is a task that said nothing, and so is null for one of them."""
    if not data:
        return NO_OPTIONS
    on_remove, adopt = data.get("onRemove"), data.get("adopt")
    return Options(
        protect=typed.optional(data, "protect", bool),
        on_remove=None if on_remove is None else OnRemove(on_remove),
        ignore_changes=typed.texts(data, "ignoreChanges") if "ignoreChanges" in data else (),
        adopt=None if adopt is None else RemoteId(typed.whole(data, "adopt")),
        field_policy=_policies(data),
    )


def _policies(data: Json) -> tuple[tuple[str, FieldPolicy], ...]:
    """Return the policies in the order of names; raises ValueError where one cannot be."""
    if "fieldPolicy" not in data:
        return ()
    said = typed.mapping(data, "fieldPolicy")
    if unknown := {name for name in said if name not in FIELDS and not is_extra(name)}:
        msg = f"fieldPolicy: {quoted(min(unknown))} is no field of a task"
        raise ValueError(msg)
    return tuple((name, FieldPolicy(said[name])) for name in sorted(said))


def encode_instant(at: datetime) -> str:
    """Return an instant in UTC, to the microsecond."""
    return at.astimezone(UTC).isoformat()


def decode_instant(text: object) -> datetime:
    """Return an aware instant in UTC; raises ValueError for one without a zone."""
    try:
        at = datetime.fromisoformat(str(text))
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):  # Python's words for it help nobody
        pass
    msg = f"{quoted(text)} is no date with a zone"
    raise ValueError(msg)


def encode_in_project(one: InProject | None) -> dict[str, str]:
    """Return a key of another project; nothing where there is none."""
    return {} if one is None else {"project": one.project, "key": one.key}


def decode_in_project(data: object) -> InProject | None:
    """Return what `encode_in_project` wrote."""
    if not data:
        return None
    told = typed.mapping({"it": data}, "it")
    return InProject(typed.text(told, "project"), typed.key(told, "key"))


def encode_directory(numbers: RememberedNumbers) -> dict[str, object]:
    """Return which address and which name of a group was which number."""
    people, groups = numbers.people, numbers.groups
    data: dict[str, object] = {
        "people": {one: people[one] for one in sorted(people)},
        "groups": {one: groups[one] for one in sorted(groups)},
    }
    return {**data, "moves": numbers.moves} if numbers.moves else data


def decode_numbers(data: Json) -> RememberedNumbers:
    """Return what `encode_directory` wrote; nothing of it has to be there."""
    people, groups = (typed.mapping({name: {}, **data}, name) for name in ("people", "groups"))
    return RememberedNumbers(
        {one: int(typed.remote_id(people[one])) for one in people},
        {one: int(typed.remote_id(groups[one])) for one in groups},
        typed.count(data, "moves", 0),
    )
