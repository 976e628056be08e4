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

        # rows and tasks hold no circles: looking for some at every 700 objects is a tenth of a plan,
        # and a first look, when 100 000 are there, takes 30 ms at the end of a plan of 1 000 tasks
        gc.set_threshold(200_000, 50, 50)
        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # while Python still reads our own files
        sys.stderr.write("Interrupted. Nothing was being written.\n")
        code = 130
    _leave(code)


def _leave(code: int) -> None:
    """End the process with what was told already, whatever signal comes now.

    Python gives its handlers back before it has ended: a signal that comes then would decide the
    exit code.
    """
    names = ("SIGINT", "SIGTERM", "SIGBREAK")  # the last one only at Windows
    for number in (getattr(signal, name) for name in names if hasattr(signal, name)):
        signal.signal(number, lambda *_signal: os._exit(code))
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):  # closed by the caller, or unwritable
            continue
    os._exit(code)


if __name__ == "__main__":
    main()
