"""What was approved, by its digest, and what a plan made afresh has to do with it.

`apply --expect` carries nothing from the approval to the run but this: a digest, and where one is
at hand the document under it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Approved:
    """A plan that somebody approved.

    `digest` is `sha256:…`; `document` is the data under it (plan_digest.asked_document), where it
    is known; `where` is where it was approved, for people (the URL of the comment).
    """

    digest: str
    document: Mapping[str, object] | None = None
    where: str = ""
