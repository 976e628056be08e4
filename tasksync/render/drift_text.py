"""What people changed on the portal, for a terminal and a pipe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tasksync.core.portal_changes import PortalChange, PortalChanges
from tasksync.render import drift_words as words
from tasksync.render.drift_words import DriftSection
from tasksync.render.grouping import ChangeGroup
from tasksync.render.line_width import wrapped
from tasksync.render.status_words import Moments
from tasksync.render.style import PLAIN, Style, Tone
from tasksync.render.text_blocks import field_line
from tasksync.render.wording import clean, count


def drift_text(found: PortalChanges, moments: Moments, style: Style = PLAIN) -> str:
    """Return all changes, each line ended; what does the same is told once."""
    lines = _Drift(found, moments, style).lines()
    return "".join(f"{line}\n" for told in lines for line in _fitting(told))


def _fitting(line: str) -> Iterator[str]:
    """Yield a line as lines that fit, as those of a plan do."""
    indent = len(line) - len(line.lstrip())
    yield from wrapped(line, indent + 2, breaks=True)


class _Drift:
    """The lines of one drift in one style."""

    def __init__(self, found: PortalChanges, moments: Moments, style: Style) -> None:
        self._found, self._moments, self._style = found, moments, style
        self._tasks: Mapping[str, PortalChange] = {one.key: one for one in found.changes}

    def lines(self) -> Iterator[str]:
        found, paint = self._found, self._style.paint
        yield f"Project {clean(found.project)} on {clean(found.portal)}."
        for section in words.sections(found):
            yield ""
            tone = Tone.WARN if section.undone else Tone.STRONG
            yield f"{paint(section.title, tone)}: {count(section.size, 'task')}"
            yield from self._section(section)
        yield ""
        for remark in words.remarks(found):
            yield f"{paint('Note:', Tone.WARN)} {remark}"
        yield paint(words.summary(found), Tone.STRONG if found else Tone.GOOD)

    def _section(self, section: DriftSection) -> Iterator[str]:
        for one in section.tasks:
            yield f"  {self._key(one.key)}  (task {one.id})  {words.happened(one)}"
            yield from self._about(one)
        for group in section.groups:
            yield from self._group(group)

    def _group(self, group: ChangeGroup) -> Iterator[str]:
        several = len(group.members) > 1
        if several:
            common = ", ".join(f"{one.label} {words.fact(one)}" for one in group.common)
            each = f", each {common}" if common else f": {', '.join(group.labels)}"
            yield f"  {count(len(group.members), 'task')}{each}"
        for member in group.members:
            task = self._tasks[member.change.key]
            yield f"  {'  ' * several}{self._key(task.key)}  (task {task.id})"
            for one in member.facts:
                beside = f"({one.what})" if one.own and one.what not in {"", "edited"} else ""
                yield from field_line(one.label, one.own if beside else words.fact(one), beside)
            yield from self._about(task)

    def _key(self, key: str) -> str:
        return self._style.paint(clean(key), Tone.STRONG)

    def _about(self, one: PortalChange) -> Iterator[str]:
        """Yield when, by whom, and where it can be looked at."""
        told = words.when_and_who(one, self._found.names, self._moments)
        for line in (told, words.link_of(one, self._found.portal)):
            if line:
                yield f"      {self._style.paint(line, Tone.DIM)}"
