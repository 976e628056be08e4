"""What edits change in files, as a unified diff for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import unified_diff

from tasksync.manifests.editing.edited_files import FileEdit
from tasksync.manifests.editing.text_lines import BREAK
from tasksync.render.wording import clean


def file_diff(files: Sequence[FileEdit]) -> Iterator[str]:
    """Yield the lines of a diff of every file, one line around what changes."""
    for one in files:
        before, after = (_lines(content) for content in (one.before, one.after))
        yield from map(clean, unified_diff(before, after, one.name, one.name, n=1, lineterm=""))


def _lines(content: bytes) -> list[str]:
    return BREAK.split(content.decode("utf-8", "replace"))
