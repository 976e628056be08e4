"""What is answered is held against what was sent: a wrong id would be another task for ever."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tasksync.core.change import Change, FieldChange, Status
from tasksync.portal.messages import PortalAnswer

DONE, FAILED, DOUBT = Status.DONE, Status.FAILED, Status.IN_DOUBT


def batch_of(say: Any, results: Any, errors: Any = ()) -> PortalAnswer:
    return say.ok({"results": results, "errors": dict(errors)})


def states(found: Any) -> dict[str, Status]:
    return {key: one.status for key, one in found.items()}


def test_swapped_results_of_creates_are_in_doubt(bench, say):
    """The right ids under each other's call ids: never an entry of the wrong task."""
    rows = {
        "c0": {"id": "101", "title": "b", "responsibleId": "1"},
        "c1": {"id": "100", "title": "a", "responsibleId": "1"},
        "c2": {"id": "102", "title": "c", "responsibleId": "1"},
    }
    setup = bench(batch_of(say, rows))
    found = setup.perform(*(say.create(name) for name in "abc"))
    assert states(found) == {"a": DOUBT, "b": DOUBT, "c": DONE}
    assert "101" in found["a"].message
    assert setup.portal.requests == 1


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize(
    ("row", "status"),
    [
        ({"title": "a", "responsibleId": "1"}, DONE),
        ({"title": "a"}, DONE),
        ({}, DONE),
        ({"TITLE": " a\r\n", "RESPONSIBLE_ID": 1}, DONE),
        ({"title": "b"}, DOUBT),
        ({"title": ""}, DOUBT),
        ({"title": "a", "responsibleId": "2"}, DOUBT),
    ],
)
def test_a_create_is_done_only_as_it_was_sent(bench, say, alone, row, status):
    """Title and responsible, as far as the portal answers them (design 5)."""
    name = "ID" if "TITLE" in row else "id"
    answer = {name: "100", **row}
    if alone:
        found = bench(say.ok(answer, 201)).perform(say.create("a"))
    else:
        results = {"c0": answer, "c1": {"id": "101"}}
        found = bench(batch_of(say, results)).perform(say.create("a"), say.create("z"))
        assert found["z"].status is DONE
    assert (found["a"].status, found["a"].id) == (status, 100 if status is DONE else None)


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        ("Caf\u00e9 & Co", "Cafe\u0301 &amp; Co"),
        ("Ship it \U0001f680 now", "Ship it  now"),
        ("Ship it \U0001f680 now", "Ship it"),
        ("Ship it \U0001f680 now", "Ship it ? now"),
        (" outer ", "outer"),
    ],
)
def test_a_title_that_the_portal_normalised_is_the_same_task(bench, say, sent, answered):
    """Entities, normal forms, blanks, and characters that it cannot hold."""
    answer = say.ok({"id": 9, "title": answered, "responsibleId": 1}, 201)
    assert bench(answer).perform(say.create("k", title=sent))["k"].status is DONE


@pytest.mark.parametrize("learnt", ["find", "newest", "newer", "by id", "made"])
@pytest.mark.parametrize("remote", [69, 70, 71])
def test_an_id_that_was_there_before_is_no_new_task(bench, say, learnt, remote):
    """Whatever showed the highest id in this run."""
    row = {"id": "70", "title": "old", "tags": [say.marker]}
    answers = {
        "find": [say.ok([row]), say.ok([])],
        "newest": [say.ok([row])],
        "newer": [say.ok([row]), say.ok([])],
        "by id": [batch_of(say, {"t70": [row]})],
        "made": [say.ok({"id": 70})],
    }[learnt]
    setup = bench(*answers, say.ok({"id": str(remote)}, 201))
    if learnt == "find":
        list(setup.portal.find(say.marker, ()))
    elif learnt == "newest":
        setup.portal.newest()
    elif learnt == "newer":
        list(setup.portal.newer(say.marker, 3))
    elif learnt == "by id":
        list(setup.portal.find(None, [70]))
    else:
        setup.perform(say.create("first"))
    found = setup.perform(say.create("a"))["a"]
    assert found.status is (DONE if remote > 70 else DOUBT)
    assert found.status is DONE or "no new one" in found.message


def test_two_requests_in_flight_may_share_out_the_ids(bench, say):
    """An answer is held against what was known when its own request left."""
    setup = bench(say.made, parallelism=2)
    found = setup.perform(*(say.create(f"k{n}") for n in range(300)))
    assert {one.status for one in found.values()} == {DONE}
    assert len({one.id for one in found.values()}) == 300


class Tasks:
    """A portal whose PATCH answers another task's row; `works`: whether it does them."""

    def __init__(self, say: Any, *, works: bool) -> None:
        self.say, self.works = say, works
        self.titles = {7: "old", 8: "old"}
        self.patches = 0

    def __call__(self, request: Any) -> PortalAnswer:
        """Answer a PATCH, a batch of them, or a batch of reads."""
        if request.method == "PATCH":
            self.patches += 1
            self._patch(int(request.path.rsplit("/", 1)[1]), orjson.loads(request.body))
            return self.say.ok({"id": "99", "title": "whose?"})
        results: dict[str, Any] = {}
        for call in orjson.loads(request.body)["calls"]:
            if call["action"] == "update":
                self.patches += 1
                self._patch(call["entityId"], call["params"])
                results[call["id"]] = {"id": str(15 - call["entityId"]), "title": "whose?"}
            else:
                remote = call.get("entityId") or call["params"]["filter"]["id"]
                row = {"id": remote, "title": self.titles[remote], "tags": []}
                results[call["id"]] = [row] if call["action"] == "list" else row
        return batch_of(self.say, results)

    def _patch(self, remote: int, body: Any) -> None:
        if self.works:
            self.titles[remote] = body["title"]


def retitled(say: Any, key: str, remote: int) -> Change:
    change = say.update(key, remote, title="new")
    return Change(
        change.key,
        change.action,
        change.reason,
        change.id,
        fields=(FieldChange("title", "old", "new"),),
    )


@pytest.mark.parametrize("count", [1, 2])
def test_another_tasks_row_is_no_answer_to_a_patch(bench, say, count):
    """It is looked up; what is not there is sent once more, and then has failed."""
    changes = [retitled(say, key, remote) for key, remote in (("a", 7), ("b", 8))][:count]
    world = Tasks(say, works=True)
    found = bench(world).perform(*changes)
    assert {one.status for one in found.values()} == {DONE}
    assert {one.found.fields["title"] for one in found.values()} == {"new"}
    assert world.patches == count
    world = Tasks(say, works=False)
    found = bench(world).perform(*changes)
    assert {one.status for one in found.values()} == {FAILED}
    assert world.patches == 2 * count
    assert "another task" in found["a"].message


IRREGULAR = [None, {}, [], "", "deleted", 1, {"deleted": True}, {"id": "999"}, {"id": None}]


@pytest.mark.parametrize("irregular", IRREGULAR, ids=str)
@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("count", [1, 3])
def test_a_delete_is_believed_only_by_true_or_its_own_id(bench, say, irregular, there, count):
    """A batch that answers nothing proves nothing: each is looked up."""

    def portal(request: Any) -> PortalAnswer:
        if request.method == "DELETE":
            return say.ok(irregular)
        calls = orjson.loads(request.body)["calls"]
        if calls[0]["action"] == "delete":
            return batch_of(say, {call["id"]: irregular for call in calls})
        assert {call["action"] for call in calls} == {"get"}
        rows = {call["id"]: {"id": call["entityId"]} if there else None for call in calls}
        return batch_of(say, rows)

    setup = bench(portal)
    found = setup.perform(*(say.delete(f"k{n}", 7 + n) for n in range(count)))
    assert {one.status for one in found.values()} == {FAILED if there else DONE}
    assert setup.portal.requests == 2


@pytest.mark.parametrize("good", [True, "own id", "own task"])
def test_a_delete_that_is_answered_is_not_looked_up(bench, say, good):
    """`true`, or the id of the task."""

    def row(remote: int) -> Any:
        return {"own id": {"id": str(remote)}, "own task": {"task": {"id": remote}}}.get(good, good)

    answer = batch_of(say, {"c0": row(7), "c1": row(8)})
    setup = bench(answer)
    found = setup.perform(say.delete("a", 7), say.delete("b", 8))
    assert {one.status for one in found.values()} == {DONE}
    assert setup.portal.requests == 1


def test_swapped_answers_of_deletes_are_looked_up(bench, say):
    """Whichever task they name."""
    swapped = batch_of(say, {"c0": {"id": "8"}, "c1": {"id": "7"}})
    looked = batch_of(say, {"t7": [], "t8": {"id": "8"}})
    found = bench(swapped, looked).perform(say.delete("a", 7), say.delete("b", 8))
    assert states(found) == {"a": DONE, "b": FAILED}


def test_a_row_that_cannot_be_read_holds_up_no_other(bench, say):
    """It is there, named by its field; rows whose tags are irregular must not pass for absent."""
    rows = [
        {"id": "1", "title": "x", "tags": [say.marker]},
        {"id": "2", "title": "x", "tags": [say.marker], "deadline": "soon"},
        {"id": "3", "title": "x", "tags": 5},
        {"id": "4", "title": "x"},
    ]
    found = list(bench(say.ok(rows), say.ok([])).portal.find(say.marker, [3, 4]))
    assert [one.id for one in found] == [1, 2, 3, 4]
    assert [one.unreadable.split(":")[0] for one in found] == ["", "deadline", "tags", "tags"]
