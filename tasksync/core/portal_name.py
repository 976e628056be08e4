"""The identity of a portal: its name, lower case, without scheme and slash (design 9)."""

from __future__ import annotations

import re

from tasksync.late_patterns import pattern_of

_SCHEME = pattern_of(r"^[a-z][a-z0-9+.-]*://")


def portal_name(text: str) -> str:
    """Return the one form of a portal's name: `HTTPS://Acme.bitrix24.com/` is acme.bitrix24.com.

    With a scheme it is a URL: its path, login, default port and closing dot are no part of the
    name. Without one only case, blanks and slashes around it are.
    """
    bare = text.strip().lower()
    if _SCHEME.match(bare) or bare.startswith("//"):
        host = re.split(r"[/?#]", bare.partition("//")[2], maxsplit=1)[0].rpartition("@")[2]
        bare = re.sub(r":(443|80)?$", "", host)
    return bare.strip("/").rstrip(".")
