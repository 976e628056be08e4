"""One command for many portals: each project of a file in a process of its own, one report."""

from __future__ import annotations

import argparse

from tasksync.cli.arguments import (
    OUTPUT,
    Parser,
    filled,
    format_arguments,
    full_argument,
    group,
    lock_arguments,
    output_arguments,
    planning_arguments,
    positive,
    request_arguments,
    with_help,
)
from tasksync.cli.console import Console

TYPE_CHECKING = False  # what typing would say; `--help` does without importing it
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tasksync.cli.fleet_options import FleetOptions

FORMATS = ("text", "json", "markdown", "html")
WORDS: Mapping[str, str] = {
    "plan": "show what must change in every project; writes nothing on the portals",
    "apply": "make every portal match its manifest",
    "status": "the projects' tasks: who has them, what is late",
    "drift": "what people changed on the portals since apply",
}
DEFAULT_FILE = "fleet.yaml"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verbs and what each takes."""
    verbs = parser.add_subparsers(metavar="VERB", dest="verb", required=True, parser_class=Parser)
    for verb, words in WORDS.items():
        below = verbs.add_parser(
            verb, help=words, description=words, allow_abbrev=False, add_help=False
        )
        with_help(below)
        _shared(below)
        match verb:
            case "plan":
                _detailed(below)
                full_argument(below)
                planning_arguments(below)
            case "apply":
                _apply(below)
            case "status":
                from tasksync.cli.commands.status import filter_arguments

                filter_arguments(below)
            case _:
                _detailed(below)
        request_arguments(below)
        output_arguments(below)


def _shared(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("fleet", nargs="?", metavar="FLEET.yaml", default=DEFAULT_FILE,
        help=f"the fleet's file (default: {DEFAULT_FILE})")  # fmt: skip
    add("--only", type=filled, action="append", metavar="GLOB",
        help="only projects of these names: client-* (repeats)")  # fmt: skip
    add("--label", type=filled, action="append", metavar="L",
        help="only projects that have one of these labels (repeats)")  # fmt: skip
    add("--jobs", type=positive, metavar="N",
        help="so many projects at once (default: two for each core, at least 4; on a cluster as "
        "many as it has threads)")  # fmt: skip
    add("--on", type=filled, metavar="dask:tcp://HOST:PORT",
        help="run them on this Dask cluster; the state must be a remote one")  # fmt: skip
    format_arguments(parser, FORMATS, "how to show the report")
    group(parser, OUTPUT).add_argument(
        "--out", type=filled, metavar="DIR",
        help="also write the report, and each project's own, into this folder; of plan the saved "
        "plans too",
    )  # fmt: skip


def _detailed(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--detailed-exitcode", "--exit-code", action="store_true",
        help="a project with changes has exit code 2 in the report; the fleet's own stays 0",
    )  # fmt: skip


def _apply(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--yes", "-y", "--auto-approve", action="store_true", help="do not ask")
    add("--no-input", action="store_true", help="never ask: without --yes that is an error")
    add("--expect", type=filled, metavar="DIR",
        help="plan afresh, and do it where it is the plan that fleet plan --out DIR saved, "
        "not asked")  # fmt: skip
    add("--no-verify", action="store_true", help="do not read back what was written")
    full_argument(parser)
    planning_arguments(parser)
    lock_arguments(parser)


def options(read: Mapping[str, Any]) -> FleetOptions:
    """Return what was asked."""
    from tasksync.cli.fleet_options import fleet_options

    return fleet_options(read)


def run(options: FleetOptions, console: Console) -> int:
    """Run the command in every project that was chosen; returns the fleet's exit code."""
    from tasksync.cli.fleet_flow import FleetFlow

    return FleetFlow(options, console).run()
