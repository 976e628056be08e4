"""What the commands print today is what the report of a fleet reads."""

from __future__ import annotations

import pytest
from command import Tasksync
from fleets import of
from hand import by_hand, ids_of

from tasksync.core.fleet import (
    FleetCommand,
    FleetProject,
    ProjectJob,
    ProjectRun,
    SecretSource,
)
from tasksync.core.fleet_report import Ending, ProjectReport
from tasksync.render.fleet_text import fleet_text

MANIFEST = """\
apiVersion: tasksync/v1
project: closing
defaults: {responsibleId: 1}
tasks:
  close: {title: Close the books, deadline: 2020-05-20T18:00+03:00}
  audit: {title: Invite the auditors, protect: true}
"""
SECRET = "hunter2-and-more-of-it"
WORDS = {
    "plan": ("plan", "--format", "json"),
    "apply": ("apply", "--json", "--yes"),
    "status": ("status", "--format", "json"),
    "drift": ("drift", "--format", "json"),
}


@pytest.fixture
def project(tmp_path) -> Tasksync:  # type: ignore[no-untyped-def]
    return Tasksync.of(tmp_path, MANIFEST)


def row(project: Tasksync, command: str, **env: str) -> ProjectReport:
    """Run a command as a fleet's process does, and return the row that comes of it."""
    done = project(*WORDS[command], **env)
    job = ProjectJob(FleetProject("acme", ("m.yaml",), SecretSource("K")), FleetCommand(command))
    report = of(command, ProjectRun(job, done.code, done.out, done.err, 1.0))
    assert fleet_text(report)
    return report.projects[0]


def test_a_projects_life_is_told(project: Tasksync) -> None:
    told = [(one.ending.value, one.words) for one in (row(project, "plan"), row(project, "apply"))]
    assert told == [("something", "2 to add"), ("something", "2 added")]
    told = [(one.ending.value, one.words) for one in (row(project, "plan"), row(project, "apply"))]
    assert told == [("nothing", "no changes"), ("nothing", "no changes")]
    assert row(project, "drift").words == "no drift"
    assert row(project, "status").words == "1 late of 2 open"
    close = ids_of(project)["close"]
    by_hand(project.folder, "PATCH", f"tasks/{close}", {"title": "Close them"})
    assert row(project, "drift").words == "1 to be undone"
    assert row(project, "plan").words == "1 to change"
    project.manifest("\n".join(MANIFEST.splitlines()[:-1]) + "\n", "m.yaml")
    for command in ("plan", "apply"):
        refused = row(project, command)
        assert refused.ending is Ending.REFUSED
        assert "protect" in refused.words


def test_a_state_that_was_forgotten_is_not_called_no_drift(project: Tasksync) -> None:
    row(project, "apply")
    elsewhere = f"sqlite:{project.folder / 'new.db'}"
    assert row(project, "drift", TASKSYNC_STATE=elsewhere).ending is Ending.UNKNOWN


def test_a_plan_out_of_which_a_secret_was_taken_is_still_read(project: Tasksync) -> None:
    """Its digest is over what the manifest says, the values in the document are without it."""
    project.manifest(MANIFEST.replace("Invite", SECRET), "m.yaml")
    told = row(project, "plan", TASKSYNC_API_KEY=SECRET)
    assert (told.ending, told.words) == (Ending.SOMETHING, "2 to add")
    assert SECRET not in told.run.out
