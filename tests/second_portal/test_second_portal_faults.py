"""A fault at a request, then apply again: no task twice, none lost, nobody mends by hand."""

from __future__ import annotations

from collections import Counter

import pytest
from second_portal.conftest import MANIFEST, TITLES, edited
from second_portal.portal import Limits

#: requests of a first apply: 1 me, 2 listing, 3 people, 4 roots, 5 children, 6 grand, 7 proof
ROOTS, SINGLE = 4, 6
WHOLE = [
    ("status", {"status": 429, "code": "RATE_LIMITED", "retry_after": 1, "header_only": True}),
    ("status", {"status": 500, "code": "INTERNAL_ERROR", "deed": True}),
    ("status", {"status": 502, "code": "BITRIX_UNAVAILABLE", "deed": True}),
    ("status", {"status": 503, "code": "BITRIX_UNAVAILABLE"}),
    ("status", {"status": 504, "code": "QUEUE_TIMEOUT", "deed": True, "retry_after": 1}),
    ("lost", {"deed": True}),
    ("lost", {"deed": False}),
    ("html", {"deed": True}),
    ("html", {"deed": True, "status": 502}),
    ("garbage", {"deed": True}),
    ("empty", {"deed": False}),
    ("truncate", {}),
    ("late", {"seconds": 0.7}),
    ("half", {}),
]
CALLS = [
    ("calls", {"code": "BITRIX_ERROR"}),
    ("calls", {"code": "BITRIX_UNAVAILABLE", "deed": True}),
    ("calls", {"code": "INTERNAL_ERROR", "every": 2, "deed": True}),
    ("calls", {"code": "QUEUE_TIMEOUT", "every": 2, "retry_after": 1}),
    ("calls", {"code": "NEVER_HEARD_OF", "every": 2, "deed": True}),
    ("missing", {"deed": True}),
    ("missing", {"every": 2}),
]


def healed(driver, titles):
    """Apply until done, and check the world that is left."""
    codes = driver.heal()
    driver.portal.end_faults()
    assert codes[-1] == 0, codes
    assert set(codes[:-1]) <= {1, 3}, codes
    assert driver.plan().code == 0
    made = Counter(body["title"] for what, _, body in driver.portal.writes() if what == "create")
    assert set(made.values()) == {1}, made
    assert driver.titles() == titles


@pytest.mark.parametrize(
    ("kind", "rule", "at"),
    [*((*one, ROOTS) for one in WHOLE), *((*one, SINGLE) for one in (WHOLE[3], WHOLE[5]))],
)
def test_creates_survive_a_fault_of_a_request(swift, kind, rule, at):
    driver = swift()
    driver.portal.fault(kind, at=at, **rule)
    healed(driver, TITLES)


@pytest.mark.parametrize(
    ("kind", "rule", "at"), [*((*one, 1) for one in CALLS), (*CALLS[1], 2), (*CALLS[5], 2)]
)
def test_creates_survive_a_fault_inside_a_batch(swift, kind, rule, at):
    driver = swift()
    driver.portal.fault(kind, at=at, path="^/v1/batch$", **rule)
    healed(driver, TITLES)


@pytest.mark.parametrize(
    ("kind", "rule"), [WHOLE[2], WHOLE[5], WHOLE[11], WHOLE[13], CALLS[1], CALLS[3], CALLS[5]]
)
def test_changes_and_deletes_survive_a_fault(swift, kind, rule):
    driver = swift()
    assert driver.apply().code == 0
    driver.write(edited(MANIFEST))
    driver.portal.fault(kind, path="^/v1/batch$", **rule)
    healed(driver, TITLES[:-1])


@pytest.mark.parametrize(
    ("status", "code", "only"),
    [
        (401, "TOKEN_MISSING", None),
        (401, "KEY_EXPIRED", "tasks"),
        (403, "SCOPE_DENIED", "tasks"),
        (403, "SCOPE_DENIED", "writes"),
        (403, "IP_NOT_ALLOWED", None),
        (403, "WRITE_BLOCKED_READONLY_KEY", "writes"),
    ],
)
def test_a_key_that_may_not_ends_with_7_and_nothing_is_written(swift, status, code, only):
    driver = swift()
    driver.portal.auth = {"status": status, "code": code, "only": only}
    refused = driver.apply()
    assert (refused.code, code in refused.err) == (7, True)
    assert driver.portal.writes() == []
    driver.portal.auth = None
    healed(driver, TITLES)


def test_the_limits_of_the_vendor_are_never_overrun(world):
    driver = world(page_cap=50)
    driver.portal.limits = Limits()
    tasks = "".join(f"  t{n}: {{title: Task {n}, priority: low}}\n" for n in range(400))
    head = "apiVersion: tasksync/v1\nproject: exam\ndefaults: {responsibleId: 1}\ntasks:\n"
    driver.write(head + tasks)
    assert driver.apply("--parallelism", "8").code == 0
    assert driver.portal.limits.over == {"second": 0, "minute": 0, "running": 0}
    assert len(driver.titles()) == len(set(driver.titles())) == 400
