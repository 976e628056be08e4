"""Lengths of time and limits are read alike by flags, manifests and plans."""

from __future__ import annotations

import json
import re
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

import pytest

from tasksync.cli import arguments
from tasksync.core import durations
from tasksync.core.manifest import Threshold
from tasksync.errors import ManifestInvalid
from tasksync.manifests.loader import load

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas/manifest.schema.json").read_text("utf-8"))

#: as it is written -> seconds; None: it is no length of time
TABLE: dict[str, float | None] = {
    "90s": 90,
    "15m": 900,
    "2h30m": 9000,
    "1h5s": 3605,
    "1h1m1s": 3661,
    "90m": 5400,
    "0s": 0,
    "1.5h": 5400,
    "2.3h": 8280,
    "0.1m": 6,
    "1000ms": 1,
    "1s500ms": 1.5,
    "999999999h": 3599999996400,
    "": None,
    "h": None,
    "1d": None,
    "1w": None,
    "2 hours": None,
    "2h 30m": None,
    "30m2h": None,
    "2h2h": None,
    "2h30": None,
    "2H": None,
    ".5h": None,
    "1.h": None,
    "-1s": None,
    "+1s": None,
    "1e3s": None,
    "PT2H": None,
    "P1D": None,
    "\u0662h": None,
    "1234567890h": None,
    "9" * 5000 + "h": None,
}


def estimate(folder: Path, text: str) -> int | None:
    """Return what a manifest makes of an estimate; None where it has a problem with it."""
    head = "apiVersion: tasksync/v1\nproject: p\n"
    file = folder / "m.yaml"
    file.write_text(
        f"{head}tasks: {{a: {{title: A, responsibleId: 1, timeEstimate: {json.dumps(text)}}}}}\n"
    )
    try:
        (wanted,) = load((str(file),)).tasks()
    except ManifestInvalid:
        return None
    return int(str(wanted.task().fields["timeEstimate"]))


@pytest.mark.parametrize(("text", "value"), TABLE.items(), ids=lambda one: str(one)[:12])
def test_a_length_of_time_is_read_alike_everywhere(
    tmp_path: Path, text: str, value: float | None
) -> None:
    found = durations.seconds_in(text)
    assert (None if found is None else float(found)) == value
    whole = value is not None and value == int(value)
    assert estimate(tmp_path, text) == (value if whole else None)
    if value is None or value > 500 * 3600:
        with pytest.raises(ArgumentTypeError, match=r"write|the most is"):
            arguments.seconds(text)
    else:
        assert arguments.seconds(text) == value


@pytest.mark.parametrize(("text", "value"), TABLE.items(), ids=lambda one: str(one)[:12])
def test_the_schema_that_editors_read_knows_the_same_forms(text: str, value: float | None) -> None:
    pattern = SCHEMA["$defs"]["task"]["properties"]["timeEstimate"]["pattern"]
    assert pattern == durations.WRITTEN
    assert bool(re.search(pattern, text)) == (value is not None)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1d", "write days as hours"),
        ("PT2H", "not ISO 8601"),
        ("soon", "write seconds, or 30s, 5m, 2h30m"),
    ],
)
def test_what_is_none_is_answered_with_how_to_write_it(text: str, says: str) -> None:
    assert says in durations.why_not(text)


LIMITS: dict[str, Any] = {
    "0": Threshold(number=0),
    "20": Threshold(number=20),
    "30%": Threshold(share=0.3),
    "0%": Threshold(share=0.0),
    "100%": Threshold(share=1.0),
    "12.5%": Threshold(share=0.125),
    "29.9%": Threshold(share=0.299),
    "100.0%": Threshold(share=1.0),
    "101%": None,
    "100.1%": None,
    "-1%": None,
    "1e1%": None,
    "%": None,
    "30 %": None,
    "1.5": None,
    "NaN%": None,
    "\u0663%": None,
    "9" * 5000: None,
    "9" * 5000 + "%": None,
}


@pytest.mark.parametrize(("text", "value"), LIMITS.items(), ids=lambda one: str(one)[:12])
def test_a_limit_is_read_alike_by_flags_manifests_and_plans(
    tmp_path: Path, text: str, value: Threshold | None
) -> None:
    assert Threshold.read(text) == value
    if value is None:
        with pytest.raises(ArgumentTypeError, match="is no limit"):
            arguments.limit(text)
    else:
        assert arguments.limit(text) == value
    if "%" not in text:
        return
    file = tmp_path / "m.yaml"
    head = "apiVersion: tasksync/v1\nproject: p\n"
    file.write_text(f"{head}policy: {{maxDelete: {json.dumps(text)}}}\ntasks: {{}}\n")
    if value is not None:
        assert load((str(file),)).policy.max_delete == value
        return
    with pytest.raises(ManifestInvalid, match="is not a limit"):
        load((str(file),))
