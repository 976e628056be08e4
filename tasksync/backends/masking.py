"""URLs as they may be printed: without anything that opens a door."""

from __future__ import annotations

import re
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
    login = _login(scheme, rest)
    address, question, query = rest[len(login) :].partition("#")[0].partition("?")
    hidden = "&".join(map(_parameter, query.split("&"))) if query else ""
    return f"{scheme}://{_shown(scheme, login)}{address}{question}{hidden}"


def secrets_of(url: str) -> tuple[str, ...]:
    """Return what `masked` hides of a URL, as written and unquoted, longest first."""
    scheme, _, rest = url.partition("://")
    login = _login(scheme, rest)
    found = [login.partition(":")[2]]
    if not scheme.startswith("postgres"):
        found.append(login)
    for pair in rest[len(login) :].partition("?")[2].split("&"):
        name, _, value = pair.partition("=")
        if name not in _HARMLESS:
            found.append(value)
    both = {*found, *map(unquote, found)} - {""}
    return tuple(sorted(both, key=len, reverse=True))


def scrubbed(text: str, secrets: tuple[str, ...]) -> str:
    """Return a driver's words without the secrets that they may quote."""
    for secret in secrets:
        text = text.replace(secret, _HIDDEN)
    return text


def _login(scheme: str, rest: str) -> str:
    """Return what stands before the host; its password may hold signs that nobody quoted."""
    host = re.split("[/?#]", rest, maxsplit=1)[0]
    if "@" in host:
        return host.rpartition("@")[0]
    _, colon, port = host.partition(":")
    if colon and "@" in rest and (not port.isdigit() or scheme.startswith("postgres")):
        return rest.rpartition("@")[0]
    return ""


def _shown(scheme: str, login: str) -> str:
    if scheme.startswith("postgres"):
        name, colon, _ = login.partition(":")
        return f"{name}:{_HIDDEN}" if colon else name
    # elsewhere than at a database the name alone may be a token
    return _HIDDEN if login else ""


def _parameter(pair: str) -> str:
    name, equals, _ = pair.partition("=")
    return f"{name}={_HIDDEN}" if equals and name not in _HARMLESS else pair
