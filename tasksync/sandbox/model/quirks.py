"""Every known or feared peculiarity of the vendor, by name, each with its meaning and its source.

The defaults are what the seeds say; what the seeds leave open and the design takes as given is
marked INFERRED. "contract N" is section N of the API contract, where the evidence stands.
"""

# ruff: noqa: FBT003, RUF009 - each default is converted by quirk(), which gives a dataclass field

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any, TypeVar

from tasksync.sandbox.model.portal_clock import zone_of
from tasksync.sandbox.model.quirk_values import (
    DateClearing,
    Emoji,
    EmptyCounter,
    EmptyErrors,
    HasMore,
    KeyCase,
    MissingTask,
    NumberFormat,
    OnBadValue,
    PeopleData,
    PeopleIds,
    TagCase,
    TagFormat,
    WriteResult,
)

T = TypeVar("T")


class UnknownQuirk(ValueError):
    """A quirk's name or value that this sandbox does not know."""


def quirk(default: T, meaning: str, source: str) -> T:
    """A field of `Quirks` that carries its meaning and its source."""
    value: T = field(default=default, metadata={"says": meaning, "source": source})
    return value


@dataclass(frozen=True, slots=True)
class Quirks:
    """The portal's peculiarities; any combination is possible."""

    # Answers to writes
    create_status: int = quirk(201, "status of a create: 201 or 200", "contract 2, INFERRED")
    update_result: WriteResult = quirk(
        WriteResult.OBJECT, "result of an update inside a batch", "contract 3 and 14.7"
    )
    delete_result: WriteResult = quirk(
        WriteResult.TRUE, "result of a delete inside a batch", "contract 3 and 14.7, INFERRED"
    )
    batch_errors: EmptyErrors = quirk(
        EmptyErrors.MAP, "`data.errors` when nothing failed", "contract 13.14"
    )
    batch_keys: KeyCase = quirk(
        KeyCase.CAMEL, "case of the rows inside a batch", "contract 3, 13.2"
    )
    swapped_results: bool = quirk(
        False, "results of creates stand under each other's call ids", "feared"
    )
    missing_entity_id: str = quirk(
        "call", "a call without entityId fails alone (call) or the request (batch)", "contract 3"
    )
    # How values are written
    numbers: NumberFormat = quirk(
        NumberFormat.STRINGS,
        "numbers as strings (seeds), as ints, or ids alone as ints",
        "contract 8.1",
    )
    instants: str = quirk("portal", "zone of instants: portal, Z, or +05:00", "contract 8.2")
    tags: TagFormat = quirk(TagFormat.MAP, "how selected tags are written", "contract 8.4")
    tags_on_single: bool = quirk(False, "get, create and update answer tags too", "contract 14.4")
    people_data: PeopleData = quirk(
        PeopleData.LIST, "accomplicesData as list or map", "contract 13.16"
    )
    user_keys: KeyCase = quirk(KeyCase.CAMEL, "case of the keys of users", "contract 11")
    extra_keys: bool = quirk(False, "unknown keys in every envelope and row", "contract 5.1, 7")
    counters: bool = quirk(
        True, "rows carry commentsCount and its kin when selected", "contract 7, INFERRED"
    )
    empty_counters: EmptyCounter = quirk(
        EmptyCounter.NULL, "a counter of nothing is null (live rows) or 0", "contract 7"
    )
    service_counter: bool = quirk(
        True, "serviceCommentsCount is there beside commentsCount", "contract 7, INFERRED"
    )
    people_ids: PeopleIds = quirk(
        PeopleIds.LIST, "accomplices and auditors as list or map by index", "PHP, feared"
    )
    # Errors
    bad_value_status: int = quirk(400, "status of BITRIX_ERROR: 400 or 422", "contract 13.1")
    missing_get: MissingTask = quirk(
        MissingTask.ENTITY_NOT_FOUND,
        "get of a missing task; `empty` is 200 with []",
        "contract 2.2",
    )
    missing_call: MissingTask = quirk(
        MissingTask.ENTITY_NOT_FOUND, "a missing task inside a batch", "contract 3 and 14.7"
    )
    line_breaks: bool = quirk(False, "portal texts end with <br>", "contract 2.1")
    no_session_code: str = quirk(
        "TOKEN_MISSING", "an app key without session; or INVALID_APP_KEY", "contract 13.15"
    )
    portal_limit_status: int = quirk(
        429, "the portal's per-second limit shows as 429 or 502", "contract 13.13"
    )
    # What the portal makes of values
    clears_date: DateClearing = quirk(
        DateClearing.BOTH, "what clears a date: the empty text, null or both", "contract 8.3"
    )
    clears_date_else: OnBadValue = quirk(
        OnBadValue.REFUSE, "the other way to clear is refused or ignored", "contract 8.3"
    )
    title_trimmed: bool = quirk(False, "titles lose their outer spaces", "contract 2.1, core")
    long_title: OnBadValue = quirk(
        OnBadValue.REFUSE, "over 250 characters: refused (seed) or cut (mend)", "contract 13.6"
    )
    crlf: bool = quirk(False, "line ends of a description become CR LF", "core forms")
    new_becomes_pending: bool = quirk(False, "status 1 becomes 2", "contract 8.5, core")
    declined_refused: bool = quirk(False, "status 7 is refused", "contract 8.5, core")
    task_control: bool = quirk(
        False, "every task is under control: 5 becomes 4", "contract 8.5, INFERRED"
    )
    responsible_resets_status: bool = quirk(
        True, "a new responsible sets status 2 unless status is sent", "contract 8.5, INFERRED"
    )
    bad_priority: OnBadValue = quirk(
        OnBadValue.REFUSE, "priority outside 0..2: refused, or 1 (mend)", "contract 8.7"
    )
    plan_dates_together: bool = quirk(
        False, "startDatePlan and endDatePlan must be sent together", "contract 7"
    )
    strict_users: bool = quirk(
        False, "a responsible who is not in the directory is refused", "contract 2.1, 14.10"
    )
    created_by: OnBadValue = quirk(
        OnBadValue.IGNORE,
        "createdBy of another, by a key whose user is no administrator: not applied, or refused",
        'seed "Create task": within the permissions of the user',
    )
    tag_case: TagCase = quirk(TagCase.KEEP, "tags are kept in lower or upper case", "feared")
    drop_tags: str = quirk("", "tags that begin so are dropped; empty is none", "feared")
    hashtags: bool = quirk(False, "#words of title and description become tags", "core")
    emoji: Emoji = quirk(
        Emoji.KEEP, "what beyond the basic plane is dropped, ? or cuts the text", "feared (MySQL)"
    )
    entities: bool = quirk(False, "a title comes back with HTML entities", "core forms")
    seconds_dropped: bool = quirk(False, "dates lose their seconds", "core forms")
    former_becomes_auditor: bool = quirk(False, "the former responsible becomes an auditor", "core")
    scope: str = quirk("tasks", "the scope's name: tasks (seeds) or task", "contract 13.8")
    # Listing
    ignore_tag_filter: bool = quirk(False, "filter[tags] is ignored", "contract 8.8, feared")
    ignore_id_filter: bool = quirk(False, "filter[>id] is ignored", "contract 6.2, feared")
    meta_total: bool = quirk(True, "`meta.total` is there", "contract 14.14")
    total_of_page: bool = quirk(
        False, "`meta.total` counts the page alone, and hasMore is false", "feared"
    )
    has_more: HasMore = quirk(
        HasMore.RIGHT, "hasMore right, true on the exact last page, or never", "contract 6.2"
    )
    page_cap: int = quirk(0, "no page is longer than this; 0 is no cap", "contract 6.1, feared")
    page_fails_over: int = quirk(0, "a longer page answers 502; 0 is never", "contract 6.2")
    offset_fails_from: int = quirk(
        0, "an offset from here answers 500; 0 is never", "contract 6.2 (2500)"
    )
    list_lag: float = quirk(0.0, "list and search are this many seconds behind", "contract 14.17")

    @classmethod
    def of(cls, wanted: Mapping[str, Any]) -> Quirks:
        """The defaults with these values; raises UnknownQuirk naming what it does not know."""
        known = {attribute.name: attribute.default for attribute in fields(cls)}
        if unknown := sorted(wanted.keys() - known.keys()):
            message = f"no such quirk: {', '.join(unknown)}"
            raise UnknownQuirk(message)
        return cls(**{name: _converted(name, known[name], value) for name, value in wanted.items()})

    def document(self) -> dict[str, Any]:
        """All of them as plain JSON values."""
        return asdict(self)


def _converted(name: str, default: Any, value: Any) -> Any:
    try:
        fits = isinstance(value, bool) is isinstance(default, bool)
        converted = type(default)(value) if fits else None
        if name == "instants" and value != "portal":
            zone_of(value)
    except (TypeError, ValueError) as fault:
        message = f"quirk {name} cannot be {value!r}"
        raise UnknownQuirk(message) from fault
    if converted is None:
        message = f"quirk {name} cannot be {value!r}"
        raise UnknownQuirk(message)
    return converted


def described() -> dict[str, dict[str, Any]]:
    """Name -> default, meaning, source and choices of every quirk."""
    return {
        attribute.name: {
            "default": attribute.default,
            **attribute.metadata,
            **(
                {"choices": list(type(attribute.default))}
                if isinstance(attribute.default, StrEnum)
                else {}
            ),
        }
        for attribute in fields(Quirks)
    }


DEFAULTS = Quirks()
