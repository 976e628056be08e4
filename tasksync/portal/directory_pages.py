"""Listing all users and workgroups, page after page, and asking for some users by number.

`GET /v1/users` and `GET /v1/workgroups` (contract 11), `limit` up to 5000 (contract 6.2). That
`filter[>id]` and `order[id]` work here as they do for tasks is INFERRED from contract 9: where
they do not, pages are asked for by `offset`. No `select` is sent: one client saw it broken for
users. Keys come in camelCase or UPPER_SNAKE, numbers and truth as text (contract 3 and 11).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson

from tasksync.core.address_book import ListedGroup, ListedPerson
from tasksync.core.equivalence import normal_text
from tasksync.errors import PermissionDenied, PortalRejected, PortalUnreadable
from tasksync.portal import wire
from tasksync.portal.backoff import asked_for, pause
from tasksync.portal.batches import FULL
from tasksync.portal.listing import LARGEST, SHRINK, SMALLEST
from tasksync.portal.messages import PortalRequest
from tasksync.portal.no_answer import NoAnswer
from tasksync.portal.requester import Requester
from tasksync.portal.rows import id_in

#: with `offset` a longer page may be answered 500 (contract 6.2)
OFFSET_PAGE = 500
_GATEWAY = {502, 504}
#: how a missing scope or right is said (contract 5.2; a scope added later: contract 10)
_NO_RIGHT = frozenset(
    {"SCOPE_DENIED", "SCOPE_NOT_ALLOWED", "BITRIX_ACCESS_DENIED", "ACCESS_DENIED"}
)
#: what says that a filter or an order is not understood
_NO_CURSOR = frozenset(
    {
        *("INVALID_FILTER", "INVALID_FILTER_FIELD", "INVALID_FILTER_OPERATOR"),
        *("UNKNOWN_SORT_FIELD", "INVALID_SORT_TYPE", "INVALID_SORT_DIRECTION"),
    }
)
#: how PHP and JSON say no; what is not said at all is no no
_NO: Final[frozenset[object]] = frozenset({False, "n", "no", "false", "0"})


class _Entity(NamedTuple):
    """What is listed, the scope that it needs, and what to write where that is missing."""

    name: str
    scope: str
    called: str
    instead: str


_USERS = _Entity("users", "user", "people", "people as numbers")
_GROUPS = _Entity("workgroups", "sonet_group", "workgroups", "groups as numbers")


def people(requester: Requester) -> tuple[ListedPerson, ...]:
    """Return every user that the portal lists, the inactive too, in the order of numbers.

    Raises PermissionDenied where the key lacks the scope, PortalError as any read.
    """
    rows = _Pages(requester, _USERS).all()
    return tuple(_person(number, rows[number]) for number in sorted(rows))


def groups(requester: Requester) -> tuple[ListedGroup, ...]:
    """Return every workgroup that the portal lists; as `people`."""
    rows = _Pages(requester, _GROUPS).all()
    found = (
        ListedGroup(number, normal_text(_text(row, "name")), active=_active(row))
        for number, row in sorted(rows.items())
        if not _archived(row)
    )
    return tuple(found)


def first_page(requester: Requester) -> tuple[ListedPerson, ...]:
    """Return the users of one page, the inactive too; nobody where it cannot be; never raises."""
    query = (("filter[>id]", "0"), ("order[id]", "asc"), ("limit", str(LARGEST)))
    reply = requester.once(PortalRequest("GET", f"/v1/{_USERS.name}", query))
    if isinstance(reply, NoAnswer) or reply.fault is not None:
        return ()
    rows = _rows_in(reply.data, _USERS) or []
    numbered = ((id_in(row), row) for row in rows)
    return tuple(_person(number, row) for number, row in numbered if number and number > 0)


def by_number(requester: Requester, numbers: Collection[int]) -> Mapping[int, ListedPerson | None]:
    """Return these users, None for a number that nobody has; never raises.

    A number of which the portal tells nothing is left out. `GET /v1/users` with $in, at most 50 a
    request (contract 9 and 11); a portal that ignores the filter tells nothing of who is absent.
    """
    found: dict[int, ListedPerson | None] = {}
    wanted = sorted(set(numbers))
    for at in range(0, len(wanted), FULL):
        some = wanted[at : at + FULL]
        asked = orjson.dumps({"id": {"$in": some}}).decode()
        request = PortalRequest("GET", "/v1/users", (("filter", asked), ("limit", str(FULL))))
        reply = requester.once(request)
        if isinstance(reply, NoAnswer) or reply.fault is not None:
            return found
        rows = _rows_in(reply.data, _USERS)
        if rows is None:
            continue
        there = {number: row for row in rows if (number := id_in(row)) is not None}
        if there.keys() <= set(some) and len(there) == len(rows):
            found |= dict.fromkeys(some)
        found |= {one: _person(one, there[one]) for one in some if one in there}
    return found


class _Pages:
    """One listing of an entity; the size of a page is learnt on the way."""

    def __init__(self, requester: Requester, entity: _Entity) -> None:
        self._requester = requester
        self._entity = entity
        self._doing = f"Listing {entity.called}"
        self._limit = LARGEST
        self._found: dict[int, Mapping[str, Any]] = {}

    def all(self) -> Mapping[int, Mapping[str, Any]]:
        """Return all rows by their number; the listing ends with an empty page."""
        try:
            whole = self._by_cursor()
        except PortalRejected as refused:
            if refused.code not in _NO_CURSOR:
                raise
            whole = False
        if not whole:
            self._by_offset()
        return self._found

    def _by_cursor(self) -> bool:
        """Go up behind the last number; False where the portal does not keep to that."""
        cursor = 0
        while True:
            page = self._page((("filter[>id]", str(cursor)), ("order[id]", "asc")), self._limit)
            if not page:
                return True
            numbers = [number for number, _row in page]
            self._take(page)
            ascends = all(a < b for a, b in zip([cursor, *numbers], numbers, strict=False))
            if not ascends:
                return False
            cursor = numbers[-1]

    def _by_offset(self) -> None:
        """Go on behind as many rows as were seen; a page without news is the end.

        A full page without news shows that `offset` is ignored, so that more may stand behind it.
        """
        offset = 0
        while True:
            page = self._page((("offset", str(offset)),), OFFSET_PAGE)
            if not page:
                return
            offset += len(page)
            if not self._take(page) and offset > len(self._found):
                if len(page) >= OFFSET_PAGE:
                    raise _unusable(self._doing, "it repeats a page instead of going on")
                return

    def _take(self, page: Sequence[tuple[int, Mapping[str, Any]]]) -> bool:
        """Keep the rows of a page; tell whether there was news among them."""
        before = len(self._found)
        for number, row in page:
            self._found.setdefault(number, row)
        return len(self._found) > before

    def _page(
        self, query: Sequence[tuple[str, str]], limit: int
    ) -> list[tuple[int, Mapping[str, Any]]]:
        """Ask for one page, a shorter one where the portal cannot manage."""
        since = self._requester.clock.monotonic()
        while True:
            request = PortalRequest(
                "GET", f"/v1/{self._entity.name}", (*query, ("limit", str(limit)))
            )
            reply = self._requester.once(request) if limit > SMALLEST else None
            if reply is not None and _too_long(reply):
                self._limit = limit = max(SMALLEST, limit // SHRINK)
                wait = pause(1, _hint(reply), self._requester.settings.pause)
                self._requester.sleep(wait)
                since += asked_for(wait)
                continue
            if reply is None or isinstance(reply, NoAnswer) or reply.fault is not None:
                reply = self._asked(request, since)
            return self._rows_of(reply)

    def _asked(self, request: PortalRequest, since: float) -> wire.Reply:
        try:
            return self._requester.ask(request, self._doing, since=since)
        except PermissionDenied as denied:
            if denied.code not in _NO_RIGHT:
                raise
            raise _no_right(self._entity, self._doing, denied.code) from denied

    def _rows_of(self, reply: wire.Reply) -> list[tuple[int, Mapping[str, Any]]]:
        rows = _rows_in(reply.data, self._entity)
        if rows is None:
            raise _unusable(self._doing, "a page is no list")
        numbered = ((id_in(row), row) for row in rows)
        return [(number, row) for number, row in numbered if number is not None and number > 0]


def _rows_in(data: Any, entity: _Entity) -> list[Any] | None:
    """Return the rows of an answer: a list, an object by number, or either under its name."""
    if isinstance(data, dict):
        for name in (entity.name, "items", "result"):
            if isinstance(data.get(name), list | dict):
                data = data[name]
                break
    if isinstance(data, dict):
        data = [data] if id_in(data) is not None else list(data.values())
    return data if isinstance(data, list) else None


def _too_long(reply: wire.Reply | NoAnswer) -> bool:
    if isinstance(reply, NoAnswer):
        return reply.sent
    return reply.fault is not None and reply.fault.status in _GATEWAY


def _hint(reply: wire.Reply | NoAnswer) -> float | None:
    return None if isinstance(reply, NoAnswer) or reply.fault is None else reply.fault.retry_after


def _no_right(entity: _Entity, doing: str, code: str) -> PermissionDenied:
    return PermissionDenied(
        f"{doing}: the key lacks the scope `{entity.scope}` ({code}).",
        f"Use a key with this scope (tasksync whoami shows what this one has), or write "
        f"{entity.instead}.",
        code=code,
    )


def _unusable(doing: str, what: str) -> PortalUnreadable:
    return PortalUnreadable(
        f"{doing}: the portal's listing cannot be used: {what}.",
        "Nothing was written. Write numbers instead, and please report this line.",
    )


def _person(number: int, row: Mapping[str, Any]) -> ListedPerson:
    name = f"{_text(row, 'name')} {_text(row, 'lastName', 'LAST_NAME')}".strip()
    return ListedPerson(number, name, _text(row, "email"), active=_active(row))


def _text(row: Mapping[str, Any], name: str, native: str = "") -> str:
    """Return a text of a row, under either name; "" where there is none."""
    for value in (row.get(name), row.get(native or name.upper())):
        for one in _members(value):
            if isinstance(one, str) and one.strip():
                return one.strip()
    return ""


def _members(value: Any) -> Iterable[Any]:
    """Yield a text, or those of a field of several values, as Bitrix24 writes addresses too."""
    for one in value if isinstance(value, list) else [value]:
        yield one.get("value", one.get("VALUE")) if isinstance(one, dict) else one


def _active(row: Mapping[str, Any]) -> bool:
    """Tell whether somebody works here still; what is not said counts as yes."""
    value = row.get("active", row.get("ACTIVE"))
    return not (isinstance(value, bool | int | str) and _low(value) in _NO)


def _archived(row: Mapping[str, Any]) -> bool:
    """Tell whether a group is archived: the list should hold none (contract 8.9)."""
    value = row.get("archived", row.get("ARCHIVED", row.get("CLOSED")))
    return isinstance(value, bool | int | str) and _low(value) in {True, "y", "yes", "true", "1"}


def _low(value: bool | int | str) -> object:  # noqa: FBT001 - whatever a row holds
    return value.strip().lower() if isinstance(value, str) else value
