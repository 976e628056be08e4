"""The scripts that shells complete by, as shtab makes them of the parser; they are shipped.

shtab is needed here alone: who installs tasksync gets the scripts and not one package more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import shtab
from whole_parser import every, whole_parser

from tasksync.cli.commands.completion import SCRIPTS
from tasksync.cli.main import COMMANDS
from tasksync.core.fields import STATUS_WORDS

#: how help names what is a file, or a folder of them
_FILES = {"FILE", "PATH", "PLANFILE", "SHEET"}
#: what completes though other words are taken too, by where argparse keeps it
_WORDS: Mapping[str, tuple[str, ...]] = {
    "expect": ("published",),
    "status": tuple(STATUS_WORDS.values()),
}
_USAGE = re.compile(r"# Usage:\n(?:#.*\n)*")
_OURS = "# `tasksync completion --help` says where it belongs.\n"


def pages() -> Mapping[Path, str]:
    """Return the scripts, by their place in the package."""
    parser = whole_parser()
    for one in every(parser):
        for action in one._actions:
            if action.metavar in _FILES:
                action.complete = shtab.FILE  # type: ignore[attr-defined]
            elif action.metavar == "COMMAND" and action.choices is None:
                action.choices = tuple(COMMANDS)
            elif action.dest in _WORDS:
                action.choices = _WORDS[action.dest]
    folder = Path("tasksync/completions")
    return {
        folder / file: _USAGE.sub(_OURS, shtab.complete(parser, shell), count=1).rstrip() + "\n"
        for shell, file in SCRIPTS.items()
    }
