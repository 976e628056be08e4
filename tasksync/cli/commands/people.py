"""The portal's people: number, name, e-mail address, and who is not active any more."""

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
    directory_arguments(parser, "only those who hold all of these")


def options(read: Mapping[str, Any]) -> DirectoryOptions:
    """Return what was asked."""
    from tasksync.cli.options import directory_options

    return directory_options(read)


def run(options: DirectoryOptions, console: Console) -> int:
    """List the people; a key without the scope `user` is exit 7."""
    from tasksync.cli.directory_flow import listed, matching, show
    from tasksync.render.directory_table import people_json, people_rows

    found = listed(options, console, lambda portal: portal.users())
    people = matching(found, options.words, lambda one: f"{one.name} {one.email}")
    if options.format == "json":
        console.say(people_json(people, version=__version__))
    else:
        show(console, options, people_rows(people))
    return 0
