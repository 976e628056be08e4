"""`tasksync schema`: the schema of this version, byte for byte, and all that it describes holds."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from command import Tasksync

from tasksync.sandbox.web.api_keys import GOOD_KEY
from tasksync.schema_files import SCHEMAS

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"
MANIFESTS = sorted(
    path for path in (ROOT / "examples").rglob("*.yaml") if not path.name.startswith(".")
)
#: what would have to be read or reached by any command that needs it
NOWHERE = {
    "TASKSYNC_PORTAL": "https://nobody.invalid",
    "TASKSYNC_STATE": "postgresql://nobody.invalid/none",
    "TASKSYNC_FILE": "no-such-file.yaml",
}


@pytest.fixture
def tasksync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tasksync:
    monkeypatch.chdir(tmp_path)
    return Tasksync(tmp_path)


def printed(tasksync: Tasksync, name: str, **env: str) -> str:
    done = tasksync("schema", name, **env)
    assert (done.code, done.err) == (0, "")
    return done.out


def of(tasksync: Tasksync, name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(
        json.loads(printed(tasksync, name)),
        format_checker=jsonschema.FormatChecker(),
    )


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_printed_as_it_is_published(tasksync: Tasksync, name: str) -> None:
    """Without portal, manifest and state; a password that is a word of it spoils nothing."""
    published = (ROOT / "schemas" / f"{name}.schema.json").read_text("utf-8")
    assert printed(tasksync, name, **NOWHERE, PGPASSWORD="properties") == published
    assert list(tasksync.folder.iterdir()) == []
    jsonschema.Draft202012Validator.check_schema(json.loads(published))


def test_every_published_schema_can_be_printed() -> None:
    assert {f"{name}.schema.json" for name in SCHEMAS} == {
        path.name for path in (ROOT / "schemas").iterdir()
    }


@cache
def _local(name: str) -> str:
    return json.dumps(json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text("utf-8")))


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_refers_to_nothing_outside_itself(name: str) -> None:
    """An editor that has the file needs no address."""

    def references(part: Any) -> Iterator[str]:
        if isinstance(part, dict):
            yield from (value for key, value in part.items() if key in {"$ref", "$dynamicRef"})
        for one in part.values() if isinstance(part, dict) else part:
            if isinstance(one, dict | list):
                yield from references(one)

    assert [ref for ref in references(json.loads(_local(name))) if ref[:1] != "#"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["plam"], 'NAME cannot be "plam"; it is one of manifest, fleet, plan, state, events'),
        (["people"], 'NAME cannot be "people"'),
        ([], "tasksync schema needs NAME."),
        (["plan", "state"], "state"),
    ],
)
def test_another_name_is_a_wrong_call(tasksync: Tasksync, words: list[str], said: str) -> None:
    done = tasksync("schema", *words)
    assert (done.code, done.out, said in done.err) == (64, "", True), done


def test_a_reader_that_leaves_early_is_no_fault(tmp_path: Path) -> None:
    """A pipe that is closed, a closed stdout, a full disk: words, or none, and never a trace."""
    program = f"{sys.executable} -m tasksync schema manifest"
    run = (
        f"{program} | head -c 1; echo ' '${{PIPESTATUS[0]}}; "
        f"{program} >&-; echo $?; {program} >/dev/full; echo $?"
    )
    done = subprocess.run(
        ["bash", "-c", run], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    first, closed, full = done.stdout.split("\n")[:3]
    assert first in {"{ 0", "{ 141"}  # it fits into a pipe, or does not
    assert (closed, full) == ("0", "1")
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 2


def test_every_manifest_of_the_examples_is_described(tasksync: Tasksync) -> None:
    manifest, fleet = of(tasksync, "manifest"), of(tasksync, "fleet")
    for file in MANIFESTS:
        for document in yaml.safe_load_all(file.read_text("utf-8")):
            schema = fleet if file.name == "fleet.yaml" else manifest
            schema.validate(json.loads(json.dumps(document, default=str)))
    assert len(MANIFESTS) > 8


@pytest.mark.parametrize("example", ["quickstart", "moved-release"])
def test_what_becomes_of_an_example_is_described(tasksync: Tasksync, example: str) -> None:
    """The plan, each event of the apply, the state, and the plan after it."""
    tasksync.env["TASKSYNC_FILE"] = str(ROOT / "examples" / example)
    of(tasksync, "plan").validate(json.loads(tasksync("plan", "--format", "json").out))
    events = of(tasksync, "events")
    applied = tasksync("apply", "--yes", "--json")
    assert applied.code == 0
    for line in applied.out.splitlines():
        events.validate(json.loads(line))
    of(tasksync, "state").validate(json.loads(tasksync("state", "pull").out))
    of(tasksync, "plan").validate(json.loads(tasksync("plan", "--format", "json").out))


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.name)
def test_the_goldens_are_described(tasksync: Tasksync, file: Path) -> None:
    name = "fleet-report" if file.name.startswith("fleet-") else "plan"
    of(tasksync, name).validate(json.loads(file.read_text("utf-8")))


def test_whose_key_it_is_and_the_people_are_described(tasksync: Tasksync) -> None:
    tasksync.env["TASKSYNC_API_KEY"] = GOOD_KEY
    of(tasksync, "whoami").validate(json.loads(tasksync("whoami", "--json").out))
    for command in ("people", "groups"):
        of(tasksync, "directory").validate(json.loads(tasksync(command, "--json").out))


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("manifest", {"apiVersion": "tasksync/v1", "tasks": {"a": {"titel": "One"}}}),
        ("plan", {"format_version": "1.0"}),
        ("state", {"kind": "tasksync-state"}),
        ("events", {"type": "version"}),
        ("whoami", {}),
        ("directory", {}),
    ],
)
def test_what_is_wrong_is_not(tasksync: Tasksync, name: str, wrong: dict[str, object]) -> None:
    """Otherwise the tests above would say nothing."""
    assert not of(tasksync, name).is_valid(wrong)
