"""Tasks of the portal that wait to be written: what they take while they do."""

from __future__ import annotations

import tracemalloc

from tasksync.core.fields import RemoteId
from tasksync.core.task import LiveTask
from tasksync.manifests.imported import TaskImport


def test_a_task_that_waits_takes_little_more_than_its_text() -> None:
    """Thousands wait until all keys are known: at most 2 KB each with 600 letters of text."""
    tasks = TaskImport()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(1, 1001):
            fields = {"title": f"Task {number}", "responsibleId": 1, "description": "d" * 600}
            tasks.take(LiveTask(RemoteId(number), fields))
        held = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert len(tasks) == 1000
    assert held < 2048 * 1000
