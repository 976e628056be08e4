"""Serve a local portal with the vendor's rules, limits, quirks and faults."""

from __future__ import annotations

import argparse
import errno
from pathlib import Path

from tasksync.cli.arguments import filled, port
from tasksync.cli.console import Console
from tasksync.cli.signals import terminable
from tasksync.errors import SettingsError
from tasksync.file_limits import why

TYPE_CHECKING = False  # what typing would say; `--help` does without importing it
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tasksync.cli.options import SandboxOptions


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    add = parser.add_argument
    add("--port", type=port, default=8024, help="port on loopback; 0 takes a free one")
    add("--data", type=filled, metavar="FILE", help="keep the world in FILE (default: in memory)")
    add("--limits", choices=("vendor", "none"), default="vendor",
        help="the vendor's rate limits, or none (default: vendor)")  # fmt: skip
    add("--faults", type=filled, metavar="FILE", help="JSON list of faults to inject")
    add("--quirks", type=filled, metavar="FILE", help="JSON object of quirks to switch on")


def options(read: Mapping[str, Any]) -> SandboxOptions:
    """Return what was asked."""
    from tasksync.cli.options import sandbox_options

    return sandbox_options(read)


def run(options: SandboxOptions, console: Console) -> int:
    """Serve until interrupted."""
    from tasksync.cli.settings import made
    from tasksync.sandbox.faults.fault_rules import UnknownFault
    from tasksync.sandbox.model.journal import JournalDamaged
    from tasksync.sandbox.model.quirks import UnknownQuirk
    from tasksync.sandbox.web.api_keys import GOOD_KEY
    from tasksync.sandbox.web.server import SandboxSettings, start

    try:
        if options.data:
            made(Path(options.data).parent)
        running = start(
            SandboxSettings(
                port=options.port,
                data=Path(options.data) if options.data else None,
                limits=options.limits,
                faults=Path(options.faults) if options.faults else None,
                quirks=_quirks(options.quirks),
            )
        )
    except (UnknownFault, UnknownQuirk, JournalDamaged) as error:
        files = {"UnknownFault": options.faults, "UnknownQuirk": options.quirks}
        file = files.get(type(error).__name__) or options.data
        raise SettingsError(f"The sandbox cannot start: {error}.", f"Mend {file}.") from error
    except OSError as error:
        raise _cannot_start(options, error) from error
    with running, terminable():
        # its key is known to everybody; hidden, where it is set already, the line could not be used
        console.publish(
            f"The sandbox portal serves {running.url} (Ctrl-C ends it). Look at it there, or:\n"
            f"  export TASKSYNC_PORTAL={running.url} TASKSYNC_API_KEY={GOOD_KEY}\n"
        )
        try:
            running.wait()
        except KeyboardInterrupt:
            console.tell("The sandbox ended.")
    return 0


def _cannot_start(options: SandboxOptions, error: OSError) -> SettingsError:
    """Return why, with the flag by which it is mended."""
    if options.faults and error.filename == str(Path(options.faults)):
        what, advice = f"{options.faults} cannot be read", "Mend the file of --faults."
    elif error.filename or not error.errno or error.errno == errno.EINVAL:
        what, advice = f"its world cannot be kept in {options.data}", "Choose another --data."
    else:
        what, advice = f"port {options.port} cannot be had", "Choose another --port; 0 is any."
    return SettingsError(f"The sandbox cannot start: {what}: {why(error)}.", advice)


def _quirks(name: str | None) -> dict[str, object]:
    if not name:
        return {}
    from tasksync.sandbox.json_codec import loads

    try:
        found = loads(Path(name).read_bytes())
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"{name} cannot be read as JSON: {why(error)}.", "Mend the file of --quirks."
        ) from error
    if not isinstance(found, dict):
        raise SettingsError(f"{name} holds no JSON object.", "Mend the file of --quirks.")
    return found
