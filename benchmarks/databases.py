"""A real PostgreSQL for the length of a block, with the durability that its defaults give."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measuring import Unfit


@contextmanager
def postgres(connections: int = 200) -> Iterator[str]:
    """Serve a new database on a free loopback port; yields its URL. Needs Debian's packages."""
    programs = _programs()
    home = Path(tempfile.mkdtemp(prefix="tasksync-bench-", dir="/tmp"))
    user = _server_user() if os.geteuid() == 0 else None
    if user is not None:
        os.chown(home, user.pw_uid, user.pw_gid)

    def call(program: str, *words: str) -> None:
        done = subprocess.run(  # type: ignore[call-overload]
            [str(programs / program), *words],
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            check=False,
            **({} if user is None else {"user": user.pw_uid, "group": user.pw_gid}),
        )
        if done.returncode:
            raise Unfit(f"{program} failed with {done.returncode}")

    data, port = str(home / "data"), _free_port()
    try:
        call("initdb", "-D", data, "--auth=trust", "--username=postgres", "--encoding=UTF8")
        options = f"-c listen_addresses=127.0.0.1 -p {port} -k {home}"
        options += f" -c max_connections={connections}"
        call("pg_ctl", "-D", data, "-w", "-l", str(home / "log"), "-o", options, "start")
        try:
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            call("pg_ctl", "-D", data, "-m", "fast", "-w", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _programs() -> Path:
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    if not found:
        raise Unfit("there is no PostgreSQL server here: apt-get install postgresql")
    return max(found, key=lambda path: int(path.parent.name))


def _server_user() -> pwd.struct_passwd:
    """Return whom a server may run as, for it refuses root."""
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port
