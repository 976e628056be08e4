"""The safety guards of design 6: pure checks that may hold a whole plan back.

guard         holds back                                     overridden by
max-delete    more DELETE and DEFER than the limit           policy.maxDelete, allow, --max-delete
max-update    more UPDATE than the limit, when set           policy.maxUpdate, --max-update
max-vanished  more CREATE of what seems gone                 policy.maxVanished, --dangerous-…
empty         removing all because nothing is wanted         --destroy, policy.allow, --dangerous-…
half-read     removing while a known file was not read       -f, --dangerous-half-read
recreate      making again what vanished twice, is taken --dangerous-recreate-vanished
              by another task, or is unseen by a new owner
whose         taking over, or making beside, tasks of    state rebuild --match title, or another
              what may be another repository's project   project
protect       removing a protected task                      protect: false in a run of its own
activity      deleting what people worked on                 --dangerous-delete-active
reopen        another status for what people moved on        --dangerous-reopen
unknown       deleting what people may have worked on        policy.unknownActivity, --dangerous-…
rename        deleting what looks renamed                    moved, policy.allow, --dangerous-…
strays        creating while marked tasks are unplaced       state rebuild, adopt, removed
adopt         creating what was to be adopted                the right id
moved         creating what was to come from a project       the right project, adopt, no moved
"""

from __future__ import annotations

from collections.abc import Iterator

from tasksync.core.change import Action, Change, Reason
from tasksync.core.fields import MOVED_ON, TaskKey
from tasksync.core.manifest import Policy, Threshold
from tasksync.core.plan import Plan, Refusal
from tasksync.core.planning.renames import as_moves
from tasksync.core.quoting import quoted
from tasksync.value_classes import dataclass

#: why a task that was remembered would be made again
_GONE = {Reason.VANISHED, Reason.VANISHED_AGAIN, Reason.TAKEN}
#: below this many tracked tasks no share or number holds anything back
SMALL = 10
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the person overrode by flags, in the run that would write."""

    max_delete: Threshold | None = None
    max_update: Threshold | None = None
    delete_active: bool = False
    allow_empty: bool = False
    half_read: bool = False
    vanished: bool = False
    renamed: bool = False
    reopen: bool = False


NO_OVERRIDES = Overrides()


def check(plan: Plan, overrides: Overrides = NO_OVERRIDES) -> tuple[Refusal, ...]:
    """Return every refusal; an empty tuple lets the plan through."""
    return tuple(
        refusal
        for guard in (
            _empty, _half_read, _max_delete, _max_update, _max_vanished, _recreate,
            _protect, _activity, _unknown, _reopen, _rename, _whose, _orphans, _adopt, _moved,
        )
        for refusal in guard(plan, plan.policy, overrides)
    )  # fmt: skip


def _removals(plan: Plan, *actions: Action) -> list[Change]:
    return [change for change in plan.changes if change.action in actions]


def _leaving(plan: Plan) -> list[Change]:
    """Return what would be removed; what another project has already is not."""
    gone = _removals(plan, Action.DELETE, Action.DEFER, Action.FORGET)
    return [change for change in gone if change.reason is not Reason.MOVED_AWAY]


def _allowed(plan: Plan, count: int) -> bool:
    return plan.left is not None and count <= plan.left


def _used(plan: Plan) -> str:
    """Return that policy.allow was used by runs before, where it was."""
    if not plan.spent or plan.left is None:
        return ""
    return (
        f" Of policy.allow: {plan.policy.allowance} there is {plan.left} left: runs before used "
        f"{plan.spent}. Another number or reason is a new budget."
    )


def _over(limit: Threshold, count: int, tracked: int) -> bool:
    if tracked < SMALL:
        return False
    share = round((limit.share or 0.0) * tracked, 6)  # 29% of 100 is 29, not 28.999999999999996
    return count > (limit.number if limit.number is not None else share)


def _share(count: int, tracked: int) -> str:
    return f"{count} of {tracked} tracked tasks ({count / tracked * 100:.4g}%)"


def _empty(plan: Plan, _policy: Policy, overrides: Overrides) -> Iterator[Refusal]:
    gone = [change for change in _leaving(plan) if change.reason is not Reason.GONE]
    if plan.wanted or not gone or plan.destroy or overrides.allow_empty:
        return
    if not _allowed(plan, len(gone)):
        yield Refusal(
            "empty",
            f"The manifest wants no task at all, and {len(gone)} would be removed.",
            "If that is meant, use --destroy, or --dangerous-allow-empty, or write "
            f"policy.allow: {{delete: {len(gone)}}} into the manifest.{_used(plan)}",
            tuple(change.key for change in gone),
        )


def _half_read(plan: Plan, _policy: Policy, overrides: Overrides) -> Iterator[Refusal]:
    gone = _leaving(plan)
    if not gone or not plan.unread or overrides.half_read or plan.destroy:
        return
    yield Refusal(
        "half-read",
        f"{_some(plan.unread)} was read by the last apply, still exists, and is not under -f; "
        f"{_count(gone, 'task')} would be removed.",
        "Name it with -f, or delete the file, or use --dangerous-half-read.",
        tuple(change.key for change in gone),
    )


def _max_delete(plan: Plan, policy: Policy, overrides: Overrides) -> Iterator[Refusal]:
    limit = overrides.max_delete or policy.max_delete
    gone = _removals(plan, Action.DELETE, Action.DEFER)
    lifts = plan.destroy and limit.share is not None
    if lifts or not _over(limit, len(gone), plan.tracked) or _allowed(plan, len(gone)):
        return
    yield Refusal(
        "max-delete",
        f"{_share(len(gone), plan.tracked)} would be removed; policy.maxDelete allows {limit}.",
        f"If that is meant, write policy.allow: {{delete: {len(gone)}}} into the manifest, where "
        f"it is reviewed, or use --max-delete {len(gone)}.{_used(plan)}",
        tuple(change.key for change in gone),
    )


def _max_update(plan: Plan, policy: Policy, overrides: Overrides) -> Iterator[Refusal]:
    limit = overrides.max_update or policy.max_update
    changed = _removals(plan, Action.UPDATE)
    if limit is None or not _over(limit, len(changed), plan.tracked):
        return
    yield Refusal(
        "max-update",
        f"{_share(len(changed), plan.tracked)} would be changed; policy.maxUpdate allows {limit}.",
        f"If that is meant, raise policy.maxUpdate or use --max-update {len(changed)}.",
        tuple(change.key for change in changed),
    )


def _max_vanished(plan: Plan, policy: Policy, overrides: Overrides) -> Iterator[Refusal]:
    gone = [change for change in plan.changes if change.reason in _GONE]
    if overrides.vanished or not _over(policy.max_vanished, len(gone), plan.tracked):
        return
    yield Refusal(
        "max-vanished",
        f"{_share(len(gone), plan.tracked)} seem to be gone from the portal and would be made "
        f"again; policy.maxVanished allows {policy.max_vanished}. A key with fewer rights sees "
        "fewer tasks.",
        "Check with tasksync whoami whose key it is; if the tasks are really gone, raise "
        "policy.maxVanished or use --dangerous-recreate-vanished.",
        tuple(change.key for change in gone),
    )


def _recreate(plan: Plan, _policy: Policy, overrides: Overrides) -> Iterator[Refusal]:
    """Hold back what may be there and not seen: an id that is taken says nothing of the task."""
    if overrides.vanished:
        return
    kinds = {
        Reason.TAKEN: "another task stands under the id that was theirs (a restored portal?)",
        Reason.VANISHED_AGAIN: "they were made again already, and are not seen once more",
    }
    if plan.other_owner:
        kinds[Reason.VANISHED] = f"{plan.other_owner}, who may see other tasks (tasksync whoami)"
    for reason, why in kinds.items():
        affected = [change for change in plan.changes if change.reason is reason]
        affected = [change for change in affected if change.action is Action.CREATE]
        if affected:
            yield Refusal(
                "recreate",
                f"{_count(affected, 'task')} would be made again: {_keys(affected)}. But {why}.",
                "Look for them on the portal: say adopt: {id: N} for what is there, or removed: "
                "[key] to let it go; if they are really gone, use --dangerous-recreate-vanished.",
                tuple(change.key for change in affected),
            )


def _whose(plan: Plan, _policy: Policy, _overrides: Overrides) -> Iterator[Refusal]:
    """Hold back a state without entries that finds more of its project than it can place."""
    if plan.tracked or not plan.orphans or plan.in_doubt:
        return
    affected = _removals(plan, Action.CREATE, Action.ADOPT)
    if affected:
        yield Refusal(
            "whose",
            f"The state knows no task, and {len(plan.orphans)} on the portal bear the mark of "
            f"project {plan.project} and do not agree with the manifest in title, responsible "
            f"and parent: {_named_orphans(plan)}.",
            "If the state was lost, they are yours: tasksync state rebuild --match title, or say "
            "adopt: {id: N} on the task that it is. If another repository calls its project the "
            "same, choose another project: here.",
            tuple(change.key for change in affected),
        )


def _named_orphans(plan: Plan) -> str:
    named = ", ".join(
        f"{one.id} {quoted(one.title)}"
        + (f" (responsible {one.responsible})" if one.responsible else "")
        for one in plan.orphans[:_SHOWN]
    )
    more = len(plan.orphans) - _SHOWN
    return named + (f" and {more} more" if more > 0 else "")


def _protect(plan: Plan, _policy: Policy, _overrides: Overrides) -> Iterator[Refusal]:
    affected = [c for c in _removals(plan, Action.DELETE, Action.DEFER) if c.protected]
    if affected:
        yield Refusal(
            "protect",
            f"{_count(affected, 'protected task')} would be removed: {_keys(affected)}.",
            "Put the block back with protect: false, apply that, and remove it in the next run.",
            tuple(change.key for change in affected),
        )


def _activity(plan: Plan, _policy: Policy, overrides: Overrides) -> Iterator[Refusal]:
    active = [c for c in _removals(plan, Action.DELETE) if c.activity]
    if not active or overrides.delete_active:
        return
    comments = sum(c.activity.comments for c in active if c.activity)
    seconds = sum(c.activity.seconds for c in active if c.activity)
    yield Refusal(
        "activity",
        f"People worked on {_count(active, 'task')} that would be deleted: {_keys(active)}; "
        f"{_work(comments, seconds)} would be lost for ever.",
        "Use onRemove: defer or removed: [key] to keep them, or --dangerous-delete-active.",
        tuple(change.key for change in active),
    )


def _work(comments: int, seconds: int) -> str:
    """Return what people did; of what they did nothing, nothing is said."""
    said = f"{comments} comment{'s' * (comments != 1)}" if comments else ""
    time = f"{_hours(seconds)} of logged time" if seconds else ""
    return " and ".join(one for one in (said, time) if one)


def _reopen(plan: Plan, _policy: Policy, overrides: Overrides) -> Iterator[Refusal]:
    moved = [
        change
        for change in _removals(plan, Action.UPDATE, Action.ADOPT)
        if any(
            one.name == "status" and one.drifted and one.before in MOVED_ON for one in change.fields
        )
    ]
    if moved and not overrides.reopen:
        yield Refusal(
            "reopen",
            f"People moved {_count(moved, 'task')} on, and another status would be set: "
            f"{_keys(moved)}.",
            "Write the status that people set into the manifest, or leave status out of it; or "
            "use --dangerous-reopen.",
            tuple(change.key for change in moved),
        )


def _unknown(plan: Plan, policy: Policy, overrides: Overrides) -> Iterator[Refusal]:
    unknown = [c for c in _removals(plan, Action.DELETE) if c.activity is None]
    if not policy.hold_unknown or not unknown or overrides.delete_active:
        return
    yield Refusal(
        "unknown-activity",
        f"Whether people worked on {_count(unknown, 'task')} that would be deleted is not known: "
        f"{_keys(unknown)}; policy.unknownActivity: hold keeps them.",
        "Look at them on the portal (with --no-refresh nobody did), then use onRemove: defer or "
        "removed: [key] to keep them, or --dangerous-delete-active.",
        tuple(change.key for change in unknown),
    )


def _rename(plan: Plan, _policy: Policy, overrides: Overrides) -> Iterator[Refusal]:
    if not plan.renames or overrides.renamed or plan.destroy:
        return
    if _allowed(plan, plan.removals):
        return
    moves = as_moves(plan.renames)
    pairs = "\n    ".join(f"- {{from: {old}, to: {new}}}" for old, new in moves[:_SHOWN])
    more = f"\n    … and {len(moves) - _SHOWN} more" if len(moves) > _SHOWN else ""
    yield Refusal(
        "rename",
        f"{len(plan.renames)} removed and new keys look like renames; deleting would take "
        "comments and time records too.",
        f"Looks like a rename: add\n  moved:\n    {pairs}{more}\n  or, if they are different "
        f"tasks, policy.allow: {{delete: N}} or --dangerous-delete-renamed.{_used(plan)}",
        tuple(old for old, _new in plan.renames),
    )


def _orphans(plan: Plan, _policy: Policy, _overrides: Overrides) -> Iterator[Refusal]:
    doubtful = frozenset(plan.in_doubt)
    made = [c for c in _removals(plan, Action.CREATE) if c.key not in doubtful]
    new = [change for change in made if change.reason is Reason.NEW]
    if not plan.orphans or not new or not (plan.tracked or plan.in_doubt):
        return
    named = _named_orphans(plan)
    yield Refusal(
        "strays",
        f"{_count(new, 'task')} would be created while marked tasks on the portal match no key "
        f"({len(plan.orphans)}): {named}.",
        "See tasksync state rebuild; then say adopt: {id: N} on the task that it is, "
        "or take its tag off on the portal.",
        tuple(change.key for change in new),
    )


def _adopt(plan: Plan, _policy: Policy, _overrides: Overrides) -> Iterator[Refusal]:
    missing = [
        change
        for change in _removals(plan, Action.CREATE)
        if change.options.adopt is not None and change.reason is Reason.NEW and not change.origin
    ]
    if missing:
        ids = ", ".join(f"{c.key} -> {c.options.adopt}" for c in missing[:_SHOWN])
        yield Refusal(
            "adopt",
            f"{_count(missing, 'task')} to adopt cannot be taken over: {ids}. Such an id is not "
            "seen on the portal, is remembered under another key, or bears another project's "
            "marker.",
            "Check the id and the key's rights; say moved: to rename a key; or drop adopt to have "
            "the task created.",
            tuple(change.key for change in missing),
        )


def _moved(plan: Plan, _policy: Policy, _overrides: Overrides) -> Iterator[Refusal]:
    """Hold back a second task for one that was to come from another project and is not there.

    And a run that would leave there what is asked back: who takes it for done, and drops the key
    there, deletes the task.
    """
    back = [one for one in plan.handed_over if one.asked_back]
    if back:
        pairs = _some(tuple(f"{one.key} from {one.to}" for one in back))
        yield Refusal(
            "moved",
            f"What moved away cannot come back yet, since it is remembered under its old key: "
            f"{pairs}. It is still that project's.",
            "Take the key out of this manifest, apply, and put it back with its line of moved; or "
            "take the line out of moved to leave the task there.",
            tuple(one.key for one in back),
        )
    missing = [one for one in _removals(plan, Action.CREATE) if one.origin is not None]
    missing = [one for one in missing if one.reason is Reason.NEW]
    if missing:
        pairs = _some(tuple(f"{one.key} from {one.origin}" for one in missing))
        yield Refusal(
            "moved",
            f"{_count(missing, 'task')} to move here cannot be taken over: {pairs}. That "
            "project has no such task in this store, it is not seen on the portal, or another "
            "project has it.",
            "Check --state and the key's rights; say adopt: {id: N} for a task that is free by "
            "now; or take the line out of moved to have the task created.",
            tuple(change.key for change in missing),
        )


def _count(changes: list[Change], noun: str) -> str:
    return f"{len(changes)} {noun}" + ("s" if len(changes) != 1 else "")


def _keys(changes: list[Change]) -> str:
    return _some(tuple(change.key for change in changes))


def _some(names: tuple[str, ...] | tuple[TaskKey, ...]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _hours(seconds: int) -> str:
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"
