"""The work of undo: under the lock turn a run round, show it, ask, and do it as apply does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from zoneinfo import ZoneInfo

from tasksync.cli.apply_flow import Doing, must_still_hold
from tasksync.cli.confirmation import is_approved, must_be_answerable
from tasksync.cli.console import Console
from tasksync.cli.listeners import listening
from tasksync.cli.options import UndoOptions
from tasksync.cli.other_projects import held
from tasksync.cli.plan_files import write
from tasksync.cli.plan_flow import cost_of
from tasksync.cli.settings import forgets
from tasksync.cli.showing import Cost, show
from tasksync.cli.undo_reading import UndoPlanned, UndoReader
from tasksync.cli.wiring import Session, session
from tasksync.core.guards import check
from tasksync.core.later_runs import named_run, run_to_undo
from tasksync.core.manifest import Manifest
from tasksync.core.ports import StateStore
from tasksync.core.remembered_runs import short
from tasksync.core.state import Run, State
from tasksync.errors import ManifestInvalid, PlanRefused, PlanStale, SettingsError, UsageError
from tasksync.render.short_dates import in_zone
from tasksync.render.undo_text import (
    already_text,
    cannot_text,
    done_text,
    doubt_text,
    first_line,
    parents_text,
)
from tasksync.render.wording import count, whereabouts


def undo(options: UndoOptions, console: Console) -> int:
    """Take a run back, or save the plan that does; returns the exit code."""
    parts = session(options.writing.run, console)
    if options.out is None:
        must_be_answerable(
            options.writing.confirm, console,
            "Undo has to ask, and there is nobody to ask: no terminal, CI, or --no-input.",
            "Use --yes, or undo --out FILE and then apply FILE.",
        )  # fmt: skip
    if note := forgets(options.writing.run, console):
        console.tell(note)
    with listening(parts, as_json=options.writing.json):
        manifest = _manifest(parts, options.project)
        project = options.project or ("" if manifest is None else manifest.project)
        with closing(parts.store(project)) as store:
            if options.out is not None:
                undone = UndoReader(parts, store, store.load(), manifest, project)
                return _save(undone, undone.of(options.word), options, options.out)
            return _undo(parts, store, manifest, project, options)


def _manifest(parts: Session, project: str | None) -> Manifest | None:
    """Return the manifest, or None where none can be read and --project says whose run it is."""
    try:
        manifest = parts.manifest()
    except (SettingsError, ManifestInvalid) as error:
        if project:
            return None
        if isinstance(error, ManifestInvalid):
            raise
        raise SettingsError(error.message, "Name the manifest with -f, or say --project.") from None
    return None if project and manifest.project != project else manifest


def _undo(
    parts: Session,
    store: StateStore,
    manifest: Manifest | None,
    project: str,
    options: UndoOptions,
) -> int:
    writing, console = options.writing, parts.console
    meant = _meant(options.word, store, store.load())
    with held(parts, store, project, ()) as (holder, _others, _sources):
        state = holder.load()
        _must_be_meant(_meant(options.word, store, state), meant)
        undone = UndoReader(parts, store, state, manifest, project)
        undone.settle(holder)
        found = undone.of(options.word)
        plan = found.plan
        cost = cost_of(plan, undone.state.identity, verify=not writing.no_verify)
        _show(undone, found, cost, options)
        _must_hold(found, skip_stale=writing.skip_stale)
        if refusals := check(plan, writing.planning.overrides):
            raise PlanRefused(refusals)
        if plan and not writing.confirm.yes:
            changes = count(sum(map(len, plan.levels)), "change")
            asked = f"Undo {changes} of run {short(found.run.id)} in {whereabouts(plan)}?"
            if not is_approved(console, asked):
                console.tell("Undo cancelled. Nothing was written.")
                return 1
            must_still_hold(plan, undone.state, undone.portal, command="undo")
        if not plan:
            return 3 if found.left_out else 0
        doing = Doing(
            parts, writing, holder, undone.portal, undone.state,
            skipped=found.left_out, go_on=f"tasksync undo {short(found.run.id)}",
        )  # fmt: skip
        return doing.do(plan, cost, None)


def _save(undone: UndoReader, found: UndoPlanned, options: UndoOptions, name: str) -> int:
    """Save the plan instead of doing it."""
    plan, console = found.plan, undone.parts.console
    cost = cost_of(plan, undone.state.identity)
    _show(undone, found, cost, options)
    _must_hold(found, skip_stale=options.writing.skip_stale)
    write(name, plan, cost, console.outside())
    console.tell(f"Saved the plan to {name}. To do exactly this: tasksync apply {name}")
    if refusals := check(plan, options.writing.planning.overrides):
        raise PlanRefused(refusals)
    return 0


def _show(undone: UndoReader, found: UndoPlanned, cost: Cost, options: UndoOptions) -> None:
    """Show what is taken back, what is not, and what the manifest will do about it."""
    parts, plan = undone.parts, found.plan
    again = undone.told_again(plan)
    parts.pause()
    if parts.events is not None:
        parts.events.planned(plan)
    else:
        timezone = undone.timezone
        show(
            parts.console,
            in_zone(plan, ZoneInfo(timezone)) if timezone else plan,
            "text",
            cost,
            first_line=first_line(found.run),
            colour=not options.writing.run.output.no_color,
            nothing=already_text(found.run, left=found.left_out),
            timezone=timezone,
            full=True,  # it has no flag that would print what groups leave out
        )
    for note in _notes(undone, found):
        parts.console.tell(note)
    if again:
        parts.console.tell(again)
    if found.left_out:
        parts.console.tell(_left_out(found))


def _notes(undone: UndoReader, found: UndoPlanned) -> Iterator[str]:
    made_alone = [key for key in found.undoing.without_parent if key in found.plan.keys]
    if found.done and found.plan:
        yield done_text(found.done)
    if made_alone:
        yield parents_text(made_alone)
    if undone.state.intents:
        yield doubt_text(len(undone.state.intents))


def _left_out(found: UndoPlanned) -> str:
    words = cannot_text(found.undoing.cannot, found.now.stale, dict(found.plan.names))
    return f"Of run {named_run(found.run)} this cannot be taken back:\n{words}"


def _meant(word: str, store: StateStore, state: State) -> Run | None:
    """Return the run that a word names, or None where it names none yet."""
    try:
        return run_to_undo(word, state.runs, store.recorded)
    except UsageError:  # what was in doubt may still turn out to be a run's
        return None


def _must_be_meant(now: Run | None, before: Run | None) -> None:
    """Refuse another run than the word named before the lock was waited for.

    Of two that undo the last run at once the second would take the first one's undo back.
    """
    if now is None or before is None or now.id == before.id:
        return
    raise PlanStale(
        f"Another run ended meanwhile: this began to undo run {named_run(before)}, and would now "
        f"undo run {named_run(now)}. Nothing was written.",
        "Name the run that is to be taken back: tasksync undo RUN; tasksync history lists them.",
    )


def _must_hold(found: UndoPlanned, *, skip_stale: bool) -> None:
    """Raise PlanStale where something cannot be taken back, unless the rest is to be."""
    if not found.left_out or skip_stale:
        return
    rest = sum(len(level) for level in found.plan.levels)
    raise PlanStale(
        f"{count(found.left_out, 'change')} of run {short(found.run.id)} cannot be taken back (see "
        "above). Nothing was written.",
        f"Take the other {rest} back with --skip-stale, or put right what moved, and undo again."
        if rest
        else "Nothing else of that run is left to take back.",
    )
