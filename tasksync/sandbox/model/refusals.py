"""What the portal's rules answer to a value that they do not take."""

from __future__ import annotations


class InvalidValue(Exception):
    """A value breaks a rule; the text is the portal's own."""


class ReadOnlyField(Exception):
    """The body has a field that is read-only (seeds)."""
