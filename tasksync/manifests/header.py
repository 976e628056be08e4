"""What the documents say beside their tasks: project, timezone, policy, defaults, renames.

All documents of all files are read so far before the first task is, since any of them may
hold the project; each file is read only up to its tasks where nothing can follow them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import orjson

from tasksync.core.address_book import Directory
from tasksync.core.fields import TaskKey
from tasksync.core.keys import normal_key
from tasksync.core.manifest import Policy, Threshold, is_instance
from tasksync.core.task import OnRemove, Place, Problem
from tasksync.manifests import extra_values, files, foreign, parse_located, schema
from tasksync.manifests.datetimes import Instants, WorksOut, rules_of, zone_of
from tasksync.manifests.directory_names import DirectoryNames
from tasksync.manifests.files import Look, Source, look
from tasksync.manifests.node import Node, Position
from tasksync.manifests.reader import YamlUnreadable
from tasksync.manifests.unplaced import BadValue, located
from tasksync.manifests.values import Normaliser, check_key, with_defaults
from tasksync.value_classes import dataclass, field, replace

if TYPE_CHECKING:
    from tasksync.manifests.language.project_dates import ProjectDates
    from tasksync.manifests.language.project_templates import ProjectTemplates

#: what only manifests hold that say something about dates: else none of the language is imported
_DATE_WORDS = ("dates", "calendar", "hours")
_TEMPLATE_WORDS = ("templates", "use")
#: beside `project`, and nowhere else
_OF_THE_PROJECT = ("timezone", "policy", "calendar", "hours", "locale")


@dataclass(frozen=True, slots=True)
class FileHeader:
    """A file that can be read: what its bytes told, and its documents without their tasks."""

    source: Source
    look: Look
    documents: tuple[Node, ...]

    @property
    def name(self) -> str:
        """The file as the person named it."""
        return self.source.name

    @property
    def strange(self) -> frozenset[int]:
        """The documents that are no manifests, by their number: nothing of them is read."""
        return frozenset(
            number for number, node in enumerate(self.documents) if foreign.is_blanked(node)
        )

    @property
    def tasks_line(self) -> int:
        """The line of `tasks:`, where nothing but tasks in block style can follow; else 0."""
        line = self.look.tasks_line
        places = [node.names["tasks"] for node in self.documents if "tasks" in node.names]
        return line if places == [(line, 1)] and "tasks" in self.documents[-1].names else 0


@dataclass(frozen=True, slots=True)
class Named:
    """A key of `moved` or `removed`, and where it stands."""

    key: TaskKey
    place: Place


@dataclass(slots=True)
class Header:
    """The words of all documents together; unusable where there are problems.

    `normalisers` holds one for each document of each file, in the order of `files`.
    `context` is what tasks depend on beside their own block, for each file.
    """

    files: list[FileHeader] = field(default_factory=list)
    project: str = ""
    project_file: str = ""  # which holds `project`
    timezone: str | None = None
    policy: Policy = field(default_factory=Policy)
    moved: list[tuple[Named, Named]] = field(default_factory=list)
    #: moved from another project: old key, new key, that project
    moved_here: list[tuple[Named, Named, Named]] = field(default_factory=list)
    removed: list[Named] = field(default_factory=list)
    normalisers: list[list[Normaliser]] = field(default_factory=list)
    contexts: list[bytes] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    unread: bool = False
    names: DirectoryNames = field(default_factory=DirectoryNames)
    #: what is wrong in `dates` and `calendar`: asked where nothing shows that they were good before
    faults_of_dates: Callable[[], Iterable[Problem]] = tuple
    templates: ProjectTemplates | None = None
    #: files under -f that are rows of a `forEach` and no manifests
    data: frozenset[str] = frozenset()
    #: the bytes that files of rows are going to have, by the name of the file
    instead: Mapping[str, bytes] = field(default_factory=dict)


def read(sources: Sequence[Source], instead: Mapping[str, bytes] | None = None) -> Header:
    """Return what all documents say beside their tasks, with everything that is wrong there.

    `instead` are the bytes that files of rows are going to have.
    """
    header = Header(instead=instead or {})
    said: dict[str, list[Problem]] = {}
    unread: set[str] = set()
    for source in sources:
        problems = said.setdefault(source.name, [])
        try:
            header.files.append(_file(source, problems))
        except YamlUnreadable as broken:
            problems.append(broken.problem)
            unread.add(source.name)
    header.data = _data_among(header.files, unread)
    header.files = [head for head in header.files if head.name not in header.data]
    header.problems += [one for name in said if name not in header.data for one in said[name]]
    header.unread = not unread <= header.data
    header.unread = header.unread or any(file.strange for file in header.files)
    _Assembly(header).assemble()
    return header


def _data_among(headers: Sequence[FileHeader], unread: set[str]) -> frozenset[str]:
    """Return the files in a folder of manifests that are none, but rows of one's `forEach`."""
    nodes = [(head.name, node) for head in headers for node in head.documents]
    if not any(word in node.names for _file, node in nodes for word in _TEMPLATE_WORDS):
        return frozenset()
    from tasksync.manifests.language.data_files import names_in

    named = names_in(nodes)
    strange = {head.name for head in headers if head.strange} | unread
    return frozenset(name for name in strange if files.whole(name) in named)


def look_up(header: Header, directory: Directory | None) -> None:
    """Hand in who is asked for people and groups from now on, and look up those of defaults.

    What is wrong is told at the defaults' place alone.
    """
    names = header.names
    names.ask(directory)
    for file in header.files:
        for node in file.documents:
            part = node.parts.get("defaults") if isinstance(node.value, dict) else None
            if part is not None and isinstance(part.value, dict) and not _broken(part):
                told = (fault for fault in names.faults(part.value) if fault.what)
                header.problems += located(file.name, part, told)
    for some in header.normalisers:
        for normaliser in some:
            normaliser.without_unknown()


def _file(source: Source, problems: list[Problem]) -> FileHeader:
    seen = look(source)
    found: list[Problem] = []
    with source.open() as stream:
        nodes = parse_located.documents(stream, source.name, found, tasks_line=seen.tasks_line)
        documents = tuple(_ours(source.name, nodes, found))
    if not documents:
        what = "nothing is written in this file"
        raise YamlUnreadable(Problem(Place(source.name, 1, 1), what, "remove it, or add tasks"))
    problems += found
    return FileHeader(source, seen, documents)


def _ours(file: str, nodes: Iterator[Node], found: list[Problem]) -> Iterator[Node]:
    """Yield the documents; of one that is no manifest nothing is told but that."""
    said = 0
    for node in nodes:
        strange = foreign.problem(file, node)
        if strange is not None:
            found[said:] = [strange]
        said = len(found)
        yield node if strange is None else foreign.blanked(node)


class _Assembly:
    """Puts the documents' words together and reports what does not fit."""

    def __init__(self, header: Header) -> None:
        self._header = header
        self._projects: list[tuple[str, Node]] = []
        self._bad_defaults: dict[int, set[str]] = {}

    def assemble(self) -> None:
        everything = [(file.name, node) for file in self._header.files for node in file.documents]
        for file, node in everything:
            self._check(file, node)
        self._projects = [(f, n) for f, n in everything if _has(n, "project")]
        self._one_project(everything)
        for file, node in everything:
            self._belongs(file, node)
            self._renames(file, node)
        zone = self._project_words()
        for file, node in everything:
            self._header.problems += self._header.names.read(file, node)
        dates = self._read_dates(everything, zone)
        self._apply_defaults(zone, dates)
        self._read_templates(everything, zone, dates)
        if self._shaped(everything) and not any(
            name in _names(node) for _file, node in everything for name in ("tasks", "use")
        ):
            what = "no document has tasks"
            place = Place(everything[0][0], *everything[0][1].position)
            self._say(place, what, "write tasks: {} if none is wanted")

    @staticmethod
    def _shaped(everything: list[tuple[str, Node]]) -> bool:
        """Tell whether all documents are mappings: else it was said that one is not."""
        return bool(everything) and all(isinstance(node.value, dict) for _, node in everything)

    def _say(self, place: Place, what: str, mend: str) -> None:
        self._header.problems.append(Problem(place, what, mend))

    def _check(self, file: str, node: Node) -> None:
        if node.value is None:
            if not node.broken:
                self._say(Place(file, *node.position), "this document is empty", "remove it")
            return
        if schema.checker(schema.MANIFEST)(node.value):
            return
        faults = list(schema.faults(schema.MANIFEST, node.value))
        for fault in faults:
            if fault.path[:1] == ("defaults",):
                name = fault.path[1] if len(fault.path) > 1 else fault.name
                self._bad_defaults.setdefault(id(node), set()).add(str(name))
        self._header.problems += located(file, node, iter(faults))

    def _one_project(self, everything: list[tuple[str, Node]]) -> None:
        if not self._projects and self._shaped(everything):
            file, node = everything[0]
            what = "no document says which project this is"
            self._say(Place(file, *node.position), what, "add project: a-name to one document")
        if len(self._projects) > 1:
            first, *others = [Place(f, *n.names["project"]) for f, n in self._projects]
            for other in others:
                what = f"a second document has project; the first is at {first}"
                self._say(other, what, "keep it in one document, or plan the projects apart")

    def _belongs(self, file: str, node: Node) -> None:
        if not self._projects or any(node is ours for _file, ours in self._projects):
            return
        for name in _OF_THE_PROJECT:
            if name in _names(node):
                where, ours = self._projects[0]
                what = f"{name} stands in a document without project"
                mend = f"move it beside project at {Place(where, *ours.names['project'])}"
                self._say(Place(file, *node.names[name]), what, mend)

    def _project_words(self) -> ZoneInfo | None:
        if not self._projects:
            return ZoneInfo("UTC")  # what is missing is said once, not for every datetime
        file, node = self._projects[0]
        value = _dict(node.value)
        self._header.project = str(value["project"])
        self._header.project_file = file
        try:
            self._header.policy = _policy(_dict(value.get("policy")))
        except (KeyError, TypeError, ValueError):  # the schema has said why
            self._header.policy = Policy()
        name = value.get("timezone")
        if not isinstance(name, str) or not name:
            return None if "timezone" not in value else ZoneInfo("UTC")
        try:
            self._header.timezone = name
            return zone_of(name)
        except BadValue as bad:
            self._say(Place(file, *node.parts["timezone"].position), bad.what, bad.mend)
            return ZoneInfo("UTC")

    def _renames(self, file: str, node: Node) -> None:
        for part in _items(node, "moved"):
            old, new = (self._moved_key(file, part.parts.get(name)) for name in ("from", "to"))
            if old and new:
                self._pair(old, new, _project_of(file, part))
        for part in _items(node, "removed"):
            named = self._key(file, part)
            if named:
                self._header.removed.append(named)

    def _pair(self, old: Named, new: Named, project: Named | None) -> None:
        if is_instance(old.key) is not is_instance(new.key):
            what = f"{old.key} and {new.key} are a key and an instance"
            self._say(new.place, what, "end both in / to move a whole instance, or none")
        elif project is not None:
            self._header.moved_here.append((old, new, project))
        else:
            self._header.moved.append((old, new))

    def _moved_key(self, file: str, node: Node | None) -> Named | None:
        """Return a key, or that of an instance, which ends in `/`."""
        if node is None or not isinstance(node.value, str) or not is_instance(node.value):
            return self._key(file, node)
        named = self._key(file, replace(node, value=node.value[:-1]))
        return named and Named(TaskKey(f"{named.key}/"), named.place)

    def _key(self, file: str, node: Node | None) -> Named | None:
        if node is None or node.broken or not isinstance(node.value, str):
            return None
        place = Place(file, *node.position)
        key = normal_key(node.value)
        try:
            check_key(key)
        except BadValue as bad:
            self._say(place, bad.what, bad.mend)
            return None
        return Named(TaskKey(key), place)

    def _read_dates(
        self, everything: list[tuple[str, Node]], zone: ZoneInfo | None
    ) -> ProjectDates | None:
        """Return what is said about dates; None where nothing is."""
        if not any(word in _names(node) for _file, node in everything for word in _DATE_WORDS):
            return None
        from tasksync.manifests.language.project_dates import ProjectDates

        dates = ProjectDates()
        project = self._projects[0] if self._projects else everything[0]
        self._header.problems += dates.read(everything, project)
        self._header.faults_of_dates = partial(dates.faults, zone)
        return dates

    def _read_templates(
        self,
        everything: list[tuple[str, Node]],
        zone: ZoneInfo | None,
        dates: ProjectDates | None,
    ) -> None:
        if not any(word in _names(node) for _file, node in everything for word in _TEMPLATE_WORDS):
            return
        from tasksync.manifests.language.project_templates import ProjectTemplates
        from tasksync.manifests.language.templates import Origin, Settings

        header = self._header
        known: Any = _plain_dates(zone) if dates is None else dates.of(zone)
        settings = Settings(
            known,
            self._locale(),
            files.folder_of(header.project_file),
            header.problems,
            header.instead,
        )
        documents = [
            (Origin(head.name, number, document), node)
            for number, head in enumerate(header.files)
            for document, node in enumerate(head.documents)
        ]
        header.templates = ProjectTemplates(settings)
        header.templates.read(documents, header.normalisers)

    def _locale(self) -> str:
        word = _dict(self._projects[0][1].value).get("locale") if self._projects else None
        return word if isinstance(word, str) and word else "en"

    def _apply_defaults(self, zone: ZoneInfo | None, dates: ProjectDates | None) -> None:
        instants = (
            Instants(zone, partial(_plain_dates, zone))
            if dates is None
            else Instants(zone, partial(dates.of, zone), dates.hours)
        )
        names = self._header.names
        bare = Normaliser({}, instants, names)
        usable: dict[int, dict[str, object]] = {}
        for file in self._header.files:
            for node in file.documents:
                usable[id(node)] = self._usable(file.name, node, bare)
        of_project = usable[id(self._projects[0][1])] if self._projects else {}
        known: dict[bytes, Normaliser] = {}
        rules = b"" if zone is None else zone.key.encode() + rules_of(zone.key)
        if dates is not None:
            rules += b"\n" + dates.context
        rules += names.context
        for file in self._header.files:
            merged = [with_defaults(of_project, usable[id(node)]) for node in file.documents]
            told = [orjson.dumps(defaults, option=orjson.OPT_SORT_KEYS) for defaults in merged]
            for name, defaults in zip(told, merged, strict=True):
                known.setdefault(name, Normaliser(defaults, instants, names))
            self._header.normalisers.append([known[name] for name in told])
            self._header.contexts.append(b"\n".join([rules, *told]))

    def _usable(self, file: str, node: Node, bare: Normaliser) -> dict[str, object]:
        """Return the defaults of a document that are no fault themselves."""
        bad = self._bad_defaults.get(id(node), set())
        part = node.parts.get("defaults") if isinstance(node.value, dict) else None
        if part is None or not isinstance(part.value, dict) or "None" in bad:
            return {}
        good = extra_values.plain(
            {
                name: value
                for name, value in part.value.items()
                if name not in bad and not _broken(part.parts[name])
            }
        )
        faults = list(bare.faults(good))
        told = (fault for fault in faults if fault.what)
        self._header.problems += located(file, part, told)
        return {k: v for k, v in good.items() if k not in {fault.path[0] for fault in faults}}


@cache
def _plain_dates(zone: ZoneInfo | None) -> WorksOut:
    """Return what works expressions out where nothing is said of dates; imported when needed."""
    from tasksync.manifests.language.dates import Dates

    return Dates(zone)


def _project_of(file: str, part: Node) -> Named | None:
    """Return the other project that a key is moved from; the schema says what is no name."""
    node = part.parts.get("project")
    if node is None or node.broken or not isinstance(node.value, str) or not node.value:
        return None
    return Named(TaskKey(node.value), Place(file, *node.position))


def _broken(node: Node) -> bool:
    return node.broken or any(_broken(part) for part in node.parts.values())


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _names(node: Node) -> Mapping[str, Position]:
    return node.names


def _has(node: Node, name: str) -> bool:
    return name in node.names


def _items(node: Node, name: str) -> list[Node]:
    part = node.parts.get(name)
    return list(part.parts.values()) if part is not None and isinstance(part.value, list) else []


def _policy(words: Mapping[str, Any]) -> Policy:
    usual = Policy()
    allow = words.get("allow", {})
    return Policy(
        max_delete=_limit(words.get("maxDelete")) or usual.max_delete,
        max_update=_limit(words.get("maxUpdate")),
        max_vanished=_limit(words.get("maxVanished")) or usual.max_vanished,
        on_remove=OnRemove(words.get("onRemove", usual.on_remove)),
        marker=words.get("marker", "tag") == "tag",
        allow_delete=allow.get("delete"),
        allow_reason=str(allow.get("reason", "")),
        hold_unknown=words.get("unknownActivity") == "hold",
    )


def _limit(word: int | str | None) -> Threshold | None:
    if word is None:
        return None
    return Threshold.read(word.strip()) if isinstance(word, str) else Threshold(number=word)
