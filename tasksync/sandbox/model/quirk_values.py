"""The values that the quirks of `quirks` may have, one closed set a kind of peculiarity."""

from __future__ import annotations

from enum import StrEnum


class WriteResult(StrEnum):
    """What a batch answers for an update or a delete."""

    OBJECT = "object"
    TRUE = "true"
    NULL = "null"
    EMPTY = "empty"  # an empty list
    MISSING = "missing"  # neither a result nor an error


class TagFormat(StrEnum):
    """How selected tags are written."""

    MAP = "map"
    NAMES = "names"
    COMMA = "comma"
    OBJECTS = "objects"
    OMITTED = "omitted"


class DateClearing(StrEnum):
    """Which value clears a date."""

    BOTH = "both"
    EMPTY = "empty"
    NULL = "null"


class HasMore(StrEnum):
    """What `meta.hasMore` says."""

    RIGHT = "right"
    EXTRA = "extra"
    NEVER = "never"


class NumberFormat(StrEnum):
    """How numbers are written on read."""

    STRINGS = "strings"
    INTS = "ints"
    ONLY_IDS = "only_ids"


class KeyCase(StrEnum):
    """The case of row keys."""

    CAMEL = "camel"
    UPPER = "upper"


class EmptyErrors(StrEnum):
    """How an empty map of errors is written."""

    MAP = "map"
    LIST = "list"


class PeopleData(StrEnum):
    """The shape of accomplicesData and auditorsData."""

    LIST = "list"
    MAP = "map"


class MissingTask(StrEnum):
    """The answer for a task that does not exist."""

    ENTITY_NOT_FOUND = "ENTITY_NOT_FOUND"
    NOT_FOUND = "NOT_FOUND"
    BITRIX_ERROR = "BITRIX_ERROR"
    EMPTY = "empty"


class EmptyCounter(StrEnum):
    """How a counter of nothing is written."""

    NULL = "null"
    ZERO = "0"


class TagCase(StrEnum):
    """What happens to the case of tags."""

    KEEP = "keep"
    LOWER = "lower"
    UPPER = "upper"


class Emoji(StrEnum):
    """What happens to characters beyond the basic plane."""

    KEEP = "keep"
    DROP = "drop"
    QUESTION = "question"
    CUT = "cut"


class PeopleIds(StrEnum):
    """The shape of accomplices and auditors."""

    LIST = "list"
    INDEXED = "indexed"


class OnBadValue(StrEnum):
    """What happens to an invalid value."""

    REFUSE = "refuse"
    IGNORE = "ignore"
    CORRECT = "mend"
