"""Whether a path lies on a network file system, where SQLite's shared memory cannot work."""

from __future__ import annotations

from pathlib import Path

from tasksync import operating_system

MOUNTS = Path("/proc/self/mountinfo")

#: file systems that several machines may write to, or that come through a virtual machine
REMOTE = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "9p", "virtiofs", "vboxsf"),
        *("ceph", "glusterfs", "lustre", "gpfs", "beegfs", "ocfs2", "gfs2", "prl_fs", "drvfs"),
        *("fuse.sshfs", "fuse.glusterfs", "fuse.s3fs", "fuse.rclone", "fuse.gcsfuse"),
        *("fuse.grpcfuse", "fuse.osxfs", "fuse.vmhgfs-fuse", "fuse.ceph", "fuse.juicefs"),
    }
)


def is_remote(path: Path, mounts: Path = MOUNTS) -> bool:
    """Tell whether a path lies on a network file system; False where the system does not say."""
    if operating_system.WINDOWS:
        from tasksync import windows_calls  # ctypes with it

        return windows_calls.is_on_network(str(path.absolute()))
    try:
        table = mounts.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return file_system(str(path.resolve()), table) in REMOTE


def file_system(path: str, table: str) -> str:
    """Return the kind of the mount that holds an absolute path, as mountinfo(5) lists it."""
    best, kind = "", ""
    for line in table.splitlines():
        left, _, right = line.partition(" - ")
        point = _unescaped(left.split()[4]) if len(left.split()) > 4 else ""  # noqa: PLR2004
        inside = path == point or path.startswith(f"{point.rstrip('/')}/")
        if point and inside and len(point) >= len(best):
            best, kind = point, right.split()[0]
    return kind


def _unescaped(text: str) -> str:
    for code, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, char)
    return text
