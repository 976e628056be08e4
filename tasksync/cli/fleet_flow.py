"""The work of a fleet's command: choose projects, run them, tell how it goes, and report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from threading import Lock
from time import monotonic

from tasksync import __version__
from tasksync.cli.confirmation import is_approved, must_be_answerable
from tasksync.cli.console import Console
from tasksync.cli.fleet_files import (
    KeptReport,
    approved_plan,
    forget_plans,
    keep,
    must_be_writable,
    own_file,
)
from tasksync.cli.fleet_options import FleetOptions
from tasksync.cli.fleet_showing import rendered, shown, shown_for_approval
from tasksync.cli.signals import Stop, graceful
from tasksync.core.fleet import (
    FINE,
    Fleet,
    FleetCommand,
    FleetProject,
    ProjectJob,
    ProjectRun,
)
from tasksync.core.fleet_report import Ending, FleetReport, ProjectReport, report_of, row_of
from tasksync.errors import TasksyncError, UsageError
from tasksync.fleet.cluster_runs import ClusterRuns
from tasksync.fleet.local_runs import LocalRuns, refused
from tasksync.manifests.fleet_file import read_fleet
from tasksync.render.fleet_progress import FleetProgress
from tasksync.render.fleet_project import project_text
from tasksync.render.visible import harmless
from tasksync.render.wording import count
from tasksync.value_classes import replace

_CANCELLED = 1
#: so many projects are named in the question
_NAMED = 12


def chosen(fleet: Fleet, options: FleetOptions) -> tuple[FleetProject, ...]:
    """Return the projects of --only and --label; raises UsageError where one fits none."""
    projects = fleet.projects
    if options.only:
        for glob in options.only:
            if not any(fnmatchcase(one.name, glob) for one in projects):
                raise _fits_none(f"--only {glob}", "it has", (one.name for one in projects))
        projects = tuple(
            one for one in projects if any(fnmatchcase(one.name, glob) for glob in options.only)
        )
    if options.labels:
        known = sorted({label for one in fleet.projects for label in one.labels})
        for label in options.labels:
            if label not in known:
                raise _fits_none(f"--label {label}", "its labels are", known)
        projects = tuple(one for one in projects if one.labels & set(options.labels))
    if not projects:
        raise UsageError(
            "No project has both: a name of --only and a label of --label.", "Leave one out."
        )
    return projects


def _fits_none(flag: str, has: str, known: Iterator[str] | Sequence[str]) -> UsageError:
    names = ", ".join(known)
    return UsageError(
        f"{flag} fits no project of the fleet.",
        f"In the fleet's file {has}: {names}." if names else "No project of the file has labels.",
    )


class FleetFlow:
    """One run of `tasksync fleet`."""

    def __init__(self, options: FleetOptions, console: Console) -> None:
        self._options = options
        self._console = console
        self._stop = Stop()
        self._lock = Lock()
        self._fleet = read_fleet(options.file)
        self._projects = chosen(self._fleet, options)

    def run(self) -> int:
        """Run it; returns the exit code."""
        options = self._options
        if options.out:
            must_be_writable(options.out, plans=options.command is FleetCommand.PLAN)
        if options.command is not FleetCommand.APPLY:
            return self._ended(self._runs(self._jobs(options.command, self._words())))
        if options.expect:
            return self._ended(self._expected())
        must_be_answerable(
            options.confirm, self._console,
            "fleet apply has to ask, and there is nobody to ask: no terminal, CI, or --no-input.",
            "Use --yes, or fleet plan --out DIR and then fleet apply --expect DIR.",
        )  # fmt: skip
        if options.confirm.yes:
            words = ("--yes", *self._words())
            return self._ended(self._runs(self._jobs(FleetCommand.APPLY, words)))
        return self._asked()

    def _asked(self) -> int:
        """Plan all, show it, ask once, and do exactly the plans that were shown."""
        planned = self._runs(self._jobs(FleetCommand.PLAN, self._plan_words(), keeps_plan=True))
        ready = [one for one in planned if one.ending is Ending.SOMETHING]
        if self._stop() or not ready:
            unkept = [replace(one, run=replace(one.run, plan="")) for one in planned]
            return self._ended(unkept, FleetCommand.PLAN)
        reported = self._report(FleetCommand.PLAN, planned)
        shown_for_approval(reported, self._options, self._console)
        if not self._is_approved(ready):
            self._console.tell("Apply cancelled. Nothing was written.")
            return _CANCELLED
        jobs = [
            ProjectJob(
                one.run.job.project, FleetCommand.APPLY, self._options.passed, plan=one.run.plan
            )
            for one in ready
        ]
        failed = [one for one in planned if one.exit_code not in FINE]
        return self._ended([*failed, *self._runs(jobs)], FleetCommand.APPLY)

    def _is_approved(self, ready: Sequence[ProjectReport]) -> bool:
        totals = self._report(FleetCommand.PLAN, ready).totals()
        changes = sum(number for kind, number in totals.items() if kind != "unchanged")
        if deletes := totals.get("remove", 0):
            self._console.tell(
                f"{count(deletes, 'task')} will be deleted: a deleted task cannot be restored."
            )
        names = [one.name for one in ready]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        where = f"{count(len(names), 'project')} ({', '.join(names[:_NAMED])}{more})"
        return is_approved(self._console, f"Apply {count(changes, 'change')} to {where}?")

    def _expected(self) -> list[ProjectReport]:
        """Do in each project the plan that was saved for it, and no other."""
        options = self._options
        if options.planned:
            given = ", ".join(word.partition("=")[0] for word in options.planned)
            raise UsageError(
                f"--expect and {given} were both given: --expect plans each manifest afresh, and "
                "holds that against what was approved.",
                f"Leave out {given}, or --expect.",
            )
        jobs, without = [], []
        for job in self._jobs(FleetCommand.APPLY, options.passed):
            try:
                digest, plan = approved_plan(str(options.expect), job.project.name)
            except TasksyncError as error:
                without.append(row_of(refused(job, error)))
            else:
                words = (f"--expect={digest}", *job.arguments)
                jobs.append(replace(job, arguments=words, approved=plan))
        return [*without, *self._runs(jobs)]

    def _jobs(
        self, command: FleetCommand, words: tuple[str, ...], *, keeps_plan: bool = False
    ) -> list[ProjectJob]:
        keeps = keeps_plan or (command is FleetCommand.PLAN and bool(self._options.out))
        return [ProjectJob(project, command, words, keeps_plan=keeps) for project in self._projects]

    def _words(self) -> tuple[str, ...]:
        return (*self._options.planned, *self._options.passed)

    def _plan_words(self) -> tuple[str, ...]:
        """Return what of apply's words plan takes."""
        ours = ("--no-verify", "--lock-timeout")
        return tuple(word for word in self._words() if not word.startswith(ours))

    def _runs(self, jobs: Sequence[ProjectJob]) -> list[ProjectReport]:
        """Run all jobs, and tell how it goes; in the order of the fleet's file.

        A row is made once: what a process printed may be megabytes.
        """
        progress = FleetProgress(len(jobs), monotonic)
        told = self._teller(progress)
        start = self._start(told)
        found: dict[str, ProjectReport] = {}
        again = "Run the same tasksync fleet command again to finish"
        if self._options.on:
            again = f"What runs on workers is stopped there, with all saved. {again}"
        with graceful(
            self._stop, self._console.tell, lambda: progress.standing, self._console.restore,
            again=again,
        ):  # fmt: skip
            for run in start(jobs):
                row = found[run.job.project.name] = row_of(run)
                self._tell(progress.ended(run, row.words))
        return [found[job.project.name] for job in jobs if job.project.name in found]

    def _start(
        self, told: Callable[[ProjectJob, str], None]
    ) -> Callable[[Sequence[ProjectJob]], Iterator[ProjectRun]]:
        """Return what runs jobs: here, or on a cluster; what it knows of secrets is hidden."""
        options, env = self._options, self._console.env
        runs: LocalRuns | ClusterRuns
        if options.on:
            from tasksync.backends.masking import masked
            from tasksync.fleet.clusters import cluster_runs

            runs = cluster_runs(
                options.on, self._fleet, env,
                limit=options.jobs, told=told, note=self._tell, stop=self._stop, masked=masked,
            )  # fmt: skip
        else:
            runs = LocalRuns(self._fleet, env, limit=options.limit, told=told, stop=self._stop)
        if self._console.hidden is not None:
            self._console.hidden.add(*runs.secrets)
        return runs.run

    def _teller(self, progress: FleetProgress) -> Callable[[ProjectJob, str], None]:
        def told(job: ProjectJob, line: str) -> None:
            with self._lock:
                words = progress.heard(job, line)
            if words:
                self._tell(words)

        return told

    def _tell(self, words: str) -> None:
        if not self._options.output.no_progress:
            with self._lock:
                self._console.tell(words)

    def _report(self, command: FleetCommand, rows: Sequence[ProjectReport]) -> FleetReport:
        return report_of(self._fleet.name, command, rows, interrupted=self._stop())

    def _kept(self, reported: FleetReport) -> KeptReport:
        """Return what --out keeps, without the fleet's secrets, and as harmless as what is printed.

        A plan in which another project's secret stands cannot be kept: without it, it would be
        another plan.
        """
        hidden, options = self._console.outside(), self._options
        plans = {}
        for one in reported.projects:
            if one.run.plan and hidden.redact(one.run.plan) == one.run.plan:
                plans[one.name] = one.run.plan
            elif one.run.plan:
                self._console.tell(
                    f"The plan of {one.name} is not kept: the secret of another project is in it."
                )
        text = rendered(reported, options.format, full=options.full, link=own_file)
        own = {
            one.name: project_text(one, reported, options.format, version=__version__)
            for one in reported.projects
        }
        own = {name: harmless(hidden.redact(text)) for name, text in own.items()}
        return KeptReport(harmless(hidden.redact(text)), own, plans)

    def _ended(self, rows: Sequence[ProjectReport], command: FleetCommand | None = None) -> int:
        """Show the report, and keep it where --out says so; returns the exit code."""
        options = self._options
        reported = self._report(command or options.command, rows)
        shown(reported, options, self._console)
        if options.out:
            forget_plans(options.out, [one.name for one in rows if one.run.job.keeps_plan])
            keep(self._kept(reported), options.out, options.format)
            self._console.tell(f"Wrote the report to {options.out}.")
        return reported.exit_code
