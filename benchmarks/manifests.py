"""The manifests that are measured: the same bytes for the same number, on every machine.

One task has 9 fields and about 375 bytes of YAML; a file holds up to 1 000 tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

PER_FILE = 1_000
_PEOPLE = (1, 2, 3, 5, 7, 9, 11, 14, 17, 22)
_REGIONS = ("eu-west", "eu-north", "us-east", "us-west", "ap-south")
_PRIORITIES = ("low", "normal", "high")
_FIRST = datetime(2027, 1, 4, 9, tzinfo=UTC)


def fields(number: int) -> dict[str, object]:
    """Return the nine fields of one task, as the manifest gives them."""
    region, person = _REGIONS[number % 5], _PEOPLE[number % 10]
    deadline = _FIRST + timedelta(hours=number % 4_000)
    return {
        "title": f"Check the rollout of release {number} in {region}",
        "description": f"Compare the error rates of {region} with last week's, ask the owners of "
        f"step {number % 97} and write what was found.",
        "responsibleId": person,
        "priority": _PRIORITIES[number % 3],
        "deadline": deadline.isoformat(timespec="seconds"),
        "timeEstimate": 1_800 + 600 * (number % 12),
        "accomplices": sorted({_PEOPLE[(number + 3) % 10], _PEOPLE[(number + 6) % 10]}),
        "auditors": [_PEOPLE[(number + 1) % 10]],
        "tags": ["release", region, f"q{number % 4 + 1}"],
    }


def key(number: int) -> str:
    """Return the key of one task."""
    return f"rollout-{number:07d}"


#: the addresses of these people, as the sandbox tells them
_ADDRESSES = {
    1: "owner@example.com",
    2: "anna@example.com",
    3: "boris@example.com",
    5: "clara@example.com",
    7: "david@example.com",
    9: "elena@example.com",
    11: "farid@example.com",
    14: "grace@example.com",
    17: "ivanov@example.com",
    22: "petrova@example.com",
}
#: what the expressions of `worded` hang on
WORDS = f"dates: {{kickoff: {_FIRST:%Y-%m-%dT%H:%M}}}\n"


def worded(number: int) -> dict[str, object]:
    """Return the same fields in words: an expression for its deadline, addresses for people."""
    days, hours = divmod(number % 4_000, 24)
    deadline = _FIRST + timedelta(days=days, hours=hours)
    kind = number % 4_000 % 3
    if kind == 0:
        text = f"kickoff + {number % 4_000}h"
    elif kind == 1:
        text = f"kickoff + {(deadline.date() - _FIRST.date()).days}d at {deadline:%H:%M}"
    else:
        text = f"{_worked(deadline)} at {deadline:%H:%M}"
    told = fields(number)
    people = {name: _address(told[name]) for name in ("responsibleId", "accomplices", "auditors")}
    return {**told, **people, "deadline": text}


def _address(people: object) -> object:
    if isinstance(people, list):
        return [_ADDRESSES[one] for one in people]
    return _ADDRESSES[people]  # type: ignore[index]


def _worked(at: datetime) -> str:
    """Return a day in working days; from a Saturday or Sunday on in days."""
    weeks, rest = divmod((at.date() - _FIRST.date()).days, 7)
    weekend = rest - 4  # kickoff is a Monday, and a Friday is the last worked day
    return f"kickoff + {weeks * 5 + min(rest, 4)}wd" + (f" + {weekend}d" if weekend > 0 else "")


def block(number: int, told: Callable[[int], dict[str, object]] = fields) -> str:
    """Return one task as YAML, under `tasks:`."""
    lines = [f"  {key(number)}:"]
    for name, value in told(number).items():
        lines.append(f"    {name}: {_written(value)}")
    return "\n".join(lines) + "\n"


def _written(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(str(item) for item in value) + "]"
    return str(value)


def project(count: int) -> str:
    """Return the project's name of a manifest with so many tasks."""
    return f"bench-{count}"


def files(
    count: int, *, words: bool = False, name: str = ""
) -> Iterator[tuple[str, Iterator[str]]]:
    """Yield name and pieces of every file of a manifest with so many tasks."""
    head = f"apiVersion: tasksync/v1\nproject: {name or project(count)}\ntimezone: UTC\n"
    yield "project.yaml", iter([head + WORDS if words else head])
    told = worded if words else fields
    each = min(PER_FILE, max(count // 10, 1))
    for start in range(0, count, each):
        yield f"tasks-{start // each:05d}.yaml", _file(range(start, min(start + each, count)), told)


def _file(numbers: range, told: Callable[[int], dict[str, object]]) -> Iterator[str]:
    yield "apiVersion: tasksync/v1\ntasks:\n"
    for number in numbers:
        yield block(number, told)


def write(folder: Path, count: int, *, words: bool = False, name: str = "") -> Path:
    """Write a manifest of so many tasks into a folder, unless it is there; returns the folder.

    `words`: deadlines are expressions and people are addresses that come to the same. `name` is
    the project's, where it is not that of the number.
    """
    done = folder.with_name(f"{folder.name}.whole")
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        for file_name, pieces in files(count, words=words, name=name):
            with (folder / file_name).open("w", encoding="utf-8") as file:
                file.writelines(pieces)
        done.touch()
    return folder


#: tasks of one instance of the template
EACH = 10


def _row(number: int) -> str:
    start = _FIRST + timedelta(days=number % 300)
    return f"team-{number:05d},Team {number},{start:%Y-%m-%d},{_PEOPLE[number % 10]}\n"


def _template() -> Iterator[str]:
    yield "templates:\n  rollout:\n    parameters: {name: text, start: date, lead: person}\n"
    yield "    tasks:\n"
    for number in range(EACH):
        told = fields(number) | {
            "title": f"Check step {number} of the rollout for ${{name}}",
            "description": f"From ${{start:d MMMM y}} on compare the error rates of ${{name}} "
            f"with last week's, ask the owners of step {number} and write what was found.",
            "responsibleId": "${lead}",
            "deadline": f"${{start}} + {number}d at 09:00",
        }
        yield f"      step-{number}:\n"
        yield from (f"        {name}: {_written(value)}\n" for name, value in told.items())


def write_templated(folder: Path, count: int) -> Path:
    """Write a template with EACH tasks and a CSV of its rows, unless they are there."""
    done = folder.with_name(f"{folder.name}.whole")
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        rows = map(_row, range(count // EACH))
        (folder / "rows.csv").write_text("key,name,start,lead\n" + "".join(rows), encoding="utf-8")
        head = f"apiVersion: tasksync/v1\nproject: {project(count)}\ntimezone: UTC\n"
        uses = "use:\n  - {template: rollout, forEach: rows.csv}\n"
        text = head + "".join(_template()) + uses
        (folder / "project.yaml").write_text(text, encoding="utf-8")
        done.touch()
    return folder
