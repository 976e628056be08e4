"""What Windows lacks, and a Windows that is played: what `tasksync.windows_calls` asks it."""

from __future__ import annotations

from typing import Any

LACKING_MODULES = (
    "fcntl",
    "grp",
    "posix_ipc",
    "pty",
    "pwd",
    "resource",
    "syslog",
    "termios",
    "tty",
)
LACKING = {
    "os": (
        "fork forkpty register_at_fork geteuid getuid getgid getegid getgroups setsid getsid "
        "killpg getpgid fchown fchmod chown lchown O_NONBLOCK O_CLOEXEC O_DIRECTORY O_NOFOLLOW "
        "O_SYNC O_DSYNC O_NOCTTY O_PATH O_TMPFILE pidfd_open posix_fallocate posix_fadvise "
        "posix_spawn sendfile statvfs fstatvfs pread pwrite set_blocking get_blocking uname "
        "wait wait3 wait4 waitid mkfifo mknod memfd_create ttyname confstr "
        "sched_getaffinity sched_yield"
    ),
    "time": "clock_gettime clock_settime CLOCK_MONOTONIC CLOCK_BOOTTIME CLOCK_REALTIME tzset",
    "signal": "SIGKILL SIGHUP SIGPIPE SIGALRM SIGCHLD SIGUSR2 SIGQUIT pthread_kill pthread_sigmask "
    "sigwait alarm",
    "select": "poll epoll",
    "socket": "AF_UNIX",
}
_ALIVE = 0x102


class Kernel32:
    """What tasksync asks Windows: processes by when they began, drives by what they are."""

    def __init__(self, began: dict[int, int], shares: frozenset[str] = frozenset()) -> None:
        self.began = began
        self.shares = shares
        self.closed: list[Any] = []
        self.ended: set[int] = set()
        self.forbidden: set[int] = set()
        self.modes = {-11: 3, -12: 3}
        self.obeys = True
        self._error = 0

    def OpenProcess(self, _rights: int, _inherited: int, pid: int) -> int | None:  # noqa: N802
        self._error = 5 if pid in self.forbidden else 87
        return pid if pid in self.began and pid not in self.forbidden else None

    def GetLastError(self) -> int:  # noqa: N802
        return self._error

    def WaitForSingleObject(self, handle: Any, _milliseconds: int) -> int:  # noqa: N802
        return 0 if handle.value in self.ended else _ALIVE

    def GetProcessTimes(self, handle: Any, began: Any, *_others: Any) -> int:  # noqa: N802
        began._obj.value = self.began[handle.value]
        return 1

    def CloseHandle(self, handle: Any) -> None:  # noqa: N802
        self.closed.append(handle.value)

    def GetStdHandle(self, stream: int) -> int:  # noqa: N802
        return stream

    def GetConsoleMode(self, handle: Any, mode: Any) -> int:  # noqa: N802
        mode._obj.value = self.modes[handle.value - (1 << 64)]
        return 1

    def SetConsoleMode(self, handle: Any, mode: int) -> int:  # noqa: N802
        if self.obeys:
            self.modes[handle.value - (1 << 64)] = mode
        return int(self.obeys)

    def GetDriveTypeW(self, drive: str) -> int:  # noqa: N802
        return 4 if drive in self.shares else 3
