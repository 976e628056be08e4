"""How a portal may change a task's values when it stores them: every change is a quirk.

None of these is in the seeds; each was observed or feared somewhere (design 5 and 7 name them), and
all are off unless a quirk asks for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from tasksync.sandbox.model.quirk_values import Emoji, TagCase
from tasksync.sandbox.model.quirks import Quirks
from tasksync.sandbox.model.task import Task

#: Beyond the basic multilingual plane: what a MySQL table in three-byte UTF-8 cannot store.
_NON_BMP = re.compile(r"[\U00010000-\U0010FFFF]")
_HASHTAG = re.compile(r"(?<![\w#&])#(\w+)")
_MINUTE = 60


def normalised(quirks: Quirks, before: Task | None, task: Task) -> Task:
    """The task as this portal stores it; `before` is the task until now, None for a new one."""
    title = storable_text(task.title, quirks.emoji)
    description = storable_text(task.description, quirks.emoji)
    if quirks.entities and (before is None or task.title != before.title):
        from html import escape  # knows 2 200 names of entities, and is slow to import

        title = escape(title, quote=True)
    task = replace(
        task, title=title, description=description, tags=tuple(dict.fromkeys(_tags(quirks, task)))
    )
    if quirks.seconds_dropped:
        task = replace(
            task,
            deadline=_minute(task.deadline),
            start_plan=_minute(task.start_plan),
            end_plan=_minute(task.end_plan),
        )
    if before and quirks.former_becomes_auditor:
        task = _with_former_responsible_as_auditor(before, task)
    return task


def storable_text(text: str, emoji: Emoji) -> str:
    """A text without the characters that the portal's tables cannot store."""
    match emoji:
        case Emoji.DROP:
            return _NON_BMP.sub("", text)
        case Emoji.QUESTION:
            return _NON_BMP.sub("?", text)
        case Emoji.CUT:
            return _NON_BMP.split(text)[0]
        case _:
            return text


def _tags(quirks: Quirks, task: Task) -> Iterator[str]:
    words = _HASHTAG.findall(f"{task.title}\n{task.description}") if quirks.hashtags else []
    for tag in (*task.tags, *words):
        if quirks.drop_tags and tag.startswith(quirks.drop_tags):
            continue
        match quirks.tag_case:
            case TagCase.LOWER:
                yield tag.lower()
            case TagCase.UPPER:
                yield tag.upper()
            case _:
                yield tag


def _with_former_responsible_as_auditor(before: Task, task: Task) -> Task:
    former = before.responsible_id
    if former == task.responsible_id or former in task.auditors:
        return task
    return replace(task, auditors=(*task.auditors, former))


def _minute(at: int | None) -> int | None:
    return None if at is None else at - at % _MINUTE
