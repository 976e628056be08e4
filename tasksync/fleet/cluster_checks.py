"""What must hold before a fleet runs on a cluster: remote states, no secret sent, versions."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence

from tasksync.core.fleet import FleetProject
from tasksync.errors import SettingsError
from tasksync.fleet.worker_run import WorkerFacts

#: states that a worker reaches as well as we do
_REMOTE = frozenset({"postgresql", "postgres", "s3", "http", "https"})
_NO_STATE = (
    "Name a state that the workers reach in the fleet's file, under defaults or of the project: "
    "postgresql://, s3:// or https://."
)
_ITS_OWN = (
    "Leave the password out of the address: a worker takes it from PGPASSWORD, .pgpass or "
    "TASKSYNC_HTTP_PASSWORD of its own."
)


def must_be_remote(projects: Sequence[FleetProject], masked: Callable[[str], str]) -> None:
    """Raise SettingsError where a worker would not find what is meant, or would be sent a secret.

    All projects are named at once. `masked` returns an address without what is secret in it.
    """
    faults: dict[tuple[str, str], list[str]] = {}
    for project in projects:
        for fault in _faults(project, masked):
            faults.setdefault(fault, []).append(project.name)
    if faults:
        told = [f"{', '.join(names)}: {what}." for (what, _), names in faults.items()]
        advice = dict.fromkeys(advice for _, advice in faults)
        raise SettingsError(
            "\n  ".join(("This fleet cannot run on a cluster:", *told)), "\n  ".join(advice)
        )


def _faults(project: FleetProject, masked: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong, and what to do."""
    state, portal = project.state or "", project.portal or ""
    if not state:
        yield "no state is named, so it would be a file of a worker", _NO_STATE
    elif state.partition(":")[0].lower() not in _REMOTE:
        yield "the state is a file, which is another one on each worker", _NO_STATE
    elif masked(state) != state:
        yield (
            f"the state's address {masked(state)} holds a password, which must not travel",
            _ITS_OWN,
        )
    if project.in_sandbox:
        yield (
            "the portal is a sandbox in a file, which is another one on each worker",
            "Serve it with tasksync sandbox, and name its address.",
        )
    elif portal and masked(portal) != portal:
        yield (
            f"the portal's address {masked(portal)} holds a secret, which must not travel",
            "Name the portal by its plain address.",
        )
    for source in project.sources:
        if source.file and not os.path.isabs(source.file):  # noqa: PTH117 - as typed
            yield (
                f"the file {source.file} is relative to the fleet's file, and does not travel",
                "Write the whole path that it has on the workers, as file:/run/secrets/acme.",
            )


def must_fit(workers: Mapping[str, WorkerFacts | None]) -> None:
    """Raise SettingsError where a worker is of another version than we are.

    None stands for a worker on which tasksync cannot be imported, or knows no fleets.
    """
    ours = WorkerFacts()
    for worker, facts in workers.items():
        if facts is None or facts.tasksync != ours.tasksync:
            has = f"tasksync {facts.tasksync}" if facts else "no tasksync that knows fleets"
            raise SettingsError(
                f"Worker {worker} has {has}, and this is {ours.tasksync}.",
                f"Install tasksync[fleet]=={ours.tasksync} where the workers run.",
            )
        if facts.python != ours.python:
            raise SettingsError(
                f"Worker {worker} runs Python {facts.python}, and this is {ours.python}.",
                "Run the workers and this command on the same version of Python.",
            )
