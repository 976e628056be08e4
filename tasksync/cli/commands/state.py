"""Look at and mend what is remembered."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping

from tasksync.cli.arguments import (
    Parser,
    lock_arguments,
    manifest_arguments,
    output_arguments,
    portal_arguments,
    project,
    some_time,
    state_arguments,
    with_help,
)
from tasksync.cli.console import Console
from tasksync.errors import UsageError

TYPE_CHECKING = False  # what typing would say; `--help` does without importing it
if TYPE_CHECKING:
    from typing import Any

WORDS: Mapping[str, str] = {
    "list": "every key with its task",
    "show": "all that is remembered of one key",
    "mv": "give a task another key",
    "rm": "forget a task, without touching it on the portal",
    "pull": "the whole state as JSON to stdout",
    "push": "put a state from a file in the place of what is there",
    "rebuild": "make a lost state again from the manifest and the portal",
    "rebind": "bind the state to the new name of a portal that was renamed",
    "unlock": "take a dead run's lock away",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verbs and what each takes."""
    verbs = parser.add_subparsers(metavar="VERB", dest="verb", parser_class=Parser)
    for verb, words in WORDS.items():
        below = verbs.add_parser(
            verb, help=words, description=words, allow_abbrev=False, add_help=False
        )
        with_help(below)
        _positional(below, verb)
        manifest_arguments(below)
        below.add_argument(
            "--project", type=project, metavar="NAME", help="instead of the manifest's project"
        )
        state_arguments(below)
        if verb in {"mv", "rm", "push", "rebuild", "rebind", "unlock"}:
            lock_arguments(below)
        if verb in {"rebuild", "rebind"}:
            portal_arguments(below)
            if verb == "rebuild":
                below.add_argument(
                    "--match",
                    choices=["all", "title"],
                    default="all",
                    help="title: a task with the title alone is the key's, too (default: title, "
                    "responsible and parent have to agree)",
                )
            below.add_argument("--yes", "-y", action="store_true", help="do not ask")
            below.add_argument("--no-input", action="store_true", help="never ask")
        else:  # for a state behind http or in S3
            below.add_argument(
                "--timeout",
                type=some_time,
                default=100.0,
                metavar="S",
                help="give up on an answer after so long (default: 100s)",
            )
        if verb == "push":
            below.add_argument(
                "--force", action="store_true", help="whatever its lineage or serial"
            )
        output_arguments(below)


def _positional(parser: argparse.ArgumentParser, verb: str) -> None:
    match verb:
        case "show":
            parser.add_argument("key", metavar="KEY", help="a key of the state")
        case "rm":
            parser.add_argument(
                "key", nargs="+", metavar="KEY", help="forgotten; its task stays on the portal"
            )
        case "mv":
            parser.add_argument("before", metavar="KEY", help="a key of the state")
            parser.add_argument("after", metavar="NEW_KEY", help="what it is called from now on")
        case "push":
            parser.add_argument("source", metavar="FILE", help="what state pull wrote; - is stdin")
        case "unlock":
            parser.add_argument("id", metavar="ID", help="the lock's ID, as the error names it")
        case "list":
            parser.add_argument(
                "glob", nargs="?", default="*", metavar="GLOB", help="only these keys: finance/*"
            )


def options(read: Mapping[str, Any]) -> Callable[[Console], int]:
    """Return the verb with what it was asked; raises UsageError where there is none."""
    from functools import partial

    from tasksync.cli import options as asked
    from tasksync.cli import state_commands

    verbs: Mapping[str, Callable[[], Callable[[Console], int]]] = {
        "list": lambda: partial(state_commands.list_, asked.list_options(read)),
        "show": lambda: partial(state_commands.show, asked.key_options(read)),
        "mv": lambda: partial(state_commands.move, asked.move_options(read)),
        "rm": lambda: partial(state_commands.remove, asked.remove_options(read)),
        "pull": lambda: partial(state_commands.pull, asked.state_options(read)),
        "push": lambda: partial(state_commands.push, asked.push_options(read)),
        "rebuild": lambda: partial(state_commands.rebuild, asked.rebuild_options(read)),
        "rebind": lambda: partial(state_commands.rebind, asked.rebind_options(read)),
        "unlock": lambda: partial(state_commands.unlock, asked.unlock_options(read)),
    }
    if read["verb"] not in verbs:
        raise UsageError("state needs a verb.", f"One of: {', '.join(WORDS)}.")
    return verbs[read["verb"]]()


def run(options: Callable[[Console], int], console: Console) -> int:
    """Do one verb."""
    return options(console)
