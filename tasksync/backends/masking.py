"""URLs as they may be printed: without anything that opens a door."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from urllib.parse import unquote

from tasksync.core.run_url import is_token
from tasksync.core.secrets import HIDDEN as _HIDDEN
from tasksync.core.secrets import Secrets
from tasksync.late_patterns import pattern_of

#: parameters whose values tell nothing that opens a door; all others are hidden
_HARMLESS = frozenset(
    {"endpoint", "region", "sslmode", "host", "port", "dbname", "target_session_attrs"}
)
_WEB = frozenset({"http", "https"})
_KINDS = _WEB | {"sqlite", "postgresql", "postgres", "s3"}
#: a kind that nobody knows is shown where it can be no token
_LONGEST_KIND = 12
_KIND = pattern_of(r"[A-Za-z][A-Za-z0-9+.-]*")
#: blanks: key=value words of a database, or what was pasted with more than the address
_NO_ADDRESS = pattern_of(r"\s")
_FILE = pattern_of(r"[\w./-]+\.(?:db|json|sqlite3?|ya?ml)")
#: a part of a path that is short, a word or a number, as no token is
_PLAIN = pattern_of(r".{1,5}|(?=.{1,32}\Z)(?:[a-z]+(?:[-_.][a-z]+)*|v?[0-9]{1,6})")
#: a login, or words of a database, in what is no address
_ASTRAY = pattern_of(r"(?:^|[:/])[^\s:/@]+:(?!/)([^\s@]+)@|password\s*=\s*(\S+)", re.IGNORECASE)
_GITLAB = pattern_of(r"/api/v4/projects/[^/]+/terraform/state/[^/?#]+(?:/lock)?\Z")


def masked(url: str) -> str:
    """Return a state address with passwords and tokens hidden.

    Of an address that is not understood nothing is shown but its kind, and plain names of files.
    """
    kind, colon, path = url.partition(":")
    if colon and kind.lower() == "sqlite" and not path.startswith("//"):
        return url
    scheme, mark, rest = url.partition("://")
    if not mark or not _KIND.fullmatch(scheme) or not rest or _NO_ADDRESS.search(rest):
        known = colon and kind.lower() in _KINDS
        return f"{kind}:{_HIDDEN}" if known else url if _FILE.fullmatch(url) else _HIDDEN
    if scheme.lower() == "sqlite" or scheme.lower() not in _KINDS:
        return f"{scheme}://{_HIDDEN}" if len(scheme) <= _LONGEST_KIND else _HIDDEN
    login = _login(scheme, rest)
    address, question, query = rest[len(login) :].partition("#")[0].partition("?")
    hidden = "&".join(map(_parameter, query.split("&"))) if query else ""
    return f"{scheme}://{_shown(scheme, login)}{_path(scheme, address)}{question}{hidden}"


def secrets_of(url: str) -> tuple[str, ...]:
    """Return what `masked` hides of a URL, as written and unquoted, longest first."""
    return _secrets(url, lambda part: not _plain(part))


def tokens_in(url: str) -> tuple[str, ...]:
    """Return what must be shown nowhere: `secrets_of` without what may be a name in a path.

    Of an address that does not parse, whatever stands where a password is written.
    """
    if "://" not in url:
        found = {one for pair in _ASTRAY.findall(url) for one in pair if one}
        return tuple(found | {one.rpartition(":")[2] for one in found} - {""})
    return _secrets(url, is_token)


def _secrets(url: str, is_hidden: Callable[[str], bool]) -> tuple[str, ...]:
    scheme, _, rest = url.partition("://")
    login = _login(scheme, rest)
    found = [login.partition(":")[2]]
    if not scheme.startswith("postgres"):
        found.append(login)
    for pair in rest[len(login) :].partition("?")[2].split("&"):
        name, equals, value = pair.partition("=")
        if name not in _HARMLESS:
            hidden = value if equals else "" if _plain(name) else name
            found += [hidden, hidden.partition("#")[0]]
        elif "@" in value:
            found += _secrets(unquote(value), is_hidden)
    if scheme.lower() in _WEB:
        address, _, after = rest[len(login) :].partition("#")
        found += [after, *(one for one in _segments(address) if is_hidden(one))]
    both = {*found, *map(unquote, found)} - {""}
    return tuple(sorted(both, key=len, reverse=True))


def scrubbed(text: str, secrets: Iterable[str]) -> str:
    """Return a server's or driver's words without the secrets that they may quote.

    Each as it is, however short; those that are long enough in every other form as well.
    """
    known = sorted(secrets, key=len, reverse=True)
    for secret in known:
        text = text.replace(secret, _HIDDEN)
    return Secrets(frozenset(known)).redact(text)


def beginning(text: str, most: int) -> str:
    """Return the first words of a text; none in part, for half a secret is found by nobody."""
    return text if len(text) <= most else text[:most].rpartition(" ")[0]


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
    name, equals, value = pair.partition("=")
    if name in _HARMLESS:
        return f"{name}={masked(unquote(value))}" if "@" in value else pair
    return f"{name}={_HIDDEN}" if equals else _HIDDEN


def _path(scheme: str, address: str) -> str:
    """Return host and path; a part of a web address's path may be a token (a hook's address)."""
    if scheme.lower() not in _WEB or _GITLAB.search(address):
        return address
    host, slash, path = address.partition("/")
    parts = (one if _plain(one) else _HIDDEN for one in path.split("/"))
    return f"{host}{slash}{'/'.join(parts)}"


def _segments(address: str) -> list[str]:
    bare = address.partition("?")[0]
    return [] if _GITLAB.search(bare) else bare.split("/")[1:]


def _plain(part: str) -> bool:
    return not part or bool(_PLAIN.fullmatch(part))
