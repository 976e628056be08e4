"""Errors, problems and refusals in words: what is wrong, where, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator

from tasksync.core.plan import Refusal
from tasksync.errors import FleetInvalid, ManifestInvalid, PlanRefused, SheetInvalid, TasksyncError
from tasksync.render.style import PLAIN, Style, Tone
from tasksync.render.text import refusal_lines
from tasksync.render.wording import clean, clean_lines, count


def error_text(error: TasksyncError, style: Style = PLAIN) -> str:
    """Return what a person reads on stderr, each line ended."""
    return "".join(f"{line}\n" for line in _lines(error, style))


def _lines(error: TasksyncError, style: Style) -> Iterator[str]:
    match error:
        case ManifestInvalid():
            yield from problem_lines(error.problems, style, _where(error))
        case PlanRefused():
            for refusal in error.refusals:
                if isinstance(refusal, Refusal):
                    yield from refusal_lines(refusal, style)
        case _:
            yield f"{style.paint('Error:', Tone.BAD)} {clean_lines(error.message)}"
            yield from (f"  {clean(line)}" for line in error.advice.split("\n") if line)


def _where(error: ManifestInvalid) -> str:
    match error:
        case SheetInvalid():
            return "sheet, and nothing was written"
        case FleetInvalid():
            return "fleet's file"
        case _:
            return "manifest"


def problem_lines(
    problems: tuple[object, ...], style: Style = PLAIN, where: str = "manifest"
) -> Iterator[str]:
    """Yield each problem as `file:line:column: what (how to mend it)`, then their number."""
    for problem in problems:
        yield clean(str(problem))
    yield style.paint(f"{count(len(problems), 'problem')} in the {where}.", Tone.BAD)


def unexpected_text(error: BaseException, where: str, style: Style = PLAIN) -> str:
    """Return what a person reads of a fault of ours; `where` says where the trace was written."""
    name = type(error).__name__
    return (
        f"{style.paint('Error:', Tone.BAD)} tasksync itself failed: {name}: {clean(str(error))}\n"
        f"  {clean(where)}\n"
    )
