"""The addresses by which a manifest can name people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from tasksync.portal.client import RestPortal


def addresses_of(portal: RestPortal, numbers: Collection[int]) -> Mapping[int, str]:
    """Return the addresses that lead to one active person each."""
    if not numbers:
        return {}
    known = portal.acquaintances(numbers)
    folded = {number: one.email.strip().casefold() for number, one in known.items() if one.active}
    shared = Counter(folded.values())
    return {
        number: known[number].email.strip()
        for number in set(numbers) & folded.keys()
        if shared[folded[number]] == 1 and _is_address(known[number].email)
    }


def _is_address(email: str) -> bool:
    name, at, host = email.strip().partition("@")
    return bool(name and at and host) and email.isprintable() and " " not in email.strip()
