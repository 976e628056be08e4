"""Which tests stay together in one worker: those of a file, but for rooms that share nothing.

And those that want a Dask cluster: its library is imported once then, and one cluster serves them.
"""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

#: rooms whose tests mostly wait, and share nothing
ONE_BY_ONE = {"e2e", "second_portal", "fuzz"}
#: how the names of the files end that share a cluster
ON_DASK = "_on_dask.py"


def room_of(nodeid: str) -> str:
    """Return the room of a test; a file beside the rooms is a room of its own."""
    return nodeid.partition("::")[0].removeprefix("tests/").partition("/")[0]


def group_of(nodeid: str) -> str:
    """Return what a test shares with those that must run in the same worker."""
    if nodeid.partition("::")[0].endswith(ON_DASK):
        return ON_DASK
    return nodeid if room_of(nodeid) in ONE_BY_ONE else nodeid.partition("::")[0]


class Sharing(LoadScopeScheduling):  # type: ignore[misc]
    """Gives each worker a whole group at a time."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
