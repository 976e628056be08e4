"""What a fleet's file says of secrets: their names, and never one of them in a message.

The file is kept in Git and its mistakes are printed in CI. A key that was written where its name
belongs, a password in an address and a webhook's token are refused and shown nowhere: not in the
words about them, and not in those about anything else that holds the same text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from urllib.parse import unquote

from tasksync.core.fleet import SecretSource
from tasksync.core.secrets import HIDDEN, Secrets
from tasksync.core.task import Problem
from tasksync.late_patterns import pattern_of
from tasksync.manifests.unplaced import BadValue
from tasksync.value_classes import replace

FILE = "file:"
_SANDBOX = "sandbox:"
_NAME = pattern_of(r"[A-Za-z_][A-Za-z0-9_]{0,79}")
_WORD = pattern_of(r"[A-Za-z0-9_]{8,}")
_PLAIN = pattern_of(r"[A-Za-z0-9_]+")
_RUN = pattern_of(r"[A-Za-z0-9]+")
_HEX = pattern_of(r"(?=.*[0-9])[0-9a-f]{16,}")
_SWITCH = pattern_of(r"(?<=[0-9])(?=[A-Za-z])|(?<=[A-Za-z])(?=[0-9])")
#: VibeCode's keys and sessions (api-contract 13): vibe_api_…, vibe_session_…
_VENDORS = pattern_of(r"(?:^|[^A-Za-z])vibe_|vibe_(?:api|app|live|mgmt|session)_")
#: a run of letters and digits is no word of a name: from these lengths on, by what is in it
_MIXED, _LOWER, _LONG = 12, 16, 32
_MANY_SWITCHES = 4
#: the token of a portal's own REST: /rest/1/TOKEN/
_WEBHOOK = pattern_of(r"/rest/\d+/([^/\s?#,}\]\"']+)", re.IGNORECASE)
_LOGIN = pattern_of(r"://([^/\s@]+)@")
#: the password of a database's address may hold signs that nobody quoted
_DATABASE = pattern_of(r"postgres(?:ql)?://[^?#]*:[^?#]*@", re.IGNORECASE)
_PASSWORD = pattern_of(r"(?:password|passwd|secret|token|api_?key)=([^&\s,}\"']+)", re.IGNORECASE)
_IN_ADDRESSES = (_WEBHOOK, _PASSWORD, _LOGIN)
#: so many secrets of one file are looked for in all its problems
_SUSPECTS = 200
_UNSHOWN = "what stands there is not shown, since it may be a secret"
_NAME_IT = "write the NAME of the environment variable alone, as ACME_KEY, or file:PATH"
_GIVE_UP = "if it was a key, make a new one: whoever reads this file has it"


def secret_source(name: str, value: object) -> SecretSource:
    """Return where a secret is found; raises BadValue, which shows nothing of the value.

    `name` is that of the field: `key` or `session`.
    """
    if value is None:
        what = f"{name} cannot be empty (null)"
        raise BadValue(what, _NAME_IT)
    if isinstance(value, str) and value.startswith(FILE):
        path = value.removeprefix(FILE)
        if not path.strip() or not path.isprintable() or path.endswith("/"):
            what = f"{name} names no file behind {FILE}"
            raise BadValue(what, "write it as file:/run/secrets/acme")
        if _VENDORS.search(path) or looks_like_key(path):
            what = f"{name} names a file that looks like a key: {_UNSHOWN}"
            raise BadValue(what, f"write file:PATH of the file that holds it; {_GIVE_UP}")
        return SecretSource(file=path)
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        what = f"{name} is no name of a variable: {_UNSHOWN}"
        raise BadValue(what, f"{_NAME_IT}; {_GIVE_UP}")
    if looks_like_key(value):
        what = f"{name} looks like a secret and not like its name: {_UNSHOWN}"
        raise BadValue(what, f"{_NAME_IT}; {_GIVE_UP}")
    return SecretSource(variable=value)


def looks_like_key(word: str) -> bool:
    """Tell whether a word is more like a key than like a name of something."""
    bare = word.replace("_", "")
    return (
        bool(_VENDORS.search(word))
        or bool(_HEX.fullmatch(bare))
        or (bool(_PLAIN.fullmatch(word)) and any(map(_is_random, _RUN.findall(word))))
    )


def _is_random(run: str) -> bool:
    if run.isdigit():
        return len(run) >= _LONG
    switches = len(_SWITCH.findall(run))
    lower = switches > 0 and run != run.upper()
    return (
        len(run) >= _LONG
        or (len(run) >= _LOWER and lower)
        or (len(run) >= _MIXED and switches >= _MANY_SWITCHES)
    )


def check_portal(address: str) -> None:
    """Raise BadValue where a portal's address holds a secret; nothing of it is shown."""
    if _WEBHOOK.search(unquote(address)):
        what = "portal is the URL of a webhook, whose token stands in it and is not shown"
        mend = "leave it out, and let key name the variable of a VibeCode key"
        raise BadValue(what, f"{mend}; make a new webhook, since this one is in the file")
    if address.startswith(_SANDBOX):
        return
    if _LOGIN.search(address) or "@" in address.partition("?")[0]:
        what = "portal carries a user name or a password, which is not shown"
        raise BadValue(what, "write https://HOST; the key alone says who asks")
    if "?" in address or "#" in address:
        what = "portal ends in a query or a fragment, which is not shown"
        raise BadValue(what, "write https://HOST")


def check_state(address: str) -> None:
    """Raise BadValue where a state's address holds a password; nothing of it is shown."""
    login = _LOGIN.search(address)
    web = address.lower().startswith(("http:", "https:"))
    if (
        _PASSWORD.search(address)
        or _DATABASE.match(address)
        or (login and _opens(login[1], web=web))
    ):
        what = "state carries a password or a token, which is not shown"
        how = "PGPASSWORD or ~/.pgpass give it"
        if web:
            how = "TASKSYNC_HTTP_USERNAME and TASKSYNC_HTTP_PASSWORD give it"
        raise BadValue(what, f"leave it out of a file that is kept in Git: {how}")


def _opens(login: str, *, web: bool) -> bool:
    """Tell whether a login is more than a name; that of a server on the web may be a token."""
    return web or ":" in login


def without_secrets(problems: Iterable[Problem], text: str) -> list[Problem]:
    """Return problems without what looks like a secret, in themselves or in the file's text.

    The text tells what a word that was cut short in a problem is the beginning of.
    """
    secrets = Secrets(frozenset(islice(_suspects(text), _SUSPECTS)))
    return [
        replace(one, what=_hidden(one.what, secrets), mend=_hidden(one.mend, secrets))
        for one in problems
    ]


def _hidden(text: str, secrets: Secrets) -> str:
    """Return words without secrets; what is left of a word of which a part was taken goes too."""
    text = _WORD.sub(lambda one: HIDDEN if looks_like_key(one[0]) else one[0], secrets.redact(text))
    for pattern in _IN_ADDRESSES:
        text = pattern.sub(lambda one: one[0].replace(one[1], HIDDEN), text)
    return re.sub(rf"[\w-]*{re.escape(HIDDEN)}[\w-]*", HIDDEN, text)


def _suspects(text: str) -> Iterator[str]:
    for pattern in _IN_ADDRESSES:
        yield from (one.rpartition(":")[2] for one in pattern.findall(text))
    yield from (word for word in _WORD.findall(text) if looks_like_key(word))
