"""Fill a state with what a manifest wants, as an apply would leave it, without a portal.

usage: fill_state.py MANIFEST-FOLDER STATE.db; runs in tasksync's environment.
"""

import itertools
import sys
from dataclasses import replace
from pathlib import Path

from storing import CLOCK

from tasksync.backends.sqlite import SqliteStore
from tasksync.core.fields import RemoteId
from tasksync.core.state import Entry, Holder, PortalIdentity, StateDelta
from tasksync.manifests.loader import load

ROWS = 10_000


def main(folder: str, file: str) -> None:
    """Read the manifest as a stream, and commit its tasks as entries."""
    manifest = load([folder])
    numbers = itertools.count()
    store = SqliteStore(Path(file), manifest.project, clock=CLOCK, ids=lambda: f"id{next(numbers)}")
    lease = store.acquire(Holder("bench", "bench", 1), 3_600.0)
    entries = (
        Entry(task.key, RemoteId(number), task.fields, options=task.options)
        for number, task in enumerate((wanted.task() for wanted in manifest.tasks()), 1)
    )
    while batch := tuple(itertools.islice(entries, ROWS)):
        store.commit(StateDelta(put=batch), lease)
    fingerprints = manifest.source_fingerprints(())
    known = store.load().entries
    entries_with_sources = (
        replace(known[key], source=fingerprints[key]) for key in sorted(fingerprints)
    )
    while batch := tuple(itertools.islice(entries_with_sources, ROWS)):
        store.commit(StateDelta(put=batch), lease)
    store.commit(StateDelta(identity=PortalIdentity("bench"), files=manifest.files), lease)
    store.release(lease)
    store.close()


main(*sys.argv[1:])
