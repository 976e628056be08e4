"""A plan as JSON on stdout: the very text of a plan file, so that one may be saved as the other."""

from __future__ import annotations

from collections.abc import Sequence

from tasksync.core.formats import plan_json
from tasksync.core.plan import Plan, Refusal
from tasksync.core.secrets import NO_SECRETS, Secrets


def plan_as_json(
    plan: Plan,
    *,
    version: str,
    requests: int,
    seconds: float,
    refusals: Sequence[Refusal] = (),
    secrets: Secrets = NO_SECRETS,
) -> str:
    """Return what `schemas/plan.schema.json` describes, each line ended, without our secrets."""
    data = plan_json.encode(
        plan, version=version, requests=requests, seconds=seconds, refusals=refusals
    )
    return plan_json.dumps_without(data, secrets)
