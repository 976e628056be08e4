"""A project that is applied, people who change its tasks, and `accept`."""

from __future__ import annotations

from pathlib import Path

from command import Done, Tasksync
from hand import by_hand, ids_of


class Team:
    """A project that is applied, and people who change its tasks."""

    def __init__(self, folder: Path, text: str) -> None:
        self.folder = folder
        self.tasksync = Tasksync.of(folder, text)
        done = self.tasksync("apply", "--yes")
        assert done.code == 0, done
        self.ids = ids_of(self.tasksync)

    @property
    def file(self) -> Path:
        return self.folder / "m.yaml"

    @property
    def text(self) -> str:
        return self.file.read_text("utf-8")

    def change(self, key: str, **fields: object) -> None:
        by_hand(self.folder, "PATCH", f"tasks/{self.ids[key]}", fields)

    def delete(self, key: str) -> None:
        by_hand(self.folder, "DELETE", f"tasks/{self.ids[key]}")

    def accept(self, *words: str, yes: bool = True) -> Done:
        return self.tasksync("accept", *words, *(("--yes",) if yes else ()))

    @property
    def plan(self) -> str:
        return self.tasksync("plan").out

    @property
    def is_done(self) -> bool:
        return "No changes." in self.plan
