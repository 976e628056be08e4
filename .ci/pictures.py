"""Photographs the site, a plan and a status, light and dark, wide and narrow, to be looked at.

.venv-test/bin/python .ci/pictures.py DIR        # needs chromium, and the extra `docs`
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "examples" / "review"))

from make import make, photograph, tasksync  # noqa: E402 - found by the line above

#: pages of the site that a newcomer meets
PAGES = {
    "site-home": "",
    "site-first-quarter": "guides/first-quarter-of-an-hour/",
    "site-errors": "guides/when-something-went-wrong/",
    "site-commands": "reference/commands/",
    "site-concepts": "concepts/",
}
NARROW = 420


class Quiet(SimpleHTTPRequestHandler):
    """Serves files, and says nothing of each."""

    def log_message(self, *_what: object) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on loopback; yields its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def build_site(target: Path) -> None:
    """Build the site as CI does."""
    subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(target)],
        cwd=ROOT, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, check=True,
    )  # fmt: skip


def make_status(folder: Path) -> Path:
    """Write the page of a project's status, of the example that is a year long."""
    env = {name: value for name, value in os.environ.items() if name[:9] != "TASKSYNC_"}
    words = ("-f", str(ROOT / "examples" / "audit"), "--portal", f"sandbox:{folder / 'world.db'}")
    words += ("--state", f"sqlite:{folder / 'state.db'}")
    tasksync(folder, env, "apply", *words, "--yes")
    page = folder / "status.html"
    page.write_text(tasksync(folder, env, "status", *words, "--format", "html"), encoding="utf-8")
    return page


def all_pictures(target: Path) -> None:
    """Write every picture into a folder."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build_site(folder / "site")
        with served(folder / "site") as address:
            for picture, page in PAGES.items():
                three(address + page, target, picture)
        make(folder)
        three((folder / "plan.html").as_uri(), target, "plan")
        three(make_status(folder).as_uri(), target, "status")


def three(address: str, target: Path, name: str) -> None:
    """Photograph a page light, dark and narrow."""
    photograph(address, target / f"{name}-light.png")
    photograph(address, target / f"{name}-dark.png", dark=True)
    photograph(address, target / f"{name}-narrow.png", width=NARROW)


if __name__ == "__main__":
    if len(sys.argv) != 2:  # noqa: PLR2004 - the script and its folder
        raise SystemExit("usage: python .ci/pictures.py DIR")
    all_pictures(Path(sys.argv[1]).resolve())
