"""What a row of a fleet's report says: one short line that a tired person understands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from tasksync.core.fleet import FleetCommand, ProjectRun
from tasksync.core.formats.fleet_reading import Reported
from tasksync.core.plan import Refusal
from tasksync.core.portal_changes import UNDONE, Effect, PortalChanges
from tasksync.core.project_status import ProjectStatus
from tasksync.core.reported import ReportedApply, ReportedPlan
from tasksync.late_patterns import pattern_of
from tasksync.value_classes import asdict

REFUSED, PARTIAL = 4, 3
#: codes above this are a shell's for a process that a signal ended (128 + its number)
_SIGNAL = 128
_SIGNALS: Mapping[int, str] = {
    1: "SIGHUP",
    2: "SIGINT",
    6: "SIGABRT",
    7: "SIGBUS",
    9: "SIGKILL: was there too little memory?",
    11: "SIGSEGV",
    15: "SIGTERM",
}
#: what is said of a process that said nothing
_BY_CODE: Mapping[int, str] = {
    3: "partly done",
    REFUSED: "refused by a guard",
    5: "stale: what was approved is not what would be done",
    6: "the state is locked",
    7: "no access: is the key the right one?",
    130: "interrupted",
}
_PROGRESS = pattern_of(r"(?:Read|Sent|Verified|Applying) [0-9]")
_MEMORY = "MemoryError"
_COLOUR = pattern_of(r"\x1b\[[0-9;]*m")
_PROBLEMS = pattern_of(r"[0-9]+ problems? in the [a-z]+\.")
_ERROR, _REFUSED, _STOPPED = "Error: ", "Refused: ", "Interrupted"

_PLANNED = (
    ("add", "to add"),
    ("change", "to change"),
    ("remove", "to destroy"),
    ("adopt", "to adopt"),
    ("defer", "to defer"),
    ("forget", "to forget"),
)
_DONE = (
    ("add", "added"),
    ("change", "changed"),
    ("remove", "destroyed"),
    ("adopt", "adopted"),
    ("defer", "deferred"),
    ("forget", "forgotten"),
)
_NOT_DONE = (
    ("failed", "failed"),
    ("in_doubt", "in doubt"),
    ("not_started", "not started"),
    ("stale", "stale"),
)
_DRIFTED = (("undone", "to be undone"), ("stand", "left as people made them"))


def said_lines(said: str) -> list[str]:
    """Return what stood on stderr, line by line, without colours and without empty lines."""
    lines = (_COLOUR.sub("", line).rstrip() for line in said.splitlines())
    return [line for line in lines if line.strip()]


def reported_words(told: Reported) -> str:
    """Return what came of a run that ended well."""
    match told:
        case ReportedPlan(plan=plan):
            return counted_words(FleetCommand.PLAN, asdict(plan.summary))
        case ReportedApply():
            return counted_words(FleetCommand.APPLY, told.counts())
        case ProjectStatus():
            counts = {"tasks": len(told.tasks), "open": told.open, "late": told.late}
            return counted_words(FleetCommand.STATUS, counts)
        case PortalChanges():
            return _drifted(told)


def counted_words(command: FleetCommand, counts: Mapping[str, int]) -> str:
    """Return what was counted, of one project or of all, in words: `12 to add, 3 to change`."""
    match command:
        case FleetCommand.PLAN:
            return _counted(counts, _PLANNED) or "no changes"
        case FleetCommand.APPLY:
            bad, done = _counted(counts, _NOT_DONE), _counted(counts, _DONE)
            return "; ".join(part for part in (bad, done) if part) or "no changes"
        case FleetCommand.STATUS:
            late, open_ = counts.get("late", 0), counts.get("open", 0)
            return f"{late or 'none'} late of {open_} open" if counts.get("tasks") else "no tasks"
        case FleetCommand.DRIFT:
            undone = sum(counts.get(effect, 0) for effect in UNDONE)
            stand = sum(counts.get(effect, 0) for effect in Effect) - undone
            told = {"undone": undone, "stand": stand}
            return _counted(told, _DRIFTED) or "no drift"


def failure_words(run: ProjectRun, told: Reported | None) -> str:
    """Return why a run did not end well, as far as its process said."""
    if run.exit_code == REFUSED and (guards := _guards(told)):
        return guards
    why = _why(run, told)
    if isinstance(told, ReportedApply) and (came := _applied(told)):
        return came if run.exit_code == PARTIAL else f"{why} ({came})"
    return why


def _why(run: ProjectRun, told: Reported | None) -> str:
    return next(filter(None, _whys(run, told)), "nobody knows how it ended")


def _whys(run: ProjectRun, told: Reported | None) -> Iterator[str]:
    """Yield what may be the reason, the likeliest first; "" where a place tells none."""
    lines = said_lines(run.said)
    for line in lines:
        if line.startswith(_ERROR):
            yield line.removeprefix(_ERROR)
        elif line.startswith(_REFUSED):
            yield "refused: " + line.removeprefix(_REFUSED)
        elif line.startswith(_STOPPED):
            yield line
    if len(lines) > 1 and _PROBLEMS.fullmatch(lines[-1]):
        yield f"{lines[-1].removesuffix('.')}, first: {_first_problem(lines)}"
    if any(line.startswith(_MEMORY) for line in lines):
        yield "out of memory"
    if isinstance(told, ReportedApply):
        yield from (one.what.split("\n")[0] for one in told.problems if one.error)
    yield _by_signal(run.exit_code)
    said = [line.strip() for line in lines if not _PROGRESS.match(line)]
    yield said[-1] if said else ""
    if run.exit_code is not None:
        yield _BY_CODE.get(run.exit_code, f"exit code {run.exit_code}, and not a word why")


def _first_problem(lines: Sequence[str]) -> str:
    """Return the first of the problems, which stand at the end: progress stands before them."""
    number = int(lines[-1].partition(" ")[0])
    return lines[max(len(lines) - 1 - number, 0)]


def _by_signal(code: int | None) -> str:
    """Return what killed a process; "" where it ended by itself, or nobody knows."""
    number = 0 if code is None else -code if code < 0 else code - _SIGNAL
    if code is None or number not in _SIGNALS:
        return f"killed by signal {-code}" if code is not None and code < 0 else ""
    return f"killed by {_SIGNALS[number]}" if code != _SIGNAL + 2 else ""


def _guards(told: Reported | None) -> str:
    """Return which guards refuse a plan; "" where they are not told by name."""
    if not isinstance(told, ReportedPlan) or not told.refusals:
        return ""
    return refused_words(told.refusals)


def refused_words(refusals: Iterable[Refusal]) -> str:
    """Return which guards refuse a plan, each once."""
    names = list(dict.fromkeys(one.guard for one in refusals))
    return f"refused by {'a guard' if len(names) == 1 else 'guards'}: {', '.join(names)}"


def _applied(told: ReportedApply) -> str:
    counts = told.counts()
    done, bad = _counted(counts, _DONE), _counted(counts, _NOT_DONE)
    if told.failures:
        bad += f", the first {_first_failure(told)}"
    return "; ".join(part for part in (bad, done) if part)


def _first_failure(told: ReportedApply) -> str:
    one = told.failures[0]
    why = one.message or one.code
    return f"{one.change.key}: {why}" if why else one.change.key


def _drifted(told: PortalChanges) -> str:
    if not told.compared:
        return "nothing to compare with: the state remembers no task"
    counts = {effect.value: number for effect, number in told.counts().items()}
    guards = f"; apply would be refused: {', '.join(told.guards)}" if told.guards else ""
    return counted_words(FleetCommand.DRIFT, counts) + guards


def _counted(counts: Mapping[str, int], words: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{counts[name]} {word}" for name, word in words if counts.get(name))
