"""A portal for whole runs: served over a socket, spoilt on demand, and looked at raw."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias
from urllib.request import Request, urlopen

from tasksync.sandbox.web.http_messages import Response
from tasksync.sandbox.web.http_messages import WebRequest as Asked
from tasksync.sandbox.web.server import RunningSandbox, SandboxSettings, start

Json: TypeAlias = dict[str, Any]

_API = "/v1/"


class Portal:
    """A sandbox by its URL; everything goes over its control routes."""

    key = "vibe_api_sandbox"

    def __init__(self, url: str) -> None:
        self.url = url

    def control(self, method: str, path: str, body: object = None) -> Any:
        """Ask a control route; return what it answers."""
        told = None if body is None else json.dumps(body).encode()
        asked = Request(f"{self.url}/_sandbox/{path}", told, method=method)  # noqa: S310
        asked.add_header("Content-Type", "application/json")
        with urlopen(asked, timeout=30) as answer:  # noqa: S310 - loopback
            text = answer.read()
        return json.loads(text) if text else None

    def faults(self, *rules: Json) -> None:
        """Put these faults in the place of all; none removes all."""
        self.control("PUT", "faults", list(rules))

    def quirks(self, **told: object) -> None:
        """Give the portal these peculiarities and no others."""
        self.control("PUT", "quirks", told)

    def struck(self) -> int:
        """How often a fault has struck."""
        return sum(rule["struck"] for rule in self.control("GET", "faults"))

    def tasks(self) -> list[Json]:
        """Every task, raw."""
        return list(self.control("GET", "tasks"))

    def titles(self) -> list[str]:
        """The titles of all tasks, sorted."""
        return sorted(task["title"] for task in self.tasks())

    def task(self, title: str) -> Json:
        """The one task of this title."""
        (found,) = (task for task in self.tasks() if task["title"] == title)
        return found

    def by_hand(self, title: str, /, **fields: object) -> int:
        """Make a stranger's task; return its id."""
        made = self.control("POST", "tasks", {"title": title, "responsibleId": 1, **fields})
        return int(made["id"])

    def edit(self, title: str, /, **fields: object) -> None:
        """Change a task by hand."""
        self.control("PATCH", f"tasks/{self.task(title)['id']}", fields)

    def drop(self, title: str) -> None:
        """Delete a task by hand."""
        self.control("DELETE", f"tasks/{self.task(title)['id']}")

    def log(self) -> list[Json]:
        """Every request to the API so far."""
        return list(self.control("GET", "log"))

    def writing(self) -> list[Json]:
        """The requests so far that carried changes."""
        return [one for one in self.log() if _writes(one)]

    def deeds(self) -> list[tuple[str, tuple[str, ...]]]:
        """What was asked for so far: what, and which fields an update sent."""
        calls = [call for one in self.writing() for call in _calls(one)]
        return [(what, tuple(sorted(body)) if what == "update" else ()) for what, body in calls]

    def forget_log(self) -> None:
        """Begin the log anew."""
        self.control("DELETE", "log")

    def world(self) -> dict[str, Json]:
        """Title -> fields, parents by title, nothing that two runs cannot have in common.

        Fails when a title is there twice.
        """
        return normal(self.tasks())


class Served(Portal):
    """A sandbox in a thread of the test."""

    def __init__(self, running: RunningSandbox) -> None:
        super().__init__(running.url)
        self.running = running

    def strikes(self) -> list[int]:
        """How often each fault has struck; seen without a request, since a wait looks often."""
        return [one["struck"] for one in self.running.api.fault_injector.documents()]

    def struck(self) -> int:
        """How often a fault has struck."""
        return sum(self.strikes())

    def answered(self) -> int:
        """How many requests came so far; seen without a request, too."""
        return int(self.running.api.request_log.stats()["requests"])

    def at_request(self, number: int, meanwhile: Callable[[], object]) -> Came:
        """After request `number` (from 1) was done, and before its answer leaves, do something.

        Returns an event that is set once that has happened, or went wrong.
        """
        api, seen, lock, came = self.running.api, [0], threading.Lock(), Came()
        answer = api.handle

        def handle(asked: Asked) -> Response:
            if not asked.path.startswith(_API):
                return answer(asked)
            with lock:
                seen[0] += 1
                due = seen[0] == number
            response = answer(asked)
            if due:
                came.of(meanwhile)
            return response

        api.handle = handle  # type: ignore[method-assign]
        return came


class Came(threading.Event):
    """Whether a request has come and what was to be done then is done; `fault` is why it is not."""

    fault: BaseException | None = None

    def of(self, deed: Callable[[], object]) -> None:
        """Do it; that it went wrong is told by who waits, and never leaves him waiting."""
        try:
            deed()
        except BaseException as fault:
            self.fault = fault
            raise
        finally:
            self.set()


def _calls(request: Json) -> list[tuple[str, Json]]:
    if request["path"] != "/v1/batch":
        what = {"POST": "create", "PATCH": "update", "DELETE": "delete"}[request["method"]]
        return [(what, request["body"] or {})]
    return [(call["action"], call.get("params", {})) for call in request["body"]["calls"]]


def _writes(request: Json) -> bool:
    calls = (request["body"] or {}).get("calls", ()) if request["path"] == "/v1/batch" else ()
    bulk = any(call["action"] in {"create", "update", "delete"} for call in calls)
    return bulk or (request["method"] != "GET" and request["path"] != "/v1/batch")


def normal(tasks: list[Json]) -> dict[str, Json]:
    """Return tasks by title, comparable between runs; a title twice is a failure."""
    names = {task["id"]: task["title"] for task in tasks}
    found: dict[str, Json] = {}
    for task in tasks:
        assert task["title"] not in found, f"twice on the portal: {task['title']}"
        fields = {n: value for n, value in task.items() if n != "id" and not n.endswith("Date")}
        parent = fields.get("parentId")
        fields["parentId"] = names.get(parent, parent) if parent else None
        fields["tags"] = sorted(fields.get("tags") or ())
        found[task["title"]] = fields
    return found


def must_equal(found: dict[str, Json], wanted: dict[str, Json]) -> None:
    """Fail unless two worlds are the same, naming a few differences."""
    told = [f"missing: {title}" for title in wanted.keys() - found.keys()]
    told += [f"too many: {title}" for title in found.keys() - wanted.keys()]
    for title in found.keys() & wanted.keys():
        for name, value in wanted[title].items():
            if found[title].get(name) != value:
                told.append(f"{title}: {name} is {found[title].get(name)!r}, not {value!r}")
    assert not told, f"{len(told)} differences: " + "; ".join(sorted(told)[:5])


@contextmanager
def served(data: Path | None = None) -> Iterator[Served]:
    """Serve a portal in a thread, without limits."""
    with start(SandboxSettings(port=0, limits="none", data=data)) as running:
        yield Served(running)


@contextmanager
def process() -> Iterator[Portal]:
    """Serve a portal by `tasksync sandbox`, as a person does."""
    words = [sys.executable, "-m", "tasksync", "sandbox", "--port", "0", "--limits", "none"]
    worker = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    try:
        said = worker.stdout.readline()
        url = next(word for word in said.split() if word.startswith("http"))
        yield Portal(url)
    finally:
        worker.terminate()
        worker.wait(10)
        worker.stdout.close()


def until_it_goes_on_no_more(
    true: Callable[[], object], progress: Callable[[], object], what: str, seconds: float = 120.0
) -> None:
    """Wait until something is true, however slowly things go on; fail when `progress` stands."""
    last = progress()
    while not true():
        with contextlib.suppress(AssertionError):
            until(lambda seen=last: true() or progress() != seen, what, seconds)  # type: ignore[misc]
        now = progress()
        assert true() or now != last, f"waited in vain until {what}: all stood still"
        last = now


def until(true: Callable[[], object], what: str, seconds: float = 30.0) -> None:
    """Wait until something is true; fail when it does not come."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"waited in vain until {what}"
        time.sleep(0.02)


def all_of(jobs: dict[str, Callable[[], object]], at_once: int = 6) -> None:
    """Do all jobs, a few at once, since most of their time is waiting; name all that failed."""
    failed: list[str] = []
    with ThreadPoolExecutor(at_once) as pool:
        running = {name: pool.submit(job) for name, job in jobs.items()}
        for name, future in running.items():
            with contextlib.suppress(Exception):
                future.result()
            if (fault := future.exception()) is not None:
                failed.append(f"{name}: {fault}")
    assert not failed, f"{len(failed)} of {len(jobs)} failed:\n" + "\n".join(failed)
