"""What a run hides: collected from the environment and the command line, before the first word."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from command import Tasksync

from tasksync.cli.console import Console
from tasksync.cli.main import run
from tasksync.cli.redaction import (
    RedactingStream,
    RunSecrets,
    said_in,
    secrets_of,
    weak,
    weakness,
)
from tasksync.core.secrets import Secrets


def test_every_variable_and_flag_that_may_hold_a_secret_is_looked_at() -> None:
    """Addresses give what stands in them; a login as its header carries it as well."""
    env = {
        "TASKSYNC_API_KEY": " vibe_api_1\n",
        "TASKSYNC_SESSION_TOKEN": "vibe_session_1",
        "PGPASSWORD": "pg-Pass-1",
        "AWS_SECRET_ACCESS_KEY": "aws-Secret-1",
        "TASKSYNC_HTTP_USERNAME": "bob",
        "TASKSYNC_HTTP_PASSWORD": "http-Pass-1",
        "https_proxy": "proxy:proxy%2FPass-1@h:1",
        "TASKSYNC_STATE": "https://anna:state-Pass-1@h/s?private_token=query-T0ken",
        "TASKSYNC_RUN_URL": "https://ci/x?token=run-T0ken",
    }
    found = secrets_of(
        ["plan", "--state=postgresql://u:flag-Pass-1@h/d", "s3://AK:s3-Pass-1@b/k"], env
    )
    assert {
        *("vibe_api_1", "vibe_session_1", "pg-Pass-1", "aws-Secret-1", "http-Pass-1"),
        *("proxy%2FPass-1", "proxy/Pass-1", "state-Pass-1", "query-T0ken", "run-T0ken"),
        *("flag-Pass-1", "s3-Pass-1", "Ym9iOmh0dHAtUGFzcy0x"),
    } <= found.texts


def test_what_an_address_shows_openly_is_no_secret() -> None:
    """A password like the user's name or the scheme would hide half of all words."""
    env = {"TASKSYNC_STATE": "postgresql://tasks42:tasks42@h/tasks42"}
    assert "tasks42" not in secrets_of([], env).texts
    assert secrets_of([], env).redact("postgresql://tasks42:***@h") == "postgresql://tasks42:***@h"


@pytest.mark.parametrize("address", ["postgresql:/u:S3CRET-1@h/d", "password=S3CRET-1 host=h"])
def test_an_address_that_does_not_parse_gives_its_password_all_the_same(address: str) -> None:
    assert "S3CRET-1" in secrets_of([], {"TASKSYNC_STATE": address}).texts


def test_a_secret_that_cannot_be_hidden_everywhere_is_named() -> None:
    """By its variable, never by itself."""
    env = {
        "TASKSYNC_HTTP_PASSWORD": "pw12",
        "PGPASSWORD": "123456",
        "TASKSYNC_API_KEY": "vibe_api_1",
    }
    note = weakness(weak(env))
    assert "TASKSYNC_HTTP_PASSWORD, PGPASSWORD" in note
    assert "TASKSYNC_API_KEY" not in note
    assert "pw12" not in note
    assert not weakness(())


def test_a_usage_error_repeats_no_password() -> None:
    """Told before any command has begun."""
    err = io.StringIO()
    console = Console(io.StringIO(), io.StringIO(), err, {})
    code = run(["plan", "--sate=postgresql://u:flag-Pass-1@h/d"], console)
    assert code == 64
    assert "flag-Pass-1" not in err.getvalue()
    assert "--sate" in err.getvalue()  # its value is not repeated at all
    code = run(["plan", "postgresql://u:flag-Pass-1@h/d"], console)
    assert code == 64
    assert "flag-Pass-1" not in err.getvalue()
    assert "***" in err.getvalue()


def test_what_the_manifest_says_is_not_taken_from_what_the_portal_says() -> None:
    """What is learned later is held against the manifest, too."""
    hidden = RunSecrets(Secrets(frozenset(["first-Secret-1"])))
    hidden.openly = lambda: ["another", "a title with second-Secret-2"]
    assert hidden.outside.texts == {"first-Secret-1"}
    hidden.add("second-Secret-2", "third-Secret-3", None)
    assert hidden.outside.texts == {"first-Secret-1", "third-Secret-3"}
    assert hidden.secrets.redact("second-Secret-2") == "***"


def test_a_redacting_stream_is_the_stream_in_all_else() -> None:
    out = io.StringIO()
    stream = RedactingStream.over(out, RunSecrets(Secrets(frozenset(["first-Secret-1"]))))
    assert stream.write("x first-Secret-1\n") == 17
    stream.writelines(["a ", "first-", "Secret-1"])
    assert out.getvalue() == "x ***\na ***"
    assert stream.isatty() is False


@pytest.fixture
def named(tmp_path: Path) -> Tasksync:
    """A project of which a task is called as a password is."""
    head = "apiVersion: tasksync/v1\nproject: fin\ndefaults: {responsibleId: 1}\ntasks:\n"
    made = Tasksync.of(tmp_path, f"{head}  a: {{title: Deploy it}}\n  b: {{title: B}}\n")
    made.env["PGPASSWORD"] = "Deploy"
    assert made("apply", "--yes").code == 0
    return made


def _titles(tasksync: Tasksync) -> list[str]:
    """What the state remembers, told by a run that has no such password."""
    entries = json.loads(tasksync("state", "pull", PGPASSWORD="").out)["entries"]
    return sorted(one["asked"]["title"] for one in entries.values())


def test_an_entry_that_is_moved_keeps_what_it_says(named: Tasksync) -> None:
    """It comes from the state: with and without a manifest that says the same."""
    assert named("state", "mv", "a", "c").code == 0
    assert named("state", "mv", "c", "d", "--project", "fin", TASKSYNC_FILE="").code == 0
    assert _titles(named) == ["B", "Deploy it"]


def test_a_copy_of_the_state_that_lacks_our_secrets_says_so(named: Tasksync) -> None:
    """It looks like a backup, and is none."""
    end = named("state", "pull")
    assert "Deploy" not in end.out + end.err
    assert "*** it" in end.out
    assert "It is no whole backup" in end.err
    assert named("state", "pull", PGPASSWORD="").err == ""


def test_what_is_said_openly_may_be_told_later() -> None:
    """What was looked up before is not kept."""
    hidden = RunSecrets(Secrets(frozenset(["Deploy-1"])))
    assert hidden.outside.redact("Deploy-1") == "***"
    hidden.openly = lambda: ["Deploy-1 it"]
    assert hidden.outside.redact("Deploy-1") == "Deploy-1"


def test_manifests_are_looked_through_one_by_one_and_each_once(tmp_path: Path) -> None:
    """A plan of 100 000 tasks held all of their text three times."""
    names = [str(tmp_path / name) for name in ("a.yaml", "b.yaml")]
    Path(names[0]).write_text("title: first-Secret-1\n")
    texts = said_in([*names, str(tmp_path / "." / "a.yaml"), str(tmp_path / "none.yaml")])
    assert next(texts) == "title: first-Secret-1\n"
    Path(names[1]).write_text("written when the first was looked through\n")
    assert list(texts) == ["written when the first was looked through\n"]
