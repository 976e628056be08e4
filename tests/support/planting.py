"""Our secrets in what others say: how each may be quoted, and whether a text still tells one.

Written apart from tasksync.core.secrets: `told` undoes escapes until nothing changes any more.
"""

from __future__ import annotations

import html
import html.entities
import json
import re
from collections.abc import Callable, Mapping
from urllib.parse import quote, unquote

#: stands for our secrets in what a server says, and is replaced in the bytes that leave it
PLANT = "PLANTED-HERE"

#: what each variable of a run holds, and what of it is secret
ENV: Mapping[str, str] = {
    "TASKSYNC_API_KEY": "vibe/live_9f8e7d/6c5b4a",
    "TASKSYNC_SESSION_TOKEN": "sess/0n.token+77aa88bb",
    "TASKSYNC_FORGE_TOKEN": "ghs_f0rge/t0ken+Zz91kQ",
    "TASKSYNC_HTTP_USERNAME": "bob",
    "TASKSYNC_HTTP_PASSWORD": "hp/W0rd",
    "TASKSYNC_HTTP_LOCK_ADDRESS": "",
    "PGPASSWORD": "pg&Pa/ss<4>word",
    "AWS_SECRET_ACCESS_KEY": "wJalr/XUtnFEMI+K7MDENG/bPxRf",
    "AWS_SESSION_TOKEN": "FwoGZXIvYXdzEBYaD//session",
    "HTTPS_PROXY": "http://proxy:pr%2F0xy-Secret@127.0.0.1:9",
    "NO_PROXY": "127.0.0.1",
    "TASKSYNC_RUN_URL": "https://ci.example/hook/r7n-T0ken-in-path/run?token=r8n-T0ken-in-query",
}
SECRETS: Mapping[str, str] = {
    "the key": ENV["TASKSYNC_API_KEY"],
    "the session": ENV["TASKSYNC_SESSION_TOKEN"],
    "the forge's token": ENV["TASKSYNC_FORGE_TOKEN"],
    "the state's password": ENV["TASKSYNC_HTTP_PASSWORD"],
    "the state's login": "Ym9iOmhwL1cwcmQ=",
    "the database's password": ENV["PGPASSWORD"],
    "the object's key": ENV["AWS_SECRET_ACCESS_KEY"],
    "the object's session": ENV["AWS_SESSION_TOKEN"],
    "the proxy's password": "pr/0xy-Secret",
    "the run's token in a path": "r7n-T0ken-in-path",
    "the run's token in a query": "r8n-T0ken-in-query",
}


def _json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _some(text: str, how: Callable[[str], str], every: int) -> str:
    return "".join(how(one) if n % every == 0 else _json(one) for n, one in enumerate(text))


def _unicode(sign: str) -> str:
    return f"\\u{ord(sign):04x}"


def _percent(sign: str) -> str:
    return "".join(f"%{one:02x}" for one in sign.encode())


#: the first name that HTML has for each sign of ASCII
_HTML = {
    sign: name.removesuffix(";")
    for name, sign in reversed(html.entities.html5.items())
    if name.endswith(";") and sign.isascii() and sign.isprintable()
}


#: how a secret may be quoted; each is also the inside of a JSON text
FORMS: Mapping[str, Callable[[str], str]] = {
    "plain": _json,
    "every slash escaped": lambda s: _json(s).replace("/", "\\/"),
    "one slash escaped": lambda s: _json(s).replace("/", "\\/", 1),
    "a slash as u002f": lambda s: _json(s).replace("/", "\\u002f", 1),
    "unicode": lambda s: _some(s, _unicode, 1),
    "unicode in part": lambda s: _some(s, _unicode, 3),
    "percent": lambda s: quote(s, safe=""),
    "percent, small letters": lambda s: re.sub("%..", lambda f: f[0].lower(), quote(s, safe="")),
    "percent in part": lambda s: quote(s, safe="/+"),
    "percent without need": lambda s: _some(s, _percent, 2),
    "percent twice": lambda s: quote(quote(s, safe=""), safe=""),
    "JSON in JSON": lambda s: _json(_json(s).replace("/", "\\/")),
    "JSON in JSON in JSON": lambda s: _json(_json(_json(s).replace("/", "\\/"))),
    "HTML": lambda s: _json(html.escape(s)),
    "HTML by names": lambda s: "".join(f"&{_HTML[c]};" if c in _HTML else _json(c) for c in s),
    "HTML by numbers": lambda s: "".join(f"&#{ord(one)};" for one in s),
}


def planted(turn: int) -> str:
    """Return all secrets, as they stand in a JSON text, each in another form.

    After as many turns as there are forms each secret was there in each.
    """
    forms = [*FORMS.values()]
    return " ".join(
        forms[(turn + n) % len(forms)](secret) for n, secret in enumerate(SECRETS.values())
    )


def told(text: str | bytes) -> list[str]:
    """Return which secrets a text tells, in whatever form."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    seen = {text}
    for _ in range(8):
        seen |= {
            form
            for one in seen
            for form in (
                html.unescape(one),
                unquote(one),
                one.replace("\\/", "/").replace('\\"', '"').replace("\\\\", "\\"),
                re.sub(r"\\u([0-9a-fA-F]{4})", lambda f: chr(int(f[1], 16)), one),
                one.replace("\\", ""),
            )
        }
        if len(seen) > 200:  # by then every order of the five was gone through
            break
    return [name for name, secret in SECRETS.items() if any(secret in one for one in seen)]
