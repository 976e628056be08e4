"""Which cluster `--on` means, and how it is opened; its library is imported only then."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tasksync.core.fleet import Fleet, ProjectJob
from tasksync.errors import SettingsError
from tasksync.fleet.cluster_runs import ClusterRuns


def cluster_runs(
    address: str,
    fleet: Fleet,
    env: Mapping[str, str],
    *,
    limit: int | None,
    told: Callable[[ProjectJob, str], object],
    note: Callable[[str], object],
    stop: Callable[[], bool],
    masked: Callable[[str], str],
) -> ClusterRuns:
    """Return what runs jobs on the cluster at an address like dask:tcp://HOST:PORT.

    The rest is as ClusterRuns says. Raises SettingsError where the library is not installed;
    nothing is connected yet.
    """
    try:
        from tasksync.fleet.dask_cluster import DaskCluster
    except ImportError as error:
        raise SettingsError(
            f"--on {address} needs dask.distributed, which is not installed.",
            "pip install 'tasksync[fleet]'",
        ) from error
    return ClusterRuns(
        lambda run: DaskCluster(address, run),
        fleet,
        env,
        limit=limit,
        told=told,
        note=note,
        stop=stop,
        masked=masked,
    )
