"""A state that GitLab keeps, against a GitLab that was built from GitLab's documents."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import gitlabstate
import pytest
from command import Done, Tasksync
from stores import ANNA, BORIS, START, TTL, HandClock, counted_ids, entry, keys

from tasksync.backends.document import DocumentStore
from tasksync.backends.http import open_http
from tasksync.backends.leases import granted
from tasksync.core.state import FORMAT_VERSION, StateDelta
from tasksync.errors import SettingsError, StateError, StateLocked, StateMoved

OFFICE = """\
apiVersion: tasksync/v1
project: office
tasks:
  water: {title: Water the plants, responsibleId: 1}
"""

_clients = itertools.count(1)


@pytest.fixture
def server() -> Iterator[gitlabstate.Server]:
    with gitlabstate.Server() as server:
        yield server


def login(user: str) -> dict[str, str]:
    if user == "job":
        name, token = "gitlab-ci-token", "glcbt-64-0123456789"
    else:
        name, token = user, f"glpat-{user}-0123456789"
    return {"TASKSYNC_HTTP_USERNAME": name, "TASKSYNC_HTTP_PASSWORD": token}


def address(server: gitlabstate.Server, project: str = "42", name: str = "office") -> str:
    return f"{server.host}/api/v4/projects/{project}/terraform/state/{name}"


def store(
    server: gitlabstate.Server, user: str = "anna", clock: HandClock | None = None
) -> DocumentStore:
    return open_http(
        address(server),
        "office",
        clock=clock or HandClock(),
        ids=counted_ids(f"{user}-{next(_clients)}"),
        gone=lambda _holder: False,
        env=login(user),
    )


def run(server: gitlabstate.Server, folder: Path, user: str, *words: str, **at: str) -> Done:
    tasksync = Tasksync(folder, {"TASKSYNC_STATE": address(server, **at), **login(user)})
    tasksync.env["TASKSYNC_FILE"] = str(tasksync.manifest(OFFICE))
    return tasksync(*words)


@pytest.mark.parametrize("project", ["42", "acme%2Foffice"])
@pytest.mark.parametrize("user", ["anna", "job"])
def test_a_state_is_made_saved_and_read_again(
    server: gitlabstate.Server, tmp_path: Path, user: str, project: str
) -> None:
    """By number and by path, with a person's token and a job's; the lock is given back."""
    assert run(server, tmp_path, user, "apply", "--yes", project=project).code == 0
    assert "No changes." in run(server, tmp_path, user, "plan", project=project).out
    assert "water" in run(server, tmp_path, "dirk", "state", "list", project=project).out
    kept = server.states()["office"]
    assert kept.lock is None
    assert json.loads(kept.versions[max(kept.versions)])["serial"] == max(kept.versions)


@pytest.mark.parametrize("cut", ["", '"state"', f'"version":{FORMAT_VERSION}'])
def test_every_version_is_kept_and_an_older_one_can_be_put_back(
    server: gitlabstate.Server, tmp_path: Path, cut: str
) -> None:
    """What `versions/SERIAL` gives is the server's whole document, lease and all."""
    assert run(server, tmp_path, "anna", "apply", "--yes").code == 0
    kept = server.states()["office"]
    path = f"/api/v4/projects/42/terraform/state/office/versions/{max(kept.versions)}"
    status, version = server.gitlab.answer("GET", path, ("anna", "glpat-anna-0123456789"), b"")
    assert status == 200
    assert run(server, tmp_path, "anna", "state", "rm", "water").code == 0
    wrong = cut.replace(str(FORMAT_VERSION), "9").replace("st", "ts")
    spoiled = version.decode().replace(cut, wrong, 1)
    (tmp_path / "older.json").write_text(spoiled, "utf-8")
    done = run(server, tmp_path, "anna", "state", "push", "--force", str(tmp_path / "older.json"))
    assert done.code == (1 if cut else 0), done
    plan = run(server, tmp_path, "anna", "plan").out
    assert ("No changes." in plan) is not bool(cut)


@pytest.mark.parametrize(
    ("user", "words", "said"),
    [
        ("nobody", ("plan",), ("HTTP 401", "a token with the scope api", "$CI_JOB_TOKEN")),
        ("gast", ("plan",), ("HTTP 403", "Developers read", "Infrastructure is switched on")),
        ("dirk", ("apply", "--yes"), ("HTTP 403", "Maintainers write")),
        ("otto", ("plan",), ("HTTP 404", "Project Not Found", "shows this user no such project")),
        ("otto", ("apply", "--yes"), ("HTTP 404", "shows this user no such project")),
    ],
)
def test_a_refusal_says_what_to_do_and_makes_nothing(
    server: gitlabstate.Server, tmp_path: Path, user: str, words: tuple[str, ...], said: tuple[str]
) -> None:
    """A project that is not shown is no state that is new: that plan would make all tasks again."""
    done = run(server, tmp_path, user, *words)
    assert done.code == 1
    assert [one for one in said if one not in done.err] == []
    assert "0123456789" not in done.out + done.err
    assert server.states() == {}


def test_a_state_that_is_new_is_empty_and_one_that_was_only_locked_too(
    server: gitlabstate.Server,
) -> None:
    """404 and 204 are GitLab's words for it."""
    assert store(server).load().entries == {}
    store(server)._remote.lock(granted("lock-1", ANNA, 0, START, TTL))
    assert store(server).load().entries == {}
    assert server.states()["office"].lock["ID"] == "lock-1"


@pytest.mark.parametrize(
    "path",
    [
        "/api/v4/projects/acme/office/terraform/state/office",
        "/api/v4/projects/42/terraform/state/office/q2",
        "/api/v4/projects/42/terraform/state/office/lock",
        "/api/v4/projects/42/terraform/state/office/",
        "/api/v4/projects/42/terraform/state/",
        "/api/v4/projects/42/terraform/state",
    ],
)
def test_an_address_that_gitlab_has_no_answer_for_is_refused_before_it_is_asked(
    server: gitlabstate.Server, path: str
) -> None:
    """Its 404 would pass for a state that is new."""
    with pytest.raises(SettingsError, match="not written as GitLab names one") as met:
        open_http(
            server.host + path,
            "office",
            clock=HandClock(),
            ids=counted_ids(),
            gone=lambda _holder: False,
            env={},
        )
    assert "its path with %2F" in met.value.advice
    assert server.gitlab.asked == []


def test_of_many_writers_at_once_one_has_the_lock(server: gitlabstate.Server) -> None:
    """The others are told whose it is by GitLab's name for them."""
    stores = [store(server, user) for user in ("anna", "job") * 4]
    gate, got, refused = threading.Barrier(len(stores)), [], []

    def compete(one: DocumentStore) -> None:
        gate.wait()
        try:
            got.append((one, one.acquire(ANNA, TTL)))
        except StateLocked as error:
            refused.append(error)

    threads = [threading.Thread(target=compete, args=(one,)) for one in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(got), len(refused)) == (1, len(stores) - 1)
    assert all(
        "anna" in str(error) and "tasksync state unlock" in error.advice for error in refused
    )
    ((winner, lease),) = got
    winner.commit(StateDelta(put=(entry("a", 1),)), lease)
    winner.release(lease)
    assert keys(store(server).load()) == ["a"]
    assert server.states()["office"].lock is None


def test_a_second_apply_is_told_whose_lock_it_is_and_a_plan_is_not_kept_from_anything(
    server: gitlabstate.Server, tmp_path: Path
) -> None:
    """Exit 6 by the command line, GitLab's user and the lock's id named; then it is free again."""
    first = store(server, "job")
    lease = first.acquire(BORIS, TTL)
    second = run(server, tmp_path, "anna", "apply", "--yes")
    assert (second.code, "boris" in second.err) == (6, True), second
    assert f"tasksync state unlock {lease.id}" in second.err
    assert run(server, tmp_path, "dirk", "plan").code == 0
    first.release(lease)
    assert run(server, tmp_path, "anna", "apply", "--yes").code == 0


def test_a_lock_that_a_dead_job_left_is_taken_over_once_it_stood_still(
    server: gitlabstate.Server,
) -> None:
    """A job that was killed on another runner: not at once, and then without a person."""
    clock = HandClock()
    lease = store(server, "job", clock).acquire(BORIS, TTL)
    waiter = store(server, clock=clock)
    with pytest.raises(StateLocked, match=lease.id):
        waiter.acquire(ANNA, TTL)
    clock.sleep(TTL + 1)
    with_it = waiter.acquire(ANNA, TTL)
    waiter.commit(StateDelta(put=(entry("a", 1),)), with_it)
    waiter.release(with_it)
    assert server.states()["office"].lock is None


def test_a_lock_that_a_dead_job_left_can_be_taken_away_by_its_id(
    server: gitlabstate.Server,
) -> None:
    """`state unlock ID`, as `terraform force-unlock`; refused while its heart may beat."""
    clock = HandClock()
    lease = store(server, "job", clock).acquire(BORIS, TTL)
    person = store(server, clock=clock)
    with pytest.raises(StateLocked):
        person.unlock(lease.id)
    clock.sleep(TTL + 1)
    person.unlock(lease.id)
    assert server.states()["office"].lock is None
    assert person.holder() is None


@pytest.mark.parametrize("mismatch", [409, 423, 500])
def test_whose_lock_was_freed_on_gitlab_s_page_writes_nothing_more(
    server: gitlabstate.Server, mismatch: int
) -> None:
    """Whatever GitLab says to a save under a lock that is gone: its documents do not say."""
    server.gitlab.mismatch = mismatch
    clock = HandClock()
    late, quick = store(server, clock=clock), store(server, "job", clock)
    lease = late.acquire(ANNA, TTL)
    server.states()["office"].lock = None  # somebody presses Unlock
    clock.sleep(TTL + 1)
    other = quick.acquire(BORIS, TTL)
    quick.commit(StateDelta(put=(entry("b", 2),)), other)
    with pytest.raises(StateMoved):
        late.commit(StateDelta(put=(entry("a", 1),)), lease)
    quick.release(other)
    assert keys(store(server).load()) == ["b"]


def test_a_state_that_is_too_large_is_said_and_the_old_one_stands(
    server: gitlabstate.Server,
) -> None:
    held = store(server)
    lease = held.acquire(ANNA, TTL)
    held.commit(StateDelta(put=(entry("a", 1),)), lease)
    server.gitlab.most = 2000
    with pytest.raises(StateError, match="HTTP 413") as met:
        held.commit(StateDelta(put=tuple(entry(f"k{n}", n) for n in range(2, 40))), lease)
    assert "raise the limit" in met.value.advice
    held.release(lease)
    assert keys(store(server).load()) == ["a"]
