"""The answer of `GET /v1/me`: every shape that is known of it (contract 10)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasksync.core.account import Account
from tasksync.core.portal_name import portal_name
from tasksync.portal.row_values import LARGEST

#: so much of a text, and so many scopes, are kept
_LONGEST, _MOST = 200, 100


def account_of(me: Mapping[str, Any], host: str) -> Account:
    """Return what `data` of /v1/me tells of a key; the limits in force are not its to tell."""
    return Account(
        portal=portal_name(_portal(me) or host),
        host=host,
        kind=_text(me.get("type")),
        owner=_name(me.get("owner")),
        user=_user(me),
        access=_text(me.get("accessMode")).upper(),
        scopes=_scopes(me),
        rate=_rate(me),
        expires=_text(me.get("expiresAt")),
        lasting="expiresAt" in me and me["expiresAt"] is None,
    )


def owner_of(me: Mapping[str, Any]) -> str:
    """Return the owner's name and id as the state remembers whose key it was."""
    name, user = _name(me.get("owner")), me.get("currentUser")
    remote = _text(user.get("bitrixUserId")) if isinstance(user, dict) else ""
    return " ".join(part for part in (name, f"(user {remote})" if remote else "") if part)


def _portal(me: Mapping[str, Any]) -> str:
    """Return the portal's name: a text, or an object that has one."""
    named = me.get("portal")
    if isinstance(named, dict):
        named = next((named[k] for k in ("domain", "host", "url", "name") if named.get(k)), "")
    return named.strip()[:_LONGEST] if isinstance(named, str) else ""


def _name(owner: Any) -> str:
    name = owner.get("name") if isinstance(owner, dict) else owner
    return name.strip()[:_LONGEST] if isinstance(name, str) else ""


def _user(me: Mapping[str, Any]) -> str:
    """Return the id of whom the key acts for: `currentUser.bitrixUserId`, else the owner's."""
    ways = (("currentUser", "bitrixUserId"), ("currentUser", "id"), ("owner", "id"))
    for name, part in ways:
        held = me.get(name)
        if isinstance(held, dict) and (found := _text(held.get(part))):
            return found
    return ""


def _scopes(me: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the scopes of a key, or of the application whose key it is; None where none is told.

    Where an application's stand is not published: beside or in `app` or `oauth` (INFERRED).
    """
    for held in (me, me.get("app"), me.get("oauth")):
        told = held.get("scopes") if isinstance(held, dict) else None
        if isinstance(told, str):
            told = told.replace(",", " ").split()
        if isinstance(told, list):
            texts = {one.strip()[:_LONGEST] for one in told[:_MOST] if isinstance(one, str)} - {""}
            # what is no text is in no known shape: it tells neither that a scope is there nor not
            return tuple(sorted(texts)) if texts or not told else None
    return None


def _rate(me: Mapping[str, Any]) -> float | None:
    limit = me.get("rateLimit")
    value = limit.get("requestsPerSecond") if isinstance(limit, dict) else None
    if not isinstance(value, int | float | str) or isinstance(value, bool):
        return None
    try:
        rate = float(value)
    except (ValueError, OverflowError):
        return None
    return rate if 0 < rate < float("inf") else None


def _text(value: Any) -> str:
    """Return a text or a whole number as text; anything else says nothing."""
    if isinstance(value, str):
        return value.strip()[:_LONGEST]
    known = isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST
    return str(value) if known else ""
