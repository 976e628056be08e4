"""What is published: a plan, or a Markdown file, each as long as there is room for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tasksync import file_limits as bounded
from tasksync.cli import plan_files
from tasksync.cli.showing import approvable
from tasksync.core.formats import plan_json
from tasksync.core.formats.json_text import canonical
from tasksync.core.guards import check
from tasksync.errors import PlanUnusable, SettingsError
from tasksync.forge.hidden_line import Label, document_line
from tasksync.render.comment import comment_text, length
from tasksync.render.markdown import code, plan_markdown

if TYPE_CHECKING:
    from tasksync.core.secrets import Secrets

#: how often a text that came out too long is made again, shorter
_TRIES = 8
_SHORTER = 200


class Content(Protocol):
    """What can be published."""

    def label(self, head: str) -> Label:
        """Return what a comment about it for this commit is called."""
        ...

    def text(self, room: int) -> str:
        """Return it as Markdown of at most so many characters."""
        ...

    def hidden(self) -> str:
        """Return the second hidden line, with its line end, or ""."""
        ...


class PlanContent:
    """A saved plan; raises PlanUnusable where it is none, or was changed by hand."""

    def __init__(self, name: str, secrets: Secrets) -> None:
        self._name = name
        self._secrets = secrets
        try:
            self._saved = plan_files.read(name)
        except PlanUnusable as error:
            if name.endswith((".md", ".markdown", ".txt")):
                advice = f"A file of Markdown has a name: tasksync publish {name} --name NAME"
                raise PlanUnusable(error.message, advice) from error
            raise

    def label(self, head: str) -> Label:
        """Return project, digest and head."""
        return Label("plan", self._saved.plan.project, head, self._saved.digest)

    def text(self, room: int) -> str:
        """Return what `plan --format markdown` says, without our secrets."""
        saved = self._saved
        refusals = check(saved.plan)
        show = f"tasksync show --full {Path(self._name).name}"

        def made(limit: int) -> str:
            text = plan_markdown(
                saved.plan,
                requests=saved.requests,
                seconds=saved.seconds,
                refusals=refusals,
                show=show,
                limit=limit,
                digest=approvable(saved.plan),
            )
            return self._secrets.redact(text)

        return _fitting(made, room)

    def hidden(self) -> str:
        """Return what was approved, where it is short enough and holds none of our secrets."""
        document: Mapping[str, object] = plan_json.asked_document(self._saved.plan)
        text = canonical(document)
        if self._secrets.redact(text) != text:
            return ""
        line = document_line(document)
        return f"{line}\n" if line else ""


class FileContent:
    """A file of Markdown under a name; of a longer one no more is read than could be shown."""

    def __init__(self, file: str, name: str, longest: int, secrets: Secrets) -> None:
        self._file = file
        self._name = name
        found, self._more = _beginning(file, 4 * longest)
        self._text = secrets.redact(found)

    def label(self, head: str) -> Label:
        """Return name and head."""
        return Label("file", self._name, head)

    def text(self, room: int) -> str:
        """Return the file, or as much of it as there is room for, and that it was cut."""
        rest = f"*The rest of {code(self._file)} is left out here for want of room.*"
        return comment_text(self._text, room, rest, more=self._more)

    def hidden(self) -> str:
        """Return nothing: a file has no second line."""
        return ""


def body_of(content: Content, head: str, longest: int) -> str:
    """Return a comment of at most `longest` characters: hidden lines, text, and the commit."""
    lines = f"{content.label(head).line()}\n{content.hidden()}\n"
    footer = f"\n\n<sub>For commit {code(head)}.</sub>"
    return lines + content.text(longest - length(lines + footer)).rstrip() + footer


def _fitting(made: Callable[[int], str], room: int) -> str:
    """Return a text that has room, though it may count its characters otherwise than a forge."""
    limit = room
    for _ in range(_TRIES):
        text = made(limit).rstrip()
        long = length(text)
        if long <= room:
            return text
        limit = limit * room // long - _SHORTER
    return comment_text(text, room, "*The rest is left out here for want of room.*")


def _beginning(name: str, most: int) -> tuple[str, bool]:
    """Return so many bytes of a file at most, as text, and whether it has more."""
    path = Path(name)
    try:
        if path.is_file():
            with path.open("rb") as stream:
                found = stream.read(most + 1)
        else:
            found = bounded.read(name, most)
    except (OSError, ValueError) as error:
        msg = f"{name} cannot be read: {bounded.why(error)}."
        raise SettingsError(msg, "Name a file of Markdown.") from error
    more = len(found) > most
    try:
        text = found[:most].decode("utf-8-sig", "ignore" if more else "strict")
    except UnicodeDecodeError:
        raise SettingsError(f"{name} is no text in UTF-8.", "Name a file of Markdown.") from None
    if not text.strip():
        raise SettingsError(f"{name} is empty: there is nothing to publish.", "Write it first.")
    return text, more
