"""A plan as JSON on stdout: the very text of a plan file, so that one may be saved as the other."""

from __future__ import annotations

from collections.abc import Sequence

from tasksync.core import planfile
from tasksync.core.plan import Plan, Refusal


def plan_json(
    plan: Plan,
    *,
    version: str,
    requests: int,
    seconds: float,
    refusals: Sequence[Refusal] = (),
) -> str:
    """Return what `schemas/plan.schema.json` describes, each line ended."""
    return planfile.dumps(
        planfile.encode(
            plan, version=version, requests=requests, seconds=seconds, refusals=refusals
        )
    )
