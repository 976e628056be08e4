"""The front: finds the command, runs it, and turns every error into words and an exit code."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module

from tasksync.cli.arguments import (
    HelpAsked,
    NotCalled,
    Parser,
    WrongCall,
    modern,
    with_environment,
    with_help,
)
from tasksync.cli.console import Console
from tasksync.errors import TasksyncError

TYPE_CHECKING = False  # what typing would say; `--help` does without importing it
if TYPE_CHECKING:
    from typing import Any, Protocol, TextIO

    class _Command(Protocol):
        """What a command's module offers."""

        __doc__: str | None

        def arguments(self, parser: argparse.ArgumentParser) -> None: ...

        def options(self, read: Mapping[str, Any]) -> Any: ...

        def run(self, options: Any, console: Console) -> int: ...


#: command -> (module, what it does); the module is imported when its command is called
COMMANDS: Mapping[str, tuple[str, str]] = {
    "plan": ("tasksync.cli.commands.plan", "show what must change; writes nothing"),
    "apply": ("tasksync.cli.commands.apply", "make the portal match the manifest"),
    "validate": ("tasksync.cli.commands.validate", "check the manifest alone"),
    "show": ("tasksync.cli.commands.show", "show a saved plan"),
    "publish": ("tasksync.cli.commands.publish", "put a plan into a pull request's comment"),
    "status": ("tasksync.cli.commands.status", "the project's tasks: who has them, what is late"),
    "drift": ("tasksync.cli.commands.drift", "what people changed on the portal since apply"),
    "accept": ("tasksync.cli.commands.accept", "take people's changes over into the manifest"),
    "history": ("tasksync.cli.commands.history", "what each run did, when, and who ran it"),
    "undo": ("tasksync.cli.commands.undo", "take back what a run did, as far as it can be"),
    "fleet": ("tasksync.cli.commands.fleet", "plan, apply, status, drift of many projects"),
    "init": ("tasksync.cli.commands.init", "begin a project: a manifest that validates"),
    "import": ("tasksync.cli.commands.import_", "write what exists already as a manifest"),
    "state": ("tasksync.cli.commands.state", "look at and mend what is remembered"),
    "whoami": ("tasksync.cli.commands.whoami", "whose key it is, and what it may do"),
    "people": ("tasksync.cli.commands.people", "the portal's people: numbers, names, addresses"),
    "groups": ("tasksync.cli.commands.groups", "the portal's workgroups: numbers and names"),
    "schema": ("tasksync.cli.commands.schema", "print a JSON Schema, for editors and scripts"),
    "sandbox": ("tasksync.cli.commands.sandbox", "serve a local portal to try things on"),
    "completion": ("tasksync.cli.commands.completion", "make a shell complete tasksync"),
    "version": ("tasksync.cli.commands.version", "version, Python, platform"),
    "help": ("tasksync.cli.commands.help", "help for a command"),
}
_INTERRUPTED = 130
_BROKEN_PIPE = 141


def run(argv: Sequence[str], console: Console | None = None) -> int:
    """Run one command; returns its exit code and never raises.

    Without a console it is the process's own command, and the process ends with it.
    """
    alone = console is None
    console = console or Console(
        _unfailing(sys.stdin or _nowhere()),
        _unfailing(sys.stdout or _nowhere()),
        _unfailing(sys.stderr or _nowhere()),
        os.environ,
    )
    try:
        return dispatch(modern(argv), console, alone=alone)
    except TasksyncError as error:
        from tasksync.cli.error_exit import told

        console.hide(argv)
        return told(error, console)
    except KeyboardInterrupt as interrupt:
        console.tell(f"Interrupted. {str(interrupt) or 'Nothing was being written.'}")
        return _INTERRUPTED
    except BrokenPipeError:
        _write_no_more(console)
        return _BROKEN_PIPE
    except OSError as error:
        from tasksync.cli.error_exit import fault, is_closed_pipe, unwritable

        code = _BROKEN_PIPE if is_closed_pipe(error, console) else 0
        code = code or unwritable(error, console) or fault(error, console)
        _write_no_more(console)
        return code
    except Exception as error:  # noqa: BLE001 - the one place where a fault of ours becomes words
        from tasksync.cli.error_exit import fault

        console.hide(argv)
        return fault(error, console)


def _write_no_more(console: Console) -> None:
    """Let what is left in the buffer go nowhere: Python would try once more, and complain."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), console.out.fileno())


def _unfailing(stream: TextIO) -> TextIO:
    r"""Return a stream of the process that takes every character, whatever the locale.

    Files and pipes are UTF-8, as manifests, JSON and HTML are, unless PYTHONIOENCODING says
    otherwise, and lines in them end at Windows as they do elsewhere. A terminal keeps its own
    encoding; what that does not have is shown as `\u2192`.
    """
    with suppress(AttributeError, OSError, ValueError):
        if not stream.isatty() and not os.environ.get("PYTHONIOENCODING"):
            stream.reconfigure(encoding="utf-8", errors=stream.errors)  # type: ignore[attr-defined]
        escapes = stream.errors == "surrogateescape" and stream.encoding.lower() == "utf-8"
        if stream.writable() and not escapes:
            stream.reconfigure(errors="backslashreplace")  # type: ignore[attr-defined]
        if stream.writable() and not stream.isatty():
            stream.reconfigure(newline="\n")  # type: ignore[attr-defined]
    return stream


def _nowhere() -> TextIO:
    """Return what stands for a stream that the caller closed, as `tasksync plan >&-` does."""
    return os.fdopen(os.open(os.devnull, os.O_RDWR), "w", encoding="utf-8")


def dispatch(argv: Sequence[str], console: Console, *, alone: bool = False) -> int:
    """Run one command; returns its exit code and raises TasksyncError.

    `alone`: the process ends with it.
    """
    name = next((word for word in argv if not word.startswith("-")), None)
    parser, chosen = _parser(name, console)
    try:
        args: argparse.Namespace = parser.parse_args(argv)
    except HelpAsked as asked:
        console.say(asked.text)
        return 0
    except WrongCall as wrong:
        from tasksync.cli.wrong_calls import words_of

        modules = {command: module for command, (module, _words) in COMMANDS.items()}
        raise words_of(wrong, modules) from None
    if chosen is None:
        console.say(parser.format_help())
        return 0 if not argv else 64
    console.hide(argv)
    from tasksync.cli.signals import terminable  # `--help` does without

    with terminable(console.restore, to_the_end=alone):
        code: int = chosen.run(chosen.options(vars(args)), console)
    return code


def _parser(name: str | None, console: Console) -> tuple[Parser, _Command | None]:
    parser = Parser(
        prog="tasksync",
        description="Terraform for a team's tasks: a YAML manifest, planned and applied. Begin "
        "with tasksync init; with --portal sandbox: no key is needed. tasksync help COMMAND has "
        "each command's flags and examples.",
        epilog="Exit codes: 0 done, 1 error, 2 changes (plan, drift: --detailed-exitcode), "
        "3 partial, 4 refused by a guard, 5 stale plan, 6 locked, 7 authentication, 64 usage, "
        "130 interrupted.",
        add_help=False,
        allow_abbrev=False,
    )
    with_help(parser)
    parser.add_argument("--version", action="store_true", help="print the version")
    not_called: type[Parser] = NotCalled
    commands = parser.add_subparsers(
        metavar="COMMAND", dest="command", prog=parser.prog, parser_class=not_called
    )
    chosen: _Command | None = None
    for command, (module, words) in COMMANDS.items():
        commands.add_parser(command, help=words)
        if command == name:
            chosen = import_module(module)
            below = Parser(
                prog=f"{parser.prog} {command}",
                description=chosen.__doc__,
                add_help=False,
                allow_abbrev=False,
            )
            with_help(below)
            chosen.arguments(below)
            with_environment(below, console.env)
            commands.choices[command] = below
    return parser, chosen
