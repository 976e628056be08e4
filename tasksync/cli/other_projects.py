"""The states of the projects that tasks are moved here from: where they lie, read and locked.

The same store holds them: the file beside ours, the same database, the object or address that has
the other project's name where ours has our own. A plan reads them; an apply holds their locks too,
all of them and our own taken in the order of the projects' names, so that two runs never wait for
each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from urllib.parse import urlsplit

from tasksync import operating_system
from tasksync.cli.wiring import Session
from tasksync.core.ports import StateStore
from tasksync.core.state import State
from tasksync.engine.handing_over import OtherProject
from tasksync.engine.lease import LeaseHolder
from tasksync.errors import SettingsError, StateLocked

_ONE_LOCK = ("TASKSYNC_HTTP_LOCK_ADDRESS", "TASKSYNC_HTTP_UNLOCK_ADDRESS")


def address_of(url: str, own: str, other: str) -> str | None:
    """Return where the other project's state lies; None where the address does not tell.

    PostgreSQL holds all projects in one database. Else the last part of the path is the project's
    name, with or without an ending: there stands the other's name then.
    """
    scheme, _, rest = url.partition(":")
    if scheme.lower() in {"postgres", "postgresql"}:
        return url
    path = rest if scheme.lower() == "sqlite" else urlsplit(url).path
    slash = "\\" if operating_system.WINDOWS and path.rfind("\\") > path.rfind("/") else "/"
    before, slash, name = path.rpartition(slash)
    if name != own and not name.startswith(f"{own}."):
        return None
    beside = f"{before}{slash}{other}{name.removeprefix(own)}"
    if scheme.lower() == "sqlite":
        return f"{scheme}:{beside}"
    return urlsplit(url)._replace(path=beside).geturl()


def store_of(parts: Session, own: str, other: str) -> StateStore:
    """Open the other project's store; raises SettingsError where the address cannot hold it."""
    given = parts.options.store.url
    url = parts.address(other) if given is None else address_of(given, own, other)
    shared = given is not None and given.startswith("http") and _shares_a_lock(parts)
    if url is None or shared:
        from tasksync.backends.registry import masked

        why = "names one lock for all" if shared else f"does not name the project {own}"
        raise SettingsError(
            f"moved: the state of project {other} cannot be told from the address "
            f"{masked(given or '')}: it {why}.",
            f"Move the tasks in two steps: removed: [key] in the manifest of {other}, apply there, "
            f"then adopt: {{id: N}} here. Or keep both states where the last part of the address "
            f"is the project's name ({own}, {own}.db, {own}.json).",
        )
    return parts.store(other, url)


def _shares_a_lock(parts: Session) -> bool:
    return any(parts.console.env.get(name) for name in _ONE_LOCK)


@contextmanager
def looked_at(parts: Session, own: str, names: Iterable[str]) -> Iterator[Mapping[str, State]]:
    """Yield the other projects' states as they are, without a lock: for a plan."""
    with ExitStack() as stack:
        stores = {name: store_of(parts, own, name) for name in names}
        yield {name: stack.enter_context(closing(store)).load() for name, store in stores.items()}


def everything(_state: State) -> bool:
    """Take whatever there is: the saved plan names it."""
    return True


@contextmanager
def held(
    parts: Session,
    store: StateStore,
    own: str,
    names: Iterable[str],
    gives: Callable[[State], bool] = everything,
) -> Iterator[tuple[LeaseHolder, Mapping[str, OtherProject], Mapping[str, State]]]:
    """Hold our own lock and those of the other projects; yield ours, theirs, and their states.

    A project that has nothing to give is not locked, nor is one that has no state here: that would
    make one for it.
    """
    with ExitStack() as stack:
        stores = {own: store}
        states: dict[str, State] = {}
        for name in names:
            other = stack.enter_context(closing(store_of(parts, own, name)))
            states[name] = other.load()
            if states[name].lineage and gives(states[name]):
                stores[name] = other
        holders = {
            name: stack.enter_context(_locked(parts, stores[name], name, own))
            for name in sorted(stores)
        }
        ours = holders.pop(own)
        states |= {name: holder.load() for name, holder in holders.items()}
        yield ours, {n: OtherProject(one, states[n]) for n, one in holders.items()}, states


@contextmanager
def _locked(parts: Session, store: StateStore, name: str, own: str) -> Iterator[LeaseHolder]:
    """Hold one lock; whose it is that could not be had is told where it is not ours."""
    with ExitStack() as stack:
        try:
            holder = stack.enter_context(parts.hold_lease(store, name))
        except StateLocked as locked:
            if name == own:
                raise
            raise StateLocked(
                f"Tasks are to move here from project {name}. {locked.message}",
                locked.advice,
                holder=locked.holder,
                left=locked.left,
            ) from None
        yield holder
