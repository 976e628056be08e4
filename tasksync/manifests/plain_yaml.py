"""A manifest written out: one document of plain YAML that asks for the same.

No defaults, templates or dates that hang on others: each task says what is asked for. Text is
written so that every reader of YAML reads the same: in double quotes unless it is plain words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from tasksync.core.fields import FIELDS, PRIORITY_WORDS, STATUS_WORDS, KeyRef, Value
from tasksync.core.manifest import Manifest, Moved, Policy, Threshold
from tasksync.core.task import Options, Task
from tasksync.late_patterns import pattern_of
from tasksync.manifests.directory_names import NAMED_FIELDS
from tasksync.manifests.foreign import API_VERSION
from tasksync.manifests.reader import plain

#: words that begin no other value and hold no sign of YAML
_WORDS: Final = pattern_of(r"[A-Za-z][A-Za-z0-9./-]*(?: [A-Za-z0-9./-]+)*", re.ASCII)
_LONGEST: Final = 100
#: no person and no group has so large a number
_NOBODY: Final = 1 << 60
#: what older readers take for true or false
_CONSTANTS: Final = frozenset({"y", "n", "yes", "no", "on", "off"})
#: what JSON leaves as it is and YAML takes for a line break, or does not take
_ESCAPED: Final = pattern_of("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


class NumbersOfWords:
    """A directory that takes any address, and knows from its numbers which it was."""

    moves = 0

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}
        self.known: dict[int, str] = {}

    def person(self, address: str) -> int:
        """Return a number that nobody has."""
        return self._number("person", address)

    def group(self, name: str) -> int:
        """Return a number that no group has."""
        return self._number("group", name)

    def unchanged(self) -> bool:
        """Nothing is remembered."""
        return True

    def must_have_answered(self) -> None:
        """Nobody is asked."""

    def _number(self, kind: str, word: str) -> int:
        number = self._numbers.setdefault((kind, word), _NOBODY + len(self._numbers))
        self.known[number] = word
        return number


def lines(
    manifest: Manifest, tasks: Iterable[Task], known: Mapping[int, str] = MappingProxyType({})
) -> Iterator[str]:
    """Yield the lines of the document; tasks stand in the order of their keys.

    `known` are the addresses and names that numbers of people and groups stand for.
    """
    yield f"apiVersion: {API_VERSION}"
    yield f"project: {text(manifest.project)}"
    if manifest.timezone is not None:
        yield f"timezone: {text(manifest.timezone)}"
    policy = list(_policy(manifest.policy))
    if policy:
        yield "policy:"
        yield from policy
    if manifest.moved:
        yield "moved:"
        yield from (
            f"  - {{from: {text(one.before)}, to: {text(one.after)}{_project(one)}}}"
            for one in manifest.moved
        )
    if manifest.removed:
        yield "removed:"
        yield from (f"  - {text(key)}" for key in manifest.removed)
    yield from _tasks(tasks, known)


def _project(move: Moved) -> str:
    return f", project: {text(move.project)}" if move.project else ""


def _tasks(tasks: Iterable[Task], known: Mapping[int, str]) -> Iterator[str]:
    empty = True
    for task in sorted(tasks, key=lambda one: one.key):
        if empty:
            yield "tasks:"
        empty = False
        yield f"  {text(task.key)}:"
        for name, value in task.fields.items():
            if name in FIELDS:
                yield f"    {_field(name, _named(name, value, known))}"
        extra = {name: value for name, value in task.fields.items() if name not in FIELDS}
        if extra:
            told = (f"{text(name)}: {_extra(value)}" for name, value in extra.items())
            yield f"    fields: {{{', '.join(told)}}}"
        yield from (f"    {line}" for line in _options(task.options))
    if empty:
        yield "tasks: {}"


def text(value: str) -> str:
    """Return a text as a scalar that means just it."""
    plainly = _WORDS.fullmatch(value) and len(value) <= _LONGEST
    if plainly and plain(value) == value and value.lower() not in _CONSTANTS:
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)


def _named(name: str, value: Value, known: Mapping[int, str]) -> Value:
    """Return a value with the addresses that were written in it."""
    if name not in NAMED_FIELDS or not known:
        return value
    if isinstance(value, tuple):
        return tuple(known.get(one, one) if isinstance(one, int) else one for one in value)  # type: ignore[return-value]
    return known.get(value, value) if isinstance(value, int) else value


def _field(name: str, value: Value) -> str:
    if isinstance(value, KeyRef):
        return f"parent: {text(value.key)}"
    if value == FIELDS[name].empty:
        return f"{name}: null"
    words = {"status": STATUS_WORDS, "priority": PRIORITY_WORDS}.get(name)
    if words is not None and isinstance(value, int):
        return f"{name}: {words[value]}"
    return f"{name}: {_scalar(value)}"


def _scalar(value: Value) -> str:
    match value:
        case tuple():
            return f"[{', '.join(_item(one) for one in value)}]"
        case str():
            return text(value)
    return str(value)


def _item(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return text(value)
        case float():
            return f"{value:.20f}".rstrip("0")
    return str(value)


def _extra(value: Value) -> str:
    match value:
        case None:
            return "null"
        case tuple():
            return f"[{', '.join(map(_item, value))}]"
        case KeyRef():
            raise TypeError(value)
    return _item(value)


def _options(options: Options) -> Iterator[str]:
    if options.protect is not None:
        yield f"protect: {str(options.protect).lower()}"
    if options.on_remove is not None:
        yield f"onRemove: {options.on_remove}"
    policies = options.policies
    if policies:
        told = (f"{text(name)}: {policy}" for name, policy in sorted(policies.items()))
        yield f"fieldPolicy: {{{', '.join(told)}}}"
    if options.adopt is not None:
        yield f"adopt: {{id: {options.adopt}}}"


def _policy(policy: Policy) -> Iterator[str]:
    usual = Policy()
    limits = (
        ("maxDelete", policy.max_delete, usual.max_delete),
        ("maxUpdate", policy.max_update, usual.max_update),
        ("maxVanished", policy.max_vanished, usual.max_vanished),
    )
    for name, limit, otherwise in limits:
        if limit is not None and limit != otherwise:
            yield f"  {name}: {_limit(limit)}"
    if policy.on_remove is not usual.on_remove:
        yield f"  onRemove: {policy.on_remove}"
    if not policy.marker:
        yield "  marker: none"
    if policy.allow_delete is not None:
        reason = f", reason: {text(policy.allow_reason)}" if policy.allow_reason else ""
        yield f"  allow: {{delete: {policy.allow_delete}{reason}}}"
    if policy.hold_unknown:
        yield "  unknownActivity: hold"


def _limit(limit: Threshold) -> str:
    if limit.share is None:
        return str(limit.number)
    return text(f"{limit.share * 100:.12f}".rstrip("0").rstrip(".") + "%")
