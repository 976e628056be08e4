"""One project of a fleet as text: its own report, by the renderers of its command."""

from __future__ import annotations

from collections.abc import Iterator

from tasksync.core.fleet_reasons import said_lines
from tasksync.core.fleet_report import ProjectReport
from tasksync.core.formats.fleet_reading import Reported
from tasksync.core.portal_changes import PortalChanges
from tasksync.core.project_status import ProjectStatus
from tasksync.core.reported import ReportedApply, ReportedPlan
from tasksync.render.applied_text import applied_text
from tasksync.render.drift_text import drift_text
from tasksync.render.line_width import wrapped
from tasksync.render.short_dates import short_dates
from tasksync.render.status_text import status_text
from tasksync.render.status_words import Moments
from tasksync.render.style import PLAIN, Style, Tone
from tasksync.render.text import plan_text
from tasksync.render.text_blocks import Layout
from tasksync.render.wording import clean

#: so many of the last lines that a process said are shown
SAID = 200


def own_text(
    one: ProjectReport, style: Style = PLAIN, *, full: bool = False, whole: bool = False
) -> str:
    """Return a project's own report, each line ended; "" where it has none.

    What its process said on stderr stands below it where it did not end well. `full` and `whole`
    are a plan's (text_blocks.Layout).
    """
    own = one.own()
    told = "" if own is None else _told(own, style, full=full, whole=whole)
    said = "".join(f"{line}\n" for line in _said(one, own, style))
    return "\n".join(part for part in (told, said) if part)


def _told(own: Reported, style: Style, *, full: bool, whole: bool) -> str:
    match own:
        case ReportedPlan(plan=plan):
            return plan_text(
                plan,
                requests=own.requests,
                seconds=own.seconds,
                refusals=own.refusals,
                style=style,
                digest=own.digest,
                layout=Layout(full, short_dates(plan, None, ""), whole=whole),
            )
        case ReportedApply():
            return applied_text(own, style, full=full)
        case ProjectStatus():
            return status_text(own, Moments(), style)
        case PortalChanges():
            return drift_text(own, Moments(), style)


def said_of(one: ProjectReport, own: Reported | None) -> list[str]:
    """Return what a process said that its report does not tell already; nothing of a good end."""
    match own:
        case ReportedApply(problems=told) | ReportedPlan(refusals=told) if told:
            return []
    return said_lines(one.run.said) if one.troubled else []


def _said(one: ProjectReport, own: Reported | None, style: Style) -> Iterator[str]:
    lines = said_of(one, own)
    if not lines:
        return
    yield style.paint("It said:", Tone.DIM)
    if len(lines) > SAID:
        yield f"  … {len(lines) - SAID} lines before these are left out here"
    for line in lines[-SAID:]:
        yield from wrapped(f"  {clean(line)}", 4, breaks=True)
