"""An example whose README shows an edit of one line and the plan that it gives."""

from __future__ import annotations

import re
import shutil
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

from command import Tasksync

EXAMPLES = Path(__file__).parents[2] / "examples"


def changes_in(text: str) -> str:
    """Return a plan from its first change to the line that counts them, its paths shortened."""
    found = re.search(r"^  [~+-] (?!create ).*^Plan: [^\n]*", text, re.MULTILINE | re.DOTALL)
    assert found is not None, text
    return re.sub(r"  \S*?([\w-]+\.(?:yaml|csv):\d)", r"  \1", found[0])


@dataclass(frozen=True)
class Shown:
    """An example by its folder's name."""

    name: str

    @property
    def readme(self) -> str:
        """What its README says."""
        return (EXAMPLES / self.name / "README.md").read_text(encoding="utf-8")

    def text(self, file: str = "tasksync.yaml") -> str:
        """Return one of its files."""
        return (EXAMPLES / self.name / file).read_text(encoding="utf-8")

    def applied(self, folder: Path) -> Tasksync:
        """Return a copy of it in `folder`, applied to a sandbox of its own."""
        copy = folder / self.name
        shutil.copytree(EXAMPLES / self.name, copy)
        tasksync = Tasksync(folder, {"TASKSYNC_FILE": str(copy)})
        done = tasksync("apply", "--yes")
        assert done.code == 0, done
        return tasksync

    def planned(self, folder: Path, tasksync: Tasksync) -> str:
        """Return the changes that a plan prints in the copy's own folder."""
        with chdir(folder / self.name):
            done = tasksync("plan")
        assert done.code == 0, done
        return changes_in(done.out)

    def edit(self, folder: Path, before: str, after: str, file: str = "tasksync.yaml") -> None:
        """Change one place of the copy in `folder`, that is within a line and stands there once."""
        path = folder / self.name / file
        text = path.read_text(encoding="utf-8")
        assert text.count(before) == 1, before
        assert "\n" not in before + after
        path.write_text(text.replace(before, after), encoding="utf-8")

    def shows(self, folder: Path, before: str, after: str) -> None:
        """Hold that the README names an edit and shows its plan, which an apply carries out."""
        tasksync = self.applied(folder)
        for words in (before, after):
            assert f"`{words}`" in self.readme
        self.edit(folder, before, after)
        assert self.planned(folder, tasksync) == changes_in(self.readme)
        assert tasksync("apply", "--yes").code == 0
        assert "No changes." in tasksync("plan").out
