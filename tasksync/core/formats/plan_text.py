"""The text of a plan file: parsed, and held to be one of the format that is read here."""

from __future__ import annotations

import math
import re

from tasksync.core.formats.strict_json import BadJson, strict
from tasksync.core.formats.typed import Json
from tasksync.core.quoting import quoted
from tasksync.errors import PlanUnusable
from tasksync.late_patterns import pattern_of

NOT_A_PLAN = "this is not a plan of tasksync: "
_VERSION = pattern_of(r"[0-9]{1,9}(\.[0-9]{1,9}){1,2}", re.ASCII)


def not_a_plan(why: str) -> PlanUnusable:
    """Return the error for what is no plan file."""
    return PlanUnusable(f"{NOT_A_PLAN}{why}", "Make one: tasksync plan --out FILE.")


def parsed(text: str | bytes) -> object:
    """Return the data of a plan file's text; raises PlanUnusable.

    A name that stands twice is refused: readers differ in which of the two they believe.
    """
    try:
        return strict(text)
    except BadJson as error:
        raise not_a_plan(str(error)) from error


def checked(data: object, format_: str) -> Json:
    """Return the document when its format is the one that this version reads."""
    if not isinstance(data, dict) or "resource_changes" not in data:
        why = "it has no resource_changes"
        raise not_a_plan(why)
    found = data.get("format_version")
    if not isinstance(found, str) or not _VERSION.fullmatch(found):
        why = f"its format_version is {quoted(found)}"
        raise not_a_plan(why)
    ours, theirs = (tuple(map(int, one.split("."))) for one in (format_, found))
    if theirs > ours:
        by = data.get("tasksync_version", "a newer version")
        message = f"the plan has format {found}, this tasksync reads up to {format_}"
        raise PlanUnusable(
            message, f"Use tasksync {quoted(by)}, which made it, or make a new plan."
        )
    if theirs[0] < ours[0]:
        raise PlanUnusable(
            f"the plan has format {found}, and this tasksync reads {format_}: before that a plan "
            "file did not guard all that decides what it does",
            "Make a new plan: tasksync plan --out FILE.",
        )
    for name in ("digest", "checksum", "tasksync_version"):
        if name not in data:
            why = f"it has no {name}"
            raise not_a_plan(why)
    return data


def costs(document: Json) -> tuple[int, float]:
    """Return how many requests and seconds applying was said to take; raises PlanUnusable."""
    for name, kinds in (("requests", (int,)), ("seconds", (int, float))):
        if name not in document:
            why = f"{name} is missing"
            raise not_a_plan(why)
        value = document[name]
        if type(value) not in kinds or not 0 <= value < math.inf:
            why = f"{name} is no number: {quoted(value)}"
            raise not_a_plan(why)
    return document["requests"], float(document["seconds"])
