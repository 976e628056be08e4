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

    from tasksync.cli.options import ValidateOptions


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    manifest_arguments(parser)
    parser.add_argument(
        "--expand", action="store_true",
        help="print one document in plain YAML that asks for the same",
    )  # fmt: skip


def options(read: Mapping[str, Any]) -> ValidateOptions:
    """Return what was asked."""
    from tasksync.cli.options import validate_options

    return validate_options(read)


def run(options: ValidateOptions, console: Console) -> int:
    """Read the whole manifest; raises ManifestInvalid with every fault."""
    from tasksync.core.address_book import AnyAddress
    from tasksync.manifests.loader import load

    manifest = load(manifest_paths(options.manifest))
    if options.expand:
        from tasksync.manifests import plain_yaml

        addresses = plain_yaml.NumbersOfWords()
        tasks = [wanted.task() for wanted in manifest.tasks(None, addresses)]
        console.say("\n".join(plain_yaml.lines(manifest, tasks, addresses.known)))
        return 0
    count = sum(1 for _wanted in manifest.tasks(None, AnyAddress()))
    files = len(manifest.files)
    console.say(
        f"The manifest is valid: project {manifest.project}, {files} file{'s' * (files != 1)}, "
        f"{count} task{'s' * (count != 1)}."
    )
    return 0
