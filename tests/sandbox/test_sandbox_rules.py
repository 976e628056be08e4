"""What may be written, what is refused and with which words, and what follows from it."""

from __future__ import annotations

from typing import Any

import pytest

GOOD = {"title": "A task", "responsibleId": 1}


def refused(client: Any, body: dict[str, Any]) -> tuple[int, str, str]:
    status, answer = client("POST", "/v1/tasks", body)
    return status, answer["error"]["code"], answer["error"]["message"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"title": "x"}, "Assignee not specified"),
        ({"title": "x", "responsibleId": 0}, "Assignee not specified"),
        ({"title": "x", "responsibleId": None}, "Assignee not specified"),
        ({"responsibleId": 1}, "Task title not specified"),
        ({**GOOD, "title": " "}, "Task title not specified"),
        ({**GOOD, "title": 12}, "Task title not specified"),
        ({**GOOD, "title": "x" * 251}, "TASKS_BAD_TITLE"),
        ({**GOOD, "status": 0}, "Incorrect status"),
        ({**GOOD, "status": 8}, "Incorrect status"),
        ({**GOOD, "status": "done"}, "Incorrect status"),
        ({**GOOD, "status": True}, "Incorrect status"),
        ({**GOOD, "priority": 3}, "Invalid value of field 'priority'"),
        ({**GOOD, "deadline": "soon"}, "Invalid value of field 'deadline'"),
        ({**GOOD, "deadline": 5}, "Invalid value of field 'deadline'"),
        ({**GOOD, "timeEstimate": -1}, "Invalid value of field 'timeEstimate'"),
        ({**GOOD, "accomplices": 5}, "Invalid value of field 'accomplices'"),
        ({**GOOD, "tags": [1]}, "Invalid value of field 'tags'"),
        ({**GOOD, "description": 1}, "Invalid value of field 'description'"),
        ({**GOOD, "groupId": "x"}, "Invalid value of field 'groupId'"),
        ({**GOOD, "responsibleId": 100_001}, 'User specified in the "Responsible" field not found'),
        ({**GOOD, "parentId": 9}, 'Task specified in the "Parent Task" field not found'),
        (
            {
                **GOOD,
                "startDatePlan": "2026-05-02T00:00:00Z",
                "endDatePlan": "2026-05-01T00:00:00Z",
            },
            "The end date in scheduling is earlier than the start date",
        ),
    ],
)
def test_a_bad_value_is_400_with_the_portals_words(
    client: Any, body: dict[str, Any], message: str
) -> None:
    assert refused(client, body) == (400, "BITRIX_ERROR", message)
    assert client.rows() == []


@pytest.mark.parametrize("name", ["id", "createdDate", "changedDate", "closedDate"])
def test_read_only_fields_are_refused_by_name(client: Any, name: str) -> None:
    """Seeds "Create task" and "Update task"."""
    text = f"Field '{name}' is read-only and cannot be set"
    assert refused(client, {**GOOD, name: "1"}) == (400, "READONLY_FIELD", text)
    id_ = client.create()
    status, answer = client("PATCH", f"/v1/tasks/{id_}", {name: "1"})
    assert (status, answer["error"]["code"]) == (400, "READONLY_FIELD")


def test_the_creator_can_be_set_at_the_create_alone(client: Any) -> None:
    id_ = client.create(createdBy=22)
    assert client("GET", f"/v1/tasks/{id_}")[1]["data"]["createdBy"] == "22"
    status, answer = client("PATCH", f"/v1/tasks/{id_}", {"createdBy": 1})
    assert (status, answer["error"]["code"]) == (400, "READONLY_FIELD")


def test_a_title_of_250_characters_is_kept(client: Any) -> None:
    id_ = client.create("ж" * 250)
    assert client("GET", f"/v1/tasks/{id_}")[1]["data"]["title"] == "ж" * 250


def test_unknown_fields_are_dropped_in_silence(client: Any) -> None:
    """Contract 8.8."""
    id_ = client.create(colour="red")
    assert "colour" not in client("GET", f"/v1/tasks/{id_}")[1]["data"]


def test_a_patch_leaves_alone_what_it_does_not_name(client: Any) -> None:
    id_ = client.create("x", priority=2, tags=["a"], groupId=5, timeEstimate=60)
    data = client("PATCH", f"/v1/tasks/{id_}", {"title": "y"})[1]["data"]
    assert (data["title"], data["priority"], data["groupId"]) == ("y", "2", "5")
    assert data["timeEstimate"] == "60"
    assert client.ids("filter[tags]=a") == [id_]


def test_an_empty_patch_is_refused(client: Any) -> None:
    """Contract 2.3: the text of the layer below."""
    id_ = client.create()
    for body in ({}, {"colour": "red"}):
        status, answer = client("PATCH", f"/v1/tasks/{id_}", body)
        assert (status, answer["error"]["code"]) == (400, "BITRIX_ERROR")


@pytest.mark.parametrize("empty", [None, ""])
def test_a_date_is_cleared_by_null_and_by_the_empty_text(client: Any, empty: Any) -> None:
    """Contract 8.3: both pass through the layers below."""
    id_ = client.create(deadline="2026-05-19T18:00:00+03:00")
    data = client("PATCH", f"/v1/tasks/{id_}", {"deadline": empty})[1]["data"]
    assert data["deadline"] is None


def test_everything_else_can_be_cleared(client: Any) -> None:
    parent = client.create()
    lists = {"accomplices": [2], "auditors": [3], "tags": ["a"]}
    id_ = client.create(parentId=parent, groupId=5, timeEstimate=60, description="x", **lists)
    empty = {"parentId": 0, "groupId": 0, "timeEstimate": 0, "description": ""}
    data = client("PATCH", f"/v1/tasks/{id_}", {**empty, **{name: [] for name in lists}})[1]["data"]
    assert (data["parentId"], data["groupId"], data["timeEstimate"]) == (None, "0", "0")
    assert (data["accomplices"], data["auditors"], data["description"]) == ([], [], "")
    assert client.ids("filter[tags]=a") == []


def test_lists_replace_and_repeats_count_once(client: Any) -> None:
    id_ = client.create(accomplices=[2, 3, 2, "5"], tags=["b", "a", "b", " "])
    row = client.rows(f"filter[id]={id_}&select=accomplices,tags")[0]
    assert row["accomplices"] == ["2", "3", "5"]
    assert sorted(tag["title"] for tag in row["tags"].values()) == ["a", "b"]
    client("PATCH", f"/v1/tasks/{id_}", {"tags": "c, d"})
    row = client.rows(f"filter[id]={id_}&select=tags")[0]
    assert [tag["title"] for tag in row["tags"].values()] == ["c", "d"]


def test_an_instant_without_an_offset_is_the_portals_time(client: Any) -> None:
    """Contract 8.2."""
    id_ = client.create(deadline="2026-05-19T18:00:00")
    data = client("GET", f"/v1/tasks/{id_}")[1]["data"]
    assert data["deadline"] == "2026-05-19T18:00:00+03:00"


def test_an_instant_is_converted_to_the_portals_zone(client: Any) -> None:
    id_ = client.create(deadline="2026-05-19T17:00:00.5+02:00")
    data = client("GET", f"/v1/tasks/{id_}")[1]["data"]
    assert data["deadline"] == "2026-05-19T18:00:00+03:00"


def test_no_task_is_its_own_ancestor(client: Any) -> None:
    a = client.create()
    b = client.create(parentId=a)
    c = client.create(parentId=b)
    answer = client("PATCH", f"/v1/tasks/{a}", {"parentId": c})[1]
    assert answer["error"]["message"] == "Creating cyclic links in tasks is prohibited"
    answer = client("PATCH", f"/v1/tasks/{a}", {"parentId": a})[1]
    assert answer["error"]["message"] == "Cannot bind the node to itself"


@pytest.mark.parametrize("status", range(1, 8))
def test_every_status_of_the_seeds_is_taken(client: Any, status: int) -> None:
    id_ = client.create()
    data = client("PATCH", f"/v1/tasks/{id_}", {"status": status})[1]["data"]
    assert data["status"] == str(status)
    assert (data["closedDate"] is not None) is (status in {5, 6})


def test_closed_date_follows_the_transitions(client: Any, time: Any) -> None:
    """Seed: set on the way to 5 or 6; gone when the task is opened again (INFERRED)."""
    id_ = client.create(status=5)

    def closed(**fields: Any) -> Any:
        time.at += 60
        return client("PATCH", f"/v1/tasks/{id_}", fields)[1]["data"]["closedDate"]

    first = client("GET", f"/v1/tasks/{id_}")[1]["data"]["closedDate"]
    assert first is not None
    assert closed(status=5, title="still closed") == first
    assert closed(status=6) > first
    assert closed(status=3) is None
    assert client("GET", f"/v1/tasks/{id_}")[1]["data"]["dateStart"] is not None


def test_a_new_responsible_resets_the_status(client: Any) -> None:
    """Contract 8.5, INFERRED; and not when the same PATCH says which status it wants."""
    id_ = client.create(status=3)
    patch = f"/v1/tasks/{id_}"
    assert client("PATCH", patch, {"responsibleId": 22})[1]["data"]["status"] == "2"
    both = {"responsibleId": 1, "status": 3}
    assert client("PATCH", patch, both)[1]["data"]["status"] == "3"
    assert client("PATCH", patch, {"responsibleId": 1})[1]["data"]["status"] == "3"
