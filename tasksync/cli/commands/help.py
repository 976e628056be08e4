"""Help for a command: the same as `tasksync COMMAND --help`."""

from __future__ import annotations

import argparse

from tasksync.cli.console import Console


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    parser.add_argument("words", nargs="*", metavar="COMMAND", help="a command, as plan")


def run(args: argparse.Namespace, console: Console) -> int:
    """Show the help of a command; raises UsageError for one that is none."""
    from tasksync.cli.main import dispatch

    return dispatch([*args.words, "--help"], console)
