"""Saved plans on disk: written aside and renamed, read whole."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tasksync import __version__, operating_system
from tasksync import file_limits as bounded
from tasksync.cli.settings import made
from tasksync.cli.showing import Cost
from tasksync.core.formats import plan_json
from tasksync.core.guards import check
from tasksync.core.plan import Plan
from tasksync.core.secrets import Secrets
from tasksync.errors import PlanUnusable, SettingsError


def read(name: str) -> plan_json.Opened:
    """Return a saved plan; raises PlanUnusable when it is none, or was changed by hand."""
    return read_with_content(name)[0]


def read_with_content(name: str) -> tuple[plan_json.Opened, bytes]:
    """Return a saved plan, and what is in its file; raises PlanUnusable as `read`."""
    try:
        content = bounded.read(name, bounded.DOCUMENT)
    except (OSError, ValueError) as error:
        raise PlanUnusable(
            f"The plan {name} cannot be read: {bounded.why(error)}.",
            "Make one with tasksync plan --out FILE.",
        ) from error
    try:
        return plan_json.opened(content), content
    except PlanUnusable as error:
        manifest = name.endswith((".yaml", ".yml"))
        mend = f"A manifest is planned: tasksync plan -f {name}" if manifest else error.advice
        raise PlanUnusable(f"{name}: {error.message}.", mend) from error


def write(name: str, plan: Plan, cost: Cost, secrets: Secrets) -> None:
    """Save a plan, without our secrets, durably in the place of what is there.

    Raises SettingsError.
    """
    data = plan_json.encode(
        plan,
        version=__version__,
        requests=cost.requests,
        seconds=cost.seconds,
        refusals=check(plan),
    )
    text = plan_json.dumps_without(data, secrets)
    if len(text.encode()) > bounded.DOCUMENT:
        raise SettingsError(
            f"The plan is longer than {bounded.DOCUMENT >> 20} MiB, and could not be read again: "
            f"{name} is not written.",
            "Apply without --out, or plan it in parts with --target.",
        )
    given = Path(name)
    try:
        if given.is_fifo():  # a pipe or a device is written to, and stays
            bounded.write_pipe(given, text.encode())
            return
        if given.exists() and not given.is_file():
            given.write_text(text, encoding="utf-8")
            return
        target = given.resolve()  # a link stays a link
        if target.parent.exists():
            made(target.parent)
        written_whole(target, text)
    except RuntimeError:
        raise SettingsError(
            f"The plan cannot be written to {name}: it is a link that leads to itself.",
            "Choose another --out.",
        ) from None
    except OSError as error:
        raise SettingsError(
            f"The plan cannot be written to {name}: {error.strerror or error}.",
            "Choose another --out.",
        ) from error


def written_whole(target: Path, text: str) -> None:
    """Write a file durably in the place of what is there, or not at all; raises OSError."""
    handle, aside = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:80]}.")
    with ExitStack() as failing:  # a full disk, or Ctrl-C: half a file helps nobody
        failing.callback(Path(aside).unlink, missing_ok=True)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        operating_system.replace(aside, target)
        failing.pop_all()
