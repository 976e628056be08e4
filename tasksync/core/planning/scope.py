"""What a plan is about: globs over keys, and what has to be in it with them or stay behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from heapq import nlargest
from itertools import chain, takewhile
from operator import eq

from tasksync.core.change import Action, Change
from tasksync.core.fields import TaskKey
from tasksync.core.planning.desired import Desired
from tasksync.core.planning.graph import ancestors
from tasksync.core.quoting import quoted
from tasksync.core.state import State
from tasksync.errors import UsageError
from tasksync.value_classes import dataclass


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

    @property
    def flags(self) -> tuple[str, ...]:
        """What narrows it, as a person gave it: one flag with its glob each."""
        return (
            *(f"--target {glob}" for glob in self.targets),
            *(f"--exclude {glob}" for glob in self.excludes),
        )


EVERYTHING = Scope()
_GIVES_ID = {Action.CREATE, Action.ADOPT}


def in_scope(changes: Mapping[TaskKey, Change], scope: Scope) -> dict[TaskKey, Change]:
    """Return what the scope lets through.

    Under --target the parents that get their ids in this plan are in it too; under --exclude what
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


def must_match(scope: Scope, wanted: Desired, state: State) -> None:
    """Refuse a glob that no key of the manifest or the state fits, with what is near.

    Raises UsageError: a mistyped --target would do nothing, a mistyped --exclude too much.
    """
    for flag, globs in (("--target", scope.targets), ("--exclude", scope.excludes)):
        for glob in globs:
            if not any(fnmatchcase(key, glob) for key in _known(wanted, state)):
                raise UsageError(
                    f"{flag} {quoted(glob)} fits no key of the manifest or of the state.",
                    _advice(glob, _known(wanted, state)),
                )


def _known(wanted: Desired, state: State) -> Iterator[TaskKey]:
    """Yield every key that the manifest wants or that is remembered, some twice."""
    return chain(
        wanted.index.rows, wanted.retained, wanted.moved, (intent.key for intent in state.intents)
    )


def _advice(glob: str, keys: Iterable[TaskKey]) -> str:
    near = nearest(glob, keys)
    if near:
        return f"Did you mean {near}?"
    return "tasksync state list shows the keys that are remembered; the manifest has the others."


def nearest(glob: str, keys: Iterable[TaskKey]) -> str:
    """Return the key, or the folder of keys with a star, that a glob may have meant; or ""."""
    starred = any(sign in glob for sign in "*?[")
    names: dict[str, str] = {}
    for key in keys:
        names.setdefault(key.casefold(), key)
        folder = key if starred else ""
        while "/" in folder:
            folder = folder.rpartition("/")[0]
            names.setdefault(f"{folder}/*".casefold(), f"{folder}/*")
    asked = glob.casefold()
    likely = nlargest(_LIKELY, names, key=lambda name: _shared(name, asked))
    from difflib import get_close_matches  # something is wrong

    found = get_close_matches(asked, likely, n=1)
    return names[found[0]] if found else ""


#: so many names are compared letter by letter; of 100 000 that would take half a minute
_LIKELY = 300


def _shared(name: str, other: str) -> int:
    """Return how many letters two names share at their ends."""
    return _alike(name, other) + _alike(reversed(name), reversed(other))


def _alike(one: Iterable[str], other: Iterable[str]) -> int:
    return sum(takewhile(bool, map(eq, one, other)))
