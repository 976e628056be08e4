"""An answer that is not the API's: what --portal leads to when it leads elsewhere (design 9)."""

from __future__ import annotations

import re

from tasksync.errors import PortalUnreadable
from tasksync.late_patterns import pattern_of
from tasksync.portal.error_codes import portal_words
from tasksync.portal.lenient_json import BOM
from tasksync.portal.messages import PortalAnswer

_BUSY = {408, 429}
_SEARCHED, _SHOWN = 4096, 80
_TAGS = pattern_of(r"<(script|style)\b.*?(</\1>|$)|<[^>]*>", re.IGNORECASE | re.DOTALL)


def is_json(answer: PortalAnswer) -> bool:
    """Tell whether a body begins as the API's envelope does."""
    return answer.body.removeprefix(BOM).lstrip()[:1] == b"{"


def foreign_answer(answer: PortalAnswer, *, readable: bool) -> str:
    """Return what was answered (status, type, first words) where no API answers so, else "".

    `readable`: it could be read as an answer of the API. A gateway's 429 and 5xx come with any
    body and pass by themselves; an error without a body may be an API's.
    """
    status = answer.status
    if 300 <= status < 400:  # noqa: PLR2004
        where = answer.header("Location").split("?", maxsplit=1)[0]
        return f"HTTP {status}, a redirect to {portal_words(where) or 'nowhere'}"
    if status >= 500 or status in _BUSY:  # noqa: PLR2004
        return ""
    if readable and (is_json(answer) or not answer.body.strip()):
        return ""
    kind = answer.header("Content-Type").partition(";")[0].strip() or "without a type"
    words = _first_words(answer.body)
    return f"HTTP {status}, {portal_words(kind)[1:-1]}" + (f": {words}" if words else ", empty")


def foreign_answer_error(host: str, doing: str, told: str) -> PortalUnreadable:
    """Return the error that ends a run whose first answer was not the API's."""
    return PortalUnreadable(
        f"{doing}: --portal leads to {host}, which is not the API: it answered {told}.",
        "Check --portal (TASKSYNC_PORTAL): it must be the API's address, for example "
        "https://vibecode.bitrix24.com. A sign-in page or a proxy on the way answers so too. "
        "Nothing was written.",
    )


def _first_words(body: bytes) -> str:
    if b"\0" in body[:_SEARCHED]:  # UTF-16 or no text: our secrets are not looked for in it
        return "what is no text in UTF-8"
    text = body[:_SEARCHED].decode("utf-8", "replace")
    bare = " ".join(_TAGS.sub(" ", text).split()) or " ".join(text.split())
    return portal_words(bare[:_SHOWN] + ("…" if len(bare) > _SHOWN else ""))
