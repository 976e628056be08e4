"""The commit before the rooms of the house were renamed and divided, and this one, turn by turn."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import manifests
from benchmarks.installing import cpu_ratio, installed
from benchmarks.measuring import Run, Subject, costs, ratio, run, turns
from benchmarks.places import WORK
from benchmarks.portals import GOOD_KEY, Sandbox, sandbox
from benchmarks.results import Outcome
from benchmarks.scenes import blocks_forgotten

#: the last commit with the old names
BEFORE = "2a7e22e"
_COUNT = 10_000
_HERE = WORK / "heads"


@dataclass(frozen=True, slots=True)
class Head:
    """One commit, installed, with a state and a world that it made itself."""

    name: str
    program: str

    @property
    def folder(self) -> Path:
        """Where all that it makes lies."""
        return _HERE / self.name

    def ready(self) -> Head:
        """Apply the manifest with the sandbox in the process; returns itself."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        here = Sandbox(f"sandbox:{self.folder / 'world'}", GOOD_KEY)
        run(self.subject(here, "apply", "known", f"{_COUNT} added"))
        shutil.copyfile(self.folder / "known.db", self.folder / "parsed.db")
        blocks_forgotten(self.folder / "parsed.db")
        return self

    def subject(self, portal: Sandbox, verb: str, state: str, expect: str) -> Subject:
        """Return a command of this commit on one of its states."""
        where = ["-f", str(manifests.write(_HERE / "manifests", _COUNT))]
        where += ["--state", f"sqlite:{self.folder / state}.db", "--quiet"]
        sure = ["--yes"] if verb == "apply" else []
        command = [self.program, verb, *where, *sure]
        return Subject(self.name, command, expect, env=portal.env)


def both(pairs: int) -> Outcome:
    """Plan 10 000 tasks, known and to be parsed, and apply them at the limits, in one run of both.

    Each commit plans against its own sandbox; both apply to that of this one.
    """
    heads = [
        Head(name, str(installed(commit) / "bin" / "tasksync")).ready()
        for name, commit in (("now", "HEAD"), (BEFORE, BEFORE))
    ]
    figures: dict[str, float] = {}
    found: dict[str, list[Run]] = {}
    for what, state in (("cold-plan-10k", "known"), ("parsed-10k", "parsed")):
        _note(what, _plans(heads, state, pairs), figures, found)
    _note("apply-at-the-limits", _applies(heads, max(1, pairs // 2)), figures, found)
    return Outcome(figures, costs(found))


def _note(
    what: str,
    runs: dict[str, list[Run]],
    figures: dict[str, float],
    found: dict[str, list[Run]],
) -> None:
    now, before = runs.values()
    figures[f"{what}: ratio"] = ratio(now, before)
    figures[f"{what}: CPU ratio"] = cpu_ratio(now, before)
    found |= {f"{what}: {name}": one for name, one in runs.items()}


def _plans(heads: Sequence[Head], state: str, pairs: int) -> dict[str, list[Run]]:
    now, before = heads
    with (
        sandbox(data=now.folder / "world", program=now.program) as ours,
        sandbox(data=before.folder / "world", program=before.program) as theirs,
    ):
        subjects = [
            head.subject(portal, "plan", state, "No changes.")
            for head, portal in ((now, ours), (before, theirs))
        ]
        return turns(subjects, pairs)


def _applies(heads: Sequence[Head], pairs: int) -> dict[str, list[Run]]:
    found: dict[str, list[Run]] = {head.name: [] for head in heads}
    for turn in range(pairs):
        for head in heads if turn % 2 == 0 else reversed(heads):
            for path in head.folder.glob("new.db*"):
                path.unlink()
            with sandbox(limits="vendor") as portal:
                done = run(head.subject(portal, "apply", "new", f"{_COUNT} added"))[0]
            found[head.name].append(done)
    return found
