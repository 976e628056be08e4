"""Where the time of a cold plan goes: cProfile in tasksync's own environment."""

from __future__ import annotations

from benchmarks.measuring import Subject, costs, run
from benchmarks.places import PEERS
from benchmarks.portals import sandbox
from benchmarks.results import Outcome
from benchmarks.scenes import Scene
from benchmarks.venvs import TASKSYNC

_MARK = "== profile =="


def profile(_pairs: int) -> Outcome:
    """Profile a cold plan of 10 000 tasks with live refresh; the text is a table."""
    scene = Scene(10_000).ready()
    with sandbox(data=scene.world) as portal:
        plan = scene.plan(portal)
        words = [TASKSYNC.python, str(PEERS / "profiled.py"), *plan.command[1:]]
        once, told = run(Subject("profiled plan", words, plan.expect, env=portal.env))
    note = "cProfile makes calls dearer: read the shares, not the seconds."
    table = costs({"tasksync under cProfile": [once]})
    return Outcome({}, table, [note], told.partition(_MARK)[2].strip())
