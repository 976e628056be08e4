"""Publishing on each of the three forges, without waiting."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.forges import FORGES
from support.publishing import HandedClock, Publishing, served

from tasksync.cli import forge_run


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> HandedClock:
    """The clock of the forge and of what talks to it."""
    handed = HandedClock()
    monkeypatch.setattr(forge_run, "SystemClock", lambda _stop: handed)
    return handed


@pytest.fixture(params=sorted(FORGES))
def at(request: pytest.FixtureRequest, tmp_path: Path, clock: HandedClock) -> Iterator[Publishing]:
    """A pull request on one forge after the other; nothing may be asked that no document names."""
    publishing = served(request.param, tmp_path, clock)
    with publishing.forge as forge:
        yield publishing
    assert not forge.faults_of_callers


@pytest.fixture
def on_github(tmp_path: Path, clock: HandedClock) -> Iterator[Publishing]:
    """The same on GitHub alone."""
    publishing = served("github", tmp_path, clock)
    with publishing.forge as forge:
        yield publishing
    assert not forge.faults_of_callers


@pytest.fixture
def on_gitlab(tmp_path: Path, clock: HandedClock) -> Iterator[Publishing]:
    """The same on GitLab alone."""
    publishing = served("gitlab", tmp_path, clock)
    with publishing.forge as forge:
        yield publishing
    assert not forge.faults_of_callers


@pytest.fixture
def on_gitea(tmp_path: Path, clock: HandedClock) -> Iterator[Publishing]:
    """The same on Gitea alone."""
    publishing = served("gitea", tmp_path, clock)
    with publishing.forge as forge:
        yield publishing
    assert not forge.faults_of_callers
