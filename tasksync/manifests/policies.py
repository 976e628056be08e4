"""Field policies of a block: over those of the defaults, and as the options hold them.

`ignoreChanges: [f]` is the short form of `fieldPolicy: {f: seed}`, and `enforce` is what every
field but the status has unsaid: two ways of saying one thing are the same options.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tasksync.core.task import FieldPolicy
from tasksync.manifests.unplaced import BadValue, UnplacedProblem

NAME = "fieldPolicy"
_PARENT = {"parent": "parentId", "parentId": "parent"}


def merged(defaults: object, own: object) -> object:
    """Return the policies of a task over those of its defaults, field by field; null takes none."""
    if not isinstance(defaults, dict) or not isinstance(own, dict):
        return own
    hidden = {_PARENT[name] for name in own if name in _PARENT}
    return {**{name: one for name, one in defaults.items() if name not in hidden}, **own}


def faults(block: Mapping[str, Any]) -> Iterator[UnplacedProblem]:
    """Yield what no schema can say of a block's policies."""
    said = block.get(NAME)
    if not isinstance(said, dict):
        return
    if _PARENT.keys() <= said.keys():
        what = "parent and parentId are one field, and have two policies"
        yield BadValue(what, "keep one of them").under(NAME, "parent")
    ignored = {_field(name) for name in block.get("ignoreChanges") or ()}
    for name, policy in said.items():
        if _field(name) in ignored and policy != FieldPolicy.SEED:
            what = f"{name} has the policy {policy}, and stands in ignoreChanges, which is seed"
            yield BadValue(what, "keep one of the two").under(NAME, name)


def policies_of(
    block: Mapping[str, Any],
) -> tuple[tuple[str, ...], tuple[tuple[str, FieldPolicy], ...]]:
    """Return the fields that are seeded, and the policies of others; raises BadValue."""
    seeded = {_field(name) for name in block.get("ignoreChanges") or ()}
    said = block.get(NAME)
    if not said:
        return tuple(sorted(seeded)), ()
    for fault in faults(block):
        raise BadValue(fault.what, fault.mend, fault.path)
    policies = {_field(name): FieldPolicy(policy) for name, policy in said.items()}
    seeded |= {name for name, policy in policies.items() if policy is FieldPolicy.SEED}
    return tuple(sorted(seeded)), tuple(
        (name, policy)
        for name, policy in sorted(policies.items())
        if policy is not FieldPolicy.SEED
        and (policy is not FieldPolicy.ENFORCE or name == "status")
    )


def _field(name: str) -> str:
    return "parentId" if name == "parent" else name
