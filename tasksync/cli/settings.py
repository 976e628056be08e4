"""Where things are for one run: manifest, portal, key, state; from flags and the environment."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from tasksync import file_limits as bounded
from tasksync.cli.console import Console
from tasksync.cli.options import ManifestOptions, PortalOptions, RunOptions
from tasksync.errors import AuthenticationFailed, SettingsError
from tasksync.operating_system import expanded
from tasksync.value_classes import dataclass, field

DEFAULT_PORTAL = "https://vibecode.bitrix24.com"
DEFAULT_MANIFEST = "tasksync.yaml"
FOLDER = ".tasksync"
SANDBOX = "sandbox:"
#: how many folders above a project are looked at where no checkout ends
ABOVE = 4


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach the portal. `sandbox` is the in-process world's file, or None for a real one."""

    url: str
    sandbox: Path | None
    key: str = field(repr=False)
    session: str | None = field(repr=False)


def manifest_paths(manifest: ManifestOptions) -> tuple[str, ...]:
    """Return what -f named, or tasksync.yaml here; raises SettingsError where nothing is.

    Patterns are expanded, as no shell of Windows does it.
    """
    if manifest.files:
        return expanded(manifest.files)
    if not Path(DEFAULT_MANIFEST).exists():
        raise SettingsError(
            f"There is no {DEFAULT_MANIFEST} in {Path.cwd()}.",
            "Name the manifest with -f FILE or -f FOLDER.",
        )
    return (DEFAULT_MANIFEST,)


def folder_beside(paths: tuple[str, ...]) -> Path:
    """Return the .tasksync folder beside the manifest: in the folder of the first -f."""
    first = Path(paths[0]) if paths else Path()
    return (first if first.is_dir() else first.parent) / FOLDER


def made(folder: Path) -> None:
    """Make a folder if need be; a .tasksync among them hides itself from Git.

    Whatever is written there: a state, a sandbox's world, a plan, or what could not be saved.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ignore = folder / ".gitignore"
    if folder.absolute().name == FOLDER and not ignore.exists():
        ignore.write_text("*\n", encoding="ascii")


def connection(options: PortalOptions, env: Mapping[str, str], beside: Path) -> Connection:
    """Return how to reach the portal; raises AuthenticationFailed when a real one lacks a key."""
    url = options.portal or DEFAULT_PORTAL
    session = env.get("TASKSYNC_SESSION_TOKEN") or None
    if url.startswith(SANDBOX):
        name = url.removeprefix(SANDBOX)
        file = Path(name).expanduser() if name else beside / "sandbox.db"
        return Connection(
            f"sandbox:{file}", file, _key(env), env.get("TASKSYNC_SESSION_TOKEN") or None
        )
    key = _key(env)
    if not key:
        raise AuthenticationFailed(
            "There is no API key: TASKSYNC_API_KEY is not set, or empty.",
            "Set TASKSYNC_API_KEY, or TASKSYNC_API_KEY_FILE to a file that holds it. Where the "
            "vendor gives keys out: https://vibecode.bitrix24.com/docs/keys-auth\n"
            "To try things without a key: --portal sandbox:",
        )
    return Connection(url, None, key, session)


def _key(env: Mapping[str, str]) -> str:
    key = env.get("TASKSYNC_API_KEY", "").strip()
    file = env.get("TASKSYNC_API_KEY_FILE", "")
    if not key and file:
        try:
            key = bounded.key(file)
        except (OSError, ValueError) as error:
            raise SettingsError(
                f"TASKSYNC_API_KEY_FILE names {file}, which cannot be read: {bounded.why(error)}.",
                "Give it a readable file that holds the key alone.",
            ) from None
    if any(ord(sign) < 33 or ord(sign) > 126 for sign in key):  # noqa: PLR2004 - printable ASCII
        raise AuthenticationFailed(
            "The API key holds characters that no key has.",
            "Copy it again into TASKSYNC_API_KEY, without quotes or line breaks.",
        )
    return key


def forgets(options: RunOptions, console: Console) -> str:
    """Return the warning that a CI runner's disk forgets the default state, or ""."""
    if not console.env.get("CI") or options.store.url or _is_sandbox(options.portal):
        return ""
    return (
        "Note: CI is set and the state is a local file: a runner's disk forgets it. "
        "Set TASKSYNC_STATE to postgresql://, s3:// or https://."
    )


def _is_sandbox(options: PortalOptions | None) -> bool:
    return options is not None and (options.portal or "").startswith(SANDBOX)


def unread(known: Sequence[str], read: Sequence[str], root: str) -> tuple[str, ...]:
    """Return the files of the last apply that still exist and were not read now.

    `known` are relative to `root`, the folder of the project's document. States of earlier
    versions know them relative to a working directory that nobody remembers, and the project's
    document may have moved: so what is not under `root` is looked for beside the files that were
    read, here, and in the folders of the checkout above. That can find too much, and then a
    person is asked.
    """
    here = {os.path.realpath(name) for name in read}
    beside = (os.path.dirname(os.path.abspath(name)) for name in read)  # noqa: PTH100, PTH120
    bases = tuple(dict.fromkeys((root, *beside, str(Path.cwd()), *_above(Path(root)))))
    missed = (_missed([Path(base, name) for base in bases], here) for name in known)
    return tuple(path for path in missed if path)


def _above(folder: Path) -> list[str]:
    """Return the folders above, to the top of the checkout; a few where there is none."""
    above = (folder, *folder.parents)
    top = next((at for at, one in enumerate(above) if (one / ".git").exists()), ABOVE)
    return [str(one) for one in above[1 : top + 1]]


def _missed(places: Sequence[Path], read: Collection[str]) -> str:
    """Return where a file is that was not read, or "": it was, or there is none."""
    there = [place for place in places if _exists(place)]
    if not there or any(os.path.realpath(place) in read for place in there):
        return ""
    whole = Path(os.path.normpath(there[0]))
    return str(whole.relative_to(Path.cwd()) if whole.is_relative_to(Path.cwd()) else whole)


def _exists(path: Path) -> bool:
    """Tell whether a file is there; one that cannot be looked at counts, for it may be."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError:
        return True
