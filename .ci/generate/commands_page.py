"""docs/reference/commands.md: each command with what it takes, of the parser; exit codes."""

from __future__ import annotations

import argparse
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from exit_codes import exit_codes
from regions import Untrue, code, filled, plain, table
from whole_parser import below, whole_parser

from tasksync.cli.arguments import _GROUPS
from tasksync.cli.help_examples import EXAMPLES

_PAGE = Path("docs/reference/commands.md")
#: a flag that so many commands take alike is told once: in a group of help, and beside them
_MANY_OF_A_GROUP, _MANY = 2, 3
_DEFAULT = re.compile(r"\s*\((?:repeats; )?default: (.*?)\)")
_OWN = "the manifest, questions and the rest"
_HEAD = ("takes", "means", "unless said")
_Row = tuple[str, ...]
#: what makes two flags the same: how they are written, and what is said of them
_Signature = tuple[str, ...]
#: the flags that many take alike, each with the title under which it is told
_Common = Mapping[_Signature, tuple[str, argparse.Action]]


def pages() -> Mapping[Path, str]:
    """Return the page."""
    whole = whole_parser()
    calls = dict(_calls(whole))
    common = _common(calls)
    told = "\n\n".join(_section(name, one, common) for name, one in below(whole).items())
    regions = {"commands": told, "flags": _common_flags(common), "exit codes": exit_codes(whole)}
    return {_PAGE: filled(_PAGE, regions)}


def _calls(whole: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Yield what can be called, with its parser: commands, and verbs for their command."""
    for name, parser in below(whole).items():
        verbs = below(parser)
        yield from ((f"{name} {verb}", one) for verb, one in verbs.items())
        if not verbs:
            yield name, parser


def _signature(flag: argparse.Action) -> _Signature:
    return (*flag.option_strings, str(flag.metavar), str(flag.help), str(flag.choices))


def _flags(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.Action]]:
    """Yield the flags in the order of help, each with the title of its group."""
    groups = sorted(
        parser._action_groups,
        key=lambda one: _GROUPS.index(one.title) if one.title in _GROUPS else -1,
    )
    for group in groups:
        for action in group._group_actions:
            if action.option_strings and action.dest != "help":
                yield group.title if group.title in _GROUPS else "", action


def _common(calls: Mapping[str, argparse.ArgumentParser]) -> _Common:
    """Return the flags that many commands take alike."""
    commands: dict[_Signature, set[str]] = defaultdict(set)
    known: dict[_Signature, tuple[str, argparse.Action]] = {}
    for call, parser in calls.items():
        for title, flag in _flags(parser):
            signature = _signature(flag)
            commands[signature].add(call.split()[0])
            known[signature] = max(known.get(signature, ("", flag)), (title, flag), key=_titled)
    return {
        signature: (title or _OWN, flag)
        for signature, (title, flag) in known.items()
        if flag.choices is None
        and len(commands[signature]) >= (_MANY_OF_A_GROUP if title else _MANY)
    }


def _titled(told: tuple[str, argparse.Action]) -> bool:
    return bool(told[0])


def _section(name: str, parser: argparse.ArgumentParser, common: _Common) -> str:
    parts = _head("###", name, parser)
    if verbs := below(parser):
        shared = _shared(list(verbs.values()), common)
        if shared:
            parts.append(f"Each of its verbs takes:\n\n{table(_HEAD, list(shared.values()))}")
        for verb, one in verbs.items():
            parts += _head("####", f"{name} {verb}", one)
            parts += _takes(one, common, set(shared))
    else:
        parts += _takes(parser, common, set())
    if calls := EXAMPLES.get(name):
        parts.append("\n".join(("```sh", *calls, "```")))
    return "\n\n".join(part for part in parts if part)


def _head(deep: str, name: str, parser: argparse.ArgumentParser) -> list[str]:
    words = plain(parser.description or "")
    told = f"{words[:1].upper()}{words[1:].rstrip('.')}."
    call = "" if below(parser) else f"`tasksync {name}{_usage(parser)}`"
    return [f"{deep} {name}", told, call]


def _shared(parsers: list[argparse.ArgumentParser], common: _Common) -> dict[_Signature, _Row]:
    """Return the rows of what every verb of a command takes alike, and few others do."""
    rows = [dict(_own(parser, common)) for parser in parsers]
    return {
        signature: row
        for signature, row in rows[0].items()
        if all(signature in one for one in rows)
    }


def _usage(parser: argparse.ArgumentParser) -> str:
    shapes = {None: "{}", "?": "[{}]", "*": "[{}…]", "+": "{}…"}
    words = [
        shapes[one.nargs].format(one.metavar) for one in parser._actions if not one.option_strings
    ]
    flags = ["[flags]"] if any(True for _one in _flags(parser)) else []
    return "".join(f" {word}" for word in (*flags, *words))


def _takes(
    parser: argparse.ArgumentParser, common: _Common, shared: set[_Signature]
) -> Iterator[str]:
    """Yield the table of what is the command's own, and what it takes as many do."""
    rows = [row for signature, row in _own(parser, common) if signature not in shared]
    if rows:
        yield table(_HEAD, rows)
    also: dict[str, list[argparse.Action]] = defaultdict(list)
    for _title, flag in _flags(parser):
        if _signature(flag) in common:
            also[common[_signature(flag)][0]].append(flag)
    if also:
        yield "Also takes: " + "; ".join(_also(title, also[title], common) for title in also) + "."


def _own(parser: argparse.ArgumentParser, common: _Common) -> Iterator[tuple[_Signature, _Row]]:
    """Yield the rows of arguments, and of flags that are not told elsewhere."""
    for one in parser._actions:
        if not one.option_strings:
            yield _signature(one), (code(str(one.metavar)), _means(one), _unless(one))
    for _title, flag in _flags(parser):
        if _signature(flag) not in common:
            yield _signature(flag), _row(flag)


def _also(title: str, flags: list[argparse.Action], common: _Common) -> str:
    link = f"[{title}](#{_anchor(title)})"
    if len(flags) == sum(told == title for told, _flag in common.values()):
        return f"all of {link}"
    return f"of {link} {', '.join(code(_long(flag)) for flag in flags)}"


def _common_flags(common: _Common) -> str:
    parts = []
    for title in (_OWN, *_GROUPS):
        rows = [_row(flag) for told, flag in common.values() if told == title]
        if rows:
            parts += [f"### {title[0].upper()}{title[1:]}", table(_HEAD, rows)]
    return "\n\n".join(parts)


def _anchor(title: str) -> str:
    return re.sub(r"[^\w ]", "", title.lower()).replace(" ", "-")


def _long(flag: argparse.Action) -> str:
    return next(one for one in flag.option_strings if one.startswith("--"))


def _row(flag: argparse.Action) -> tuple[str, ...]:
    value = "" if flag.nargs == 0 else f" {flag.metavar or '|'.join(flag.choices or ())}"
    names = ", ".join(code(one + (value if one == _long(flag) else "")) for one in _names(flag))
    variable = f"TASKSYNC_{_long(flag)[2:].replace('-', '_').upper()}"
    return (f"{names}<br>{code(variable)}", _means(flag), _unless(flag))


def _names(flag: argparse.Action) -> list[str]:
    """Return short forms first, as help does."""
    return sorted(flag.option_strings, key=lambda one: one.startswith("--"))


def _means(action: argparse.Action) -> str:
    words = str(action.help or "").replace("%%", "%")
    told = re.sub(r"\((repeats); default: .*?\)", r"(\1)", words)
    return plain(_DEFAULT.sub("", told))


def _unless(action: argparse.Action) -> str:
    """Return what holds without the flag; raises Untrue where help says something else."""
    found = _DEFAULT.search(str(action.help or ""))
    said = found[1] if found else ""
    default = action.default
    if default in (None, False, "", []) or isinstance(default, bool):
        return plain(said)
    if action.choices and str(default) not in said:
        return f"{code(str(default))}: {plain(said)}" if said else code(str(default))
    number = f"{default:g}" if isinstance(default, (int, float)) else str(default)
    if said and number not in said and not (number == "0" and said == "not at all"):
        raise Untrue(f"{action.option_strings or action.dest}: {said!r} is not {default!r}")
    return plain(said) or code(number)
