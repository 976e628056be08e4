"""`tasksync completion`, in real shells: commands, flags, choices and files."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from command import Tasksync
from shells import Bash, Fish, Shell, Zsh

from tasksync.cli.commands.completion import SCRIPTS
from tasksync.cli.console import Console
from tasksync.cli.main import COMMANDS, _parser
from tasksync.schema_files import SCHEMAS

FILES = ("plan.json", "tasks.yaml", "a plan.json")
#: what somebody typed -> the words that are offered then
LINES: Mapping[str, set[str]] = {
    "tasksync pl": {"plan"},
    "tasksync st": {"state", "status"},
    "tasksync state re": {"rebuild", "rebind"},
    "tasksync history ": {"show"},
    "tasksync plan --detailed": {"--detailed-exitcode"},
    "tasksync state mv --lock": {"--lock-timeout"},
    "tasksync plan --format ": {"text", "json", "markdown", "html"},
    "tasksync plan --target x --format m": {"markdown"},
    "tasksync plan --format=m": {"markdown"},
    "tasksync plan --format=": {"text", "json", "markdown", "html"},
    "tasksync plan --out=pl": {"plan.json"},
    "tasksync history --format ": {"text", "json"},
    "tasksync sandbox --limits ": {"vendor", "none"},
    "tasksync import --status comp": {"completed"},
    "tasksync apply --expect ": {"published"},
    "tasksync schema ": set(SCHEMAS),
    "tasksync completion ": set(SCRIPTS),
    "tasksync help who": {"whoami"},
    "tasksync plan --timeout ": set(),
    "tasksync apply pl": {"plan.json"},
    "tasksync apply --resume pl": {"plan.json"},
    "tasksync apply --yes pl": {"plan.json"},
    "tasksync plan --out pl": {"plan.json"},
    "tasksync state push pl": {"plan.json"},
    "tasksync apply a": {"a plan.json"},  # a file whose name has a blank
    "tasksync plan -f tas": {"tasks.yaml", "tasks"},  # a folder is a manifest, too
    "tasksync plan --file tas": {"tasks.yaml", "tasks"},
    "tasksync ": set(COMMANDS),
}


def begin(shell: str, folder: Path) -> str:
    """What somebody does once, as the help says it; the script comes from the command itself."""
    script = Tasksync(folder)("completion", shell).out
    (folder / "script").write_text(script, encoding="utf-8")
    if shell == "bash":
        return f"source '{folder}/script'"
    if shell == "fish":
        (folder / ".config/fish/completions").mkdir(parents=True)
        (folder / ".config/fish/completions/tasksync.fish").write_text(script, encoding="utf-8")
        return ""
    (folder / ".zfunc").mkdir()
    (folder / ".zfunc/_tasksync").write_text(script, encoding="utf-8")
    return f"fpath=('{folder}/.zfunc' $fpath); compinit"


@pytest.fixture(scope="module", params=sorted(SCRIPTS))
def shell(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shell]:
    folder = tmp_path_factory.mktemp(request.param)
    for name in FILES:
        (folder / name).touch()
    (folder / "tasks").mkdir()
    made = {"bash": Bash, "fish": Fish, "zsh": Zsh}[request.param]
    begun = made(folder, begin(request.param, folder))
    yield begun
    begun.close()


@pytest.fixture(scope="module")
def offered(shell: Shell) -> dict[str, set[str]]:
    """What a shell offers for each line of LINES, asked at once."""
    return dict(zip(LINES, shell.completes(list(LINES)), strict=True))


def flags() -> dict[str, set[str]]:
    """The long flags of every command and of every verb, by the call."""
    console = Console(sys.stdin, sys.stdout, sys.stderr, {})
    found: dict[str, set[str]] = {}
    for name in COMMANDS:
        waiting = [(name, below(_parser(name, console)[0])[name])]
        while waiting:
            call, parser = waiting.pop()
            names = (flag for one in parser._actions for flag in one.option_strings)
            found[call] = {flag for flag in names if flag.startswith("--")}
            waiting += [(f"{call} {verb}", one) for verb, one in below(parser).items()]
    return found


def below(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    verbs = (one for one in parser._actions if isinstance(one, argparse._SubParsersAction))
    return next((one.choices for one in verbs), {})


@pytest.mark.parametrize("line", LINES)
def test_it_completes(offered: Mapping[str, set[str]], line: str) -> None:
    assert {word.rpartition("=")[2].rstrip("/") for word in offered[line]} == LINES[line]


def test_every_flag_of_every_command_and_verb_is_offered(shell: Shell) -> None:
    known = flags()
    lines = [f"tasksync {call} --" for call in known]
    assert dict(zip(known, shell.completes(lines), strict=True)) == known


@pytest.mark.parametrize(
    ("kind", "begun"),
    [
        (Bash, 'eval "$(tasksync completion bash)"'),
        (Zsh, 'compinit; eval "$(tasksync completion zsh)"'),
    ],
)
def test_a_shell_may_take_the_script_as_it_is_printed(
    kind: type[Bash | Zsh], begun: str, tmp_path: Path
) -> None:
    """By a line in .bashrc or .zshrc."""
    shell = kind(tmp_path, begun)
    assert shell.completes(["tasksync pl"]) == [{"plan"}]
    shell.close()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("completion",), "tasksync completion needs SHELL. SHELL is one of bash, zsh, fish."),
        (("completion", "tcsh"), 'SHELL cannot be "tcsh"; it is one of bash, zsh, fish.'),
        (("completion", "fihs"), "Did you mean fish?"),
        (("schema",), "tasksync schema needs NAME. NAME is one of manifest, fleet, plan, "),
    ],
)
def test_a_shell_that_is_not_known_is_told_which_are(
    words: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    done = Tasksync(tmp_path)(*words)
    assert (done.code, done.out) == (64, "")
    assert said in done.err
