"""Version, Python, platform."""

from __future__ import annotations

import argparse
import platform

from tasksync import __version__
from tasksync.cli.console import Console


def arguments(_parser: argparse.ArgumentParser) -> None:
    """Take nothing."""


def options(_read: object) -> None:
    """Return nothing: nothing can be asked."""


def run(_options: None, console: Console) -> int:
    """Say what runs here."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    console.say(f"tasksync {__version__}\n{python}\n{platform.platform()}")
    return 0
