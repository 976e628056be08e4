"""The words of statuses and priorities in English, Russian and German, as Bitrix24 shows them."""

from __future__ import annotations

from collections.abc import Mapping

from tasksync.core.fields import PRIORITY_WORDS, STATUS_WORDS
from tasksync.manifests.hints import did_you_mean, listed, shown
from tasksync.manifests.sheets.column_names import normal_name
from tasksync.manifests.unplaced import BadValue

_STATUSES: Mapping[str, str] = {
    "new": "new; новая; новый; neu",
    "pending": (
        "pending; to do; todo; not started; "
        "ждет выполнения; ожидает выполнения; не начата; не начато; к выполнению; ожидает; "
        "ausstehend; wartet auf ausführung; nicht begonnen; offen; zu erledigen"
    ),
    "inProgress": (
        "in progress; started; doing; "
        "выполняется; в работе; в процессе; начата; "
        "in arbeit; in bearbeitung; wird ausgeführt; läuft; begonnen"
    ),
    "awaitingControl": (
        "awaiting control; awaiting review; in review; pending review; "
        "ждет контроля; на контроле; на проверке; ожидает контроля; "
        "wartet auf kontrolle; wartet auf prüfung; zu prüfen; in prüfung"
    ),
    "completed": (
        "completed; complete; done; finished; closed; "
        "завершена; завершено; выполнена; выполнено; готово; сделано; закрыта; "
        "abgeschlossen; erledigt; fertig"
    ),
    "deferred": (
        "deferred; postponed; on hold; отложена; отложено; aufgeschoben; zurückgestellt; verschoben"
    ),
    "declined": "declined; rejected; отклонена; отклонено; abgelehnt",
}
_PRIORITIES: Mapping[str, str] = {
    "low": "low; низкий; низкая; niedrig; gering",
    "normal": (
        "normal; medium; средний; средняя; обычный; обычная; нормальный; нормальная; "
        "mittel"
    ),
    "high": "high; высокий; высокая; важная; важно; hoch; wichtig",
}  # fmt: skip


def _table(words: Mapping[str, str], numbers: Mapping[int, str]) -> Mapping[str, str]:
    known = {normal_name(one): ours for ours, some in words.items() for one in some.split(";")}
    known |= {normal_name(ours): ours for ours in words}
    return known | {str(number): ours for number, ours in numbers.items()}


_KNOWN = {
    "status": _table(_STATUSES, STATUS_WORDS),
    "priority": _table(_PRIORITIES, PRIORITY_WORDS),
}
_OURS = {"status": STATUS_WORDS, "priority": PRIORITY_WORDS}


def word_of(field: str, text: str) -> str:
    """Return the manifest's word for a status or a priority; raises BadValue."""
    found = _KNOWN[field].get(normal_name(text))
    if found is None:
        near = did_you_mean(text, _KNOWN[field])
        mend = near or f"use {listed(list(_OURS[field].values()))}"
        raise BadValue(f"{shown(text)} is no {field}", mend)
    return found
