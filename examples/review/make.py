"""Makes what the README of this example shows: the plan as text, Markdown and a page, and pictures.

python examples/review/make.py            # with tasksync installed; --pictures needs chromium
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
FORMATS = {"text": "plan.txt", "markdown": "plan.md", "html": "plan.html"}
#: the plan that is shown is one that a guard holds back
REFUSED = 4
CHROMIUM = (
    "chromium",
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


def tasksync(folder: Path, env: dict[str, str], *words: str) -> str:
    """Run tasksync in a folder and return its stdout."""
    done = subprocess.run(
        [sys.executable, "-m", "tasksync", *words],
        cwd=folder, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    held_back = words[0] == "plan" and done.returncode == REFUSED
    if done.returncode != 0 and not held_back:
        raise SystemExit(done.stderr)
    return re.sub(r" \(\d+\.\d s\)", "", done.stdout)


def by_hand(url: str, method: str, path: str, body: dict[str, object]) -> None:
    """Do what somebody does on the portal meanwhile."""
    request = urllib.request.Request(  # noqa: S310 - our own sandbox on loopback
        f"{url}/_sandbox/{path}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
        method=method,
    )
    urllib.request.urlopen(request).close()  # noqa: S310


def make(target: Path) -> None:
    """Write the plan in every format into a folder."""
    sandbox = subprocess.Popen(
        [sys.executable, "-m", "tasksync", "sandbox", "--port", "0", "--limits", "none"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        first = sandbox.stdout.readline() if sandbox.stdout else ""
        url = re.search(r"http://\S+", first)[0]  # type: ignore[index]
        with tempfile.TemporaryDirectory() as folder:
            _plan(Path(folder), target, url)
    finally:
        sandbox.terminate()
        sandbox.wait()


def _plan(folder: Path, target: Path, url: str) -> None:
    env = {
        **{name: value for name, value in os.environ.items() if name[:9] != "TASKSYNC_"},
        "TASKSYNC_PORTAL": url,
        "TASKSYNC_API_KEY": "vibe_api_sandbox",
    }
    tasks = folder / "tasks"
    tasks.mkdir()
    shutil.copy(HERE / "april" / "tasksync.yaml", tasks / "finance.yaml")
    tasksync(folder, env, "apply", "-f", "tasks", "--yes")
    ids = {
        line.split()[0]: re.search(r"task (\d+)", line)[1]  # type: ignore[index]
        for line in tasksync(folder, env, "state", "list", "-f", "tasks").splitlines()
    }
    by_hand(url, "PATCH", f"tasks/{ids['vat']}", {"priority": 1, "by": 11})
    for message in ("The binders are in room 12.", "Room 12 is locked."):
        by_hand(url, "POST", f"tasks/{ids['archive']}/comments", {"author": 7, "message": message})
    by_hand(url, "POST", f"tasks/{ids['archive']}/time", {"user": 7, "seconds": 5400})
    shutil.copy(HERE / "may" / "tasksync.yaml", tasks / "finance.yaml")
    tasksync(folder, env, "plan", "-f", "tasks", "--out", "plan.json")
    for format_, name in FORMATS.items():
        shown = tasksync(folder, env, "show", "plan.json", "--format", format_)
        (target / name).write_text(shown, encoding="utf-8")


def pictures(target: Path) -> None:
    """Photograph the page, light and dark, wide and narrow."""
    page = (target / "plan.html").resolve().as_uri()
    photograph(page, target / "light.png")
    photograph(page, target / "dark.png", dark=True)
    photograph(page, target / "narrow.png", width=480)


def photograph(
    address: str, picture: Path, *, dark: bool = False, width: int = 1280, height: int = 1100
) -> None:
    """Save a picture of what a browser shows at an address."""
    more = ["--blink-settings=preferredColorScheme=0"] if dark else []
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [
                *CHROMIUM, f"--user-data-dir={profile}", f"--window-size={width},{height}",
                "--virtual-time-budget=3000", f"--screenshot={picture}", *more, address,
            ],
            check=True, capture_output=True,
        )  # fmt: skip


def told(readme: str, folder: Path) -> str:
    """Return a README with the plan's text and Markdown as they are in a folder."""
    text = (folder / "plan.txt").read_text(encoding="utf-8")
    markdown = (folder / "plan.md").read_text(encoding="utf-8")
    for name, body in (("text", f"```text\n{text}```"), ("markdown", markdown.rstrip())):
        begin, end = f"<!-- {name} -->\n", f"\n<!-- /{name} -->"
        head, _, rest = readme.partition(begin)
        _, _, tail = rest.partition(end)
        readme = head + begin + body + end + tail
    return readme


if __name__ == "__main__":
    make(HERE)
    readme = HERE / "README.md"
    readme.write_text(told(readme.read_text(encoding="utf-8"), HERE), encoding="utf-8")
    if "--pictures" in sys.argv:
        pictures(HERE)
