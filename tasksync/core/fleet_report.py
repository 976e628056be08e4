"""The report of a fleet's run: a row a project, who needs attention first.

Its facts are the documents that the processes printed. A process that printed none, or a broken
one, has a row as well, whose words say so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum

from tasksync.core.fleet import FINE, FleetCommand, ProjectRun, exit_code_of
from tasksync.core.fleet_reasons import failure_words, reported_words
from tasksync.core.formats.fleet_reading import Reported, reported
from tasksync.core.formats.printed import NotReadable
from tasksync.core.plan import Plan
from tasksync.core.portal_changes import PortalChanges
from tasksync.core.portal_name import portal_name
from tasksync.core.project_status import PersonTasks, ProjectStatus, TaskStatus
from tasksync.core.reported import ReportedApply, ReportedPlan
from tasksync.value_classes import asdict, dataclass, field, replace


class Ending(StrEnum):
    """How the run of a project ended; in the order in which people have to look at them."""

    FAILED = "failed"  # exit 1 or 64, killed, or a code that is none of tasksync's
    DENIED = "denied"  # exit 7
    UNKNOWN = "unknown"  # nobody knows how it ended, or there was nothing to tell it by
    UNREADABLE = "unreadable"  # it ended well, and what it printed cannot be read
    PARTIAL = "partial"  # exit 3
    REFUSED = "refused"  # exit 4
    STALE = "stale"  # exit 5
    LOCKED = "locked"  # exit 6
    INTERRUPTED = "interrupted"  # exit 130
    NOT_STARTED = "not_started"
    SOMETHING = "something"  # changes, late tasks, or drift
    NOTHING = "nothing"  # no changes, nothing late, no drift


#: what has its exit code alone
_BY_CODE: Mapping[int, Ending] = {
    3: Ending.PARTIAL,
    4: Ending.REFUSED,
    5: Ending.STALE,
    6: Ending.LOCKED,
    7: Ending.DENIED,
    130: Ending.INTERRUPTED,
}
_ORDER = {ending: at for at, ending in enumerate(Ending)}


@dataclass(frozen=True, slots=True)
class ProjectReport:
    """One project: `run` is what its process did, from which `own` reads its report again.

    `project` and `portal` are "" where nothing told them; `counts` are of its changes, tasks or
    drift under the names of the published documents. `guards` hold a plan, or the next apply, back.
    `noted`: there is something to know although nothing changes. `late`, `people` and `names` are
    a status's own: its late tasks, and whoever has some.
    """

    run: ProjectRun
    ending: Ending
    words: str
    project: str = ""
    portal: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    guards: tuple[str, ...] = ()
    noted: bool = False
    late: tuple[TaskStatus, ...] = ()
    people: tuple[PersonTasks, ...] = ()
    names: Mapping[int, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name in the fleet."""
        return self.run.job.project.name

    @property
    def exit_code(self) -> int | None:
        """The exit code of its process; None where it has none, or nobody knows it."""
        return self.run.exit_code

    @property
    def seconds(self) -> float:
        """How long its process took."""
        return self.run.seconds

    @property
    def removes(self) -> int:
        """How many tasks it deletes or defers, or did."""
        return self.counts.get("remove", 0) + self.counts.get("defer", 0)

    @property
    def attention(self) -> bool:
        """Whether somebody has to look at it: it did not end well, or it takes tasks away."""
        return self.troubled or (self.removes > 0 and self.ending is Ending.SOMETHING)

    @property
    def troubled(self) -> bool:
        """Whether it did not end well."""
        return self.ending not in {Ending.SOMETHING, Ending.NOTHING}

    def own(self) -> Reported | None:
        """Return what its process reported; None where that is nothing that can be read.

        It is read each time it is asked for: a hundred projects' changes at once are a lot.
        """
        try:
            return reported(self.run)
        except NotReadable:
            return None


@dataclass(frozen=True, slots=True)
class LateTask:
    """A late task of one of the projects."""

    name: str  # the project's, in the fleet
    task: TaskStatus
    names: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class FleetReport:
    """The rows in the order in which people have to look at them; `interrupted`: somebody asked."""

    fleet: str
    command: FleetCommand
    projects: tuple[ProjectReport, ...]
    interrupted: bool
    exit_code: int

    def endings(self) -> Mapping[Ending, int]:
        """Return how many projects ended how, without noughts: well first, then as Ending does."""
        counted = Counter(one.ending for one in self.projects)
        well = (Ending.NOTHING, Ending.SOMETHING)
        order = (*well, *(one for one in Ending if one not in well))
        return {one: counted[one] for one in order if counted[one]}

    def totals(self) -> Mapping[str, int]:
        """Return the counts of all projects together."""
        total: Counter[str] = Counter()
        for one in self.projects:
            total.update(one.counts)
        return dict(total)

    def late(self) -> tuple[LateTask, ...]:
        """Return what is late in any project, the latest first."""
        found = (LateTask(one.name, task, one.names) for one in self.projects for task in one.late)
        return tuple(sorted(found, key=lambda one: -one.task.late))

    def late_people(self) -> tuple[tuple[ProjectReport, PersonTasks], ...]:
        """Return who has late tasks, by project: a number is another person on another portal."""
        pairs = ((one, person) for one in self.projects for person in one.people)
        return tuple(sorted(pairs, key=lambda pair: -pair[1].late))


def report(
    fleet: str, command: FleetCommand, runs: tuple[ProjectRun, ...], *, interrupted: bool
) -> FleetReport:
    """Return the report of a fleet's run; whatever the processes printed, it raises nothing."""
    return report_of(fleet, command, map(row_of, runs), interrupted=interrupted)


def report_of(
    fleet: str, command: FleetCommand, rows: Iterable[ProjectReport], *, interrupted: bool
) -> FleetReport:
    """Return the report of runs whose rows are there already."""
    projects = tuple(sorted(rows, key=_look_first))
    code = exit_code_of(tuple(one.run for one in projects), interrupted=interrupted)
    return FleetReport(fleet, command, projects, interrupted, code)


def _look_first(one: ProjectReport) -> tuple[int, int, int]:
    return _ORDER[one.ending], -one.removes, -len(one.late)


def row_of(run: ProjectRun) -> ProjectReport:
    """Return the row of one run; what its process printed is read for it."""
    told, why = _told(run)
    ending = _ending(run, told)
    words = run.words or _words(run, ending, told, why)
    portal = portal_name(run.job.project.portal or "")
    row = ProjectReport(run, ending, words, portal=portal)
    return row if told is None else _filled(row, told)


def _told(run: ProjectRun) -> tuple[Reported | None, str]:
    if not run.started:
        return None, ""
    try:
        return reported(run), ""
    except NotReadable as error:
        return None, str(error)


def _ending(run: ProjectRun, told: Reported | None) -> Ending:
    if not run.started:
        return Ending.NOT_STARTED
    if run.exit_code is None:
        return Ending.UNKNOWN
    if run.exit_code not in FINE:
        return _BY_CODE.get(run.exit_code, Ending.FAILED)
    if told is None or (isinstance(told, ReportedApply) and not told.ended):
        return Ending.UNREADABLE
    if isinstance(told, PortalChanges) and not told.compared:
        return Ending.UNKNOWN
    return Ending.SOMETHING if _has_something(told) else Ending.NOTHING


def _has_something(told: Reported) -> bool:
    match told:
        case ReportedPlan(plan=plan):
            return bool(plan)
        case ReportedApply():
            return bool(told.made)
        case ProjectStatus():
            return bool(told.late)
        case PortalChanges():
            return bool(told)


def _words(run: ProjectRun, ending: Ending, told: Reported | None, why: str) -> str:
    if ending is Ending.NOT_STARTED:
        return "not started"
    if ending is Ending.UNREADABLE:
        it = why or "its events end before its end"
        return f"it ended well, and what it printed cannot be read: {it}"
    if run.exit_code is None or run.exit_code not in FINE:
        return failure_words(run, told)
    return "" if told is None else reported_words(told)


def _filled(row: ProjectReport, told: Reported) -> ProjectReport:
    """Return a row with what its document tells."""
    match told:
        case ReportedPlan(plan=plan):
            counts = {**asdict(plan.summary), "unchanged": plan.unchanged}
            guards = tuple(one.guard for one in told.refusals)
            row = replace(row, counts=counts, guards=guards, noted=_has_notes(plan))
            return _placed(row, plan.project, plan.portal)
        case ReportedApply():
            noted = bool(told.problems or told.left_out)
            row = replace(row, counts=told.counts(), noted=noted)
            return _placed(row, told.project, told.portal)
        case ProjectStatus():
            return _placed(_of_status(row, told), told.project, told.portal)
        case PortalChanges():
            counts = {effect.value: number for effect, number in told.counts().items()}
            noted = bool(told.changes or told.guards or told.unreadable)
            row = replace(row, counts=counts, guards=told.guards, noted=noted)
            return _placed(row, told.project, told.portal)


def _placed(row: ProjectReport, project: str, portal: str) -> ProjectReport:
    return replace(row, project=project, portal=portal or row.portal)


def _of_status(row: ProjectReport, told: ProjectStatus) -> ProjectReport:
    return replace(
        row,
        counts={"tasks": len(told.tasks), "open": told.open, "late": told.late},
        noted=bool(told.missing or told.unreadable),
        late=tuple(one for one in told.tasks if one.late),
        people=tuple(one for one in told.by_person() if one.late),
        names=told.names,
    )


def _has_notes(plan: Plan) -> bool:
    """Tell whether a plan says something that a person should know beside its changes."""
    beside = (plan.drift, plan.duplicates, plan.orphans, plan.handed_over, plan.hidden)
    more = (plan.unreadable, plan.existing, plan.doubtful, plan.standing, plan.in_doubt)
    return any(beside) or any(more) or bool(plan.not_looked_for)
