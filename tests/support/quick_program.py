"""A program `tasksync` that scripts call by its name, and that does not start Python anew.

Each call is a process of its own, forked from one that has done its imports, with the caller's
streams, folder and environment. What is in its place is a small program that hands them over, waits
and ends with its exit code. That the real one starts from nothing is held by the walks in CI, which
install it, and by `.ci/run`.
"""

from __future__ import annotations

import importlib
import marshal
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from forking import imported

#: without `site` and all else that Python does first; `_socket` alone, since `socket` is larger
_CALLER = """\
#!{python} -IS
import _signal, _socket, marshal, os, sys
line = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
line.connect({address!r})
told = marshal.dumps((sys.argv[1:], dict(os.environ), os.getcwd()))
streams = b"".join(one.to_bytes(4, sys.byteorder) for one in (0, 1, 2))
size = len(told).to_bytes(8, "big")
line.sendmsg([size], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
line.sendall(told)
for stream in (0, 1, 2):
    os.close(stream)
process = int.from_bytes(line.recv(4), "big")
for number in (_signal.SIGHUP, _signal.SIGINT, _signal.SIGTERM):
    _signal.signal(number, lambda got, _frame: os.kill(process, got))
code = line.recv(1)
os._exit(code[0] if code else 137)
"""


@contextmanager
def quick_program(folder: Path, *more: str) -> Iterator[Path]:
    """Make the program in a folder, which is to stand first on the PATH; yields the folder.

    `more` are modules that its commands import, beside our own.
    """
    address = f"\0tasksync-tests-{os.getpid()}-{time.monotonic_ns()}"
    file = folder / "tasksync"
    file.write_text(_CALLER.format(python=sys.executable, address=address), "utf-8")
    file.chmod(0o700)
    listening = socket.socket(socket.AF_UNIX)
    with listening:
        listening.bind(address)
        listening.listen(64)
        worker = subprocess.Popen(
            [sys.executable, __file__, str(listening.fileno()), *more],
            env={"PATH": os.defpath, "LANG": "C.UTF-8"},
            pass_fds=[listening.fileno()],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        yield folder
    finally:
        os.killpg(worker.pid, signal.SIGKILL)  # what a script left running, too
        worker.wait()


def _serve(listening: socket.socket, more: list[str]) -> None:
    imported()
    for name in more:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are gone at once
    while True:
        line = listening.accept()[0]
        if not os.fork():
            listening.close()
            _look_after(line)
        line.close()


def _look_after(line: socket.socket) -> NoReturn:
    """Have a call done by a process of its own; tell its number, and how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, streams, _flags, _from = socket.recv_fds(line, 8, 3)
    told = line.recv(int.from_bytes(size, "big"), socket.MSG_WAITALL)
    process = os.fork()
    if not process:
        line.close()
        _become(told, streams)
    for stream in streams:
        os.close(stream)
    line.sendall(process.to_bytes(4, "big"))
    ended = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    line.sendall(bytes([ended if ended >= 0 else 128 - ended]))
    os._exit(0)


def _become(told: bytes, streams: list[int]) -> NoReturn:
    from tasksync.__main__ import main

    words, env, folder = marshal.loads(told)  # noqa: S302 - from our own program
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    sys.argv = ["tasksync", *words]
    try:
        main()
    finally:
        os._exit(70)  # it ends the process itself


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2:])
