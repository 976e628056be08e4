"""The three streams and the environment of one run, handed in."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

TYPE_CHECKING = False  # what typing would say; `--help` does without importing it
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from tasksync.cli.redaction import RunSecrets
    from tasksync.core.secrets import Secrets

_NO = {"", "0", "false", "no", "off"}


def _lines(text: str) -> str:
    """Return lines that steer no terminal, and that no CI runner takes for commands.

    In JSON the data stays the same.
    """
    from tasksync.render.visible import harmless  # `--help` does without

    return harmless(text if text.endswith("\n") else text + "\n")


def _obeys_escapes(terminal: TextIO) -> bool:
    """Tell whether a terminal shows colours; an old console of Windows may have to be asked."""
    from tasksync import operating_system, windows_calls  # `--help` does without

    if not operating_system.WINDOWS:
        return True
    try:
        return windows_calls.takes_colours(terminal.fileno())
    except (OSError, ValueError):
        return False


class Console:
    """Data goes to `out`, progress and errors to `err`; questions are read from `source`.

    A plain class, since importing dataclasses takes as long as all the rest of `--help`.
    """

    __slots__ = ("env", "err", "hidden", "out", "source")

    def __init__(self, source: TextIO, out: TextIO, err: TextIO, env: Mapping[str, str]) -> None:
        self.source = source
        self.out = out
        self.err = err
        self.env = env
        self.hidden: RunSecrets | None = None  # set once it is known what to hide

    def hide(self, argv: Sequence[str]) -> None:
        """Show the secrets of this run no more; once is enough. `--help` does without."""
        if self.hidden is None:
            from tasksync.cli.redaction import RedactingStream, RunSecrets, secrets_of

            self.hidden = RunSecrets(secrets_of(argv, self.env))
            self.out = RedactingStream.over(self.out, self.hidden)
            self.err = RedactingStream.over(self.err, self.hidden)

    def outside(self) -> Secrets:
        """Return what texts from outside lose before they are compared or saved."""
        if self.hidden is None:
            from tasksync.core.secrets import Secrets

            return Secrets()
        return self.hidden.outside

    def say(self, text: str) -> None:
        """Write data, with one newline at its end; a CI runner finds no command in it."""
        self.out.write(_lines(text))
        self.out.flush()

    def publish(self, text: str) -> None:
        """Write what is the same for everybody, byte for byte: none of it can be our secret."""
        out = getattr(self.out, "unhidden", self.out)
        out.write(text)
        out.flush()

    def tell(self, text: str) -> None:
        """Write to stderr; a closed stderr harms nobody."""
        with suppress(OSError, ValueError):
            self.err.write(_lines(text))
            self.err.flush()

    def ask(self, question: str) -> str:
        """Ask on stderr, and return the line that was answered; "" where nobody did."""
        from tasksync.render.visible import harmless  # `--help` does without

        self.err.write(harmless(question))
        self.err.flush()
        return self.source.readline()

    def restore(self) -> None:
        """Leave the line in which a bar may stand: what ends at once does not clear it."""
        with suppress(OSError, ValueError, RuntimeError):
            if self.err.isatty() and self.env.get("TERM") != "dumb":
                self.err.write("\n")
                self.err.flush()

    def coloured(self, stream: TextIO, *, wanted: bool = True) -> bool:
        """Tell whether a stream takes colours: NO_COLOR, FORCE_COLOR, TERM=dumb and --no-color."""
        if not wanted or self.env.get("NO_COLOR"):
            return False
        force = self.env.get("FORCE_COLOR", self.env.get("CLICOLOR_FORCE", "")).lower()
        if force and force not in _NO:
            return True
        return stream.isatty() and self.env.get("TERM") != "dumb" and _obeys_escapes(stream)

    def may_ask(self, *, wanted: bool = True) -> bool:
        """Tell whether a person can be asked: a terminal, no CI, no --no-input."""
        if not wanted or self.env.get("TASKSYNC_INPUT", "1").lower() in _NO:
            return False
        ci = self.env.get("CI", "").lower()
        return (not ci or ci in _NO) and self.source.isatty()
