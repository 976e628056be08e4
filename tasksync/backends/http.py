"""The state behind Terraform's http backend protocol, so that a GitLab project can hold it.

GET reads, POST writes (?ID= names the lock), LOCK and UNLOCK take and free the server's lock; 423
or 409 tell whose it is. An address of GitLab's finds its own way of locking; elsewhere the
TASKSYNC_HTTP_… variables say what differs, under the names that Terraform gives them.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import unquote, urlsplit, urlunsplit

from tasksync.backends.document import DocumentStore
from tasksync.backends.gitlab_state import ADVICE as GITLAB_ADVICE
from tasksync.backends.gitlab_state import is_gitlab, is_no_project
from tasksync.backends.http_exchange import (
    WHOLE,
    Exchanges,
    NoStateAnswer,
    NoStateRequest,
    StateAnswer,
    why_unreadable,
)
from tasksync.backends.leases import Alive, Gone, nobody
from tasksync.backends.leases import who as name_of
from tasksync.backends.masking import beginning, masked, scrubbed, secrets_of
from tasksync.backends.patience import Tell, in_silence
from tasksync.backends.remote_document import Ambiguous, Copy, Other, Overtaken, unreadable_again
from tasksync.core.ports import Clock
from tasksync.core.quoting import quoted
from tasksync.core.state import Lease
from tasksync.errors import SettingsError, StateError

ILL = 500  # from this status on the server is ill, and nothing is known

_OK = 200
_MISSING = 404
_SAID = 200  # characters of an answer that are shown
_LOOKED = 4000  # bytes of it that are looked at
_DONE = frozenset({200, 201, 202, 204})
_TAKEN = frozenset({409, 412, 423})
_NO_LOCKS = frozenset({404, 405, 501})
_NOT_OURS = frozenset({400, 404, 409, 412, 422, 423})
_AGAIN = frozenset({408, 425, 429})
_ADVICE = {
    401: "Set TASKSYNC_HTTP_USERNAME and TASKSYNC_HTTP_PASSWORD.",
    403: "This user may not: look at TASKSYNC_HTTP_USERNAME, TASKSYNC_HTTP_PASSWORD and the role.",
    413: "The state is too large for this server: keep it in PostgreSQL.",
}


class Addresses(NamedTuple):
    """Where and how each thing is asked for."""

    state: str
    lock: str
    unlock: str
    lock_method: str
    unlock_method: str


def open_http(  # noqa: PLR0913 - what every store is opened with, and one more
    url: str,
    project: str,
    *,
    clock: Clock,
    ids: Callable[[], str],
    gone: Gone,
    env: Mapping[str, str],
    alive: Alive = nobody,
    tell: Tell = in_silence,
    timeout: float = WHOLE,
) -> DocumentStore:
    """Return the store behind an address; nothing is asked of the server yet."""
    return DocumentStore(
        HttpDocument(url, env, timeout),
        project,
        clock=clock,
        ids=ids,
        gone=gone,
        alive=alive,
        tell=tell,
    )


def addresses(url: str, env: Mapping[str, str]) -> Addresses:
    """Return where to lock: as the environment says, as GitLab wants it, or at the state itself."""
    parts = urlsplit(url)
    gitlab = is_gitlab(parts.path, masked(url))
    lock = urlunsplit(parts._replace(path=f"{parts.path}/lock")) if gitlab else url
    lock = env.get("TASKSYNC_HTTP_LOCK_ADDRESS") or lock
    return Addresses(
        url,
        lock,
        env.get("TASKSYNC_HTTP_UNLOCK_ADDRESS") or lock,
        env.get("TASKSYNC_HTTP_LOCK_METHOD") or ("POST" if gitlab else "LOCK"),
        env.get("TASKSYNC_HTTP_UNLOCK_METHOD") or ("DELETE" if gitlab else "UNLOCK"),
    )


class HttpDocument:
    """One document behind an address; the server's lock decides who may write."""

    conditional = False

    def __init__(self, url: str, env: Mapping[str, str], timeout: float = WHOLE) -> None:
        self.where = masked(url)
        bare, login = _without_login(url)
        self._at = addresses(bare, env)
        self._gitlab = is_gitlab(urlsplit(bare).path, self.where)
        for address in self._at[:3]:
            _refuse_plain(address)
        name = env.get("TASKSYNC_HTTP_USERNAME", login[0])
        password = env.get("TASKSYNC_HTTP_PASSWORD", login[1])
        quoted = {one for address in (url, *self._at[:3]) for one in secrets_of(address)}
        quoted |= {password} - {""}
        self._secrets = tuple(sorted(quoted, key=len, reverse=True))
        self._exchanges = Exchanges(
            (name, password),
            proxies=not _is_loopback(bare),  # no proxy stands before ourselves
            timeout=timeout,
        )

    def read(self) -> Copy | None:
        """The document, or None: 404, 204 and an empty answer are the protocol's words for it."""
        answer = self._ask("read", "GET", self._at.state)
        if answer.status in {204, 404} and not self._is_no_project(answer):
            return None
        if answer.status == _OK and not answer.body:
            if not _says_its_end(answer):  # headers that were cut off look like this
                raise Ambiguous(f"Could not read the state {self.where}: its answer was cut off.")
            return None
        if answer.status != _OK:
            raise self._refused("read", answer)
        return Copy(answer.body, "")

    def write(self, body: bytes, _over: str | None, lease_id: str) -> str:
        """Post the document under our lock."""
        if why := why_unreadable(body):
            raise unreadable_again(self.where, why)
        answer = self._ask("save", "POST", self._at.state, body, lease_id)
        if answer.status in _TAKEN:
            raise Overtaken(f"Could not save the state {self.where}: the lock is another's.")
        if answer.status in {400, 422}:  # GitLab's for a serial that it has: perhaps ours
            raise Ambiguous(str(self._refused("save", answer)))
        if answer.status not in _DONE:
            raise self._refused("save", answer)
        return ""

    def lock(self, asked: Lease) -> Other | None:
        """Take the server's lock; one that bears our id is ours, also when the answer was lost."""
        info = json.dumps(_lock_info(asked)).encode()
        answer = self._ask("lock", self._at.lock_method, self._at.lock, info)
        if answer.status in _DONE:
            return None
        if answer.status in _NO_LOCKS and not self._is_no_project(answer):
            raise StateError(
                f"The server of {self.where} knows no locks ({answer.status} to "
                f"{self._at.lock_method}), and a state without one is not safe.",
                "Name its lock with TASKSYNC_HTTP_LOCK_ADDRESS and TASKSYNC_HTTP_LOCK_METHOD, "
                "or keep the state elsewhere.",
            )
        if answer.status not in _TAKEN:
            raise self._refused("lock", answer)
        other = _other(answer)
        who = beginning(scrubbed(other.who, self._secrets), _SAID)
        return None if other.id == asked.id else other._replace(who=who)

    def unlock(self, lease_id: str) -> bool:
        """Free the server's lock if it bears this id; "" asks without one."""
        info = json.dumps({"ID": lease_id}).encode() if lease_id else None
        method, address = self._at.unlock_method, self._at.unlock
        answer = self._ask("unlock", method, address, info, lease_id)
        if answer.status not in _DONE | _NOT_OURS:
            raise self._refused("unlock", answer)
        return answer.status in _DONE

    def _is_no_project(self, answer: StateAnswer) -> bool:
        return self._gitlab and answer.status == _MISSING and is_no_project(answer.body)

    def _ask(
        self, doing: str, method: str, url: str, body: bytes | None = None, lease_id: str = ""
    ) -> StateAnswer:
        params = {"ID": lease_id} if lease_id else {}
        headers = {"Content-Type": "application/json"} if body else {}
        what = f"Could not {doing} the state {self.where}"
        try:
            answer = self._exchanges.ask(method, url, params, body, headers)
        except NoStateAnswer as why:
            proxy = "the proxy" in str(why)
            advice = (
                "Mend that variable, or name the server in NO_PROXY to go past it."
                if proxy
                else "Is the server there? Run again when it is."
            )
            raise Ambiguous(f"{what}: {why}.", advice) from None
        except NoStateRequest as why:
            raise StateError(f"{what}: {why}.") from None
        if _is_ill(answer.status):
            raise Ambiguous(str(self._refused(doing, answer)))
        return answer

    def _refused(self, doing: str, answer: StateAnswer) -> StateError:
        status = answer.status
        said = beginning(scrubbed(_words(answer.body), self._secrets), _SAID)
        if 300 <= status < 400:  # noqa: PLR2004
            where = scrubbed(answer.headers.get("Location", ""), self._secrets)
            host = _host_of(where) or "another address"
            return StateError(
                f"Could not {doing} the state {self.where}: it sends us on to {host}.",
                "Name the address that answers itself; credentials are not carried elsewhere.",
            )
        return StateError(
            f"Could not {doing} the state {self.where}: HTTP {status} {said}".rstrip(),
            (GITLAB_ADVICE if self._gitlab else _ADVICE).get(status, ""),
        )


def _lock_info(asked: Lease) -> dict[str, str]:
    """Return what Terraform sends; GitLab asks for each of these to be there."""
    return {
        "ID": asked.id,
        "Operation": asked.holder.operation,
        "Info": asked.holder.run_url,
        "Who": name_of(asked.holder),
        "Version": "tasksync",
        "Created": asked.since.isoformat(),
        "Path": "",
    }


def _says_its_end(answer: StateAnswer) -> bool:
    """Tell whether an answer said how long it is, so that nothing of it can be missing."""
    return any(name in answer.headers for name in ("Content-Length", "Transfer-Encoding"))


def _is_ill(status: int) -> bool:
    return status in _AGAIN or (status >= ILL and status not in _NO_LOCKS)


def _other(answer: StateAnswer) -> Other:
    try:
        info = json.loads(answer.body)
    except (ValueError, RecursionError):
        info = None
    if not isinstance(info, dict):
        return Other()
    told = {str(name).lower(): value for name, value in info.items()}
    lock_id, who = (one if isinstance(one, str) else "" for one in map(told.get, ("id", "who")))
    return Other(lock_id, who)


def _words(body: bytes) -> str:
    """Return the first words of an answer; none in part, for half a secret is found by nobody."""
    words = body[:_LOOKED].decode("utf-8", "replace").split()
    return " ".join(words if len(body) <= _LOOKED else words[:-1])


def _host_of(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "")[:_SAID]
    except ValueError:
        return ""


def _without_login(url: str) -> tuple[str, tuple[str, str]]:
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url, ("", "")
    login, _, host = parts.netloc.rpartition("@")
    name, _, password = login.partition(":")
    return urlunsplit(parts._replace(netloc=host)), (unquote(name), unquote(password))


def _refuse_plain(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SettingsError(f"The state {quoted(masked(url))} is not an address.")
    if parts.scheme == "http" and not _is_loopback(url):
        raise SettingsError(
            f"The state {quoted(masked(url))} would travel over plain http.",
            "Use https; plain http is for this machine alone.",
        )


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
