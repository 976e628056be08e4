"""A portal whose tasks are read once: a plan that is made after another sees the same tasks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from tasksync.core.change import Change, Outcome
from tasksync.core.extra_fields import ExtraField
from tasksync.core.fields import RemoteId
from tasksync.core.ports import Permission, Portal
from tasksync.core.state import PortalIdentity
from tasksync.core.task import LiveTask


class TasksOnce:
    """A portal that keeps what `find` told at first, and tells it again without a request."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._told: dict[RemoteId, LiveTask] | None = None

    @property
    def tasks(self) -> Mapping[RemoteId, LiveTask]:
        """The tasks that were found, by id; none before they were asked for."""
        return self._told or {}

    @property
    def create_seconds(self) -> float | None:
        """What one create takes there."""
        return self._portal.create_seconds

    @create_seconds.setter
    def create_seconds(self, known: float | None) -> None:
        self._portal.create_seconds = known

    def find(self, marker: str | None, ids: Collection[RemoteId]) -> Iterator[LiveTask]:
        """Every task that was found the first time, else what the portal finds."""
        if self._told is None:
            self._told = {live.id: live for live in self._portal.find(marker, ids)}
        yield from self._told.values()

    def identity(self) -> PortalIdentity:
        """Whose portal, whose key."""
        return self._portal.identity()

    def extra_fields(self) -> Mapping[str, ExtraField]:
        """The extra fields that the portal lists."""
        return self._portal.extra_fields()

    def read_too(self, extras: Collection[ExtraField], /) -> None:
        """Read these extra fields too."""
        self._portal.read_too(extras)

    def present(self, ids: Collection[RemoteId]) -> Collection[RemoteId]:
        """Those that are there now."""
        return self._portal.present(ids)

    def newest(self) -> RemoteId:
        """The highest id."""
        return self._portal.newest()

    def newer(self, marker: str | None, after: RemoteId) -> Iterator[LiveTask]:
        """The tasks above an id."""
        return self._portal.newer(marker, after)

    def perform(
        self,
        changes: Iterable[Change],
        about_to_send: Callable[[Sequence[Change]], Permission | None],
    ) -> Iterator[Outcome]:
        """Do changes; what was found before does not show them."""
        return self._portal.perform(changes, about_to_send)
