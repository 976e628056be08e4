"""JSON with and without orjson: the portal must not be another one where it is not installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasksync.sandbox import json_codec


@pytest.fixture(params=["orjson", "json"])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "json":
        monkeypatch.setattr(json_codec, "_FAST", None)
    return str(request.param)


@pytest.mark.usefixtures("library")
def test_what_is_written_is_read_again_on_one_line() -> None:
    value = {"a": [1, None, True, "ж\n\u2028\U0001f600"], "b": {"c": 1.5}}
    written = json_codec.dumps(value)
    assert json_codec.loads(written) == value
    assert b"\n" not in written


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("text", [b"", b"{", b"{'a': 1}", b"\xff"])
def test_what_is_no_json_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the libraries word it each in their way
        json_codec.loads(text)


@pytest.mark.usefixtures("library")
def test_a_world_is_the_same_with_either(portal: Any, tmp_path: Path) -> None:
    client = portal(tmp_path / "w")
    id_ = client.create("Ж \U0001f600", tags=["x"], accomplices=[2])
    client("POST", f"/_sandbox/tasks/{id_}/comments", {"message": "hm"})
    again = portal(tmp_path / "w")
    assert again.rows("select=title,tags,accomplices,commentsCount") == [
        {
            "id": "3871",
            "title": "Ж \U0001f600",
            "tags": {"35": {"id": 35, "title": "x"}},
            "accomplices": ["2"],
            "commentsCount": "1",
        }
    ]
