"""What a plan is about: globs over keys, and what has to come along or stay behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tasksync.core.change import Action, Change
from tasksync.core.fields import TaskKey
from tasksync.core.graph import ancestors


@dataclass(frozen=True, slots=True)
class Scope:
    """What a plan is about: globs over keys; `destroy` wants nothing of what is remembered."""

    targets: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    destroy: bool = False

    def takes(self, key: TaskKey) -> bool:
        """Tell whether the globs let a key in."""
        wanted = not self.targets or any(fnmatchcase(key, glob) for glob in self.targets)
        return wanted and not self.refuses(key)

    def refuses(self, key: TaskKey) -> bool:
        """Tell whether a key is excluded by name."""
        return any(fnmatchcase(key, glob) for glob in self.excludes)

    @property
    def partial(self) -> bool:
        """Whether anything may be left out."""
        return bool(self.targets or self.excludes)


EVERYTHING = Scope()
_GIVES_ID = {Action.CREATE, Action.ADOPT}


def narrowed(changes: Mapping[TaskKey, Change], scope: Scope) -> dict[TaskKey, Change]:
    """Return what the scope lets through.

    Under --target the parents that get their ids in this plan come along; under --exclude what
    hangs on an excluded one stays behind.
    """
    if not scope.partial:
        return dict(changes)
    giving = {key for key, change in changes.items() if change.action in _GIVES_ID}
    parents = {
        key: above
        for key, change in changes.items()
        for above in change.unresolved
        if above in giving
    }
    kept: dict[TaskKey, Change] = {}
    for key, change in changes.items():
        above = ancestors(key, parents)
        if scope.takes(key) and not any(scope.refuses(parent) for parent in above):
            kept |= {parent: changes[parent] for parent in reversed(above)}
            kept[key] = change
    return kept
