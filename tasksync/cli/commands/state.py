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
    seconds,
    state_arguments,
    with_help,
)
from tasksync.cli.console import Console
from tasksync.errors import UsageError

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
        below.add_argument("--project", metavar="NAME", help="instead of the manifest's project")
        state_arguments(below)
        if verb in {"mv", "rm", "push", "rebuild", "rebind", "unlock"}:
            lock_arguments(below)
        if verb in {"rebuild", "rebind"}:
            portal_arguments(below)
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
                type=seconds,
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
            parser.add_argument("key", metavar="KEY")
        case "rm":
            parser.add_argument("key", nargs="+", metavar="KEY")
        case "mv":
            parser.add_argument("before", metavar="KEY")
            parser.add_argument("after", metavar="NEW_KEY")
        case "push":
            parser.add_argument("source", metavar="FILE", help="what state pull wrote; - is stdin")
        case "unlock":
            parser.add_argument("id", metavar="ID", help="the lock's ID, as the error names it")
        case "list":
            parser.add_argument("glob", nargs="?", default="*", metavar="GLOB")


def run(args: argparse.Namespace, console: Console) -> int:
    """Do one verb."""
    from tasksync.cli import state_commands

    verbs: Mapping[str, Callable[[argparse.Namespace, Console], int]] = {
        "list": state_commands.list_,
        "show": state_commands.show,
        "mv": state_commands.move,
        "rm": state_commands.remove,
        "pull": state_commands.pull,
        "push": state_commands.push,
        "rebuild": state_commands.rebuild,
        "rebind": state_commands.rebind,
        "unlock": state_commands.unlock,
    }
    if args.verb not in verbs:
        raise UsageError("state needs a verb.", f"One of: {', '.join(WORDS)}.")
    return verbs[args.verb](args, console)
