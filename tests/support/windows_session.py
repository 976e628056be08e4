"""tasksync in a process like one of Windows, command by command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from command import Done, plainly


class LikeWindows:
    """Such a process, and what is said to it."""

    def __init__(self, folder: Path, **env: str) -> None:
        root = str(Path(__file__).parents[2])
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("like_windows.py"))],
            cwd=folder,
            env={"PATH": os.defpath, "PYTHONPATH": root, "PYTHONTZPATH": "", **env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.modules = self._said()

    def _said(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def __call__(self, *words: str, given: str | None = None) -> Done:
        """Run one command."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"words": words, "given": given}) + "\n")
        self._process.stdin.flush()
        return plainly(Done(**self._said()))

    def end(self) -> None:
        """Let it go."""
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()
