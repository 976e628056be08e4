"""RestPortal: the port `Portal` over Bitrix24's VibeCode REST API."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tasksync.core.account import READ_ONLY, Account
from tasksync.core.address_book import ListedGroup, ListedPerson
from tasksync.core.change import Change, Outcome
from tasksync.core.extra_fields import ExtraField
from tasksync.core.fields import RemoteId
from tasksync.core.ports import Clock, Listener, Permission
from tasksync.core.same_titles import Titled
from tasksync.core.state import PortalIdentity
from tasksync.core.task import LiveTask
from tasksync.core.task_filter import TaskFilter
from tasksync.errors import (
    PermissionDenied,
    PortalRejected,
    PortalUnavailable,
    PortalUnreadable,
)
from tasksync.portal import directory_pages, field_list, listing, lookups, title_lookups
from tasksync.portal.batches import FULL, Size
from tasksync.portal.error_codes import CODES
from tasksync.portal.filter_query import filters_of
from tasksync.portal.last_editors import last_editors
from tasksync.portal.learned import Learned
from tasksync.portal.me_answer import account_of, owner_of
from tasksync.portal.messages import PortalRequest, Transport
from tasksync.portal.requester import Requester
from tasksync.portal.setup import PortalSettings
from tasksync.value_classes import replace

if TYPE_CHECKING:
    from tasksync.portal.perform import InFlight
    from tasksync.portal.pool import Pool

#: so many ids are looked for in a listing first: four batches
WORTH_A_LISTING = 4 * FULL
_READONLY = "WRITE_BLOCKED_READONLY_KEY"


class RestPortal:
    """The portal behind one key. For one thread; `stopping` is asked before each new request."""

    def __init__(
        self, send: Transport, clock: Clock, settings: PortalSettings, listener: Listener
    ) -> None:
        self._requester = Requester(send, clock, settings, listener)
        self._settings = settings
        self._listener = listener
        self._learned = Learned(Size(settings.timeout))
        self._pool: Pool[InFlight] | None = None
        self._me: tuple[PortalIdentity, Account] | None = None
        self._read_only = False
        self._users: tuple[ListedPerson, ...] | None = None
        self._groups: tuple[ListedGroup, ...] | None = None
        self._fields: Mapping[str, ExtraField] | None = None
        self._extras: tuple[ExtraField, ...] = ()

    @property
    def requests(self) -> int:
        """How many requests were sent so far, all told."""
        return self._requester.requests

    @property
    def writing_requests(self) -> int:
        """How many of them carried changes."""
        return self._requester.writing

    @property
    def create_seconds(self) -> float | None:
        """Seconds that one create takes here, as far as it is known (design 9)."""
        return self._learned.creates.seconds

    @create_seconds.setter
    def create_seconds(self, known: float | None) -> None:
        self._learned.creates.seconds = known

    @property
    def stopping(self) -> Callable[[], bool]:
        """Asked before each new request: when it says yes, `perform` ends what is in flight."""
        return self._requester.stopping

    @stopping.setter
    def stopping(self, asked: Callable[[], bool]) -> None:
        self._requester.stopping = asked

    def identity(self) -> PortalIdentity:
        """Whose portal and whose key (`GET /v1/me`, contract 10); asked once.

        A portal without /v1/me is named by its host. Raises AuthenticationFailed.
        """
        return self._told()[0]

    def account(self) -> Account:
        """What the portal tells of the key, with the limits in force; asked once, as `identity`."""
        return self._told()[1]

    def find(self, marker: str | None, ids: Collection[RemoteId]) -> Iterator[LiveTask]:
        """Every task that bears `marker`, then those of `ids` that the listing did not return."""
        missing = set(ids)
        unmarked: list[LiveTask] = []
        if marker is not None:
            for live in self._listing(marker).rows():
                self._learned.saw(live.id)
                if marker in live.markers:
                    missing.discard(live.id)
                    yield live
                elif live.id in missing:
                    missing.discard(live.id)
                    unmarked.append(live)
                else:
                    listing.whose(live, marker)
        yield from unmarked
        yield from self._of_many(missing)
        for live in lookups.by_ids(self._requester, missing, self._extras):
            self._learned.saw(live.id)
            yield live

    def _of_many(self, missing: set[RemoteId]) -> Iterator[LiveTask]:
        """Yield what a listing of all tasks has of many ids, and take it out of `missing`.

        It goes on as long as its requests bring more than batches of ids would; what it cannot
        tell, and what it did not come to, stays missing.
        """
        if len(missing) <= WORTH_A_LISTING:
            return
        last, wanted = max(missing), len(missing)
        begun = self._requester.requests
        try:
            for live in self._listing(None).rows(min(missing) - 1):
                self._learned.saw(live.id)
                if live.id in missing:
                    missing.discard(live.id)
                    yield live
                before = self._requester.requests - begun - 1  # but the page at hand
                poor = wanted - len(missing) < FULL * before
                if not missing or live.id > last or poor:
                    return
        except (PortalRejected, PortalUnavailable, PortalUnreadable):
            return

    def present(self, ids: Collection[RemoteId]) -> Collection[RemoteId]:
        """Those of `ids` that are there now, by `get` alone: a listing may lag behind a delete."""
        return lookups.present(self._requester, ids)

    def extra_fields(self) -> Mapping[str, ExtraField]:
        """The extra fields that the portal lists (`GET /v1/tasks/fields`); asked once."""
        if self._fields is None:
            self._fields = field_list.asked(self._requester)
        return self._fields

    def read_too(self, extras: Collection[ExtraField]) -> None:
        """Read these extra fields of every task from now on: they come only when named."""
        known = {one.name: one for one in (*self._extras, *extras)}
        self._extras = tuple(known[name] for name in sorted(known))

    def _listing(self, marker: str | None) -> listing.Listing:
        return listing.Listing(self._requester, self._listener, marker, self._extras)

    def newest(self) -> RemoteId:
        """The highest task id that the portal has now (0: none)."""
        found = listing.newest(self._requester)
        self._learned.saw(found)
        return found

    def newer(self, marker: str | None, after: RemoteId) -> Iterator[LiveTask]:
        """The tasks that bear `marker` (None: all) and have an id above `after`."""
        for live in self._listing(marker).rows(after):
            self._learned.saw(live.id)
            if marker is None or listing.whose(live, marker):
                yield live

    def listed(self, wanted: TaskFilter) -> Iterator[LiveTask]:
        """Every task that the filter takes, whoever's it is, in pages of the portal's listing."""
        asked = listing.Listing(
            self._requester, self._listener, None, self._extras, filters_of(wanted)
        )
        return (live for live in asked.rows() if wanted.takes(live))

    def of_titles(self, titles: Collection[str], *, patient: bool = False) -> Titled:
        """The tasks of these titles, whoever's they are, in two requests at most.

        `patient` raises PortalError where that fails; else what was not answered is told.
        """
        return title_lookups.by_titles(self._requester, titles, patient=patient)

    def acquaintances(self, numbers: Collection[int]) -> Mapping[int, ListedPerson]:
        """Who has these numbers, in few requests; whoever the portal does not tell is left out.

        Never raises. Of many people the first page of the listing is read, which may hold others
        too: they show that an address is not one person's alone.
        """
        known: dict[int, ListedPerson] = {}
        if self._users is not None:
            known = {one.id: one for one in self._users}
        elif len(numbers) > FULL:
            known = {one.id: one for one in directory_pages.first_page(self._requester)}
        missing = set(numbers) - known.keys()
        found = directory_pages.by_number(self._requester, missing) if missing else {}
        return {**known, **{number: one for number, one in found.items() if one is not None}}

    def last_editors(self, ids: Sequence[RemoteId]) -> Mapping[RemoteId, int]:
        """Who changed these tasks last, as far as the portal tells; never raises."""
        return last_editors(self._requester, ids)

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
        from tasksync.portal.perform import Performance  # a plan sends nothing

        if self._pool is None:
            self._pool = _pool(self._requester, self._settings.parallelism)
        level = Performance(self._requester, self._learned, self._pool, about_to_send)
        yield from level.outcomes(changes)

    def people(self, numbers: Collection[int]) -> Mapping[int, ListedPerson | None]:
        """The users of these numbers, None for one that nobody has; never raises.

        Of what is left out the portal tells nothing. Where all users were listed already, nothing
        is asked.
        """
        if self._users is None:
            return directory_pages.by_number(self._requester, numbers)
        listed = {one.id: one for one in self._users}
        return {number: listed.get(number) for number in numbers}

    def users(self) -> tuple[ListedPerson, ...]:
        """Every user that the portal lists, the inactive too; listed once."""
        if self._users is None:
            self._users = directory_pages.people(self._requester)
        return self._users

    def workgroups(self) -> tuple[ListedGroup, ...]:
        """Every workgroup that the portal lists, archived ones left out; listed once."""
        if self._groups is None:
            self._groups = directory_pages.groups(self._requester)
        return self._groups

    def close(self) -> None:
        """Let the sending threads go; what is in flight is waited for."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    def _told(self) -> tuple[PortalIdentity, Account]:
        if self._me is None:
            self._me = self._ask_me()
        return self._me

    def _ask_me(self) -> tuple[PortalIdentity, Account]:
        me: Mapping[str, Any] = {}
        try:
            told = self._requester.ask(PortalRequest("GET", "/v1/me"), "Asking who we are").data
        except PortalRejected as error:
            if error.code not in {"NOT_FOUND", "ENTITY_NOT_FOUND", ""}:
                raise
        else:
            # PHP's empty object is []; a state bound to a guess would fit no portal
            if not isinstance(told, dict) and told != []:
                raise PortalUnreadable(
                    "Asking who we are: the portal's answer says nothing.",
                    "Nothing was written. Run it again in a minute.",
                )
            me = told or {}
        found = account_of(me, self._settings.host)
        pace = self._requester.pace
        pace.tighten(per_second=found.rate)
        self._read_only = found.access == READ_ONLY
        if self._settings.paced:
            found = replace(found, per_second=pace.limit, per_minute=pace.minute.count)
        here = PortalIdentity(found.portal, owner_of(me), found.rate, host=found.host)
        return here, found


def _pool(requester: Requester, size: int) -> Pool[InFlight]:
    if size <= 1:
        from tasksync.portal.pool import Inline

        return Inline(requester.send)
    from tasksync.portal.thread_pool import Threads  # costs 10 ms

    return Threads(requester.send, size)
