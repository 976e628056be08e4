"""A request that leaves late: what the engine permits, and what it does with what was dropped.

Design 7, *Intent before deed*: within 10 s of the commit, and under a lease that still holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import pytest
from scripted import Bench, ScriptedPortal, bench
from stores import BORIS, HandClock

from tasksync.core.change import Change, Outcome
from tasksync.core.ports import LEAVES_WITHIN, Permission
from tasksync.errors import StateMoved


class SleepyPortal(ScriptedPortal):
    """A portal whose connections take their time: something happens while each is made."""

    def __init__(self, clock: HandClock) -> None:
        super().__init__(clock)
        self.meanwhile: list[Callable[[], None]] = []

    def perform(
        self,
        changes: Iterable[Change],
        about_to_send: Callable[[Sequence[Change]], Permission | None],
    ) -> Iterator[Outcome]:
        def connecting(batch: Sequence[Change]) -> Permission | None:
            permission = about_to_send(batch)
            if self.meanwhile:
                self.meanwhile.pop(0)()
            return permission

        yield from super().perform(changes, connecting)


def sleepy() -> tuple[Bench, SleepyPortal]:
    here = bench()
    here.portal = portal = SleepyPortal(here.clock)
    portal.stop = lambda: here.stopped
    return here, portal


def test_a_request_that_connects_too_long_is_dropped_and_its_intents_are_committed_anew() -> None:
    here, portal = sleepy()
    portal.meanwhile = [lambda: here.clock.sleep(LEAVES_WITHIN + 1)]
    report = here.apply(here.manifest({"a": {}, "b": {}}))
    assert report.complete
    assert [[c.key for c in batch] for batch in portal.sent] == [["a", "b"]]
    opened = [[(i.key, i.at) for i in delta.open] for delta in here.store.deltas if delta.open]
    assert [[key for key, _ in some] for some in opened] == [["a", "b"], ["a", "b"]]
    assert opened[0][0][1] < opened[1][0][1], "the second intent is a new one"
    assert here.state.intents == ()


def test_a_request_that_connects_in_time_is_sent_as_it_is() -> None:
    here, portal = sleepy()
    portal.meanwhile = [lambda: here.clock.sleep(LEAVES_WITHIN - 1)]
    assert here.apply(here.manifest({"a": {}})).complete
    assert len([delta for delta in here.store.deltas if delta.open]) == 1


@pytest.mark.parametrize("what", ["create", "update", "delete"])
def test_a_run_that_lost_its_lease_while_connecting_sends_nothing(what: str) -> None:
    """It slept, another run took over: not a create, a PATCH or a delete of it may leave."""
    here, portal = sleepy()
    assert here.apply(here.manifest({"b": {}, "keep": {}})).complete
    wanted = {"b": {}, "keep": {}}
    if what == "create":
        wanted["a"] = {}
    elif what == "update":
        wanted["b"] = {"title": "other"}
    else:
        del wanted["b"]
    before, sent = dict(portal.live), len(portal.sent)

    def sleep_and_lose() -> None:
        here.clock.sleep(300.0)
        here.shared.lease = None
        here.new_store().acquire(BORIS, 60.0)

    portal.meanwhile = [sleep_and_lose]
    with pytest.raises(StateMoved):
        here.apply(here.manifest(wanted))
    assert portal.live == before
    assert len(portal.sent) == sent


def test_a_lease_lost_without_sleeping_is_looked_at_too() -> None:
    """The heart noticed it while the connection was being made."""
    here, portal = sleepy()
    lease_holder = here.lease_holder()
    plan = here.plan(here.manifest({"a": {}}))

    def lose() -> None:
        here.shared.lease = None
        lease_holder.beat()

    portal.meanwhile = [lose]
    with pytest.raises(StateMoved):
        here.applier(lease_holder, plan, here.state).apply()
    assert portal.live == {}
