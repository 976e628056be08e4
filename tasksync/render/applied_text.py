"""What an apply's events told, for a terminal and a pipe: why something failed comes first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tasksync.core.change import SYMBOLS, Status
from tasksync.core.reported import ReportedApply, ReportedChange, ReportedFailure
from tasksync.render.line_width import wrapped
from tasksync.render.outcomes import DONE_WORDS, ApplyCounts
from tasksync.render.style import PLAIN, TONES, Style, Tone
from tasksync.render.wording import clean, clean_lines, count

#: so many changes are named before the rest is only counted; failures are all named
NAMED = 20
SHOW = "tasksync history show last"
NOT_HEARD = "sent, and nothing more was heard of it: the next apply finds out"


def applied_text(own: ReportedApply, style: Style = PLAIN, *, full: bool = False) -> str:
    """Return one project's apply, each line ended."""
    lines = (
        line
        for told in _lines(own, style, full=full)
        for part in told.split("\n")
        for line in wrapped(part, len(part) - len(part.lstrip()) + 4, breaks=True)
    )
    return "".join(f"{line}\n" for line in lines)


def applied_counts(own: ReportedApply) -> ApplyCounts:
    """Return the counts whose line stands at the end of an apply."""
    counts = own.counts()
    return ApplyCounts(
        added=counts["add"],
        changed=counts["change"],
        destroyed=counts["remove"],
        adopted=counts["adopt"],
        deferred=counts["defer"],
        forgotten=counts["forget"],
        failed=counts["failed"],
        not_started=counts["not_started"],
        in_doubt=counts["in_doubt"],
    )


def end_line(own: ReportedApply) -> tuple[bool, str]:
    """Return whether an apply was complete, and its last line."""
    counts = applied_counts(own)
    complete = own.ended and counts.complete and not own.stale
    first = "Apply complete!" if complete else "Apply incomplete."
    return complete, f"{first} {counts.line}"


def failure_line(one: ReportedFailure) -> str:
    """Return a change that was not done, and why, in one line."""
    code = "" if one.code in one.message else one.code
    why = ": ".join(clean(part) for part in (code, one.message) if part)
    advice = f" ({clean(one.advice)})" if one.advice else ""
    return f"{named(one.change)}: {one.status.value}" + (f": {why}{advice}" if why else advice)


def named(one: ReportedChange) -> str:
    """Return a change's key, and its task's number."""
    return clean(one.key) + (f" (task {one.id})" if one.id else "")


def _lines(own: ReportedApply, style: Style, *, full: bool) -> Iterator[str]:
    if own.project:
        yield f"Project {clean(own.project)} on {clean(own.portal)}."
    for one in own.problems:
        word, tone = ("Error:", Tone.BAD) if one.error else ("Warning:", Tone.WARN)
        yield f"{style.paint(word, tone)} {clean_lines(one.what)}"
        yield from (f"  {clean(line)}" for line in one.advice.split("\n") if line)
    for status in Status:
        failed = [one for one in own.failures if one.status is status]
        if failed:
            yield style.paint(f"{count(len(failed), 'change')} {status.value}:", Tone.BAD)
            yield from (f"  {failure_line(one)}" for one in failed)
    if own.unanswered:
        yield style.paint(f"{count(len(own.unanswered), 'change')} in doubt:", Tone.WARN)
        yield from (f"  {named(one)}: {NOT_HEARD}" for one in own.unanswered)
    yield from _made(own.made, style, full=full)
    if own.left_out:
        keys = ", ".join(clean(one.key) for one in own.left_out)
        yield f"Left out, since no approval covers it: {keys}."
    complete, last = end_line(own)
    if own.planned is not None:
        yield style.paint(last, Tone.GOOD if complete else Tone.BAD)


def _made(made: Sequence[ReportedChange], style: Style, *, full: bool) -> Iterator[str]:
    shown = made if full else made[:NAMED]
    for one in shown:
        sign = style.paint(SYMBOLS[one.action], TONES[one.action])
        yield f"  {sign} {named(one)}  {DONE_WORDS[one.action]}"
    if len(made) > len(shown):
        yield f"  and {len(made) - len(shown)} more; {SHOW} names them"
