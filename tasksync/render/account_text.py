"""Whose key it is and what it may do, for people and as JSON (`schemas/whoami.schema.json`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tasksync.core.account import KINDS, READ_ONLY, Account, Remark
from tasksync.core.formats.json_text import indented
from tasksync.render.style import PLAIN, Style, Tone
from tasksync.render.wording import clean, count, in_quotes

UNTOLD = "(the portal does not tell)"
FORMAT_VERSION = "1.0"


def account_text(account: Account, remarks: Sequence[Remark], style: Style = PLAIN) -> str:
    """Return an account in words, one fact a line, then what a person should know of it."""
    lines = [f"{name:<8}{clean(words)}" for name, words in _facts(account)]
    for one in remarks:
        word = style.paint("Warning:", Tone.BAD) if one.grave else "Note:"
        lines.append(f"{word} {one.text} {one.advice}")
    return "\n".join(lines) + "\n"


def account_json(account: Account, remarks: Sequence[Remark], *, version: str) -> str:
    """Return what `schemas/whoami.schema.json` describes."""
    ends = account.expiry
    data = {
        "format_version": FORMAT_VERSION,
        "tasksync_version": version,
        "portal": account.portal,
        "host": account.host,
        "owner": {"name": account.owner or None, "id": account.user or None},
        "key": {
            "kind": account.kind or None,
            "access": account.access or None,
            "expires": None if ends is None else ends.isoformat(timespec="seconds"),
        },
        "scopes": None if account.scopes is None else list(account.scopes),
        "missing_scopes": list(account.missing),
        "limits": {"per_second": account.per_second, "per_minute": account.per_minute},
        "remarks": [
            {
                "level": "warning" if one.grave else "note",
                "about": one.about,
                "message": one.text,
                "advice": one.advice,
            }
            for one in remarks
        ],
    }
    return indented(data) + "\n"


def _facts(account: Account) -> Iterator[tuple[str, str]]:
    asked = f" (asked at {account.host})" if account.host != account.portal else ""
    yield "portal", f"{account.portal}{asked}"
    yield "key", _key(account)
    yield "access", _access(account.access)
    yield "scopes", _scopes(account.scopes)
    yield "limits", _limits(account)
    yield "expires", _expires(account)


def _key(account: Account) -> str:
    kind = KINDS.get(account.kind) or (f"a key of the kind {in_quotes(account.kind)}")
    user = f"user {account.user}" if account.user else ""
    both = f"{account.owner} ({user})" if account.owner and user else account.owner or user
    return f"{kind if account.kind else 'a key'} of {both or 'somebody, ' + UNTOLD[1:-1]}"


def _access(access: str) -> str:
    match access:
        case "READWRITE":
            return "reads and writes"
        case "":
            return UNTOLD
        case _ if access == READ_ONLY:
            return "only reads"
        case _:
            return in_quotes(access)


def _scopes(scopes: tuple[str, ...] | None) -> str:
    return UNTOLD if scopes is None else ", ".join(scopes) or "(none)"


def _limits(account: Account) -> str:
    if account.per_second is None or account.per_minute is None:
        return "none"
    rate = (
        f"{account.per_second:.9g} {'request' if account.per_second == 1 else 'requests'} a second"
    )
    kept = f"{rate}, {count(account.per_minute, 'request')} a minute"
    if account.rate is None:
        return f"{kept} (the vendor's; the portal tells none of the key's own)"
    if account.rate > account.per_second:
        return f"{kept} (the key may send {account.rate:.9g} a second; tasksync keeps to the lower)"
    return kept


def _expires(account: Account) -> str:
    ends = account.expiry
    if ends is not None:
        return ends.isoformat(sep=" ", timespec="minutes")
    if account.expires:
        return f"{in_quotes(account.expires)}, which is no date"
    return "never" if account.lasting else UNTOLD
