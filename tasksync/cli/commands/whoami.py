"""Whose key it is: portal, owner, scopes, limits and expiry; needs no manifest and no state."""

from __future__ import annotations

import argparse
from contextlib import closing

from tasksync import __version__
from tasksync.cli.arguments import format_arguments, output_arguments, portal_arguments
from tasksync.cli.console import Console
from tasksync.value_classes import replace

TYPE_CHECKING = False  # what typing would say; `--help` does without importing it
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tasksync.cli.options import WhoamiOptions

#: how a key begins -> its kind, where the portal tells none (contract 10)
_PREFIXES = {"vibe_api_": "personal", "vibe_app_": "oauth_app", "vibe_live_": "management"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    format_arguments(parser, ("text", "json"), "how to show it")
    portal_arguments(parser)
    output_arguments(parser)


def options(read: Mapping[str, Any]) -> WhoamiOptions:
    """Return what was asked."""
    from tasksync.cli.options import whoami_options

    return whoami_options(read)


def run(options: WhoamiOptions, console: Console) -> int:
    """Ask the portal who we are, and show it; a key that it refuses is exit 7."""
    from tasksync.cli.listeners import listening
    from tasksync.cli.wiring import session
    from tasksync.core.account import remarks
    from tasksync.render.account_text import account_json, account_text
    from tasksync.render.style import PLAIN, colours

    parts = session(options.run, console)
    with listening(parts), closing(parts.portal(None)) as portal:
        account = portal.account()
    where = parts.connection()
    if not account.kind:
        kinds = (kind for begin, kind in _PREFIXES.items() if where.key.startswith(begin))
        account = replace(account, kind=next(kinds, ""))
    known = remarks(account, parts.clock.now(), session=bool(where.session))
    if options.format == "json":
        console.say(account_json(account, known, version=__version__))
        return 0
    style = (
        colours()
        if console.coloured(console.out, wanted=not options.run.output.no_color)
        else PLAIN
    )
    console.say(account_text(account, known, style))
    return 0
