"""A fleet: many projects, each with a portal and a key of its own (design 18).

What a project's process is asked, and what came of it. Nothing here holds a key: where one is
found is a name, and who starts the process looks it up there.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from tasksync.value_classes import dataclass


class FleetCommand(StrEnum):
    """What is done in every project of a fleet."""

    PLAN = "plan"
    APPLY = "apply"
    STATUS = "status"
    DRIFT = "drift"


@dataclass(frozen=True, slots=True)
class SecretSource:
    """Where a secret is found: a variable of the environment, or a file; one of both is "".

    A file's path is relative to the folder of the fleet's file.
    """

    variable: str = ""
    file: str = ""

    def __str__(self) -> str:
        return self.variable or f"file:{self.file}"


@dataclass(frozen=True, slots=True)
class FleetProject:
    """One project: `paths` are what -f names, relative to the folder of the fleet's file.

    `portal` and `state` are None where the defaults of tasksync hold, or the environment's.
    """

    name: str
    paths: tuple[str, ...]
    key: SecretSource
    session: SecretSource | None = None
    portal: str | None = None
    state: str | None = None
    labels: frozenset[str] = frozenset()

    @property
    def sources(self) -> tuple[SecretSource, ...]:
        """Where its secrets are found."""
        return (self.key,) if self.session is None else (self.key, self.session)

    @property
    def in_sandbox(self) -> bool:
        """Whether its portal is a sandbox in a file: that takes any key, and none."""
        return (self.portal or "").startswith("sandbox:")


def sources_of(projects: Iterable[FleetProject]) -> tuple[SecretSource, ...]:
    """Return where the secrets of all these projects are found."""
    return tuple(source for project in projects for source in project.sources)


@dataclass(frozen=True, slots=True)
class Fleet:
    """The projects in the order of the file; `root` is the folder in which the file is."""

    name: str
    root: str
    projects: tuple[FleetProject, ...]


@dataclass(frozen=True, slots=True)
class ProjectJob:
    """What the process of one project is asked: `tasksync COMMAND` with `arguments` behind it.

    The arguments hold no secret and no address of a state: those go by the environment. `plan` is
    the text of a saved plan that apply does exactly, or where it `resumes`, what is left of it;
    `approved` is that of the plan whose digest --expect names. `keeps_plan`: plan saves one.
    """

    project: FleetProject
    command: FleetCommand
    arguments: tuple[str, ...] = ()
    plan: str = ""
    resumes: bool = False
    approved: str = ""
    keeps_plan: bool = False


@dataclass(frozen=True, slots=True)
class ProjectRun:
    """What came of a project's process: what it wrote as JSON, and what it said.

    `exit_code` is None where it was not started, or where nobody knows how it ended; `words` say
    why, else they are "". `out` is the document of plan, status or drift, or apply's events, one
    JSON object a line; `said` is what stood on stderr. `seconds` are of its process alone; `plan`
    is the text of the plan that it saved, "" where there is none.
    """

    job: ProjectJob
    exit_code: int | None
    out: str = ""
    said: str = ""
    seconds: float = 0.0
    words: str = ""
    started: bool = True
    plan: str = ""


#: the codes that are no failure: nothing is due, or there are changes
FINE = frozenset({0, 2})
#: the most serious first: that one the fleet's own exit code tells
SERIOUS = (7, 6, 5, 4, 3, 1)
INTERRUPTED = 130


def exit_code_of(runs: tuple[ProjectRun, ...], *, interrupted: bool = False) -> int:
    """Return the exit code of a fleet's run.

    | met | exit |
    |---|---|
    | somebody asked to stop | 130 |
    | 0 and 2 alone | 0 |
    | 7, 6, 5, 4, 3 or 1 | the first of these that was met |
    | any other code, as of a process that was killed | as 1 |
    | a project of which nothing is known, or that was not started | as 3 |
    """
    if interrupted:
        return INTERRUPTED
    met = {_code_of(run) for run in runs} - FINE
    return next((code for code in SERIOUS if code in met), 1 if met else 0)


def _code_of(run: ProjectRun) -> int:
    if run.exit_code is None:
        return 3
    return run.exit_code if run.exit_code in FINE | set(SERIOUS) else 1
