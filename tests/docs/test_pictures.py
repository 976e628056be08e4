"""The script that photographs the site: its pages are there, and a browser shows one."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]
PNG = b"\x89PNG\r\n"


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("site_pictures", ROOT / ".ci" / "pictures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_page_that_is_photographed_is_a_page_of_the_site() -> None:
    for page in script().PAGES.values():
        assert ROOT.joinpath("docs", page.rstrip("/") or "index").with_suffix(".md").is_file()


def test_a_served_page_is_photographed_light_dark_and_narrow(tmp_path: Path) -> None:
    style = "@media (prefers-color-scheme: dark) { body { background: black } }"
    tmp_path.joinpath("index.html").write_text(f"<style>{style}</style><h1>Late</h1>")
    pictures = script()
    with pictures.served(tmp_path) as address:
        pictures.three(address, tmp_path, "page")
    found = {path.stem: path.read_bytes() for path in tmp_path.glob("*.png")}
    assert found.keys() == {"page-light", "page-dark", "page-narrow"}
    assert all(picture.startswith(PNG) for picture in found.values())
    assert len(set(found.values())) == 3
