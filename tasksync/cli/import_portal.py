"""`tasksync import` from the portal: its tasks become a manifest that asks for what is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from tasksync.cli.console import Console
from tasksync.cli.import_selection import selection
from tasksync.cli.listeners import listening
from tasksync.cli.options import ImportOptions
from tasksync.cli.people_addresses import addresses_of
from tasksync.cli.settings import DEFAULT_MANIFEST
from tasksync.cli.wiring import Session, session
from tasksync.core.manifest import marker_of
from tasksync.core.secrets import HIDDEN
from tasksync.core.state import State
from tasksync.core.task import LiveTask
from tasksync.engine.portal_check import check_portal
from tasksync.errors import SettingsError, UsageError
from tasksync.manifests.import_target import ImportTarget, read_target
from tasksync.manifests.imported import TaskImport, summary
from tasksync.manifests.writing import (
    added_to,
    content_before,
    document_pieces,
    write_atomically,
)
from tasksync.operating_system import quoted as quoted_word
from tasksync.render.wording import count
from tasksync.value_classes import replace

if TYPE_CHECKING:
    from tasksync.manifests.written_tasks import WrittenTask
    from tasksync.portal.client import RestPortal

#: so many lines about what is left out are shown
_SHOWN = 20


def imported(options: ImportOptions, console: Console) -> int:
    """Read the portal, and write what is nobody's yet; returns the exit code."""
    parts = session(options.run, console)
    before = _content(options.out)
    paths = _paths(options, exists=before is not None)
    target = _target(options, paths)
    with listening(parts):
        store = parts.store(target.project)
        with closing(store):
            state = store.load()
        with closing(parts.portal(target.marker)) as portal:
            if state.identity is not None:
                check_portal(portal, state)
            found = _Found(target, state)
            found.read(options, portal)
            addresses = {} if options.numbers else addresses_of(portal, found.tasks.people)
            requests = portal.requests
        parts.pause()
    if len(found.tasks):
        _write(options.out, before, target, found.tasks.written(addresses))
    _report(parts, options, found, paths, requests)
    return 0


def _content(name: str) -> bytes | None:
    """Return what the file holds that is to be written, None where it is not there."""
    try:
        return content_before(name)
    except OSError as error:
        raise SettingsError(
            f"{name} cannot be read: {error.strerror or error}.", "Choose another --out."
        ) from error


def _paths(options: ImportOptions, *, exists: bool) -> tuple[str, ...]:
    """Return the manifest that the tasks are to belong to; none where there is none yet."""
    named = options.run.manifest.files
    if not named and Path(DEFAULT_MANIFEST).exists():
        named = (DEFAULT_MANIFEST,)
    return (*named, options.out) if exists else named


def _target(options: ImportOptions, paths: tuple[str, ...]) -> ImportTarget:
    """Read the manifest, or begin one; raises UsageError where nothing names the project."""
    if not paths:
        if not options.project:
            raise UsageError(
                f"No manifest names the project: there is no {DEFAULT_MANIFEST} here.",
                "Say --project NAME for a whole new manifest, or name the manifest with -f.",
            )
        target = ImportTarget(options.project, marker_of(options.project))
        header = {"project": options.project, **dict(target.header or {})}
        return replace(target, header=header)
    target = read_target(paths, options.out)
    if options.project and options.project != target.project:
        raise UsageError(
            f"The manifest is of the project {target.project}, and --project says "
            f"{options.project}.",
            "Leave --project out, or name another manifest with -f.",
        )
    return target


class _Found:
    """What a listing brought: tasks to be written, and how many are whose already."""

    def __init__(self, target: ImportTarget, state: State) -> None:
        index = state.index
        ours = dict(_remembered(state))
        known = {remote: key for remote, key in ours.items() if key in target.keys}
        known |= target.adopted
        self._target = target
        self._ids = ours.keys() | target.adopted.keys()
        self.tasks = TaskImport(target.defaults, {*target.keys, *index.rows}, known)
        self.ours = 0
        self.others: Counter[str] = Counter()

    def read(self, options: ImportOptions, portal: RestPortal) -> None:
        """List what is asked for."""
        wanted = selection(options, self._target.timezone, portal)
        self.tasks.extras = portal.extra_fields()
        portal.read_too([one for one in self.tasks.extras.values() if one.writable])
        for live in portal.listed(wanted):
            self._take(live)

    def _take(self, live: LiveTask) -> None:
        others = [one for one in live.markers if one != self._target.marker]
        if live.id in self._ids or self._target.marker in live.markers:
            self.ours += 1
        elif others:
            self.others.update(others[:1])
        else:
            self.tasks.take(live)


def _remembered(state: State) -> Iterator[tuple[int, str]]:
    index = state.index
    return ((int(remote), str(index.key(row))) for row, remote in enumerate(index.ids))


def _write(
    name: str,
    before: bytes | None,
    target: ImportTarget,
    tasks: Iterator[WrittenTask],
) -> None:
    """Write the tasks behind what is there, or as a file of their own."""
    if before is None:
        pieces = document_pieces(target.header or {}, tasks)
        write_atomically(name, (piece.encode() for piece in pieces), None)
        return
    try:
        text = added_to(before.decode(), tasks, target.header)
    except SettingsError as error:
        raise SettingsError(f"{name}: {error.message}", error.advice) from error
    write_atomically(name, text.encode(), before)


def _report(
    parts: Session,
    options: ImportOptions,
    found: _Found,
    paths: tuple[str, ...],
    requests: int,
) -> None:
    """Say what was written and what was not, and what to do next."""
    console, tasks = parts.console, found.tasks
    if not options.run.output.no_progress:
        console.tell(f"Read the portal in {requests} requests.")
    lines = list(summary(tasks.left_out))
    for line in lines[:_SHOWN]:
        console.tell(f"Note: {line}.")
    if len(lines) > _SHOWN:
        console.tell(f"Note: and {len(lines) - _SHOWN} more.")
    if tasks.starred:
        console.tell(_of_stars(tasks.starred))
    if found.ours:
        console.tell(f"Left out: {found.ours} that the project has already.")
    if found.others:
        whose = ", ".join(f"{marker} {count}" for marker, count in sorted(found.others.items()))
        console.tell(f"Left out: {sum(found.others.values())} of other projects ({whose}).")
    if not len(tasks):
        console.say("There is nothing to import: nothing was written.")
        return
    console.say(f"Imported {count(len(tasks), 'task')} into {options.out}.")
    console.say(f"See what it means: tasksync plan{_flags(options, paths)}")


def _of_stars(ids: Sequence[int]) -> str:
    """Return what to say about tasks that were written with stars in them.

    Stars that somebody wrote look the same, and may stand: so they are told, not left out.
    """
    named = ", ".join(map(str, ids[:_SHOWN]))
    more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    return (
        f"Note: {HIDDEN} stands in {count(len(ids), 'task')} ({named}{more}). It may stand for a "
        "secret of this run that the portal says, and apply would write the stars where that "
        "secret is not known: take such a field out of the manifest."
    )


def _flags(options: ImportOptions, paths: tuple[str, ...]) -> str:
    """Return the -f that name the manifest with the new tasks in it."""
    named = [one for one in paths if one != options.out]
    inside = any(
        Path(options.out).resolve().is_relative_to(Path(one).resolve())
        for one in named
        if Path(one).is_dir()
    )
    if not inside:
        named.append(options.out)
    if named == [DEFAULT_MANIFEST]:
        return ""
    return "".join(f" -f {quoted_word(one)}" for one in named)
