"""The work of apply: under the lock read, plan, ask, do, prove, and say what is left."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from functools import cache, partial
from time import monotonic
from types import MappingProxyType

from tasksync.cli.confirmation import is_approved, must_be_answerable
from tasksync.cli.console import Console
from tasksync.cli.expecting import ExpectedPlan, approved_of, must_be_approved
from tasksync.cli.listeners import listening
from tasksync.cli.options import ApplyOptions, ManifestOptions
from tasksync.cli.other_projects import held
from tasksync.cli.plan_files import read
from tasksync.cli.plan_flow import (
    cost_of,
    read_line_of,
    scope,
    with_sources,
    with_spent,
    with_unread,
)
from tasksync.cli.redaction import said_by
from tasksync.cli.saved_plan_checks import (
    must_be_begun_here,
    must_be_open,
    must_belong,
    must_hold,
    this_of,
)
from tasksync.cli.settings import forgets
from tasksync.cli.showing import Cost, show
from tasksync.cli.signals import graceful
from tasksync.cli.wiring import Session, new_id, session
from tasksync.core.address_book import AnyAddress
from tasksync.core.expected import Approved
from tasksync.core.formats.plan_json import Opened, digest
from tasksync.core.guards import check
from tasksync.core.manifest import Manifest, marker_of
from tasksync.core.plan import Plan, Refusal
from tasksync.core.planning.desired import Desired
from tasksync.core.planning.taking_over import gives_to, projects_in
from tasksync.core.ports import StateStore
from tasksync.core.staleness import touched_by, touched_since
from tasksync.core.state import State
from tasksync.engine.applying import Applier, EnginePorts, Report, RunFacts
from tasksync.engine.existing import with_existing
from tasksync.engine.handing_over import HandingOver, OtherProject
from tasksync.engine.lease import LeaseHolder
from tasksync.engine.planner import desired_in_scope
from tasksync.engine.portal_check import check_portal, other_owner
from tasksync.engine.rechecking import checked
from tasksync.engine.recording import Recorder
from tasksync.engine.verifying import Verification, Verifier
from tasksync.errors import (
    MarkerNotKept,
    PlanRefused,
    PlanStale,
    PortalAsksToWait,
    PortalError,
    StateError,
    TasksyncError,
)
from tasksync.operating_system import quoted
from tasksync.portal.client import RestPortal
from tasksync.render.expected_text import corrections_text, nothing_text
from tasksync.render.outcomes import apply_text, done_and_left
from tasksync.render.stale_text import stale_text
from tasksync.render.style import PLAIN, colours
from tasksync.render.wording import count, left_out, stale_left_out, whereabouts
from tasksync.value_classes import dataclass, replace


def apply_manifest(options: ApplyOptions, console: Console) -> int:
    """Plan under the lock and do it; returns the exit code."""
    begun = monotonic()
    parts = session(options.run, console)
    if not options.expect:
        must_be_answerable(
            options.confirm, console,
            "Apply has to ask, and there is nobody to ask: no terminal, CI, or --no-input.",
            "Use --yes, or plan --out FILE and then apply FILE.",
        )  # fmt: skip
    if note := forgets(options.run, console):
        console.tell(note)
    with listening(parts, as_json=options.json):
        manifest = parts.manifest()
        approved = None
        if options.expect:
            approved = approved_of(options.expect, manifest.project, console.env, console.tell)
        with closing(parts.store(manifest.project)) as store:
            return _apply(parts, options, manifest, store, begun, approved)


def _apply(
    parts: Session,
    options: ApplyOptions,
    manifest: Manifest,
    store: StateStore,
    begun: float,
    approved: Approved | None,
) -> int:
    planning, console = options.planning, parts.console
    reached = cache(lambda: parts.portal(manifest.marker))
    refresh = not planning.no_refresh
    before = _first_look(store, manifest)
    directory = parts.directory(reached, before, refresh=refresh)
    read_already: Desired | None = desired_in_scope(manifest, before, scope(planning), directory)
    portal = reached()
    names = projects_in(manifest, before)
    gives = partial(gives_to, manifest, before)
    with held(parts, store, manifest.project, names, gives) as (holder, others, sources):
        planner = parts.planner(portal, parts.resolver(portal, manifest.marker))
        state = planner.resolved(holder, holder.load())
        if state.intents or _moved(before, state):
            manifest, read_already = parts.manifest(), None
            directory = parts.directory(reached, state, refresh=refresh)
        plan = planner.plan(
            manifest,
            state,
            scope(planning),
            refresh=refresh,
            read_already=read_already,
            directory=directory,
            sources=sources,
        )
        asks = not options.confirm.yes and approved is None
        if refresh and asks:
            plan = with_existing(plan, state, portal.of_titles)
        plan = with_unread(plan, state, manifest)
        expected = None
        if approved is not None:
            plan = with_sources(plan, manifest, others=True)
            expected = must_be_approved(plan, state, approved)
            plan = expected.plan
        cost = cost_of(plan, state.identity, verify=not options.no_verify)
        first_line = read_line_of(
            plan, None if planning.no_refresh else portal.requests, monotonic() - begun
        )
        refusals = check(plan, options.planning.overrides)
        shown = _BesidePlan(cost, first_line, refusals, manifest.timezone, expected)
        _show(parts, options, plan, shown)
        if refusals:
            raise PlanRefused(refusals)
        if plan and asks:
            if not _approved(console, plan):
                console.tell("Apply cancelled. Nothing was written.")
                return 1
            if not planning.no_refresh:
                must_still_hold(plan, state, portal, sources)
        if approved is None:
            plan = with_sources(plan, manifest, others=True)
        doing = Doing(
            parts, options, holder, portal, state,
            digest="" if approved is None else approved.digest, others=others,
        )  # fmt: skip
        return doing.do(plan, cost, plan.remembered)


@dataclass(frozen=True, slots=True)
class _BesidePlan:
    """What a plan is shown with, before the question."""

    cost: Cost
    first_line: str
    refusals: tuple[Refusal, ...]
    timezone: str | None
    expected: ExpectedPlan | None


def _show(parts: Session, options: ApplyOptions, plan: Plan, beside: _BesidePlan) -> None:
    """Show what is to be done, and what of the plan is left out since nobody approved it."""
    expected = beside.expected
    corrections = () if expected is None else expected.corrections
    parts.pause()
    if parts.events is not None:
        parts.events.planned(plan, corrections)
    else:
        show(
            parts.console,
            plan,
            "text",
            beside.cost,
            first_line=beside.first_line,
            colour=not options.run.output.no_color,
            nothing="" if expected is None else nothing_text(plan),
            full=options.full,
            timezone=beside.timezone,
            kept=frozenset(key for one in beside.refusals for key in one.keys),
        )
        if corrections:
            parts.console.say(corrections_text(corrections, dict(plan.names)))
    if expected is not None and expected.note:
        parts.console.tell(expected.note)


def _first_look(store: StateStore, manifest: Manifest) -> State:
    """Return the state before it is locked: only to hold the manifest against it.

    The manifest's faults come first, so they are told even where the state cannot be read.
    """
    try:
        return store.load()
    except StateError:
        for _wanted in manifest.tasks(None, AnyAddress()):
            pass
        raise


def _moved(before: State, state: State) -> bool:
    return (before.lineage, before.serial) != (state.lineage, state.serial)


def apply_saved(options: ApplyOptions, console: Console, name: str, *, resume: bool) -> int:
    """Do a saved plan, or what is left of it; returns the exit code."""
    saved = read(name)
    files = options.run.manifest.files or saved.plan.files[:1]
    parts = session(replace(options.run, manifest=ManifestOptions(files)), console)
    parts.says(lambda: said_by(saved.plan))
    heard = listening(parts, as_json=options.json)
    with heard, closing(parts.store(saved.plan.project)) as store:
        return _apply_saved(parts, options, saved, name, store, resume=resume)


def _apply_saved(
    parts: Session,
    options: ApplyOptions,
    saved: Opened,
    name: str,
    store: StateStore,
    *,
    resume: bool,
) -> int:
    portal = parts.portal(saved.plan.marker)
    names = sorted({one.origin.project for one in saved.plan.changes if one.origin is not None})
    with held(parts, store, saved.plan.project, names) as (holder, others, sources):
        state = holder.load()
        here = must_belong(saved.plan, state, portal, parts)
        must_be_begun_here(saved, state, resume=resume, name=name)
        must_be_open(saved, state, resume=resume, name=name)
        planner = parts.planner(portal, parts.resolver(portal, saved.plan.marker))
        state = planner.resolved(holder, state)
        touched = touched_since(saved.plan, state.runs, this_of(saved))
        now = checked(saved.plan, state, portal, touched, sources)
        must_hold(now, name, skip_stale=options.skip_stale)
        if now.touched:
            parts.console.tell(
                "Left out, since another run changed them after this plan was begun: "
                f"{', '.join(now.touched)}."
            )
        owner = other_owner(here, state.identity)
        plan = replace(now.plan, other_owner=owner or now.plan.other_owner)
        plan = with_spent(plan, state)
        if refusals := check(plan, options.planning.overrides):
            raise PlanRefused(refusals)
        cost = cost_of(plan, state.identity, verify=not options.no_verify)
        skipped = len(now.stale) + len(now.touched)
        doing = Doing(
            parts, options, holder, portal, state,
            digest=saved.digest, skipped=skipped, name=name, others=others,
        )  # fmt: skip
        return doing.do(plan, cost, saved.plan.remembered)


def _same_apply(options: ApplyOptions) -> str:
    """Return the command that does the rest, and no more than this one would have done."""
    planning = options.planning
    named = (("-f", options.run.manifest.files), ("--target", planning.target))
    flags = [
        (flag, text) for flag, texts in (*named, ("--exclude", planning.exclude)) for text in texts
    ]
    words = [f"{flag} {quoted(text)}" for flag, text in flags]
    return " ".join(["tasksync apply", *words, *(["--destroy"] if planning.destroy else [])])


class Doing:
    """The writing half of an apply, and of an undo.

    `go_on` is the command that goes on with what was left ("": apply, or what did the saved plan).
    """

    def __init__(  # noqa: PLR0913 - all that a run has by then
        self,
        parts: Session,
        options: ApplyOptions,
        holder: LeaseHolder,
        portal: RestPortal,
        state: State,
        *,
        digest: str = "",
        skipped: int = 0,
        name: str = "",
        others: Mapping[str, OtherProject] = MappingProxyType({}),
        go_on: str = "",
    ) -> None:
        self._parts = parts
        self._options = options
        self._holder = holder
        self._portal = portal
        self._state = state
        self._digest = digest
        self._skipped = skipped
        self._others = others
        again = f"tasksync apply --resume {name}" if name else _same_apply(options)
        self._go_on = go_on or again
        if options.expect:
            self._go_on += f" --expect {options.expect}"

    def do(self, plan: Plan, cost: Cost, files: tuple[str, ...] | None) -> int:
        """Write, prove, and tell the outcome; returns the exit code."""
        parts = self._parts
        resolver = parts.resolver(self._portal, plan.marker)
        ports = EnginePorts(
            self._portal, self._holder, resolver, parts.clock, parts.hear, parts.stop,
            HandingOver(plan.project, self._others),
        )  # fmt: skip
        identity, holder = check_portal(self._portal, self._state), self._holder.lease.holder
        facts = RunFacts(
            new_id(), self._digest, identity, files, plan.serial, self._skipped,
            began=not self._state.lineage,
            touched=touched_by(plan, self._state.runs, (self._digest, plan.serial)),
            # no manifest says `removed` of what undo lets go of: it is not remembered any longer
            proves=not self._options.no_verify and not plan.undoes,
            by=f"{holder.user}@{holder.host}",
            ci=holder.run_url,
            digest=self._digest or digest(plan),
            undoes=plan.undoes,
        )  # fmt: skip
        applier = Applier(ports, plan, self._state, facts)
        total = sum(map(len, plan.levels))

        def standing() -> str:
            done = applier.report.done
            return done_and_left(done, total - done)

        def say(words: str) -> None:
            parts.pause()  # words of a signal stand on a line of their own, and not behind a bar
            parts.console.tell(words)

        with graceful(parts.stop, say, standing, parts.console.restore):
            try:
                report = applier.apply(cost.requests)
                verification = self._proved(
                    plan, report, applier.recorder if facts.proves else None
                )
            except TasksyncError as error:
                applier.report.error = error
                self._summed(plan, applier.report)
                raise
        return self._told(plan, report, verification)

    def _proved(self, plan: Plan, report: Report, recorder: Recorder | None) -> Verification:
        parts = self._parts
        if self._options.no_verify or parts.stop() or report.error is not None:
            return Verification(0)
        mark = marker_of(plan.project)
        verifier = Verifier(
            self._portal, self._holder, parts.clock, parts.hear, plan.marker, mark, recorder
        )
        try:
            return verifier.verify(report.outcomes.values(), plan.tracked + plan.summary.add)
        except PortalError as error:
            report.error = error
            parts.console.tell("What was written is saved, but could not be read back as proof.")
            return Verification(0)

    def _summed(self, plan: Plan, report: Report) -> None:
        """Tell the outcome."""
        parts, console = self._parts, self._parts.console
        parts.pause()
        if parts.events is not None:
            parts.events.ended(plan, report.outcomes.values(), stale=self._skipped)
        elif plan or self._digest:
            wanted = not self._options.run.output.no_color
            style = colours() if console.coloured(console.out, wanted=wanted) else PLAIN
            stale = stale_left_out(self._skipped)
            console.say(
                apply_text(
                    list(report.outcomes.values()),
                    told=parts.told,
                    more="\n".join(line for line in (stale, left_out(plan)) if line),
                    whole=not stale and report.error is None,
                    where=whereabouts(plan),
                    style=style,
                )
            )

    def _told(self, plan: Plan, report: Report, verification: Verification) -> int:
        parts, console = self._parts, self._parts.console
        self._summed(plan, report)
        if report.error is not None:
            console.tell(f"Error: {report.error}")
            if parts.events is not None:
                parts.events.failed(report.error)
        if self._parts.stop() and not report.complete:
            done = report.done
            console.tell(
                f"Interrupted: {done_and_left(done, len(report.outcomes) - done)}. The state is "
                f"saved and the lock released; to go on: {self._go_on}"
            )
            return 130
        if report.error is not None and report.error.exit_code == 7:  # noqa: PLR2004 - see errors
            return 7
        if isinstance(report.error, PortalAsksToWait | MarkerNotKept):
            return 1
        waits = any(one.waits for one in plan.unreadable)
        whole = report.complete and not verification.missing and not self._skipped and not waits
        if whole:
            parts.forget_dumped(plan.project)
        return 0 if whole else 3


def _approved(console: Console, plan: Plan) -> bool:
    if plan.destroy:
        console.tell("There is no undo: a deleted task cannot be restored.")
    changes = count(sum(map(len, plan.levels)), "change")
    return is_approved(console, f"Apply {changes} to {whereabouts(plan)}?")


def must_still_hold(
    plan: Plan,
    state: State,
    portal: RestPortal,
    sources: Mapping[str, State] = MappingProxyType({}),
    command: str = "apply",
) -> None:
    """Read again what the person answered to; raises PlanStale where something moved meanwhile."""
    now = checked(plan, state, portal, (), sources)
    if now.stale:
        raise PlanStale(
            f"While {command} asked, {len(now.stale)} of its changes became stale. Nothing was "
            f"written:\n{stale_text(now.stale, dict(plan.names))}",
            f"{command.capitalize()} again: it plans with what is there now.",
        )
