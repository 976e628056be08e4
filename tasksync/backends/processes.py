"""Who we are as a holder of a lease, and whether a holder on this host has ended.

A pid alone says little: it is used again, and a container counts its own. `started` therefore
names the kernel's boot, the pid namespace and the start time (Linux: /proc), or the start time
alone, which says the day too (Windows). Where one of them cannot be compared nothing is said of it,
and the lease runs out by time.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from pathlib import Path

from tasksync import operating_system
from tasksync.core.run_url import shown
from tasksync.core.state import Holder

PROC = Path("/proc")
UNKNOWN = "?"
_WINDOWS = "windows"


def this_process(env: Mapping[str, str], operation: str = "apply") -> Holder:
    """Return the holder that this process is."""
    return Holder(
        user=_user(),
        host=platform.node(),
        pid=os.getpid(),
        started=started(os.getpid()) or "",
        run_url=run_url(env),
        operation=operation,
    )


def run_url(env: Mapping[str, str]) -> str:
    """Return where people see this run: TASKSYNC_RUN_URL, GitLab's job or GitHub's run.

    Its login and tokens are hidden: it stands in locks that others read.
    """
    if url := env.get("TASKSYNC_RUN_URL") or env.get("CI_JOB_URL"):
        return shown(url)
    names = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    server, repository, run = (env.get(name, "") for name in names)
    return f"{server}/{repository}/actions/runs/{run}" if server and repository and run else ""


def started(pid: int, proc: Path = PROC) -> str | None:
    """Return boot/namespace/start time of a process; None when there is no such process.

    The start time is field 22 of /proc/PID/stat, counted after the name, which may hold blanks.
    Without /proc it is "", at Windows `windows/start time`.
    """
    if operating_system.WINDOWS:
        from tasksync import windows_calls  # ctypes with it

        began = windows_calls.process_started(pid)
        return f"{_WINDOWS}/{began}" if began else began
    if not (proc / "self").exists():
        return "" if _is_alive(pid) else None
    try:
        stat = (proc / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    except OSError:
        return ""
    return f"{_surroundings(proc)}/{stat.rpartition(')')[2].split()[19]}"


def is_gone(holder: Holder, here: Holder, proc: Path = PROC) -> bool:
    """Tell that a holder ran on this host, in this pid namespace, and has ended for sure."""
    place = _place(here.started)
    if holder.host != here.host or _place(holder.started) != place or place == UNKNOWN:
        return False
    now = started(holder.pid, proc)
    return now is None or bool(now and holder.started and now != holder.started)


def is_alive(holder: Holder, here: Holder, proc: Path = PROC) -> bool:
    """Tell that a holder runs on this host, in this pid namespace, for sure."""
    place = _place(here.started)
    if holder.host != here.host or _place(holder.started) != place or place in {UNKNOWN, ""}:
        return False
    return started(holder.pid, proc) == holder.started


def _place(text: str) -> str:
    return text.rpartition("/")[0]


def _surroundings(proc: Path) -> str:
    try:
        boot = (proc / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{(proc / 'self/ns/pid').readlink()}"
    except OSError:
        return UNKNOWN


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _user() -> str:
    """Return who runs this, as getpass finds it; it is imported where no variable says it."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        if told := os.environ.get(name):
            return told
    import getpass  # with what it brings for passwords, which nobody is asked for

    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return str(os.getuid()) if hasattr(os, "getuid") else "?"
