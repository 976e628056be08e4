"""What `tasksync status --format json` printed, read back (`schemas/status.schema.json`)."""

from __future__ import annotations

from datetime import datetime

from tasksync.core.fields import STATUS_WORDS, instant
from tasksync.core.formats import typed
from tasksync.core.formats.printed import readable
from tasksync.core.formats.typed import Json
from tasksync.core.formats.values_json import decode_instant
from tasksync.core.project_status import ProjectStatus, StatusQuery, TaskStatus
from tasksync.core.quoting import quoted
from tasksync.late_patterns import pattern_of

_DIGITS = pattern_of("-?[0-9]{1,18}")
_NUMBERS = {word: number for number, word in STATUS_WORDS.items()}


def read_status(document: Json) -> ProjectStatus:
    """Return the status that a document tells; raises NotReadable."""
    with readable():
        return _status(document)


def _status(document: Json) -> ProjectStatus:
    tasks = typed.objects(document, "tasks")
    people = [one["person"] for one in tasks if one.get("person") is not None]
    return ProjectStatus(
        project=typed.text(document, "project"),
        portal=typed.text(document, "portal"),
        at=_moment(document),
        query=_query(typed.mapping(document, "filters")),
        tasks=tuple(map(_task, tasks)),
        total=typed.count(document, "total"),
        missing=tuple(
            (typed.key(one, "key"), typed.remote_id_in(one, "id"))
            for one in typed.objects(document, "missing")
        ),
        unreadable=tuple(
            (_nothing_but_its_name(one), typed.text(one, "what"))
            for one in typed.objects(document, "unreadable")
        ),
        names=names_in(people),
    )


def _moment(document: Json) -> datetime:
    return decode_instant(typed.text(document, "at"))


def names_in(people: list[object]) -> dict[int, str]:
    """Return the names of people by number, as far as they are told."""
    named: dict[int, str] = {}
    for one in people:
        found = typed.mapping({"person": one}, "person")
        name = typed.optional(found, "name", str)
        if name:
            named[typed.count(found, "id")] = name
    return named


def _query(filters: Json) -> StatusQuery:
    return StatusQuery(
        typed.nullable(filters, "glob", str) or "",
        open=typed.flag(filters, "open"),
        overdue=typed.flag(filters, "overdue"),
        due=typed.nullable(filters, "due_seconds", int),
        person=typed.nullable(filters, "person", int),
    )


def _task(one: Json) -> TaskStatus:
    key, person = typed.nullable(one, "key", str), typed.nullable(one, "person", dict)
    until = typed.nullable(one, "deadline", str)
    if until is not None:
        instant(until)  # what is no instant cannot be shown as one
    return TaskStatus(
        key=None if key is None else typed.key(one, "key"),
        id=typed.remote_id_in(one, "id"),
        title=typed.text(one, "title"),
        person=None if person is None else typed.count(person, "id"),
        status=_number(typed.nullable(one, "status", str)),
        deadline=until,
        late=typed.count(one, "late_seconds"),
        link=_link(typed.nullable(one, "link", str)),
    )


def _number(word: str | None) -> int | None:
    if word is None or word in _NUMBERS:
        return None if word is None else _NUMBERS[word]
    if not (
        word.isascii() and word.removeprefix("-").isdigit() and len(word) <= len(str(typed.LARGEST))
    ):
        msg = f"{quoted(word)} is no status"
        raise ValueError(msg)
    return int(word)


def _link(address: str | None) -> str:
    """Return an address that a page may link to; "" for any other."""
    return address if address is not None and address.startswith("https://") else ""


def _nothing_but_its_name(one: Json) -> TaskStatus:
    key = typed.nullable(one, "key", str)
    known = None if key is None else typed.key(one, "key")
    return TaskStatus(known, typed.remote_id_in(one, "id"), "", None, None, None)
