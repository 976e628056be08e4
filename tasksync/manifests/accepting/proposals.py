"""What may be written so that a manifest asks for a portal's value: proposals, the best first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from tasksync.core.fields import FIELDS, FieldKind, RemoteId, TaskKey, Value, same
from tasksync.core.task import Place, Problem
from tasksync.manifests import extra_values, schema
from tasksync.manifests.accepting.csv_cells import Cell
from tasksync.manifests.accepting.value_sources import Fixed, InCell, InYaml, ValueSource
from tasksync.manifests.accepting.written_forms import FormsOfValues
from tasksync.manifests.editing.edits import REMOVED, Edit, NewValue, Removal
from tasksync.manifests.hints import shown
from tasksync.manifests.language.given_values import DIVIDER
from tasksync.manifests.unplaced import BadValue
from tasksync.manifests.values import Normaliser
from tasksync.value_classes import dataclass

#: what stands for the fields that every task must have, where another is looked at by itself
_BARE: Final[Mapping[str, object]] = {"title": "x", "responsibleId": 1}


@dataclass(frozen=True, slots=True)
class PortalValue:
    """What the portal has for one field of a task, in normal form, and is to be written."""

    key: TaskKey
    name: str
    found: Value

    def __str__(self) -> str:
        return f"{self.key}.{self.name}"


@dataclass(frozen=True, slots=True)
class FileChange:
    """One edit of one file: of YAML, or of a cell of a CSV."""

    file: str
    edit: Edit | Cell


#: what is written for one value: edits that belong together
Proposal: TypeAlias = tuple[FileChange, ...]


class CannotWrite(Exception):
    """No value can be written in this place; carries the problem that says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.what)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Proposals:
    """Makes proposals; `keys` are the keys of the project's tasks by their ids."""

    forms: FormsOfValues
    keys: Mapping[RemoteId, TaskKey]
    is_valid: Callable[[Any], bool]

    def of(self, value: PortalValue, source: ValueSource) -> tuple[Proposal, ...]:
        """Return what may be written for a value; raises CannotWrite where nothing can."""
        if isinstance(source.at, Fixed):
            raise CannotWrite(self._problem(value, source.place, source.at.what, source.at.mend))
        if value.name == "parentId":
            return tuple(self._parents(value, source, source.at))
        forms = self.forms.of(value.name, value.found, _style(source), source.usual)
        if source.normaliser is None:
            return tuple(_put(source.at, _in_cell(source.at, form)) for form in forms)
        name, why, good = value.name, "", []
        for form in forms:
            fault = self._fault(source.normaliser, value, form)
            why = why or fault
            if not fault:
                good.append(_put(source.at, form))
        if not good:
            what = f"the portal's value cannot stand in a manifest ({why})"
            mend = f"let apply put it right, or leave it to people: fieldPolicy: {{{name}: accept}}"
            raise CannotWrite(self._problem(value, source.place, what, mend))
        return tuple(good)

    @staticmethod
    def _problem(value: PortalValue, place: Place, what: str, mend: str) -> Problem:
        return Problem(place, f"{value} cannot be accepted: {what}", mend)

    def _fault(self, normaliser: Normaliser, value: PortalValue, form: object) -> str:
        """Return why a form is not read as the portal's value, or ""."""
        name = value.name
        own: dict[str, Any] = {extra_values.NAME: {name: form}} if _is_extra(name) else {name: form}
        block = extra_values.plain({**_BARE, **own})
        try:
            if not self.is_valid(block):
                return next((fault.what for fault in schema.faults(schema.WHOLE_TASK, block)), "")
            read = normaliser(block).fields[name]
        except BadValue as bad:
            return bad.what
        except (ValueError, OverflowError):
            return "the manifest has no such value"
        if same(name, read, value.found):
            return ""
        return f"{shown(form)} would be read as {shown(read)}"

    def _parents(
        self, value: PortalValue, source: ValueSource, at: InYaml | InCell
    ) -> Iterator[Proposal]:
        """Yield how another parent is written: by its key where it is the project's, else by id."""
        found = value.found
        key = self.keys.get(RemoteId(found)) if isinstance(found, int) else None
        forms: list[Value] = [form for form in (key, found) if form is not None] or [None]
        if source.normaliser is None or isinstance(at, InCell):
            yield from (_put(at, _in_cell(at, form)) for form in forms)
            return
        of_key = _named(at, "parent")
        of_number = _named(at, "parentId")
        if source.name == "parent":
            if key is not None or found is None:
                yield _put(of_key, key)
            if found is not None:
                yield (*_put(of_key, REMOVED), *_put(of_number, found))
            return
        if key is not None and not source.own:
            yield _put(of_key, key)
        yield _put(of_number, found)


def _is_extra(name: str) -> bool:
    return name not in FIELDS


def _named(at: InYaml, name: str) -> InYaml:
    return InYaml(at.file, (*at.path[:-1], name), at.document)


def _style(source: ValueSource) -> object:
    """Return what is written, as YAML would have it: a cell is a text, a number or a list."""
    like = source.like
    if not isinstance(source.at, InCell) or not isinstance(like, str):
        return like
    kind = FIELDS[source.name].kind
    if kind in {FieldKind.PEOPLE, FieldKind.TAGS}:
        parts = [part.strip() for part in like.split(DIVIDER)]
        return [_number(part) if kind is FieldKind.PEOPLE else part for part in parts if part]
    return like if kind in {FieldKind.TEXT, FieldKind.INSTANT} else _number(like)


def _number(text: str) -> object:
    return int(text) if text.isascii() and text.isdecimal() else text


def _put(at: InYaml | InCell, form: Any) -> Proposal:
    if isinstance(at, InCell):
        return (FileChange(at.file, Cell(at.line, at.column, str(form))),)
    value: NewValue | Removal = form
    return (FileChange(at.file, Edit(at.path, value, at.document)),)


def _in_cell(at: InYaml | InCell, form: Any) -> Any:
    """Return a value as the text of a cell, where it is one."""
    if not isinstance(at, InCell):
        return form
    match form:
        case None:
            return ""
        case bool():
            return str(form).lower()
        case list():
            return DIVIDER.join(map(str, form))
    return str(form)
