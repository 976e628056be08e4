"""`tasksync history`: what the state remembers of its runs, and what it keeps of one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from tasksync import __version__
from tasksync.cli.console import Console
from tasksync.cli.listeners import listening
from tasksync.cli.options import HistoryOptions
from tasksync.cli.state_lookup import looked_at, none_in
from tasksync.cli.status_flow import moments_of
from tasksync.cli.wiring import Session, session
from tasksync.core.history import RecordedChange, RecordedField
from tasksync.core.ports import StateStore
from tasksync.core.remembered_runs import Keeping, run_called, why_not_kept
from tasksync.core.secrets import Secrets
from tasksync.core.state import State
from tasksync.render.runs_text import RunShown, changes_text, runs_text
from tasksync.render.status_words import Moments
from tasksync.render.style import PLAIN, Style, colours
from tasksync.value_classes import replace


@contextmanager
def _opened(
    options: HistoryOptions, console: Console
) -> Iterator[tuple[Session, StateStore, State, Moments]]:
    parts = session(options.state.run, console)
    project, moments = options.state.project, Moments()
    if project is None:
        manifest = parts.manifest()
        project, moments = manifest.project, moments_of(manifest)
    with listening(parts), closing(parts.store(project)) as store:
        yield parts, store, store.load(), moments


def list_runs(options: HistoryOptions, console: Console) -> int:
    """Print every run that is remembered, the newest first."""
    with _opened(options, console) as (parts, _store, state, moments):
        if options.format == "json":
            from tasksync.render.runs_json import runs_json

            console.say(runs_json(state, version=__version__))
            return 0
        console.say(runs_text(state, moments, _style(options, console)))
        if not options.state.run.output.no_progress:
            console.tell(
                f"From {looked_at(parts, state)}." if state.runs else none_in(parts, state, "run")
            )
    return 0


def show_run(options: HistoryOptions, word: str, console: Console) -> int:
    """Print every change of one run; raises UsageError for one that is not remembered."""
    with _opened(options, console) as (parts, store, state, moments):
        run = run_called(word, state.runs)
        changes = store.recorded(run.id)
        why = "" if changes else why_not_kept(run, state.runs, keeping_of(parts, state.project))
        if options.format == "json":
            from tasksync.render.runs_json import run_json

            console.say(run_json(run, changes, why, state, version=__version__))
            return 0
        if console.hidden is not None and changes:
            changes = _for_showing(changes, console.hidden.secrets)
        shown = RunShown(run, changes or (), why)
        console.say(changes_text(shown, state, moments, _style(options, console)))
    return 0


def _style(options: HistoryOptions, console: Console) -> Style:
    wanted = not options.state.run.output.no_color
    return colours() if console.coloured(console.out, wanted=wanted) else PLAIN


def keeping_of(parts: Session, project: str) -> Keeping:
    """Return how the state that a run is about keeps what runs did."""
    scheme = parts.address(project).partition(":")[0].lower()
    kinds = {"s3": Keeping.OBJECTS, "http": Keeping.DOCUMENT, "https": Keeping.DOCUMENT}
    return kinds.get(scheme, Keeping.TABLES)


def _for_showing(
    changes: tuple[RecordedChange, ...], secrets: Secrets
) -> tuple[RecordedChange, ...]:
    """Return changes whose values are without our secrets: in pieces nobody finds them."""
    values = [v for one in changes for f in one.fields for v in (f.before, f.after)]
    whole = "\n".join(map(str, values))
    if secrets.redact(whole) == whole:
        return changes

    def told(one: RecordedField) -> RecordedField:
        before, after = map(secrets.redact_value, (one.before, one.after))
        return replace(one, before=before, after=after)

    return tuple(replace(one, fields=tuple(map(told, one.fields))) for one in changes)
