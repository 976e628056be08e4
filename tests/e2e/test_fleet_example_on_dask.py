"""The example of a fleet on a Dask cluster: the same files, served portals, one database."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import portal
from command import Tasksync
from dask_fleets import NAMES, SECRETS, keys_of_clients
from dask_here import dask_here

EXAMPLE = Path(__file__).parents[2] / "examples" / "fleet"
_PORTAL = re.compile(r"portal: sandbox:\.tasksync/portal-(\w+)\.db")


def test_the_example_is_applied_on_a_cluster_and_then_wants_nothing(
    tmp_path: Path, new_database: Callable[[], str]
) -> None:
    """Its folder of templates travels with each client; the keys are on the workers alone."""
    folder = tmp_path / "fleet"
    shutil.copytree(EXAMPLE, folder)
    with ExitStack() as stack:
        stack.enter_context(keys_of_clients())
        portals = {name: stack.enter_context(portal.served()) for name in NAMES}
        cluster = stack.enter_context(dask_here(tmp_path, 2, **SECRETS))
        file = folder / "fleet.yaml"
        text = file.read_text("utf-8")
        text, count = _PORTAL.subn(lambda found: f"portal: {portals[found[1]].url}", text)
        assert count == len(NAMES)
        state = f"defaults: {{state: '{new_database()}'}}\nprojects:"
        file.write_text(text.replace("projects:", state), "utf-8")
        tasksync = Tasksync(folder, {})
        for name in ("TASKSYNC_PORTAL", "TASKSYNC_STATE", "TASKSYNC_API_KEY"):
            tasksync.env.pop(name, None)
        applied = tasksync("fleet", "apply", file, "--yes", "--on", cluster.on)
        assert (applied.code, "In all: 39 added." in applied.out) == (0, True), applied
        assert [len(portals[name].tasks()) for name in NAMES] == [18, 8, 13]
        again = tasksync("fleet", "plan", file, "--on", cluster.on)
        assert (again.code, "3 without changes." in again.out) == (0, True), again
