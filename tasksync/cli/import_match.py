"""`tasksync import --match`: tasks of the manifest that exist already are found by their titles.

What fits is written as `adopt:` lines into the YAML, in their places, once a person has seen the
diff and said yes. Where two fit, both are told and none is chosen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing

from tasksync.cli.confirmation import is_approved, must_be_answerable
from tasksync.cli.console import Console
from tasksync.cli.file_diff import file_diff
from tasksync.cli.listeners import listening
from tasksync.cli.options import MatchOptions
from tasksync.cli.wiring import Session, session
from tasksync.core.address_book import AnyAddress
from tasksync.core.equivalence import loses_characters
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.manifest import Manifest
from tasksync.core.planning.desired import read_desired
from tasksync.core.same_titles import TitlePairs, free_tasks, paired, tells_all
from tasksync.core.state import State
from tasksync.core.task import LiveTask, Problem, Task
from tasksync.engine.portal_check import check_portal
from tasksync.errors import UsageError
from tasksync.manifests.editing.edited_files import FileEdit, edit_files, write_files
from tasksync.manifests.editing.edits import Edit
from tasksync.manifests.loader import load
from tasksync.operating_system import quoted as quoted_word
from tasksync.portal.client import RestPortal
from tasksync.render.wording import clean, count, in_quotes

#: so many titles are a batch or two; of more, one listing of all tasks is the surer way
_MOST_TITLES = 100
#: so many tasks of one title, and so many lines of a kind, are shown
_SHOWN_TASKS, _SHOWN = 5, 50
_PARTIAL = 3


def matched(options: MatchOptions, console: Console) -> int:
    """Look, show, ask and write; returns the exit code."""
    if "-" in options.run.manifest.files:
        raise UsageError(
            "import --match writes into the manifest, and standard input is no file.",
            "Name the manifest with -f.",
        )
    must_be_answerable(
        options.confirm, console,
        "import --match has to ask, and there is nobody to ask: no terminal, CI, or --no-input.",
    )  # fmt: skip
    parts = session(options.run, console)
    with listening(parts):
        manifest = parts.manifest()
        with closing(parts.store(manifest.project)) as store:
            state = store.load()
        with closing(parts.portal(manifest.marker)) as portal:
            new, taken = _without_task(parts, manifest, state, portal)
            found = _pairs(new, taken, portal) if new else TitlePairs({}, {})
            requests = portal.requests
        parts.pause()
    if not options.run.output.no_progress:
        console.tell(f"Looked for {count(len(new), 'task')} in {count(requests, 'request')}.")
    _tell_several(console, found, new)
    if not found.pairs:
        console.say("There is nothing to match: nothing was written.")
        return 0
    return _write(parts, options, manifest, new, found.pairs)


def _without_task(
    parts: Session, manifest: Manifest, state: State, portal: RestPortal
) -> tuple[dict[TaskKey, Task], set[RemoteId]]:
    """Return the wanted tasks that have none and name none, and the ids that are somebody's."""
    if state.identity is not None:
        check_portal(portal, state)
    directory = parts.directory(lambda: portal, state)
    wanted = read_desired(manifest.tasks(state.index, directory), state, manifest.moved)
    new = {task.key: task for task in wanted.new() if task.options.adopt is None}
    in_doubt = {intent.key for intent in state.intents}
    taken = {RemoteId(remote) for remote in state.index.ids} | set(wanted.adopts())
    return {key: task for key, task in new.items() if key not in in_doubt}, taken


def _pairs(new: Mapping[TaskKey, Task], taken: set[RemoteId], portal: RestPortal) -> TitlePairs:
    """Ask for the titles, or for all tasks where that takes less or tells more; pair what fits."""
    titles = {str(task.fields["title"]) for task in new.values()}
    tasks: Sequence[LiveTask] | None = None
    if len(titles) <= _MOST_TITLES and not any(map(loses_characters, titles)):
        told = portal.of_titles(titles, patient=True)
        if tells_all(told, titles):
            tasks = told.tasks
    if tasks is None:
        tasks = list(portal.newer(None, RemoteId(0)))
    return paired({key: task.fields for key, task in new.items()}, free_tasks(tasks, taken))


def _tell_several(console: Console, found: TitlePairs, new: Mapping[TaskKey, Task]) -> None:
    """Name what a person has to choose from."""
    for key in sorted(found.several)[:_SHOWN]:
        tasks = found.several[key]
        told = ", ".join(
            f"{one.id} (responsible {one.fields.get('responsibleId', 'not told')})"
            for one in tasks[:_SHOWN_TASKS]
        )
        more = f" and {len(tasks) - _SHOWN_TASKS} more" if len(tasks) > _SHOWN_TASKS else ""
        console.tell(
            f"? {clean(key)}: more than one could be meant, task {told}{more}, of the title "
            f"{in_quotes(str(new[key].fields['title']))}. Choose with adopt: {{id: N}}."
        )
    if len(found.several) > _SHOWN:
        console.tell(f"? and {len(found.several) - _SHOWN} more keys.")


def _write(
    parts: Session,
    options: MatchOptions,
    manifest: Manifest,
    new: Mapping[TaskKey, Task],
    pairs: Mapping[TaskKey, LiveTask],
) -> int:
    """Show the pairs and the diff, ask, check the whole manifest as it will be, and write it."""
    console = parts.console
    files, refused = _edited(manifest, new, pairs)
    for key in sorted(pairs):
        if key in refused:
            console.tell(f"! {refused[key]}")
        else:
            console.say(f"= {clean(key)}  (task {pairs[key].id})  {_title(pairs[key])}")
    written = len(pairs) - len(refused)
    changed = [one for one in files if one.after != one.before]
    if not changed:
        console.say("None of them can be written: nothing was changed.")
        return _PARTIAL
    for line in file_diff(changed):
        console.say(line)
    if not options.confirm.yes and not _approved(console, written, len(changed)):
        console.tell("Cancelled. Nothing was written.")
        return 1
    _must_be_valid(parts, changed)
    write_files(changed)
    console.say(f"Wrote {count(written, 'adopt line')} into {count(len(changed), 'file')}.")
    flags = "".join(f" -f {quoted_word(one)}" for one in options.run.manifest.files)
    console.say(f"See what it means: tasksync plan{flags}")
    return _PARTIAL if refused else 0


def _edited(
    manifest: Manifest, new: Mapping[TaskKey, Task], pairs: Mapping[TaskKey, LiveTask]
) -> tuple[list[FileEdit], dict[TaskKey, Problem]]:
    """Make the edits; returns the files, and by key why one could not be made."""
    edits: dict[str, list[Edit]] = defaultdict(list)
    refused: dict[TaskKey, Problem] = {}
    for key in sorted(pairs):
        place, edit = new[key].place, Edit(("tasks", key, "adopt"), {"id": pairs[key].id})
        if place.file in manifest.files:
            edits[place.file].append(edit)
        else:
            what = f"{clean(key)} is task {pairs[key].id}, but a template makes it of this row"
            refused[key] = Problem(place, what, "adopt cannot be written there")
    files = edit_files(edits)
    for file in files:
        for edit, problem in file.refused:
            key = TaskKey(str(edit.path[1]))
            place = problem.place if problem.place.line else new[key].place
            told = f"{clean(key)} is task {pairs[key].id}: {problem.what}"
            refused[key] = Problem(place, told, problem.mend)
    return files, refused


def _title(live: LiveTask) -> str:
    return in_quotes(str(live.fields.get("title") or ""))


def _must_be_valid(parts: Session, files: Sequence[FileEdit]) -> None:
    """Read the whole manifest as it is going to be; raises ManifestInvalid."""
    changed = {one.name: one.after for one in files}
    for _task in load(parts.paths, changed).tasks(None, AnyAddress()):
        pass


def _approved(console: Console, lines: int, files: int) -> bool:
    what = f"{count(lines, 'adopt line')} into {count(files, 'file')}"
    return is_approved(console, f"Write {what}?")
