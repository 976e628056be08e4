"""A guide in docs/guides is a session: its commands are run as they stand, one after the other."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAMED = re.compile(r"`([\w ./-]+)`:\s*\Z")
#: what stands in an expected line for anything, and alone for any number of lines
ANY = "…"


@dataclass(frozen=True)
class Step:
    """One fenced block: its language, its text, and the file that the words before it name."""

    language: str
    text: str
    file: str


def steps(guide: str) -> Iterator[Step]:
    """Return the blocks of a page in their order; a block of YAML follows "`FILE`:"."""
    for found in _FENCE.finditer(guide):
        named = _NAMED.search(guide[: found.start()])
        yield Step(found[1], found[2], named[1] if named else "")


@dataclass
class Session:
    """Walks a guide in a folder; `tasksync` is the program that is under test.

    `sh` is run by bash, `powershell` too as far as its lines are the same there, and what it prints
    must hold the lines of the `text` after it, in their order. A `# exit 2` at the end of a block
    is the exit code that is expected. `yaml` is written to its file.
    """

    folder: Path
    env: Mapping[str, str]
    #: what stands on the page -> what it is here: the host of a server
    hosts: Mapping[str, str] = field(default_factory=dict)
    #: where `tasksync` is
    program: Path = Path(sys.executable).parent

    def walk(self, name: str) -> int:
        """Carry a guide out; returns how many blocks were run. Raises AssertionError."""
        return self.walk_text((GUIDES / name).read_text("utf-8"))

    def walk_text(self, text: str) -> int:
        """The same with a part of a guide."""
        ran, printed = 0, ""
        for step in steps(text):
            match step.language:
                case "sh":
                    printed, ran = self._run(step.text), ran + 1
                case "powershell":
                    printed, ran = self._run(in_sh(step.text)), ran + 1
                case "text":
                    check_lines(step.text, printed)
                case "yaml":
                    assert step.file, f"no file is named before:\n{step.text}"
                    file = self.folder / step.file
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_text(step.text, "utf-8")
                case other:
                    message = f"a block of {other} is not for a guide"
                    raise AssertionError(message)
        return ran

    def _run(self, block: str) -> str:
        expected = re.search(r"# exit (\d+)\s*\Z", block)
        for named, here in self.hosts.items():
            block = block.replace(named, here)
        folders = (self.program, Path(sys.executable).parent, os.environ["PATH"])
        path = os.pathsep.join(map(str, folders))
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block],
            cwd=self.folder,
            env={"PATH": path, "HOME": str(self.folder), "LANG": "C.UTF-8", **self.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == int(expected[1] if expected else 0), f"{block}\n{done.stdout}"
        printed = done.stdout
        for named, here in self.hosts.items():
            printed = printed.replace(here, named)
        return printed


def in_sh(powershell: str) -> str:
    r"""Return simple lines of PowerShell as bash reads them: `$env:A = "b"`, and `/` for `\`."""
    text = re.sub(r'^\$env:(\w+) = (".*")$', r"export \1=\2", powershell, flags=re.MULTILINE)
    assert "$" not in text, f"more of PowerShell than can be tried here:\n{text}"
    return text.replace("\\", "/")


def check_lines(expected: str, printed: str) -> None:
    """Hold that lines were printed, in this order; raises AssertionError that names the first."""
    left = iter([line.rstrip() for line in printed.splitlines()])
    for line in expected.splitlines():
        if line.strip() in ("", ANY):
            continue
        parts = [re.escape(part) for part in line.strip().split(ANY)]
        wanted = re.compile(".*".join(parts))
        assert any(wanted.fullmatch(one.strip()) for one in left), f"no {line!r} in:\n{printed}"
