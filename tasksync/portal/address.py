"""The portal's address: what may be one. Apart from transport.py, which imports requests."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, unquote, urlsplit

from tasksync.core.quoting import quoted
from tasksync.errors import SettingsError
from tasksync.late_patterns import pattern_of

_GIVE = "Give it as https://HOST, for example --portal https://vibecode.bitrix24.com."
#: https://acme.bitrix24.ru/rest/1/TOKEN/, on a box of one's own too
_WEBHOOK = pattern_of(r"/rest/\d+/.", re.IGNORECASE)
#: acme.bitrix24.com, acme.bitrix24.com.br, the vendor's own site; VibeCode's host is none of them
_OWN_HOST = pattern_of(r"(^|\.)bitrix24\.(com?\.)?[a-z]+$", re.IGNORECASE)


def refuse_native(text: str) -> None:
    """Raise SettingsError for a webhook's URL and for a portal's own host, before anything is sent.

    Both are a portal's own REST (design 16), not the API. Nothing behind the host is repeated: a
    webhook's token stands there.
    """
    parts = _split(text)
    host = (parts.hostname or "").rstrip(".")
    if _WEBHOOK.search(unquote(parts.path)):
        what = f"--portal is the URL of a webhook, which is the own REST of {host or 'a portal'}"
        more = " The webhook's token stands in that URL: whoever saw it can use it."
    elif _OWN_HOST.search(host) and not host.startswith("vibecode."):
        what, more = f"--portal names {host}, a portal's own address", ""
    else:
        return
    raise SettingsError(
        f"{what}; that is not supported yet, and nothing was sent to it.",
        "Leave --portal (TASKSYNC_PORTAL) out, and set TASKSYNC_API_KEY to a key that the portal's "
        f"VibeCode section made.{more}",
    )


def _split(text: str) -> SplitResult:
    bare = text.strip()
    try:
        return urlsplit(bare if "://" in bare else f"https://{bare}")
    except ValueError:
        msg = "--portal is not the URL of a portal."
        raise SettingsError(msg, _GIVE) from None


def normalise_url(text: str) -> str:
    """Return a portal's base URL, ending in /v1; raises SettingsError for what cannot be.

    https only, http to loopback only; no user, password, query or fragment.
    """
    refuse_native(text)
    parts = _split(text)
    host = parts.hostname
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise SettingsError(
            "The portal's URL carries a user name or a password.",
            "Secrets do not belong into URLs: set TASKSYNC_API_KEY.",
        )
    if text.strip().rstrip(":/").lower() == "sandbox":
        msg = "--portal names no portal, and the local one is written with a colon."
        raise SettingsError(msg, "Did you mean --portal sandbox: or --portal sandbox:FILE?")
    if parts.scheme not in {"http", "https"} or not host or _bad_port(parts):
        shown = f"{parts.scheme}://{parts.netloc}" if "://" in text else parts.netloc
        what = quoted(shown) if shown else "--portal"  # a path may hold a secret
        raise SettingsError(f"{what} is not the URL of a portal.", _GIVE)
    if parts.query or parts.fragment:
        msg = f"The portal's URL ends in a query or a fragment: {parts.scheme}://{parts.netloc}/?…"
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
        return parts.port == 0 or parts.netloc.endswith(":")
    except ValueError:
        return True
