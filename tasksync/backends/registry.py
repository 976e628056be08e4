"""Which store a state URL means, and how it is opened; drivers are imported only when needed.

sqlite:PATH                                       a file on this machine
postgresql://user@host/database                   a database, many projects in it
s3://bucket/key?endpoint=URL&region=NAME          an object, up to about 10 000 tasks
http://…, https://…                               Terraform's http backend, so GitLab too
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeAlias

from tasksync.backends.leases import Alive, Gone
from tasksync.backends.masking import masked
from tasksync.backends.patience import Tell, in_silence
from tasksync.backends.processes import is_alive, is_gone
from tasksync.core.ports import Clock, StateStore
from tasksync.core.quoting import quoted
from tasksync.core.state import Holder
from tasksync.errors import SettingsError

__all__ = ["SCHEMES", "masked", "open_store"]


class StoreRequest(NamedTuple):
    """What every store is opened with."""

    url: str
    project: str
    clock: Clock
    ids: Callable[[], str]
    gone: Gone
    alive: Alive
    env: Mapping[str, str]
    tell: Tell
    patience: float
    timeout: float


#: what is added for a path of Windows that stands alone, whose drive is no kind
_DRIVE = r" A file on a drive too is sqlite:PATH, as sqlite:C:\states\team.db."


def is_drive(scheme: str) -> bool:
    """Tell whether what stands before a colon is a drive of Windows."""
    return len(scheme) == 1 and scheme.isascii() and scheme.isalpha()


Loader: TypeAlias = Callable[[StoreRequest], StateStore]


def open_store(  # noqa: PLR0913 - all that any store is opened with
    url: str,
    project: str,
    clock: Clock,
    ids: Callable[[], str],
    here: Holder,
    env: Mapping[str, str],
    *,
    tell: Tell = in_silence,
    patience: float = 0.0,
    timeout: float = 100.0,
) -> StateStore:
    """Return the store that a URL names; nothing is read, made or connected yet.

    `ids` gives lineages and lease ids; `here` is who we are, by which a holder on this host is
    known to be gone or alive. `tell` hears what is waited for; `patience` is for how many seconds
    a file that another program keeps busy is waited for, `timeout` bounds one exchange with an HTTP
    or S3 server. Raises SettingsError for a URL that cannot be.
    """
    scheme, colon, _ = url.partition(":")
    if not colon or scheme.lower() not in SCHEMES:
        raise SettingsError(
            f"The state {quoted(masked(url))} is of no known kind.",
            "Known are sqlite:PATH, postgresql://…, s3://bucket/key and https://…."
            + (_DRIVE if is_drive(scheme) else ""),
        )
    gone, alive = partial(_gone, here), partial(_alive, here)
    asked = StoreRequest(url, project, clock, ids, gone, alive, env, tell, patience, timeout)
    return SCHEMES[scheme.lower()](asked)


def _gone(here: Holder, holder: Holder) -> bool:
    return is_gone(holder, here)


def _alive(here: Holder, holder: Holder) -> bool:
    return is_alive(holder, here)


def _sqlite(asked: StoreRequest) -> StateStore:
    from tasksync.backends.sqlite import SqliteStore

    path = asked.url.partition(":")[2]
    if not path or path.startswith("//"):
        raise SettingsError(
            f"The state {quoted(masked(asked.url))} names no file.",
            "A file is written sqlite:PATH, for example sqlite:.tasksync/state.db.",
        )
    return SqliteStore(
        Path(path).expanduser(),
        asked.project,
        clock=asked.clock,
        ids=asked.ids,
        gone=asked.gone,
        alive=asked.alive,
        tell=asked.tell,
        patience=asked.patience,
    )


def _postgres(asked: StoreRequest) -> StateStore:
    try:
        from tasksync.backends.postgres import PostgresStore
    except ImportError as error:
        raise _missing("psycopg", "postgres") from error
    return PostgresStore(
        asked.url,
        asked.project,
        clock=asked.clock,
        ids=asked.ids,
        gone=asked.gone,
        alive=asked.alive,
        tell=asked.tell,
        password=asked.env.get("PGPASSWORD"),
    )


def _s3(asked: StoreRequest) -> StateStore:
    try:
        from tasksync.backends.s3 import open_s3
    except ImportError as error:
        raise _missing("boto3", "s3") from error
    return open_s3(
        asked.url,
        asked.project,
        clock=asked.clock,
        ids=asked.ids,
        gone=asked.gone,
        alive=asked.alive,
        tell=asked.tell,
        timeout=asked.timeout,
    )


def _http(asked: StoreRequest) -> StateStore:
    from tasksync.backends.http import open_http

    return open_http(
        asked.url,
        asked.project,
        clock=asked.clock,
        ids=asked.ids,
        gone=asked.gone,
        alive=asked.alive,
        tell=asked.tell,
        env=asked.env,
        timeout=asked.timeout,
    )


def _missing(module: str, extra: str) -> SettingsError:
    return SettingsError(
        f"This state needs {module}, which is not installed.",
        f"pip install 'tasksync[{extra}]'",
    )


SCHEMES: Mapping[str, Loader] = {
    "sqlite": _sqlite,
    "postgresql": _postgres,
    "postgres": _postgres,
    "s3": _s3,
    "http": _http,
    "https": _http,
}
