"""A world of each kind of state store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from worlds import World, http_world, memory_world, postgres_world, s3_world, sqlite_world

from tasksync.backends import postgres_connection, sqlite_file

KINDS = ["memory", "sqlite", "postgres", "pgbouncer", "s3", "http", "gitlab"]


@pytest.fixture(params=KINDS)
def world(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    match request.param:
        case "memory":
            opened = memory_world()
        case "postgres":
            opened = postgres_world(request.getfixturevalue("postgres_url"))
        case "pgbouncer":
            opened = postgres_world(request.getfixturevalue("pgbouncer_url"))
        case "s3":
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
            opened = s3_world(request.getfixturevalue("s3_endpoint"))
        case "http" | "gitlab" as kind:
            opened = http_world(gitlab=kind == "gitlab")
        case _:
            opened = sqlite_world(tmp_path / ".tasksync" / "finance-q2.db")
    with opened as made:
        yield made


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the stores wait for what another program keeps busy, but not for seconds."""
    limits = postgres_connection._LIMITS.replace("'30s'", "'20ms'")
    monkeypatch.setattr(postgres_connection, "_LIMITS", limits)
    monkeypatch.setattr(postgres_connection, "_SOON", limits)
    monkeypatch.setattr(sqlite_file, "STEP", 0.01)
