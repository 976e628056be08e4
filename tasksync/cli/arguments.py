"""The arguments that commands share, their environment variables, and Go's single dashes."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Mapping, Sequence
from functools import partial

from tasksync.errors import TasksyncError, UsageError
from tasksync.late_patterns import pattern_of

TYPE_CHECKING = False  # what typing would say; `--help` does without importing it
if TYPE_CHECKING:
    from typing import Any, NoReturn

_YES = {"1", "true", "yes", "on"}
_NO = {"", "0", "false", "no", "off"}
#: beyond that no socket can wait (hours)
_LONGEST = 500
_PORTS = 65535
_PROJECT = pattern_of(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)  # as schemas/manifest.schema.json
_DIGEST = pattern_of(r"(?:sha256:)?([0-9a-f]{64})", re.ASCII | re.IGNORECASE)
_WHOLE = pattern_of(r"[0-9]{1,9}", re.ASCII)
#: long flags that hands trained on Terraform type with one dash
_GO = (
    "auto-approve",
    "destroy",
    "detailed-exitcode",
    "exclude",
    "expect",
    "help",
    "input",
    "json",
    "lock-timeout",
    "no-color",
    "out",
    "parallelism",
    "quiet",
    "refresh",
    "resume",
    "target",
    "version",
    "yes",
)


#: digits of a terminal's width
_WIDEST = 5


def _columns() -> int:
    """Return the width without shutil, which imports four archivers."""
    told = os.environ.get("COLUMNS", "")
    if told.isdecimal() and len(told) <= _WIDEST and int(told):
        return int(told)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or 80  # type: ignore[union-attr]
    except (AttributeError, OSError, ValueError):
        return 80


PLANNED, GUARDS, PORTAL = "what is planned", "guards, for this run only", "the portal"
STATE, OUTPUT = "the state", "output"
#: groups of flags in the order in which help shows them, behind those of the command alone
_GROUPS = (PLANNED, GUARDS, PORTAL, STATE, OUTPUT)


class WrongCall(Exception):
    """A call that `parser` does not take; what is said of it stands in `wrong_calls`.

    Of `given`, the words of the call, `left` are not known to it; or `value` cannot be that of
    `action`; or `message` is argparse's.
    """

    def __init__(
        self,
        parser: argparse.ArgumentParser,
        given: Sequence[str],
        *,
        left: Sequence[str] = (),
        action: argparse.Action | None = None,
        value: str = "",
        message: str = "",
    ) -> None:
        super().__init__(message)
        self.parser = parser
        self.given = given
        self.left = left
        self.action = action
        self.value = value
        self.message = message


class Parser(argparse.ArgumentParser):
    """argparse, but a wrong call raises WrongCall (64), for 2 means that there are changes."""

    def __init__(self, **words: Any) -> None:
        # argparse makes one at each argument, so that the terminal is not asked by it
        formatter = partial(_Formatter, width=_columns() - 2)
        super().__init__(**{"formatter_class": formatter, **words})
        self._given: list[str] = []

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Read all words; those of a command are refused by that command."""
        self._given = list(args or ())
        read, left = super().parse_known_args(args, namespace)
        if left:
            raise WrongCall(self, self._given, left=left)
        return read, left

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:
        """Read a flag's value; argparse takes `--flag=--` for no value, and gives a list for it."""
        if action.option_strings and arg_strings == ["--"]:
            value = self._get_value(action, "--")
            self._check_value(action, value)
            return value
        return super()._get_values(action, arg_strings)

    def _check_value(self, action: argparse.Action, value: object) -> None:
        if action.choices is not None and value not in action.choices:
            raise WrongCall(self, self._given, action=action, value=str(value))

    def error(self, message: str) -> NoReturn:
        """Raise instead of exiting."""
        raise WrongCall(self, self._given, message=message)


class _Formatter(argparse.HelpFormatter):
    """argparse's, but flags stand in their groups alone, and examples keep their lines."""

    def _format_usage(self, usage: Any, actions: Any, _groups: Any, prefix: Any) -> str:
        named = [one for one in actions if not one.option_strings]
        text = super()._format_usage(usage, named, [], prefix)
        return text.replace(self._prog, f"{self._prog} [flags]", 1) if actions != named else text

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if text.startswith("examples:") else super()._fill_text(text, width, indent)


class NotCalled(Parser):
    """Stands for a command that is listed and not called; a real one takes 0.25 ms to make."""

    def __init__(self, **_words: Any) -> None:  # nothing of a parser is made, and none is asked
        self._actions = []


class HelpAsked(TasksyncError):
    """Somebody asked for help or the version; `text` is the answer."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class _Help(argparse.Action):
    """--help without leaving the process."""

    def __call__(self, parser: argparse.ArgumentParser, *_rest: object) -> None:
        from tasksync.cli.help_examples import examples_of

        parser.epilog = parser.epilog or examples_of(parser.prog)
        parser._action_groups.sort(key=_place)  # noqa: SLF001 - argparse shows them as they are made
        raise HelpAsked(parser.format_help())


def _place(one: argparse._ArgumentGroup) -> int:
    return _GROUPS.index(one.title) if one.title in _GROUPS else -1


def with_help(parser: argparse.ArgumentParser) -> None:
    """Add --help, answered by raising Asked."""
    parser.add_argument("-h", "--help", action=_Help, nargs=0, help="show this and leave")


def modern(argv: Sequence[str]) -> list[str]:
    """Return arguments with Go's single dashes doubled, and Terraform's =false flags as ours."""
    words = [_doubled(word) for word in argv]
    ours = {"--refresh=false": "--no-refresh", "--input=false": "--no-input"}
    return [
        ours.get(word, word) for word in words if word not in {"--refresh=true", "--input=true"}
    ]


def _doubled(word: str) -> str:
    name = word[1:].partition("=")[0]
    return "-" + word if word[:1] == "-" and word[1:2] != "-" and name in _GO else word


def seconds(text: str) -> float:
    """Read a duration: 90, 90s, 5m, 2h30m, 250ms; without a unit it is seconds."""
    from tasksync.core.durations import seconds_or_number_in, why_not

    found = seconds_or_number_in(text.strip())
    if found is None:
        raise argparse.ArgumentTypeError(f"{_quoted(text)} is no duration: {why_not(text.strip())}")
    if found > _LONGEST * 3600:
        raise argparse.ArgumentTypeError(f"{_quoted(text)} is too long; the most is {_LONGEST}h")
    return float(found)


def some_time(text: str) -> float:
    """Read a duration that is not nothing: no answer comes in no time."""
    found = seconds(text)
    if not found:
        raise argparse.ArgumentTypeError(f"{_quoted(text)} is no time at all; write 30s, or 5m")
    return found


def filled(text: str) -> str:
    """Read a text; an empty one is what a script leaves whose variable is not set."""
    if not text.strip() or "\0" in text:
        raise argparse.ArgumentTypeError(
            "its value is empty; write one, or leave the flag out for what is usual"
        )
    return text


def expected(text: str) -> str:
    """Read what was approved: `published`, or a digest in any case, `sha256:` or not."""
    if text == "published":
        return text
    found = _DIGEST.fullmatch(text.strip())
    if found is None:
        raise argparse.ArgumentTypeError(
            f"{_quoted(text)} is no digest; one is sha256: and 64 of 0-9 and a-f, as plan prints "
            "it; or write published"
        )
    return f"sha256:{found[1].lower()}"


def project(text: str) -> str:
    """Read a project's name, as the manifest may have it: it is part of a file's name."""
    if not _PROJECT.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"{_quoted(text)} is no project; its name has small letters, digits and -, at most 40"
        )
    return text


def port(text: str) -> int:
    """Read a port."""
    if not _WHOLE.fullmatch(text) or int(text) > _PORTS:
        raise argparse.ArgumentTypeError(
            f"{_quoted(text)} is no port; write 1 to {_PORTS}, or 0 for any that is free"
        )
    return int(text)


def positive(text: str) -> int:
    """Read a whole number from 1 on."""
    if not _WHOLE.fullmatch(text) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{_quoted(text)} is no whole number from 1 to 999999999")
    return int(text)


def _quoted(text: str) -> str:
    """Return a text in quotes; what quotes it is imported when something is wrong."""
    from tasksync.core.quoting import quoted

    return quoted(text)


def limit(text: str) -> Any:
    """Read a guard's limit: 20 or 15%."""
    from tasksync.core.manifest import Threshold

    found = Threshold.read(text.strip())
    if found is None:
        raise argparse.ArgumentTypeError(
            f"{_quoted(text)} is no limit; write a number, or a share from 0% to 100%"
        )
    return found


def group(parser: argparse.ArgumentParser, title: str) -> argparse._ArgumentGroup:
    """Return the group of flags of that title, which help shows together; made where needed."""
    for one in parser._action_groups:  # noqa: SLF001 - argparse offers no other list of them
        if one.title == title:
            return one
    return parser.add_argument_group(title)


def manifest_arguments(parser: argparse.ArgumentParser) -> None:
    """Add -f."""
    parser.add_argument(
        "-f", "--file", type=filled, action="append", metavar="PATH", default=None,
        help="manifest file or folder (repeats; default: tasksync.yaml)",
    )  # fmt: skip


def state_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --state."""
    group(parser, STATE).add_argument(
        "--state", type=filled, metavar="URL",
        help="sqlite:PATH, postgresql://…, s3://bucket/key, https://… "
        "(default: sqlite:.tasksync/PROJECT.db beside the manifest)",
    )  # fmt: skip


def lock_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --lock-timeout."""
    group(parser, STATE).add_argument(
        "--lock-timeout", type=seconds, default=0.0, metavar="TIME",
        help="wait so long for the lock, as 5m (default: not at all)",
    )  # fmt: skip


def portal_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what reaches the portal."""
    add = group(parser, PORTAL).add_argument
    add("--portal", type=filled, metavar="URL",
        help="the portal, or sandbox: / sandbox:FILE for the local one "
        "(default: https://vibecode.bitrix24.com)")  # fmt: skip
    request_arguments(parser)


def request_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what decides how a portal is asked, whichever it is."""
    add = group(parser, PORTAL).add_argument
    add("--parallelism", type=positive, default=2, metavar="N",
        help="requests in flight (default: 2, as the portal's queue allows)")  # fmt: skip
    add("--timeout", type=some_time, default=100.0, metavar="S",
        help="give up on an answer after so long (default: 100s)")  # fmt: skip
    add("--settle", type=seconds, default=90.0, metavar="S",
        help="how long a create whose answer was lost may still happen "
        "(default: 90s)")  # fmt: skip
    add("--max-requests", type=positive, metavar="N",
        help="stop cleanly after so many requests; apply again goes on")  # fmt: skip


def planning_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what decides what a plan is about, and which guards are overridden."""
    add = group(parser, PLANNED).add_argument
    add("--target", action="append", metavar="GLOB", default=None,
        help="only these keys, and the parents that they need (repeats)")  # fmt: skip
    add("--exclude", action="append", metavar="GLOB", default=None,
        help="not these keys, nor what hangs on them (repeats)")  # fmt: skip
    add("--no-refresh", action="store_true",
        help="trust the state, do not read the portal")  # fmt: skip
    add("--destroy", action="store_true", help="remove every task of the state")
    guard_arguments(parser)


def guard_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags that override safety guards."""
    add = group(parser, GUARDS).add_argument
    add("--max-delete", type=limit, metavar="N|P%", help="override policy.maxDelete for this run")
    add("--max-update", type=limit, metavar="N|P%", help="override policy.maxUpdate for this run")
    for guard, words in DANGEROUS.items():
        add(f"--dangerous-{guard}", action="store_true", help=words)


#: every guard that a flag can override, and what that means
DANGEROUS: Mapping[str, str] = {
    "delete-active": "delete tasks with comments or logged time",
    "allow-empty": "let an empty manifest remove everything",
    "half-read": "remove although a manifest file of the last apply was not read",
    "recreate-vanished": "make again any number of tasks that seem to be gone",
    "delete-renamed": "delete tasks that look renamed",
    "reopen": "set another status where people moved a task on",
}


def format_arguments(parser: argparse.ArgumentParser, formats: Sequence[str], help: str) -> None:  # noqa: A002 - as argparse calls it
    """Add --format, and its short form --json."""
    either = group(parser, OUTPUT).add_mutually_exclusive_group()
    either.add_argument("--format", choices=formats, default="text", help=help)
    either.add_argument("--json", action="store_true", help="the same as --format json")


def full_argument(parser: argparse.ArgumentParser) -> None:
    """Add --full, for a plan as text."""
    add = group(parser, OUTPUT).add_argument
    add("--full", action="store_true", help="text: every change whole, none grouped or left out")


def directory_arguments(parser: argparse.ArgumentParser, words: str) -> None:
    """Add what a listing of people or groups takes; `words` says what WORDS narrow."""
    parser.add_argument("words", nargs="*", metavar="WORDS", help=words)
    format_arguments(parser, ("text", "json"), "how to show it")
    portal_arguments(parser)
    output_arguments(parser)


def output_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what decides how things are shown."""
    add = group(parser, OUTPUT).add_argument
    add("--no-color", action="store_true", help="no colours")
    add("--quiet", action="store_true", help="no progress")


def with_environment(parser: argparse.ArgumentParser, env: Mapping[str, str]) -> None:
    """Give every long flag its variable TASKSYNC_<FLAG>; raises UsageError for a wrong value."""
    for action in parser._actions:  # noqa: SLF001 - argparse offers no other list of its flags
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for below in action.choices.values():
                with_environment(below, env)
        long = [name for name in action.option_strings if name.startswith("--")]
        for flag in long:
            name = "TASKSYNC_" + flag[2:].replace("-", "_").upper()
            if action.dest != "help" and env.get(name):  # CI sets what nobody filled in to ""
                parser.set_defaults(**{action.dest: _from_environment(action, name, env[name])})


def _from_environment(action: argparse.Action, name: str, text: str) -> object:
    if action.nargs == 0:
        if text.lower() in _YES | _NO:
            return text.lower() in _YES
        raise UsageError(f"{name} is {_quoted(text)}.", "Write 1 or 0.")
    if action.choices is not None and text not in action.choices:
        raise UsageError(
            f"{name} is {_quoted(text)}.", f"Write one of {', '.join(action.choices)}."
        )
    try:
        value = action.type(text) if callable(action.type) else text
    except (argparse.ArgumentTypeError, ValueError) as error:
        raise UsageError(f"{name}: {error}.") from error
    return [value] if isinstance(action, argparse._AppendAction) else value  # noqa: SLF001
