"""What is said of a wrong command line: what is wrong, and what was meant where that is plain.

A word is suggested only where it is near in its letters, is taken by that very command, and does
not stand in the call already. Imported when a call is wrong, so that it may look at all commands.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path

from tasksync.cli.arguments import Parser, WrongCall
from tasksync.core.quoting import quoted
from tasksync.errors import UsageError
from tasksync.late_patterns import pattern_of

#: flags that are none, and why
GONE: Mapping[str, str] = {
    "--no-cache": "no rows of files are kept, so there is nothing to leave unused.",
}
#: secrets that are never given on the command line, where everybody on the machine reads them
_SECRETS = {
    "--api-key": "TASKSYNC_API_KEY or TASKSYNC_API_KEY_FILE",
    "--key": "TASKSYNC_API_KEY or TASKSYNC_API_KEY_FILE",
    "--token": "TASKSYNC_API_KEY or TASKSYNC_API_KEY_FILE",
    "--session-token": "TASKSYNC_SESSION_TOKEN",
}
#: what other tools call the same
_SAME: Mapping[str, str] = {
    "destroy": "apply --destroy",
    "diff": "plan",
    "refresh": "plan",
    "lint": "validate",
    "check": "validate",
    "force-unlock": "unlock",
    "ls": "list",
    "get": "show",
    "move": "mv",
    "rename": "mv",
    "remove": "rm",
    "delete": "rm",
}
_ARGUMENT = pattern_of(r"argument ([^:]+): (.*)", re.DOTALL)
_REQUIRED = "the following arguments are required: "
_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2212"
_YAML = (".yaml", ".yml")
#: so many flags that begin alike are named
_MOST = 4
#: more commands than that are named without their verbs
_MANY = 6


def words_of(wrong: WrongCall, modules: Mapping[str, str]) -> UsageError:
    """Return what to say of a wrong call; `modules` has each command's."""
    if wrong.left:
        return _unknown_words(wrong, modules)
    if wrong.action is not None:
        return _unknown_choice(wrong, wrong.action, modules)
    return _unreadable(wrong.parser, wrong.message)


def _unknown_words(wrong: WrongCall, modules: Mapping[str, str]) -> UsageError:
    parser, words = wrong.parser, wrong.left
    flags = [_name(word) for word in words if _is_flag(word)]
    for flag in flags:
        if why := GONE.get(flag):
            return UsageError(f"{flag} is no flag any more: {why}", "Leave it out.")
    shown = ", ".join(quoted(word) if " " in word else _plain(word) for word in flags or words)
    many = "s" if len(flags or words) > 1 else ""
    meant = _meant(wrong, flags, modules)
    return UsageError(f"Unrecognized argument{many}: {shown}.", f"{meant} {_see(parser)}".lstrip())


def _unknown_choice(
    wrong: WrongCall, action: argparse.Action, modules: Mapping[str, str]
) -> UsageError:
    parser, word, given = wrong.parser, wrong.value, wrong.given
    known = [str(one) for one in action.choices or ()]
    if not isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - no public name
        what = f"{_called(action)} cannot be {quoted(word)}; it is one of {', '.join(known)}."
        near = nearest(word, known)
        meant = _did(near)
        if len(known) == 1 and not action.option_strings:  # a verb that may be left out
            what = f"{parser.prog} has no verb {quoted(word)}; it has {known[0]}."
            meant = meant or f"Did you mean {known[0]} {_plain(word[:40])}?"
        return UsageError(what, f"{meant} {_see(parser)}".lstrip())
    before = given[: given.index(word)] if word in given else ()
    early = next((_name(one) for one in before if _is_flag(one)), "")
    if early:
        return UsageError(f"{early} stands before the command.", _behind(wrong, early, modules))
    kind = "verb" if _is_below(parser) else "command"
    what = f"{parser.prog} has no {kind} {quoted(word)}; it has {', '.join(known)}."
    return UsageError(what, f"{_command_meant(parser, word, known)} {_see(parser)}".lstrip())


def _unreadable(parser: argparse.ArgumentParser, message: str) -> UsageError:
    """Return what argparse says, in words for people."""
    if message.startswith(_REQUIRED):
        names = message.removeprefix(_REQUIRED).split(", ")
        known = "".join(_one_of(parser, name) for name in names)
        return UsageError(f"{parser.prog} needs {' and '.join(names)}.{known}", _see(parser))
    if not (found := _ARGUMENT.fullmatch(message)):
        return UsageError(message[:1].upper() + message[1:] + ".", _see(parser))
    flag, why = found[1].split("/")[-1], found[2]
    if why.startswith("expected "):
        return UsageError(f"{flag} needs a value.", _see(parser))
    if why.startswith("ignored explicit argument"):
        return UsageError(f"{flag} takes no value.", _see(parser))
    return UsageError(f"{flag}: {why}.", _see(parser))


def _one_of(parser: argparse.ArgumentParser, name: str) -> str:
    """Return what an argument may be, where that is a list."""
    for action in parser._actions:  # noqa: SLF001 - argparse offers no other list
        if action.metavar == name and action.choices is not None:
            return f" {name} is one of {', '.join(map(str, action.choices))}."
    return ""


def nearest(word: str, known: Iterable[str]) -> list[str]:
    """Return what a word is a slip of, nearest first; none where nothing is near enough."""
    asked = word.lstrip(_DASHES).casefold()
    if not asked:
        return []
    names = {name: name.lstrip("-").casefold() for name in known}
    far = {name: distance(asked, one) for name, one in names.items()}
    least = min(far.values(), default=len(asked))
    if least <= (len(asked) + 1) // 3:
        return [name for name, steps in far.items() if steps == least][:_MOST]
    began = [name for name, one in names.items() if len(asked) > 1 and one.startswith(asked)]
    return began[:_MOST] or [name for name, one in names.items() if one == f"dangerous-{asked}"]


def distance(one: str, other: str) -> int:
    """Return how many letters have to be put in, left out, changed or swapped with the next."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        row = [at]
        for to, wanted in enumerate(other, 1):
            best = min(last[to] + 1, row[to - 1] + 1, last[to - 1] + (letter != wanted))
            if at > 1 and to > 1 and letter == other[to - 2] and one[at - 2] == wanted:
                best = min(best, before[to - 2] + 1)
            row.append(best)
        before, last = last, row
    return last[-1]


def _meant(wrong: WrongCall, flags: Sequence[str], modules: Mapping[str, str]) -> str:
    if not flags:
        return _word_meant(wrong.parser, wrong.left)
    return next((meant for flag in flags if (meant := _flag_meant(wrong, flag, modules))), "")


def _flag_meant(wrong: WrongCall, flag: str, modules: Mapping[str, str]) -> str:
    if secret := _SECRETS.get(flag):
        return f"A key is never given on the command line: set {secret}."
    if owners := _owners(wrong.parser, flag, modules):
        if _below(wrong.parser):
            return _behind(wrong, flag, modules)
        if len(owners) > _MANY:  # all verbs of one command are that command
            owners = list(dict.fromkeys(" ".join(one.split(" ")[:2]) for one in owners))
        return f"{flag} belongs to {', '.join(owners)}."
    return _did(nearest(flag, _free(_flags(wrong.parser), wrong.given)))


def _word_meant(parser: argparse.ArgumentParser, words: Sequence[str]) -> str:
    own = _flags(parser)
    takes_file = any(not one.option_strings for one in parser._actions)  # noqa: SLF001
    for word in words:
        if "-f" in own and (word.endswith(_YAML) or Path(word).is_dir()):
            return f"Did you mean -f {word}?"
        if word.endswith(".json") and not takes_file and "--out" in own:
            return f"A saved plan is done with tasksync apply {word}."
    return ""


def _command_meant(parser: argparse.ArgumentParser, word: str, known: Collection[str]) -> str:
    same = _SAME.get(word.casefold(), "")
    if same.split(" ")[0] in known:
        return f"Did you mean {same}?"
    if near := nearest(word, known):
        return _did(near)
    if not _is_below(parser):
        from tasksync.cli.commands.state import WORDS

        if (verb := same or word) in WORDS:
            return f"Did you mean state {verb}?"
    return ""


def _behind(wrong: WrongCall, flag: str, modules: Mapping[str, str]) -> str:
    parser = wrong.parser
    below = _below(parser)
    named = next((word for word in wrong.given if word in below), "")
    owners = [prog for prog in _owners(parser, flag, modules) if prog.startswith(f"{parser.prog} ")]
    if named or owners:
        return f"Write it behind: {parser.prog} {named or owners[0].split(' ')[-1]} {flag} …"
    return _see(parser)


def _free(own: Mapping[str, argparse.Action], given: Sequence[str]) -> list[str]:
    """Return the flags that may still be given."""
    used = {id(own[_name(word)]) for word in given if _name(word) in own}
    return [
        flag
        for flag, action in own.items()
        if flag.startswith("--") and (id(action) not in used or _repeats(action))
    ]


def _repeats(action: argparse.Action) -> bool:
    return isinstance(action, argparse._AppendAction)  # noqa: SLF001 - no public name


def _owners(parser: argparse.ArgumentParser, flag: str, modules: Mapping[str, str]) -> list[str]:
    """Return which other commands take a flag: those beside this one first, else any."""
    taken = [one.prog for one in _every(modules) if flag in _flags(one) and one.prog != parser.prog]
    beside = parser.prog.rpartition(" ")[0]
    near = [prog for prog in taken if beside.count(" ") and prog.rpartition(" ")[0] == beside]
    return near or taken


def _every(modules: Mapping[str, str]) -> list[argparse.ArgumentParser]:
    """Return every command, and every verb of one that has some, with all that it takes."""
    found: list[argparse.ArgumentParser] = []
    for command, module in modules.items():
        made = Parser(prog=f"tasksync {command}", add_help=False)
        import_module(module).arguments(made)
        found += _below(made).values() or [made]
    return found


def _below(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:  # noqa: SLF001 - argparse offers no other list
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            return dict(action.choices)
    return {}


def _is_below(parser: argparse.ArgumentParser) -> bool:
    return " " in parser.prog


def _flags(parser: argparse.ArgumentParser) -> dict[str, argparse.Action]:
    actions = parser._actions  # noqa: SLF001 - argparse offers no other list
    return {flag: action for action in actions for flag in action.option_strings}


def _is_flag(word: str) -> bool:
    return word[:1] in tuple(_DASHES) and bool(word.strip(_DASHES))


def _name(word: str) -> str:
    return word.partition("=")[0]


def _called(action: argparse.Action) -> str:
    return action.option_strings[-1] if action.option_strings else str(action.metavar)


def _plain(word: str) -> str:
    return word if word.isprintable() else quoted(word)


def _did(near: Sequence[str]) -> str:
    if not near:
        return ""
    return f"Did you mean {', '.join(near[:-1])}{' or ' if near[1:] else ''}{near[-1]}?"


def _see(parser: argparse.ArgumentParser) -> str:
    return f"See {parser.prog} --help."
