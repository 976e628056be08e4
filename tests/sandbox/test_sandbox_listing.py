"""Listing and searching: the three syntaxes of a filter, order, select, pages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasksync.sandbox.model.fields import TASKS
from tasksync.sandbox.model.portal_clock import PORTAL_ZONE
from tasksync.sandbox.model.quirks import DEFAULTS
from tasksync.sandbox.model.task import Task
from tasksync.sandbox.model.task_index import TaskIndex
from tasksync.sandbox.web.http_messages import ApiError
from tasksync.sandbox.web.listing_query import read_listing_query
from tasksync.sandbox.web.query_string import parse_query_string
from tasksync.sandbox.web.task_pages import page_of_tasks


@pytest.fixture
def three(client: Any) -> Any:
    """3871 b, 3873 a, 3875 c."""
    client.create("b", status=2, priority=0, deadline="2026-06-02T00:00:00Z", tags=["x"])
    client.create("a", status=5, priority=1, deadline="2026-06-01T00:00:00Z", tags=["x", "y"])
    client.create("c", status=3, priority=2, responsibleId=22, accomplices=[25], parentId=3871)
    return client


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [3875, 3873, 3871]),
        ("filter[status]=2", [3871]),
        ("filter[realStatus]=2", [3871]),
        ("filter[REAL_STATUS][]=2&filter[REAL_STATUS][]=5", [3873, 3871]),
        ("filter[status]=2&filter[responsibleId]=22", []),
        ("filter[RESPONSIBLE_ID]=22", [3875]),
        ("filter[tags]=x", [3873, 3871]),
        ("filter[tags]=y", [3873]),
        ("filter[tags]=none", []),
        ("filter[accomplices]=25", [3875]),
        ("filter[title]=a", [3873]),
        ("filter[%25title]=A", [3873]),
        ("filter[title][$contains]=c", [3875]),
        ("filter[!status]=2", [3875, 3873]),
        ("filter[status][$ne]=2", [3875, 3873]),
        ("filter[>id]=3871", [3875, 3873]),
        ("filter[>=id]=3873", [3875, 3873]),
        ("filter[<id]=3873", [3871]),
        ("filter[<=id]=3873", [3873, 3871]),
        ("filter[id]=3873", [3873]),
        ("filter[id][]=3871&filter[id][]=3875&filter[id][]=9", [3875, 3871]),
        ("filter[id][0]=3871&filter[id][1]=3875", [3875, 3871]),
        ("filter[id][$in][]=3871&filter[id][$in][]=3873", [3873, 3871]),
        ("filter[id][$in]=3871,3873", [3873, 3871]),
        ("filter[deadline][$gte]=2026-06-01T12:00:00Z", [3871]),
        ("filter[deadline][<]=2026-06-01T12:00:00Z", [3873]),
        ("filter[$lt][deadline]=2026-06-01T12:00:00Z", [3873]),
        ("filter[deadline]=", [3875]),
        ("filter[parentId]=3871", [3875]),
        ("filter[parentId]=0", [3873, 3871]),
        ("filter[tags]=x&filter[>id]=3871&order[id]=asc", [3873]),
        ("filter[statusChangedDate]=2000-01-01", [3875, 3873, 3871]),
        ("filter[activityDate][$gte]=2100-01-01", [3875, 3873, 3871]),
        ("order[id]=asc", [3871, 3873, 3875]),
        ("order[title]=ASC", [3873, 3871, 3875]),
        ("order[deadline]=asc", [3875, 3873, 3871]),
        ("order[deadline]=desc", [3871, 3873, 3875]),
        ("sort=-priority", [3875, 3873, 3871]),
        ("sort=priority", [3871, 3873, 3875]),
        ("sort=title:desc", [3875, 3871, 3873]),
        ("sort[createdDate]=asc", [3871, 3873, 3875]),
        ("limit=2", [3875, 3873]),
        ("limit=2&offset=1", [3873, 3871]),
        ("offset=5", []),
        ("limit=9000", [3875, 3873, 3871]),
    ],
)
def test_a_listing_finds(three: Any, query: str, expected: list[int]) -> None:
    assert three.ids(query) == expected


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("filter[colour]=red", "INVALID_FILTER_FIELD"),
        ("filter[responsible]=1", "INVALID_FILTER_FIELD"),
        ("filter[status][$eq]=2", "INVALID_FILTER_OPERATOR"),
        ("filter[?title]=2", "INVALID_FILTER_OPERATOR"),
        ("filter[%3D%25title]=2", "INVALID_FILTER_OPERATOR"),
        ("filter[$or][title]=2", "INVALID_FILTER_OPERATOR"),
        ("filter[status]=two", "INVALID_FILTER"),
        ("filter=status", "INVALID_FILTER"),
        ("order[responsibleId]=asc", "UNKNOWN_SORT_FIELD"),
        ("order[colour]=asc", "UNKNOWN_SORT_FIELD"),
        ("order[id]=up", "INVALID_SORT_DIRECTION"),
        ("limit=many", "VALIDATION_ERROR"),
        ("limit=0", "VALIDATION_ERROR"),
        ("offset=-1", "VALIDATION_ERROR"),
    ],
)
def test_a_listing_refuses(three: Any, query: str, code: str) -> None:
    status, answer = three("GET", f"/v1/tasks?{query}")
    assert (status, answer["error"]["code"]) == (400, code)


def test_the_operators_are_named_when_one_is_refused(three: Any) -> None:
    """Contract 9: the accepted set, as the server reports it."""
    message = three("GET", "/v1/tasks?filter[status][$eq]=2")[1]["error"]["message"]
    assert "$gt,$gte,$lt,$lte,$ne,$contains,$in,>,>=,<,<=,!,!=,%" in message


def test_a_filter_may_be_one_json_document(three: Any) -> None:
    conditions = {"id": {"$in": [3871, 3873]}, "!status": 5, "title": {"$contains": "b"}}
    assert three.ids(f"filter={quote(json.dumps(conditions))}") == [3871]
    assert three.ids(f"filter={quote(json.dumps({'id': [3871, 3875]}))}") == [3875, 3871]


def test_search_asks_the_same_in_a_body(three: Any) -> None:
    """Contract 2.6."""

    def found(**body: Any) -> list[str]:
        status, answer = three("POST", "/v1/tasks/search", body)
        assert status == 200, answer
        return [row["title"] for row in answer["data"]]

    assert found(filter={"tags": "x"}, order={"title": "asc"}) == ["a", "b"]
    assert found(filter={">=id": 3873}, sort="-id", limit=1) == ["c"]
    assert found(sort=[{"priority": -1}, "id"], withTotal=False, start=-1) == ["c", "a", "b"]
    assert found(sort={"title": 1}) == ["a", "b", "c"]
    rows = three("POST", "/v1/tasks/search", {"select": ["id", "tags"]})[1]["data"]
    assert set(rows[0]) == {"id", "tags"}
    answer = three("POST", "/v1/tasks/search", {"sort": 5})[1]
    assert answer["error"]["code"] == "INVALID_SORT_TYPE"
    answer = three("POST", "/v1/tasks/search", {"autoWindow": True, "offset": 50})[1]
    assert answer["error"]["code"] == "UNSTABLE_OFFSET_PAGINATION"


def test_tags_come_only_when_they_are_named(three: Any) -> None:
    """Contract 8.4: id-keyed, and an empty list where there are none."""
    assert all("tags" not in row for row in three.rows())
    rows = three.rows("select=id,tags&order[id]=asc")
    assert [tag["title"] for tag in rows[1]["tags"].values()] == ["x", "y"]
    assert all(number == str(tag["id"]) for number, tag in rows[1]["tags"].items())
    assert rows[2]["tags"] == []


def test_select_names_columns_and_a_repeated_select_is_broken(three: Any) -> None:
    """Contract 2.5."""
    assert set(three.rows("select=title,status")[0]) == {"id", "title", "status"}
    assert set(three.rows("select=TITLE,nothing")[0]) == {"id", "title"}
    whole = set(three.rows()[0])
    assert set(three.rows("select=id&select=tags")[0]) == whole
    assert {"commentsCount", "serviceCommentsCount", "timeSpentInLogs", "parentId"} <= whole


def test_meta_tells_how_many_and_whether_more(client: Any) -> None:
    client("PUT", "/_sandbox/tasks", [{"title": f"t{n}", "responsibleId": 1} for n in range(60)])
    answer = client("GET", "/v1/tasks")[1]
    assert (len(answer["data"]), answer["meta"]) == (50, {"total": 60, "hasMore": True})
    answer = client("GET", "/v1/tasks?limit=20&offset=40")[1]
    assert (len(answer["data"]), answer["meta"]) == (20, {"total": 60, "hasMore": False})


def test_no_page_is_longer_than_5000(client: Any) -> None:
    """Contract 6.2: and `truncated` says that more match."""
    client("PUT", "/_sandbox/tasks", [{"title": "t", "responsibleId": 1}] * 5001)
    answer = client("GET", "/v1/tasks?limit=6000&select=id")[1]
    assert len(answer["data"]) == 5000
    assert answer["meta"] == {"total": 5001, "hasMore": True, "truncated": True}


def test_a_cursor_by_id_walks_over_everything_once(client: Any) -> None:
    client("PUT", "/_sandbox/tasks", [{"title": "t", "responsibleId": 1, "tags": ["m"]}] * 23)
    ids: list[int] = []
    while page := client.ids(
        f"filter[tags]=m&order[id]=asc&filter[>id]={ids[-1] if ids else 0}&limit=5"
    ):
        ids += page
    assert ids == sorted(set(ids)) == [3871 + 2 * n for n in range(23)]


@contextmanager
def understood_or_refused() -> Iterator[None]:
    """A refusal is a 400; any other exception is a fault of the sandbox."""
    codes = []
    with suppress(ApiError):
        try:
            yield
        except ApiError as refusal:
            codes.append(refusal.status)
            raise
    assert codes in ([], [400])


@given(st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_no_query_string_breaks_the_reader(text: str) -> None:
    """It is understood, or refused with a 400."""
    with understood_or_refused():
        read_listing_query(parse_query_string(text), TASKS, PORTAL_ZONE)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["$in", ">", "id", "tags"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", ">=id", "$in", "tags", "$ne", "!"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ("filter", "order", "sort", "select", "limit", "offset"), json_values
        ),
    )
)
@settings(max_examples=300, deadline=None)
def test_no_body_breaks_a_search(body: dict[str, Any]) -> None:
    index = TaskIndex([Task(1, "a", 1, 1, 0, 0, 1, tags=("id",), accomplices=(1,))])
    with understood_or_refused():
        page_of_tasks(index, read_listing_query(body, TASKS, PORTAL_ZONE), DEFAULTS, None)


steps = st.lists(
    st.tuples(
        st.sampled_from(["put", "remove"]),
        st.integers(1, 8),
        st.sets(st.sampled_from("abc")),
        st.none() | st.integers(1, 8),
    ),
    max_size=30,
)


@given(steps)
@settings(deadline=None)
def test_the_indexes_agree_with_the_tasks(moves: list[Any]) -> None:
    index = TaskIndex()
    for move, id_, tags, parent in moves:
        if move == "remove":
            index.remove(id_)
        else:
            made = Task(id_, "t", 1, 1, 0, 0, 1, tags=tuple(sorted(tags)), parent_id=parent)
            index.put(made)
    assert index.ids == sorted(index.tasks)
    for tag in "abc":
        assert index.tagged(tag) == [i for i in index.ids if tag in index.tasks[i].tags]
    for id_ in range(1, 9):
        children = [i for i in index.ids if index.tasks[i].parent_id == id_]
        assert [task.id for task in index.children(id_)] == children
