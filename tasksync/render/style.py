"""Colours, or none: the same words either way."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from tasksync.core.change import Action
from tasksync.value_classes import dataclass, field


class Tone(StrEnum):
    """What a piece of text means, never how it looks; the value is the look in SGR (ECMA-48)."""

    ADD = "32"
    CHANGE = "33"
    REMOVE = "31"
    DEFER = "35"
    ADOPT = "36"
    DIM = "2"
    STRONG = "1"
    GOOD = "1;32"
    BAD = "1;31"
    WARN = "1;33"


TONES: Mapping[Action, Tone] = MappingProxyType(
    {
        Action.CREATE: Tone.ADD,
        Action.UPDATE: Tone.CHANGE,
        Action.DELETE: Tone.REMOVE,
        Action.DEFER: Tone.DEFER,
        Action.ADOPT: Tone.ADOPT,
        Action.FORGET: Tone.DIM,
        Action.NOOP: Tone.DIM,
    }
)


@dataclass(frozen=True, slots=True)
class Style:
    """How tones look: what stands before and after each; empty for a pipe."""

    looks: Mapping[Tone, tuple[str, str]] = field(default_factory=lambda: MappingProxyType({}))

    def __bool__(self) -> bool:
        return bool(self.looks)

    def paint(self, text: str, tone: Tone) -> str:
        """Return the text in its tone."""
        if tone not in self.looks:
            return text
        before, after = self.looks[tone]
        return f"{before}{text}{after}"


PLAIN = Style()


def colours() -> Style:
    """Return the style for a terminal with colours."""
    return Style(MappingProxyType({tone: (f"\x1b[{tone}m", "\x1b[0m") for tone in Tone}))
