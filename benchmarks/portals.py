"""The sandbox portal as a process of its own, reached over a socket."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from benchmarks.measuring import Unfit, environment
from benchmarks.venvs import TASKSYNC

GOOD_KEY = "vibe_api_sandbox"
_TOLD = re.compile(r"TASKSYNC_PORTAL=(\S+) TASKSYNC_API_KEY=(\S+)")


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running sandbox: its URL, and the key that it takes."""

    url: str
    key: str

    @property
    def env(self) -> dict[str, str]:
        """What a client needs to reach it."""
        return {"TASKSYNC_PORTAL": self.url, "TASKSYNC_API_KEY": self.key}

    def stats(self) -> dict[str, Any]:
        """Return the sums since `forget`: requests, writes, throttled."""
        with urlopen(f"{self.url}/_sandbox/stats", timeout=60) as answer:  # noqa: S310 - loopback
            found: dict[str, Any] = json.load(answer)
        return found

    def forget(self) -> None:
        """Begin counting anew."""
        request = Request(f"{self.url}/_sandbox/log", method="DELETE")  # noqa: S310 - loopback
        with urlopen(request, timeout=60):  # noqa: S310 - loopback
            return

    def clear(self) -> None:
        """Take every task away."""
        request = Request(f"{self.url}/_sandbox/reset", method="POST")  # noqa: S310 - loopback
        request.add_header("Content-Type", "application/json")
        with urlopen(request, timeout=60):  # noqa: S310 - loopback
            return


@contextmanager
def sandbox(
    *, data: Path | None = None, limits: str = "none", program: str = ""
) -> Iterator[Sandbox]:
    """Serve a portal for the length of a block; `data` keeps its world.

    `program` is the tasksync that serves it, where not that of this checkout.
    """
    tasksync = program or TASKSYNC.program("tasksync")
    command = [tasksync, "sandbox", "--port", "0", "--limits", limits]
    if data is not None:
        command += ["--data", str(data)]
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment(), text=True
    )
    try:
        yield _reached(child)
    finally:
        if child.poll() is None:
            os.kill(child.pid, signal.SIGTERM)
        child.wait(60)
        if child.stdout is not None:
            child.stdout.close()


def _reached(child: subprocess.Popen[str]) -> Sandbox:
    told = ""
    for line in child.stdout or ():
        told += line
        found = _TOLD.search(line)
        if found:
            return Sandbox(found[1].rstrip("/"), found[2])
    msg = f"the sandbox did not start: {told}"
    raise Unfit(msg)
