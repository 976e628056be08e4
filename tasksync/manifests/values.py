"""Friendly values to the normal form of core.fields, and the digest of what is asked.

A task comes here after the schema has checked it: types and ranges hold, and only what no
schema can say is left (real dates, control characters, the marker among the tags …).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final, NamedTuple, TypeAlias

import orjson

from tasksync.core.address_book import STAND_IN
from tasksync.core.durations import seconds_in, why_not
from tasksync.core.fields import (
    FIELDS,
    PRIORITY_WORDS,
    STATUS_WORDS,
    FieldKind,
    KeyRef,
    RemoteId,
    TaskKey,
    Value,
    digest_plain,
)
from tasksync.core.keys import KEY_LIMIT, is_key, normal_key, wrong_in
from tasksync.core.manifest import MARKER_PREFIX
from tasksync.core.task import NO_OPTIONS, NOTHING_WRITTEN, OnRemove, Options
from tasksync.late_patterns import pattern_of
from tasksync.manifests import extra_values, policies
from tasksync.manifests.datetimes import Instants
from tasksync.manifests.directory_names import NAMED_FIELDS, DirectoryNames
from tasksync.manifests.hints import shown
from tasksync.manifests.resolved import Resolved
from tasksync.manifests.unplaced import BadValue, UnplacedProblem
from tasksync.manifests.worded import WordedText, words_of

OPTION_NAMES = frozenset({"protect", "onRemove", "ignoreChanges", "adopt", policies.NAME})
#: every name that a task's block may have
TASK_NAMES: Mapping[str, str] = {
    name: name for name in (*FIELDS, "parent", extra_values.NAME, *sorted(OPTION_NAMES))
}

_CONTROL = pattern_of("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
#: so many sets of names are remembered
SHAPES: Final = 256

#: a value in normal form, and as it goes into the digest
Pair: TypeAlias = tuple[Value, object]  # Resolved, where something else was written
Convert: TypeAlias = Callable[[Any], Pair]
#: a field, what normalises its value (None: it is normal), and what stands for nothing
Conversion: TypeAlias = tuple[str, Convert | None, Any]


class Normal(NamedTuple):
    """A task's block in normal form, with the digest that core.task would give it.

    `written` is what stood in the manifest for the values that were resolved, by field.
    """

    fields: dict[str, Value]
    options: Options
    digest: bytes
    parent: TaskKey | None
    written: Mapping[str, str] = NOTHING_WRITTEN


def check_key(key: str) -> None:
    """Raise BadValue where a key, in normal form, is not one."""
    if is_key(key):
        return
    if len(key) > KEY_LIMIT:
        what = f"a key has {KEY_LIMIT} characters at most, this one {len(key)}"
        raise BadValue(what, "shorten it")
    if not key.startswith("/") and is_key(key.replace("/", "")):
        raise BadValue(f"{shown(key)} has a part that is empty or dots", "write parts like a/b")
    wrong, mend = wrong_in(key), "begin with a letter or digit; then letters, digits and . _ / -"
    if wrong is not None and not (wrong.isascii() and wrong.isprintable()):
        raise BadValue(f"{shown(key)} holds U+{ord(wrong):04X}, which no key may have", mend)
    raise BadValue(f"{shown(key)} is no key", mend)


#: what replaces the defaults name by name, not as a whole
_NAME_BY_NAME = (
    (policies.NAME, policies.merged),
    (extra_values.NAME, extra_values.merged),
)


def with_defaults(defaults: Mapping[str, object], own: Mapping[str, object]) -> dict[str, object]:
    """Return a block with defaults under it; of policies and extra fields each by itself."""
    block = {**defaults, **own}
    if not defaults:
        return block
    for name, merged in _NAME_BY_NAME:
        if name in own and name in defaults:
            block[name] = merged(defaults[name], own[name])
    return block


class Normaliser:
    """Puts defaults under a task's block and brings it to normal form."""

    __slots__ = ("_bare", "_defaults", "_names", "_plan", "_plans", "_reads")

    def __init__(
        self,
        defaults: Mapping[str, object],
        instants: Instants,
        names: DirectoryNames | None = None,
    ) -> None:
        self._names = names = names or DirectoryNames()
        self._plan: list[Conversion] = [
            (name, _converter(name, instants, names), FIELDS[name].empty) for name in FIELDS
        ]
        self._plans: dict[tuple[str, ...], list[Conversion]] = {}
        self._reads = _Reads(instants)
        self._set_defaults(dict(defaults))

    def _set_defaults(self, defaults: dict[str, object]) -> None:
        self._defaults = defaults
        self._bare = {name: value for name, value in defaults.items() if name != "parentId"}

    def without_unknown(self) -> None:
        """Leave people and groups of the defaults out who are not found: that was said once.

        A number stands in for them, so that no task is said to lack what it has.
        """
        unknown = {fault.path[0] for fault in self._names.faults(self._defaults)}
        lists = {name for name, value in self._defaults.items() if isinstance(value, list)}
        stand_ins: dict[str, object] = {
            str(name): [] if name in lists else STAND_IN for name in unknown
        }
        if stand_ins:
            self._set_defaults({**self._defaults, **stand_ins})

    def with_defaults(self, body: Mapping[str, object]) -> dict[str, object]:
        """Return the block with the defaults under it; a parent's key displaces its number."""
        block = with_defaults(self._bare if "parent" in body else self._defaults, body)
        return extra_values.plain(block) if extra_values.NAME in body else block

    def __call__(self, block: dict[str, Any]) -> Normal:
        """Return a block that the schema passed in normal form; raises BadValue."""
        parent: TaskKey | None = None
        if "parent" in block:
            parent = _parent(block)
        fields: dict[str, Value] = {}
        plain: list[object] = []
        written: dict[str, str] | None = None
        names = tuple(block)
        for name, convert, empty in self._plans.get(names) or self._steps(names):
            value = block[name]
            told: Any
            if value is None:
                value = told = empty
            elif convert is None:
                told = value
            else:
                pair = convert(value)
                if pair.__class__ is Resolved or value.__class__ is WordedText:
                    written = written or {}
                    written[name] = _as_written(value)
                value, told = pair
            fields[name] = value
            plain += (name, told)
        if "startDatePlan" in fields:
            _in_order(fields, plain)
        if extra_values.NAME in block:
            for name, value, told in extra_values.taken(block, self._reads):
                fields[name] = value
                plain += (name, told)
            written = extra_values.all_written(block) | (written or {})
        options = NO_OPTIONS if OPTION_NAMES.isdisjoint(block) else _options(block)
        if options is not NO_OPTIONS and options != NO_OPTIONS:
            plain.insert(0, options.plain())
        return Normal(fields, options, _digest(plain), parent, written or NOTHING_WRITTEN)

    def _steps(self, names: tuple[str, ...]) -> list[Conversion]:
        """Return what is to be done with a block of these names; most blocks have the same."""
        if len(self._plans) >= SHAPES:
            self._plans.clear()
        steps = self._plans[names] = [step for step in self._plan if step[0] in names]
        return steps

    def faults(self, block: Mapping[str, Any]) -> Iterator[UnplacedProblem]:
        """Yield everything that `__call__` would not have, each under its field."""
        moments: dict[str, int] = {}
        if "parent" in block and "parentId" in block:
            yield _two_parents().under("parent")
        yield from policies.faults(block)
        yield from extra_values.faults(block, self._reads)
        for name, convert, _empty in self._plan:
            value = block.get(name)
            if value is None or convert is None or isinstance(value, KeyRef):
                continue
            if name in NAMED_FIELDS:
                yield from self._names.faults({name: value})
                continue
            try:
                _value, told = convert(value)
            except BadValue as bad:
                yield bad.under(name)
            else:
                if FIELDS[name].kind is FieldKind.INSTANT:
                    moments[name] = int(str(told))
        if moments.get("endDatePlan", _LATEST) < moments.get("startDatePlan", 0):
            yield _out_of_order(block["startDatePlan"], block["endDatePlan"]).under("endDatePlan")


class _Reads(NamedTuple):
    """Reads the values of extra fields."""

    instants: Instants

    def text(self, text: str) -> None:
        """Raise BadValue for a control character."""
        _no_control(text)

    def date(self, kind: str, text: str) -> str:
        """Return the instant of an expression, or its day alone."""
        if kind == extra_values.DATE:
            return self.instants.day(text)
        return str(self.instants[text][0])


_LATEST = 1 << 62


def _as_written(value: object) -> str:
    """Return what stood in the manifest, a list in the order in which it stood there."""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return words_of(value) or " ".join(str(value).split())


def _two_parents() -> BadValue:
    what = "parent and parentId cannot both be given"
    return BadValue(what, "keep parent for a key of this project, parentId for any other task")


def _parent(block: dict[str, Any]) -> TaskKey | None:
    if "parentId" in block:
        raise _two_parents()
    written = block.pop("parent")
    key = None if written is None else TaskKey(normal_key(written))
    block["parentId"] = None if key is None else KeyRef(key)
    return key


def _out_of_order(start: object, end: object) -> BadValue:
    return BadValue(f"endDatePlan {end} is before startDatePlan {start}", "swap or mend them")


def _in_order(fields: Mapping[str, Value], plain: list[object]) -> None:
    start, end = fields.get("startDatePlan"), fields.get("endDatePlan")
    if start is None or end is None:
        return
    names = plain[::2]  # a title may be the name of a field
    seconds = [plain[2 * names.index(name) + 1] for name in ("startDatePlan", "endDatePlan")]
    if seconds[1] < seconds[0]:  # type: ignore[operator]
        raise _out_of_order(start, end)


def _digest(plain: list[object]) -> bytes:
    """Return core's digest; where all is ASCII, orjson writes the same bytes ten times faster."""
    written = orjson.dumps(plain)
    if written.isascii():
        return blake2b(written, digest_size=16).digest()
    return digest_plain(plain)


def _options(block: Mapping[str, Any]) -> Options:
    on_remove, adopt = block.get("onRemove"), block.get("adopt")
    ignored, others = policies.policies_of(block)
    return Options(
        protect=block.get("protect"),
        on_remove=OnRemove(on_remove) if on_remove else None,
        ignore_changes=ignored,
        adopt=RemoteId(adopt["id"]) if adopt else None,
        field_policy=others,
    )


def _converter(name: str, instants: Instants, names: DirectoryNames) -> Convert | None:
    """Return what normalises a field's value; None where it is normal as it stands."""
    match FIELDS[name].kind:
        case FieldKind.INSTANT:
            return (instants.starts if name == "startDatePlan" else instants).__getitem__
        case FieldKind.PERSON:
            return names.persons.__getitem__
        case FieldKind.GROUP:
            return names.groups.__getitem__
        case FieldKind.PEOPLE:
            return names.people
        case kind:
            return _CONVERT.get(kind)


def _words(words: Mapping[int, str]) -> Convert:
    """Return what knows numbers and their words; a dict's own look-up, for speed."""
    known: dict[object, Pair] = {number: (number, number) for number in words}
    known.update({word: (number, number) for number, word in words.items()})
    return known.__getitem__


def _ref(parent: KeyRef | int) -> Pair:
    return parent, {"key": parent.key} if isinstance(parent, KeyRef) else parent


def _text(text: str) -> Pair:
    if not text.isprintable():
        _no_control(text)
    return text, text


def _no_control(text: str) -> None:
    found = _CONTROL.search(text)
    if found is not None:
        what = f"the text holds the control character U+{ord(found[0]):04X}"
        raise BadValue(what, "only line breaks and tabs are kept; take it out")


def _tags(tags: list[str]) -> Pair:
    return _known_tags(tuple(tags))


@lru_cache(maxsize=4_096)
def _known_tags(written: tuple[str, ...]) -> Pair:
    # what reads the portal's rows leaves outer blanks out: one normal form on both sides
    tags = [tag.strip() for tag in written]
    for at, tag in enumerate(tags):
        # a letter or digit and no colon: nothing else has to be looked at
        if not (tag.isprintable() and tag[:1].isalnum()) or ":" in tag:
            _one_tag(at, tag)
    unique = tuple(sorted(set(tags)))
    return unique, unique


def _one_tag(at: int, tag: str) -> None:
    """Raise BadValue for a tag that cannot be."""
    if not tag:
        raise BadValue("a tag is blank", "leave it out", (at,))
    if tag.casefold().startswith(MARKER_PREFIX):
        what = f"the tag {shown(tag)} begins with {MARKER_PREFIX}, which marks tasksync's own tasks"
        raise BadValue(what, "leave it out; tasksync sets it itself", (at,))
    try:
        _no_control(tag)
    except BadValue as bad:
        raise BadValue(bad.what, bad.mend, (at,)) from bad


def _seconds(written: int | str) -> Pair:
    if isinstance(written, int):
        return written, written
    found = seconds_in(written)
    if found is None:
        raise BadValue(f"{shown(written)} is no estimate", why_not(written))
    if found != int(found):
        raise BadValue(f"{shown(written)} is no whole number of seconds", "round it")
    return int(found), int(found)


_CONVERT: Mapping[FieldKind, Convert] = {
    FieldKind.TEXT: _text,
    FieldKind.STATUS: _words(STATUS_WORDS),
    FieldKind.PRIORITY: _words(PRIORITY_WORDS),
    FieldKind.SECONDS: _seconds,
    FieldKind.TAGS: _tags,
    FieldKind.PARENT: _ref,
}
