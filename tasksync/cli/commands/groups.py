"""The portal's workgroups: number and name; archived ones are not listed."""

from __future__ import annotations

import argparse

from tasksync import __version__
from tasksync.cli.arguments import directory_arguments
from tasksync.cli.console import Console

TYPE_CHECKING = False  # what typing would say; `--help` does without importing it
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tasksync.cli.options import DirectoryOptions


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    directory_arguments(parser, "only those whose name holds all of these")


def options(read: Mapping[str, Any]) -> DirectoryOptions:
    """Return what was asked."""
    from tasksync.cli.options import directory_options

    return directory_options(read)


def run(options: DirectoryOptions, console: Console) -> int:
    """List the workgroups; a key without the scope `sonet_group` is exit 7."""
    from tasksync.cli.directory_flow import listed, matching, show
    from tasksync.render.directory_table import group_rows, groups_json

    found = listed(options, console, lambda portal: portal.workgroups())
    groups = matching(found, options.words, lambda one: one.name)
    if options.format == "json":
        console.say(groups_json(groups, version=__version__))
    else:
        show(console, options, group_rows(groups))
    return 0
