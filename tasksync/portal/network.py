"""Proxies and certificates from the environment: what no repeat can mend is told at once.

Worldly beside core/proxies.py: it looks at files and at what is installed. cli/wiring.py asks
it for a state on http(s) too, before anything is sent.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from tasksync.core.proxies import Proxy, proxy_for
from tasksync.errors import SettingsError
from tasksync.portal.address import is_loopback

BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
_PORTS = {"http": 80, "https": 443}


def proxy_before(url: str, env: Mapping[str, str]) -> Proxy | None:
    """Return the proxy before a URL (none before ourselves); raises SettingsError."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host):
        return None
    port = parts.port or _PORTS.get(parts.scheme, 0)
    return proxy_for(parts.scheme, host, port, env, lambda: find_spec("socks") is not None)


def bundle_of(env: Mapping[str, str]) -> str | None:
    """Return the file or folder of certificates to trust, or None: the usual ones.

    Raises SettingsError by the name of the variable where it cannot be used.
    """
    name = next((one for one in BUNDLES if env.get(one)), None)
    if name is None:
        return None
    path = Path(env[name])
    try:
        if not path.is_dir():
            path.stat()
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        _unusable(name, path, "holds no certificate that can be read")
    except FileNotFoundError:
        _unusable(name, path, "is not there")
    except OSError as error:
        _unusable(name, path, f"cannot be read ({error.strerror or error})")
    return env[name]


def check_network(url: str, env: Mapping[str, str]) -> None:
    """Raise SettingsError where what leads to an https URL can never work."""
    proxy_before(url, env)
    if urlsplit(url).scheme == "https":
        bundle_of(env)


def _unusable(name: str, path: Path, why: str) -> None:
    raise SettingsError(
        f"{name} names {path}, which {why}.",
        f"Set {name} to a PEM file of the certificates to trust, or unset it for the usual ones.",
    ) from None
