"""Real shells that are asked what they would complete: bash, zsh and fish."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from readable import readable

#: how long a shell may think; only one that is broken needs it
_PATIENCE = 60


def found(shell: str) -> str:
    """Return its path; without one the tests fail, since nobody would see that it is broken."""
    path = shutil.which(shell)
    assert path, f"{shell} is needed: bash .ci/packages"
    return path


class Shell(Protocol):
    """What completes lines in a folder."""

    def completes(self, lines: Sequence[str]) -> list[set[str]]: ...

    def close(self) -> None: ...


class Bash:
    """bash, as readline asks it: the words of the line, and the number of the last one."""

    _ASK = """
    name=$(complete -p tasksync | sed 's/.*-F \\([^ ]*\\).*/\\1/')
    for line in "$@"; do
      read -ra COMP_WORDS <<<"${line//=/ = }"
      [[ $line == *' ' ]] && COMP_WORDS+=('')  # of --flag= the last word is the sign
      COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
      "$name"
      printf '%s\\n' "${COMPREPLY[@]}" END
    done
    """

    def __init__(self, folder: Path, begin: str) -> None:
        self._folder = folder
        self._command = [found("bash"), "--norc", "-c", f"{begin}\n{self._ASK}", "bash"]

    def completes(self, lines: Sequence[str]) -> list[set[str]]:
        """Return the words that bash offers for each line."""
        return _offered(self._command, lines, self._folder)

    def close(self) -> None:
        """Nothing is left running."""


class Fish:
    """fish, which tells itself what it would complete, and with a tab what that is."""

    _ASK = "for line in $argv; complete -C $line; echo END; end"

    def __init__(self, folder: Path, begin: str) -> None:
        self._folder = folder
        self._command = [found("fish"), "-c", f"{begin}\n{self._ASK}"]

    def completes(self, lines: Sequence[str]) -> list[set[str]]:
        """Return the words that fish offers for each line."""
        return _offered(self._command, lines, self._folder)

    def close(self) -> None:
        """Nothing is left running."""


def _offered(command: Sequence[str], lines: Sequence[str], folder: Path) -> list[set[str]]:
    """Return the words that a shell prints for each line, up to END."""
    done = subprocess.run(
        [*command, *lines],
        cwd=folder,
        env=_environment(folder),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == "", done.stderr
    answers = done.stdout.split("END\n")[:-1]
    assert len(answers) == len(lines), done.stdout
    return [{word.partition("\t")[0] for word in one.splitlines()} - {""} for one in answers]


class Zsh:
    """zsh on a terminal of its own: it completes nowhere else. What it offers is written down.

    `begin` is said before compinit, as far as the word compinit, and the rest behind it.
    """

    _SETUP = """
    PROMPT= RPROMPT= LISTMAX=-1
    unsetopt auto_list auto_menu beep
    autoload -Uz compinit && compinit -u -d $HOME/.zcompdump
    bindkey '^I' complete-word
    bindkey '^U' kill-whole-line
    compadd () {
      if [[ ${@[1,(i)(-|--)]} != *-(O|A|D)\\ * ]]; then
        local -a offered=()
        builtin compadd -A offered "$@"
        print -rl -- $offered >&$WRITTEN
      fi
      builtin compadd "$@"
    }
    ended () { print -r -- END >&$WRITTEN; comppostfuncs=(ended) }
    comppostfuncs=(ended)
    """

    def __init__(self, folder: Path, begin: str) -> None:
        setup = folder / "setup.zsh"
        before, _, after = begin.partition("compinit")
        setup.write_text(f"{before}\n{self._SETUP}\n{after}\n", encoding="utf-8")
        self._terminal, theirs = pty.openpty()
        self._written, write = os.pipe()
        self._process = subprocess.Popen(
            [found("zsh"), "-f", "-i"],
            cwd=folder,
            env={**_environment(folder), "WRITTEN": str(write), "TERM": "dumb", "COLUMNS": "200"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            pass_fds=(write,),
            start_new_session=True,
        )
        os.close(theirs)
        os.close(write)
        self._type(f"source {setup}; print -r -- END >&$WRITTEN\n")

    def completes(self, lines: Sequence[str]) -> list[set[str]]:
        """Return the words that zsh offers for each line."""
        answers = [self._type(f"\x15{line}\t") for line in lines]
        words = [{word.strip().replace("\\ ", " ") for word in one.splitlines()} for one in answers]
        return [one - {"", "END"} for one in words]

    def _type(self, keys: str) -> str:
        """Type, and return what was written down until the end of it."""
        os.write(self._terminal, keys.encode())
        said = shown = b""
        while not said.endswith(b"END\n"):
            ready = readable(_PATIENCE, self._written, self._terminal)
            assert ready, f"zsh does not answer: {shown!r}"
            if self._terminal in ready:
                shown += os.read(self._terminal, 65536)
            if self._written in ready:
                said += os.read(self._written, 65536)
        return said.decode()

    def close(self) -> None:
        """End the shell."""
        self._process.kill()
        self._process.wait()
        os.close(self._terminal)
        os.close(self._written)


def _environment(folder: Path) -> Mapping[str, str]:
    return {
        # fish completes what it finds alone
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder / ".config"),
        "XDG_DATA_HOME": str(folder / ".data"),
        "LANG": "C.UTF-8",
    }
