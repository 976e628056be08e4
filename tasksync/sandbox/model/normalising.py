"""What a portal may make of a task's values while it keeps them: every turn is a quirk.

None of these is in the seeds; each was seen or feared somewhere (design 5 and 7 name them), and
all are off unless a quirk asks for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html import escape

from tasksync.sandbox.model.quirks import Emoji, Quirks, TagCase
from tasksync.sandbox.model.task import Task

#: Beyond the basic plane: what a MySQL table in three-byte UTF-8 cannot hold.
_ASTRAL = re.compile(r"[\U00010000-\U0010FFFF]")
_HASHTAG = re.compile(r"(?<![\w#&])#(\w+)")
_MINUTE = 60


def normalised(quirks: Quirks, before: Task | None, made: Task) -> Task:
    """The task as this portal keeps it; `before` is what stood there until now."""
    title, description = held(made.title, quirks.emoji), held(made.description, quirks.emoji)
    if quirks.entities and (before is None or made.title != before.title):
        title = escape(title, quote=True)
    kept = replace(
        made, title=title, description=description, tags=tuple(dict.fromkeys(_tags(quirks, made)))
    )
    if quirks.seconds_dropped:
        kept = replace(
            kept,
            deadline=_minute(kept.deadline),
            start_plan=_minute(kept.start_plan),
            end_plan=_minute(kept.end_plan),
        )
    if before and quirks.former_becomes_auditor:
        kept = _watched(before, kept)
    return kept


def held(text: str, emoji: Emoji) -> str:
    """A text without what the portal's tables cannot hold."""
    match emoji:
        case Emoji.DROP:
            return _ASTRAL.sub("", text)
        case Emoji.QUESTION:
            return _ASTRAL.sub("?", text)
        case Emoji.CUT:
            return _ASTRAL.split(text)[0]
        case _:
            return text


def _tags(quirks: Quirks, made: Task) -> Iterator[str]:
    words = _HASHTAG.findall(f"{made.title}\n{made.description}") if quirks.hashtags else []
    for tag in (*made.tags, *words):
        if quirks.drop_tags and tag.startswith(quirks.drop_tags):
            continue
        match quirks.tag_case:
            case TagCase.LOWER:
                yield tag.lower()
            case TagCase.UPPER:
                yield tag.upper()
            case _:
                yield tag


def _watched(before: Task, made: Task) -> Task:
    former = before.responsible_id
    if former == made.responsible_id or former in made.auditors:
        return made
    return replace(made, auditors=(*made.auditors, former))


def _minute(at: int | None) -> int | None:
    return None if at is None else at - at % _MINUTE
