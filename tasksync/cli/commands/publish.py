"""Put a plan, or a file of Markdown, into one comment on this run's pull request."""

from __future__ import annotations

import argparse

from tasksync.cli.arguments import filled, positive
from tasksync.cli.console import Console
from tasksync.errors import TasksyncError

TYPE_CHECKING = False  # what typing would say; `--help` does without importing it
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tasksync.cli.options import PublishOptions

#: as ForgeKind
_FORGES = ("github", "gitlab", "gitea")
_LONGEST_NAME = 100


def _name(text: str) -> str:
    """Read a comment's name."""
    if len(filled(text)) > _LONGEST_NAME or not text.isprintable():
        from tasksync.core.quoting import quoted

        raise argparse.ArgumentTypeError(
            f"{quoted(text)} is no name; it has at most {_LONGEST_NAME} characters, on one line"
        )
    return text.strip()


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    add = parser.add_argument
    add("file", metavar="FILE", help="what plan --out wrote, or with --name a file of Markdown")
    add("--name", type=_name, metavar="NAME",
        help="publish a file of Markdown; one comment is kept for each name")  # fmt: skip
    add("--to", choices=_FORGES, help="the forge (default: as the CI's environment tells)")
    add("--pull-request", type=positive, metavar="N",
        help="its number (default: as the CI's environment tells)")  # fmt: skip
    add("--optional", action="store_true",
        help="missing rights, or no pull request, are a note and exit 0")  # fmt: skip


def options(read: Mapping[str, Any]) -> PublishOptions:
    """Return what was asked."""
    from tasksync.cli.options import publish_options

    return publish_options(read)


def run(options: PublishOptions, console: Console) -> int:
    """Write the step summary and the comment.

    Raises PlanUnusable, SettingsError, ForgeError and its kinds; with --optional fewer.
    """
    from tasksync.cli.publishing import publish
    from tasksync.errors import ForgeDenied, NoPullRequest

    try:
        publish(options, console)
    except (ForgeDenied, NoPullRequest) as error:
        if not options.optional:
            raise
        _note(error, console)
    return 0


def _note(error: TasksyncError, console: Console) -> None:
    from tasksync.render.wording import clean_lines

    console.tell(clean_lines(f"Note: nothing was published, which --optional lets pass. {error}"))
