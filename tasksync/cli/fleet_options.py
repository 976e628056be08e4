"""What a person asked of a fleet, and the words that its projects' commands are given of it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from tasksync.cli.options import ConfirmOptions, OutputOptions
from tasksync.core.fleet import FleetCommand
from tasksync.value_classes import dataclass

#: flags that are said or not; what decides the plan is not said to an apply of a saved one
_PLANNED = ("no_refresh", "destroy")
_SAID = (
    "detailed_exitcode",
    "dangerous_delete_active",
    "dangerous_allow_empty",
    "dangerous_half_read",
    "dangerous_recreate_vanished",
    "dangerous_delete_renamed",
    "dangerous_reopen",
    "no_verify",
    "open",
    "overdue",
)
#: flags with a value, as they are read
_VALUES = (
    "max_delete",
    "max_update",
    "parallelism",
    "max_requests",
    "person",
)
#: durations, in seconds
_SECONDS = ("timeout", "settle", "lock_timeout")


@dataclass(frozen=True, slots=True)
class FleetOptions:
    """`tasksync fleet COMMAND`.

    `planned` are the words that decide what is planned, `passed` the others that each project's
    command is given. `only` are patterns of names; a project needs one of `labels`, where there are
    some. `jobs` is None where nobody said it. `expect` is a folder of saved plans.
    """

    command: FleetCommand
    file: str
    only: tuple[str, ...]
    labels: tuple[str, ...]
    jobs: int | None
    on: str | None
    out: str | None
    format: str
    output: OutputOptions
    confirm: ConfirmOptions
    planned: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    expect: str | None = None
    full: bool = False

    @property
    def limit(self) -> int:
        """How many projects run at once on this machine: they wait for portals, not for it."""
        return self.jobs or max(4, 2 * (os.cpu_count() or 1))


def fleet_options(read: Mapping[str, Any]) -> FleetOptions:
    """Return what `fleet` was asked."""
    return FleetOptions(
        FleetCommand(read["verb"]),
        read["fleet"],
        only=tuple(read["only"] or ()),
        labels=tuple(read["label"] or ()),
        jobs=read["jobs"],
        on=read["on"],
        out=read["out"],
        format="json" if read["json"] else str(read["format"]),
        output=OutputOptions(read["no_color"], read["quiet"]),
        confirm=ConfirmOptions(read.get("yes", False), read.get("no_input", False)),
        planned=tuple(_planned(read)),
        passed=tuple(_passed(read)),
        expect=read.get("expect"),
        full=bool(read.get("full")),
    )


def _planned(read: Mapping[str, Any]) -> Iterator[str]:
    for name in ("target", "exclude"):
        for glob in read.get(name) or ():
            yield f"{_flag(name)}={glob}"
    yield from (_flag(name) for name in _PLANNED if read.get(name))


def _passed(read: Mapping[str, Any]) -> Iterator[str]:
    yield from (_flag(name) for name in _SAID if read.get(name))
    for name in _VALUES:
        if read.get(name) is not None:
            yield f"{_flag(name)}={read[name]}"
    for name in _SECONDS:
        # no time for the lock is what nobody said: on a cluster a run waits for a dead one's
        if read.get(name) is not None and (read[name] or name != "lock_timeout"):
            yield f"{_flag(name)}={read[name]:.3f}"
    if read.get("due") is not None:
        yield f"--due={read['due']}s"


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
