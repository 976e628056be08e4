"""The scripts that shells complete by, as shtab makes them of the parser; they are shipped.

shtab is needed here alone: who installs tasksync gets the scripts and not one package more.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from pathlib import Path

import shtab
from whole_parser import every, whole_parser

from tasksync.cli.commands.completion import SCRIPTS
from tasksync.cli.main import COMMANDS
from tasksync.core.fields import STATUS_WORDS

#: how help names what is a file, or a folder of them: PLANFILE, FLEET.yaml
_FILES = re.compile(r"\w*FILE|PATH|SHEET|[A-Z]+\.[a-z]+")
#: what completes though other words are taken too, by where argparse keeps it
_WORDS: Mapping[str, tuple[str, ...]] = {
    "expect": ("published",),
    "status": tuple(STATUS_WORDS.values()),
}
#: bash divides --flag=value into three words; shtab reads two
_BASH = """
# bash gives --flag=value as three words
_tasksync() {
  local at=$COMP_CWORD i words=()
  for i in "${!COMP_WORDS[@]}"; do
    if [[ ${COMP_WORDS[i]} != "=" ]]; then
      words+=("${COMP_WORDS[i]}")
    elif ((i == COMP_CWORD)); then
      words+=("")
    elif ((i < COMP_CWORD)); then
      at=$((at - 1))
    fi
  done
  local COMP_WORDS=("${words[@]}") COMP_CWORD=$at
  _shtab_tasksync
}

complete -o bashdefault -F _tasksync tasksync
"""
#: a flag of zsh that takes a value: its long name, and what is said of it
_ZSH = re.compile(r'(--[a-z-]+)(?=\}?"?\[[^\n]*\]:)')
#: of --flag=value fish tells the whole word, and a path begins behind the sign
_FISH = ("(commandline -ct)", "(string replace -r -- '^--[^=]+=' '' (commandline -ct))")
_USAGE = re.compile(r"# Usage:\n(?:#.*\n)*")
_OURS = "# `tasksync completion --help` says where it belongs.\n"


def pages() -> Mapping[Path, str]:
    """Return the scripts, by their place in the package."""
    parser = whole_parser()
    for one in every(parser):
        for action in one._actions:
            named = str(action.metavar)
            if _FILES.fullmatch(named) or named == "DIR":
                kind = shtab.DIRECTORY if named == "DIR" else shtab.FILE
                action.complete = kind  # type: ignore[attr-defined]
            elif named == "COMMAND" and action.choices is None:
                action.choices = tuple(COMMANDS)
            elif action.dest in _WORDS:
                action.choices = _WORDS[action.dest]
    folder = Path("tasksync/completions")
    return {folder / file: _script(parser, shell) for shell, file in SCRIPTS.items()}


def _script(parser: argparse.ArgumentParser, shell: str) -> str:
    made = _USAGE.sub(_OURS, shtab.complete(parser, shell), count=1).rstrip() + "\n"
    match shell:
        case "bash":
            return made[: made.rindex("complete ")] + _BASH.lstrip()
        case "zsh":
            return _ZSH.sub(r"\1=", made)
        case _:
            return made.replace(*_FISH)
