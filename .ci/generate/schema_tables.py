"""Tables of what a JSON Schema says: every field with its type, its limits and its words."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from regions import code, plain, table

Node = Mapping[str, Any]
_HEAD = ("field", "takes", "means")
_EXACT = 2**53
_LONGEST_PATTERN = 48
_REF = "#/$defs/"
#: what a value is that leads to somebody
_WHO: Mapping[str, str] = {
    "x-person": "a person (number, address, name of `people`)",
    "x-group": "a group (number or name)",
}


class NotDescribed(Exception):
    """Fields of a schema of which it does not say what they mean."""


@dataclass(frozen=True)
class Words:
    """How a schema is read: `patterns` shows regular expressions, else what to write instead."""

    schema: Node
    #: what the whole is called, at the head of its first table
    name: str
    #: definitions that have a section of their own
    own: tuple[str, ...]
    patterns: bool = True
    deep: str = "##"

    def sections(self) -> str:
        """Return a section for the whole, and one for each definition; raises NotDescribed."""
        parts = list(self._sections())
        missing = [line for part in parts for line in re.findall(r".*\?\?\?.*", part)]
        if missing:
            file = str(self.schema["$id"]).rpartition("/")[2]
            raise NotDescribed(f"schemas/{file}: say what is meant by\n" + "\n".join(missing))
        return "\n\n".join(parts)

    def _sections(self) -> Iterator[str]:
        yield from self._section(self.name, self.schema, told=False)
        for variant in self.schema.get("oneOf", ()):
            if "type" in variant.get("properties", {}):
                words = variant["properties"]["type"]
                name = " and ".join(code(one) for one in _values(words))
                fields = {key: one for key, one in variant["properties"].items() if key != "type"}
                yield from self._section(name, {**variant, "properties": fields})
        for name in self.own:
            yield from self._section(name, self.schema["$defs"][name])

    def _section(self, name: str, node: Node, *, told: bool = True) -> Iterator[str]:
        yield f"{self.deep} {name}"
        if told and node.get("description"):
            yield sentence(plain(node["description"]))
        rows = list(_merged(self._rows(node, "")))
        if rows:
            yield table(_HEAD, rows)
        elif "properties" not in node:
            yield f"{self._takes(node)}."
        alike: dict[tuple[str, str], list[str]] = defaultdict(list)
        for path, field, more in self._alike(node, ""):
            alike[path, more].append(code(field))
        for (path, more), fields in alike.items():
            whose = f"{code(path)} has" if path else "It has"
            yield f"{whose} of a [task](#task){more}: {', '.join(fields)}."

    def _alike(self, node: Node, path: str) -> Iterator[tuple[str, str, str]]:
        """Yield the fields that are those of a task: where, which, and what more they take."""
        for name, child, _needed in self._fields(node):
            if isinstance(child, Mapping):
                if (more := self._like_a_task(child)) is not None:
                    yield path, name, more
                elif "properties" in child:
                    yield from self._alike(child, f"{path}.{name}".lstrip("."))

    def _rows(self, node: Node, path: str) -> Iterator[tuple[str, str, str]]:
        """Yield the rows of an object's fields, and of those below them."""
        for name, child, needed in self._fields(node):
            # true: of an event, which all events have
            if child is True or self._like_a_task(child) is not None:
                continue
            told = path + name
            mark = ", always" if needed else ""
            yield (code(told) + mark, self._takes(child), self._means(child))
            yield from self._below(child, told)

    def _below(self, child: Node, told: str) -> Iterator[tuple[str, str, str]]:
        if "properties" in child or any("properties" in one for one in _forms(child)):
            yield from self._rows(child, f"{told}.")
        for one in _forms(child):
            items, more = one.get("items"), one.get("additionalProperties")
            if isinstance(items, Mapping) and "properties" in items:
                yield from self._rows(items, f"{told}[].")
            if isinstance(more, Mapping) and "properties" not in one:
                yield from self._rows(more, f"{told}.NAME.")

    def _fields(self, node: Node) -> Iterator[tuple[str, Any, bool]]:
        """Yield name, schema and whether it is always there, once each over all forms."""
        forms = [one for one in _forms(node) if "properties" in one]
        if "properties" in node:
            forms = [node]
        found: dict[str, Any] = {}
        for form in forms:
            named = {_named(key): one for key, one in form.get("patternProperties", {}).items()}
            for name, child in {**form["properties"], **named}.items():
                found[name] = _either(found.get(name, child), child)
        for name, child in found.items():
            yield name, child, all(name in one.get("required", ()) for one in forms)

    def _like_a_task(self, child: Node) -> str | None:
        """Return "" for a field of a task, and what else it takes where it takes more."""
        first = f"{_REF}task/properties/"
        if str(child.get("$ref", "")).startswith(first):
            return ""
        refs = [str(one.get("$ref", "")) for one in child.get("anyOf", ())]
        if refs and refs[0].startswith(first) and refs[1:] == [f"{_REF}placeholders"]:
            return ", each also as a text with `${parameter}` in it"
        return None

    def _means(self, child: Node) -> str:
        if words := child.get("description"):
            return sentence(plain(words))
        target = self._target(child)
        if target is not child and target.get("description"):
            return sentence(plain(target["description"]))
        return "???"

    def _target(self, node: Node) -> Node:
        ref = str(node.get("$ref", ""))
        if not ref.startswith(_REF):
            return node
        found: Any = self.schema
        for part in ref.removeprefix("#/").split("/"):
            found = found[part]
        return dict(found)

    def _takes(self, node: Node) -> str:
        """Return the type of a value and its limits, in words."""
        if ref := str(node.get("$ref", "")):
            name = ref.removeprefix(_REF)
            if name in self.own:
                return f"[{name}](#{name.replace('_', '_').lower()})"
            return self._takes(self._target(node))
        for mark, words in _WHO.items():
            if mark in node:
                return words + (" or `null`" if "null" in node.get("type", ()) else "")
        if "const" in node or "enum" in node:
            return ", ".join(code(_written(one)) for one in _values(node))
        if forms := node.get("anyOf") or node.get("oneOf"):
            return " or ".join(dict.fromkeys(self._takes(one) for one in forms))
        types = node.get("type", ())
        types = [types] if isinstance(types, str) else list(types)
        told = [self._of_type(one, node) for one in types]
        return " or ".join(dict.fromkeys(told)) or "anything"

    def _of_type(self, kind: str, node: Node) -> str:
        if kind == "array":
            most = f", {node['maxItems']} at most" if "maxItems" in node else ""
            items = node.get("items")
            inner = self._takes(items) if isinstance(items, Mapping) else "anything"
            return f"list of {inner}{most}" if "object" not in inner else f"list of objects{most}"
        if kind == "object":
            more = node.get("additionalProperties")
            if isinstance(more, Mapping) and "properties" not in node:
                return f"object: name → {self._takes(more)}"
            return "object"
        if kind in {"integer", "number"}:
            return {"integer": "whole number", "number": "number"}[kind] + _range(node)
        if kind == "string":
            return self._text(node)
        return {"boolean": "`true` or `false`", "null": "`null`"}[kind]

    def _text(self, node: Node) -> str:
        kinds = {"date-time": "date and time", "date": "day", "uri": "address"}
        kind = kinds.get(str(node.get("format")), "text")
        least, most = node.get("minLength"), node.get("maxLength")
        if most:
            kind += f" of {least or 0} to {most} characters"
        elif least:
            kind += ", not empty"
        if not self.patterns:
            mend = node.get("x-mend")
            return f"{kind} ({plain(mend)})" if mend else kind
        pattern = node.get("pattern", "")
        return f"{kind} {code(pattern)}" if 0 < len(pattern) <= _LONGEST_PATTERN else kind


def _forms(node: Node) -> Iterator[Node]:
    """Yield the forms that a value may have; the value itself where it has one."""
    forms = node.get("oneOf") or node.get("anyOf")
    yield from forms or (node,)


def _values(node: Node) -> list[Any]:
    return list(node["enum"]) if "enum" in node else [node["const"]]


def _written(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _range(node: Node) -> str:
    least, most = node.get("minimum"), node.get("maximum")
    if most is not None and most < _EXACT:
        return f" from {least or 0} to {most}"
    if "exclusiveMinimum" in node:
        return f" above {node['exclusiveMinimum']}"
    return "" if least is None else f" from {least}"


def _named(pattern: str) -> str:
    """Return how fields are called whose names fit a pattern: by what all begin with."""
    found = re.match(r"\^([A-Za-z_]+)", pattern)
    return f"{found[1]}…" if found else f"/{pattern}/"


def _either(one: Any, other: Any) -> Any:
    """Return a field of two forms: what both may be, where both are one of some words."""
    if one == other or not all({"enum", "const"} & set(it) for it in (one, other)):
        return one
    return {**one, "enum": [*dict.fromkeys(_values(one) + _values(other))]}


def _merged(rows: Iterator[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    """Yield the rows, those of one object that say the same as one."""
    same: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for field, takes, means in rows:
        same[re.sub(r"[^.`]*`", "", field), takes, means].append(field)
    for (_parent, takes, means), fields in same.items():
        yield ", ".join(fields), takes, means


def sentence(words: str) -> str:
    """Return words as a sentence; a value at its head, as in `true: never`, keeps its letters."""
    ended = words if words.endswith((".", "…", "?")) else f"{words}."
    return ended if re.match(r"\w+:", ended) else ended[:1].upper() + ended[1:]
