"""`tasksync` with the CPU time inside its state store added up, told on the last line.

usage: counted_apply.py apply ...; runs in tasksync's environment. The store is the one that the
command line opened; every call is passed on as it came.
"""

import json
import sys
from time import thread_time
from typing import Any

from tasksync.backends import registry
from tasksync.cli.main import run


class Counted:
    """Passes every call on to a store, and adds up the CPU time of the calling threads."""

    seconds = 0.0
    commits = 0

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if not callable(found):
            return found

        def counted(*args: object, **words: object) -> object:
            begun = thread_time()
            try:
                return found(*args, **words)
            finally:
                Counted.seconds += thread_time() - begun
                Counted.commits += name == "commit"

        return counted


opened = registry.open_store
registry.open_store = lambda *args, **words: Counted(opened(*args, **words))
code = run(sys.argv[1:])
print(json.dumps({"store": Counted.seconds, "commits": Counted.commits}))
sys.exit(code)
