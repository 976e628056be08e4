"""What was there before: a manifest, its state and its world, made once by a real apply."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from benchmarks import manifests
from benchmarks.measuring import Subject, environment, run
from benchmarks.places import CHECKOUT, PEERS, WORK
from benchmarks.portals import GOOD_KEY, Sandbox
from benchmarks.venvs import TASKSYNC

#: the files that decide what a state holds: where one changes, states are made anew
_STORED = (
    *("core/fields.py", "core/state.py", "core/formats/state_json.py", "core/task.py"),
    *("backends/sqlite.py", "backends/sqlite_tables.py", "manifests/values.py"),
    *("manifests/fingerprints.py", "manifests/columns.py", "manifests/header.py"),
    "manifests/block_texts.py",
)


def _form() -> str:
    """Return what changes when a state may hold something else than before."""
    found = sha256()
    for name in _STORED:
        path = CHECKOUT / "tasksync" / name
        found.update(path.read_bytes() if path.exists() else b"")
    return found.hexdigest()


def _holds(mark: Path) -> bool:
    """Tell whether a mark is of a state as it would be made now."""
    return mark.exists() and mark.read_text(encoding="ascii") == _form()


@dataclass(frozen=True, slots=True)
class Scene:
    """A manifest of `count` tasks that were applied; `state` is a file, `world` the sandbox's."""

    count: int

    @property
    def folder(self) -> Path:
        """Where all of it lies."""
        return WORK / f"scene-{self.count}"

    @property
    def manifest(self) -> Path:
        """The folder of manifest files, written when it is not there."""
        return manifests.write(self.folder / "manifests", self.count)

    @property
    def state(self) -> Path:
        """The state's file."""
        return self.folder / "state.db"

    @property
    def world(self) -> Path:
        """The file of the sandbox's world."""
        return self.folder / "world.jsonl"

    def ready(self) -> Scene:
        """Apply the manifest, once; returns itself.

        The sandbox is the one in the process, which is not paced: over a socket 100 000 creates
        take what the vendor's limits ask for, seven minutes. Its world is then served.
        """
        mark = self.folder / "applied"
        if not _holds(mark):
            self._forget()
            print(f"  applying {self.count} tasks once, to plan them later ...", flush=True)
            here = Sandbox(f"sandbox:{self.world}", GOOD_KEY)
            run(self.apply(here, self.state))
            mark.write_text(_form(), encoding="ascii")
        return self

    def remembered(self) -> Scene:
        """Make the state alone, without a portal (for sizes that nobody waits for)."""
        mark = self.folder / "filled"
        if not _holds(mark):
            self._forget()
            print(f"  filling a state with {self.count} entries ...", flush=True)
            script = str(PEERS / "fill_state.py")
            words = [TASKSYNC.python, script, str(self.manifest), str(self.state)]
            subprocess.run(words, check=True, env=environment())
            mark.write_text(_form(), encoding="ascii")
        return self

    def _forget(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in self.folder.glob("state.db*"):
            path.unlink()
        self.world.unlink(missing_ok=True)

    def plan(
        self,
        portal: Sandbox,
        *words: str,
        name: str = "tasksync",
        expect: str = "No changes.",
        state: Path | None = None,
        manifest: Path | None = None,
    ) -> Subject:
        """Return a plan of this scene against its state."""
        command = self._command("plan", state or self.state, *words, manifest=manifest)
        return Subject(name, command, expect, env=portal.env)

    def look(self, portal: Sandbox, verb: str, *words: str, expect: str) -> Subject:
        """Return a command that looks at this scene and changes nothing: status, drift."""
        command = self._command(verb, self.state, *words)
        return Subject(f"tasksync {verb}", command, expect, env=portal.env)

    def apply(self, portal: Sandbox, state: Path, *words: str) -> Subject:
        """Return an apply of this scene's manifest with a state of its own."""
        expect = f"Apply complete! Tasks: {self.count} added"
        command = self._command("apply", state, "--yes", *words)
        return Subject("tasksync apply", command, expect, env=portal.env)

    def all_new(self, portal: Sandbox) -> Subject:
        """Return a plan of this scene's manifest where nothing is remembered."""
        missing = self.folder / "nothing-remembered.db"
        command = self._command("plan", missing)
        return Subject("tasksync", command, f"Plan: {self.count} to add", env=portal.env)

    def _command(
        self, verb: str, state: Path, *words: str, manifest: Path | None = None
    ) -> list[str]:
        program = TASKSYNC.program("tasksync")
        where = ["-f", str(manifest or self.manifest), "--state", f"sqlite:{state}"]
        return [program, verb, *where, "--quiet", *words]

    def without_blocks(self) -> Path:
        """Return a copy of the state that knows no block: every task has to be parsed."""
        return blocks_forgotten(self.copy_of_state("parsed"))

    def words_without_blocks(self) -> Path:
        """Return the same of a state after an apply of `in_words`: it knows the addresses."""
        copy = self.copy_of_state("words")
        here = Sandbox(f"sandbox:{self.world}", GOOD_KEY)
        words = self._command("apply", copy, "--yes", manifest=self.in_words())
        run(Subject("tasksync apply", words, "No changes.", env=here.env))
        return blocks_forgotten(copy)

    def with_one_edit(self) -> Path:
        """Return a copy of the manifest in which one task of one file has another title."""
        copy = WORK / "copies" / f"edited-{self.count}"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.manifest, copy)
        file = copy / "tasks-00000.yaml"
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("Check the rollout of", "Look at", 1), encoding="utf-8")
        return copy

    def in_words(self) -> Path:
        """Return the same manifest with expressions for its deadlines and addresses for people."""
        return manifests.write(self.folder / "words", self.count, words=True)

    def copy_of_state(self, name: str) -> Path:
        """Return a copy of the state that may be written to."""
        copy = WORK / "copies" / f"{name}-{self.folder.name}.db"
        copy.parent.mkdir(parents=True, exist_ok=True)
        for tail in ("-wal", "-shm"):
            Path(f"{copy}{tail}").unlink(missing_ok=True)
        shutil.copyfile(self.state, copy)
        os.sync()
        return copy


def blocks_forgotten(state: Path) -> Path:
    """Let a state know no block, in place; returns it."""
    db = sqlite3.connect(state)
    with db:
        db.execute("UPDATE entries SET block = zeroblob(16)")
    db.close()
    return state


@dataclass(frozen=True, slots=True)
class Templated(Scene):
    """Tasks that come of a template and a CSV; `written` are the same tasks written out."""

    written: bool = False

    @property
    def folder(self) -> Path:
        """Where all of it lies."""
        return WORK / f"scene-template{'-written' * self.written}-{self.count}"

    @property
    def manifest(self) -> Path:
        """The folder of the manifest, written when it is not there."""
        if not self.written:
            return manifests.write_templated(self.folder / "manifests", self.count)
        file = self.folder / "manifests" / "project.yaml"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            source = str(Templated(self.count).manifest)
            words = [TASKSYNC.program("tasksync"), "validate", "--expand", "-f", source]
            done = subprocess.run(words, check=True, env=environment(), stdout=subprocess.PIPE)
            file.write_bytes(done.stdout)
        return file.parent
