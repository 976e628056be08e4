"""The `use` of templates in one another: what is given, which rows, and how much it comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from typing import TypeAlias

from tasksync.core.keys import normal_key
from tasksync.core.task import Place
from tasksync.manifests.hints import unquoted
from tasksync.manifests.language import digests
from tasksync.manifests.language.data_rows import Row, Wants
from tasksync.manifests.language.for_each import ForEach
from tasksync.manifests.language.given_values import value_of
from tasksync.manifests.language.substitution import Compiled, Compiler, Constant, Target
from tasksync.manifests.language.templates import (
    MOST_NESTED_ROWS,
    MOST_OF_INSTANCE,
    NestedUse,
    Settings,
    Template,
    is_broken,
    key_fault,
    known,
    when_of,
)
from tasksync.manifests.node import Node
from tasksync.manifests.unplaced import AlreadyTold, BadValue
from tasksync.manifests.values import check_key

#: returns a template by its name and the place of that, compiled; None with a problem said
Find: TypeAlias = Callable[[str, Place], Template | None]


def compile_uses(template: Template, find: Find, settings: Settings) -> None:
    """Take in the nested uses of a template; its size is whole after that."""
    part = template.node.parts.get("use")
    nested = _Nesting(template, find, settings)
    texts = [template.text]
    for node in part.parts.values() if part is not None and isinstance(part.value, list) else ():
        use = nested.use(node)
        if use is None:
            template.broken = True
            continue
        template.uses.append(use)
        template.steady = False
        template.fixed_parents = template.fixed_parents and use.template.fixed_parents
        template.size += use.template.size * (1 if use.rows is None else len(use.rows))
        template.depth = max(template.depth, use.template.depth + 1)
        texts += [use.template.text, _text_of(use.rows or ())]
    template.text = blake2b(b"".join(texts), digest_size=16).digest()
    if part is not None:
        nested.check_size(part)


def _text_of(rows: Iterable[Row]) -> bytes:
    said = [[row.key, row.values, row.cells] for row in rows]
    return blake2b(digests.told(said), digest_size=16).digest()


class _Nesting:
    """The nested uses of one template."""

    def __init__(self, template: Template, find: Find, settings: Settings) -> None:
        self._template = template
        self._find = find
        self._settings = settings
        self._compiler = Compiler(template.parameters, settings.locale)

    def check_size(self, node: Node) -> None:
        """Say where an instance would be too large; what uses it, is broken with it."""
        template = self._template
        if template.size > MOST_OF_INSTANCE and not template.broken:
            template.broken = True
            what = (
                f"an instance of the template {template.name} has {template.size} tasks; "
                f"{MOST_OF_INSTANCE} are allowed"
            )
            self._say(node, what, "use fewer templates or rows in it")

    def use(self, node: Node) -> NestedUse | None:
        """Return a nested use, or None where something was said of it."""
        if is_broken(node) or not isinstance(node.value, dict):
            return None
        name, part = node.value.get("template"), node.parts.get("template", node)
        place = self._template.origin.place(part.position)
        inner = self._find(name, place) if isinstance(name, str) else None
        if inner is None or inner.broken:
            return None
        said = len(self._settings.problems)
        key = self._key(node)
        given = self._given(node, inner)
        rows = self._rows(node, inner, given)
        when = when_of(self._template, node, self._settings)
        if len(self._settings.problems) > said:
            return None
        return NestedUse(node, inner, key, given, rows, when)

    def _key(self, node: Node) -> Compiled:
        fault = key_fault(node)
        if fault is not None:
            self._say(*fault)
        part = node.parts.get("key")
        if part is None or fault is not None:
            return Constant("")
        try:
            key = self._compiler.value(part.value, Target.WORDS)
            if isinstance(key, Constant):
                check_key(normal_key(str(key.value)))
        except BadValue as bad:
            self._say(part, bad.what, bad.mend)
            return Constant("")
        return key

    def _given(self, node: Node, inner: Template) -> dict[str, Compiled]:
        part = node.parts.get("with")
        found: dict[str, Compiled] = {}
        for step, value in part.parts.items() if part is not None else ():
            name = str(step)
            if part is not None and name not in inner.parameters:
                what = f"the template {inner.name} has no parameter {unquoted(name)}"
                place = self._template.origin.place(part.names.get(name, value.position))
                self._settings.say(place, what, known(name, inner.parameters))
            elif value.value is not None:
                compiled = self._one(inner, name, value)
                if compiled is not None:
                    found[name] = compiled
        if "forEach" not in node.parts:
            self._all_given(part or node, inner, found)
        return found

    def _one(self, inner: Template, name: str, node: Node) -> Compiled | None:
        parameter = inner.parameters[name]
        try:
            compiled = self._compiler.given(parameter, node.value)
            if isinstance(compiled, Constant):
                value_of(parameter, compiled.value, self._settings.dates)
        except AlreadyTold:
            self._template.broken = True
            return None
        except BadValue as bad:
            part = node.at(bad.path) or node
            self._say(part, bad.what, bad.mend)
            return None
        return compiled

    def _all_given(self, node: Node, inner: Template, found: Mapping[str, Compiled]) -> None:
        written = node.value if isinstance(node.value, dict) else {}
        for name, parameter in inner.parameters.items():
            if parameter.required and name not in found and written.get(name) is None:
                what = f"the parameter {name} of the template {inner.name} is missing"
                self._say(node, what, f"add {name}: ... to with")

    def _rows(
        self, node: Node, inner: Template, given: Mapping[str, Compiled]
    ) -> tuple[Row, ...] | None:
        part = node.parts.get("forEach")
        if part is None:
            return None
        held = self._settings.nested_rows
        if held.count > MOST_NESTED_ROWS:  # which was said
            self._template.broken = True
            return ()
        empty = node.parts.get("allowEmpty")
        allow_empty = empty is not None and empty.value is True
        wants = Wants(inner.parameters, tuple(given), allow_empty)
        settings = self._settings
        each = ForEach(
            self._template.origin.file,
            part,
            settings.root,
            wants,
            settings.problems,
            settings.instead,
        )
        found: list[Row] = []
        for row in each.rows():
            found.append(row)
            held.count += 1
            if held.count > MOST_NESTED_ROWS:
                what = f"all uses in templates have more than {MOST_NESTED_ROWS} rows together"
                self._say(part, what, "use fewer rows here")
                break
            if len(found) * max(1, inner.size) > MOST_OF_INSTANCE:
                what = (
                    f"an instance of the template {self._template.name} has more than "
                    f"{MOST_OF_INSTANCE} tasks: {len(found)} rows of {inner.size} and more"
                )
                self._say(part, what, "use fewer rows here")
                break
        return tuple(found)

    def _say(self, node: Node, what: str, mend: str) -> None:
        self._settings.say(self._template.origin.place(node.position), what, mend)
