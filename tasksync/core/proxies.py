"""Which proxy stands before a host, as curl finds it; settings that can never work are told.

Pure: the environment is handed in. Words name the variable and never repeat its value, for a
proxy's URL may hold a password.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from tasksync.core.quoting import quoted
from tasksync.errors import SettingsError
from tasksync.value_classes import dataclass, field

_SOCKS = ("socks4", "socks4a", "socks5", "socks5h")
_KNOWN = ("http", "https", *_SOCKS)
_EXAMPLE = "for example http://proxy.example:3128"


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy's URL, with its scheme, and the variable that names it."""

    name: str
    url: str = field(repr=False)


def proxy_for(
    scheme: str,
    host: str,
    port: int,
    env: Mapping[str, str],
    has_socks: Callable[[], bool] = lambda: False,
) -> Proxy | None:
    """Return the proxy for an address, or None where it is reached directly.

    `has_socks` tells whether the driver of SOCKS proxies is installed. Raises SettingsError for a
    proxy that can never work, by the name of its variable.
    """
    named = (f"{scheme}_proxy", f"{scheme}_proxy".upper(), "all_proxy", "ALL_PROXY")
    name = next((one for one in named if env.get(one, "").strip()), None)
    if name is None or bypassed(host, port, env.get("no_proxy") or env.get("NO_PROXY") or ""):
        return None
    return Proxy(name, _usable(name, env[name].strip(), has_socks))


def _usable(name: str, text: str, has_socks: Callable[[], bool]) -> str:
    url = text if "://" in text else f"http://{text}"
    scheme = url.partition("://")[0].lower()
    if scheme not in _KNOWN:
        msg = f"{name} names a proxy of the kind {quoted(scheme)}, which nobody speaks here."
        raise SettingsError(msg, f"Set {name} to http://HOST:PORT, https:// or socks5h://.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = "-", 0
    if not host:
        raise SettingsError(f"{name} names a proxy without a host.", f"Set {name}, {_EXAMPLE}.")
    if port == 0 or re.search(r"[\s\x00-\x1f]", host):
        msg = f"{name} names a proxy whose host or port cannot be one."
        raise SettingsError(msg, f"Set {name}, {_EXAMPLE}; ports are 1 to 65535.")
    if scheme in _SOCKS and not has_socks():
        msg = f"{name} names a {scheme} proxy, and the driver for it is not installed."
        raise SettingsError(msg, f"pip install pysocks, or set {name} to an http:// proxy.")
    return url


def bypassed(host: str, port: int, passed: str) -> bool:
    """Tell whether NO_PROXY names a host, as curl reads it.

    Names are divided by commas or blanks and match whole labels from the right (`.a.b` as `a.b`);
    `*` is everything; addresses match exactly or by network (`10.0.0.0/8`, `fd00::/8`), and are
    never looked up from names; `name:port` holds for that port alone.
    """
    bare = host.strip("[]").rstrip(".").lower()
    return any(_matches(bare, port, one.lower()) for one in re.split(r"[,\s]+", passed) if one)


def _matches(host: str, port: int, entry: str) -> bool:
    if entry == "*":
        return True
    name, only = _divided(entry)
    if only is not None and only != port:
        return False
    here = _address(host)
    if here is not None:
        try:
            network = ipaddress.ip_network(name, strict=False)
        except ValueError:
            return False
        return here.version == network.version and here in network
    name = name.strip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _divided(entry: str) -> tuple[str, int | None]:
    """Return an entry's name and its port: `[::1]:80`, `name:80`; bare IPv6 has no port."""
    found = re.fullmatch(r"\[([^\]]*)\](?::(\d+))?|([^:]*):(\d+)", entry)
    if found is None:
        return entry, None
    port = found[2] or found[4]
    return found[1] or found[3] or "", int(port) if port else None


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
