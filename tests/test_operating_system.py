"""What operating systems do differently: each way is tried here, whatever system this is."""

from __future__ import annotations

import ast
import io
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path, PureWindowsPath

import pytest
from windows_api import LACKING, LACKING_MODULES, Kernel32

from tasksync import file_limits, operating_system, windows_calls
from tasksync.backends import processes
from tasksync.backends.mounts import is_remote
from tasksync.backends.registry import open_store
from tasksync.backends.sqlite_file import uri_of
from tasksync.cli import error_exit
from tasksync.cli.console import Console
from tasksync.cli.main import _unfailing
from tasksync.cli.other_projects import address_of
from tasksync.core.state import Holder
from tasksync.errors import SettingsError
from tasksync.manifests.files import find


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Kernel32:
    """What asks whether this is Windows hears yes, and asks a Windows that is played."""
    played = Kernel32({7: 1000, 8: 2000}, shares=frozenset({"S:\\"}))
    monkeypatch.setattr(operating_system, "WINDOWS", True)
    monkeypatch.setattr(windows_calls, "_kernel32", lambda: played)
    return played


def holder(pid: int, started: str) -> Holder:
    return Holder(user="u", host="h", pid=pid, started=started, run_url="", operation="apply")


def test_a_holder_at_windows_is_known_by_when_it_began(windows: Kernel32) -> None:
    """Windows gives a pid again soon, and tells when a process began."""
    here = holder(8, processes.started(8) or "")
    assert here.started == "windows/2000"
    there = holder(7, "windows/1000")
    assert (processes.is_alive(there, here), processes.is_gone(there, here)) == (True, False)
    another = holder(7, "windows/999")
    assert (processes.is_alive(another, here), processes.is_gone(another, here)) == (False, True)
    assert processes.is_gone(holder(9, "windows/1000"), here)
    windows.ended.add(7)
    assert processes.is_gone(there, here)
    windows.forbidden.add(8)
    assert not processes.is_gone(holder(8, "windows/5"), here)
    assert windows.closed
    assert not processes.is_gone(holder(7, "boot/pid:[1]/1"), here)  # Linux on the same machine


def test_a_share_of_windows_has_no_shared_memory(windows: Kernel32) -> None:
    asked = windows_calls.is_on_network
    assert asked(r"\\server\share\state.db", windows)
    assert asked(r"\\?\UNC\server\share\state.db", windows)
    assert asked(r"S:\states\state.db", windows)
    assert not asked(r"C:\Users\Анна\state.db", windows)
    assert not asked(r"\\?\C:\state.db", windows)
    assert not is_remote(Path("state.db"))


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        (r"C:\my states\50%.db", "file:///C:/my%20states/50%25.db"),
        (r"\\server\share\a?b.db", "file:////server/share/a%3Fb.db"),
    ],
)
def test_sqlite_is_told_a_path_of_windows_as_it_reads_them(path: str, uri: str) -> None:
    """What stands after two slashes is a host to SQLite, and it takes none but localhost."""
    assert uri_of(PureWindowsPath(path)).lower() == uri.lower()


@pytest.mark.parametrize("url", [r"C:\states\team.db", "c:/states/team.db"])
def test_a_drive_is_no_kind_of_state(url: str) -> None:
    def asked(url: str) -> object:
        clock = operating_system.monotonic
        return open_store(url, "p", clock, str, holder(1, ""), {})  # type: ignore[arg-type]

    with pytest.raises(SettingsError) as refused:
        asked(url)
    assert r"sqlite:C:\states\team.db" in refused.value.advice
    path = asked(f"sqlite:{url}")._file.path  # type: ignore[attr-defined]
    assert str(path) == url


def test_another_project_s_state_lies_beside_ours(windows: Kernel32) -> None:
    assert windows
    found = address_of(r"sqlite:C:\my states\ours.db", "ours", "theirs")
    assert found == r"sqlite:C:\my states\theirs.db"
    assert address_of("sqlite:C:/states/ours.db", "ours", "theirs") == "sqlite:C:/states/theirs.db"
    assert address_of(r"sqlite:C:\states\x.db", "ours", "theirs") is None


def test_commands_are_written_for_the_shell_of_the_system(windows: Kernel32) -> None:
    assert windows
    assert operating_system.quoted(r"C:\my plans\a.yaml") == r'"C:\my plans\a.yaml"'
    assert operating_system.quoted(r"plans\a.yaml") == r"plans\a.yaml"


def test_a_file_that_somebody_has_open_is_tried_again(
    windows: Kernel32, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert windows
    aside, target = tmp_path / "aside", tmp_path / "target"
    aside.write_text("new")
    target.write_text("old")
    waited: list[float] = []
    move = Path.replace

    def replace(source: Path, to: str | Path) -> Path:
        if len(waited) < 3:
            raise PermissionError(13, "Access is denied")
        return move(source, to)

    monkeypatch.setattr(Path, "replace", replace)
    operating_system.replace(aside, target, sleep=waited.append)
    assert (target.read_text(), len(waited)) == ("new", 3)
    waited.clear()
    monkeypatch.setattr(Path, "replace", lambda *_: open("/nowhere/x", "x"))  # noqa: PTH123, SIM115
    with pytest.raises(FileNotFoundError):
        operating_system.replace(aside, target, sleep=waited.append)
    assert waited == []


@pytest.mark.parametrize("at_windows", [False, True])
def test_where_files_have_but_one_name_a_new_one_is_renamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, at_windows: bool
) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    aside, target = tmp_path / "aside", tmp_path / "target"
    aside.write_text("whole")
    operating_system.put_new(aside, target)
    assert (target.read_text(), aside.exists()) == ("whole", False)
    if not at_windows:
        aside.write_text("another")
        with pytest.raises(FileExistsError):
            operating_system.put_new(aside, target)
        assert target.read_text() == "whole"


def test_a_clock_is_there_where_the_system_has_but_python_s_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = operating_system.monotonic()
    assert operating_system.monotonic() >= before
    monkeypatch.delattr("time.clock_gettime")
    before = operating_system.monotonic()
    assert operating_system.monotonic() >= before


def test_ctrl_c_is_heard_while_a_run_waits_at_windows(windows: Kernel32) -> None:
    """A thread that waits hears nothing there until it wakes: so it wakes often."""
    assert windows

    class Watched(threading.Event):
        slices: list[float | None] = []  # noqa: RUF012

        def wait(self, timeout: float | None = None) -> bool:
            self.slices.append(timeout)
            if len(self.slices) == 3:
                self.set()
            return self.is_set()

    event = Watched()
    operating_system.wait(event, 3600)
    assert len(event.slices) == 3
    assert all(one is not None and one <= 0.1 for one in event.slices)


def test_ctrl_break_asks_to_stop_too() -> None:
    """Only Windows has it; closing the window of a console sends it too."""
    code = (
        "import signal; signal.SIGBREAK = signal.SIGUSR1\n"
        "from tasksync.cli.signals import Stop, graceful\n"
        "stop, said = Stop(), []\n"
        "with graceful(stop, said.append, lambda: '3 of 5 tasks done'):\n"
        "    signal.raise_signal(signal.SIGBREAK)\n"
        "assert stop() and '3 of 5 tasks done' in said[0], said\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert signal.SIGINT in operating_system.SIGNALS


def test_standard_input_is_read_where_no_file_stands_for_it(
    windows: Kernel32, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert windows
    monkeypatch.delattr("select.poll")
    ends, begins = os.pipe()
    os.write(begins, b"apiVersion: tasksync/v1\n")
    os.close(begins)
    kept = os.dup(0)
    try:
        os.dup2(ends, 0)
        [source], problems = find(["-"])
    finally:
        os.dup2(kept, 0)
        os.close(kept)
        os.close(ends)
    assert (source.content, problems) == (b"apiVersion: tasksync/v1\n", [])


def test_a_file_is_read_as_bytes_also_where_reading_may_mean_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without O_BINARY Windows makes LF of CR LF, and ends a file at Ctrl-Z."""
    file = tmp_path / "key file"
    file.write_bytes(b"a\r\n\x1ab")
    asked: list[int] = []
    opened = os.open
    monkeypatch.setattr(os, "open", lambda path, flags: asked.append(flags) or opened(path, flags))
    assert file_limits.read(file, file_limits.KEY) == b"a\r\n\x1ab"
    assert asked == [operating_system.READING]
    flags = "import os; os.O_BINARY = 1 << 30; from tasksync import operating_system as o"
    code = f"{flags}; assert o.READING & os.O_BINARY"
    subprocess.run([sys.executable, "-c", code], check=True)


class Terminal(io.TextIOWrapper):
    """A console of an old code page."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("page", ["cp1251", "cp866", "cp1252", "cp437"])
def test_a_console_shows_every_character_or_its_number(page: str) -> None:
    shown = io.BytesIO()
    stream = _unfailing(Terminal(shown, encoding=page))
    stream.write("Отчёт → ─│┌ … “да” 🦊\n")
    stream.flush()
    text = shown.getvalue().decode(page)
    assert "\\U0001f98a" in text
    assert ("Отчёт" in text) == (page in {"cp1251", "cp866"})
    assert ("…" in text) == (page in {"cp1251", "cp1252"})


def test_lines_in_files_and_pipes_end_alike_on_every_system() -> None:
    """So that what is piped out of one system is the same, byte for byte, as out of another."""
    piped = io.BytesIO()
    stream = io.TextIOWrapper(piped, encoding="cp1251", newline="\r\n")
    _unfailing(stream).write("Задача\n")
    stream.flush()
    assert piped.getvalue() == "Задача\n".encode()


def test_a_pipe_that_nobody_reads_is_told_from_a_fault(windows: Kernel32) -> None:
    """Windows says of it that an argument is invalid."""
    assert windows
    piped = Console(io.StringIO(), io.StringIO(), io.StringIO(), {})
    assert error_exit.is_closed_pipe(OSError(22, "Invalid argument"), piped)
    assert not error_exit.is_closed_pipe(OSError(22, "Invalid argument", "a:b"), piped)
    assert not error_exit.is_closed_pipe(OSError(28, "No space left on device"), piped)


def test_an_old_console_is_asked_for_colours(windows: Kernel32) -> None:
    shown = Terminal(io.BytesIO())
    shown.fileno = lambda: 1  # type: ignore[method-assign]
    console = Console(io.StringIO(), shown, shown, {})
    assert console.coloured(shown)
    assert windows.modes == {-11: 3 | 4, -12: 3}
    windows.obeys = False
    assert not console.coloured(shown)
    assert console.coloured(shown) is False
    assert Console(shown, shown, shown, {"FORCE_COLOR": "1"}).coloured(shown)


def test_what_windows_puts_before_a_text_is_no_part_of_it() -> None:
    """Windows PowerShell pipes and Notepad write a byte order mark."""
    assert file_limits.text(io.StringIO("\ufeff{}"), 10) == "{}"
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        assert file_limits.words("ключ".encode(encoding)) == "ключ"
    with pytest.raises(UnicodeDecodeError):
        file_limits.words("ключ".encode("cp1251"))


ROOT = Path(__file__).parents[1] / "tasksync"
#: where it is asked first whether the system has it
ASKED = {("operating_system.py", "os.O_DIRECTORY"), ("operating_system.py", "os.fchown")} | {
    *(("operating_system.py", f"os.{name}") for name in ("fchmod", "set_blocking")),
    *(("file_limits.py", name) for name in ("select.poll", "os.O_NONBLOCK")),
    ("backends/processes.py", "os.getuid"),
    ("operating_system.py", "time.CLOCK_MONOTONIC"),
    ("operating_system.py", "signal.pthread_kill"),
    *((name, "signal.pthread_sigmask") for name in ("operating_system.py", "__main__.py")),
}


def lacked(source: str) -> set[str]:
    """Return what a module names that Windows lacks."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(value=ast.Name(id=owner), attr=name):
                found |= {f"{owner}.{name}"} if name in LACKING.get(owner, "").split() else set()
            case ast.Import(names=names):
                found |= {one.name for one in names} & set(LACKING_MODULES)
            case ast.ImportFrom(module=str(owner), names=names):
                known = LACKING.get(owner, "").split()
                found |= {f"{owner}.{one.name}" for one in names if one.name in known}
                found |= {owner} & set(LACKING_MODULES)
    return found


def test_what_windows_lacks_is_named_in_its_own_place_alone() -> None:
    found = {
        (path.relative_to(ROOT).as_posix(), name)
        for path in ROOT.rglob("*.py")
        for name in lacked(path.read_text("utf-8"))
    }
    assert found == ASKED


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import fcntl", "fcntl"),
        ("from pwd import getpwuid", "pwd"),
        ("import os\nos.fork()", "os.fork"),
        ("from signal import SIGKILL", "signal.SIGKILL"),
    ],
)
def test_the_look_for_it_finds_it(source: str, name: str) -> None:
    assert lacked(source) == {name}


@pytest.mark.parametrize("lacks", [(), ("pthread_kill",)])
def test_the_main_thread_gets_a_signal_from_another_thread(
    monkeypatch: pytest.MonkeyPatch, lacks: tuple[str, ...]
) -> None:
    """Windows has no pthread_kill; Python calls handlers in the main thread there too."""
    for name in lacks:
        monkeypatch.delattr(signal, name, raising=False)
    heard: list[threading.Thread] = []
    came = threading.Event()

    def hear(*_signal: object) -> None:
        heard.append(threading.current_thread())
        came.set()

    before = signal.signal(signal.SIGINT, hear)
    try:
        other = threading.Thread(target=operating_system.signal_main_thread, args=(signal.SIGINT,))
        other.start()
        assert operating_system.wait(came, 30) or came.is_set()
        other.join()
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [threading.main_thread()]
