"""A world of each kind of state store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from worlds import World, memory_world, postgres_world, sqlite_world

KINDS = ["memory", "sqlite", "postgres"]


@pytest.fixture(params=KINDS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    match request.param:
        case "memory":
            opened = memory_world()
        case "postgres":
            opened = postgres_world(request.getfixturevalue("postgres_url"))
        case _:
            opened = sqlite_world(tmp_path / ".tasksync" / "finance-q2.db")
    with opened as made:
        yield made
