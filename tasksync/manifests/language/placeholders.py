"""`${x}`, `${x:pattern}` and `$${` in one text: its pieces, and what makes their words.

In a date expression a placeholder is held against the grammar with a value that stands in for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple

from tasksync.core.normal_forms import composed
from tasksync.late_patterns import pattern_of
from tasksync.manifests.hints import did_you_mean, shown, unquoted
from tasksync.manifests.language import grammar, patterns
from tasksync.manifests.language.given_values import words_of
from tasksync.manifests.language.parameters import (
    DATED_KINDS,
    PERIOD_KINDS,
    Kind,
    NamedPeriod,
    Parameter,
    ParameterValue,
)
from tasksync.manifests.unplaced import BadValue
from tasksync.value_classes import dataclass

_REMEMBERED = 1_000
_HOLE = pattern_of(r"\$\$\{|\$\{([^{}]*)(\}?)")


class Placeholder(NamedTuple):
    """A placeholder, and what makes its words."""

    name: str
    words: Callable[[ParameterValue], str]
    plain: bool  # without a pattern


@dataclass(frozen=True, slots=True)
class Placeholders:
    """Finds the placeholders of one template's texts; every problem raises BadValue."""

    parameters: Mapping[str, Parameter]
    locale: str

    def alone(self, value: object) -> Parameter | None:
        """Return the parameter that a text is and nothing else, without a pattern."""
        hole = _HOLE.fullmatch(value) if isinstance(value, str) else None
        return self.parameters.get(composed(hole[1])) if hole and hole[1] else None

    def pieces(self, text: str, *, of_date: bool) -> list[str | Placeholder]:
        """Return a text as words and placeholders; `of_date` where it is a date expression."""
        pieces = list(self._pieces(text, of_date=of_date))
        if of_date and any(isinstance(piece, Placeholder) for piece in pieces):
            self._check_date(text, pieces)
        return pieces

    def _pieces(self, text: str, *, of_date: bool) -> Iterator[str | Placeholder]:
        end = 0
        for found in _HOLE.finditer(text):
            if found.start() > end:
                yield text[end : found.start()]
            end = found.end()
            if found[1] is None:
                yield "${"
            else:
                yield self._placeholder(found[1], of_date=of_date, closed=bool(found[2]))
        if end < len(text):
            yield text[end:]

    def _placeholder(self, inner: str, *, of_date: bool, closed: bool) -> Placeholder:
        name, colon, pattern = inner.partition(":")
        name = composed(name)
        if not closed:
            raise BadValue(f"no }} ends ${{{inner}", "close it, or write $${ for ${ itself")
        if name not in self.parameters:
            raise self._unknown(name, inner)
        if not colon:
            dated = self.parameters[name].kind in DATED_KINDS
            return Placeholder(name, _words_of_date if dated else words_of, plain=True)
        return Placeholder(name, self._pattern(name, pattern, of_date=of_date), plain=False)

    def _unknown(self, name: str, inner: str) -> BadValue:
        what = f"{unquoted(name)} in ${{{inner}}} is no parameter"
        if not name.strip():
            what = f"${{{inner}}} names no parameter"
        known = f"parameters: {', '.join(self.parameters)}"
        mend = did_you_mean(name, self.parameters) or (
            f"{known if self.parameters else 'the template has none'}; $${{ writes ${{ itself"
        )
        return BadValue(what, mend)

    def _pattern(
        self, name: str, pattern: str, *, of_date: bool
    ) -> Callable[[ParameterValue], str]:
        kind = self.parameters[name].kind
        if kind not in DATED_KINDS:
            what = f"${{{name}:{pattern}}} has a pattern, and {name} is {kind}, not a date"
            raise BadValue(what, f"write ${{{name}}}")
        if of_date:
            what = f"${{{name}:{pattern}}} has a pattern, which only texts have"
            raise BadValue(what, f"write ${{{name}}}")
        found = patterns.compiled(pattern, self.locale)
        # the dates of an instance come again in each of its tasks
        return lru_cache(_REMEMBERED)(lambda value: found.words(_dated(value)))

    def _check_date(self, text: str, pieces: list[str | Placeholder]) -> None:
        """Hold an expression with values that stand in against the grammar of dates."""
        stand_ins: dict[str, str] = {}
        for piece in pieces:
            if not isinstance(piece, Placeholder):
                continue
            kind = self.parameters[piece.name].kind
            if kind not in _STAND_INS:
                what = f"{piece.name} is {kind}, and a date hangs on it in {shown(text)}"
                raise BadValue(what, f"declare {piece.name}: date")
            stand_ins[piece.name] = _STAND_INS[kind]
        sample = "".join(
            stand_ins[piece.name] if isinstance(piece, Placeholder) else piece for piece in pieces
        )
        try:
            grammar.parsed(sample)
        except BadValue as bad:
            raise self._bad_date(text, bad, sample, stand_ins) from bad

    def _bad_date(
        self, text: str, bad: BadValue, sample: str, stand_ins: Mapping[str, str]
    ) -> BadValue:
        """Return what is wrong in the author's words: of what stood in nobody knows."""
        what, mend = bad.what.replace(sample, text), bad.mend
        for name, stand_in in stand_ins.items():
            kind = self.parameters[name].kind
            if stand_in in what and len(stand_in) > 1:
                what = what.replace(stand_in, f"${{{name}}}")
                if kind is Kind.DATE:
                    mend = f"{name} is a date; declare it month, week, quarter or year for this"
            if kind in PERIOD_KINDS and text.strip().startswith(f"${{{name}}}"):
                mend = f"write end of ${{{name}}}, or start of ${{{name}}}"
        return BadValue(what, mend)


#: what stands in for a value, of each kind that may be in a date expression
_STAND_INS: Final[Mapping[Kind, str]] = {
    Kind.DATE: "2026-01-01",
    Kind.MONTH: "2026-01",
    Kind.WEEK: "2026-W01",
    Kind.QUARTER: "2026-Q1",
    Kind.YEAR: "2026",
    Kind.INTEGER: "1",
}

_words_of_date = lru_cache(_REMEMBERED)(words_of)


def _dated(value: ParameterValue) -> date | NamedPeriod:
    assert isinstance(value, date | NamedPeriod)  # noqa: S101 - its kind was looked at
    return value
