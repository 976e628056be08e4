"""Against the sandbox, which was written apart from the client: every quirk, alone and together."""

from __future__ import annotations

from itertools import product
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasksync.core.change import Status
from tasksync.portal.messages import PortalAnswer, PortalRequest
from tasksync.sandbox.web import http_messages
from tasksync.sandbox.web.api_keys import GOOD_KEY
from tasksync.sandbox.web.routes import open_api

QUIRKS: dict[str, list[Any]] = {
    "create_status": [200, 201],
    "update_result": ["object", "true", "null"],
    "delete_result": ["object", "true", "null"],
    "batch_errors": ["map", "list"],
    "batch_keys": ["camel", "upper"],
    "numbers": ["strings", "ints", "only_ids"],
    "instants": ["portal", "Z", "+05:00"],
    "tags": ["map", "names", "comma", "objects"],
    "tags_on_single": [True, False],
    "people_data": ["list", "map"],
    "user_keys": ["camel", "upper"],
    "extra_keys": [True, False],
    "counters": [True, False],
    "bad_value_status": [400, 422],
    "missing_get": ["ENTITY_NOT_FOUND", "NOT_FOUND", "BITRIX_ERROR", "empty"],
    "missing_call": ["ENTITY_NOT_FOUND", "NOT_FOUND", "BITRIX_ERROR", "empty"],
    "line_breaks": [True, False],
    "clears_date": ["both", "empty", "null"],
    "clears_date_else": ["refuse", "ignore"],
    "crlf": [True, False],
    "ignore_tag_filter": [True, False],
    "ignore_id_filter": [True, False],
    "meta_total": [True, False],
    "has_more": ["right", "extra", "never"],
    "page_fails_over": [0, 60],
}
ONE_BY_ONE = [{name: value} for name, values in QUIRKS.items() for value in values]


def sandbox(**quirks: Any) -> Any:
    """A transport into a sandbox in this process."""
    api = open_api(quirks=quirks)

    def send(request: PortalRequest) -> PortalAnswer:
        headers = {"X-Api-Key": GOOD_KEY, **dict(request.headers)}
        answer = api.handle(
            http_messages.WebRequest(
                request.method, request.path, urlencode(request.query), headers, request.body or b""
            )
        )
        return PortalAnswer(answer.status, answer.headers, answer.body)

    return send


def live_once(bench: Any, say: Any, quirks: dict[str, Any]) -> None:
    """Create, read, change, clear, delete, look again: the same under every fault."""
    portal = bench(sandbox(**quirks)).portal
    portal.identity()

    def perform(*changes: Any) -> list[Any]:
        found = list(portal.perform(changes, lambda _: None))
        assert {one.status for one in found} == {Status.DONE}, found
        return sorted(found, key=lambda one: int(one.change.key[1:]))

    wanted = {
        "description": "a\nb",
        "deadline": "2026-05-19T18:00:00+03:00",
        "tags": ("x",),
        "accomplices": (3, 7),
    }
    made = perform(*(say.create(f"k{n}", **wanted) for n in range(70)))
    found = {live.id: live for live in portal.find(say.marker, [one.id for one in made])}
    assert len(found) == 70
    first = found[made[0].id]
    assert first.markers == (say.marker,)
    assert {name: first.fields[name] for name in ("tags", "accomplices", "description")} == {
        "tags": ("x",),
        "accomplices": (3, 7),
        "description": "a\nb",
    }
    perform(*(say.update(f"k{n}", made[n].id, deadline=None, priority=2) for n in range(60)))
    perform(say.update("k60", made[60].id, deadline=None))
    found = {live.id: live for live in portal.find(say.marker, ())}
    assert {found[one.id].fields["deadline"] for one in made[:61]} == {None}
    assert found[made[0].id].fields["priority"] == 2
    perform(*(say.delete(f"k{n}", made[n].id) for n in range(60)))
    perform(*(say.delete(f"k{n}", made[n].id) for n in range(61)))
    ids = [one.id for one in made]
    assert sorted(live.id for live in portal.find(say.marker, ids)) == ids[61:]
    assert sorted(live.id for live in portal.find(None, ids)) == ids[61:]
    assert portal.newest() == ids[-1]
    assert [live.id for live in portal.newer(say.marker, ids[-3])] == ids[-2:]


@pytest.mark.parametrize("quirks", ONE_BY_ONE, ids=str)
def test_every_quirk_alone(bench, say, quirks):
    """The whole life of seventy tasks."""
    if quirks.get("page_fails_over") == 60:
        quirks = {**quirks, "ignore_tag_filter": True}
    live_once(bench, say, quirks)


#: a portal that ignores the cursor and cuts pages hides tasks; it is refused, not read
_HIDES = {"ignore_id_filter": True, "page_fails_over": 60}


@given(picked=st.fixed_dictionaries({name: st.sampled_from(v) for name, v in QUIRKS.items()}))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_quirks_together(bench, say, picked):
    """Any mixture."""
    if picked["ignore_id_filter"]:
        picked = {**picked, "page_fails_over": 0}
    live_once(bench, say, picked)


def test_the_refusal_of_what_cannot_be_read_is_no_guess(bench, say):
    """The one mixture that hides tasks."""
    portal = bench(sandbox(**_HIDES)).portal
    list(portal.perform([say.create(f"k{n}") for n in range(70)], lambda _: None))
    with pytest.raises(Exception, match="repeats a page"):
        list(portal.find(say.marker, ()))


def test_the_table_names_what_the_sandbox_knows():
    """So that a new quirk is not forgotten here."""
    assert all(open_api(quirks={n: v}) for n, vs in QUIRKS.items() for _, v in product([0], vs))
