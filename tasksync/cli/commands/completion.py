"""Print what makes a shell complete commands, flags, choices and files.

With the package bash-completion, bash finds the file below by itself; without it put
`eval "$(tasksync completion bash)"` into .bashrc. zsh wants the folder in fpath before compinit, or
`eval "$(tasksync completion zsh)"` behind it, in .zshrc. fish finds its file by itself.
"""

from __future__ import annotations

import argparse

from tasksync.cli.console import Console

TYPE_CHECKING = False  # what typing would say; `--help` does without importing it
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

#: shell -> its script in tasksync/completions, which .ci/generate makes of the parser
SCRIPTS: Mapping[str, str] = {
    "bash": "tasksync.bash",
    "zsh": "_tasksync",
    "fish": "tasksync.fish",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    parser.add_argument("shell", choices=tuple(SCRIPTS), metavar="SHELL", help=", ".join(SCRIPTS))


def options(read: Mapping[str, Any]) -> str:
    """Return whose script was asked for."""
    return str(read["shell"])


def run(options: str, console: Console) -> int:
    """Print the script to stdout, as it is shipped."""
    from pathlib import Path

    file = Path(__file__).parents[2] / "completions" / SCRIPTS[options]
    console.publish(file.read_text(encoding="utf-8"))
    return 0
