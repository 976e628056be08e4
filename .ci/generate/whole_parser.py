"""tasksync's command line as one parser: every command with all that it takes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from tasksync.cli.console import Console
from tasksync.cli.main import COMMANDS, _parser


def whole_parser() -> argparse.ArgumentParser:
    """Return the parser; no variable of the environment has a say in it."""
    console = Console(sys.stdin, sys.stdout, sys.stderr, {})
    whole, _none = _parser(None, console)
    listed = below(whole)
    for name in COMMANDS:
        parser, _chosen = _parser(name, console)
        listed[name] = below(parser)[name]
    return whole


def below(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the commands of a parser, or the verbs of a command, as it keeps them itself."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found: dict[str, argparse.ArgumentParser] = action.choices
            return found
    return {}


def every(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Yield a parser and all that are below it."""
    yield parser
    for one in below(parser).values():
        yield from every(one)
