"""Names of columns, words of statuses and priorities, lengths of time: each means one thing."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from tasksync.core.fields import PRIORITY_WORDS, STATUS_WORDS
from tasksync.manifests.sheets import column_names, value_words
from tasksync.manifests.sheets.cells import Formatted
from tasksync.manifests.sheets.column_names import TARGETS, field_of, unit_of
from tasksync.manifests.sheets.sheet_lengths import length_of
from tasksync.manifests.sheets.value_words import word_of
from tasksync.manifests.unplaced import BadValue


def test_no_name_of_a_column_stands_for_two_fields() -> None:
    words = [
        column_names.normal_name(word)
        for some in column_names._NAMES.values()
        for word in some.split(";")
    ]
    assert sorted(words) == sorted(set(words))


@pytest.mark.parametrize("table", [value_words._STATUSES, value_words._PRIORITIES])
def test_no_word_stands_for_two_values(table: dict[str, str]) -> None:
    words = [column_names.normal_name(word) for some in table.values() for word in some.split(";")]
    assert sorted(words) == sorted(set(words))


@pytest.mark.parametrize("target", TARGETS)
def test_the_apis_own_names_are_known(target: str) -> None:
    assert field_of(target) == target


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("Название", "title"),
        ("  НАЗВАНИЕ ЗАДАЧИ: ", "title"),
        ("Ответственный", "responsibleId"),
        ("Исполнитель", "responsibleId"),
        ("Крайний срок", "deadline"),
        ("Дедлайн *", "deadline"),
        ("Описание", "description"),
        ("Приоритет", "priority"),
        ("Статус", "status"),
        ("Постановщик", "createdBy"),
        ("Соисполнители", "accomplices"),
        ("Наблюдатели", "auditors"),
        ("Теги", "tags"),
        ("Проект", "groupId"),
        ("Группа", "groupId"),
        ("Родительская задача", "parent"),
        ("Ключ", "key"),
        ("Due date", "deadline"),
        ("due_date", "deadline"),
        ("Assignee", "responsibleId"),
        ("Fällig am", "deadline"),
        ("Zuständig", "responsibleId"),
        ("Schlagwörter", "tags"),
        ("Оценка, ч", "timeEstimate"),
        ("Estimate (hours)", "timeEstimate"),
        ("Aufwand in Std.", "timeEstimate"),
        ("Ещё что-то", None),
        ("ID", None),
        ("", None),
    ],
)
def test_columns_are_known_by_their_names(name: str, target: str | None) -> None:
    assert field_of(name) == target


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("Оценка, ч", "h"),
        ("Estimate (min)", "m"),
        ("Часы", "h"),
        ("Оценка", ""),
        ("Aufwand [h]", "h"),
    ],
)
def test_a_column_of_lengths_may_say_what_it_counts(name: str, unit: str) -> None:
    assert unit_of(name) == unit


@pytest.mark.parametrize(
    ("field", "text", "word"),
    [
        ("status", "В работе", "inProgress"),
        ("status", "Ждёт контроля", "awaitingControl"),
        ("status", "ждет контроля", "awaitingControl"),
        ("status", "Erledigt", "completed"),
        ("status", "in_progress", "inProgress"),
        ("status", "inProgress", "inProgress"),
        ("status", "5", "completed"),
        ("priority", "Высокий", "high"),
        ("priority", "средняя", "normal"),
        ("priority", "niedrig", "low"),
        ("priority", "0", "low"),
    ],
)
def test_statuses_and_priorities_are_read_in_three_languages(
    field: str, text: str, word: str
) -> None:
    assert word_of(field, text) == word


@pytest.mark.parametrize("word", STATUS_WORDS.values())
def test_every_status_has_its_own_word(word: str) -> None:
    assert word_of("status", word) == word


@pytest.mark.parametrize("word", PRIORITY_WORDS.values())
def test_every_priority_has_its_own_word(word: str) -> None:
    assert word_of("priority", word) == word


def test_another_word_is_a_problem_that_says_what_is_near() -> None:
    with pytest.raises(BadValue, match='"высокой" is no priority') as caught:
        word_of("priority", "высокой")
    assert caught.value.mend == "did you mean высокий?"


@pytest.mark.parametrize(
    ("cell", "unit", "length"),
    [
        ("2h30m", "", "2h30m"),
        ("2 ч 30 мин", "", "2h30m"),
        ("1,5 Std.", "", "1h30m"),
        ("90 мин.", "", "1h30m"),
        ("2:30", "", "2h30m"),
        (8, "h", "8h"),
        (2.5, "h", "2h30m"),
        (Formatted(0.5, "0.00"), "h", "30m"),
        ("8,5", "h", "8h30m"),
        (0, "m", "0s"),
        (timedelta(hours=30), "", "30h"),
        (time(1, 15), "", "1h15m"),
    ],
)
def test_lengths_of_time_are_read(cell: object, unit: str, length: str) -> None:
    assert length_of(cell, unit) == length  # type: ignore[arg-type]


@pytest.mark.parametrize("cell", [8, "8", "3 days", "long", "-2h", True, "1.5.2 h"])
def test_a_number_without_a_unit_is_no_guess(cell: object) -> None:
    with pytest.raises(BadValue):
        length_of(cell, "")  # type: ignore[arg-type]
