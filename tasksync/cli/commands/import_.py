"""Write what exists already as a manifest: tasks that the next apply takes over."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping

from tasksync.cli.arguments import (
    filled,
    manifest_arguments,
    output_arguments,
    portal_arguments,
    project,
    state_arguments,
)
from tasksync.cli.console import Console
from tasksync.errors import UsageError

TYPE_CHECKING = False  # what typing would say; `--help` does without importing it
if TYPE_CHECKING:
    from typing import Any


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    manifest_arguments(parser)
    add = parser.add_argument
    add("sheet", nargs="?", metavar="SHEET",
        help="a spreadsheet (.xlsx, .csv) whose rows are to be tasks")  # fmt: skip
    add("--out", type=filled, metavar="FILE",
        help="where to write; a file that is there is added to")  # fmt: skip
    add("--project", type=project, metavar="NAME",
        help="the project, where no manifest names it yet")  # fmt: skip
    _sheet_form(parser)
    _portal_form(parser)
    _match_form(parser)
    portal_arguments(parser)
    state_arguments(parser)
    output_arguments(parser)


def _sheet_form(parser: argparse.ArgumentParser) -> None:
    """Add what an import of a SHEET takes."""
    add = parser.add_argument
    add("--sheet", dest="sheet_name", type=filled, metavar="NAME",
        help="which sheet of a workbook, where several hold something")  # fmt: skip
    add("--map", type=filled, action="append", metavar="FIELD=COLUMN", default=None,
        help="which column is a field: deadline=Until; deadline= is none (repeats)")  # fmt: skip
    add("--key", type=filled, metavar="COLUMN",
        help="the column of the tasks' keys (default: keys are made of titles)")  # fmt: skip
    add("--update", action="store_true",
        help="take over what changed in the sheet, for the tasks that are in --out")  # fmt: skip
    add("--timezone", type=filled, metavar="ZONE",
        help="the zone of the sheet's dates, where no manifest names one yet")  # fmt: skip
    add("--encoding", type=filled, metavar="NAME",
        help="what a CSV is encoded in, where the guess is wrong: cp1251")  # fmt: skip
    add("--delimiter", metavar="SIGN",
        help="what divides the cells of a CSV, where the guess is wrong: , ; tab")  # fmt: skip


def _portal_form(parser: argparse.ArgumentParser) -> None:
    """Add what narrows an import from the portal."""
    add = parser.add_argument
    add("--group", type=filled, metavar="G", help="only tasks of this workgroup: number or name")
    add("--tag", type=filled, metavar="T", help="only tasks with this tag")
    add("--responsible", type=filled, metavar="P",
        help="only tasks of this person: number, e-mail address or name")  # fmt: skip
    add("--status", type=_status, action="append", metavar="S", default=None,
        help="only tasks of this status: pending, completed, 3 … (repeats)")  # fmt: skip
    add("--changed-since", type=filled, metavar="D",
        help="only tasks changed since a date, as 2026-05-19, or …T18:00+03:00")  # fmt: skip
    add("--open", action="store_true",
        help="only tasks that are not completed, deferred or declined")  # fmt: skip
    add("--people", choices=("address", "number"), default="address",
        help="how to write people (default: address)")  # fmt: skip


def _match_form(parser: argparse.ArgumentParser) -> None:
    """Add what asks for the form that writes adopt lines into the manifest of -f."""
    add = parser.add_argument
    add("--match", action="store_true",
        help="write adopt lines for tasks of -f that exist already, by their titles")  # fmt: skip
    add("--yes", "-y", "--auto-approve", action="store_true", help="do not ask: --match, --update")
    add("--no-input", action="store_true", help="never ask: without --yes that is an error")


def _status(text: str) -> int:
    """Read a status: its number, or its word."""
    from tasksync.core.fields import STATUS_WORDS

    numbers = {word.lower(): number for number, word in STATUS_WORDS.items()}
    numbers |= {str(number): number for number in STATUS_WORDS}
    found = numbers.get(text.strip().lower())
    if found is None:
        raise argparse.ArgumentTypeError(
            f"{text[:40]} is no status; write 1 to 7, or one of {', '.join(STATUS_WORDS.values())}"
        )
    return found


def options(read: Mapping[str, Any]) -> Callable[[Console], int]:
    """Return the form of import that was asked for; raises UsageError without a place for it."""
    from functools import partial

    if read["match"]:
        return _match(read)
    if not read["out"]:
        raise UsageError("import needs to know where to write.", "Use --out FILE.")
    if read["out"] == "-":
        raise UsageError(
            "import adds to a file, and standard output is none.",
            "Use --out FILE; a file that is called - is --out ./-.",
        )
    if read["sheet"] is not None:
        _alone(read, _OF_THE_PORTAL, "narrows an import from the portal", "Leave it out")
        from tasksync.cli.import_sheet import import_sheet, sheet_import

        return partial(import_sheet, sheet_import(read))
    from tasksync.cli.import_portal import imported
    from tasksync.cli.options import import_options

    _alone(read, _OF_SHEETS, "is of the import of a SHEET", "Name one, or leave it out")
    return partial(imported, import_options(read))


#: the flags of one form that mean nothing in the other, by where argparse keeps them
_OF_SHEETS: Mapping[str, str] = {
    "sheet_name": "--sheet",
    "map": "--map",
    "key": "--key",
    "update": "--update",
    "encoding": "--encoding",
    "delimiter": "--delimiter",
    "timezone": "--timezone",
}
_OF_THE_PORTAL: Mapping[str, str] = {
    "group": "--group",
    "tag": "--tag",
    "responsible": "--responsible",
    "status": "--status",
    "changed_since": "--changed-since",
    "open": "--open",
}


def _alone(read: Mapping[str, Any], flags: Mapping[str, str], does: str, mend: str) -> None:
    """Raise UsageError for a flag that belongs to another form of import."""
    for name, flag in flags.items():
        if read[name]:
            raise UsageError(f"{flag} {does}.", f"{mend}.")


def _match(read: Mapping[str, Any]) -> Callable[[Console], int]:
    """Return the form that matches; raises UsageError beside what it does not take."""
    from functools import partial

    from tasksync.cli.import_match import matched
    from tasksync.cli.options import match_options

    if read["sheet"] is not None:
        raise UsageError("--match takes no SHEET.", "Leave one of them out.")
    _alone(read, _OF_SHEETS, "is of the import of a SHEET", "Leave it out")
    for name in ("out", "group", "tag", "responsible", "status", "changed_since"):
        if read[name]:
            flag = f"--{name.replace('_', '-')}"
            raise UsageError(
                f"--match takes no {flag}: it writes into the manifest of -f.",
                f"Leave {flag} out, or leave --match out to import from the portal.",
            )
    return partial(matched, match_options(read))


def run(options: Callable[[Console], int], console: Console) -> int:
    """Import in the form that was asked for."""
    return options(console)
