"""Help: flags in groups, every argument explained, and examples that are true."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import Tasksync

from tasksync.cli.console import Console
from tasksync.cli.help_examples import EXAMPLES, examples_of
from tasksync.cli.main import COMMANDS, _parser


def parser_of(name: str) -> argparse.ArgumentParser:
    import sys

    return _parser(name, Console(sys.stdin, sys.stdout, sys.stderr, {}))[0]


def arguments_of(name: str) -> Iterator[tuple[str, argparse.Action]]:
    """Every argument of a command and of its verbs, with the call that takes it."""
    (commands,) = (
        one for one in parser_of(name)._actions if isinstance(one, argparse._SubParsersAction)
    )
    waiting = [commands.choices[name]]
    while waiting:
        parser = waiting.pop()
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                waiting += action.choices.values()
            else:
                yield parser.prog, action


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_argument_is_explained(name: str) -> None:
    unexplained = [f"{call} {one.dest}" for call, one in arguments_of(name) if not one.help]
    assert unexplained == []


def test_every_command_has_examples_and_no_other() -> None:
    assert set(EXAMPLES) == set(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_examples_are_calls_of_their_command(name: str) -> None:
    for call in EXAMPLES[name]:
        words = shlex.split(call, comments=True)
        words = words[1 : words.index(">") if ">" in words else None]
        assert words[0] == name, call
        parser_of(name).parse_args(words)


def test_help_shows_flags_in_groups_and_ends_with_the_examples(tmp_path: Path) -> None:
    told = Tasksync(tmp_path)("help", "apply").out
    titles = [line for line in told.splitlines() if line.endswith(":") and line[0] != " "]
    assert titles[-6:] == [
        *("what is planned:", "guards, for this run only:", "the portal:", "the state:"),
        *("output:", "examples:"),
    ]
    assert told.startswith("usage: tasksync apply [flags] [PLANFILE]\n")
    assert told.rstrip().endswith(examples_of("tasksync apply"))
    assert max(map(len, told.splitlines())) <= 80


@pytest.mark.parametrize(
    ("verb", "shown"),
    [
        ("fleet plan", {"tasksync fleet plan"}),
        ("state unlock", {"tasksync state unlock"}),
        ("state show", set()),
    ],
)
def test_a_verb_s_help_ends_with_its_own_examples(
    tmp_path: Path, verb: str, shown: set[str]
) -> None:
    told = Tasksync(tmp_path)(*verb.split(), "--help").out
    _, _, examples = told.partition("examples:\n")
    assert {" ".join(line.split()[:3]) for line in examples.splitlines()} == shown
