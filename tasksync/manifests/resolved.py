"""A value that other words stood for in the manifest."""

from __future__ import annotations

from typing import NamedTuple

from tasksync.core.fields import Value


class Resolved(NamedTuple):
    """A normal value and what goes into the digest; what was written is kept beside it.

    `release - 10wd` is resolved to an instant; what is written as its own value is not.
    """

    value: Value
    told: object
