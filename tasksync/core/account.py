"""Whose key it is and what it may do, as `GET /v1/me` tells it (contract 10)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from tasksync.value_classes import dataclass

#: what a key is called, by `data.type` of /v1/me
KINDS: Mapping[str, str] = {
    "personal": "a personal key",
    "oauth_app": "an application key",
    "management": "a management key",
}
#: a scope that tasksync uses -> the names it goes by (contract 13.8), and what is not without it
NEEDED: Mapping[str, tuple[tuple[str, ...], str]] = {
    "tasks": (("tasks", "task"), "no task can be read or written: plan and apply end with exit 7"),
    "user": (("user",), "plans show people by their numbers, without names"),
    "sonet_group": (("sonet_group",), "groups cannot be looked up, only given by their numbers"),
}
#: an expiry as near as this is warned of
SOON = timedelta(days=14)
READ_ONLY = "READONLY"


@dataclass(frozen=True, slots=True)
class Account:
    """What a portal tells of a key; "" and None where it tells nothing.

    `portal` is its name, `host` where it was asked. `user` is the id of whom the key acts for.
    `per_second` and `per_minute` are the limits in force: the key's or the vendor's, whichever is
    lower (None: none); `rate` is what the key tells, whatever it is. `expires` is as it was told;
    `lasting` says that the portal told of no expiry (null).
    """

    portal: str
    host: str
    kind: str = ""
    owner: str = ""
    user: str = ""
    access: str = ""
    scopes: tuple[str, ...] | None = None
    rate: float | None = None
    per_second: float | None = None
    per_minute: int | None = None
    expires: str = ""
    lasting: bool = False

    @property
    def expiry(self) -> datetime | None:
        """When the key ends; a day without a time is its end, a time without an offset is UTC."""
        text = self.expires
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            return None
        if len(text) <= len("2026-01-01"):
            found += timedelta(days=1) if found.year < 9999 else timedelta()  # noqa: PLR2004
        return found if found.tzinfo else found.replace(tzinfo=UTC)

    @property
    def missing(self) -> tuple[str, ...]:
        """Return which scopes that tasksync uses the key has not, as far as it tells them."""
        if self.scopes is None:
            return ()
        held = set(self.scopes)
        return tuple(name for name, (names, _) in NEEDED.items() if held.isdisjoint(names))


class Remark(NamedTuple):
    """What a person should know of a key. `grave`: it keeps, or soon keeps, tasksync from work."""

    about: str
    text: str
    advice: str
    grave: bool = True


def remarks(account: Account, now: datetime, *, session: bool) -> tuple[Remark, ...]:
    """Return what to know of a key; `session` tells whether a session token goes with it."""
    return (
        *_kind(account, session=session),
        *_scopes(account.missing),
        *_expiry(account, now),
    )


def _kind(account: Account, *, session: bool) -> Iterator[Remark]:
    if account.kind == "management":
        yield Remark(
            "kind",
            "A management key reads and writes no tasks.",
            "Set TASKSYNC_API_KEY to a personal key (vibe_api_…).",
        )
    if account.kind == "oauth_app" and not session:
        yield Remark(
            "session",
            "An application key works with a session alone, and there is none: plan and apply end "
            "with exit 7.",
            "Set TASKSYNC_SESSION_TOKEN.",
        )
    if account.access == READ_ONLY:
        yield Remark(
            "access",
            "The key may only read: plan works, apply ends with exit 7.",
            "For apply take a key with the access READWRITE.",
        )


def _scopes(missing: Sequence[str]) -> Iterator[Remark]:
    for name in missing:
        yield Remark(
            "scopes",
            f"The scope {name} is missing: {NEEDED[name][1]}.",
            "Scopes are fixed when a key is issued: issue one with it.",
            grave=name == "tasks",
        )


def _expiry(account: Account, now: datetime) -> Iterator[Remark]:
    ends = account.expiry
    if ends is None or ends - now >= SOON:
        return
    if ends <= now:
        yield Remark("expires", "The key has expired.", "Issue another one.")
        return
    left = ends - now
    within = "1 day" if left.days == 1 else f"{left.days} days" if left.days else "less than a day"
    yield Remark("expires", f"The key expires in {within}.", "Issue another one before that.")
