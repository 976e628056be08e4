"""The lines of a text, as YAML sees them: where each begins and ends."""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

from tasksync.late_patterns import pattern_of

#: what ends a line for YAML
BREAK: Final = pattern_of("\r\n|[\n\r\x85\u2028\u2029]")


class TextLines:
    """Finds lines by the number of a character; each is read off once."""

    def __init__(self, text: str) -> None:
        self.text = text
        found = list(BREAK.finditer(text))
        self._starts = [0, *(one.end() for one in found)]
        self._ends = [*(one.start() for one in found), len(text)]
        self._usual = found[0][0] if found else "\n"

    def start(self, at: int) -> int:
        """Return where the line of this character begins."""
        return self._starts[self._number(at)]

    def end(self, at: int) -> int:
        """Return where the line of this character ends, before its break."""
        return self._ends[self._number(at)]

    def is_start(self, at: int) -> bool:
        """Tell whether a line begins here; nothing begins where the text does."""
        return at > 0 and self.start(at) == at

    def behind(self, at: int) -> int:
        """Return where the next line begins, or here where one does; else the text's end."""
        if self.is_start(at):
            return at
        number = self._number(at)
        return self._starts[number + 1] if number + 1 < len(self._starts) else len(self.text)

    def is_last(self, at: int) -> bool:
        """Tell whether no break follows."""
        return self._number(at) + 1 == len(self._starts)

    def newline(self, at: int) -> str:
        """Return the break that ends this line; of a last line the text's first one."""
        number = self._number(at)
        if number + 1 == len(self._starts):
            return self._usual
        return self.text[self._ends[number] : self._starts[number + 1]]

    def before(self, start: int) -> int:
        """Return where the break begins that ends the line before this start of a line."""
        number = self._number(start)
        return self._ends[number - 1] if number else 0

    def only_blanks_before(self, at: int) -> bool:
        """Tell whether something begins its line."""
        return not self.text[self.start(at) : at].strip(" ")

    def _number(self, at: int) -> int:
        return bisect_right(self._starts, at) - 1
