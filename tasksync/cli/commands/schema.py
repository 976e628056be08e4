"""Print a JSON Schema of this version; needs no manifest, no portal and no state."""

from __future__ import annotations

import argparse

from tasksync.cli.console import Console
from tasksync.schema_files import SCHEMAS, schema_text

TYPE_CHECKING = False  # what typing would say; `--help` does without importing it
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    words = "; ".join(f"{name}: {told}" for name, told in SCHEMAS.items())
    parser.add_argument("name", choices=tuple(SCHEMAS), metavar="NAME", help=words)


def options(read: Mapping[str, Any]) -> str:
    """Return which schema was asked for."""
    return str(read["name"])


def run(options: str, console: Console) -> int:
    """Print the schema to stdout, byte for byte as it is published."""
    console.publish(schema_text(options))
    return 0
