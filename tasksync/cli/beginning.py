"""`tasksync init`: what a project begins with. Nothing that is there is ever written over."""

from __future__ import annotations

import os
import re
from argparse import ArgumentTypeError
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

from tasksync.cli.arguments import project as read_project
from tasksync.cli.console import Console
from tasksync.cli.listeners import listening
from tasksync.cli.options import InitOptions
from tasksync.cli.settings import DEFAULT_MANIFEST, FOLDER
from tasksync.cli.wiring import Session, session
from tasksync.core.account import Account, remarks
from tasksync.errors import SettingsError, UsageError
from tasksync.manifests.written_tasks import new_document

_SCHEMA = (
    "# yaml-language-server: $schema=https://raw.githubusercontent.com/tasksync/tasksync/main/"
    "schemas/manifest.schema.json\n"
)
_IGNORED = f"{FOLDER}/\n"
_ASKS = 3


def begin(options: InitOptions, console: Console) -> int:
    """Look at the key, ask what is not said, write, and say what comes next."""
    file = Path(DEFAULT_MANIFEST)
    if os.path.lexists(file):
        raise SettingsError(
            f"{DEFAULT_MANIFEST} is there already: nothing was written.",
            "Plan it with tasksync plan, or begin in another folder.",
        )
    parts = session(options.run, console)
    if options.project is None and not console.may_ask(wanted=not options.no_input):
        raise UsageError(
            "init has to ask for the project's name, and there is nobody to ask.",
            "Say --project NAME.",
        )
    if options.timezone is not None:
        _zone(options.timezone)
    with listening(parts), closing(parts.portal(None)) as portal:
        account = portal.account()
        parts.pause()
    _tell(parts, account)
    name = options.project or _asked_project(console)
    zone = options.timezone
    if zone is None and console.may_ask(wanted=not options.no_input):
        zone = _asked_zone(console)
    _write(file, _text(name, zone, account))
    console.say(f"Wrote {DEFAULT_MANIFEST}: the project {name}.")
    _ignore(console)
    _next(options, console)
    return 0


def _tell(parts: Session, account: Account) -> None:
    """Say whose key it is, and what keeps it from work."""
    owner = f", the key of {account.owner}" if account.owner else ""
    parts.console.tell(f"The portal is {account.portal}{owner}.")
    where = parts.connection()
    for one in remarks(account, parts.clock.now(), session=bool(where.session)):
        parts.console.tell(f"Note: {one.text} {one.advice}")


def _text(name: str, zone: str | None, account: Account) -> str:
    header: dict[str, object] = {"project": name}
    if zone:
        header["timezone"] = zone
    if account.user.isascii() and account.user.isdecimal() and int(account.user):
        header["defaults"] = {"responsibleId": int(account.user)}
    return _SCHEMA + new_document(header, ())


def _write(file: Path, text: str) -> None:
    """Make a file that is not there; raises SettingsError where something came between."""
    try:
        with file.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except OSError as error:
        raise SettingsError(
            f"{file} cannot be written: {error.strerror or error}.", "Begin in another folder."
        ) from error


def _ignore(console: Console) -> None:
    """Keep Git from taking the state: a .gitignore of its own, or a word where there is one."""
    file = Path(".gitignore")
    if not os.path.lexists(file):
        _write(file, _IGNORED)
        console.say(f"Wrote .gitignore: Git leaves {FOLDER}/ alone.")
        return
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").split()
    except OSError:
        lines = []
    if not {FOLDER, f"{FOLDER}/", f"/{FOLDER}", f"/{FOLDER}/"} & set(lines):
        console.tell(f"Note: .gitignore is there already: add {FOLDER}/ to it, the state is there.")


def _next(options: InitOptions, console: Console) -> None:
    portal = options.run.portal.portal if options.run.portal else None
    flag = f" --portal {portal}" if portal and not console.env.get("TASKSYNC_PORTAL") else ""
    console.say(
        "What comes next: write tasks into it, or take over what is there already:\n"
        f"  tasksync import --open --out existing.yaml{flag}\n"
        f"  tasksync plan -f {DEFAULT_MANIFEST} -f existing.yaml{flag}\n"
        f"  tasksync apply -f {DEFAULT_MANIFEST} -f existing.yaml{flag}"
    )


def _asked(console: Console, question: str) -> str:
    line = console.ask(f"{question}: ")
    if not line:
        raise UsageError("Nobody answered: nothing was written.", "Say --project NAME.")
    return line.strip()


def _asked_project(console: Console) -> str:
    """Ask until the answer can be a project's name; an empty one takes the folder's."""
    usual = re.sub(r"[^a-z0-9]+", "-", Path.cwd().name.lower()).strip("-")[:40].rstrip("-")
    for _ in range(_ASKS):
        said = _asked(console, f"Project [{usual}]" if usual else "Project") or usual
        try:
            return read_project(said)
        except ArgumentTypeError as error:
            console.tell(str(error))
    raise UsageError("That is no name for a project: nothing was written.", "Say --project NAME.")


def _asked_zone(console: Console) -> str | None:
    """Ask for the zone of dates; an empty answer takes this machine's, or none."""
    usual = _local_zone()
    said = _asked(console, f"Time zone [{usual or 'none'}]") or usual
    if said and said != "none":
        _zone(said)
        return said
    return None


def _local_zone() -> str | None:
    """Return the zone of this machine, where it tells one by its name."""
    told = os.environ.get("TZ") or os.path.realpath("/etc/localtime").partition("zoneinfo/")[2]
    try:
        return ZoneInfo(told).key if "/" in told else None
    except (OSError, ValueError, KeyError):
        return None


def _zone(name: str) -> None:
    """Raise UsageError where a name is no time zone."""
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # what is not found is a KeyError
        raise UsageError(
            f"{name[:60]} is no time zone.", "Write a name like Europe/Berlin or Asia/Tokyo."
        ) from None
