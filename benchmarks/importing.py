"""The rows about the way in: an import of what exists, of a sheet, and the adopting after it."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.request import Request, urlopen

from benchmarks import manifests, others
from benchmarks.applying import BATCH, allowed
from benchmarks.measuring import Run, Subject, Unfit, costs, peak, ratio, run, turns
from benchmarks.places import WORK
from benchmarks.portals import Sandbox, sandbox
from benchmarks.results import Outcome
from benchmarks.venvs import TASKSYNC

_COUNT, _FEW = 10_000, 1_000
_PRIORITIES = {"low": 0, "normal": 1, "high": 2}


def from_the_portal(pairs: int) -> Outcome:
    """Import as many tasks as octoDNS dumps records of a local zone, turn by turn."""
    with sandbox(data=_foreign(_COUNT)) as portal:
        ours = _import(portal, _COUNT)
        found = turns((ours, others.octodns_dump(_COUNT)), pairs)
        portal.forget()
        run(ours)
        requests = portal.stats()["requests"]
    with sandbox(data=_foreign(_FEW)) as portal:
        few = run(_import(portal, _FEW))[0]
    mine, theirs = found.values()
    figures = {
        "ratio": ratio(mine, theirs),
        "wall s": _median(mine, lambda one: one.wall),
        "CPU s": _median(mine, lambda one: one.cpu),
        "requests": float(requests),
        "KB a task": (peak(mine) - few.peak) * 1024 / (_COUNT - _FEW),
    }
    return Outcome(figures, costs(found))


def adopting(_pairs: int) -> Outcome:
    """Apply what was imported under the vendor's limits: 50 tags a request."""
    with sandbox(data=_foreign(_COUNT)) as portal:
        run(_import(portal, _COUNT))
    world = WORK / "copies" / "adopting.jsonl"
    shutil.copyfile(_foreign(_COUNT), world)
    with sandbox(data=world, limits="vendor") as portal:
        command = ["apply", "-f", str(_out(_COUNT)), "--yes", "--quiet"]
        expect = f"{_COUNT} adopted"
        once = run(_tasksync("tasksync apply", command, portal, expect, state="adopting"))[0]
        told = portal.stats()
    figures = {
        "ratio": once.wall / allowed(told["requests"]),
        "writing requests": float(told["writes"]),
        "least requests": float(-(-_COUNT // BATCH)),
        "throttled answers": float(told["throttled"]),
    }
    return Outcome(figures, costs({"tasksync apply": [once]}))


def from_a_sheet(kind: str) -> Callable[[int], Outcome]:
    """Import a sheet of 10 000 rows, `csv` or `xlsx`."""

    def measure(pairs: int) -> Outcome:
        sheet = _sheet(kind)
        out = WORK / "copies" / f"sheet-{kind}.yaml"
        command = ["import", str(sheet), "--project", "bench-sheet", "--out", str(out)]
        command += ["--timezone", "Europe/Berlin"]
        here = Sandbox(f"sandbox:{WORK / 'copies' / 'sheet.db'}", "vibe_api_sandbox")
        subject = _tasksync(f"tasksync import of {kind}", command, here, str(_COUNT), out=out)
        found = turns((subject,), pairs)
        return Outcome({"wall s": _median(found[subject.name], lambda one: one.wall)}, costs(found))

    return measure


def _median(runs: list[Run], figure: Callable[[Run], float]) -> float:
    return sorted(map(figure, runs))[len(runs) // 2]


def _out(count: int) -> Path:
    return WORK / "copies" / f"imported-{count}.yaml"


def _import(portal: Sandbox, count: int) -> Subject:
    command = ["import", "--project", "bench-import", "--out", str(_out(count))]
    return _tasksync("tasksync import", command, portal, str(count), out=_out(count))


def _tasksync(
    name: str,
    command: list[str],
    portal: Sandbox,
    expect: str,
    *,
    state: str = "importing",
    out: Path | None = None,
) -> Subject:
    """Return a command that begins without a state, and without its own output."""
    folder = WORK / "copies"
    folder.mkdir(parents=True, exist_ok=True)
    begun = [path for path in (folder / f"{state}.db", out) if path is not None]

    def clear() -> None:
        for path in begun:
            path.unlink(missing_ok=True)

    words = [TASKSYNC.program("tasksync"), *command]
    if command[0] != "import" or out == _out(_COUNT) or out == _out(_FEW):
        words += ["--state", f"sqlite:{folder / f'{state}.db'}"]
    return Subject(name, words, expect, env=portal.env, cwd=folder, before=clear)


def _foreign(count: int) -> Path:
    """Return the world of a portal with so many tasks of other people, made once."""
    world = WORK / f"foreign-{count}.jsonl"
    if not world.exists():
        print(f"  making {count} tasks of other people once ...", flush=True)
        begun = world.with_suffix(".begun")
        begun.unlink(missing_ok=True)
        with sandbox(data=begun) as portal:
            for start in range(0, count, BATCH):
                _create(portal, range(start, min(start + BATCH, count)))
        begun.rename(world)
    return world


def _create(portal: Sandbox, numbers: range) -> None:
    calls = [
        {"entity": "tasks", "action": "create", "params": _as_sent(number)} for number in numbers
    ]
    request = Request(f"{portal.url}/v1/batch", json.dumps({"calls": calls}).encode())  # noqa: S310 - loopback
    request.add_header("Content-Type", "application/json")
    request.add_header("X-Api-Key", portal.key)
    with urlopen(request, timeout=60) as answer:  # noqa: S310 - loopback
        made = json.load(answer)["data"]["summary"]["succeeded"]
    if made != len(calls):
        msg = f"the sandbox made {made} of {len(calls)} tasks"
        raise Unfit(msg)


def _as_sent(number: int) -> dict[str, object]:
    """Return the fields of a task as the API takes them: a priority is a number there."""
    told = manifests.fields(number)
    return {**told, "priority": _PRIORITIES[str(told["priority"])]}


_HEAD = ("Title", "Description", "Responsible", "Deadline", "Priority", "Tags")


def _rows() -> list[list[str]]:
    rows = [list(_HEAD)]
    for number in range(_COUNT):
        told = manifests.fields(number)
        tags = ", ".join(map(str, told["tags"]))  # type: ignore[call-overload]
        day = f"{number % 28 + 1:02d}.{number % 12 + 1:02d}.2027 18:00"
        texts = (told["title"], told["description"], told["responsibleId"], day)
        rows.append([*map(str, texts), str(told["priority"]), tags])
    return rows


def _sheet(kind: str) -> Path:
    """Return a sheet as Excel saves it, written once."""
    sheet = WORK / f"sheet-{_COUNT}.{kind}"
    if sheet.exists():
        return sheet
    if kind == "csv":
        with sheet.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file, delimiter=";").writerows(_rows())
    else:
        from openpyxl import Workbook

        book = Workbook(write_only=True)
        page = book.create_sheet("Tasks")
        for row in _rows():
            page.append(row)
        book.save(sheet)
    return sheet
