"""What people changed on the portal, for an issue, a chat or a pull request; bounded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tasksync.core.portal_changes import PortalChange, PortalChanges
from tasksync.render import drift_words as words
from tasksync.render.drift_words import DriftSection
from tasksync.render.grouping import ChangeGroup, Fact
from tasksync.render.markdown import LIMIT, SUMMARY_LIMIT, Section, code, fitted
from tasksync.render.status_words import Moments
from tasksync.render.wording import count

_SHOW = "tasksync drift"


def drift_markdown(found: PortalChanges, moments: Moments, limit: int = LIMIT) -> str:
    """Return all changes in less than `limit` characters; what is left out is counted."""
    top = (
        f"### tasksync drift: {code(found.project)} on {code(found.portal)}\n\n"
        f"**{words.summary(found)}**\n\n"
    )
    tasks: Mapping[str, PortalChange] = {one.key: one for one in found.changes}
    folded = [
        one
        for section in words.sections(found)
        for one in _folded(section, _Items(found, tasks, moments))
    ]
    notes = tuple(f"- {code(remark)}" for remark in words.remarks(found))
    if notes:
        folded.append(Section(f"Notes: <b>{len(notes)}</b>", (), notes, "note"))
    return top + fitted(folded, limit - len(top), _SHOW)


class _Items:
    """One line a task."""

    def __init__(
        self, found: PortalChanges, tasks: Mapping[str, PortalChange], moments: Moments
    ) -> None:
        self._found, self._tasks, self._moments = found, tasks, moments

    def task(self, one: PortalChange) -> str:
        return f"- {self._name(one)} {words.happened(one)}{self._about(one)}"

    def member(self, key: str, own: tuple[Fact, ...]) -> str:
        one = self._tasks[key]
        facts = ", ".join(_fact(part) for part in own)
        return f"- {self._name(one)}" + (f" {facts}" if facts else "") + self._about(one)

    def _name(self, one: PortalChange) -> str:
        link = words.link_of(one, self._found.portal)
        return f"[{code(one.key)}]({link})" if link else f"{code(one.key)} (task {one.id})"

    def _about(self, one: PortalChange) -> str:
        told = words.when_and_who(one, self._found.names, self._moments)
        return f" ({code(told)})" if told else ""


def _folded(section: DriftSection, items: _Items) -> Iterator[Section]:
    if section.tasks:
        size = count(len(section.tasks), "task")
        lines = tuple(items.task(one) for one in section.tasks)
        yield Section(f"{section.title}, whole tasks: <b>{size}</b>", (), lines)
    for group in section.groups:
        size = count(len(group.members), "task")
        lines = tuple(items.member(one.change.key, one.facts) for one in group.members)
        title = f"{section.title}: {_labels(group)}: <b>{size}</b>"
        yield Section(title, tuple(_intro(group)), lines)


def _labels(group: ChangeGroup) -> str:
    """Return which fields changed; names of fields are no words of people's."""
    text = ", ".join(group.labels)
    short = text if len(text) <= SUMMARY_LIMIT else text[:SUMMARY_LIMIT] + "…"
    return f"<code>{short}</code>"


def _intro(group: ChangeGroup) -> Iterator[str]:
    if group.common:
        yield "each: " + ", ".join(_fact(one) for one in group.common)
        yield ""


def _fact(one: Fact) -> str:
    return f"{one.label} {code(words.fact(one))}"
