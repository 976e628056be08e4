"""A fleet's file to a checked Fleet: all that is wrong in it at once, with its places (design 18).

No word of it ever shows what may be a secret: see fleet_secrets.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

from tasksync import file_limits
from tasksync.core.fleet import Fleet, FleetProject
from tasksync.core.task import Place, Problem
from tasksync.errors import FleetInvalid
from tasksync.late_patterns import pattern_of
from tasksync.manifests import fleet_paths, foreign, parse_located, schema
from tasksync.manifests.files import STDIN, Source, look, unopened
from tasksync.manifests.fleet_secrets import (
    check_portal,
    check_state,
    looks_like_key,
    secret_source,
    without_secrets,
)
from tasksync.manifests.hints import shown, unquoted
from tasksync.manifests.node import Node
from tasksync.manifests.reader import YamlUnreadable
from tasksync.manifests.unplaced import MOST_PROBLEMS, BadValue, UnplacedProblem, located
from tasksync.value_classes import replace

#: thousands of projects fit
SIZE_LIMIT = 4 << 20
#: names of projects: each names a file of --out too
_NAME = pattern_of(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)
#: the fleet's own file in --out
_TAKEN = "report"
_SECRETS = ("key", "session")
#: projects, and the project's name
_OF_PROJECT = 2
_CHECKED = {"portal": check_portal, "state": check_state}


def read_fleet(path: str) -> Fleet:
    """Return the fleet that a file describes; raises FleetInvalid with every problem.

    `root` of the fleet is absolute. Files of keys are not looked for: who starts a project does,
    on the machine where it runs.
    """
    problems: list[Problem] = []
    content = b""
    fleet = None
    try:
        content = _content(path)
        node = _document(path, content, problems)
        fleet = _FleetReading(path, node, problems).fleet()
    except YamlUnreadable as broken:
        problems.append(broken.problem)
    if problems or fleet is None:
        problems.sort(key=lambda one: (one.place.line, one.place.column))
        text = content.decode("utf-8", "replace")
        raise FleetInvalid(tuple(without_secrets(problems[:MOST_PROBLEMS], text)))
    return fleet


def _content(path: str) -> bytes:
    if path == STDIN:
        what = "a fleet's file cannot come from standard input: its paths are relative to it"
        raise YamlUnreadable(Problem(Place(path), what, "save it as fleet.yaml"))
    try:
        return file_limits.read(path, SIZE_LIMIT)
    except OSError as error:
        said = unopened(path, error).problem
        mend = "name the fleet's file; it is fleet.yaml unless named"
        raise YamlUnreadable(Problem(said.place, said.what, mend)) from error
    except ValueError as error:
        what = "cannot be read: this is no name of a file"
        raise YamlUnreadable(Problem(Place(path), what, "name the fleet's file")) from error


def _document(path: str, content: bytes, problems: list[Problem]) -> Node:
    """Return the one document of the file; raises YamlUnreadable."""
    source = Source(path, Path(path), content)
    look(source)
    found: list[Problem] = []
    with source.open() as stream:
        documents = list(parse_located.documents(stream, path, found, tasks_line=0))
    if not documents or documents[0].value is None:
        what = "nothing is written in this file"
        raise YamlUnreadable(Problem(Place(path, 1, 1), what, foreign.FLEET_MEND))
    node = documents[0]
    strange = foreign.no_fleet(path, node)
    if strange is not None:
        raise YamlUnreadable(strange)
    problems += found
    if len(documents) > 1:
        what = "a fleet's file is one document"
        place = Place(path, *documents[1].position)
        problems.append(Problem(place, what, "write all projects under one projects:"))
    return node


class _Said(NamedTuple):
    """What one project says, as far as it can be understood."""

    name: str
    own: Mapping[str, Any]


class _FleetReading:
    """Checks one document, and makes a fleet of it."""

    def __init__(self, file: str, node: Node, problems: list[Problem]) -> None:
        self._file = file
        self._node = node
        self._problems = problems
        self._value: dict[str, Any] = node.value if isinstance(node.value, dict) else {}
        self._root = os.path.dirname(os.path.abspath(file))  # noqa: PTH100, PTH120 - links stay

    def fleet(self) -> Fleet | None:
        """Return the fleet; None where anything is wrong, which is in the problems then."""
        faults = [*self._of_schema(), *self._of_names(), *self._of_defaults()]
        for said in self._said():
            faults += self._of_project(said)
        self._problems += located(self._file, self._node, iter(faults))
        if not self._problems:
            self._problems += self._twice()
        return None if self._problems else self._made()

    def _of_schema(self) -> Iterator[UnplacedProblem]:
        good = schema.checker(schema.FLEET)(self._value)
        for fault in () if good else schema.faults(schema.FLEET, self._value):
            if fault.path[:1] == ("defaults",) and fault.name in {*_SECRETS, "path"}:
                what = f"{fault.name} cannot stand in defaults"
                mend = "write it in each project: no two share it"
                yield UnplacedProblem(fault.path, what, mend, fault.name)
            elif (
                fault.path[:1] == ("projects",)
                and len(fault.path) == _OF_PROJECT
                and not fault.name
            ):
                yield self._unshown(fault)
            else:
                yield fault

    def _unshown(self, fault: UnplacedProblem) -> UnplacedProblem:
        """Return the fault of a project as a whole, which may be a key in the wrong place."""
        name = str(fault.path[1])
        if isinstance(self._value["projects"][name], dict):
            return fault
        what = f"{name} must be a mapping of names to values"
        return replace(fault, what=what, mend="write {path: FOLDER, key: VARIABLE}")

    def _of_names(self) -> Iterator[UnplacedProblem]:
        projects = self._value.get("projects")
        names = list(projects) if isinstance(projects, dict) else []
        if projects == {}:
            mend = "write each as NAME: {path: FOLDER, key: VARIABLE}"
            yield UnplacedProblem(
                ("projects",), "projects is empty: a fleet has one at least", mend
            )
        lower = {name for name in names if _NAME.fullmatch(name)}
        for name in names:
            fault = _fault_of_name(name, lower)
            if fault is not None:
                yield UnplacedProblem(("projects",), *fault, name=name)

    def _of_defaults(self) -> Iterator[UnplacedProblem]:
        defaults = self._value.get("defaults")
        if isinstance(defaults, dict):
            yield from _of_addresses(("defaults",), defaults)

    def _said(self) -> Iterator[_Said]:
        projects = self._value.get("projects")
        for name, own in projects.items() if isinstance(projects, dict) else ():
            if isinstance(own, dict):
                yield _Said(name, own)

    def _of_project(self, said: _Said) -> Iterator[UnplacedProblem]:
        at = ("projects", said.name)
        for name in _SECRETS:
            if name in said.own:
                try:
                    secret_source(name, said.own[name])
                except BadValue as bad:
                    yield bad.under(*at, name)
        yield from _of_addresses(at, said.own)
        if "path" in said.own:
            for fault in fleet_paths.faults(said.own["path"], self._root):
                yield fault.under(*at, "path")

    def _twice(self) -> Iterator[Problem]:
        """Yield what two projects would fight for: one manifest's project in one state."""
        seen: dict[tuple[str, str | None], tuple[str, Place]] = {}
        read = cache(partial(fleet_paths.documents, self._root))
        for project in self._made().projects:
            node = self._node.parts["projects"].parts[project.name].parts["path"]
            for number, path in enumerate(project.paths):
                place = Place(self._file, *node.parts.get(number, node).position)
                for document in read(path):
                    known = document, project.state
                    first, where = seen.setdefault(known, (project.name, place))
                    if first != project.name:
                        yield _fight(place, project.name, first, document, where)

    def _made(self) -> Fleet:
        defaults = self._value.get("defaults", {})
        projects = tuple(_project(one.name, {**defaults, **one.own}) for one in self._said())
        return Fleet(str(self._value["fleet"]), self._root, projects)


def _fight(place: Place, name: str, first: str, document: str, where: Place) -> Problem:
    what = f"{name} and {first} read the same project {document} and keep it in the same state"
    mend = "let each read its own, or give one its own state"
    return Problem(place, f"{what}; first at {where}", mend)


def _fault_of_name(name: str, good: set[str]) -> tuple[str, str] | None:
    if looks_like_key(name):
        what = "the name of this project looks like a secret, and is not shown"
        return what, "choose a name that people know, as acme"
    if _NAME.fullmatch(name):
        taken = "report is the name of the fleet's own file in --out"
        return (taken, "choose another name") if name == _TAKEN else None
    mend = "use lower-case letters, digits and hyphens, 40 at most"
    if name.casefold() in good:
        return f"{unquoted(name)} and {name.casefold()} differ in their case alone", mend
    return f"{shown(name)} is not a project's name", mend


def _of_addresses(at: tuple[str, ...], own: Mapping[str, Any]) -> Iterator[UnplacedProblem]:
    for name, check in _CHECKED.items():
        address = own.get(name)
        if isinstance(address, str):
            try:
                check(address)
            except BadValue as bad:
                yield bad.under(*at, name)


def _project(name: str, said: Mapping[str, Any]) -> FleetProject:
    session = said.get("session")
    return FleetProject(
        name=name,
        paths=fleet_paths.paths_of(said["path"]),
        key=secret_source("key", said["key"]),
        session=None if session is None else secret_source("session", session),
        portal=said.get("portal"),
        state=said.get("state"),
        labels=frozenset(said.get("labels", ())),
    )
