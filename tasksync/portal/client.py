"""RestPortal: the port `Portal` over Bitrix24's VibeCode REST API."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tasksync.core.change import Change, Outcome
from tasksync.core.fields import RemoteId
from tasksync.core.ports import Clock, Listener, Permission
from tasksync.core.state import PortalIdentity
from tasksync.core.task import LiveTask
from tasksync.errors import PermissionDenied, PortalRejected, PortalUnreadable
from tasksync.portal import listing, lookups
from tasksync.portal.batches import Size
from tasksync.portal.exchange import Request, Transport
from tasksync.portal.line import Line
from tasksync.portal.mistakes import CODES
from tasksync.portal.performing import Flight, Habits, Performance
from tasksync.portal.rows import LARGEST
from tasksync.portal.settings import PortalSettings
from tasksync.portal.workers import Alone, Crew

#: characters of the longest name of a portal or a person that is believed to be one
_LONGEST_NAME = 250
_READONLY = "WRITE_BLOCKED_READONLY_KEY"


class RestPortal:
    """The portal behind one key. For one thread; `stopping` is asked before each new request."""

    def __init__(
        self, send: Transport, clock: Clock, settings: PortalSettings, listener: Listener
    ) -> None:
        self._line = Line(send, clock, settings, listener)
        self._settings = settings
        self._listener = listener
        self._habits = Habits(Size(settings.timeout))
        self._crew: Crew[Flight] | None = None
        self._identity: PortalIdentity | None = None
        self._read_only = False

    @property
    def requests(self) -> int:
        """How many requests were sent so far, all told."""
        return self._line.requests

    @property
    def writing_requests(self) -> int:
        """How many of them carried changes."""
        return self._line.writing

    @property
    def create_seconds(self) -> float | None:
        """Seconds that one create takes here, as far as it is known (design 9)."""
        return self._habits.creates.seconds

    @create_seconds.setter
    def create_seconds(self, known: float | None) -> None:
        self._habits.creates.seconds = known

    @property
    def stopping(self) -> Callable[[], bool]:
        """Asked before each new request: when it says yes, `perform` ends what is in flight."""
        return self._line.stopping

    @stopping.setter
    def stopping(self, asked: Callable[[], bool]) -> None:
        self._line.stopping = asked

    def identity(self) -> PortalIdentity:
        """Whose portal and whose key (`GET /v1/me`, contract 10); asked once.

        A portal without /v1/me is named by its host. Raises AuthenticationFailed.
        """
        if self._identity is None:
            self._identity = self._ask_me()
        return self._identity

    def find(self, marker: str | None, ids: Collection[RemoteId]) -> Iterator[LiveTask]:
        """Every task that bears `marker`, then those of `ids` that the listing did not return."""
        missing = set(ids)
        unmarked: list[LiveTask] = []
        if marker is not None:
            for live in listing.Listing(self._line, self._listener, marker).rows():
                self._habits.saw(live.id)
                if marker in live.markers:
                    missing.discard(live.id)
                    yield live
                elif live.id in missing:
                    missing.discard(live.id)
                    unmarked.append(live)
                else:
                    listing.whose(live, marker)
        yield from unmarked
        for live in lookups.by_ids(self._line, missing):
            self._habits.saw(live.id)
            yield live

    def newest(self) -> RemoteId:
        """The highest task id that the portal has now (0: none)."""
        found = listing.newest(self._line)
        self._habits.saw(found)
        return found

    def newer(self, marker: str | None, after: RemoteId) -> Iterator[LiveTask]:
        """The tasks that bear `marker` (None: all) and have an id above `after`."""
        for live in listing.Listing(self._line, self._listener, marker).rows(after):
            self._habits.saw(live.id)
            if marker is None or listing.whose(live, marker):
                yield live

    def perform(
        self,
        changes: Iterable[Change],
        about_to_send: Callable[[Sequence[Change]], Permission | None],
    ) -> Iterator[Outcome]:
        """Do the changes of one level; see `core.ports.Portal.perform`."""
        if self._read_only:
            row = CODES[_READONLY]
            raise PermissionDenied(
                f"Writing: {row.says} ({_READONLY}).", row.advice, code=_READONLY
            )
        if self._crew is None:
            self._crew = _crew(self._line, self._settings.parallelism)
        level = Performance(self._line, self._habits, self._crew, about_to_send)
        yield from level.outcomes(changes)

    def people(self, ids: Collection[int]) -> Mapping[int, str]:
        """Names and e-mails beside ids, for people to read; what is not known is left out."""
        return lookups.people(self._line, ids)

    def close(self) -> None:
        """Let the sending threads go; what is in flight is waited for."""
        if self._crew is not None:
            self._crew.close()
            self._crew = None

    def _ask_me(self) -> PortalIdentity:
        me: Mapping[str, Any] = {}
        try:
            told = self._line.ask(Request("GET", "/v1/me"), "Asking who we are").data
        except PortalRejected as error:
            if error.code not in {"NOT_FOUND", "ENTITY_NOT_FOUND", ""}:
                raise
        else:
            if told is None:  # a state that is bound to a guess would fit no portal
                raise PortalUnreadable(
                    "Asking who we are: the portal's answer says nothing.",
                    "Nothing was written. Run it again in a minute.",
                )
            me = told if isinstance(told, dict) else {}
        self._read_only = me.get("accessMode") == "READONLY"
        per_second = _rate(me)
        self._line.pace.tighten(per_second=per_second)
        host = self._settings.host
        return PortalIdentity(_portal(me) or host, _owner(me), per_second, host=host)


def _crew(line: Line, size: int) -> Crew[Flight]:
    if size <= 1:
        return Alone(line.meet)
    from tasksync.portal.threads import Threads  # costs 10 ms, and a plan sends nothing

    return Threads(line.meet, size)


def _portal(me: Mapping[str, Any]) -> str:
    """Return the portal's name: a text, or an object that has one."""
    named = me.get("portal")
    if isinstance(named, dict):
        named = next((named[k] for k in ("domain", "host", "url", "name") if named.get(k)), "")
    return named.strip()[:_LONGEST_NAME] if isinstance(named, str) else ""


def _owner(me: Mapping[str, Any]) -> str:
    """Return the owner's name and id as far as /v1/me tells them."""
    owner, user = me.get("owner"), me.get("currentUser")
    name = owner.get("name") if isinstance(owner, dict) else owner
    remote = user.get("bitrixUserId") if isinstance(user, dict) else None
    parts = [name.strip()[:_LONGEST_NAME]] if isinstance(name, str) and name.strip() else []
    number = _number(remote)
    return " ".join([*parts, f"(user {number})"] if number else parts)


def _number(remote: object) -> str:
    """Return a user's number, which has a few digits where it is one."""
    if isinstance(remote, str):
        return remote[:_LONGEST_NAME]
    known = isinstance(remote, int) and not isinstance(remote, bool) and abs(remote) < LARGEST
    return str(remote) if known else ""


def _rate(me: Mapping[str, Any]) -> float | None:
    limit = me.get("rateLimit")
    value = limit.get("requestsPerSecond") if isinstance(limit, dict) else None
    try:
        rate = float(value) if isinstance(value, int | float | str) else 0.0
    except (ValueError, OverflowError):
        return None
    return rate if 0 < rate < float("inf") else None
