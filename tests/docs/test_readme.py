"""The documentation is true: its commands, its flags, its examples."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path

import pytest
from command import Tasksync

from tasksync.cli.commands import state
from tasksync.cli.console import Console
from tasksync.cli.main import COMMANDS, _parser

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
REFERENCE = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
LINES = 120
EXAMPLES = [
    ROOT / "examples" / "onboarding",
    *sorted(path.parent for path in (ROOT / "examples").rglob("tasksync.yaml")),
]


def flags_of(name: str) -> set[str]:
    import sys

    parser, _chosen = _parser(name, Console(sys.stdin, sys.stdout, sys.stderr, {}))
    found: set[str] = set()
    waiting: list[argparse.ArgumentParser] = [parser]
    while waiting:
        for action in waiting.pop()._actions:
            found |= {flag for flag in action.option_strings if flag.startswith("--")}
            if isinstance(action, argparse._SubParsersAction):
                waiting += action.choices.values()
    return found


def test_the_first_two_blocks_are_one_line_each_and_make_their_own_environment() -> None:
    first, second = BLOCKS[:2]
    assert (first.count("\n"), second.count("\n")) == (1, 1)
    assert "-m venv" in first
    assert "apply -f examples/quickstart --portal sandbox: --yes" in first
    assert "-m venv" in second
    assert "pytest" in second


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_and_every_flag_stands_in_the_reference(name: str) -> None:
    assert f"`tasksync {name}" in REFERENCE
    missing = {one for one in flags_of(name) if not re.search(rf"{one}(?![\w-])", REFERENCE)}
    assert missing == set()


@pytest.mark.parametrize("verb", sorted(state.WORDS))
def test_every_state_verb_stands_in_the_reference(verb: str) -> None:
    assert re.search(rf"`(tasksync state )?{verb}\b", REFERENCE)


def test_every_flag_that_the_reference_names_exists() -> None:
    known = set().union(*(flags_of(name) for name in COMMANDS)) | {"--version"}
    assert set(re.findall(r"`(--[a-z][a-z-]+)", REFERENCE)) - known == set()


def test_the_readme_is_one_screen() -> None:
    assert README.count("\n") <= LINES


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_example_applies_and_then_wants_nothing(example: Path, tmp_path: Path) -> None:
    tasksync = Tasksync(tmp_path)
    manifests = sorted(example.glob("*.yaml"))
    assert manifests, "an example has a manifest"
    where = example if len(manifests) > 1 else manifests[0]
    assert tasksync("validate", "-f", where).code == 0
    assert tasksync("plan", "-f", where, "--detailed-exitcode").code == 2
    applied = tasksync("apply", "-f", where, "--yes")
    assert (applied.code, "Apply complete! Tasks: " in applied.out) == (0, True), applied
    again = tasksync("plan", "-f", where, "--detailed-exitcode")
    assert (again.code, "No changes." in again.out) == (0, True)


def test_the_commands_in_the_readme_parse() -> None:
    for block in BLOCKS[2:]:
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            if words[:1] == ["tasksync"]:
                assert words[1] in COMMANDS
                unknown = {w.split("=")[0] for w in words if w.startswith("--")}
                assert unknown - flags_of(words[1]) == set()


@pytest.mark.parametrize("page", ["README.md", "docs/guides/first-quarter-of-an-hour.md"])
def test_the_russian_page_has_the_same_commands(page: str) -> None:
    """And shows the same output: what is translated is what is told about them."""
    fenced = re.compile(r"^```\w+\n.*?^```$", re.MULTILINE | re.DOTALL)
    english, russian = ((ROOT / page).with_suffix(end) for end in (".md", ".ru.md"))
    assert fenced.findall(russian.read_text("utf-8")) == fenced.findall(english.read_text("utf-8"))
