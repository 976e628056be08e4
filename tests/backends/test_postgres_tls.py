"""PostgreSQL over TLS with a password: what a company's server asks for, and what is said."""

from __future__ import annotations

from typing import Any

import postgres
import psycopg
import pytest
from stores import ANNA, TTL, HandClock, counted_ids

from tasksync.backends.leases import nobody
from tasksync.backends.postgres import PostgresStore
from tasksync.errors import StateError

PASSWORD = "a-password-of-the-state"


@pytest.fixture(scope="module")
def url(secure_postgres: postgres.SecureServer) -> str:
    """A database whose role may do what it needs, on the host of the certificate."""
    with psycopg.connect(secure_postgres.url, autocommit=True) as db:
        db.execute(f"CREATE ROLE keeper LOGIN PASSWORD '{PASSWORD}'")
        db.execute("CREATE DATABASE kept OWNER keeper")
    return f"postgresql://keeper@localhost:{secure_postgres.port}/kept"


@pytest.fixture
def certificate(secure_postgres: postgres.SecureServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("PGSSLROOTCERT", str(secure_postgres.certificate))
    return monkeypatch


def store(url: str, password: str = PASSWORD, told: list[str] | None = None) -> PostgresStore:
    return PostgresStore(
        url,
        "office",
        clock=HandClock(),
        ids=counted_ids(),
        gone=nobody,
        password=password,
        tell=(told if told is not None else []).append,
    )


@pytest.mark.usefixtures("certificate")
def test_a_state_is_kept_over_tls_with_a_password(url: str) -> None:
    kept = store(f"{url}?sslmode=verify-full")
    kept.release(kept.acquire(ANNA, TTL))
    assert kept.load().entries == {}
    kept.close()


@pytest.mark.parametrize(
    ("query", "trusted", "said"),
    [
        ("sslmode=verify-full", "/nowhere/root.crt", "PGSSLROOTCERT"),
        ("sslmode=verify-full", "system", "/etc/ssl/certs/ca-certificates.crt"),
        ("sslmode=disable", "", "add ?sslmode=verify-full"),
    ],
)
def test_what_keeps_tls_from_standing_is_said_at_once(
    url: str, certificate: Any, query: str, trusted: str, said: str
) -> None:
    """No second try: it ends the same way."""
    if trusted:
        certificate.setenv("PGSSLROOTCERT", trusted)
    told: list[str] = []
    with pytest.raises(StateError) as met:
        store(f"{url}?{query}", told=told).load()
    assert said in met.value.advice
    assert (told, PASSWORD in str(met.value)) == ([], False)


@pytest.mark.usefixtures("certificate")
def test_another_host_s_certificate_is_not_believed(url: str) -> None:
    with pytest.raises(StateError, match="does not match host name") as met:
        store(f"{url}?sslmode=verify-full".replace("localhost", "127.0.0.1")).load()
    assert "has to be the certificate's" in met.value.advice


def test_a_server_without_tls_is_said(postgres_url: str) -> None:
    with pytest.raises(StateError, match="does not support SSL") as met:
        store(f"{postgres_url}?sslmode=require").load()
    assert "has no TLS" in met.value.advice
