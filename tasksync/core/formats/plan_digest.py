"""What a plan is known by: the digest of what the manifest asks for, the checksum of its file.

The digest is equal for two plans of the same manifest and state, whenever they were made and
whatever was changed or is gone on the portal meanwhile: what puts that right is not in it. The
checksum covers a whole plan file, so that nothing that decides is changed in it by hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from tasksync.core.change import Action, Change, Reason
from tasksync.core.fields import KeyRef, Value, plain
from tasksync.core.formats.json_text import canonical
from tasksync.core.plan import Plan
from tasksync.core.task import Options

#: stands for the value of a field that the manifest names no more: null clears one that it names
UNMANAGED: Mapping[str, object] = MappingProxyType({"unmanaged": True})
#: why an entry is forgotten though the manifest may have asked for more
_LEFT_BY_ITSELF = frozenset({Reason.GONE, Reason.TAKEN, Reason.HIDDEN})


def digest_of_plan(plan: Plan, policy: Mapping[str, object]) -> str:
    """Return `sha256:…` of project, portal, marker, policy and what the manifest asks to change.

    No serial, time, path or line, no ids of what is found, no correction of what moved.
    """
    return digest_of_document(asked_document(plan, policy))


def asked_document(plan: Plan, policy: Mapping[str, object]) -> dict[str, object]:
    """Return the data under the digest, as plain JSON."""
    return {
        "project": plan.project,
        "portal": plan.portal,
        "marker": plan.marker,
        "policy": dict(policy),
        "moved": sorted([before, after] for before, after in plan.moved),
        "changes": sorted(_asked(plan), key=canonical),
        **({"again": plan.again} if plan.again else {}),
    }


def digest_of_document(document: Mapping[str, object]) -> str:
    """Return the digest that a document has: one that has another was not the one approved."""
    return _sha256(document)


def checksum_of(document: Mapping[str, object]) -> str:
    """Return `sha256:…` of everything that a plan file says, but for the checksum itself."""
    return _sha256({name: value for name, value in document.items() if name != "checksum"})


def _sha256(data: object) -> str:
    return "sha256:" + sha256(canonical(data).encode()).hexdigest()


def _asked(plan: Plan) -> Iterator[dict[str, object]]:
    """Yield key, action and after-values of what the manifest asks for.

    A task that the portal lost, and one that is found by its marker, are what they were before
    that: an entry to keep, and a task to make.
    """
    for change in (*plan.changes, *plan.state_only):
        match change.action:
            case Action.DEFER if any(one.drifted for one in change.fields):
                continue  # deferred long ago, and taken up on the portal
            case Action.DELETE | Action.DEFER | Action.FORGET:
                yield {"key": change.key, "id": change.id, "action": _removal(change, plan)}
            case Action.CREATE | Action.ADOPT if not change.base_digest:
                yield _item(change, _taking(change), change.asked)
            case Action.UPDATE | Action.NOOP if change.asks_anew:
                after = {name: change.asked[name] for name in change.edited if name in change.asked}
                item = _item(change, "update", after)
                let_go = {name: dict(UNMANAGED) for name in change.edited if name not in after}
                yield {**item, "after": {**item["after"], **let_go}, "id": change.id}


def _removal(change: Change, plan: Plan) -> str:
    """Return how a task leaves; one that is gone by itself would have left as it was to."""
    if change.reason not in _LEFT_BY_ITSELF:
        return change.action.value
    return (change.options.on_remove or plan.policy.on_remove).value


def _taking(change: Change) -> str:
    """Return how a task is come by, as the manifest asks for it.

    `adopt: id` or another project's key where it names one; a task found by its marker was to be
    made.
    """
    if change.origin is not None:
        return f"move {change.origin}"
    adopt = change.options.adopt
    return "create" if adopt is None else f"adopt {adopt}"


def _item(change: Change, action: str, after: Mapping[str, Value]) -> dict[str, Any]:
    return {
        "key": change.key,
        "action": action,
        "after": {name: _plain(change, name, value) for name, value in after.items()},
        "options": _options(change.options),
    }


def _plain(change: Change, name: str, value: Value) -> object:
    """Return a value as data: a parent by its key, whether or not its id is known by now."""
    asked = change.asked.get(name)
    return plain(asked if isinstance(asked, KeyRef) else value)


def _options(options: Options) -> list[object]:
    protect, remove, *others = options.plain()
    return [protect, None if remove is None else str(remove), *others]
