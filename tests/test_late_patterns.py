"""Patterns that are compiled at first use are the standard library's, and each can be compiled."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

from tasksync import late_patterns
from tasksync.late_patterns import pattern_of

PACKAGE = Path(late_patterns.__file__).parent
#: the sandbox imports nothing of tasksync
FILES = [
    file
    for file in sorted(PACKAGE.rglob("*.py"))
    if "sandbox" not in file.relative_to(PACKAGE).parts
]


def test_a_pattern_offers_what_the_standard_library_does() -> None:
    ours, theirs = (
        pattern_of(r"(?P<one>a)b", re.IGNORECASE),
        re.compile(r"(?P<one>a)b", re.IGNORECASE),
    )
    for text in ("xABab", "", "ab"):
        assert [one.span() for one in ours.finditer(text)] == [
            one.span() for one in theirs.finditer(text)
        ]
        for name in ("match", "fullmatch", "search"):
            assert repr(getattr(ours, name)(text)) == repr(getattr(theirs, name)(text))
        assert (ours.findall(text), ours.split(text)) == (theirs.findall(text), theirs.split(text))
        assert (ours.sub("-", text), ours.subn("-", text)) == (
            theirs.sub("-", text),
            theirs.subn("-", text),
        )
    assert (ours.pattern, ours.flags, ours.groups, ours.groupindex) == (
        *(theirs.pattern, theirs.flags, theirs.groups, theirs.groupindex),
    )
    assert pattern_of(b"a+").fullmatch(b"aa")
    with pytest.raises(AttributeError):
        ours.nothing_like_that  # type: ignore[attr-defined]  # noqa: B018


def test_a_pattern_is_compiled_once_and_at_its_first_use(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    compiled = re.compile

    def counted(text: str, flags: int = 0) -> re.Pattern[str]:
        asked.append(text)
        return compiled(text, flags)

    monkeypatch.setattr(re, "compile", counted)
    one = pattern_of("a")
    assert asked == []
    assert one.match("a")
    assert one.search("b") is None
    assert asked == ["a"]


def test_a_module_compiles_no_pattern_at_import_and_each_of_its_patterns_can_be() -> None:
    early = []
    for file in FILES:
        name = ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts)
        told = [ast.unparse(one.func) for one in _called_at_import(ast.parse(file.read_bytes()))]
        if "re.compile" in told:
            early.append(name)
        if "pattern_of" in told:
            for value in vars(import_module(name)).values():
                if isinstance(value, late_patterns._Pattern):  # type: ignore[attr-defined]
                    assert re.compile(value.pattern, value.flags)
    assert early == []


def _called_at_import(tree: ast.AST) -> list[ast.Call]:
    """Return the calls that importing makes, those of a method of what they return left out."""
    found: list[ast.Call] = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.Call):
            found.append(node)
        if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Call)):
            found += _called_at_import(node)
    return found
