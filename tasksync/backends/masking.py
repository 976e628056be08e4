"""URLs as they may be printed: without anything that opens a door."""

from __future__ import annotations

from urllib.parse import unquote

_HIDDEN = "***"
#: parameters whose values tell nothing that opens a door; all others are hidden
_HARMLESS = frozenset(
    {"endpoint", "region", "sslmode", "host", "port", "dbname", "target_session_attrs"}
)


def masked(url: str) -> str:
    """Return a state URL with passwords and tokens hidden; what is no URL comes back as it is."""
    scheme, mark, rest = url.partition("://")
    if not mark:
        return url
    before, question, query = rest.partition("?")
    query, sharp, _ = query.partition("#")
    before = _without_login(scheme, before.partition("#")[0])
    hidden = "&".join(map(_parameter, query.split("&"))) if query else query
    return f"{scheme}://{before}{question}{hidden}{sharp and '#' + _HIDDEN}"


def secrets_of(url: str) -> tuple[str, ...]:
    """Return what `masked` hides of a URL, as written and unquoted, longest first."""
    rest = url.partition("://")[2]
    before, _, query = rest.partition("?")
    found = [_login(before).partition(":")[2] or ""]
    if not url.startswith("postgres"):
        found.append(_login(before))
    for name, value in (pair.partition("=")[::2] for pair in query.split("&")):
        if name not in _HARMLESS:
            found.append(value)
    both = {*found, *map(unquote, found)} - {""}
    return tuple(sorted(both, key=len, reverse=True))


def scrubbed(text: str, secrets: tuple[str, ...]) -> str:
    """Return a driver's words without the secrets that they may quote."""
    for secret in secrets:
        text = text.replace(secret, _HIDDEN)
    return text


def _login(before: str) -> str:
    """Return what stands before the host; a password may hold a slash that nobody quoted."""
    host = before.partition("/")[0]
    if "@" in host:
        return host.rpartition("@")[0]
    _, colon, port = host.partition(":")
    if colon and "@" in before and not port.isdigit():
        return before.rpartition("@")[0]
    return ""


def _without_login(scheme: str, before: str) -> str:
    login = _login(before)
    if not login:
        return before
    user, colon, _ = login.partition(":")
    # elsewhere than at a database the user's name alone may be a token
    shown = f"{user}{colon}{colon and _HIDDEN}" if scheme.startswith("postgres") else _HIDDEN
    return f"{shown}{before[len(login) :]}"


def _parameter(pair: str) -> str:
    name, equals, _ = pair.partition("=")
    return f"{name}={_HIDDEN}" if equals and name not in _HARMLESS else pair
