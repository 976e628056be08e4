"""What S3 and http share: lost answers, wrong clocks, torn documents, servers that cannot."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from os import urandom
from typing import Any
from urllib.parse import urlsplit

import httpstate
import pytest
from cutting import Cut, Wire
from stores import ANNA, BORIS, TTL, HandClock, batch, counted_ids, entry, keys
from worlds import PROJECT, client, one_client

from tasksync.backends.document import DocumentStore
from tasksync.backends.document_format import StateDocument, encode
from tasksync.backends.http import HttpDocument, addresses, open_http
from tasksync.backends.leases import Gone, nobody
from tasksync.backends.patience import TRIES, Tell
from tasksync.backends.remote_document import Copy, Other, Overtaken
from tasksync.backends.s3 import S3Document, open_s3
from tasksync.core.formats.state_json import encode_state
from tasksync.core.state import FORMAT_VERSION, Lease, State, StateDelta
from tasksync.errors import (
    SettingsError,
    StateError,
    StateForeign,
    StateLocked,
    StateMoved,
    StateUnreadable,
)

Make = Callable[..., DocumentStore]


class Place:
    """One document on a real server, with a wire to it that can be cut, seen from outside too."""

    def __init__(self, make: Make, wire: Wire, put: Callable[[bytes], None]) -> None:
        self.clock = HandClock()
        self.told: list[str] = []
        self.wire = wire
        self.put = put
        self._make = make

    def store(self, clock: HandClock | None = None) -> DocumentStore:
        """Return a client whose wire can be cut."""
        return self._make(clock or self.clock, self.wire.port, self.told.append)

    def direct(self, clock: HandClock | None = None) -> DocumentStore:
        """Return a client with a wire of its own."""
        return self._make(clock or self.clock, None, self.told.append)


@pytest.fixture(params=["s3", "http", "gitlab"])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    if request.param == "s3":
        yield from s3_place(request.getfixturevalue("s3_endpoint"))
    else:
        yield from http_place(gitlab=request.param == "gitlab")


def s3_place(endpoint: str) -> Iterator[Place]:
    bucket = f"b{urandom(4).hex()}"
    client(endpoint).create_bucket(Bucket=bucket)
    wire = Wire(urlsplit(endpoint).port or 0, b"PUT /")
    outside = client(endpoint)
    clients: dict[int | None, list[Any]] = {}

    def make(clock: HandClock, port: int | None, tell: Tell) -> DocumentStore:
        at = f"http://127.0.0.1:{port}" if port else endpoint
        url = f"s3://{bucket}/s.json?endpoint={at}&region=us-east-1"
        ids = counted_ids(urandom(3).hex())
        store = open_s3(url, PROJECT, clock=clock, ids=ids, gone=nobody, tell=tell)
        return one_client(store, clients.setdefault(port, []))

    def put(body: bytes) -> None:
        outside.put_object(Bucket=bucket, Key="s.json", Body=body)

    yield Place(make, wire, put)
    wire.close()


def http_place(*, gitlab: bool) -> Iterator[Place]:
    with httpstate.Server() as server:
        url = server.gitlab_url if gitlab else server.url
        wire = Wire(server.server_port, b"POST ")

        def make(clock: HandClock, port: int | None, tell: Tell) -> DocumentStore:
            at = url.replace(str(server.server_port), str(port)) if port else url
            ids = counted_ids(urandom(3).hex())
            return open_http(at, PROJECT, clock=clock, ids=ids, gone=nobody, tell=tell, env={})

        def put(body: bytes) -> None:
            server.states.documents[urlsplit(url).path] = body

        yield Place(make, wire, put)
        wire.close()


@pytest.mark.parametrize("cut", list(Cut))
def test_a_commit_whose_connection_is_lost_is_done_once(place: Place, cut: Cut) -> None:
    store = place.store()
    lease = store.acquire(ANNA, TTL)
    store.commit(StateDelta(put=(entry("a", 1),)), lease)
    place.wire.arm(cut)
    store.commit(StateDelta(put=(entry("b", 2),)), lease)
    assert place.wire.cuts == 1
    store.commit(StateDelta(put=(entry("c", 3),)), lease)
    state = place.direct().load()
    assert (state.serial, keys(state)) == (3, ["a", "b", "c"])


@pytest.mark.parametrize("cut", list(Cut))
def test_a_lease_whose_answer_was_lost_is_ours_all_the_same(place: Place, cut: Cut) -> None:
    store = place.store()
    place.wire.arm(cut)
    lease = store.acquire(ANNA, TTL)
    assert place.wire.cuts == 1
    with pytest.raises(StateLocked):
        place.direct().acquire(BORIS, TTL)
    place.wire.arm(cut)
    store.commit(StateDelta(put=(entry("a", 1),)), lease)
    place.wire.arm(cut)
    store.release(lease)
    assert place.direct().acquire(BORIS, TTL).fence == lease.fence + 1


def test_a_network_that_stays_away_is_said_and_the_state_is_whole(place: Place) -> None:
    store = place.store()
    lease = store.acquire(ANNA, TTL)
    began = place.clock.monotonic()
    place.wire.arm(*[Cut.BEFORE] * 200)
    with pytest.raises(StateError) as refused:
        store.commit(StateDelta(put=(entry("a", 1),)), lease)
    assert not isinstance(refused.value, StateMoved)
    assert TTL <= place.clock.monotonic() - began < TTL + 10
    place.wire.arm()
    assert place.direct().load().serial == 0
    store.commit(StateDelta(put=(entry("a", 1),)), lease)
    assert place.direct().load().serial == 1


def test_a_server_that_is_away_for_as_long_as_the_lease_lasts_is_waited_for(place: Place) -> None:
    store = place.store()
    lease = store.acquire(ANNA, TTL)
    began = place.clock.monotonic()
    place.wire.arm(*[Cut.BEFORE] * 14)
    store.commit(StateDelta(put=(entry("a", 1),)), lease)
    assert 40 < place.clock.monotonic() - began < TTL
    assert place.direct().load().serial == 1
    assert "Asking again, for up to" in place.told[0]


def test_every_heartbeat_is_written_so_that_whoever_watches_sees_it(place: Place) -> None:
    store = place.store()
    lease = store.acquire(ANNA, TTL)
    place.wire.arm(Cut.BEFORE)
    store.renew(lease)
    assert place.wire.cuts == 1


DOCUMENT = json.loads(encode(StateDocument(encode_state(State(PROJECT, "line", 4)), 9, 3)))


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"{", StateUnreadable),
        (b"\xff\xfe", StateUnreadable),
        (b"null", StateUnreadable),
        (b"[" * 100_000, StateUnreadable),  # a RecursionError of Python's reader
        (b"\xef\xbb\xbf" + b'{"state":' * 5_000, StateUnreadable),
        (json.dumps({**DOCUMENT, "version": 10**40}).encode(), StateUnreadable),
        (json.dumps({**DOCUMENT, "serial": "x" * 999_999}).encode(), StateUnreadable),
        (b'{"version": 4, "terraform_version": "1.11.4", "serial": 3}', StateUnreadable),
        (json.dumps({**DOCUMENT, "version": FORMAT_VERSION + 1}).encode(), StateUnreadable),
        (
            json.dumps(
                {**DOCUMENT, "state": {**DOCUMENT["state"], "version": FORMAT_VERSION + 1}}
            ).encode(),
            StateUnreadable,
        ),
        (json.dumps({**DOCUMENT, "fence": None}).encode(), StateUnreadable),
        (json.dumps({**DOCUMENT, "lease": {"id": 1}}).encode(), StateUnreadable),
        (
            json.dumps({**DOCUMENT, "state": {**DOCUMENT["state"], "project": "hr"}}).encode(),
            StateForeign,
        ),
    ],
    ids=[
        *("cut", "noise", "null", "deep", "deep behind a mark", "a long version", "a long serial"),
        *("terraform", "newer", "newer state", "fence", "lease", "project"),
    ],
)
def test_a_document_that_is_not_ours_is_refused_and_left(
    place: Place, content: bytes, fault: type[StateError]
) -> None:
    place.put(content)
    for use in (
        lambda store: store.load(),
        lambda store: store.acquire(BORIS, TTL),
        lambda store: store.holder(),
        lambda store: store.unlock("any"),
    ):
        with pytest.raises(fault) as refused:
            use(place.direct())
        assert len(str(refused.value)) < 1000
    place.put(json.dumps(DOCUMENT).encode())
    store = place.direct()
    assert (store.load().lineage, store.load().serial) == ("line", 4)
    assert store.acquire(BORIS, TTL).fence == 4


class OneDocument:
    """A server in memory that can be told to misbehave."""

    where = "memory"

    def __init__(self, *, conditional: bool = True) -> None:
        self.conditional = conditional
        self.body: bytes | None = None
        self.tag = 0

    def read(self) -> Copy | None:
        """The document."""
        return Copy(self.body, str(self.tag)) if self.body else None

    def write(self, body: bytes, over: str | None, _lease_id: str) -> str:
        """Take a document, over the one that is named if it is to look at that."""
        if self.conditional and over != (str(self.tag) if self.body else None):
            raise Overtaken("no")
        self.body, self.tag = body, self.tag + 1
        return str(self.tag)

    def lock(self, _asked: Lease) -> Other | None:
        """There are no locks."""

    def unlock(self, _lease_id: str) -> bool:
        """There are no locks."""
        return False


def test_a_document_cut_off_at_any_byte_is_refused_and_left() -> None:
    remote = OneDocument()
    store = DocumentStore(remote, PROJECT, clock=HandClock(), ids=counted_ids())
    store.commit(StateDelta(put=(entry("a", 1),)), store.acquire(ANNA, TTL))
    whole_document = remote.body or b""
    for size in range(1, len(whole_document)):
        remote.body = whole_document[:size]
        with pytest.raises(StateUnreadable):
            store.load()
        with pytest.raises(StateUnreadable):
            store.acquire(BORIS, TTL)
        assert remote.body == whole_document[:size]


def test_a_server_that_checks_no_lock_ids_still_fences_a_late_holder_off() -> None:
    """Before half of the ttl has gone by nobody can have taken over; after it we look again."""
    remote, clock = OneDocument(conditional=False), HandClock()
    anna = DocumentStore(remote, PROJECT, clock=clock, ids=counted_ids("a"))
    boris = DocumentStore(remote, PROJECT, clock=clock, ids=counted_ids("b"))
    lease = anna.acquire(ANNA, TTL)
    clock.sleep(TTL + 1)
    boris.acquire(BORIS, TTL)
    with pytest.raises(StateMoved):
        anna.commit(StateDelta(put=(entry("a", 1),)), lease)


class Careless:
    """A client of an S3 server that ignores some of the conditions."""

    def __init__(self, inner: Any, *ignored: str) -> None:
        self.inner = inner
        self.ignored = ignored
        self.puts = 0

    def put_object(self, **asked: object) -> object:
        """Put, without the conditions that are ignored."""
        self.puts += 1
        for name in self.ignored:
            asked.pop(name, None)
        return self.inner.put_object(**asked)

    def get_object(self, **asked: object) -> object:
        """Get."""
        return self.inner.get_object(**asked)


BOTH = ("IfMatch", "IfNoneMatch")


@pytest.fixture
def careless(
    s3_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[DocumentStore, Careless]]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    bucket = f"careless{urandom(4).hex()}"
    inner = client(s3_endpoint)
    inner.create_bucket(Bucket=bucket)
    url = f"s3://{bucket}/s.json?endpoint={s3_endpoint}&region=us-east-1"

    def make(*ignored: str) -> tuple[DocumentStore, Careless]:
        ids = counted_ids(urandom(3).hex())
        store = open_s3(url, PROJECT, clock=HandClock(), ids=ids, gone=nobody)
        remote: Any = store._remote
        remote._made = Careless(inner, *ignored)
        return store, remote._made

    return make


@pytest.mark.parametrize(
    ("ignored", "named"),
    [(BOTH, "If-None-Match"), (("IfNoneMatch",), "If-None-Match"), (("IfMatch",), "If-Match")],
)
@pytest.mark.parametrize("there", [False, True], ids=["no state", "a state"])
def test_an_s3_that_ignores_a_condition_is_refused_and_loses_nothing(
    careless: Callable[..., tuple[DocumentStore, Careless]],
    ignored: tuple[str, ...],
    named: str,
    *,
    there: bool,
) -> None:
    good, _ = careless()
    if there:
        lease = good.acquire(ANNA, TTL)
        good.commit(StateDelta(put=(entry("a", 1),)), lease)
        good.release(lease)
    before = good.load()
    store, _ = careless(*ignored)
    with pytest.raises(StateError, match=f"know {named}") as refused:
        store.acquire(BORIS, TTL)
    assert not isinstance(refused.value, StateLocked)
    assert "PostgreSQL" in refused.value.advice
    after = careless()[0].load()
    assert (before.serial, keys(before)) == (after.serial, keys(after))


def test_an_s3_that_honours_both_conditions_is_proven_once(
    careless: Callable[..., tuple[DocumentStore, Careless]],
) -> None:
    store, wire = careless()
    lease = store.acquire(ANNA, TTL)
    assert wire.puts == 3
    store.commit(StateDelta(put=(entry("a", 1),)), lease)
    store.release(lease)
    again = store.acquire(ANNA, TTL)
    assert wire.puts == 6
    assert again.fence == lease.fence + 1


@pytest.mark.parametrize(
    "url",
    [
        "s3://bucket",
        "s3://bucket/",
        "s3:///key",
        "s3://bucket/folder/",
        "s3://bucket/key?password=s3cret",
    ],
)
def test_an_s3_url_without_an_object_is_refused(url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        S3Document(url)
    assert "s3cret" not in str(refused.value)


def test_a_missing_bucket_is_said_with_what_to_do(
    s3_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    url = f"s3://nowhere/s.json?endpoint={s3_endpoint}&region=us-east-1"
    store = open_s3(url, PROJECT, clock=HandClock(), ids=counted_ids(), gone=lambda _who: False)
    with pytest.raises(StateError) as refused:
        store.acquire(ANNA, TTL)
    assert "Make the bucket first" in refused.value.advice


@pytest.fixture
def server() -> Iterator[httpstate.Server]:
    with httpstate.Server() as made:
        yield made


def http_store(
    url: str,
    env: dict[str, str] | None = None,
    clock: HandClock | None = None,
    gone: Gone = nobody,
) -> DocumentStore:
    ids = counted_ids(urandom(3).hex())
    return open_http(url, PROJECT, clock=clock or HandClock(), ids=ids, gone=gone, env=env or {})


def test_credentials_come_from_the_environment_and_are_never_said(
    server: httpstate.Server,
) -> None:
    server.states.credentials = ("anna", "s3crét")
    env = {"TASKSYNC_HTTP_USERNAME": "anna", "TASKSYNC_HTTP_PASSWORD": "s3crét"}
    store = http_store(server.url, env)
    store.commit(StateDelta(put=(entry("a", 1),)), store.acquire(ANNA, TTL))
    assert store.load().serial == 1
    bad = http_store(server.url, {**env, "TASKSYNC_HTTP_PASSWORD": "wr0ng"})
    with pytest.raises(StateError, match="401") as refused:
        bad.load()
    assert "TASKSYNC_HTTP_PASSWORD" in refused.value.advice
    assert "wr0ng" not in str(refused.value)


def test_credentials_in_the_url_are_taken_out_of_it(server: httpstate.Server) -> None:
    server.states.credentials = ("anna", "s3/cret")
    url = server.url.replace("http://", "http://anna:s3%2Fcret@")
    assert http_store(url).load().serial == 0
    server.states.faults = [400]
    with pytest.raises(StateError) as refused:
        http_store(url).load()
    assert "s3" not in str(refused.value)


def test_gitlab_s_way_of_locking_is_found_by_its_address() -> None:
    url = "https://gitlab.example/api/v4/projects/7/terraform/state/finance"
    at = addresses(url, {})
    assert (at.lock, at.unlock) == (f"{url}/lock", f"{url}/lock")
    assert (at.lock_method, at.unlock_method) == ("POST", "DELETE")
    other = addresses(
        "https://host/s",
        {
            "TASKSYNC_HTTP_LOCK_ADDRESS": "https://host/l",
            "TASKSYNC_HTTP_UNLOCK_METHOD": "PUT",
        },
    )
    assert other == (
        "https://host/s",
        "https://host/l",
        "https://host/l",
        "LOCK",
        "PUT",
    )


@pytest.mark.parametrize("conflict", [423, 409])
def test_both_words_for_a_lock_that_is_taken_are_understood(
    server: httpstate.Server, conflict: int
) -> None:
    server.states.conflict = conflict
    http_store(server.url).acquire(ANNA, TTL)
    with pytest.raises(StateLocked) as refused:
        http_store(server.url).acquire(BORIS, TTL)
    assert refused.value.holder == ANNA


def test_a_holder_that_died_between_lock_and_document_gives_way(server: httpstate.Server) -> None:
    path = urlsplit(server.url).path
    server.states.locks[path] = {"ID": "dead", "Who": "ghost@host", "Created": "then"}
    clock = HandClock()
    store = http_store(server.url, clock=clock)
    with pytest.raises(StateLocked, match="ghost@host"):
        store.acquire(BORIS, TTL)
    clock.sleep(TTL)
    lease = store.acquire(BORIS, TTL)
    store.commit(StateDelta(put=(entry("a", 1),)), lease)


def test_such_a_lock_can_be_taken_away_by_its_id_once_it_stood_still(
    server: httpstate.Server,
) -> None:
    path = urlsplit(server.url).path
    server.states.locks[path] = {"ID": "dead", "Who": "ghost@host", "Created": "then"}
    clock = HandClock()
    store = http_store(server.url, clock=clock)
    with pytest.raises(StateError, match="dead"):
        store.unlock("other")
    with pytest.raises(StateLocked) as refused:
        store.unlock("dead")
    assert refused.value.left == TTL
    clock.sleep(TTL)
    store.unlock("dead")
    assert server.states.locks == {}


UNTOLD = pytest.mark.parametrize("tells", ["nothing", "text", "lower"])


@UNTOLD
@pytest.mark.parametrize("conflict", [423, 409])
def test_a_lock_of_which_the_server_tells_nothing_is_named_by_the_document(
    server: httpstate.Server, tells: str, conflict: int
) -> None:
    server.states.tells, server.states.conflict = tells, conflict
    lease = http_store(server.url).acquire(ANNA, TTL)
    with pytest.raises(StateLocked) as refused:
        http_store(server.url).acquire(BORIS, TTL)
    assert refused.value.holder == ANNA
    assert f"state unlock {lease.id}`" in refused.value.advice
    assert server.states.locks[urlsplit(server.url).path]["ID"] == lease.id


@UNTOLD
def test_a_dead_holder_of_such_a_lock_gives_way_at_once_here_and_after_its_time_elsewhere(
    server: httpstate.Server, tells: str
) -> None:
    server.states.tells = tells
    first = http_store(server.url).acquire(ANNA, TTL)
    second = http_store(server.url, gone=lambda who: who == ANNA).acquire(BORIS, TTL)
    assert second.fence == first.fence + 1
    clock = HandClock()
    store = http_store(server.url, clock=clock)
    with pytest.raises(StateLocked):
        store.acquire(ANNA, TTL)
    clock.sleep(TTL)
    third = store.acquire(ANNA, TTL)
    store.commit(StateDelta(put=(entry("a", 1),)), third)
    clock.sleep(1)
    other = http_store(server.url, clock=clock)
    with pytest.raises(StateLocked):
        other.unlock(third.id)
    clock.sleep(TTL)
    other.unlock(third.id)
    assert server.states.locks == {}


@UNTOLD
def test_a_lock_that_was_done_while_its_answer_was_lost_is_ours(
    server: httpstate.Server, tells: str
) -> None:
    server.states.tells = tells
    store = http_store(server.url)
    server.states.faults = [-502]
    lease = store.acquire(ANNA, TTL)
    store.commit(StateDelta(put=(entry("a", 1),)), lease)
    store.release(lease)
    assert server.states.locks == {}


@UNTOLD
def test_a_run_that_could_not_lock_leaves_no_lock_of_its_own(
    server: httpstate.Server, tells: str
) -> None:
    """The LOCK was done, and every answer was lost: the next run must not find it held."""
    server.states.tells = tells
    server.states.faults = [-502, 502, 502, 502]
    with pytest.raises(StateError, match="502"):
        http_store(server.url).acquire(ANNA, TTL)
    assert server.states.locks == {}
    http_store(server.url).acquire(BORIS, TTL)


def test_a_lost_answer_frees_nobody_else_s_lock(server: httpstate.Server) -> None:
    server.states.tells = "nothing"
    anna = http_store(server.url)
    lease = anna.acquire(ANNA, TTL)
    server.states.faults = [502]
    with pytest.raises(StateLocked):
        http_store(server.url).acquire(BORIS, TTL)
    anna.commit(StateDelta(put=(entry("a", 1),)), lease)


def test_a_lock_of_nobody_is_never_called_unknown(server: httpstate.Server) -> None:
    """Its holder died between the server's lock and the document, and the server tells nothing."""
    server.states.tells = "nothing"
    path = urlsplit(server.url).path
    server.states.locks[path] = {"ID": "dead", "Who": "ghost@host", "Created": "then"}
    clock = HandClock()
    store = http_store(server.url, clock=clock)
    with pytest.raises(StateLocked) as refused:
        store.acquire(BORIS, TTL)
    assert "state unlock" not in str(refused.value)
    assert "free the lock on the server" in refused.value.advice
    clock.sleep(TTL)
    store.acquire(BORIS, TTL)


def test_a_lock_taken_away_on_the_server_fences_its_holder_off(server: httpstate.Server) -> None:
    """As with the button in GitLab, while the holder is alive and quick."""
    anna, boris = http_store(server.url), http_store(server.url)
    lease = anna.acquire(ANNA, TTL)
    server.states.locks.clear()
    taken = boris.acquire(BORIS, TTL)
    with pytest.raises(StateMoved):
        anna.commit(StateDelta(put=(entry("a", 1),)), lease)
    anna.release(lease)
    boris.commit(StateDelta(put=(entry("b", 1),)), taken)
    assert keys(boris.load()) == ["b"]


def test_a_refused_acquire_leaves_no_lock_on_the_server(server: httpstate.Server) -> None:
    server.states.documents[urlsplit(server.url).path] = b"not ours"
    with pytest.raises(StateUnreadable):
        http_store(server.url).acquire(ANNA, TTL)
    assert server.states.locks == {}


def test_a_server_without_locks_is_refused_before_anything_is_written(
    server: httpstate.Server,
) -> None:
    store = http_store(server.url, {"TASKSYNC_HTTP_LOCK_METHOD": "PUT"})
    server.states.faults = [405]
    with pytest.raises(StateError, match="no locks") as refused:
        store.acquire(ANNA, TTL)
    assert "TASKSYNC_HTTP_LOCK_ADDRESS" in refused.value.advice
    assert server.states.documents == {}


def test_server_faults_are_waited_out(server: httpstate.Server) -> None:
    store = http_store(server.url)
    server.states.faults = [503, 0, 502, 0, 500, 429]
    lease = store.acquire(ANNA, TTL)
    server.states.faults = [504, 503]
    store.commit(StateDelta(put=tuple(batch(1))), lease)
    server.states.faults = [500, 500, 500]
    assert store.load().serial == 1
    store.release(lease)
    server.states.faults = [500] * TRIES
    with pytest.raises(StateError, match="500"):
        store.load()


def test_a_redirect_is_not_followed(server: httpstate.Server) -> None:
    server.states.faults = [302]
    with pytest.raises(StateError, match=r"elsewhere\.example"):
        http_store(server.url).load()


def test_nobody_there_is_said_without_the_whole_url() -> None:
    store = http_store("http://anna:s3cret@127.0.0.1:1/state?token=t0ken")
    with pytest.raises(StateError, match="no connection") as refused:
        store.load()
    for secret in ("s3cret", "t0ken"):
        assert secret not in str(refused.value)
    assert refused.value.__cause__ is None or "s3cret" not in str(refused.value.__cause__)


@pytest.mark.parametrize("url", ["http://state.example/s", "http://10.0.0.7/s", "https:///s"])
def test_plain_http_is_for_this_machine_alone(url: str) -> None:
    with pytest.raises(SettingsError):
        HttpDocument(url, {})
    with pytest.raises(SettingsError):
        HttpDocument("https://host/s", {"TASKSYNC_HTTP_LOCK_ADDRESS": "http://host/lock"})


def test_the_serial_that_a_server_sees_rises_with_every_write(server: httpstate.Server) -> None:
    """GitLab keeps each as a version, and refuses one that it has."""
    clock = HandClock()
    store = http_store(server.gitlab_url, clock=clock)
    lease = store.acquire(ANNA, TTL)
    for number in range(3):
        clock.sleep(TTL / 2)
        lease = store.renew(lease)
        store.commit(StateDelta(put=(entry(f"k{number}", number + 1),)), lease)
    store.release(lease)
    path = urlsplit(server.gitlab_url).path
    assert server.states.serials[path] == set(range(1, 9))
    assert json.loads(server.states.documents[path])["lineage"] == store.load().lineage
