"""Whatever a portal or a state server answers: words and an exit code, in time, in little memory.

`--long` tries for twenty minutes; TASKSYNC_FUZZ_SEED=N is one seed again.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import pytest
from support.hostileserver import HostileServer, RawRequest
from support.hostility import Right, bombs
from support.httpstate import Handler, States
from support.objects import Objects

from tasksync.sandbox.web.http_messages import WebRequest
from tasksync.sandbox.web.routes import open_api

ROOT = Path(__file__).parents[2]
#: seconds of one exchange, and by how much it may be late
TIMEOUT, LATE = 0.6, 2.0
#: others may use the machine, so that a second of work takes longer; waiting takes none of it
BUSY = 10
#: by how much a run's memory grows above that of one with right answers
MEGABYTES = 64
#: seconds of trying, for each; of S3, whose client waits where it finds no answer, more runs fail
SHORT, SHORT_S3, LONG = 11, 5, 600
CODES = {0, 1, 3, 4, 5, 6, 7}
RATES = (0.03, 0.15, 0.5, 1.0)

HEAD = "apiVersion: tasksync/v1\nproject: fin\ndefaults: {responsibleId: 1}\ntasks:\n"
BEFORE = HEAD + "".join(
    f"  k{n}: {{title: Task {n}, description: text, deadline: 2026-05-19T18:00:00Z, tags: [x]}}\n"
    for n in range(12)
)
AFTER = HEAD + "".join(
    f"  k{n}: {{title: Task {n}, description: other, deadline: null, accomplices: [1]}}\n"
    for n in range(3, 14)
)


class Worker:
    """The process in which the commands run."""

    def __init__(self) -> None:
        # boto3 looks for its keys in the environment of the process alone
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        env = {**os.environ, **keys, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "tests/support/fuzzed.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=env,
        )

    def __call__(self, words: list[str], **env: str) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"words": words, "env": env}) + "\n")
        self.process.stdin.flush()
        told = self.process.stdout.readline()
        assert told, "the process has died"
        found: dict[str, Any] = json.loads(told)
        return found


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker()
    yield made
    made.process.kill()
    made.process.wait()


@pytest.fixture
def server() -> Iterator[HostileServer]:
    bombs()
    with HostileServer() as made:
        yield made


def seeds(config: pytest.Config, short: float = SHORT) -> Iterator[int]:
    """Yield one seed after the other until the time is over."""
    if only := os.environ.get("TASKSYNC_FUZZ_SEED"):
        yield int(only)
        return
    long = config.getoption("--long")
    first = int(time.time()) if long else 1
    end = time.monotonic() + (LONG if long else short)
    seed = first
    while time.monotonic() < end:
        yield seed
        seed += 1


def judged(done: dict[str, Any], seed: int, sane: float) -> None:
    """Hold one run to what every run must be; `sane` is what it takes with right answers (MB)."""
    shown = {"seed": seed, **done}
    assert done["code"] in CODES, shown
    for words in ("tasksync itself failed", "Traceback", 'File "'):
        assert words not in done["err"] + done["out"], shown
    took, worked, _what = done["longest"]
    assert worked <= 2 * LATE, shown  # a second of work is longer where cores are shared
    assert took <= TIMEOUT + LATE + BUSY * worked, shown
    assert done["megabytes"] - sane <= MEGABYTES, shown
    assert done["said"] < 100_000, shown


class Prepared:
    """A project that was applied once: its manifest, its state, and the world of its portal."""

    def __init__(self, folder: Path, worker: Worker) -> None:
        self.folder = folder
        self.begun = folder / "begun"
        self.begun.mkdir()
        (self.begun / "before.yaml").write_text(BEFORE)
        (self.begun / "after.yaml").write_text(AFTER)
        done = worker(["apply", "--yes"], **self.env(self.begun, "before.yaml"))
        assert done["code"] == 0, done
        self.sane = float(worker(["plan"], **self.env(self.begun, "after.yaml"))["megabytes"])

    def env(self, folder: Path, manifest: str) -> dict[str, str]:
        """Return what tells a run where all is; the manifest has one name whatever it says."""
        shutil.copy(folder / manifest, folder / "tasksync.yaml")
        return {
            "TASKSYNC_API_KEY": "vibe_api_sandbox",
            "TASKSYNC_PORTAL": f"sandbox:{folder / 'world.db'}",
            "TASKSYNC_STATE": f"sqlite:{folder / 'state.db'}",
            "TASKSYNC_FILE": str(folder / "tasksync.yaml"),
            "TASKSYNC_TIMEOUT": str(TIMEOUT),
            "TASKSYNC_PARALLELISM": "1",
        }

    def fresh(self) -> Path:
        """Return a folder with the same once more."""
        folder = self.folder / "now"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.begun, folder)
        return folder


def test_whatever_a_portal_answers_is_words_in_time_and_in_little_memory(
    worker: Worker,
    server: HostileServer,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    record_property: Any,
) -> None:
    """Plans and applies against a portal of which any answer may be spoilt."""
    project = Prepared(tmp_path, worker)
    ended: Counter[int] = Counter()
    sane = project.sane
    for seed in seeds(request.config):
        chance = random.Random(seed)  # noqa: S311 - a seed is all it is for
        folder = project.fresh()
        api = open_api(folder / "world.db")

        def right(request: RawRequest, api: Any = api) -> Right:
            asked = WebRequest(
                request.method, request.path, request.query, request.headers, request.body
            )
            said = api.handle(asked)
            return Right(said.status, said.body, dict(said.headers))

        server.right, server.rate = right, chance.choice(RATES)
        server.chance = random.Random(seed)  # noqa: S311 - the same
        env = project.env(folder, chance.choice(("before.yaml", "after.yaml", "after.yaml")))
        words = chance.choice((["plan"], ["apply", "--yes"], ["apply", "--yes"]))
        done = worker(words, **{**env, "TASKSYNC_PORTAL": server.url})
        judged(done, seed, sane)
        ended[done["code"]] += 1
    record_property("answers of a portal", server.answered)
    assert _went_deep(ended), ended


def test_whatever_a_state_server_answers_is_words_in_time_and_in_little_memory(
    worker: Worker,
    server: HostileServer,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    record_property: Any,
) -> None:
    """The same with a state behind http: GET, POST, LOCK and UNLOCK."""
    project = Prepared(tmp_path, worker)
    states = States()
    server.right, server.rate = _routed(states), 0.0
    url = f"{server.url}/s"
    env = {**project.env(project.begun, "before.yaml"), "TASKSYNC_STATE": url}
    assert worker(["apply", "--yes"], **env)["code"] == 0
    document, ended = states.documents["/s"], Counter[int]()
    sane = project.sane
    for seed in seeds(request.config):
        chance = random.Random(seed)  # noqa: S311 - a seed is all it is for
        folder = project.fresh()
        states = States()
        if chance.random() < 0.8:
            states.documents["/s"] = document
        server.right, server.rate = _routed(states), chance.choice(RATES)
        server.chance = random.Random(seed)  # noqa: S311 - the same
        env = {**project.env(folder, chance.choice(("before.yaml", "after.yaml")))}
        words = chance.choice(
            (["plan"], ["apply", "--yes"], ["apply", "--yes"], ["state", "list"], ["state", "pull"])
        )
        done = worker(words, **{**env, "TASKSYNC_STATE": url})
        judged(done, seed, sane)
        ended[done["code"]] += 1
    record_property("answers of a state server", server.answered)
    assert _went_deep(ended), ended


def test_whatever_s3_answers_is_words_in_time_and_in_little_memory(
    worker: Worker,
    server: HostileServer,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    record_property: Any,
) -> None:
    """The same through boto3, which has ways of its own with what is no answer."""
    project, kept = Prepared(tmp_path, worker), Objects()
    server.right, server.rate = kept.right, 0.0
    state = {"TASKSYNC_STATE": f"s3://bucket/key?endpoint={server.url}&region=us-east-1"}
    env = {**project.env(project.begun, "before.yaml"), **state, "TASKSYNC_TIMEOUT": "10"}
    assert worker(["apply", "--yes"], **env)["code"] == 0
    before, ended = dict(kept.bodies), Counter[int]()
    sane = float(worker(["plan"], **env)["megabytes"])
    for seed in seeds(request.config, SHORT_S3):
        chance = random.Random(seed)  # noqa: S311 - a seed is all it is for
        folder = project.fresh()
        kept.bodies = dict(before) if chance.random() < 0.8 else {}
        server.rate = chance.choice(RATES)
        server.chance = random.Random(seed)  # noqa: S311 - the same
        env = project.env(folder, chance.choice(("before.yaml", "after.yaml")))
        words = chance.choice((["plan"], ["apply", "--yes"], ["state", "list"], ["history"]))
        done = worker(words, **{**env, **state})
        judged(done, seed, sane)
        ended[done["code"]] += 1
    record_property("answers of S3", server.answered)
    assert _went_deep(ended), ended


def _went_deep(ended: Counter[int]) -> bool:
    """Tell whether some runs came to their end: else nothing behind the first answer was tried."""
    return bool(ended[0]) or "TASKSYNC_FUZZ_SEED" in os.environ


def _routed(states: States) -> Any:
    def right(request: RawRequest) -> Right:
        lock_id = parse_qs(request.query).get("ID", [None])[0]
        asked: Any = SimpleNamespace(server=SimpleNamespace(states=states), command=request.method)
        status, body = Handler._routed(asked, request.path, lock_id, request.body)
        return Right(status, body)

    return right
