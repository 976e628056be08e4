"""The browser that pages are tried in: where it is, how it is called, and how a page is opened.

One browser opens page after page, and forgets in between what a page may have stored: to start one
takes two seconds of a processor, and to open a page half a second.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from readable import readable

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--in-process-gpu",
    "--disable-extensions",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
#: how much of its own time a page has before it is looked at (milliseconds)
BUDGET = 4000
#: how long it may say nothing (seconds)
PATIENCE = 90


def browser() -> str:
    """Return its path; without one the tests fail, since nobody would see that a page is broken."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    assert found, "Chromium is needed: apt-get update && apt-get install -y chromium"
    return found


class Browser:
    """A running Chromium, spoken to over a pair of pipes: JSON, each message ended by a NUL."""

    def __init__(self, to: int, of: int) -> None:
        self._to = to
        self._of = of
        self._number = 0
        self._left = b""
        self._events: list[str] = []
        self._session = ""
        tab = self._ask("Target.createTarget", url="about:blank")["targetId"]
        told = {"targetId": tab, "flatten": True}
        self._session = str(self._ask("Target.attachToTarget", **told)["sessionId"])
        self._ask("Page.enable")

    def dom(self, address: str) -> str:
        """Open a page; return its DOM as text once its time has passed.

        That is virtual time: it passes as fast as the page has nothing to do.
        """
        self._ask("Storage.clearDataForOrigin", origin="file://", storageTypes="all")
        self._ask("Page.navigate", url="about:blank")  # an address may differ in its fragment alone
        self._ask("Emulation.setVirtualTimePolicy", policy="pause")
        self._events.clear()
        self._ask("Page.navigate", url=address)
        passes = {"policy": "pauseIfNetworkFetchesPending", "budget": BUDGET}
        self._ask("Emulation.setVirtualTimePolicy", **passes)
        while "Emulation.virtualTimeBudgetExpired" not in self._events:
            self._read()
        answer = self._ask("Runtime.evaluate", expression="document.documentElement.outerHTML")
        return str(answer["result"]["value"])

    def close(self) -> None:
        """Have it end."""
        self._session = ""
        self._ask("Browser.close")

    def _ask(self, method: str, **told: object) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": told}
        if self._session:
            message["sessionId"] = self._session
        self._say(json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != self._number:
            pass
        assert "error" not in answer, f"{method}: {answer['error']}"
        result: dict[str, Any] = answer["result"]
        return result

    def _say(self, message: bytes) -> None:
        while message:
            message = message[os.write(self._to, message) :]

    def _read(self) -> dict[str, Any]:
        """Return the next message; of an event the name is kept."""
        while b"\0" not in self._left:
            came = readable(PATIENCE, self._of) and os.read(self._of, 1 << 20)
            assert came, "the browser has ended, or says nothing any more"
            self._left += came
        whole, _, self._left = self._left.partition(b"\0")
        message: dict[str, Any] = json.loads(whole)
        if "method" in message:
            self._events.append(message["method"])
        return message


@contextmanager
def running(profile: Path, *flags: str) -> Iterator[Browser]:
    """Run one for as long as the block lasts."""
    theirs_in, to = os.pipe()
    of, theirs_out = os.pipe()
    command = [browser(), *FLAGS, f"--user-data-dir={profile}", "--remote-debugging-pipe", *flags]
    # it reads at 3 and writes at 4, which bash gives it whatever our numbers are
    script = f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}'
    with subprocess.Popen(
        ["bash", "-c", script, "chromium", *command],
        pass_fds=(theirs_in, theirs_out),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        os.close(theirs_in)
        os.close(theirs_out)
        try:
            yield (opened := Browser(to, of))
            opened.close()
            process.wait(PATIENCE)
        finally:
            process.kill()
            os.close(to)
            os.close(of)


def dom_of(opened: Browser, address: str, folder: Path, *flags: str) -> str:
    """Return the DOM of a page; with flags in a browser of its own, whose profile goes there."""
    if not flags:
        return opened.dom(address)
    with running(folder / "profile", *flags) as another:
        return another.dom(address)
