"""What a person reads of lines that were wrapped to fit a terminal."""

from __future__ import annotations


def unwrapped(text: str) -> str:
    """Return the words of a text, one blank between them, wherever its lines end."""
    return " ".join(text.split())
