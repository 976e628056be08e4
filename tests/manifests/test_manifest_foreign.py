"""A file that is no manifest, named by mistake: not a word of it is printed."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from validating import validate

from tasksync.errors import ManifestInvalid
from tasksync.manifests import reader

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "TOPSECRET7f3a"
OURS = (
    "apiVersion: tasksync/v1\nproject: p\ndefaults: {responsibleId: 1}\ntasks:\n  a: {title: A}\n"
)

FILES = {
    "netrc": f"machine h login l password {SECRET}: x\n",
    "kubernetes": f"apiVersion: v1\nkind: Secret\ndata:\n  {SECRET}: {SECRET}\n",
    "its version": f"apiVersion: {SECRET}\nproject: {SECRET}\n",
    "a long version of ours": f"apiVersion: tasksync/{SECRET}x\n",
    "a version that is a list": f"apiVersion: [{SECRET}]\n",
    "no version": f"apiVersion:\n{SECRET}: 1\n",
    "tags": f"a: !{SECRET} b\n? !{SECRET} c\n: !<{SECRET}> d\n",
    "a tag of the whole": f"!{SECRET}\na: b\n",
    "anchors": f"a: *{SECRET}\nb: &{SECRET} 1\n",
    "an alias of itself": f"a: &{SECRET} [*{SECRET}]\n",
    "a key twice": f"{SECRET}: 1\n{SECRET}: 2\n",
    "a number": "48151623421234\n",
    "a list": f"- {SECRET}\n- !{SECRET} x\n",
    "a list of tasks": f"- hosts: {SECRET}\n  tasks:\n    - name: {SECRET}\n",
    "somebody's tasks": f"version: 3\ntasks:\n  {SECRET}:\n    {SECRET}: {SECRET}\n    parent: x\n",
    "tasks of odd keys": f"tasks:\n  12: {SECRET}\n  {SECRET}: !{SECRET} {{title: {SECRET}}}\n",
    "renames": f"moved: [{{from: {SECRET}, to: {SECRET}2}}]\nremoved: ['{SECRET} ']\n",
    "defaults": f"defaults: {{{SECRET}: {SECRET}}}\ntimezone: {SECRET}\npolicy: {{{SECRET}: 1}}\n",
    "text": f"TASKSYNC_API_KEY={SECRET}\n",
    "a key file": f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n",
    "open": f"a: [{SECRET}\n",
    "a colon": f"a: {SECRET}: {SECRET}\n",
    "a handle": f"!{SECRET}!x a\n",
    "an escape": f'a: "{SECRET}\\q"\n',
    "a directive": f"%{SECRET} x\n---\na: b\n",
}


def said_of(*paths: Path) -> str:
    with pytest.raises(ManifestInvalid) as caught:
        validate([str(path) for path in paths])
    return "\n".join(str(problem) for problem in caught.value.problems)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("beside", ["alone", "after ours", "before ours"])
def test_of_a_file_that_is_no_manifest_nothing_is_quoted(
    tmp_path: Path, name: str, beside: str
) -> None:
    """Only where it is, and what is missing."""
    path, other = tmp_path / "m.yaml", tmp_path / "o.yaml"
    text = FILES[name]
    if beside != "alone" and name != "a directive":
        text = f"{OURS}---\n{text}" if beside == "after ours" else f"{text}---\n{OURS}"
    path.write_text(text)
    other.write_text("apiVersion: tasksync/v1\ntasks:\n  b: {title: B}\n")
    for paths in ([path], [path, other]):
        told = said_of(*paths)
        assert SECRET not in told
        assert "4815162342" not in told
        assert str(path) in told


def test_a_handle_is_not_quoted_by_the_other_parser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PyYAML's own parser quotes what libyaml does not."""
    monkeypatch.setattr(
        "tasksync.manifests.parse_located.events", lambda stream: reader.events(stream, pure=True)
    )
    path = tmp_path / "m.yaml"
    path.write_text(FILES["a handle"])
    told = said_of(path)
    assert "tag handle" in told
    assert SECRET not in told
    following = reader.events(io.BytesIO(path.read_bytes()), pure=True)
    with pytest.raises(reader.YAMLError, match=SECRET):  # or there would be nothing to hide
        list(iter(following, None))


def test_what_is_missing_is_said_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    for text, told in (
        ("kind: Secret\n", ":1:1: apiVersion is missing (begin with apiVersion: tasksync/v1)"),
        ("a: 1\napiversion: tasksync/v1\n", ":2:1: apiVersion is missing (write it with a capital"),
        ("apiVersion: v1\n", ":1:13: apiVersion is another than tasksync/v1: this is no manifest"),
        ("apiVersion: tasksync/v2\n", ':1:13: apiVersion cannot be "tasksync/v2" (did you mean'),
        ("- a\n", ":1:1: the document must be a mapping of names to values, not a list"),
        ("12\n", ":1:1: the document must be a mapping of names to values, not a number"),
    ):
        path.write_text(text)
        assert said_of(path).startswith(f"{path}{told}")


def test_tasks_of_a_document_without_version_are_not_missed(tmp_path: Path) -> None:
    """They are not read, so nobody is told that a parent among them does not exist."""
    (tmp_path / "a.yaml").write_text(OURS + "  c: {title: C, parent: b}\n")
    (tmp_path / "b.yaml").write_text("tasks:\n  b: {title: B}\n")
    told = said_of(tmp_path)
    assert told == (
        f"{tmp_path}/b.yaml:1:1: apiVersion is missing (begin with apiVersion: tasksync/v1)"
    )
