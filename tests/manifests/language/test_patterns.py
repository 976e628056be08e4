"""Dates in texts: our patterns print what Babel prints, and what is wrong is told in words."""

from __future__ import annotations

import sys
from datetime import date, datetime

import babel
import pytest
from babel import Locale
from babel.dates import format_datetime
from babel.localedata import locale_identifiers
from hypothesis import given, settings
from hypothesis import strategies as st

from tasksync.manifests.language import date_words, patterns
from tasksync.manifests.language.parameters import NamedPeriod
from tasksync.manifests.language.patterns import compiled
from tasksync.manifests.unplaced import BadValue

SUNDAY = date(2026, 3, 1)
MOMENT = datetime(2026, 9, 8, 0, 5, 9)  # noqa: DTZ001 - a wall clock

FIELDS = [
    letter * number
    for letter, field in patterns._FIELDS.items()
    if letter not in "wY"
    for number in field.numbers
]
MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(9998, 12, 31))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("pattern", "day", "words"),
    [
        ("d MMMM y", SUNDAY, "1 March 2026"),
        ("dd.MM.yyyy", SUNDAY, "01.03.2026"),
        ("d/M/yy", SUNDAY, "1/3/26"),
        ("EEEE, d MMM", SUNDAY, "Sunday, 1 Mar"),
        ("E EEEEE EEEEEE", SUNDAY, "Sun S Su"),
        ("Q QQ QQQ QQQQ", SUNDAY, "1 01 Q1 1st quarter"),
        ("'week' w", SUNDAY, "week 9"),
        ("ww/Y", date(2027, 1, 1), "53/2026"),
        ("D DDD", SUNDAY, "60 060"),
        ("d 'of' MMMM ''yy 'o''clock'", SUNDAY, "1 of March '26 o'clock"),
        ("y年M月d日", SUNDAY, "2026年3月1日"),
        ("HH:mm:ss", MOMENT, "00:05:09"),
        ("h:mm a", MOMENT, "12:05 AM"),
        ("h a", MOMENT.replace(hour=12), "12 PM"),
        ("H", MOMENT.replace(hour=23), "23"),
        ("$ {x}", SUNDAY, None),
        ("yyyyMMdd", SUNDAY, "20260301"),
    ],
)
def test_english_needs_nothing(pattern: str, day: date, words: str | None) -> None:
    if words is None:
        with pytest.raises(BadValue, match="holds x"):
            compiled(pattern)
    else:
        assert compiled(pattern).words(day) == words


@settings(deadline=None)
@given(
    st.lists(st.one_of(st.sampled_from(FIELDS), st.sampled_from([" ", "'of'", "''", ", ", "年"]))),
    MOMENTS,
)
def test_english_is_as_babel_prints_it(parts: list[str], moment: datetime) -> None:
    pattern = "-".join(["d", *parts])  # letters that touch would be one field
    assert compiled(pattern).words(moment) == format_datetime(moment, pattern, locale="en")


@pytest.mark.parametrize(
    "locale", ["de", "ru", "cs", "fr_CA", "zh_Hans", "ar", "fi", "en_GB", "fa"]
)
@pytest.mark.parametrize("pattern", FIELDS)
def test_every_locale_is_as_babel_prints_it(locale: str, pattern: str) -> None:
    for day in range(1, 13):
        moment = MOMENT.replace(month=day, day=2 * day, hour=2 * day - 1)
        assert compiled(pattern, locale).words(moment) == format_datetime(
            moment, pattern, locale=locale
        )


def test_all_locales_have_all_words() -> None:
    for locale in locale_identifiers():
        if locale == "root" or not Locale.parse(locale).months:
            continue
        found = date_words.words_in(locale)
        assert {len(words) for words in found.months.values()} == {12}
        assert {len(words) for words in found.days.values()} == {7}
        assert {len(words) for words in found.quarters.values()} == {4}


def test_czech_tells_the_two_forms_of_a_month_apart() -> None:
    assert compiled("d. MMMM", "cs").words(SUNDAY) == "1. března"
    assert compiled("LLLL y", "cs").words(SUNDAY) == "březen 2026"


def test_a_week_is_the_one_that_the_language_names() -> None:
    week = NamedPeriod("2027-W05", date(2027, 2, 1), date(2027, 2, 7))
    for locale in ("en", "en_US", "de"):
        assert compiled("'CW' w", locale).words(week) == "CW 5"


def test_a_period_shows_its_first_day() -> None:
    month = NamedPeriod("2026-02", date(2026, 2, 1), date(2026, 2, 28))
    assert compiled("LLLL y").words(month) == "February 2026"


@pytest.mark.parametrize(
    ("pattern", "what", "mend"),
    [
        ("", '"" is no pattern of a date', "write letters like d MMMM y"),
        ("  ", "is no pattern of a date", "write letters like"),
        ("y" * 300, "is no pattern of a date", "at most 200"),
        ("d MMMMMM", "holds MMMMMM, which is not known", "use y yy yyyy"),
        ("DD.MM.YYYYY", "holds YYYYY, which is not known", "M MM MMM MMMM"),
        ("d of MMMM", "holds o, which is not known", "text stands between quotes: 'week' w"),
        ("HH:mm z", "holds z, which is not known", "H HH h hh"),
        ("G", "holds G, which is not known", "d dd"),
        ("d 'of", "a quote of the pattern", "close it; '' is a quote itself"),
        ("d'", "a quote of the pattern", "close it"),
        ("d '''", "a quote of the pattern", "close it"),
    ],
)
def test_what_is_no_pattern_is_told(pattern: str, what: str, mend: str) -> None:
    with pytest.raises(BadValue) as bad:
        compiled(pattern)
    assert what in bad.value.what
    assert mend in bad.value.mend


@pytest.mark.parametrize("letter", ["H", "h", "mm", "s", "a"])
def test_a_time_of_a_date_without_one_is_a_problem(letter: str) -> None:
    pattern = compiled(f"d.M. {letter}")
    assert pattern.timed
    with pytest.raises(BadValue, match="shows a time of day, and 2026-03-01 has none"):
        pattern.words(SUNDAY)


@pytest.mark.parametrize(
    ("locale", "mend"),
    [("xx", "use a name like"), ("de_XX", "did you mean de"), ("../de", "")],
)
def test_an_unknown_locale_is_told(locale: str, mend: str) -> None:
    for ask in (patterns.check_locale, date_words.words_in):
        with pytest.raises(BadValue, match="there is no locale") as bad:
            ask(locale)
        assert mend in bad.value.mend


def test_known_locales_pass_with_hyphen_or_underscore() -> None:
    for locale in ("en", "de", "pt-BR", "pt_BR", "zh_Hans_CN"):
        patterns.check_locale(locale)


@pytest.fixture
def no_babel(monkeypatch: pytest.MonkeyPatch) -> None:
    for cached in (date_words._babel, date_words.words_in):
        cached.cache_clear()
    monkeypatch.setitem(sys.modules, "babel", None)
    yield
    for cached in (date_words._babel, date_words.words_in):
        cached.cache_clear()


@pytest.mark.usefixtures("no_babel")
def test_without_babel_the_problem_names_the_extra_only_where_words_are_shown() -> None:
    with pytest.raises(BadValue, match="locale de need the library Babel") as bad:
        compiled("d MMMM y", "de")
    assert "pip install 'tasksync[calendar]'" in bad.value.mend
    assert compiled("dd.MM.yyyy", "de").words(SUNDAY) == "01.03.2026"
    assert compiled("d MMMM y").words(SUNDAY) == "1 March 2026"
    patterns.check_locale("de")


def test_another_release_of_babel_is_another_version() -> None:
    assert patterns.locale_version("en") == ""
    assert patterns.locale_version("de") == f"babel-{babel.__version__}.dist-info"


@pytest.mark.usefixtures("no_babel")
def test_without_babel_there_is_no_version() -> None:
    assert patterns.locale_version("de") == ""
