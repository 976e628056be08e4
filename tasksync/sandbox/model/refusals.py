"""What the portal's rules answer to a value that they do not take."""

from __future__ import annotations


class InvalidValue(Exception):
    """A value breaks a rule; the text is the portal's own."""


class ReadOnlyField(Exception):
    """A field stands in the body that nobody may write (seeds)."""
