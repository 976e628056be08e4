"""`tasksync status`: one listing of the project's tasks, and the format that was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from tasksync import __version__
from tasksync.cli.console import Console
from tasksync.cli.import_selection import person_number
from tasksync.cli.listeners import listening
from tasksync.cli.options import StatusOptions
from tasksync.cli.state_lookup import looked_at
from tasksync.cli.wiring import Session, session
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.keys import normal_key
from tasksync.core.manifest import Manifest
from tasksync.core.planning.scope import nearest
from tasksync.core.project_status import ProjectStatus, StatusQuery, project_status
from tasksync.core.quoting import quoted
from tasksync.core.state import HANDED_OVER, State
from tasksync.engine.portal_check import check_portal, tell_other_owner
from tasksync.errors import UsageError
from tasksync.portal.client import RestPortal
from tasksync.render.status_words import Moments
from tasksync.render.style import PLAIN, colours
from tasksync.render.wording import count
from tasksync.value_classes import replace


def read(options: StatusOptions, console: Console) -> tuple[ProjectStatus, Moments]:
    """Read what the portal has of the project; how it was read is told on stderr."""
    parts = session(options.run, console)
    begun = parts.clock.monotonic()
    with listening(parts):
        manifest = parts.manifest()
        with closing(parts.store(manifest.project)) as store:
            state = store.load()
            with closing(parts.portal(manifest.marker)) as portal:
                found = _read(options, parts, manifest, state, portal)
                requests = portal.requests
        parts.pause()
    if not options.run.output.no_progress:
        seconds = parts.clock.monotonic() - begun
        console.tell(was_read(found.total, requests, seconds))
    return found, moments_of(manifest)


def was_read(tasks: int, requests: int, seconds: float) -> str:
    """Return how the portal was read."""
    return f"Read {count(tasks, 'task')} in {count(requests, 'request')} ({seconds:.1f} s)."


def moments_of(manifest: Manifest) -> Moments:
    """Return how moments are written: in the zone of the project, where it has one."""
    name = manifest.timezone
    return Moments(ZoneInfo(name), name) if name else Moments()


def _read(
    options: StatusOptions, parts: Session, manifest: Manifest, state: State, portal: RestPortal
) -> ProjectStatus:
    query = StatusQuery(
        normal_key(options.glob) if options.glob else "",
        open=options.open,
        overdue=options.overdue,
        due=options.due,
    )
    must_fit(query.glob, state, parts)
    here = check_portal(portal, state)
    tell_other_owner(here, state.identity, parts.hear)
    if options.person is not None:
        means = str(manifest.people.get(options.person.strip(), options.person))
        query = replace(query, person=person_number("--person", means, portal))
    live = portal.find(manifest.marker, tracked(state))
    found = project_status(state, live, here.portal, parts.clock.now(), query)
    people = (one.person for one in found.tasks if one.person is not None)
    return replace(found, names=names_of(portal, people, found.names))


def tracked(state: State) -> list[RemoteId]:
    """Return the ids that are to be accounted for: not those that other projects took over."""
    index = state.index
    return [
        RemoteId(remote)
        for remote, created in zip(index.ids, index.created, strict=True)
        if created != HANDED_OVER
    ]


def names_of(
    portal: RestPortal, people: Iterable[int], told: Mapping[int, str]
) -> Mapping[int, str]:
    """Return the names of people as well as the portal tells them, addresses included."""
    wanted = set(people)
    known = portal.acquaintances(wanted) if wanted else {}
    shown = {number: known[number].shown for number in wanted & known.keys()}
    return {**told, **{number: name for number, name in shown.items() if name}}


def must_fit(glob: str, state: State, parts: Session) -> None:
    """Refuse a glob that no key of the state fits: a mistyped one would say that all is well."""
    keys: Iterable[TaskKey] = state.index
    if not glob or any(fnmatchcase(key, glob) for key in keys):
        return
    near = nearest(glob, state.index)
    raise UsageError(
        f"{quoted(glob)} fits no key in {looked_at(parts, state)}.",
        f"Did you mean {near}?" if near else "tasksync state list shows every key.",
    )


def show(options: StatusOptions, console: Console, found: ProjectStatus, moments: Moments) -> None:
    """Write the status to stdout."""
    match options.format:
        case "json":
            from tasksync.render.status_json import status_json

            console.say(status_json(found, version=__version__))
        case "csv":
            from tasksync.render.status_text import status_csv

            console.say(status_csv(found, moments))
        case "markdown":
            from tasksync.render.status_markdown import status_markdown

            console.say(status_markdown(found, moments))
        case "html":
            from tasksync.render.status_html import status_html

            console.say(status_html(found, moments, version=__version__))
        case _:
            from tasksync.render.status_text import status_text

            coloured = console.coloured(console.out, wanted=not options.run.output.no_color)
            console.say(status_text(found, moments, colours() if coloured else PLAIN))
