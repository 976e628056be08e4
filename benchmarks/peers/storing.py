"""What the scripts that measure state stores have in common: a clock, and one task."""

from __future__ import annotations

from tasksync.cli.signals import Stop, SystemClock

CLOCK = SystemClock(Stop())

FIELDS = {
    "title": "Check the rollout of a release in a region",
    "description": "Compare the error rates with last week's, ask the owners of the step.",
    "responsibleId": 5,
    "priority": 1,
    "deadline": "2027-05-28T09:00:00+00:00",
    "timeEstimate": 1800,
    "accomplices": (3, 22),
    "auditors": (14,),
    "tags": ("eu-north", "q1", "release"),
}
