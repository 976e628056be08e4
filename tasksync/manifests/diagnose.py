"""Failed tasks read once more, with all their places, and what is wrong put into words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tasksync.core.task import Place, Problem
from tasksync.manifests import parse_located, schema
from tasksync.manifests.files import Source
from tasksync.manifests.node import Position
from tasksync.manifests.parse_located import NodeTask
from tasksync.manifests.reader import YamlUnreadable
from tasksync.manifests.unplaced import BadValue, UnplacedProblem, located
from tasksync.manifests.values import Normaliser, check_key
from tasksync.value_classes import dataclass

__all__ = ["Suspects", "UnplacedProblem", "problems"]


@dataclass(frozen=True, slots=True)
class Suspects:
    """Which tasks of a file are to be explained.

    `failed` are those that the fast pass gave up, by their number in the file; `beside` what is
    wrong with good ones only beside others, by key; `told` are places of which enough was said;
    `strange` are documents that are no manifests, of which nothing is said.
    """

    failed: set[int]
    beside: Mapping[str, Sequence[UnplacedProblem]]
    told: set[Position]
    strange: frozenset[int] = frozenset()


def problems(
    source: Source, normalisers: Sequence[Normaliser], suspects: Suspects, most: int
) -> list[Problem]:
    """Return what is wrong with the suspects of a file; stops soon after `most` problems."""
    found: list[Problem] = []
    try:
        with source.open() as stream:
            said = 0
            for ordinal, task in enumerate(parse_located.tasks(stream, source.name, found)):
                if task.document in suspects.strange:
                    del found[said:]
                    continue
                if ordinal in suspects.failed:
                    told = list(_explained(source.name, task, normalisers[task.document]))
                    found += [one for one in told if one.what]
                    if not told and len(found) == said and task.position not in suspects.told:
                        found.append(_unexplained(source.name, task))
                faults = iter(suspects.beside.get(task.key or "", ()))
                found += located(source.name, task.body, faults, task.position)
                said = len(found)
                if said > most:
                    break
    except YamlUnreadable:
        pass  # the fast pass has reported it
    return found


def _explained(file: str, task: NodeTask, normaliser: Normaliser) -> Iterator[Problem]:
    if task.key is not None:
        try:
            check_key(task.key)
        except BadValue as bad:
            yield Problem(Place(file, *task.position), bad.what, bad.mend)
    own = task.body.value
    block: Any = normaliser.with_defaults(own) if isinstance(own, dict) else own
    faults = list(schema.faults(schema.WHOLE_TASK, block)) if not task.body.broken else []
    if isinstance(block, dict):
        worded = {fault.path[0] for fault in faults if fault.path}
        good = {name: value for name, value in block.items() if name not in worded}
        faults += normaliser.faults(good)
    yield from located(file, task.body, iter(faults), task.position)


def _unexplained(file: str, task: NodeTask) -> Problem:
    """Return a last word on a task of which nothing else was said: it is refused all the same."""
    return Problem(
        Place(file, *task.position), f"the task {task.key} is not valid", "see the schema"
    )
