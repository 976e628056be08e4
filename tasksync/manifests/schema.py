"""The schemas of what people write: jsonschema-rs checks by them, jsonschema words what fails."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeAlias

from tasksync.core.fields import READ_ONLY
from tasksync.manifests.hints import closest, did_you_mean, listed, shown, unquoted
from tasksync.manifests.unplaced import UnplacedProblem
from tasksync.schema_files import schema_text

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

NAME = "manifest"
#: the parts of the schema that values are checked by
TASK = "#/$defs/task"
WHOLE_TASK = "#/$defs/wholeTask"
MANIFEST = "#"
#: another schema's parts begin with its name
FLEET = "fleet#"
#: marks what an editor checks by a pattern, and a parser of ours in its own words
EDITORS = "x-editors"

Schema: TypeAlias = Mapping[str, Any]


@cache
def text(name: str = NAME) -> str:
    """Return a schema as it is published."""
    return schema_text(name)


@cache
def digest() -> str:
    """Return what changes when the schema of manifests changes."""
    return sha256(text().encode()).hexdigest()


def _without_patterns(value: dict[str, Any]) -> dict[str, Any]:
    """Return a part without what only editors need: a parser of ours words it better."""
    if EDITORS in value:
        return {name: one for name, one in value.items() if name not in {"pattern", "anyOf"}}
    return value


@cache
def _part(ref: str) -> Schema:
    name, mark, part = ref.partition("#")
    whole: dict[str, Any] = json.loads(text(name or NAME), object_hook=_without_patterns)
    if not part:
        return whole
    ref = f"{mark}{part}"
    return {"$schema": whole["$schema"], "$ref": ref, "$defs": whole["$defs"]}


@cache
def _compiled(ref: str) -> Any:
    """Return jsonschema-rs's validator of a part of the schema."""
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(dict(_part(ref)), validate_formats=True)


@cache
def checker(ref: str) -> Callable[[object], bool]:
    """Return what tells whether a value is valid under a part of the schema."""
    valid: Callable[[object], bool] = _compiled(ref).is_valid

    def found(value: object) -> bool:
        try:
            return valid(value)
        except ValueError:  # half a character, or a Decimal, which no field takes
            return False

    return found


def faults(ref: str, value: Any) -> Iterator[UnplacedProblem]:
    """Yield what is wrong with a value in words: jsonschema's, else those of jsonschema-rs."""
    found = False
    for error in _wording(ref).iter_errors(value):
        found = True
        yield from _worded(error)
    if not found:
        yield from _from_checker(ref, value)


@cache
def _wording(ref: str) -> Validator:
    from jsonschema import Draft202012Validator, FormatChecker

    return Draft202012Validator(_part(ref), format_checker=FormatChecker())


def _from_checker(ref: str, value: object) -> Iterator[UnplacedProblem]:
    try:
        for error in _compiled(ref).iter_errors(value):
            path: tuple[str | int, ...] = tuple(error.instance_path)
            name = f"{path[-1]} " if path else ""  # to Python's $ a last line break is none
            what = f"{name}ends in a line break" if _ends_in_one(error.instance) else error.message
            yield UnplacedProblem(path, str(what), "take the line break at its end away")
    except ValueError:  # half a character: the control characters are reported later
        return


def _ends_in_one(value: object) -> bool:
    return isinstance(value, str) and value.endswith("\n")


def _worded(error: ValidationError) -> Iterator[UnplacedProblem]:
    path = tuple(error.absolute_path)
    instance: Any = error.instance
    match error.validator:
        case "additionalProperties":
            known = list(_mapping(error.schema).get("properties", {}))
            others = tuple(_mapping(error.schema).get("patternProperties", ()))
            for name in instance:
                if name not in known and not any(re.search(one, name) for one in others):
                    yield UnplacedProblem(path, *_unknown(name, known, path), name=name)
        case "required":
            known = _mapping(error.schema).get("properties", {})
            for name in _mapping(error.schema)["required"]:
                if name not in instance:
                    yield missing(path, name, _mapping(known.get(name)).get("x-missing", ""))
        case _:
            schema = _mapping(error.schema)
            if error.validator != "pattern" or instance or not schema.get("minLength"):
                what, mend = _wrong(str(error.validator), instance, schema)
                yield UnplacedProblem(path, f"{_named(path, schema)} {what}", mend)


def _mapping(schema: object) -> Schema:
    return schema if isinstance(schema, dict) else {}


def _named(path: tuple[str | int, ...], schema: Schema) -> str:
    names = [step for step in path if isinstance(step, str)]
    if not names:
        return str(schema.get("x-named", "this"))
    return ("an item of " if isinstance(path[-1], int) else "") + ".".join(names[-2:])


def _unknown(name: str, known: list[str], path: tuple[str | int, ...]) -> tuple[str, str]:
    if not path and (name in READ_ONLY or name == "dateStart"):
        return f"{name} is read-only: the portal sets it", "remove it"
    mend = did_you_mean(name, known) or f"known: {', '.join(known)}"
    if "title" in known and name in {"parent", "adopt"}:
        mend = "write it in the task itself"
    return f"unknown {'field' if 'title' in known else 'key'} {unquoted(name)}", mend


def required() -> list[str]:
    """Return the fields that every task must have, defaults included."""
    names: list[str] = _part(MANIFEST)["$defs"]["wholeTask"]["required"]
    return names


def missing(path: tuple[str | int, ...], name: str, mend: str = "") -> UnplacedProblem:
    """Return the fault of a name that must be there and is not; `mend` is what the schema says."""
    if mend:
        return UnplacedProblem(path, f"{name} is missing", mend)
    match name:
        case "title":
            return UnplacedProblem(path, "title is missing", "every task needs one")
        case "responsibleId":
            mend = "give the number of a person here or in defaults"
            return UnplacedProblem(path, "responsibleId is missing", mend)
        case "apiVersion":
            mend = "begin with apiVersion: tasksync/v1"
            return UnplacedProblem(path, "apiVersion is missing", mend)
        case _:
            return UnplacedProblem(path, f"{name} is missing", f"add {name}: ...")


def _wrong(kind: str, value: object, schema: Schema) -> tuple[str, str]:
    if kind == "type":
        return _wrong_type(value, schema)
    if kind == "enum":
        what, mend = _not_listed(value, schema["enum"])
        return what, schema.get("x-mend", mend)
    if kind == "const":
        return _not_listed(value, [schema["const"]])
    if kind == "pattern" and ("x-person" in schema or "x-group" in schema):
        return _no_number(value, schema)
    if kind == "pattern":
        mend = schema.get("x-mend", "")
        return f"{shown(value)} is not {schema.get('x-says', 'of the right form')}", mend
    return _out_of_range(kind, value, schema)


def _out_of_range(kind: str, value: object, schema: Schema) -> tuple[str, str]:
    match kind:
        case "minLength":
            return "is empty", "write something, or leave it out"
        case "maxLength":
            length = len(str(value))
            return f"has {length} characters, {schema['maxLength']} are allowed", "shorten it"
        case "minimum":
            least = schema["minimum"]
            none = "; null for none" if "null" in schema.get("type", ()) else ""
            return f"cannot be {shown(value)}: the least is {least}", f"use {least} or more{none}"
        case "maximum":
            return f"cannot be {shown(value)}: it is too big", f"at most {schema['maximum']}"
        case _:
            return f"cannot be {shown(value)}", ""


def _not_listed(value: object, allowed: list[object]) -> tuple[str, str]:
    if value is None:
        return "cannot be empty (null)", f"use {listed(allowed)}, or leave it out"
    words = [one for one in allowed if isinstance(one, str)]
    near = closest(value, words) if isinstance(value, str) else None
    if isinstance(value, str) and any(str(one) == value for one in allowed):
        return f"cannot be the text {shown(value)}", "remove the quotes"
    mend = f"use {listed(allowed)}"
    return f"cannot be {shown(value)}", f"did you mean {near}? {mend}" if near else mend


def _wrong_type(value: object, schema: Schema) -> tuple[str, str]:
    kinds = [schema["type"]] if isinstance(schema["type"], str) else list(schema["type"])
    if value is None:
        return "cannot be empty (null)", _unclearable(kinds, schema)
    if "integer" in kinds and isinstance(value, float):
        return f"is {value}, not a whole number", "leave the fraction off"
    if "x-person" in schema or "x-group" in schema:
        return _no_number(value, schema)
    if "string" in kinds and isinstance(value, int | float):
        return _not_text(value, kinds, schema)
    if "integer" in kinds:
        return _no_number(value, schema)
    return _wrong_shape(value, kinds, schema)


def _not_text(value: object, kinds: list[str], schema: Schema) -> tuple[str, str]:
    if EDITORS in schema or "integer" in kinds:  # quoted it would be wrong as well
        return f"{shown(value)} is not {schema.get('x-says', 'text')}", str(schema["x-mend"])
    return f"is {shown(value)}, not text", f'quote it: "{shown(value)}"'


def _wrong_shape(value: object, kinds: list[str], schema: Schema) -> tuple[str, str]:
    if "boolean" in kinds and "x-mend" in schema:
        return f"cannot be {shown(value)}", str(schema["x-mend"])
    if "boolean" in kinds:
        return f"cannot be {shown(value)}", "use true or false"
    if "array" in kinds:
        what = f"must be a list, not {shown(value)}"
        return what, "write [a, b]" if isinstance(value, dict) else f"write [{_inside(value)}]"
    if "object" in kinds:
        what = f"must be a mapping of names to values, not {shown(value)}"
        return what, schema.get("x-mend", "indent them under it")
    return f"must be text, not {shown(value)}", "write one text"


def _inside(value: object) -> str:
    return value if isinstance(value, str) else shown(value)


def _unclearable(kinds: list[str], schema: Schema) -> str:
    if "x-mend" in schema and "object" in kinds:
        return str(schema["x-mend"])
    if "object" in kinds:
        return "write {} for nothing"
    return "write [] for nothing" if "array" in kinds else "give a value, or leave it out"


def _no_number(value: object, schema: Schema) -> tuple[str, str]:
    says = schema.get("x-says", "a whole number")
    if not isinstance(value, str):
        return f"must be {says}, not {shown(value)}", "write one whole number"
    if value.isascii() and value.isdecimal():
        return f"is the text {shown(value)}, not a number", "remove the quotes and leading zeros"
    return f"must be {says}, not {shown(value)}", schema.get("x-mend", "write digits only")
