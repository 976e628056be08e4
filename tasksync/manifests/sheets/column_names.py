"""What columns are called: the API's names, and the words of English, Russian and German."""

from __future__ import annotations

from collections.abc import Mapping
from re import Match

from tasksync.core.fields import FIELDS
from tasksync.core.normal_forms import composed
from tasksync.late_patterns import pattern_of

KEY, PARENT, ADOPT = "key", "parent", "adopt"
#: everything that a column may be
TARGETS = (KEY, *FIELDS, PARENT, ADOPT)

_NAMES: Mapping[str, str] = {
    KEY: "key; task key; ключ; ключ задачи; schlüssel; aufgabenschlüssel",
    "title": (
        "title; task; task name; task title; subject; summary; "
        "название; название задачи; задача; наименование; наименование задачи; имя задачи; тема; "
        "titel; aufgabe; aufgabenname; bezeichnung; betreff"
    ),
    "description": (
        "description; details; task description; "
        "описание; описание задачи; текст задачи; подробности; "
        "beschreibung; aufgabenbeschreibung; einzelheiten"
    ),
    "responsibleId": (
        "responsible; responsible person; assignee; assigned to; owner; "
        "ответственный; ответственная; исполнитель; ответственное лицо; кто делает; "
        "verantwortlich; verantwortlicher; verantwortliche person; zuständig; bearbeiter; "
        "zugewiesen an"
    ),
    "status": "status; state; task status; статус; статус задачи; состояние; stand; aufgabenstatus",
    "priority": "priority; приоритет; важность; priorität; wichtigkeit",
    "deadline": (
        "deadline; due; due date; due by; "
        "крайний срок; дедлайн; срок; срок исполнения; срок выполнения; выполнить до; "
        "frist; fällig; fällig am; fällig bis; fälligkeit; fälligkeitsdatum; abgabetermin; termin"
    ),
    "startDatePlan": (
        "start; start date; planned start; start date plan; begin; "
        "начало; дата начала; плановое начало; планируемое начало; "
        "планируемая дата начала; начать; "
        "beginn; startdatum; anfang; geplanter beginn; geplanter start"
    ),
    "endDatePlan": (
        "end; end date; planned end; end date plan; finish; finish date; "
        "окончание; конец; завершение; дата окончания; дата завершения (план); "
        "плановое окончание; плановое завершение; "
        "планируемое завершение; планируемая дата завершения; завершить; "
        "ende; enddatum; geplantes ende"
    ),
    "timeEstimate": (
        "time estimate; estimate; effort; planned effort; duration; "
        "оценка; оценка времени; трудозатраты; плановые трудозатраты; длительность; "
        "aufwand; schätzung; geschätzter aufwand; dauer; zeitschätzung"
    ),
    "groupId": (
        "group; workgroup; project; project group; "
        "группа; рабочая группа; проект; группа проекта; "
        "gruppe; arbeitsgruppe; projekt"
    ),
    "parentId": "parent number; номер родительской задачи; nummer der hauptaufgabe",
    PARENT: (
        "parent; parent task; "
        "родитель; родительская задача; базовая задача; основная задача; надзадача; "
        "übergeordnete aufgabe; hauptaufgabe; elternaufgabe"
    ),
    "accomplices": (
        "accomplices; collaborators; participants; co assignees; "
        "соисполнители; соисполнитель; помощники; "
        "mitwirkende; beteiligte; mitarbeiter"
    ),
    "auditors": (
        "auditors; watchers; observers; followers; "
        "наблюдатели; наблюдатель; beobachter; zuschauer"
    ),
    "tags": (
        "tags; tag; labels; label; keywords; "
        "теги; тег; тэги; тэг; метки; метка; ключевые слова; "
        "schlagwörter; schlagworte; stichwörter; etiketten"
    ),
    "createdBy": (
        "created by; creator; author; set by; "
        "постановщик; автор; создатель; кем создана; кто поставил; "
        "ersteller; erstellt von; auftraggeber; autor"
    ),
    ADOPT: "adopt",  # a column of numbers alone may count the rows: a person has to say it
}  # fmt: skip
#: the units of a column of lengths: the word -> what is written after a number
_UNITS: Mapping[str, str] = {
    **dict.fromkeys(("h", "hour", "hours", "ч", "час", "часы", "часов", "std", "stunden"), "h"),
    **dict.fromkeys(("m", "min", "minutes", "мин", "минуты", "минут", "minuten"), "m"),
    **dict.fromkeys(("s", "sec", "seconds", "сек", "секунды", "секунд", "sekunden"), "s"),
}
#: a column called by the unit alone counts that
_BY_UNIT = ("hours", "часы", "часов", "stunden", "minutes", "минуты", "минут", "minuten")
_UNIT = pattern_of(r"(.*?)[\s,(\[]+(?:in|в)?\s*([a-zа-я]+)\.?[)\]]?")
#: a name of a column that says its unit is no longer than this: what is searched has an end
_LONGEST_WITH_UNIT = 200
_FORMS = pattern_of(r"[\s_\-–—/]+")


def normal_name(text: str) -> str:
    """Return a column's name as names are compared: case, blanks, hyphens and ё do not matter."""
    folded = composed(text).casefold().replace("ё", "е")
    return _FORMS.sub(" ", folded).strip(" :*.!?#\ufeff")


_KNOWN: Mapping[str, str] = {
    **{normal_name(word): field for field, words in _NAMES.items() for word in words.split(";")},
    **{normal_name(field): field for field in TARGETS},
    **dict.fromkeys(map(normal_name, _BY_UNIT), "timeEstimate"),
}


def field_of(name: str) -> str | None:
    """Return which field, key, parent or adopt a column is by its name; None where it is none."""
    normal = normal_name(name)
    found = _KNOWN.get(normal)
    if found is None and (shape := _shape(normal)) and shape[2] in _UNITS:
        found = _KNOWN.get(normal_name(shape[1]))
        return found if found == "timeEstimate" else None
    return found


def unit_of(name: str) -> str:
    """Return what a number in this column of lengths counts: h, m or s; "" where it is not said."""
    normal = normal_name(name)
    if normal in _UNITS:
        return _UNITS[normal]
    shape = _shape(normal)
    return _UNITS.get(shape[2], "") if shape else ""


def _shape(normal: str) -> Match[str] | None:
    return _UNIT.fullmatch(normal) if len(normal) <= _LONGEST_WITH_UNIT else None
