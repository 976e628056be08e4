"""Where people see a run, without what opens a door: it stands in locks that others read."""

from __future__ import annotations

import re
from urllib.parse import unquote

from tasksync.core.secrets import HIDDEN
from tasksync.late_patterns import pattern_of

#: one part of a name: letters, perhaps with a number; a number; a few of both: as no token is
_PART = pattern_of(r"[^\W\d_]{1,24}[0-9]{0,4}|[0-9]{1,20}|\w{1,3}")
_SEPARATORS = pattern_of(r"[-_.~+:,!@ ]+")
_SECRET_NAME = pattern_of(
    "token|key|secret|pass|pw|auth|sig|code|jwt|session|cred|ticket|nonce|state", re.IGNORECASE
)
_LOGIN = pattern_of(r"^(\w+:/*)?([^/?#\s]*)@")
#: two halves of a token are longer than that in all, though each looks like a word
_LONGEST_NAME = 64


def shown(url: str) -> str:
    """Return a URL whose login, and whatever in path, query and fragment looks like a token, hides.

    The same URL again leaves it as it is.
    """
    return _walked(url)[0]


def tokens_of(url: str) -> tuple[str, ...]:
    """Return what `shown` hides, as written and unquoted."""
    found = _walked(url)[1]
    return tuple(dict.fromkeys(one for text in found for one in (text, unquote(text)) if one))


def is_token(part: str) -> bool:
    """Tell whether a part of a path may be a token, and no name that people gave."""
    name = unquote(part)
    if not name or name == HIDDEN:
        return False
    pieces = [one for one in _SEPARATORS.split(name) if one]
    return len(name) > _LONGEST_NAME or not all(_PART.fullmatch(one) for one in pieces)


def _walked(url: str) -> tuple[str, list[str]]:
    hidden: list[str] = []
    if login := _LOGIN.match(url):
        name, _, password = login[2].partition(":")
        hidden += [] if login[2] == HIDDEN else [login[2], password or name]
        url = f"{login[1] or ''}{HIDDEN}@{url[login.end() :]}"
    scheme, slashes, rest = url.rpartition("://") if "://" in url.split("?")[0] else ("", "", url)
    address, hash_, fragment = rest.partition("#")
    address, question, query = address.partition("?")
    host, slash, path = address.partition("/") if slashes else ("", "", address)

    def part(text: str) -> str:
        if not is_token(text):
            return text
        hidden.append(text)
        return HIDDEN

    def pair(text: str) -> str:
        name, equals, value = text.partition("=")
        if not equals:
            return part(text)
        if value and value != HIDDEN and _SECRET_NAME.search(name):
            hidden.append(value)
            value = HIDDEN
        return f"{name}={part(value)}"

    path = "/".join(map(part, path.split("/")))
    query = "&".join(map(pair, query.split("&")))
    fragment = "&".join(map(pair, fragment.split("&")))
    return f"{scheme}{slashes}{host}{slash}{path}{question}{query}{hash_}{fragment}", hidden
