"""Random lives of a pull request: pushes, late runs, people's hands, troubles on every way.

Whatever happened, one undisturbed run of the newest commit leaves one comment with its plan, other
people's comments stand, and what counts as approved was published for that commit.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field

import pytest
from support.forges import troubles
from support.publishing import Publishing

from tasksync.cli.published import approved_plan
from tasksync.errors import PlanStale

TITLES = ["Sweep", "Mop", "Wash", "Burn"]
TROUBLES = [
    troubles.cut_before,
    troubles.cut_after,
    troubles.done_but(502),
    troubles.answer(500),
    troubles.answer(429, "slow down", {"Retry-After": "3"}),
]


@dataclass
class Life:
    """One pull request; `approved` are the digests that its runs published for each commit."""

    at: Publishing
    dice: random.Random
    runs: list[tuple[dict[str, str], str]] = field(default_factory=list)
    approved: dict[str, set[str]] = field(default_factory=dict)
    talk: list[tuple[int, str]] = field(default_factory=list)

    @property
    def head(self) -> str:
        return self.at.forge.repository.pulls[7].head

    def begin(self) -> None:
        """A run of the present commit begins; it may end later, or never."""
        self.runs.append((self.at.environment(), self.head))

    def end(self) -> int:
        """One of the runs that were begun publishes some plan for its commit."""
        env, head = self.dice.choice(self.runs)
        plan = self.at.plan(self.dice.choice(TITLES))
        done = self.at.publish(plan, env=env)
        digest = json.loads(plan.read_text("utf-8"))["digest"]
        self.approved.setdefault(head, set()).add(digest)
        return done.code

    def step(self) -> None:
        """Something happens."""
        forge, kind = (
            self.at.forge,
            self.dice.choice(["push", "begin", "end", "end", "hand", "forge", "trouble"]),
        )
        self.at.clock.time += self.dice.randint(0, 90)
        if kind == "push":
            forge.push(7)
        elif kind == "begin":
            self.begin()
        elif kind == "hand" and self.at.bodies():
            comment = self.dice.choice(forge.comments(7))
            self.talk = [one for one in self.talk if one[0] != comment.number]
            forge.delete_comment(comment.number)
        elif kind == "forge" and self.at.bodies():
            body = self.dice.choice(self.at.bodies())
            made = forge.write_comment(7, "other", body)
            self.talk.append((made.number, made.body))
        elif kind == "trouble":
            way = self.dice.choice(["GET", "POST", "PUT", "PATCH", "DELETE", ""])
            forge.trouble(self.dice.choice(TROUBLES), way)
        elif kind == "end" and self.runs:
            assert self.end() in (0, 1)

    def look(self) -> None:
        """Hold what must hold at any time."""
        others = [one for one in self.at.forge.comments(7) if one.author.login == "olga"]
        assert [(one.number, one.body) for one in others] == self.talk


def ours(at: Publishing) -> list[str]:
    """The comments that the runs' own token wrote."""
    account = at.forge.tokens[at.usual].account
    return [one.body for one in at.forge.comments(7) if one.author == account]


@pytest.mark.parametrize("seed", range(5))
def test_after_a_random_life_one_run_leaves_one_comment(
    at: Publishing, seed: int, request: pytest.FixtureRequest
) -> None:
    for turn in range(40 if request.config.getoption("long") else 1):
        life = Life(at, random.Random(f"{seed} {turn}"))  # noqa: S311 - no secret
        at.forge.repository.pulls[7].comments.clear()
        life.begin()
        for _ in range(25):
            life.step()
            life.look()
        at.forge.no_more_trouble()
        found = ours(at)
        if found:
            try:
                digest = approved_plan("chores", at.environment()).digest
            except PlanStale:
                pass
            else:
                assert digest in life.approved[life.head]
        life.runs.clear()
        life.begin()
        assert life.end() == 0
        life.look()
        (body,) = ours(at)
        digest = approved_plan("chores", at.environment()).digest
        assert digest in life.approved[life.head]
        assert digest in body.splitlines()[0]
