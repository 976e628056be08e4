"""What an apply's events told, for a pull request: why something failed first; bounded."""

from __future__ import annotations

from collections.abc import Iterator

from tasksync.core.change import SYMBOLS, Action, Status
from tasksync.core.reported import ReportedApply, ReportedChange
from tasksync.render.applied_text import NOT_HEARD, SHOW, end_line, failure_line, named
from tasksync.render.markdown import LIMIT, Section, code, fitted
from tasksync.render.outcomes import DONE_WORDS
from tasksync.render.wording import clean, count

#: so many errors of a whole run stand above the rest
_PROBLEMS = 10


def applied_markdown(own: ReportedApply, limit: int = LIMIT) -> str:
    """Return one project's apply in less than `limit` characters; what is left out is counted."""
    top = "".join(f"{line}\n" for line in _top(own))
    return top + fitted(tuple(_sections(own)), limit - len(top), SHOW)


def _top(own: ReportedApply) -> Iterator[str]:
    if own.project:
        yield f"### tasksync apply: {code(own.project)} on {code(own.portal)}"
        yield ""
    if own.planned is not None:
        yield f"**{clean(end_line(own)[1])}**"
        yield ""
    for one in own.problems[:_PROBLEMS]:
        what = "<br>".join(code(line) for line in one.what.split("\n") if line.strip())
        advice = "<br>".join(code(line) for line in one.advice.split("\n") if line.strip())
        yield f"> **{'Error' if one.error else 'Warning'}**: {what}"
        yield from (f"> {advice}",) if advice else ()
        yield ""
    if len(own.problems) > _PROBLEMS:
        yield f"> {count(len(own.problems) - _PROBLEMS, 'more problem')}, left out here"
        yield ""


def _sections(own: ReportedApply) -> Iterator[Section]:
    for status in Status:
        items = tuple(
            f"- {code(failure_line(one))}" for one in own.failures if one.status is status
        )
        if items:
            yield Section(f"{status.value.capitalize()}: <b>{len(items)}</b>", (), items)
    if own.unanswered:
        items = tuple(f"- {code(named(one))}" for one in own.unanswered)
        yield Section(f"In doubt, {NOT_HEARD}: <b>{len(items)}</b>", (), items)
    for action in Action:
        items = tuple(_made(one) for one in own.made if one.action is action)
        if items:
            sign = f"<code>{_HTML.get(SYMBOLS[action], SYMBOLS[action])}</code>"
            yield Section(f"{sign} {DONE_WORDS[action]}: <b>{len(items)}</b>", (), items)
    if own.left_out:
        items = tuple(_made(one) for one in own.left_out)
        yield Section(f"Left out, since no approval covers it: <b>{len(items)}</b>", (), items)


_HTML = {">": "&gt;", "<": "&lt;"}


def _made(one: ReportedChange) -> str:
    return f"- {code(named(one))}"
