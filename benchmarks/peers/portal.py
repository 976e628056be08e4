"""One portal with a key of its own and the vendor's limits, on a free port, in memory.

usage: portal.py KEY; runs in tasksync's environment, prints its URL and serves until it is ended.
`tasksync sandbox` takes one key; of a fleet each portal must have another, for what shares a key
runs one after another.
"""

import sys
from dataclasses import replace

from tasksync.sandbox.web.api_keys import GOOD_KEY, KEYS
from tasksync.sandbox.web.server import SandboxSettings, start


def main(key: str) -> None:
    """Serve."""
    KEYS[key] = replace(KEYS[GOOD_KEY], name=key)
    with start(SandboxSettings(port=0, limits="vendor")) as running:
        print(running.url, flush=True)
        running.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
