"""Check the manifest alone: no portal, no state."""

from __future__ import annotations

import argparse

from tasksync.cli.arguments import manifest_arguments
from tasksync.cli.console import Console
from tasksync.cli.settings import manifest_paths

TYPE_CHECKING = False  # what typing would say; `--help` does without importing it
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tasksync.cli.options import ManifestOptions


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    manifest_arguments(parser)


def options(read: Mapping[str, Any]) -> ManifestOptions:
    """Return what was asked."""
    from tasksync.cli.options import manifest_options

    return manifest_options(read)


def run(options: ManifestOptions, console: Console) -> int:
    """Read the whole manifest; raises ManifestInvalid with every fault."""
    from tasksync.core.address_book import AnyAddress
    from tasksync.manifests.loader import load

    manifest = load(manifest_paths(options))
    tasks = sum(1 for _wanted in manifest.tasks(None, AnyAddress()))
    files = len(manifest.files)
    console.say(
        f"The manifest is valid: project {manifest.project}, {files} file{'s' * (files != 1)}, "
        f"{tasks} task{'s' * (tasks != 1)}."
    )
    return 0
