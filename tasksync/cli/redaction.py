"""What this run must never show, and streams that do not show it.

The key, the session, the state's and the proxies' passwords and tokens, those of the run's URL:
collected once, from the environment and the command line, before anything else is done.
"""

from __future__ import annotations

import os
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast
from urllib.parse import unquote

from tasksync.core.run_url import tokens_of
from tasksync.core.secrets import SHORT, Secrets, is_findable
from tasksync.late_patterns import pattern_of

if TYPE_CHECKING:
    from tasksync.core.plan import Plan

#: variables that hold nothing but a secret
KEYS = ("TASKSYNC_API_KEY", "TASKSYNC_SESSION_TOKEN")
#: those of forges, and of the jobs that run on them
FORGE_TOKENS = (
    "TASKSYNC_FORGE_TOKEN",
    "GITHUB_TOKEN",
    "GITLAB_TOKEN",
    "GITEA_TOKEN",
    "CI_JOB_TOKEN",
)
PASSWORDS = (
    "TASKSYNC_HTTP_PASSWORD",
    "PGPASSWORD",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    *FORGE_TOKENS,
)
#: variables that hold an address
STATES = (
    "TASKSYNC_PORTAL",
    "TASKSYNC_STATE",
    "TASKSYNC_HTTP_LOCK_ADDRESS",
    "TASKSYNC_HTTP_UNLOCK_ADDRESS",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
)
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
RUNS = ("TASKSYNC_RUN_URL", "CI_JOB_URL")
_URL = pattern_of(r"[A-Za-z][A-Za-z0-9+.-]*:/")


def secrets_of(argv: Sequence[str], env: Mapping[str, str]) -> Secrets:
    """Return the secrets of a run; what an address shows openly is none."""
    addresses = [*_addresses(argv, env)]
    found = {env.get(name, "").strip() for name in (*KEYS, *PASSWORDS)}
    found |= {token for name in RUNS if env.get(name) for token in tokens_of(env[name])}
    found |= set(_basic(env.get("TASKSYNC_HTTP_USERNAME"), env.get("TASKSYNC_HTTP_PASSWORD")))
    shown = ""
    if addresses:
        from tasksync.backends.masking import masked, tokens_in

        for address in addresses:
            found |= {*tokens_in(address), *_login(address)}
            shown += f" {masked(address)}"
    keys = {env.get(name, "").strip() for name in KEYS}
    return Secrets(frozenset(one for one in found if one and (one in keys or one not in shown)))


def weak(env: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the variables whose secrets cannot be taken out of every text."""
    named = ((name, env.get(name, "").strip()) for name in (*KEYS, *PASSWORDS))
    return tuple(name for name, text in named if text and not is_findable(text))


def weakness(names: Iterable[str]) -> str:
    """Return what to say about them, or ""."""
    named = ", ".join(names)
    if not named:
        return ""
    return (
        f"Note: {named} is shorter than {SHORT} characters, a number or a common word: it cannot "
        "be hidden wherever a server quotes it. Take a longer one."
    )


class RunSecrets:
    """What is hidden so far: a key's file is read late, and so is the manifest.

    `openly` returns the texts of the manifest or the approved plan: a secret that stands there is
    said by the person, and is written to the portal, remembered and compared exactly as it is.
    They are looked through one by one, and none is held.
    """

    def __init__(self, secrets: Secrets) -> None:
        self.secrets = secrets
        self.openly: Callable[[], Iterable[str]] = tuple
        self._outside: tuple[Secrets, Callable[[], Iterable[str]], Secrets] | None = None

    def add(self, *texts: str | None) -> None:
        """Hide more."""
        self.secrets = self.secrets.also(texts)

    @property
    def outside(self) -> Secrets:
        """The secrets that texts from outside lose before they are compared or saved."""
        if not self.secrets:
            return self.secrets
        known = self._outside
        if known is None or known[0] is not self.secrets or known[1] is not self.openly:
            openly = self.openly
            left = self.secrets
            for text in openly():
                left = left.without(text)
            known = self._outside = (self.secrets, openly, left)
        return known[2]


def said_in(files: Iterable[str]) -> Iterator[str]:
    """Yield what each of these files says, once; what cannot be read says nothing."""
    for name in dict.fromkeys(map(os.path.realpath, files)):
        with suppress(OSError, ValueError):
            yield Path(name).read_text(encoding="utf-8", errors="replace")


def said_by(plan: Plan) -> tuple[str, ...]:
    """Return all that a saved plan says, to be looked through.

    Not only what it asks for: what it saw is compared with what is there now, and the run that
    made it kept whatever its manifest says.
    """
    return (repr(plan),)


class RedactingStream:
    """A stream like another, without our secrets; `hidden` is asked at each write."""

    def __init__(self, stream: TextIO, hidden: RunSecrets) -> None:
        self._stream = stream
        self._hidden = hidden

    @property
    def unhidden(self) -> TextIO:
        """The stream itself, for what cannot hold a secret of ours."""
        return self._stream

    @classmethod
    def over(cls, stream: TextIO, hidden: RunSecrets) -> TextIO:
        """Return the stream, redacting."""
        return cast("TextIO", cls(stream, hidden))

    def write(self, text: str) -> int:
        """Write a text without our secrets; one that is cut in two writes is not found."""
        self._stream.write(self._hidden.secrets.redact(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write texts without our secrets."""
        self.write("".join(lines))

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


def _addresses(argv: Sequence[str], env: Mapping[str, str]) -> Iterator[str]:
    for name in STATES:
        if env.get(name):
            yield env[name]
    for name in (*_PROXIES, *map(str.upper, _PROXIES)):
        if address := env.get(name, "").strip():
            yield address if "://" in address else f"http://{address}"
    for word in argv:
        address = word.partition("=")[2] if word.startswith("-") else word
        if _URL.match(address):
            yield address


def _login(address: str) -> Iterator[str]:
    """Yield a login as its header carries it."""
    before, at, _ = re.split("[/?#]", address.partition("://")[2], maxsplit=1)[0].rpartition("@")
    if at:
        name, _, password = before.partition(":")
        yield from _basic(unquote(name), unquote(password))


def _basic(name: str | None, password: str | None) -> Iterator[str]:
    if password:
        yield b64encode(f"{name or ''}:{password}".encode("utf-8", "surrogateescape")).decode()
