"""`tasksync state rebuild`: marked tasks matched to keys, remembered; the rest is listed."""

from __future__ import annotations

from tasksync.cli.wiring import Session
from tasksync.core.change import Action
from tasksync.core.plan import Plan
from tasksync.core.state import Entry, StateDelta
from tasksync.engine.lease import LeaseHolder
from tasksync.engine.portal_check import check_portal
from tasksync.errors import UsageError
from tasksync.render.wording import quoted


def rebuilt(parts: Session, keeper: LeaseHolder) -> int:
    """Rebuild under the lock; returns the exit code. Nothing is written to the portal."""
    manifest = parts.manifest()
    portal = parts.portal(manifest.marker)
    planner = parts.planner(portal, parts.resolver(portal, manifest.marker))
    state = planner.resolved(keeper, keeper.load())
    plan = planner.plan(parts.manifest(), state, by_title=parts.args.match == "title")
    entries = _matched(plan)
    _list(parts, plan, entries)
    if entries:
        _must_be_wanted(parts, len(entries))
        keeper.commit(StateDelta(put=entries, identity=check_portal(portal, state)))
        parts.console.say(f"Remembered {len(entries)} tasks. tasksync plan shows what differs.")
    else:
        parts.console.say("There is nothing to rebuild: no marked task matches an unknown key.")
    return 0


def _matched(plan: Plan) -> tuple[Entry, ...]:
    """Return entries for what would be adopted; what differs stays visible to the next plan."""
    return tuple(
        Entry(
            change.key,
            change.id,
            {**change.asked, **{one.name: one.before for one in change.fields}},
            change.normalised,
            change.options,
            change.protected,
            created=change.created,
        )
        for change in plan.changes
        if change.action is Action.ADOPT and change.id is not None
    )


def _list(parts: Session, plan: Plan, entries: tuple[Entry, ...]) -> None:
    for entry in entries:
        parts.console.say(f"= {entry.key}  (task {entry.id})  {quoted(entry.title)}")
    for change in plan.changes:
        if change.action is Action.CREATE:
            parts.console.say(f"? {change.key}: no marked task matches; apply would create it")
    for stray in plan.orphans:
        parts.console.say(
            f"? task {stray.id} {quoted(stray.title)}: marked, and matches no key{_more(parts)}"
        )
    for twin in plan.duplicates:
        title = quoted(twin.title)
        parts.console.say(f"! task {twin.other} {title}: a twin of {twin.key} ({twin.id})")


def _more(parts: Session) -> str:
    if parts.args.match == "title":
        return ""
    return " in title, responsible and parent (--match title takes the title alone)"


def _must_be_wanted(parts: Session, count: int) -> None:
    args, console = parts.args, parts.console
    if args.yes:
        return
    if not console.may_ask(wanted=not args.no_input):
        raise UsageError("Rebuild has to ask, and there is nobody to ask.", "Use --yes.")
    console.err.write(f"Remember these {count}? Only 'yes' will be accepted: ")
    console.err.flush()
    if console.source.readline().strip() != "yes":
        raise UsageError("Nothing was remembered.", "Answer yes, or use --yes.")
