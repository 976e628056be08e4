"""Markdown that others wrote, as a comment can hold it: cut at a line, and no forge's command."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tasksync.late_patterns import pattern_of
from tasksync.value_classes import dataclass

_FENCE = pattern_of(r" {0,3}(`{3,}|~{3,})(.*)")
#: `/close` at the beginning of a line: GitLab obeys it (docs.gitlab.com/user/project/quick_actions)
_ACTION = pattern_of(r"( {0,3})/(?=[A-Za-z_])")
_DETAILS = pattern_of(r"<(/?)details\b", re.IGNORECASE)
_UNWANTED = pattern_of("[\x00-\x08\x0b-\x1f\x7f]")


def length(text: str) -> int:
    """Return how long a text is to a forge: characters beyond the basic plane count twice."""
    return len(text) + sum(char > "\uffff" for char in text)


def comment_text(text: str, room: int, rest: str = "", *, more: bool = False) -> str:
    """Return a text of at most `room` characters, in which no line is a command.

    What is longer is cut at a line, its open code, HTML and folds are closed, and `rest` says that
    it was; `more`: there was more of it than is given here.
    """
    lines = [*_obeyed_by_nobody(text)]
    whole = "\n".join(lines).rstrip()
    if not more and length(whole) <= room:
        return whole
    note = f"\n\n{rest}"
    left, kept, best = room - length(note), 0, 0
    open_ = _Open()
    closing = ""
    for number, line in enumerate(lines, start=1):
        kept += length(line) + 1
        open_.read(line)
        if kept + length(open_.closing) > left:
            break
        best, closing = number, open_.closing
    if not best and lines:  # one line that is longer than a comment
        return lines[0][: left // 2].rstrip() + note
    return "\n".join(lines[:best]).rstrip() + closing + note


@dataclass(slots=True)
class _Open:
    """What is open after the lines that were read: a fence of code, a comment, folds."""

    fence: str = ""
    hidden: bool = False
    folds: int = 0

    @property
    def closing(self) -> str:
        ends = [f"\n{self.fence}"] if self.fence else []
        ends += ["\n-->"] if self.hidden else []
        return "".join((*ends, "\n\n</details>" * self.folds))

    def read(self, line: str) -> None:
        """Go on by one line."""
        found = _FENCE.match(line)
        if self.fence:
            if found and found[1].startswith(self.fence) and not found[2].strip():
                self.fence = ""
            return
        if found and not self.hidden and not ("`" in found[1] and "`" in found[2]):
            self.fence = found[1]
            return
        after = line.rpartition("<!--")[2] if "<!--" in line else line
        self.hidden = (self.hidden or "<!--" in line) and "-->" not in after
        for one in _DETAILS.finditer(line):
            self.folds = max(0, self.folds + (-1 if one[1] else 1))


def _obeyed_by_nobody(text: str) -> Iterator[str]:
    """Yield the lines without control characters, and without commands at their beginning.

    In code a backslash would be seen: there a blank before it is enough.
    """
    open_ = _Open()
    for raw in text.replace("\r\n", "\n").split("\n"):
        line = _UNWANTED.sub("\ufffd", raw)
        command = _ACTION.match(line)
        if command:
            start = " " if open_.fence else f"{command[1]}\\"
            line = start + line[0 if open_.fence else len(command[1]) :]
        open_.read(line)
        yield line
