"""Turns what a run returned into an exit; --version is answered before anything is imported."""

from __future__ import annotations

import os
import signal
import sys

from tasksync import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_INTERRUPTED = "Interrupted. Nothing was being written.\n"


def main() -> None:
    """Run tasksync with the process's arguments, and exit."""
    if sys.argv[1:] in (["--version"], ["-version"], ["-V"]):
        sys.stdout.write(f"tasksync {__version__}\n")
        sys.exit(0)
    _hear(_end_at_once)
    try:
        import gc

        from tasksync.cli.main import run

        # rows and tasks hold no circles: looking at every 700 objects takes a tenth of a plan,
        # and one look at 100 000 takes 30 ms, at the end of a plan of 1 000 tasks
        gc.set_threshold(200_000, 50, 50)
        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # before or after the handlers of the command were there
        sys.stderr.write(_INTERRUPTED)
        code = 130
    _leave(code)


def _hear(handler: Callable[..., object]) -> None:
    names = ("SIGINT", "SIGTERM", "SIGBREAK")  # the last one only at Windows
    for number in (getattr(signal, name) for name in names if hasattr(signal, name)):
        signal.signal(number, handler)
    if hasattr(signal, "pthread_sigmask"):  # a fleet holds it back until it is heard
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT,))


def _end_at_once(*_signal: object) -> None:
    """End while Python still reads our own files.

    An exception would be lost where it meets the import machinery's own calls, and is the end of
    libraries in C that meet it while they are loaded.
    """
    os.write(2, _INTERRUPTED.encode())
    os._exit(130)


def _leave(code: int) -> None:
    """End the process with what was told already, whatever signal comes now.

    Python gives its handlers back before it has ended: a signal that comes then would decide the
    exit code.
    """
    _hear(lambda *_signal: os._exit(code))
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):  # closed by the caller, or unwritable
            continue
    os._exit(code)


if __name__ == "__main__":
    main()
