"""Turns what a run returned into an exit; --version is answered before anything is imported."""

from __future__ import annotations

import os
import signal
import sys

from tasksync import __version__


def main() -> None:
    """Run tasksync with the process's arguments, and exit."""
    if sys.argv[1:] in (["--version"], ["-version"], ["-V"]):
        sys.stdout.write(f"tasksync {__version__}\n")
        sys.exit(0)
    try:
        import gc

        from tasksync.cli.main import run

        # rows and tasks hold no circles: looking for some at every 700 objects is a tenth of a plan
        gc.set_threshold(100_000, 50, 50)
        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # while Python still reads our own files
        sys.stderr.write("Interrupted. Nothing was being written.\n")
        code = 130
    _end_quietly(code)
    sys.exit(code)


def _end_quietly(code: int) -> None:
    """Let a signal that comes now end the process with what was told already."""

    def leave(*_signal: object) -> None:
        os._exit(code)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, leave)


if __name__ == "__main__":
    main()
