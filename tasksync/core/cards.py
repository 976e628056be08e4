"""The address of a task's card on its portal (create seed, contract 8.11)."""

from __future__ import annotations

import re

#: what a portal's name may be to stand in an address: a host, perhaps with a port
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::[0-9]{1,5})?", re.ASCII)


def card_link(portal: str, person: int | None, task: int | None) -> str:
    """Return `https://PORTAL/company/personal/user/PERSON/tasks/task/view/TASK/`.

    `person` is whose list the card opens in: the responsible. "" where a part is not known, or
    where the portal's name is none that an address can hold: it comes from outside.
    """
    if not task or not person or not _HOST.fullmatch(portal):
        return ""
    return f"https://{portal}/company/personal/user/{person}/tasks/task/view/{task}/"
