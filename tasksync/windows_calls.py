"""What only Windows can be asked, through ctypes; elsewhere nothing of this is called.

`kernel32` can be handed in, since no test here runs at Windows. The structures, constants and what
the functions return are those of Microsoft's documentation of processthreadsapi.h, synchapi.h,
fileapi.h and consoleapi.h.
"""

from __future__ import annotations

import ctypes
from pathlib import PureWindowsPath
from typing import Any, Final

_QUERY_AND_SYNCHRONIZE: Final = 0x1000 | 0x100000  # PROCESS_QUERY_LIMITED_INFORMATION, SYNCHRONIZE
_NO_SUCH_PROCESS: Final = 87  # ERROR_INVALID_PARAMETER, said of a pid that nobody has
_WAIT_TIMEOUT: Final = 0x102  # it has not ended
_DRIVE_REMOTE: Final = 4
_STREAMS: Final = {1: -11, 2: -12}  # STD_OUTPUT_HANDLE, STD_ERROR_HANDLE
_VIRTUAL_TERMINAL: Final = 0x4  # ENABLE_VIRTUAL_TERMINAL_PROCESSING


def process_started(pid: int, kernel32: Any = None) -> str | None:
    """Return when a process began, in units of 100 ns; None where none has this pid.

    "" where Windows does not say: a process of somebody else may not be looked at. One that ended
    counts as none, though Windows knows it as long as anybody holds a handle to it.
    """
    api = kernel32 or _kernel32()
    handle = ctypes.c_void_p(api.OpenProcess(_QUERY_AND_SYNCHRONIZE, 0, pid))
    if not handle.value:
        return None if api.GetLastError() == _NO_SUCH_PROCESS else ""
    try:
        if api.WaitForSingleObject(handle, 0) != _WAIT_TIMEOUT:
            return None
        times = [ctypes.c_uint64() for _ in range(4)]  # FILETIMEs: begun, ended, kernel, user
        if not api.GetProcessTimes(handle, *map(ctypes.byref, times)):
            return ""
        return str(times[0].value)
    finally:
        api.CloseHandle(handle)


def is_on_network(path: str, kernel32: Any = None) -> bool:
    r"""Tell whether an absolute path lies on a share: `\\server\share`, or a drive that is one."""
    drive = PureWindowsPath(path).drive
    if drive.startswith(("\\\\?\\", "\\\\.\\")) and not drive.upper().startswith("\\\\?\\UNC\\"):
        drive = drive[4:]
    if drive.startswith("\\\\"):
        return True
    return bool(drive) and (kernel32 or _kernel32()).GetDriveTypeW(f"{drive}\\") == _DRIVE_REMOTE


def takes_colours(stream: int, kernel32: Any = None) -> bool:
    """Have a console (1: stdout, 2: stderr) obey escape sequences; False where it cannot.

    Windows Terminal always does, older consoles of Windows 10 only where a program asks for it.
    """
    api = kernel32 or _kernel32()
    handle = ctypes.c_void_p(api.GetStdHandle(_STREAMS.get(stream, 0)))
    mode = ctypes.c_uint32()
    if not api.GetConsoleMode(handle, ctypes.byref(mode)):
        return False
    return bool(api.SetConsoleMode(handle, mode.value | _VIRTUAL_TERMINAL))


def _kernel32() -> Any:
    """Return the library, whose functions give handles as whole pointers."""
    api = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined]
    api.OpenProcess.restype = ctypes.c_void_p
    api.GetStdHandle.restype = ctypes.c_void_p
    api.GetLastError = ctypes.get_last_error  # type: ignore[attr-defined]
    return api
