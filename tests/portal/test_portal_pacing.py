"""No window of any limit is ever overfull where the portal counts, and none is left half empty."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasksync.portal.backoff import LONGEST_HINT, LONGEST_PAUSE, pause
from tasksync.portal.pacing import JITTER, Pace, RateLimit, seconds_for


def drive(pace: Pace, waits: list[tuple[float, float, float]]) -> list[float]:
    """Send as soon as allowed; each wait is (idle before, on the way there, until the answer)."""
    now, arrivals, flying = 0.0, [], []

    def notice(until: float) -> None:
        for at, slot in [one for one in flying if one[0] <= until]:
            pace.arrived(slot, at)
            flying.remove((at, slot))

    for idle, there, back in waits:
        now += idle
        notice(now)
        while len(flying) > 1:
            now = max(now, min(at for at, _ in flying))
            notice(now)
        while (left := pace.wait(now)) > 0:
            now = min([now + left, *(at for at, _ in flying if at > now)])
            notice(now)
        arrivals.append(now + there)
        flying.append((now + there + back, pace.leave(now)))
        notice(now)
    return sorted(arrivals)


def fullest(arrivals: list[float], seconds: float) -> int:
    most = start = 0
    for end, at in enumerate(arrivals):
        while arrivals[start] <= at - seconds:
            start += 1
        most = max(most, end - start + 1)
    return most


trips = st.tuples(st.floats(0, 0.3), st.floats(0, JITTER), st.floats(0, 2))


@given(st.lists(trips, max_size=60), st.integers(1, 10), st.integers(5, 40))
@settings(max_examples=100, deadline=None)
def test_no_window_is_ever_overfull(waits, count, in_minute):
    """Whatever the network does to the order of arrivals."""
    pace = Pace(RateLimit(count, 1.0), RateLimit(in_minute, 6.0))
    arrivals = drive(pace, waits)
    assert fullest(arrivals, 1.0) <= count
    assert fullest(arrivals, 6.0) <= in_minute


def test_a_full_minute_is_used_at_full_speed_and_no_further():
    """300 requests go at 10 a second, the next waits for the window; ten thousand creates fit."""
    arrivals = drive(Pace(), [(0, 0, 0)] * 301)
    assert arrivals[200] < 20.1
    assert arrivals[299] < 30.2
    assert 60.0 < arrivals[300] < 60.01
    assert fullest(arrivals, 60.0) == 300


def test_the_estimate_is_what_the_pace_takes():
    """Seconds at the limits, within a hundredth."""
    for count in (1, 2, 8, 11, 201, 301, 650):
        taken = drive(Pace(), [(0, 0, 0)] * count)[-1]
        assert seconds_for(count) == pytest.approx(taken, rel=0.01, abs=0.05)


def test_a_stall_is_caught_up_with_at_twice_the_pace():
    """Half a second that a slow save took is not lost, and no two leave together."""
    steady = drive(Pace(), [(0, 0, 0)] * 40)
    stalled = drive(Pace(), [*[(0, 0, 0)] * 20, (0.4, 0, 0), *[(0, 0, 0)] * 19])
    assert stalled[-1] < steady[-1] + 0.1
    assert all(b - a >= 0.049 for a, b in pairwise(stalled))


def test_what_was_held_back_is_not_caught_up_with():
    """After a throttled answer the pace begins anew."""
    pace = Pace()
    pace.throttled(0.0, 5.0)
    arrivals = drive(pace, [(0, 0, 0)] * 5)
    assert all(b - a > 0.1 for a, b in pairwise(arrivals))


def test_waiters_are_released_one_by_one():
    """After a long hold there is no burst."""
    pace = Pace()
    pace.hold(0.0, 5.0)
    arrivals = drive(pace, [(0, 0, 0)] * 5)
    assert arrivals[0] == 5.0
    assert all(b - a >= 0.05 for a, b in pairwise(arrivals))


def test_limits_are_tightened_and_never_loosened():
    """What /v1/me and the headers say counts when it is less."""
    pace = Pace()
    pace.tighten(per_second=0.5, per_minute=100)
    pace.tighten(per_second=50, per_minute=1000)
    assert (pace.second, pace.minute.count) == (RateLimit(1, 2.0), 100)
    pace.tighten(per_second=0, per_minute=0)
    assert pace.minute.count == 100


def test_what_others_use_of_the_key_is_left_to_them():
    """Remaining 0 after one of ours: nothing leaves until the portal's reset."""
    pace = Pace()
    first = pace.leave(0.0)
    pace.arrived(first, 0.01)
    pace.told(first, 0.01, remaining=0, reset=7)
    assert pace.wait(1.0) == pytest.approx(6.01)
    assert pace.wait(7.02) == 0.0


def test_our_own_requests_are_not_taken_for_those_of_others():
    """Alone on the key, Remaining takes nothing away."""
    pace = Pace()
    now = 0.0
    for sent in range(1, 280):
        now += pace.wait(now)
        slot = pace.leave(now)
        pace.arrived(slot, now)
        pace.told(slot, now, remaining=300 - sent, reset=60)
    assert now < 28.0


def test_a_throttled_answer_slows_down_and_good_ones_speed_up_again():
    """429 waits what it says."""
    pace = Pace()
    pace.throttled(0.0, 2.0)
    assert pace.wait(0.0) == 2.0
    assert pace.per_second == pytest.approx(7.0)
    for _ in range(20):
        pace.served()
    assert pace.per_second == 10.0


@given(st.integers(1, 10_000), st.none() | st.floats(-10, 1e9))
def test_every_pause_is_bounded_and_keeps_to_the_hint(attempt, hint):
    """A hint is kept to; without one the wait doubles up to 30 s."""
    waited = pause(attempt, hint)
    assert 0 <= waited <= (LONGEST_PAUSE if hint is None else LONGEST_HINT)
    if hint is not None and 0 <= hint <= LONGEST_HINT:
        assert waited == hint


def test_pauses_double():
    """1, 2, 4 … 30."""
    assert [pause(n) for n in range(1, 8)] == [1, 2, 4, 8, 16, 30, 30]


@pytest.mark.parametrize("stall", [0.3, 1.0, 1.2, 2.0, 20.0])
@pytest.mark.parametrize("second", [RateLimit(10, 1.0), RateLimit(4, 1.0), RateLimit(2, 0.8)])
def test_a_request_that_reaches_the_portal_late_counts_when_it_does(stall, second):
    """The whole process stood still between leaving and the wire, for longer than any network."""
    pace = Pace(second, RateLimit(300, 60.0))
    waits = [*[(0, 0, 0.01)] * 25, (0, stall, 0.01), *[(0, 0, 0.01)] * 40]
    arrivals = drive(pace, waits)
    assert fullest(arrivals, second.seconds) <= second.count
