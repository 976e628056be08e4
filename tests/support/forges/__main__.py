"""`python -m support.forges github --port N`: a forge to look at, from the directory tests/.

It opens pull request 7, prints the environment of a job for it as shell lines, and shows every
request until it is interrupted.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from pathlib import Path

from support.forges import FORGES


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m support.forges", description=__doc__)
    parser.add_argument("forge", choices=sorted(FORGES))
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--checkout", type=Path, help="a git repository whose commits it knows")
    asked = parser.parse_args()
    with FORGES[asked.forge](port=asked.port, checkout=asked.checkout) as forge:
        forge.open_pull_request(7)
        for name, value in forge.environment_of_pull_request(7).items():
            sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
        sys.stdout.flush()
        shown = 0
        while True:
            for one in forge.requests[shown:]:
                sys.stdout.write(f"# {one.method} {one.path} {one.status} {one.account}\n")
                shown += 1
            sys.stdout.flush()
            time.sleep(0.2)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(0)
