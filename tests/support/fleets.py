"""What the processes of fleets' projects did: real documents (tests/fleet_documents), and many."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from tasksync.core.fleet import (
    FleetCommand,
    FleetProject,
    ProjectJob,
    ProjectRun,
    SecretSource,
)
from tasksync.core.fleet_report import FleetReport, report

DOCUMENTS = Path(__file__).parents[1] / "fleet_documents"
#: of ten projects so many, and one, may have something to tell
LOUD = 5
CLIENTS = (
    "acme",
    "globex",
    "initech",
    "umbrella",
    "hooli",
    "pied",
    "soylent",
    "wayne",
    "stark",
    "wonka",
)


def run(  # noqa: PLR0913 - all that a run is
    name: str,
    command: str,
    code: int | None,
    document: str = "",
    *,
    out: str | None = None,
    said: str | None = None,
    seconds: float = 2.3,
    words: str = "",
    portal: str | None = None,
    started: bool = True,
) -> ProjectRun:
    """What a project's process did: `document` names what a real one printed."""
    project = FleetProject(name, (f"clients/{name}",), SecretSource(f"{name}_KEY"), portal=portal)
    if document:
        out = (DOCUMENTS / f"{document}.out").read_text("utf-8") if out is None else out
        said = (DOCUMENTS / f"{document}.err").read_text("utf-8") if said is None else said
    job = ProjectJob(project, FleetCommand(command))
    return ProjectRun(job, code, out or "", said or "", seconds, words, started=started)


def of(command: str, *runs: ProjectRun, interrupted: bool = False) -> FleetReport:
    """The report of some runs."""
    return report("clients", FleetCommand(command), runs, interrupted=interrupted)


def plans() -> FleetReport:
    """A plan of a fleet in which everything happens."""
    cut = (DOCUMENTS / "plan.out").read_text("utf-8")[:2000]
    return of(
        "plan",
        run("acme", "plan", 0, "plan"),
        run("globex", "plan", 0, "unchanged", seconds=0.84),
        run("initech", "plan", 4, "refused"),
        run("umbrella", "plan", 1, "wrong"),
        run("hooli", "plan", 7, "denied", portal="https://hooli.bitrix24.com"),
        run("stark", "plan", -9, out=cut, seconds=61.2),
        run("wayne", "plan", 0, out="<html>proxy</html>"),
        run("wonka", "plan", None, words="not started: interrupted", started=False),
        interrupted=True,
    )


def applies() -> FleetReport:
    """An apply of a fleet in which everything happens."""
    whole = (DOCUMENTS / "apply.out").read_text("utf-8")
    last = whole.rindex("apply_complete")
    return of(
        "apply",
        run("acme", "apply", 0, "apply"),
        run("globex", "apply", 0, "idle"),
        run("initech", "apply", 4, "refused-apply"),
        run("hooli", "apply", 3, "partial"),
        run("stark", "apply", 5, "stale"),
        run("umbrella", "apply", -9, out=whole[: last - 40], said=""),
        run("wonka", "apply", 6, said=LOCKED),
    )


LOCKED = (
    "Error: The state is locked by anna@runner-7 (pid 412): apply, since 12:00.\n"
    "  Wait for it, or use --lock-timeout.\n"
)


def statuses() -> FleetReport:
    """A status of three projects, one of them without late tasks."""
    early = json.loads((DOCUMENTS / "status.out").read_text("utf-8"))
    for task in early["tasks"]:
        task["late_seconds"] = 0
    return of(
        "status",
        run("acme", "status", 0, "status"),
        run("globex", "status", 0, out=json.dumps(early)),
        run("hooli", "status", 7, "denied"),
    )


def drifts() -> FleetReport:
    """A drift of three projects."""
    return of(
        "drift",
        run("globex", "drift", 0, "no-drift"),
        run("acme", "drift", 2, "drift"),
        run("hooli", "drift", 7, "denied"),
    )


def hundred(command: str) -> FleetReport:
    """A report of a hundred projects: of ten of them four have nothing to tell."""
    some = {"plan": plans, "apply": applies, "status": statuses, "drift": drifts}[command]()
    nothing = next(one.run for one in reversed(some.projects) if not one.troubled)
    good = [one.run for one in some.projects if not one.troubled]
    bad = [one.run for one in some.projects if one.troubled]
    runs = []
    for number, client in enumerate(CLIENTS * 10):
        few = bad if number % 10 == 0 else good
        kind = nothing if number % 10 > LOUD else few[number // 10 % len(few)]
        project = replace(kind.job.project, name=f"{client}-{number:02}")
        job = replace(kind.job, project=project)
        runs.append(replace(kind, job=job, seconds=kind.seconds + number / 7))
    return of(command, *runs)
