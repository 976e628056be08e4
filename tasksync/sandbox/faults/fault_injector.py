"""Which request gets which injected fault, by the rules in force; most sandboxes have none."""

from __future__ import annotations

import random
from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING

from tasksync.sandbox.json_codec import Json

if TYPE_CHECKING:
    from tasksync.sandbox.faults.fault_rules import FaultRule


class _ActiveRule:
    """A rule with its counters: requests that fitted `on`, and requests it was applied to."""

    __slots__ = ("applied", "fitted", "random", "rule")

    def __init__(self, rule: FaultRule) -> None:
        self.rule = rule
        self.random = random.Random(rule.seed)  # noqa: S311 - a rule's own dice, thrown again alike
        self.fitted = self.applied = 0

    def applies(self, method: str, path: str, body: bytes) -> bool:
        if not self.rule.on.fits(method, path, body):
            return False
        self.fitted += 1
        due = self.rule.on.nth in {0, self.fitted} and self.random.random() < self.rule.probability
        return due and (self.rule.times is None or self.applied < self.rule.times)


class FaultInjector:
    """All active rules, in their order."""

    def __init__(self, rules: Sequence[FaultRule] = ()) -> None:
        self._lock = Lock()
        self.replace_rules(rules)

    def replace_rules(self, rules: Sequence[FaultRule]) -> None:
        """Put these rules in the place of all, with their counters at 0."""
        self._rules = [_ActiveRule(rule) for rule in rules]

    def fault_for(self, method: str, path: str, body: bytes) -> FaultRule | None:
        """The first rule that applies to this request, if one does; all rules count it."""
        with self._lock:
            applying = [one for one in self._rules if one.applies(method, path, body)]
            if not applying:
                return None
            applying[0].applied += 1
            return applying[0].rule

    def documents(self) -> list[Json]:
        """The rules as JSON with their counters: `seen` is fitted, `struck` is applied."""
        return [
            {**one.rule.document(), "seen": one.fitted, "struck": one.applied}
            for one in self._rules
        ]
