"""Where another project's state lies, told from where ours does."""

from __future__ import annotations

import pytest

from tasksync.cli.other_projects import address_of


@pytest.mark.parametrize(
    ("url", "other"),
    [
        ("sqlite:.tasksync/here.db", "sqlite:.tasksync/there.db"),
        ("sqlite:here", "sqlite:there"),
        ("sqlite:/states/state.db", None),
        ("sqlite:/here/state.db", None),
        ("sqlite:/states/here-2.db", None),
        ("postgresql://db.internal/tasksync", "postgresql://db.internal/tasksync"),
        ("s3://bucket/states/here.json?region=x", "s3://bucket/states/there.json?region=x"),
        ("s3://bucket/state.json", None),
        ("https://git.example/state/here?x=here", "https://git.example/state/there?x=here"),
        ("https://here/state", None),
    ],
)
def test_the_last_part_of_the_address_names_the_project(url: str, other: str | None) -> None:
    assert address_of(url, "here", "there") == other
