"""The review example shows what tasksync prints today."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).parents[2] / "examples" / "review"


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("review_make", HERE / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_review_example_is_what_its_script_makes(tmp_path: Path) -> None:
    make = script()
    make.make(tmp_path)
    for name in ("plan.txt", "plan.md"):
        assert (HERE / name).read_text(encoding="utf-8") == (tmp_path / name).read_text(
            encoding="utf-8"
        )
    readme = (HERE / "README.md").read_text(encoding="utf-8")
    assert make.told(readme, tmp_path) == readme
    assert "<script" in (tmp_path / "plan.html").read_text(encoding="utf-8")
