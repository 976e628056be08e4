"""A PgBouncer of the tests' own, Debian's: each transaction gets another session."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from postgres import free_port, server_user
from psycopg.conninfo import conninfo_to_dict

HOW = (
    "The tests of the PostgreSQL store need a pooler, and there is none.\n"
    "  apt-get install -y pgbouncer         (its own service is not needed)"
)
SETTINGS = """\
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {door}
unix_socket_dir =
auth_type = trust
auth_file = {home}/users
pool_mode = transaction
default_pool_size = 4
logfile = {home}/log
pidfile = {home}/pid
"""


@contextmanager
def before(url: str) -> Iterator[str]:
    """Run a pooler before a server for as long as the block lasts; yield the URL through it."""
    program = shutil.which("pgbouncer", path=f"{os.defpath}:/usr/sbin")
    if program is None:
        raise RuntimeError(HOW)
    server, door = conninfo_to_dict(url), free_port()
    home = Path(tempfile.mkdtemp(prefix="tasksync-pool-", dir="/tmp"))
    user = str(server.get("user") or "postgres")
    (home / "users").write_text(f'"{user}" ""\n')
    text = SETTINGS.format(host=server["host"], port=server.get("port", 5432), door=door, home=home)
    (home / "ini").write_text(text)
    who = {}
    if os.geteuid() == 0:  # it refuses root
        owner = server_user()
        who = {"user": owner.pw_uid, "group": owner.pw_gid}
        for path in (home, *home.iterdir()):
            os.chown(path, owner.pw_uid, owner.pw_gid)
    pooler = subprocess.Popen(  # type: ignore[call-overload]
        [program, "-q", str(home / "ini")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **who,
    )
    try:
        through = f"postgresql://{user}@127.0.0.1:{door}/{server.get('dbname', user)}"
        _wait(through, home)
        yield through
    finally:
        pooler.terminate()
        pooler.wait(10)
        shutil.rmtree(home, ignore_errors=True)


def _wait(url: str, home: Path) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with suppress(psycopg.OperationalError), psycopg.connect(url, connect_timeout=2):
            return
        time.sleep(0.05)
    log = home / "log"
    raise RuntimeError(f"pgbouncer did not start: {log.read_text() if log.exists() else ''}")
