"""No text from outside carries our secrets to output, state, plan, log or file of unsaved outcomes.

Sources (fields of tasks, errors, names, headers, state servers, proxies, files) x forms x doors:
each row plants all secrets of a run at once, in one form, in one kind of source.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import httpstate
import psycopg
import pytest
from answering import answering
from botocore.exceptions import ClientError
from loose import JSON, KEY, Loose, files_of, me, planting, recorded, retitle, silent, state_of
from planting import ENV, FORMS, PLANT, SECRETS, planted, told
from portal import Asked, Response, Served
from trips import PROJECT, task

from tasksync.backends import postgres_connection, s3, sqlite
from tasksync.backends.processes import this_process
from tasksync.backends.registry import open_store
from tasksync.cli.signals import Stop, SystemClock
from tasksync.cli.wiring import new_id
from tasksync.core.formats.plan_digest import checksum_of
from tasksync.core.secrets import Secrets
from tasksync.core.state import StateDelta
from tasksync.errors import StateError
from tasksync.portal.messages import NotSent, PortalRequest
from tasksync.portal.transport import HttpTransport

#: with each turn each secret is quoted in another form; test_core_secrets has all of them
some_turns = pytest.mark.parametrize("turn", range(0, len(FORMS), 5))


@pytest.fixture
def loose(served: Served, tmp_path: Path) -> Loose:
    return Loose(tmp_path / "project", served)


@some_turns
def test_what_the_portal_says_of_tasks_and_people_reaches_no_door(
    loose: Loose, served: Served, turn: int
) -> None:
    """Titles, descriptions, tags, names, the owner: on stdout, stderr, in state and plan."""
    loose.want({"a": task("A"), "b": task("B", description="Long")})
    planting(served, turn, me)
    runs = [loose.apply("--no-verify").must(0)]
    retitle(loose, "A", f"Not A {PLANT}")
    loose.portal.edit("B", description=f"one\n{PLANT}\ntwo", tags=[f"x{PLANT}", "tasksync:e2e"])
    loose.portal.by_hand(f"Orphan {PLANT}", tags=["tasksync:e2e"])
    plan, html_ = loose.folder / "plan.json", ("--format", "html")
    runs += [loose.plan(*more) for more in ((), ("--json",), ("--format", "markdown"), html_)]
    assert "***" in runs[1].out
    assert json.loads(runs[2].out)["resource_drift"]
    runs += [loose.plan("--out", str(plan))]
    runs += [loose.run("show", str(plan), *more) for more in ((), ("--json",), html_)]
    runs += [loose.run("apply", str(plan), "--settle", "0.2").must(0, 3)]
    retitle(loose, "A", f"Not A {PLANT}")
    runs += [loose.apply("--json").must(0, 3), loose.apply().must(0, 3)]
    named = ("-f", str(loose.manifest))
    runs += [loose.run("state", verb, *more, *named) for verb, *more in _READS]
    silent(*runs)
    assert "***" in runs[-2].out
    left = files_of(loose.folder)
    assert not {name: told(text) for name, text in left.items() if told(text)}
    assert not told(recorded(loose))
    assert [one for one in loose.portal.titles() if len(one) == 1] == ["A", "B"]


_READS = (("list",), ("show", "b"), ("pull",), ("show", "a"))


def _error(status: int, code: str) -> Response:
    error = {"code": code, "message": f"No {PLANT}, no"}
    return Response(status, JSON, json.dumps({"success": status < 300, "error": error}).encode())


def _at(path: str, answer: Response) -> Callable[[Asked], Response | None]:
    return lambda asked: answer if asked.path == path else None


def _in_batch(asked: Asked) -> Response | None:
    if asked.path != "/v1/batch":
        return None
    calls = json.loads(asked.body)["calls"]
    error = {"code": "BITRIX_ERROR", "message": f"{PLANT} is bad"}
    data = {"results": {}, "errors": {one["id"]: error for one in calls}}
    return Response(200, JSON, json.dumps({"success": True, "data": data}).encode())


_HTML = {"Content-Type": "text/html"}
#: what is said -> how the portal says it
SAID: dict[str, Callable[[Asked], Response | None]] = {
    "a page": _at("/v1/me", Response(200, _HTML, f"{PLANT} <p>{PLANT}".encode())),
    "the key is refused": _at("/v1/me", _error(401, "INVALID_API_KEY")),
    "refused in a good answer": _at("/v1/tasks", _error(200, "INVALID_API_KEY")),
    "no such scope": _at("/v1/tasks", _error(403, "SCOPE_DENIED")),
    "an unknown code": _at("/v1/tasks", _error(400, f"X{PLANT}")),
    "a redirect": _at("/v1/me", Response(302, {"Location": f"https://h/{PLANT}"}, b"")),
    "a type": _at("/v1/me", Response(200, {"Content-Type": f"x/{PLANT}"}, b"x")),
    "a portal's name": _at(
        "/v1/me", Response(200, JSON, f'{{"success":true,"data":{{"portal":"{PLANT}"}}}}'.encode())
    ),
    "calls of a batch": _in_batch,
}


@pytest.mark.parametrize(("turn", "said"), [*enumerate(SAID)])
def test_an_error_that_quotes_us_is_told_without_our_secrets(
    loose: Loose, served: Served, turn: int, said: str
) -> None:
    """In whatever answer, header or call."""
    loose.want({"a": task("A")})
    planting(served, turn, SAID[said])
    silent(loose.plan(), loose.apply("--json"), loose.apply())
    assert not [name for name, text in files_of(loose.folder).items() if told(text)]


@some_turns
def test_what_could_not_be_saved_is_written_beside_without_our_secrets(
    loose: Loose, served: Served, turn: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file of unsaved outcomes, and the message that names it."""
    loose.want({"a": task("A")})
    planting(served, turn, me)
    genuine = sqlite.SqliteStore.commit

    def commit(self: sqlite.SqliteStore, delta: StateDelta, lease: object) -> None:
        if delta.identity:
            raise StateError("No room.")
        genuine(self, delta, lease)  # type: ignore[arg-type]

    monkeypatch.setattr(sqlite.SqliteStore, "commit", commit)
    silent(loose.apply().must(1))
    (beside,) = (loose.folder / ".tasksync").glob("*.unsaved-*.json")
    assert json.loads(beside.read_text())["identity"]["owner"].count("***") == len(SECRETS)
    assert not told(beside.read_bytes())


@pytest.mark.parametrize(("turn", "status"), [*enumerate([400, 401, 403, 409, 423, 500])])
def test_a_state_server_that_quotes_us_is_not_quoted(
    loose: Loose, turn: int, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In its errors, and in whose lock it says that is."""
    body = json.dumps({"ID": f"i {PLANT}", "Who": f"w {PLANT}", "Info": f"https://h/?{PLANT}"})
    words = body.replace(PLANT, planted(turn)).encode()
    loose.want({"a": task("A")})
    with httpstate.Server() as server:
        genuine = server.states.take
        monkeypatch.setattr(server.states, "take", lambda *_: (status, words))
        silent(Loose(loose.folder, loose.portal, server.url, tasks=loose.tasks).apply())
        monkeypatch.setattr(server.states, "take", genuine)
        monkeypatch.setattr(server.states, "read", lambda *_: (status, words))
        if status < 500:  # an ill server is asked again
            silent(Loose(loose.folder, loose.portal, server.url, tasks=loose.tasks).plan())


@some_turns
def test_a_database_and_an_object_store_that_quote_us_are_not_quoted(
    loose: Loose, turn: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their drivers' words are theirs."""
    words = f"FATAL: no {planted(turn)}"
    loose.want({"a": task("A")})

    def refuse(*_args: object, **_named: object) -> None:
        raise psycopg.OperationalError(words)

    def answer(*_args: object, **_named: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": words}}, "GetObject")

    monkeypatch.setattr(postgres_connection.psycopg, "connect", refuse)
    monkeypatch.setattr(s3.S3Document, "_client", answer)
    for state in ("postgresql://bob@h/db", "s3://bucket/key"):
        end = Loose(loose.folder, loose.portal, state, tasks=loose.tasks).plan()
        end.must(1)
        silent(end)
        assert "***" in end.err


@some_turns
def test_a_proxy_that_quotes_us_is_not_quoted(turn: int) -> None:
    """What a proxy says in the place of a connection."""
    ours = Secrets(frozenset(SECRETS.values()))
    with answering(f"HTTP/1.1 407 No {planted(turn)}\r\n\r\n".encode()) as url:
        env = {"HTTPS_PROXY": ENV["HTTPS_PROXY"].replace(":9", f":{urlsplit(url).port}")}
        send = HttpTransport("https://portal.example", KEY, env=env, secrets=lambda: ours)
        with pytest.raises(NotSent) as caught:
            send(PortalRequest("GET", "/v1/me"))
        send.close()
    assert "407" in str(caught.value)
    assert not told(str(caught.value))


@some_turns
def test_a_plan_that_was_made_elsewhere_is_shown_without_our_secrets(
    loose: Loose, served: Served, turn: int
) -> None:
    """One that an earlier version wrote, or a run that did not know them."""
    loose.want({"a": task("A")})
    planting(served, turn)
    loose.apply().must(0)
    retitle(loose, "A", "Moved on")
    plan = loose.folder / "plan.json"
    loose.plan("--out", str(plan)).must(2)
    document = json.loads(plan.read_text().replace("Moved on", planted(turn)))
    plan.write_text(json.dumps({**document, "checksum": checksum_of(document)}))
    assert told(plan.read_bytes())
    words = (("show",), ("show", "--json"), ("apply", "--yes"))
    ends = [loose.run(*each, str(plan)) for each in words]
    silent(*ends)
    assert "***" in ends[0].out, ends[0].text


_FORGE_SAYS = {
    "the token is refused": "401 Unauthorized",
    "a right is missing": "403 Forbidden",
    "it is not there": "404 Not Found",
    "it is not taken": "422 Unprocessable Entity",
    "a redirect": "307 Temporary Redirect",
    "no answer of an API": "200 OK",
}


@pytest.mark.parametrize("optional", [(), ("--optional",)], ids=["must", "optional"])
@pytest.mark.parametrize(("turn", "said"), [*enumerate(_FORGE_SAYS)])
def test_a_forge_that_quotes_us_is_not_quoted(
    loose: Loose, turn: int, said: str, optional: tuple[str, ...]
) -> None:
    """`publish`: in errors, in headers, and in the step's summary of what quotes us itself."""
    words = planted(turn)
    body = json.dumps({"message": PLANT, "errors": [PLANT]}).replace(PLANT, words).encode()
    head = (
        f"HTTP/1.1 {_FORGE_SAYS[said]}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
        f"X-Accepted-GitHub-Permissions: {words}\r\nLocation: https://h/{words}\r\n\r\n"
    )
    loose.folder.mkdir(parents=True, exist_ok=True)
    report, summary = loose.folder / "report.md", loose.folder / "summary.md"
    report.write_text(f"# Report\n{words}\n", encoding="utf-8")
    with answering(head.encode() + body) as url:
        loose.more = {
            "GITHUB_REPOSITORY": "acme/tasks",
            "GITHUB_API_URL": url,
            "GITHUB_STEP_SUMMARY": str(summary),
            "TASKSYNC_PULL_REQUEST": "7",
        }
        end = loose.run("publish", str(report), "--name", "report", *optional)
    assert end.code == (7 if turn < 3 and not optional else 0 if turn < 3 else 1), end.text
    silent(end)
    assert "***" in summary.read_text()
    assert not told(summary.read_bytes())


def test_whose_run_holds_the_lock_is_told_without_the_tokens_of_its_url(loose: Loose) -> None:
    """The tokens of another run, which this one does not know: in the lock, and in words."""
    loose.want({"a": task("A")})
    other = replace(this_process({"TASKSYNC_RUN_URL": ENV["TASKSYNC_RUN_URL"]}), host="elsewhere")
    clock = SystemClock(Stop())
    store = open_store(loose.state, PROJECT, clock, new_id, other, {})
    store.acquire(other, 60)
    store.close()
    loose.more = {"TASKSYNC_RUN_URL": ""}
    end = loose.apply().must(6)
    silent(end)
    assert "https://ci.example/hook/***/run?token=***" in end.err
    assert not [name for name, text in files_of(loose.folder).items() if told(text)]


def test_a_fault_of_our_own_is_logged_without_our_secrets(
    loose: Loose, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The trace on stderr, and the one in a file."""

    def broken(*_args: object) -> None:
        raise AssertionError(planted(11))

    loose.want({"a": task("A")})
    monkeypatch.setattr("tasksync.manifests.loader.load", broken)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    silent(loose.plan())
    loose.more = {"TASKSYNC_LOG": ""}
    silent(loose.plan())
    (log,) = tmp_path.glob("tasksync-fault-*.log")
    assert "***" in log.read_text()
    assert not told(log.read_bytes())


def test_what_the_manifest_says_itself_stays_exact(loose: Loose, served: Served) -> None:
    """A secret that stands in a title by accident is written, compared and remembered as it is."""
    secret = SECRETS["the state's password"]
    loose.want({"a": task(f"Change {secret} soon"), "b": task("B")})
    planting(served, 0)
    loose.apply().must(0)
    assert sorted(loose.portal.titles()) == ["B", f"Change {secret} soon"]
    end = loose.plan().must(0)
    assert secret in json.loads(state_of(loose))["entries"]["a"]["asked"]["title"]
    retitle(loose, f"Change {secret} soon", f"Other {secret}")
    plan = loose.folder / "plan.json"
    end = loose.plan("--out", str(plan)).must(2)
    assert secret not in end.text
    loose.run("apply", str(plan), "--settle", "0.2").must(0)
    assert sorted(loose.portal.titles()) == ["B", f"Change {secret} soon"]
    loose.plan().must(0)


@pytest.mark.parametrize("more", ["--quiet", "--no-color", "--format=markdown", "--format=html"])
def test_a_secret_of_the_manifest_is_not_shown_in_pieces_either(
    loose: Loose, served: Served, more: str
) -> None:
    """What differs is marked word by word, and a mark may stand inside of it."""
    secret = "hunter2-Secret/99-abcdef"
    loose.more = {"PGPASSWORD": secret, "FORCE_COLOR": "1"}
    planting(served, 0)
    words = f"so long that it is shown by words, {'and on ' * 20} with {secret} in it and more"
    loose.want({"a": task("A", description=words), "b": task("B", tags=[secret, "x"])})
    loose.apply().must(0)
    for old, new in (("Secret", "Sekret"), ("99-abcdef", "98 abcdef")):
        loose.portal.edit("A", description=words.replace(old, new))
        loose.portal.edit("B", tags=["tasksync:e2e", secret.replace(old, new)])
        end = loose.plan(more).must(2)
        shown = re.sub(r"\x1b\[[0-9;]*m|\[-.*?-\]|\{\+|\+\}|<[^>]*>", "", end.text)
        assert secret not in shown
        assert "***" in shown
    loose.apply().must(0)
    assert secret in loose.portal.task("A")["description"]


@pytest.mark.parametrize(
    ("word", "project"), [("Deploy", "e2e"), ("finance", "finance")], ids=["title", "marker"]
)
def test_a_secret_that_is_a_word_of_the_project_makes_no_saved_plan_stale(
    loose: Loose, served: Served, word: str, project: str
) -> None:
    """What the plan saw is compared as the run that made it saw it; nothing becomes `***`."""
    loose.more = {"PGPASSWORD": word}
    planting(served, 0)
    tasks = {"a": task(f"{word} it"), "b": task("B"), "d": task(f"{word} more")}
    loose.want(tasks, project=project)
    loose.apply().must(0)
    loose.want({"b": task("B", description="then"), "d": tasks["d"]})
    plan = loose.folder / "plan.json"
    loose.plan("--max-delete", "100%", "--out", str(plan)).must(2)
    end = loose.run("apply", str(plan), "--settle", "0.2").must(0)
    assert not re.search(rf"\b{word}\b", end.text)
    assert loose.portal.titles() == ["B", f"{word} more"]
    assert "No changes." in loose.plan().must(0).out
