"""`tasksync drift`: a plan is made, and what people did is told instead of what is to be done."""

from __future__ import annotations

from contextlib import closing
from fnmatch import fnmatchcase

from tasksync import __version__
from tasksync.cli.console import Console
from tasksync.cli.listeners import listening
from tasksync.cli.options import DriftOptions
from tasksync.cli.other_projects import looked_at
from tasksync.cli.plan_flow import with_unread
from tasksync.cli.settings import forgets
from tasksync.cli.status_flow import moments_of, must_fit, names_of, was_read
from tasksync.cli.wiring import Session, session
from tasksync.core.guards import check
from tasksync.core.keys import normal_key
from tasksync.core.manifest import Manifest
from tasksync.core.planning.taking_over import projects_in
from tasksync.core.portal_changes import LiveWatch, PortalChange, PortalChanges, portal_changes
from tasksync.core.secrets import Secrets
from tasksync.core.state import State
from tasksync.portal.client import RestPortal
from tasksync.render.status_words import Moments
from tasksync.render.style import PLAIN, colours
from tasksync.value_classes import replace


def read(options: DriftOptions, console: Console) -> tuple[PortalChanges, Moments]:
    """Read manifest, state and portal; what was read is told on stderr."""
    parts = session(options.run, console)
    begun = parts.clock.monotonic()
    with listening(parts):
        manifest = parts.manifest()
        with closing(parts.store(manifest.project)) as store:
            state = store.load()
            glob = normal_key(options.glob) if options.glob else ""
            must_fit(glob, state, parts)
            with closing(parts.portal(manifest.marker)) as portal:
                found = _changes(parts, manifest, state, portal, glob)
                found = _told_by_whom(portal, found)
                requests = portal.requests
        parts.pause()
    if not options.run.output.no_progress:
        seconds = parts.clock.monotonic() - begun
        console.tell(was_read(len(state.index), requests, seconds))
    if note := forgets(options.run, console):
        console.tell(note)
    return found, moments_of(manifest)


def _changes(
    parts: Session, manifest: Manifest, state: State, portal: RestPortal, glob: str
) -> PortalChanges:
    """Return what people changed of the tasks that a glob takes."""
    planner = parts.planner(portal, parts.resolver(portal, manifest.marker))
    watch = LiveWatch(manifest.marker)
    with looked_at(parts, manifest.project, projects_in(manifest, state)) as sources:
        plan = planner.plan(
            manifest,
            state,
            directory=parts.directory(lambda: portal, state),
            sources=sources,
            watch=watch,
        )
        guards = [one.guard for one in check(with_unread(plan, state, manifest))]
        found = portal_changes(plan, watch, guards)
    if not glob:
        return found
    return replace(
        found,
        changes=tuple(one for one in found.changes if fnmatchcase(one.key, glob)),
        unreadable=tuple(one for one in found.unreadable if fnmatchcase(one[0], glob)),
    )


def _told_by_whom(portal: RestPortal, found: PortalChanges) -> PortalChanges:
    """Return the changes with who made them, where the portal tells, and with people's names."""
    editors = portal.last_editors([one.id for one in found.changes if one.at is not None])
    changes = tuple(replace(one, by=editors.get(one.id, 0)) for one in found.changes)
    people = {number for one in changes for number in (one.by, one.person or 0) if number}
    return replace(found, changes=changes, names=names_of(portal, people, found.names))


def show(options: DriftOptions, console: Console, found: PortalChanges, moments: Moments) -> None:
    """Write the drift to stdout."""
    if options.format == "json":
        from tasksync.render.drift_json import drift_json

        console.say(drift_json(found, version=__version__))
        return
    if console.hidden is not None:
        found = _for_showing(found, console.hidden.secrets)
    if options.format == "markdown":
        from tasksync.render.drift_markdown import drift_markdown

        console.say(drift_markdown(found, moments))
        return
    from tasksync.render.drift_text import drift_text

    coloured = console.coloured(console.out, wanted=not options.run.output.no_color)
    console.say(drift_text(found, moments, colours() if coloured else PLAIN))


def _for_showing(found: PortalChanges, secrets: Secrets) -> PortalChanges:
    """Return changes whose values are without our secrets: in pieces nobody finds them."""

    def told(one: PortalChange) -> PortalChange:
        fields = tuple(
            replace(
                part,
                was=secrets.redact_value(part.was),
                found=secrets.redact_value(part.found),
                wanted=secrets.redact_value(part.wanted),
            )
            for part in one.fields
        )
        return replace(one, fields=fields)

    return replace(found, changes=tuple(told(one) for one in found.changes))
