"""A state URL opens its store, names what is missing, and is printed without its secrets."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from stores import ANNA, HandClock, counted_ids

from tasksync.backends.http import HttpDocument
from tasksync.backends.masking import masked, scrubbed, secrets_of
from tasksync.backends.postgres import PostgresStore
from tasksync.backends.processes import run_url
from tasksync.backends.registry import open_store
from tasksync.backends.sqlite import SqliteStore
from tasksync.core.ports import StateStore
from tasksync.errors import SettingsError


def opened(url: str, env: dict[str, str] | None = None) -> StateStore:
    return open_store(url, "finance-q2", HandClock(), counted_ids(), ANNA, env or {})


def test_a_sqlite_url_names_a_file(tmp_path: Path) -> None:
    store = opened(f"sqlite:{tmp_path / 's.db'}")
    assert isinstance(store, SqliteStore)
    assert store._file.path == tmp_path / "s.db"
    assert list(tmp_path.iterdir()) == []


def test_a_tilde_is_the_home_folder() -> None:
    store = opened("sqlite:~/s.db")
    assert isinstance(store, SqliteStore)
    assert store._file.path == Path("~/s.db").expanduser()


@pytest.mark.parametrize(
    "url",
    ["postgresql://h/d", "postgres://h/d", "s3://b/k", "https://h/s", "HTTP://localhost/s"],
)
def test_a_store_that_is_opened_asks_nobody_anything(url: str) -> None:
    opened(url).close()


@pytest.mark.parametrize(
    "url", ["", "state.db", "ftp://h/s", "sqlite:", "sqlite:///s.db", "memory:", "sqlite"]
)
def test_a_url_of_no_known_kind_is_refused_with_those_that_are(url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        opened(url)
    assert "sqlite:" in refused.value.advice


@pytest.mark.parametrize(
    ("url", "module", "extra"),
    [("postgresql://h/d", "psycopg", "postgres"), ("s3://b/k", "boto3", "s3")],
)
def test_a_driver_that_is_not_installed_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, url: str, module: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    for name in [one for one in sys.modules if one.startswith(f"tasksync.backends.{extra}")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(SettingsError, match=module) as refused:
        opened(url)
    assert refused.value.advice == f"pip install 'tasksync[{extra}]'"


def test_the_password_may_come_from_the_environment() -> None:
    store = opened("postgresql://anna@h/d", {"PGPASSWORD": "s3cret"})
    assert isinstance(store, PostgresStore)
    assert store._server._settings["password"] == "s3cret"
    store = opened("postgresql://anna:own@h/d", {"PGPASSWORD": "s3cret"})
    assert isinstance(store, PostgresStore)
    assert store._server._settings["password"] == "own"


def test_the_registry_imports_no_driver() -> None:
    code = (
        "import sys, tasksync.backends.registry\n"
        "heavy = {'psycopg', 'boto3', 'requests', 'sqlite3', 'orjson'} & set(sys.modules)\n"
        "raise SystemExit(f'imported {heavy}' if heavy else 0)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_store_in_postgresql_does_not_pay_for_http() -> None:
    code = (
        "import sys, tasksync.backends.postgres\n"
        "heavy = {'requests', 'urllib3', 'boto3', 'sqlite3'} & set(sys.modules)\n"
        "raise SystemExit(f'imported {heavy}' if heavy else 0)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:/home/anna/a@b:c.db", "sqlite:/home/anna/a@b:c.db"),
        ("postgresql://h/d", "postgresql://h/d"),
        ("postgresql://anna@h/d", "postgresql://anna@h/d"),
        ("postgresql://anna:s3cret@h:5432/d", "postgresql://anna:***@h:5432/d"),
        ("postgresql://anna:s3/cr@et@h/d", "postgresql://anna:***@h/d"),
        ("postgresql://anna:s3c@h1:1,h2:2/d", "postgresql://anna:***@h1:1,h2:2/d"),
        ("postgresql://h/d?password=s3cret&sslmode=require", "postgresql://h/d?password=***&sslmode=require"),
        ("s3://b/k?endpoint=http://m:9000&region=eu", "s3://b/k?endpoint=http://m:9000&region=eu"),
        ("https://anna:s3cret@h/s", "https://***@h/s"),
        ("https://t0ken@h/s", "https://***@h/s"),
        ("https://h:8443/a@b", "https://h:8443/a@b"),
        ("https://h/s?private_token=s3cret", "https://h/s?private_token=***"),
        ("https://h/s#s3cret", "https://h/s"),
        ("postgresql://anna:s3#c?ret@h/d", "postgresql://anna:***@h/d"),
        ("postgresql://anna:12/34@h/d", "postgresql://anna:***@h/d"),
    ],
)  # fmt: skip
def test_a_url_is_printed_without_what_opens_a_door(url: str, shown: str) -> None:
    assert masked(url) == shown
    for secret in secrets_of(url):
        assert secret not in masked(url)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql:/bob:S3CRET@h/db", "postgresql:***"),
        ("postgresql:bob:S3CRET@h/db", "postgresql:***"),
        ("postgresql://host=h port=1 password=S3CRET", "postgresql:***"),
        ("host=h port=1 password=S3CRET", "***"),
        ("https:/bob:S3CRET@h/s", "https:***"),
        ("https//bob:S3CRET@h/s", "***"),
        ("mysql:bob:S3CRET@h", "***"),
        ("s3:/AKIA:S3CRET@bucket/key", "s3:***"),
        ("sqlite://bob:S3CRET@x", "sqlite://***"),
        ("https://h/S3CRET-token/state", "https://h/***/state"),
        ("https://h/s?S3CRET", "https://h/s?***"),
        ("xyz://host/path?token=S3CRET", "xyz://***"),
        ("xyz://host/S3CRET", "xyz://***"),
        ("S3CRETS3CRETS3CRET://host", "***"),
        ("s3://b/k?endpoint=https://u:S3CRET@m:9000", "s3://b/k?endpoint=https://***@m:9000"),
        ("https://g/api/v4/projects/7/terraform/state/Team-1", "https://g/api/v4/projects/7/terraform/state/Team-1"),
        ("state.db", "state.db"),
    ],
)  # fmt: skip
def test_of_an_address_that_is_not_understood_only_the_harmless_is_printed(
    url: str, shown: str
) -> None:
    assert masked(url) == shown


@pytest.mark.parametrize(
    "url", ["sqlite://bob:S3CRET@x", "mysql:bob:S3CRET@h", "https:bob:S3CRET@h/s", "s3:/S3CRET@b/k"]
)
def test_an_address_that_is_refused_is_quoted_masked(url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        opened(url)
    assert "S3CRET" not in str(refused.value) + refused.value.message


def test_the_parts_that_are_masked_are_scrubbed_too() -> None:
    secrets = secrets_of("https://h/S3CRET-token/state?T0KEN-bare#fragm3nt")
    said = "no S3CRET-token, T0KEN-bare, fragm3nt at state"
    assert scrubbed(said, secrets) == "no ***, ***, *** at state"


def test_the_address_of_a_run_is_kept_without_its_login() -> None:
    url = "https://anna:S3CRET@ci.example/jobs/7"
    assert run_url({"TASKSYNC_RUN_URL": url}) == "https://***@ci.example/jobs/7"
    url = "https://ci.example/jobs/@7"
    assert run_url({"TASKSYNC_RUN_URL": url}) == url


def test_a_driver_s_words_are_scrubbed_of_every_form_of_a_secret() -> None:
    secrets = secrets_of("postgresql://anna:s3%2Fcret@h/d?password=other")
    assert scrubbed("bad s3%2Fcret and s3/cret, other", secrets) == "bad *** and ***, ***"


def test_the_address_that_requests_sees_has_no_login() -> None:
    assert HttpDocument("https://anna:s3cret@h/s", {})._at.state == "https://h/s"
