"""Where a portal meets an engine: the one room in which the parts are put together."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tasksync.cli.console import Console
from tasksync.cli.options import PortalOptions, RunOptions
from tasksync.cli.redaction import said_in, weak, weakness
from tasksync.cli.settings import (
    SANDBOX,
    Connection,
    connection,
    folder_beside,
    made,
    manifest_paths,
)
from tasksync.cli.signals import Stop, SystemClock
from tasksync.core.events import Event, Note, ValueMissing, ValueNormalised
from tasksync.core.manifest import Manifest
from tasksync.core.ports import Listener, StateStore
from tasksync.core.secrets import Secrets
from tasksync.core.state import Holder, State, StateDelta
from tasksync.engine.doubt import Resolver
from tasksync.engine.lease import LeaseHolder, Patience, hold_lease
from tasksync.engine.planner import Planner
from tasksync.engine.portal_check import check_portal
from tasksync.engine.portal_directory import PortalDirectory
from tasksync.errors import SettingsError
from tasksync.portal.address import normalise_url
from tasksync.portal.client import RestPortal
from tasksync.portal.messages import PortalAnswer, PortalRequest, Transport
from tasksync.portal.redacted_transport import RedactedTransport
from tasksync.portal.setup import PortalSettings
from tasksync.value_classes import dataclass, field, replace

if TYPE_CHECKING:
    from tasksync.render.event_lines import EventLines


@dataclass(slots=True)
class Session:
    """The parts of one run. `listen` may be set once the way of telling is known."""

    options: RunOptions
    console: Console
    stop: Stop
    clock: SystemClock
    listen: Listener | None = None
    pause: Callable[[], object] = bool  # take what moves off the screen before something is shown
    events: EventLines | None = None
    told: list[ValueNormalised | ValueMissing] = field(default_factory=list)

    def hear(self, event: Event) -> None:
        """Pass an event to whoever listens; what verifying found is kept for the end."""
        if isinstance(event, ValueNormalised | ValueMissing):
            self.told.append(event)
        if self.listen is not None:
            self.listen(event)

    @property
    def paths(self) -> tuple[str, ...]:
        """The manifest files and folders as the person named them."""
        return manifest_paths(self.options.manifest)

    @property
    def beside(self) -> Path:
        """The .tasksync folder."""
        return folder_beside(self.options.manifest.files)

    @property
    def reach(self) -> PortalOptions:
        """How the portal is reached; raises TypeError in a command that has no flags for it."""
        if self.options.portal is None:
            raise TypeError("this command reaches no portal")
        return self.options.portal

    def manifest(self) -> Manifest:
        """Open the manifest; its tasks stream once, so every reader opens its own."""
        from tasksync.manifests.loader import load

        manifest = load(self.paths)
        data = [str(Path(manifest.root, name)) for name in manifest.remembered]
        self.says(lambda: said_in([*manifest.files, *data]))
        return manifest

    def says(self, openly: Callable[[], Iterable[str]]) -> None:
        """Tell what the person says openly: the manifest, or the plan that was approved."""
        if self.console.hidden is not None:
            self.console.hidden.openly = openly

    def secrets(self) -> Secrets:
        """What texts from outside lose before they are compared or saved."""
        return self.console.outside()

    def address(self, project: str) -> str:
        """Return where the state is kept; not for printing, it may hold a password."""
        return self.options.store.url or f"sqlite:{self.beside / f'{project}.db'}"

    def store(self, project: str, url: str = "") -> StateStore:
        """Open the store of a project at `url`, or where the flags say; that makes nothing."""
        from tasksync.backends.redacted_store import RedactedStore
        from tasksync.backends.registry import open_store

        url = url or self.address(project)
        if url.startswith(("http:", "https:")):
            from tasksync.portal.network import check_network

            check_network(url, self.console.env)
        store = open_store(
            url,
            project,
            clock=self.clock,
            ids=new_id,
            here=self.holder(),
            env=self.console.env,
            tell=lambda words: self.hear(Note(words)),
            patience=self.options.store.lock_timeout,
            timeout=self.options.store.timeout,
        )
        return RedactedStore(store, self.secrets)

    def holder(self) -> Holder:
        """Who this run is, for the lock."""
        from tasksync.backends.processes import this_process

        return this_process(self.console.env)

    def portal(self, marker: str | None) -> RestPortal:
        """Reach the portal; raises AuthenticationFailed when a key is needed and not there."""
        if (url := self.reach.portal) and not url.startswith(SANDBOX):
            normalise_url(url)  # an address that cannot be is told before a key is asked for
        where = self.connection()
        if self.console.hidden is not None:
            self.console.hidden.add(where.key, where.session)
            if where.sandbox is None and (note := weakness(weak(self.console.env))):
                self.console.tell(note)
        return portal_of(self, where, marker)

    def connection(self) -> Connection:
        """Return how the portal is reached; raises AuthenticationFailed when a key is missing."""
        return connection(self.reach, self.console.env, self.beside)

    def resolver(self, portal: RestPortal, marker: str | None) -> Resolver:
        """Return what looks for creates in doubt."""
        return Resolver(portal, self.clock, self.hear, marker, self.reach.settle, self.stop)

    def planner(self, portal: RestPortal, resolver: Resolver) -> Planner:
        """Return what makes plans."""
        return Planner(portal, resolver, self.hear, portal.people)

    def directory(
        self, portal: Callable[[], RestPortal], state: State, *, refresh: bool = True
    ) -> PortalDirectory:
        """Return what addresses are looked up in; `portal` is called when it is first needed."""

        def listings() -> RestPortal:
            reached = portal()
            check_portal(reached, state)  # another portal's people are not ours to ask for
            return reached

        return PortalDirectory(listings, state.directory, refresh=refresh)

    def forget_dumped(self, project: str) -> None:
        """Take away what earlier runs wrote beside: all of it is done and saved by now."""
        name = self._unsaved_name(project)
        files = [*self.beside.glob(f"{project}.unsaved-????????.json")]  # of earlier versions
        for folder in self._unsaved_folders():
            files += folder.glob(f"{name}-*.json")
        for file in files:
            with suppress(OSError):
                file.unlink()

    def _unsaved_folders(self) -> list[Path]:
        folders = [self.beside, Path.cwd()]
        with suppress(RuntimeError):  # nobody's home is known
            folders.append(Path.home())
        return folders

    def _unsaved_name(self, project: str) -> str:
        """Return how this state's unsaved-state files begin: another state has its own."""
        from hashlib import sha256

        where = self.options.store.url or str(self.beside.absolute())
        return f"{project}.unsaved-{sha256(where.encode()).hexdigest()[:8]}"

    @contextmanager
    def hold_lease(self, store: StateStore, project: str) -> Iterator[LeaseHolder]:
        """Hold the lock for the length of a block."""
        patience = Patience(self.options.store.lock_timeout)

        def dump(delta: StateDelta) -> str:
            from tasksync.backends.redacted_store import redacted

            delta = redacted(delta, self.secrets())
            return dump_unsaved(
                self._unsaved_folders(), self._unsaved_name(project), project, delta
            )

        with hold_lease(
            store, self.holder(), patience, clock=self.clock, listener=self.hear, dump_unsaved=dump
        ) as holder:
            yield holder


def session(options: RunOptions, console: Console) -> Session:
    """Return the parts of a run that need nothing yet."""
    stop = Stop()
    return Session(options, console, stop, SystemClock(stop))


def new_id() -> str:
    """Return a random id for a lineage, a lease or a run."""
    from uuid import uuid4

    return uuid4().hex


def portal_of(parts: Session, where: Connection, marker: str | None) -> RestPortal:
    """Put transport, pacing and client together."""
    reach = parts.reach
    settings = PortalSettings(
        marker,
        parallelism=reach.parallelism,
        timeout=reach.timeout,
        max_requests=reach.max_requests,
    )
    if where.sandbox is not None:
        from tasksync.cli.in_process import InProcess

        settings = replace(settings, host="sandbox", parallelism=1, paced=False)
        send = RedactedTransport(InProcess(where.sandbox, where.key, where.session), parts.secrets)
        return _stoppable(RestPortal(send, parts.clock, settings, parts.hear), parts)
    url = normalise_url(where.url)
    late = _LateListener(parts, url, where)
    settings = replace(settings, host=urlsplit(url).hostname or "")
    return _stoppable(RestPortal(late, parts.clock, settings, parts.hear), parts)


class _LateListener:
    """A transport that imports requests, the dearest of all, when a first request leaves."""

    def __init__(self, parts: Session, url: str, where: Connection) -> None:
        self._parts = parts
        self._made = (url, where.key, where.session, parts.reach.timeout, parts.console.env)
        self._send: Transport | None = None
        self._lock = Lock()

    def __call__(self, request: PortalRequest) -> PortalAnswer:
        with self._lock:
            if self._send is None:
                from tasksync.portal.transport import HttpTransport

                self._send = HttpTransport(
                    *self._made, self._parts.clock.monotonic, self._parts.secrets
                )
        return self._send(request)


def _stoppable(portal: RestPortal, parts: Session) -> RestPortal:
    portal.stopping = parts.stop
    return portal


def dump_unsaved(folders: Iterable[Path], name: str, project: str, delta: StateDelta) -> str:
    """Write what could not be saved into the first folder that takes it, for its owner alone.

    Returns where, for people.
    """
    from tasksync.core.formats.json_text import compact
    from tasksync.core.formats.state_json import apply_delta, encode_state
    from tasksync.core.state import State

    text = compact(apply_delta(encode_state(State(project)), delta))
    for folder in folders:
        file = folder / f"{name}-{new_id()[:8]}.json"
        half = file.with_suffix(".part")  # a second signal may end the process in the middle
        try:
            made(folder)
            with os.fdopen(
                os.open(half, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8"
            ) as out:
                out.write(text)
            half.rename(file)
        except OSError:
            with suppress(OSError):  # half a file helps nobody
                half.unlink()
            continue
        return str(file)
    return "no file, for none could be written; here it is: " + text


def named_project(project: str | None, read: Callable[[], Manifest]) -> str:
    """Return the project of --project, else of the manifest's header."""
    if project:
        return project
    try:
        return read().project
    except SettingsError as error:
        raise SettingsError(error.message, "Name the manifest with -f, or say --project.") from None
