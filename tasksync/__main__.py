"""Turns what a run returned into an exit; --version is answered before anything is imported."""

from __future__ import annotations

import sys

from tasksync import __version__


def main() -> None:
    """Run tasksync with the process's arguments, and exit."""
    if sys.argv[1:] in (["--version"], ["-version"], ["-V"]):
        sys.stdout.write(f"tasksync {__version__}\n")
        sys.exit(0)
    import gc

    from tasksync.cli.main import run

    # rows and tasks hold no circles: looking for some at every 700 objects is a tenth of a plan
    gc.set_threshold(100_000, 50, 50)
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
