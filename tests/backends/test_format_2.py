"""States that were saved in format 2, before what runs did was kept: in every store, by a real run.

How they were made, format_2/README.md says.
"""

from __future__ import annotations

import gzip
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import urandom
from pathlib import Path
from urllib.parse import urlsplit

import httpstate
import psycopg
import pytest
from command import Tasksync
from stores import ANNA, TTL, HandClock, change, counted_ids, entry, run
from worlds import client

from tasksync.backends.postgres import PostgresStore
from tasksync.backends.registry import open_store
from tasksync.core.ports import StateStore
from tasksync.core.state import FORMAT_VERSION, StateDelta
from tasksync.errors import StateError, StateUnreadable

OLD = Path(__file__).parent / "format_2"
DOCUMENT = (OLD / "document.json").read_bytes()
PULLED = json.loads((OLD / "state.json").read_text(encoding="utf-8"))
RUNS = [one["id"] for one in PULLED["runs"]]
PROJECT = "finance-q2"


@dataclass
class Place:
    """A store that holds the old state: where, its bytes (or rows), and the format that it says."""

    url: str
    bytes: Callable[[], object]
    format: Callable[[], int]

    def store(self) -> StateStore:
        """Return a client."""
        ids = counted_ids(urandom(3).hex())
        return open_store(self.url, PROJECT, HandClock(), ids, ANNA, {})


@contextmanager
def _file(folder: Path) -> Iterator[Place]:
    path = folder / "old" / "state.db"
    path.parent.mkdir()
    path.write_bytes(gzip.decompress((OLD / "state.db.gz").read_bytes()))
    yield Place(
        f"sqlite:{path}",
        lambda: [(one.name, one.read_bytes()) for one in sorted(path.parent.iterdir())],
        lambda: int.from_bytes(path.read_bytes()[60:64], "big"),
    )


def _old_tables(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("DROP SCHEMA IF EXISTS tasksync CASCADE")
        db.execute((OLD / "postgres.sql").read_text(encoding="utf-8"))  # type: ignore[call-overload]


def _rows(url: str) -> object:
    sql = (
        "SELECT relname, xmin::text, relnatts FROM pg_catalog.pg_class"
        " WHERE relnamespace = 'tasksync'::regnamespace ORDER BY relname"
    )
    with psycopg.connect(url) as db:
        rows = "SELECT e.xmin::text, p.xmin::text FROM tasksync.entries e, tasksync.projects p"
        return db.execute(sql).fetchall(), db.execute(rows).fetchall()  # type: ignore[call-overload]


def _format(url: str) -> int:
    with psycopg.connect(url) as db:
        row = db.execute("SELECT version FROM tasksync.format").fetchone()
    assert row
    return int(row[0])


@contextmanager
def _tables(url: str) -> Iterator[Place]:
    _old_tables(url)
    yield Place(url, lambda: _rows(url), lambda: _format(url))
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("DROP SCHEMA IF EXISTS tasksync CASCADE")


@contextmanager
def _object(endpoint: str) -> Iterator[Place]:
    bucket, outside = f"old{urandom(4).hex()}", client(endpoint)
    outside.create_bucket(Bucket=bucket)
    outside.put_object(Bucket=bucket, Key="s.json", Body=DOCUMENT)

    def read() -> bytes:
        body: bytes = outside.get_object(Bucket=bucket, Key="s.json")["Body"].read()
        return body

    yield Place(
        f"s3://{bucket}/s.json?endpoint={endpoint}&region=us-east-1",
        read,
        lambda: int(json.loads(read())["version"]),
    )


@contextmanager
def _served(*, gitlab: bool) -> Iterator[Place]:
    with httpstate.Server() as server:
        url = server.gitlab_url if gitlab else server.url
        path = urlsplit(url).path
        server.states.documents[path] = DOCUMENT
        server.states.serials[path] = {json.loads(DOCUMENT)["serial"]}
        read = server.states.documents.__getitem__
        yield Place(url, lambda: read(path), lambda: int(json.loads(read(path))["version"]))


@pytest.fixture(params=["sqlite", "postgres", "pgbouncer", "s3", "http", "gitlab"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    match request.param:
        case "postgres" | "pgbouncer" as kind:
            opened = _tables(request.getfixturevalue(f"{kind}_url"))
        case "s3":
            opened = _object(request.getfixturevalue("s3_endpoint"))
        case "http" | "gitlab" as kind:
            opened = _served(gitlab=kind == "gitlab")
        case _:
            opened = _file(tmp_path)
    with opened as made:
        yield made


@pytest.fixture
def tasksync(tmp_path: Path) -> Tasksync:
    """The project of that state, and the portal that it was made on."""
    shutil.copy(OLD / "world.jsonl", tmp_path / "world.db")
    manifest = (OLD / "tasksync.yaml").read_text(encoding="utf-8")
    return Tasksync.of(tmp_path, manifest)


@pytest.mark.usefixtures("without_pace")
def test_an_old_state_is_planned_with_and_not_written_and_goes_on_at_the_first_write(
    place: Place, tasksync: Tasksync
) -> None:
    before = place.bytes()
    planned = tasksync("plan", "--no-color", TASKSYNC_STATE=place.url)
    assert "No changes." in planned.out, planned
    pulled = json.loads(tasksync("state", "pull", TASKSYNC_STATE=place.url).out)
    assert pulled == {**PULLED, "version": FORMAT_VERSION, "serial": pulled["serial"]}
    store = place.store()
    assert [store.recorded(one) for one in RUNS] == [None, None]
    store.close()
    assert place.bytes() == before
    assert place.format() == 2
    text = (OLD / "tasksync.yaml").read_text(encoding="utf-8")
    tasksync.manifest(text.replace("Count all", "Count"), "m.yaml")
    done = tasksync("apply", "--yes", "--no-color", TASKSYNC_STATE=place.url)
    assert "0 added, 1 changed, 0 destroyed" in done.out, done
    assert place.format() == FORMAT_VERSION
    state = place.store().load()
    assert [one.id for one in state.runs][:2] == RUNS
    assert len(state.runs) == 3
    assert state.lineage == PULLED["lineage"]
    assert state.serial > pulled["serial"]
    assert [state.entries[key].id for key in ("b", "report")] == [3873, 3871]  # type: ignore[index]


def test_what_is_done_from_now_on_is_kept_and_of_before_nothing(place: Place) -> None:
    store = place.store()
    lease = store.acquire(ANNA, TTL)
    told = (change("r", "a"),)
    store.commit(StateDelta(put=(entry("a", 1),), run=run("r"), recorded=told), lease)
    store.release(lease)
    store.close()
    after = place.store()
    assert after.recorded("r") == told
    assert [after.recorded(one) for one in RUNS] == [None, None]
    assert sorted(after.load().index) == ["a", "b", "report"]
    after.close()


@pytest.mark.parametrize("version", [2, FORMAT_VERSION])
def test_what_was_pulled_is_pushed_in_either_format(
    tasksync: Tasksync, tmp_path: Path, version: int
) -> None:
    pulled = tmp_path / "pulled.json"
    if version == 2:
        shutil.copy(OLD / "state.json", pulled)
    else:
        pulled.write_text(json.dumps({**PULLED, "version": version}), encoding="utf-8")
    pushed = tasksync("state", "push", pulled)
    assert pushed.code == 0, pushed
    back = json.loads(tasksync("state", "pull").out)
    assert back == {**PULLED, "version": FORMAT_VERSION, "serial": PULLED["serial"] + 1}
    assert "No changes." in tasksync("plan").out
    whole = tasksync("state", "push", "--force", OLD / "document.json")  # as a bucket kept it
    assert whole.code == 0, whole


def test_a_newer_one_is_not_pushed(tasksync: Tasksync, tmp_path: Path) -> None:
    newer = tmp_path / "newer.json"
    newer.write_text(json.dumps({**PULLED, "version": FORMAT_VERSION + 1}), encoding="utf-8")
    refused = tasksync("state", "push", newer)
    assert refused.code == 1
    assert "was written by a newer version of tasksync" in refused.err
    assert json.loads(tasksync("state", "pull").out)["entries"] == {}


@pytest.mark.parametrize("fault", [b'{"kind": "tasksync-run"}', b"torn", b"[]", b""])
def test_what_a_run_did_is_refused_where_it_is_torn(
    s3_endpoint: str, monkeypatch: pytest.MonkeyPatch, fault: bytes
) -> None:
    """And the state is good all the same."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with _object(s3_endpoint) as place:
        bucket = urlsplit(place.url).netloc
        key = f"s.json.runs/{RUNS[0]}.json"
        client(s3_endpoint).put_object(Bucket=bucket, Key=key, Body=fault)
        store = place.store()
        with pytest.raises(StateUnreadable, match="What the run did cannot be read"):
            store.recorded(RUNS[0])
        assert len(store.load().index) == 2


def test_first_runs_at_the_same_time_add_the_tables_once(postgres_url: str) -> None:
    """Of many projects in a database of before, one of which another has just been working on."""
    with _tables(postgres_url) as place:
        reader = place.store()
        assert reader.recorded(RUNS[0]) is None
        start, faults = threading.Barrier(6), []

        def first(number: int) -> None:
            name = f"p{number}" if number else PROJECT
            store = PostgresStore(
                postgres_url, name, clock=HandClock(), ids=counted_ids(urandom(3).hex())
            )
            start.wait()
            try:
                lease = store.acquire(ANNA, TTL)
                store.commit(StateDelta(run=run("r"), recorded=(change("r", name),)), lease)
                assert store.recorded("r") == (change("r", name),)
            except BaseException as error:  # noqa: BLE001 - told in the test's own thread
                faults.append(error)
            store.close()

        threads = [threading.Thread(target=first, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert faults == []
        assert place.format() == FORMAT_VERSION
        assert reader.recorded("r") == (change("r", PROJECT),)  # which looked before they were made
        reader.close()


_ROLES = """
CREATE ROLE ts_writer LOGIN; CREATE ROLE ts_reader LOGIN;
GRANT USAGE ON SCHEMA tasksync TO ts_reader;
ALTER SCHEMA tasksync OWNER TO ts_writer;
ALTER DEFAULT PRIVILEGES FOR ROLE ts_writer IN SCHEMA tasksync GRANT SELECT ON TABLES TO ts_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA tasksync TO ts_reader;
"""
_NO_ROLES = ("DROP SCHEMA tasksync CASCADE", "DROP ROLE ts_writer, ts_reader")


def test_the_least_rights_of_the_guide_are_enough_for_tables_of_before(postgres_url: str) -> None:
    """Who owns the schema adds the tables; who may only read the others reads these too."""
    with _tables(postgres_url), psycopg.connect(postgres_url, autocommit=True) as db:
        db.execute(_ROLES)
        names = db.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'tasksync'")
        for (name,) in names.fetchall():
            db.execute(f'ALTER TABLE tasksync."{name}" OWNER TO ts_writer')  # type: ignore[call-overload]
        try:
            as_role = {
                who: Place(postgres_url.replace("//postgres@", f"//ts_{who}@"), str, int)
                for who in ("writer", "reader")
            }
            reader, writer = as_role["reader"].store(), as_role["writer"].store()
            assert reader.recorded(RUNS[0]) is None
            lease = writer.acquire(ANNA, TTL)
            writer.commit(StateDelta(run=run("r"), recorded=(change("r", "a"),)), lease)
            assert reader.recorded("r") == (change("r", "a"),)
            assert [one.id for one in reader.load().runs] == [*RUNS, "r"]
            with pytest.raises(StateError, match="permission denied"):
                reader.commit(StateDelta(recorded=(change("r", "b"),)), lease)
            reader.close()
            writer.close()
        finally:
            for sql in _NO_ROLES:
                db.execute(sql)
