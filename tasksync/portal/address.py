"""The portal's address: what may be one. Apart from transport.py, which imports requests."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

from tasksync.errors import SettingsError


def normalise_url(text: str) -> str:
    """Return a portal's base URL, ending in /v1; raises SettingsError for what cannot be.

    https only, http to loopback only; no user, password, query or fragment.
    """
    bare = text.strip()
    parts = urlsplit(bare if "://" in bare else f"https://{bare}")
    host = parts.hostname
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise SettingsError(
            "The portal's URL carries a user name or a password.",
            "Secrets do not belong into URLs: set TASKSYNC_API_KEY.",
        )
    if parts.scheme not in {"http", "https"} or not host or _bad_port(parts):
        msg = f"{bare!r} is not the URL of a portal."
        raise SettingsError(
            msg, "Give it as https://HOST, for example --portal https://vibecode.bitrix24.com."
        )
    if parts.query or parts.fragment:
        msg = f"The portal's URL ends in a query or a fragment: {parts.scheme}://{parts.netloc}{parts.path}?…"
        raise SettingsError(msg, "Give it as https://HOST.")
    if parts.scheme == "http" and not is_loopback(host):
        msg = f"Plain http to {host} would show the key to everybody on the way."
        raise SettingsError(msg, "Use https:// (http:// is for loopback only).")
    path = parts.path.rstrip("/")
    return f"{parts.scheme}://{parts.netloc.lower()}{path.removesuffix('/v1')}/v1"


def is_loopback(host: str) -> bool:
    """Tell whether a host name is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _bad_port(parts: SplitResult) -> bool:
    try:
        return parts.port == 0
    except ValueError:
        return True
