"""Servers of the tests leave nothing behind that could answer for another one."""

from __future__ import annotations

import re
import socket
import threading
from pathlib import Path

import pytest
from support.listening import Listener

TESTS = Path(__file__).parent


def test_its_threads_end_with_it_and_its_port_is_shut() -> None:
    """Also those that wait for a client who says nothing."""
    before = set(threading.enumerate())
    with Listener(lambda connection: connection.sendall(connection.recv(8) or b"!")) as listener:
        silent = socket.create_connection(("127.0.0.1", listener.port))
        with socket.create_connection(("127.0.0.1", listener.port)) as client:
            client.sendall(b"hello")
            assert client.recv(8) == b"hello"
    assert set(threading.enumerate()) <= before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", listener.port))
    silent.close()


def test_no_other_code_of_the_tests_leaves_a_thread_in_accept() -> None:
    """A thread of its own takes connections in `Listener` alone, which ends it."""
    accepting = {
        str(file.relative_to(TESTS))
        for file in TESTS.rglob("*.py")
        if re.search(r"\.accept\(\)", file.read_text("utf-8"))
    }
    in_the_thread_of_the_test = {"portal/test_portal_leaving.py"}
    ended_by_a_last_connection = {"support/ci/hosted.py"}  # and waited for, before it is closed
    in_a_process_that_is_killed = {"support/quick_program.py"}
    others = in_the_thread_of_the_test | ended_by_a_last_connection | in_a_process_that_is_killed
    assert accepting - others == {"support/listening.py"}
