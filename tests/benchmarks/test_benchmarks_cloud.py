"""What docs/scale.md says of the cloud's limit follows from its figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.simulate import cloud_table, in_the_cloud

PAGE = Path(__file__).parents[2] / "docs" / "scale.md"


@pytest.mark.parametrize(
    ("creates", "each", "seconds"),
    [
        (10_000, 0.001, 20.1),  # the request limits are narrower
        (10_000, 0.02, 100),
        (480, 1.0, 240),  # the ten minutes' allowance, two at once
        (481, 1.0, 600.5),
        (10_000, 1.0, 20 * 600 + 200),
    ],
)
def test_creates_wait_for_the_methods_working_time(creates, each, seconds):
    """480 s in any ten minutes."""
    assert in_the_cloud(creates, each) == pytest.approx(seconds, rel=0.01)


def test_the_page_shows_what_is_worked_out():
    """The table is made by benchmarks.simulate."""
    assert "\n".join(cloud_table()) in PAGE.read_text(encoding="utf-8")
