"""The address of a task's card on its portal (create seed, contract 8.11)."""

from __future__ import annotations

import re

from tasksync.core.change import Change, Reason
from tasksync.core.plan import Plan
from tasksync.late_patterns import pattern_of

#: what a portal's name may be to stand in an address: a host, perhaps with a port
_HOST = pattern_of(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::[0-9]{1,5})?", re.ASCII)

#: the vendor's API: where a portal does not tell its name, the host that was asked stands for it
_GATEWAYS = frozenset({"vibecode.bitrix24.com", "vibecode.bitrix24.tech"})
#: whose task is not there, or is another's
_NOT_THERE = frozenset({Reason.GONE, Reason.TAKEN, Reason.HIDDEN})


def card_link(portal: str, person: int | None, task: int | None) -> str:
    """Return `https://PORTAL/company/personal/user/PERSON/tasks/task/view/TASK/`.

    `person` is whose list the card opens in: the responsible. "" where a part is not known, or
    where the portal's name is none that an address can hold (it comes from outside) or no portal's.
    """
    if not task or not person or portal in _GATEWAYS or not _HOST.fullmatch(portal):
        return ""
    return f"https://{portal}/company/personal/user/{person}/tasks/task/view/{task}/"


def card_of(plan: Plan, change: Change) -> str:
    """Return the address of the card of a change's task, "" where there is none."""
    if change.reason in _NOT_THERE:
        return ""
    return card_link(plan.portal, person_of(change), change.id)


def person_of(change: Change) -> int | None:
    """Return whose list a task's card is opened in: its responsible's, as far as known."""
    person = change.responsible or change.asked.get("responsibleId")
    return person if isinstance(person, int) else None
