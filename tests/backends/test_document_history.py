"""What runs did beside one document: objects in S3, the last run in a document of http.

That it cannot be kept, or is too much, is said; the run is saved all the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from os import urandom
from typing import Any
from urllib.parse import urlsplit

import httpstate
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from stores import ANNA, BORIS, TTL, HandClock, change, counted_ids, entry, run
from worlds import PROJECT, client

from tasksync.backends import document_history
from tasksync.backends.document import DocumentStore
from tasksync.backends.http import open_http
from tasksync.backends.leases import nobody
from tasksync.backends.s3 import open_s3
from tasksync.core.state import Lease, StateDelta
from tasksync.errors import StateError, StateLocked, StateMoved

DENIED = ClientError(
    {
        "Error": {"Code": "AccessDenied", "Message": "no"},
        "ResponseMetadata": {"HTTPStatusCode": 403},  # type: ignore[typeddict-item]
    },
    "PutObject",
)
AWAY = EndpointConnectionError(endpoint_url="http://s3.example")


class Watched:
    """A client of the S3 server; `deny` raises what is asked of objects beside the state."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.asked: list[tuple[str, str]] = []
        self.deny: dict[str, Exception] = {}

    def __getattr__(self, verb: str) -> Callable[..., object]:
        def ask(**words: Any) -> object:
            key = words["Key"]
            self.asked.append((verb, key))
            if key != "s.json" and verb in self.deny:
                raise self.deny[verb]
            return getattr(self.inner, verb)(**words)

        return ask

    def of_runs(self) -> list[tuple[str, str]]:
        """Return what was asked of objects beside the state, and forget it."""
        told = [one for one in self.asked if one[1] != "s.json"]
        self.asked.clear()
        return told


class Bucket:
    """A bucket of its own with clients that are watched."""

    def __init__(self, endpoint: str) -> None:
        self.name = f"h{urandom(4).hex()}"
        self.outside = client(endpoint)
        self.outside.create_bucket(Bucket=self.name)
        self.wire = Watched(self.outside)
        self.told: list[str] = []
        self.clock = HandClock()
        self._url = f"s3://{self.name}/s.json?endpoint={endpoint}&region=us-east-1"

    def store(self) -> DocumentStore:
        """Return a client."""
        ids = counted_ids(urandom(3).hex())
        store = open_s3(
            self._url, PROJECT, clock=self.clock, ids=ids, gone=nobody, tell=self.told.append
        )
        store._remote._made = self.wire  # type: ignore[attr-defined]
        return store

    def objects(self) -> list[str]:
        """Return the keys of all objects beside the state."""
        found = self.outside.list_objects_v2(Bucket=self.name).get("Contents", [])
        return [one["Key"] for one in found if one["Key"] != "s.json"]


@pytest.fixture
def bucket(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return Bucket(s3_endpoint)


def did(store: DocumentStore, lease: Lease, name: str, *keys: str) -> None:
    """Have a run begin, do something in a batch for each key, and end."""
    store.commit(StateDelta(run=run(name, outcome="started")), lease)
    for key in keys:
        store.commit(StateDelta(put=(entry(key, 7),), recorded=(change(name, key),)), lease)
    store.commit(StateDelta(run=run(name, outcome="complete")), lease)


def test_one_object_a_run_is_written_when_it_ends_and_never_before(bucket: Bucket) -> None:
    store = bucket.store()
    lease = store.acquire(ANNA, TTL)
    store.commit(StateDelta(run=run("r", outcome="started")), lease)
    for key in "abc":
        store.commit(StateDelta(put=(entry(key, 7),), recorded=(change("r", key),)), lease)
        store.renew(lease)
    assert bucket.wire.of_runs() == []
    store.commit(StateDelta(run=run("r", outcome="complete")), lease)
    store.commit(StateDelta(put=(entry("d", 8),)), lease)
    store.release(lease)
    assert bucket.wire.of_runs() == [("put_object", "s.json.runs/r.json")]
    body = bucket.outside.get_object(Bucket=bucket.name, Key="s.json.runs/r.json")["Body"].read()
    data = json.loads(body)
    assert (data["kind"], data["project"], data["run"]) == ("tasksync-run", PROJECT, "r")
    state = bucket.outside.get_object(Bucket=bucket.name, Key="s.json")["Body"].read()
    assert b"Old a" not in state
    assert bucket.told == []


def test_the_objects_of_runs_that_leave_go(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_history, "KEPT_HISTORY_RUNS", 3)
    store = bucket.store()
    lease = store.acquire(ANNA, TTL)
    for number in range(5):
        did(store, lease, f"r{number}", "a")
        assert len(bucket.objects()) <= 3
    assert bucket.objects() == [f"s.json.runs/r{number}.json" for number in (2, 3, 4)]
    gone = [one for one in bucket.wire.of_runs() if one[0] == "delete_object"]
    assert [key for _verb, key in gone] == ["s.json.runs/r0.json", "s.json.runs/r1.json"]


@pytest.mark.parametrize("name", ["../../s.json", "a/b", "ж" * 255, "", "x" * 65, "~", "%2e"])
def test_whatever_a_run_is_called_it_is_one_object_beside_the_state(
    bucket: Bucket, name: str
) -> None:
    """A state that was pushed may name its runs so."""
    store = bucket.store()
    lease = store.acquire(ANNA, TTL)
    did(store, lease, name, "a")
    did(store, lease, "other", "b")
    assert store.recorded(name) == (change(name, "a"),)
    assert len(bucket.objects()) == 2
    for key in bucket.objects():
        assert key.startswith("s.json.runs/")
        assert key.isascii()
        assert key.count("/") == 1


@pytest.mark.parametrize(
    ("error", "words"),
    [(DENIED, "s3:PutObject and s3:DeleteObject"), (AWAY, "Is the server there?")],
    ids=["denied", "away"],
)
def test_a_run_whose_object_cannot_be_put_is_done_and_that_is_said(
    bucket: Bucket, error: Exception, words: str
) -> None:
    bucket.wire.deny["put_object"] = error
    store = bucket.store()
    lease = store.acquire(ANNA, TTL)
    did(store, lease, "r", "a", "b")
    (note,) = [one for one in bucket.told if one.startswith("What this run did is not kept")]
    assert words in note
    assert "\n" not in note
    assert bucket.clock.time[0] - 1000 < 10  # nobody waits a minute for it
    bucket.wire.deny.clear()
    state = bucket.store().load()
    assert (state.runs[-1].outcome, sorted(state.index)) == ("complete", ["a", "b"])
    assert bucket.store().recorded("r") is None
    store.commit(StateDelta(recorded=(change("r", "c"),)), lease)  # all of it is known here
    assert bucket.store().recorded("r") == tuple(change("r", key) for key in "abc")


def test_what_is_found_of_a_run_whose_object_is_missing_does_not_pass_for_all_that_it_did(
    bucket: Bucket,
) -> None:
    bucket.wire.deny["put_object"] = DENIED
    store = bucket.store()
    lease = store.acquire(ANNA, TTL)
    store.commit(StateDelta(run=run("r", outcome="started"), recorded=(change("r", "a"),)), lease)
    store.commit(StateDelta(run=run("r", outcome="partial", counts={"update": 1})), lease)
    store.release(lease)
    bucket.wire.deny.clear()
    other = bucket.store()
    lease = other.acquire(BORIS, TTL)
    other.commit(StateDelta(recorded=(change("r", "b", "create"),)), lease)
    assert (other.recorded("r"), bucket.objects()) == (None, [])


def test_a_missing_right_to_delete_is_said_and_what_is_too_old_is_not_shown(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document_history, "KEPT_HISTORY_RUNS", 1)
    bucket.wire.deny["delete_object"] = DENIED
    store = bucket.store()
    lease = store.acquire(ANNA, TTL)
    did(store, lease, "r0", "a")
    did(store, lease, "r1", "b")
    (note,) = bucket.told
    assert note.startswith("What an old run did is still there, though it should go.")
    assert "s3:DeleteObject" in note
    assert bucket.objects() == ["s.json.runs/r0.json", "s.json.runs/r1.json"]
    assert store.recorded("r0") is None
    assert store.recorded("r1") == (change("r1", "b"),)
    assert store.load().runs[-1].outcome == "complete"


def test_a_missing_right_to_read_is_an_error_of_history_alone(bucket: Bucket) -> None:
    store = bucket.store()
    lease = store.acquire(ANNA, TTL)
    did(store, lease, "r", "a")
    bucket.wire.deny["get_object"] = DENIED
    with pytest.raises(StateError, match="Could not read what a run did beside the state s3://"):
        store.recorded("r")
    other = bucket.store()
    store.release(lease)
    lease = other.acquire(BORIS, TTL)
    other.commit(StateDelta(put=(entry("b", 8),), recorded=(change("r", "b"),)), lease)
    assert [one[:30] for one in bucket.told] == ["What this run did is not kept,"]
    assert sorted(other.load().index) == ["a", "b"]


def test_whoever_lost_the_lease_writes_no_object(bucket: Bucket) -> None:
    anna, boris = bucket.store(), bucket.store()
    lease = anna.acquire(ANNA, TTL)
    anna.commit(StateDelta(run=run("r", outcome="started"), recorded=(change("r", "a"),)), lease)
    with pytest.raises(StateLocked):
        boris.acquire(BORIS, TTL)
    bucket.clock.sleep(TTL + 1)
    boris.acquire(BORIS, TTL)
    with pytest.raises(StateMoved):
        anna.commit(StateDelta(run=run("r", outcome="complete")), lease)
    assert bucket.wire.of_runs() == []


@pytest.fixture
def server() -> Iterator[httpstate.Server]:
    with httpstate.Server() as made:
        yield made


def served(server: httpstate.Server, told: list[str] | None = None) -> DocumentStore:
    ids = counted_ids(urandom(3).hex())
    said = [] if told is None else told
    return open_http(
        server.url, PROJECT, clock=HandClock(), ids=ids, gone=nobody, env={}, tell=said.append
    )


def document(server: httpstate.Server) -> bytes:
    return server.states.documents[urlsplit(server.url).path]


def test_the_last_run_is_written_with_the_commit_that_ends_it(server: httpstate.Server) -> None:
    store = served(server)
    lease = store.acquire(ANNA, TTL)
    store.commit(StateDelta(run=run("r", outcome="started")), lease)
    store.commit(StateDelta(recorded=(change("r", "a"),)), lease)
    assert b"Old a" not in document(server)
    writes = len(server.states.asked)
    store.commit(StateDelta(run=run("r", outcome="complete")), lease)
    assert len(server.states.asked) == writes + 1
    assert json.loads(document(server))["recorded"]["run"] == "r"
    assert "recorded" not in json.loads(document(server))["state"]


def test_more_than_a_mebibyte_is_not_kept_and_that_is_said(server: httpstate.Server) -> None:
    told: list[str] = []
    store = served(server, told)
    lease = store.acquire(ANNA, TTL)
    did(store, lease, "small", "a")
    store.commit(StateDelta(run=run("large", outcome="started")), lease)
    for part in range(8):
        many = tuple(change("large", f"{part}/{n}/{'x' * 150}") for n in range(300))
        store.commit(StateDelta(recorded=many), lease)
    assert len(document(server)) < document_history.LONGEST
    store.commit(StateDelta(run=run("large", outcome="complete")), lease)
    (note,) = told
    assert note.startswith("What this run did is not kept")
    assert note.endswith("it is longer than 1 MiB.")
    assert len(document(server)) < 10_000
    again = served(server)
    assert again.load().runs[-1].outcome == "complete"
    assert [again.recorded(name) for name in ("small", "large")] == [None, None]


def test_what_makes_a_document_too_long_for_its_server_is_left_out(
    server: httpstate.Server,
) -> None:
    told: list[str] = []
    store = served(server, told)
    lease = store.acquire(ANNA, TTL)
    store.commit(StateDelta(run=run("r", outcome="started")), lease)
    many = tuple(change("r", f"k{n}") for n in range(300))
    store.commit(StateDelta(put=(entry("a", 1),), recorded=many), lease)
    server.states.always[413] = 8_000
    store.commit(StateDelta(run=run("r", outcome="complete")), lease)
    (note,) = told
    assert note.startswith("What the last run did is no longer kept. With it: Could not save")
    assert "413" in note
    again = served(server)
    assert again.load().runs[-1].outcome == "complete"
    assert again.recorded("r") is None
    server.states.always[413] = 100  # now the state itself
    with pytest.raises(StateError, match="413"):
        store.commit(StateDelta(put=(entry("b", 2),)), lease)


def test_a_record_that_grew_too_long_meanwhile_is_left_out_of_a_later_batch(
    server: httpstate.Server,
) -> None:
    told: list[str] = []
    store = served(server, told)
    lease = store.acquire(ANNA, TTL)
    did(store, lease, "r", *(f"k{n}" for n in range(20)))
    assert store.recorded("r")
    server.states.always[413] = len(document(server)) + 100
    many = tuple(entry(f"n{n}", 100 + n) for n in range(20))
    store.commit(StateDelta(put=many), lease)
    assert [one[:42] for one in told] == ["What the last run did is no longer kept. W"]
    assert len(served(server).load().index) == 40
    assert store.recorded("r") is None


@pytest.mark.parametrize("torn", [[], "r", {"run": "r"}, {"run": "r", "changes": [7]}])
def test_a_record_that_is_torn_is_named_and_nothing_else_is_held_up(
    server: httpstate.Server, torn: object
) -> None:
    """A list for an object is no document of ours at all."""
    store = served(server)
    lease = store.acquire(ANNA, TTL)
    did(store, lease, "r", "a")
    store.release(lease)
    data = {**json.loads(document(server)), "recorded": torn}
    server.states.documents[urlsplit(server.url).path] = json.dumps(data).encode()
    store = served(server)
    with pytest.raises(StateError, match="cannot be read"):
        store.recorded("r")
    if isinstance(torn, dict):
        lease = store.acquire(ANNA, TTL)
        store.commit(StateDelta(recorded=(change("r", "b"),)), lease)
        did(store, lease, "s", "b")
        assert store.recorded("s") == (change("s", "b"),)
