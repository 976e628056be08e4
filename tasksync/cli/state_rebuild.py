"""`tasksync state rebuild`: marked tasks matched to keys, remembered; the rest is listed."""

from __future__ import annotations

from tasksync.cli.confirmation import must_be_wanted
from tasksync.cli.console import Console
from tasksync.cli.options import StateRebuildOptions
from tasksync.cli.wiring import Session
from tasksync.core.change import Action
from tasksync.core.plan import Plan
from tasksync.core.state import Entry, StateDelta
from tasksync.engine.lease import LeaseHolder
from tasksync.engine.portal_check import check_portal
from tasksync.render.wording import in_quotes

_MORE = " in title, responsible and parent (--match title takes the title alone)"


def rebuilt(parts: Session, holder: LeaseHolder, options: StateRebuildOptions) -> int:
    """Rebuild under the lock; returns the exit code. Nothing is written to the portal."""
    manifest = parts.manifest()
    portal = parts.portal(manifest.marker)
    planner = parts.planner(portal, parts.resolver(portal, manifest.marker))
    state = planner.resolved(holder, holder.load())
    directory = parts.directory(lambda: portal, state)
    plan = planner.plan(parts.manifest(), state, by_title=options.by_title, directory=directory)
    entries = _matched(plan)
    _list(parts.console, plan, entries, by_title=options.by_title)
    if entries:
        must_be_wanted(
            options.confirm, parts.console, "Rebuild",
            f"Remember these {len(entries)}?", "Nothing was remembered.",
        )  # fmt: skip
        identity = check_portal(portal, state)
        learned = state.directory.with_(plan.directory or state.directory)
        holder.commit(StateDelta(put=entries, identity=identity, directory=learned))
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


def _list(console: Console, plan: Plan, entries: tuple[Entry, ...], *, by_title: bool) -> None:
    more = "" if by_title else _MORE
    for entry in entries:
        console.say(f"= {entry.key}  (task {entry.id})  {in_quotes(entry.title)}")
    for change in plan.changes:
        if change.action is Action.CREATE:
            console.say(f"? {change.key}: no marked task matches; apply would create it")
    for orphan in plan.orphans:
        console.say(
            f"? task {orphan.id} {in_quotes(orphan.title)}: marked, and matches no key{more}"
        )
    for one in plan.duplicates:
        title = in_quotes(one.title)
        console.say(f"! task {one.other} {title}: a duplicate of {one.key} ({one.id})")
