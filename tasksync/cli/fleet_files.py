"""The folder of --out: `report.EXT`, `projects/NAME.EXT`, and the plans of --expect in `plans/`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryFile

from tasksync.cli.plan_files import read_with_content, written_whole
from tasksync.errors import PlanUnusable, SettingsError
from tasksync.render.fleet_project import ENDS
from tasksync.value_classes import dataclass


def own_file(name: str) -> str:
    """Return where a project's own page is, seen from the report's."""
    return f"projects/{name}.{ENDS['html']}"


def _plan_of(folder: str, name: str) -> Path:
    return Path(folder, "plans", f"{name}.json")


def approved_plan(folder: str, name: str) -> tuple[str, str]:
    """Return digest and text of the plan that was saved for a project; raises PlanUnusable."""
    file = _plan_of(folder, name)
    if not file.is_file():
        raise PlanUnusable(
            f"There is no approved plan of {name}: {file} is not there.",
            f"Make it with tasksync fleet plan --out {folder}, and have it approved.",
        )
    saved, content = read_with_content(str(file))
    return saved.digest, content.decode()


def must_be_writable(folder: str, *, plans: bool) -> None:
    """Make the folder, and see whether it can be written, before anything runs.

    Raises SettingsError: what was done on a hundred portals should not end in a report that nobody
    can keep.
    """
    try:
        for name in ("projects", "plans")[: 1 + plans]:
            inside = Path(folder, name)
            inside.mkdir(parents=True, exist_ok=True)
            with TemporaryFile(dir=inside):
                pass
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _unwritable(folder, error) from error


def forget_plans(folder: str, names: Iterable[str]) -> None:
    """Take away the plans of earlier runs of these projects: nobody approved this one by them."""
    for name in names:
        try:
            _plan_of(folder, name).unlink(missing_ok=True)
        except OSError as error:
            raise _unwritable(folder, error) from error


@dataclass(frozen=True, slots=True)
class KeptReport:
    """What is written: the report, each project's own, and the saved plans; by the names."""

    text: str
    own: Mapping[str, str]
    plans: Mapping[str, str]


def keep(report: KeptReport, folder: str, format_: str) -> None:
    """Write the reports in the format that they have, and the plans; raises SettingsError."""
    suffix = ENDS[format_]
    try:
        for name, text in report.own.items():
            _write(Path(folder, "projects", f"{name}.{suffix}"), text)
        for name, text in report.plans.items():
            _write(_plan_of(folder, name), text)
        _write(Path(folder, f"report.{suffix}"), report.text)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    written_whole(file, text)


def _unwritable(folder: str, error: OSError) -> SettingsError:
    return SettingsError(
        f"The report cannot be written to {folder}: {error.strerror or error}.",
        "Choose another --out.",
    )
