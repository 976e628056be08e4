"""One project of a fleet in each format: what `--out DIR` keeps beside the whole report."""

from __future__ import annotations

from tasksync.core.fleet_report import FleetReport, ProjectReport
from tasksync.core.project_status import ProjectStatus
from tasksync.core.reported import ReportedPlan
from tasksync.render.fleet_html import fleet_html
from tasksync.render.fleet_markdown import own_markdown
from tasksync.render.fleet_own import own_text
from tasksync.render.html import plan_html
from tasksync.render.markdown import code
from tasksync.render.status_html import status_html
from tasksync.render.status_words import Moments
from tasksync.render.wording import clean

#: format -> how the names of its files end
ENDS = {"text": "txt", "json": "json", "markdown": "md", "html": "html"}


def project_text(one: ProjectReport, report: FleetReport, format_: str, *, version: str) -> str:
    """Return a project's own report in a format (a key of ENDS), whole; never "".

    JSON is what its process printed, byte for byte; "" where it printed none.
    """
    match format_:
        case "json":
            return one.run.out
        case "markdown":
            return own_markdown(one) or f"{code(one.name)}: {code(one.words)}\n"
        case "html":
            return _page(one, report, version)
        case _:
            return (
                own_text(one, full=True, whole=True) or f"{clean(one.name)}: {clean(one.words)}\n"
            )


def _page(one: ProjectReport, report: FleetReport, version: str) -> str:
    """Return the page of its command; of what has none, the fleet's with this project alone."""
    own = None if one.troubled and not one.guards else one.own()
    match own:
        case ReportedPlan():
            return plan_html(
                own.plan,
                version=version,
                requests=own.requests,
                seconds=own.seconds,
                refusals=own.refusals,
                digest=own.digest,
            )
        case ProjectStatus():
            return status_html(own, Moments(), version=version)
    alone = FleetReport(
        report.fleet, report.command, (one,), report.interrupted, one.exit_code or 0
    )
    return fleet_html(alone, version=version)
