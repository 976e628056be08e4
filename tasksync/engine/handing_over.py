"""Taking tasks over from other projects: what their states have to know before a request leaves.

Each of these projects' locks is held as well as our own, and taken in the order of their names
(`cli/other_projects.py`), so that two runs that want each other's never wait for each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from tasksync.core.change import Change
from tasksync.core.ports import Portal
from tasksync.core.state import Entry, InProject, State, StateDelta
from tasksync.engine.lease import LeaseHolder
from tasksync.engine.portal_check import check_portal
from tasksync.errors import StateForeign, StateMoved
from tasksync.value_classes import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class OtherProject:
    """Another project whose lock this run holds, and its state as read under it."""

    lease_holder: LeaseHolder
    state: State


@dataclass(frozen=True, slots=True)
class HandingOver:
    """Says in the other projects' states that tasks are `project`'s from now on."""

    project: str = ""
    others: Mapping[str, OtherProject] = field(default_factory=lambda: MappingProxyType({}))

    def may_send(self, changes: Iterable[Change]) -> bool:
        """Tell whether the locks of all projects that these changes take from are held now."""
        return all(
            self.others[one.origin.project].lease_holder.may_send()
            for one in changes
            if one.origin is not None
        )

    def begin(self, changes: Iterable[Change]) -> None:
        """Write down there whose these tasks are from now on; raises StateError where it cannot.

        A killed run may have done it already. Nothing is sent before it is durable.
        """
        due: dict[str, list[Entry]] = defaultdict(list)
        for change in changes:
            if change.origin is not None:
                due[change.origin.project].append(self._given(change, change.origin))
        for project, entries in due.items():
            holder = self.others[project].lease_holder
            holder.check()
            fresh = tuple(e for e in entries if e != self.others[project].state.entries.get(e.key))
            holder.commit(StateDelta(put=fresh))

    def _given(self, change: Change, origin: InProject) -> Entry:
        other = self.others.get(origin.project)
        entry = None if other is None else other.state.entries.get(origin.key)
        if entry is None or entry.id != change.id:
            raise StateMoved(
                f"{origin} is no longer task {change.id}: it cannot be taken over.",
                "Run plan again.",
            )
        return replace(entry, moved_to=InProject(self.project, change.key))


def must_be_on(portal: Portal, sources: Mapping[str, State]) -> None:
    """Raise where a project that tasks are to be taken from belongs to another portal."""
    for source in sources.values():
        try:
            check_portal(portal, source)
        except StateForeign as foreign:
            raise StateForeign(
                f"moved: tasks of project {source.project} cannot move here. {foreign.message}",
                "Projects of one portal can take each other's tasks over, and no others.",
            ) from None
