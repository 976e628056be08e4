"""How a fleet's report is shown, in each format; the one place that chooses a renderer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO

from tasksync import __version__
from tasksync.cli.console import Console
from tasksync.cli.fleet_options import FleetOptions
from tasksync.core.fleet_report import FleetReport


def shown(report: FleetReport, options: FleetOptions, console: Console) -> None:
    """Write the report to stdout."""
    if options.format == "text":
        console.say(_text(report, options, console, console.out))
    else:
        console.say(rendered(report, options.format, full=options.full))


def shown_for_approval(report: FleetReport, options: FleetOptions, console: Console) -> None:
    """Write the plan that a person is asked about: to stderr as text, where stdout is a document.

    What is done then is the one document of this run.
    """
    if options.format == "text":
        shown(report, options, console)
    else:
        console.tell(_text(report, options, console, console.err))


def _text(report: FleetReport, options: FleetOptions, console: Console, stream: TextIO) -> str:
    from tasksync.render.fleet_text import fleet_text

    colour = console.coloured(stream, wanted=not options.output.no_color)
    return fleet_text(report, colour=colour, full=options.full, whole=not stream.isatty())


def rendered(
    report: FleetReport,
    format_: str,
    *,
    full: bool = False,
    link: Callable[[str], str] = lambda _name: "",
) -> str:
    """Return the report in a format, as it goes into a file; `link` is as in fleet_html."""
    match format_:
        case "json":
            from tasksync.render.fleet_json import fleet_json

            return fleet_json(report, version=__version__)
        case "markdown":
            from tasksync.render.fleet_markdown import fleet_markdown

            return fleet_markdown(report)
        case "html":
            from tasksync.render.fleet_html import fleet_html

            return fleet_html(report, version=__version__, link=link)
        case _:
            from tasksync.render.fleet_text import fleet_text

            return fleet_text(report, full=full, whole=True)
