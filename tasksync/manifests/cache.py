"""Rows of unchanged files, kept by content, so that a second plan costs what changed."""

from __future__ import annotations

from pathlib import Path


class Cache:
    """A folder of cached rows; never needed, and cleared at will."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
