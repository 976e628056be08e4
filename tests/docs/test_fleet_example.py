"""The example of a fleet: its README is walked, and each of its clients stands on its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from command import Tasksync
from guides import Session
from shown_plans import EXAMPLES

from tasksync.manifests.fleet_file import read_fleet

HERE = EXAMPLES / "fleet"


def test_the_commands_of_the_readme_do_what_it_says(tmp_path: Path) -> None:
    """With real processes, and with no key: each portal is a sandbox."""
    folder = tmp_path / "fleet"
    shutil.copytree(HERE, folder)
    assert Session(folder, {}).walk_text((HERE / "README.md").read_text("utf-8")) == 4


@pytest.mark.parametrize("name", ["acme", "globex", "initech"])
def test_a_client_can_be_planned_without_the_fleet(name: str, tmp_path: Path) -> None:
    """Its folder and the templates are what -f names twice."""
    (project,) = (one for one in read_fleet(str(HERE / "fleet.yaml")).projects if one.name == name)
    where = [word for path in project.paths for word in ("-f", HERE / path)]
    tasksync = Tasksync(tmp_path)
    assert tasksync("apply", *where, "--yes").code == 0
    again = tasksync("plan", *where, "--detailed-exitcode")
    assert (again.code, "No changes." in again.out) == (0, True)
