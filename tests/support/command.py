"""tasksync in this process: streams are texts, the environment is handed in."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from pathlib import Path

from wrapping import unwrapped

from tasksync.cli.console import Console
from tasksync.cli.main import run


class Terminal(io.StringIO):
    """A text stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@dataclass
class Done:
    """What a run left."""

    code: int
    out: str
    err: str

    @property
    def words(self) -> str:
        """What was printed, one blank between words: a plan's lines end where they are full."""
        return unwrapped(self.out)


#: a Python object as it prints itself: `<x object at 0x7f>`, `Secure(host='x')`, `Error('x')`
REPR = re.compile(r"object at 0x|\b[A-Z]\w*\(\w+=|\b[A-Z]\w*(?:Error|Exception)\(|\[Errno -?\d+\]")


def plainly(done: Done) -> Done:
    """Hold a run to what every run must keep: what it says is for people, not for Python."""
    said = done.out + done.err
    log = re.search(r"itself failed(?s:.*?)Please report it with (\S+);", said)
    assert log is None, said + Path(log[1]).read_text("utf-8")
    assert "Traceback" not in said, said
    assert not REPR.search(said), said
    return done


@dataclass
class Tasksync:
    """Runs commands against one sandbox file and one state file."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.env = {
            "TASKSYNC_PORTAL": f"sandbox:{self.folder / 'world.db'}",
            "TASKSYNC_STATE": f"sqlite:{self.folder / 'state.db'}",
            "TASKSYNC_SETTLE": "0.2s",
            **self.env,
        }

    def __call__(
        self, *words: str | Path, answer: str | None = None, terminal: bool = False, **env: str
    ) -> Done:
        source = Terminal(answer + "\n") if answer is not None else io.StringIO()
        out, err = (Terminal(), Terminal()) if terminal else (io.StringIO(), io.StringIO())
        console = Console(source, out, err, {**self.env, **env})
        code = run([str(word) for word in words], console)
        return plainly(Done(code, out.getvalue(), err.getvalue()))

    @classmethod
    def of(cls, folder: Path, text: str) -> Tasksync:
        """Return a project whose manifest is m.yaml."""
        file = str(folder / "m.yaml")
        made = cls(folder, {"TASKSYNC_FILE": file})
        made.manifest(text, "m.yaml")
        return made

    def manifest(self, text: str, name: str = "tasksync.yaml") -> Path:
        """Write a manifest and return its path."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path
