"""What a template declares: parameters with their kinds and defaults, and what a value can be.

A declaration is `name: text`, `name: {type: text, default: X}` or `name: {choice: [a, b]}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final, TypeAlias

from tasksync.manifests.unplaced import UnplacedProblem


class Kind(StrEnum):
    """What a parameter takes; CHOICE is written `choice: [..]`, all others as the type."""

    TEXT = "text"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATE = "date"
    MONTH = "month"
    WEEK = "week"
    QUARTER = "quarter"
    YEAR = "year"
    PERSON = "person"
    PEOPLE = "people"
    GROUP = "group"
    TAGS = "tags"
    CHOICE = "choice"


#: kinds whose value is a NamedPeriod
PERIOD_KINDS: Final = frozenset({Kind.MONTH, Kind.WEEK, Kind.QUARTER, Kind.YEAR})
#: kinds whose value is a tuple
LIST_KINDS: Final = frozenset({Kind.PEOPLE, Kind.TAGS})


@dataclass(frozen=True, slots=True)
class NamedPeriod:
    """A month, week, quarter or year: its words (`2026-01`), its first and its last day."""

    text: str
    first: date
    last: date


#: text and choice: str; integer: int; boolean: bool; date: date, or datetime where it has a time;
#: periods: NamedPeriod; person and group: the number, or the text as it is written;
#: people and tags: a tuple of such
ParameterValue: TypeAlias = str | int | bool | date | NamedPeriod | tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A declared parameter; `default` is as it is written, None where a value is required."""

    name: str
    kind: Kind
    choices: tuple[str, ...] = ()
    default: object = None

    @property
    def required(self) -> bool:
        """Tell whether each use has to give a value."""
        return self.default is None


def declared(written: object) -> tuple[dict[str, Parameter], list[UnplacedProblem]]:
    """Return the good parameters of a template's `parameters`, and what is wrong with the others.

    Paths begin at `written`. Defaults are checked, dates only for their form.
    """
    raise NotImplementedError


__all__ = ["LIST_KINDS", "PERIOD_KINDS", "Kind", "NamedPeriod", "Parameter", "ParameterValue"]
Declared: TypeAlias = Mapping[str, Parameter]
