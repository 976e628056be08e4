"""What a manifest asks for, with edits that are not written yet: all tasks, read to the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tasksync.core.address_book import Directory
from tasksync.core.fields import KeyRef, RemoteId, TaskKey, Value, same
from tasksync.core.task import Task
from tasksync.manifests.accepting.proposals import PortalValue
from tasksync.manifests.loader import load
from tasksync.value_classes import dataclass, field


@dataclass(frozen=True, slots=True)
class AskedTasks:
    """The digest and the file of each task, and the tasks themselves when they are needed."""

    digests: dict[TaskKey, bytes] = field(default_factory=dict)
    tasks: dict[TaskKey, Callable[[], Task]] = field(default_factory=dict)
    files: dict[TaskKey, str] = field(default_factory=dict)

    def says(self, value: PortalValue, ids: Mapping[TaskKey, RemoteId]) -> bool:
        """Tell whether a task is asked to have just this value."""
        task = self.tasks.get(value.key)
        fields = {} if task is None else task().fields
        return value.name in fields and means(value.name, fields[value.name], value.found, ids)


def means(name: str, read: Value, found: Value, ids: Mapping[TaskKey, RemoteId]) -> bool:
    """Tell whether two values of a field mean the same, a key the id of its task."""

    def number(value: Value) -> Value:
        return ids.get(value.key, value) if isinstance(value, KeyRef) else value

    return same(name, number(read), number(found))


def read_tasks(
    paths: Sequence[str], instead: Mapping[str, bytes], directory: Directory
) -> AskedTasks:
    """Return the tasks of a manifest; `instead` is what files are going to hold.

    Raises ManifestInvalid.
    """
    asked = AskedTasks()
    for one in load(paths, instead).tasks(None, directory):
        asked.digests[one.key] = one.digest
        asked.tasks[one.key] = one.task
        asked.files[one.key] = one.file
    return asked
