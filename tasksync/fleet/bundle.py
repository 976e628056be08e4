"""The manifests of one project as a tar.gz, which stand on a worker as they stand here.

What travels is what a manifest can read, and what -f names by its own name: no keys, no states, no
Git. The other files of the checkout travel as names alone, so that a manifest that was read by half
is refused on a worker as it is here (design 6).
"""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from collections.abc import Collection, Iterable, Mapping
from glob import escape
from hashlib import sha256
from pathlib import Path, PurePosixPath

from tasksync import operating_system
from tasksync.core.fleet import FleetProject
from tasksync.errors import SettingsError
from tasksync.fleet.bundle_files import GIT, ProjectFiles
from tasksync.value_classes import dataclass

#: what the files of one project may have together (bytes), and how many names go beside them
MOST_BYTES = 64 << 20
MOST_NAMES = 50_000
#: what stands in a file that travels as a name alone: nobody takes it for YAML, or for rows
PLACEHOLDER = b"\0This file did not travel with the project: its paths do not name it.\n"
#: tasksync looks at so many folders above a project where no checkout ends; on a worker those that
#: are not in the bundle are empty
_LOOKED_AT = 4
_ABOVE = "/".join(["above"] * _LOOKED_AT)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A project's files: a tar.gz and its sha256.

    `folder` is where the project's process works in it, `paths` are what -f names there.
    """

    content: bytes
    digest: str
    folder: str
    paths: tuple[str, ...]


def bundle_of(
    project: FleetProject,
    root: str,
    secret: Collection[str] = (),
    *,
    most: int = MOST_BYTES,
    most_names: int = MOST_NAMES,
) -> Bundle:
    """Return the bundle of a project; raises SettingsError where there is none to be made.

    `root` is the folder of the fleet's file, `secret` are the files in which keys are: they stay
    here. The same files make the same bytes.
    """
    whole = Path(os.path.realpath(root))
    typed = _typed(project, whole)
    tops = [_top_of(path, whole, project.name) for path in typed]
    files = ProjectFiles(
        project.name, frozenset(os.path.realpath(whole / one) for one in secret), most
    )
    files.take(tops)
    folders = [whole, *(top if top.is_dir() else top.parent for top in tops)]
    extents, above = _extents(folders), _above(folders)
    base = _base([*extents, *above])
    content = _packed(base, files.found, files.beside(extents, above, most_names))
    return Bundle(
        content,
        sha256(content).hexdigest(),
        whole.relative_to(base).as_posix(),
        tuple(_named(path, top, whole) for path, top in zip(typed, tops, strict=True)),
    )


def unpack(bundle: Bundle, target: Path) -> Path:
    """Write a bundle's files into an empty folder; return the folder in which the process works.

    Raises SettingsError where these are not the bytes that were sent, or would leave the folder.
    """
    if sha256(bundle.content).hexdigest() != bundle.digest:
        raise SettingsError(
            "The bundle of this project is not the one that was sent: its digest differs.",
            "Run tasksync fleet again.",
        )
    base = target / _ABOVE
    try:
        base.mkdir(parents=True)
        with tarfile.open(fileobj=io.BytesIO(bundle.content), mode="r:gz") as archive:
            for member in archive:
                _write(archive, member, base)
        folder = _inside(base, bundle.folder)
        folder.mkdir(parents=True, exist_ok=True)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise SettingsError(
            f"The bundle of this project cannot be unpacked: {error}.",
            "Make room for temporary files on the worker, then run tasksync fleet again.",
        ) from error
    return folder


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, base: Path) -> None:
    path = _inside(base, member.name)
    content = archive.extractfile(member) if member.isreg() else None
    if content is None:
        raise _foreign(member.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as out:
        out.write(content.read())


def _inside(base: Path, name: str) -> Path:
    """Return where a name of a bundle leads; raises SettingsError where that is outside."""
    parts = PurePosixPath(name)
    if parts.is_absolute() or ".." in parts.parts:
        raise _foreign(name)
    if operating_system.WINDOWS and set(name) & set(":\\"):
        raise _foreign(name)
    return base.joinpath(*parts.parts)


def _foreign(name: str) -> SettingsError:
    return SettingsError(
        f"The bundle of this project holds {name!r}, which is no file of its folder.",
        "Run tasksync fleet again, of the same version as the workers.",
    )


def _typed(project: FleetProject, root: Path) -> list[str]:
    """Return the paths of a project, patterns in the place of which their files stand."""
    found: list[str] = []
    for path in project.paths:
        for one in operating_system.expanded([str(Path(escape(str(root)), path))]):
            fits = one != str(Path(escape(str(root)), path))
            found.append(os.path.relpath(one, root) if fits else path)
    return found


def _top_of(path: str, root: Path, project: str) -> Path:
    """Return where -f leads: a folder with all links followed, a file under its own name."""
    typed = root / path
    try:
        folder = typed.is_dir()
        there = folder or typed.is_file()
    except (OSError, ValueError) as error:
        raise _missing(path, project, getattr(error, "strerror", None) or str(error)) from error
    if not there:
        raise _missing(path, project, "there is no such file or folder")
    if folder:
        return Path(os.path.realpath(typed))
    return Path(os.path.realpath(typed.parent)) / typed.name


def _missing(path: str, project: str, why: str) -> SettingsError:
    return SettingsError(
        f"{path} of {project} cannot travel to a worker: {why}.",
        f"Mend the path of {project} in the fleet's file.",
    )


def _named(typed: str, top: Path, root: Path) -> str:
    """Return how -f names a path in the bundle: as it was typed, where no link is on the way."""
    now = os.path.relpath(top, root)
    same = not os.path.isabs(typed) and os.path.normpath(typed) == now  # noqa: PTH117 - as typed
    return typed if same else now.replace(os.sep, "/")


def _checkout_of(folder: Path) -> Path | None:
    return next((one for one in (folder, *folder.parents) if (one / GIT).exists()), None)


def _extents(folders: Iterable[Path]) -> list[Path]:
    """Return the checkouts in which these folders are; a folder of none is itself."""
    tops = {_checkout_of(folder) or folder for folder in folders}
    return sorted(one for one in tops if not any(one.is_relative_to(up) for up in tops - {one}))


def _above(folders: Iterable[Path]) -> list[Path]:
    """Return the folders above those of no checkout that tasksync looks at."""
    return sorted(
        {up for one in folders if not _checkout_of(one) for up in one.parents[:_LOOKED_AT]}
    )


def _base(folders: Iterable[Path]) -> Path:
    """Return the folder that holds all of these."""
    try:
        return Path(os.path.commonpath(list(folders)))
    except ValueError:
        raise SettingsError(
            "The files of a project are on several drives.", "Have the fleet on one drive."
        ) from None


def _packed(base: Path, found: Mapping[Path, bytes], names: Iterable[Path]) -> bytes:
    contents = {name: b"" if name.name == GIT else PLACEHOLDER for name in names} | dict(found)
    out = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=out, mode="wb", mtime=0, filename="") as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name, content in sorted(contents.items()):
            member = tarfile.TarInfo(name.relative_to(base).as_posix())
            member.size = len(content)
            member.mode = 0o600
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()
