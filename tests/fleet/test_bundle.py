"""A bundle holds what a project's process may read, no key, and what keeps a guard awake."""

from __future__ import annotations

import gzip
import io
import os
import re
import tarfile
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from command import Tasksync

from tasksync.core.fleet import FleetProject, SecretSource
from tasksync.errors import SettingsError
from tasksync.fleet.bundle import PLACEHOLDER, Bundle, bundle_of, unpack

KEY = SecretSource(variable="ACME_KEY")
A = """\
apiVersion: tasksync/v1
project: halves
policy: {maxDelete: 100%}
defaults: {responsibleId: 1}
tasks:
  a: {title: First}
"""
B = "apiVersion: tasksync/v1\ndefaults: {responsibleId: 1}\ntasks:\n  b: {title: Second}\n"


def project(*paths: str) -> FleetProject:
    return FleetProject("acme", paths, KEY)


def written(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_y", ".yaml").replace("_c", ".csv")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A checkout with a fleet in a folder of it."""
    made = written(tmp_path / "repo", fleet__acme__a_y=A, fleet__acme__b_y=B, docs__c_y="c")
    (made / ".git").mkdir()
    (made / ".git" / "config").write_text("[core]", "utf-8")
    return made


def unpacked(bundle: Bundle, target: Path) -> dict[str, bytes]:
    """Unpack it; return what is there, by names relative to the process's folder."""
    folder = unpack(bundle, target)
    return {
        os.path.relpath(path, folder): path.read_bytes()
        for path in sorted(target.rglob("*"))
        if path.is_file()
    }


def test_files_lie_as_they_do_here_and_others_by_name_alone(repo: Path, tmp_path: Path) -> None:
    bundle = bundle_of(project("acme"), str(repo / "fleet"))
    assert unpacked(bundle, tmp_path / "worker") == {
        "../.git": b"",
        "../docs/c.yaml": PLACEHOLDER,
        "acme/a.yaml": A.encode(),
        "acme/b.yaml": B.encode(),
    }
    assert bundle.paths == ("acme",)


def test_the_same_files_make_the_same_bytes(repo: Path) -> None:
    before = bundle_of(project("acme"), str(repo / "fleet"))
    os.utime(repo / "fleet" / "acme" / "a.yaml", (1, 1))
    (repo / "fleet" / "acme" / "a.yaml").chmod(0o600)
    assert bundle_of(project("acme"), str(repo / "fleet")) == before


def test_a_path_that_leads_up_stays_true(repo: Path, tmp_path: Path) -> None:
    written(repo, common__t_y=B)
    bundle = bundle_of(project("acme/a.yaml", "../common"), str(repo / "fleet"))
    found = unpacked(bundle, tmp_path / "worker")
    assert (found["acme/a.yaml"], found["../common/t.yaml"]) == (A.encode(), B.encode())
    assert found["acme/b.yaml"] == PLACEHOLDER
    assert bundle.paths == ("acme/a.yaml", "../common")


def test_whole_paths_and_links_become_relative_ones(repo: Path, tmp_path: Path) -> None:
    away = written(tmp_path / "away" / "deep", a_y=A)
    (repo / "fleet" / "link").symlink_to(away, target_is_directory=True)
    for path in (str(away), "link"):
        bundle = bundle_of(project(path), str(repo / "fleet"))
        assert bundle.paths == ("../../away/deep",)
        found = unpacked(bundle, tmp_path / f"worker-{len(path)}")
        assert found["../../away/deep/a.yaml"] == A.encode()


def test_a_pattern_names_its_files(repo: Path) -> None:
    bundle = bundle_of(project("acme/[ab].yaml"), str(repo / "fleet"))
    assert bundle.paths == ("acme/a.yaml", "acme/b.yaml")


def test_a_file_that_is_named_travels_whatever_its_name_is(repo: Path, tmp_path: Path) -> None:
    (repo / "fleet" / "acme" / "plan.txt").write_text(A, "utf-8")
    bundle = bundle_of(project("acme/plan.txt"), str(repo / "fleet"))
    assert unpacked(bundle, tmp_path / "worker")["acme/plan.txt"] == A.encode()


def test_rows_that_a_manifest_names_travel_and_other_rows_by_name(
    repo: Path, tmp_path: Path
) -> None:
    acme = written(repo / "fleet" / "acme", rows__x_c="key\n1\n", rows__y_c="key\n2\n")
    (acme / "a.yaml").write_text(A + "# forEach: rows/x.csv\n", "utf-8")
    found = unpacked(bundle_of(project("acme/a.yaml"), str(repo / "fleet")), tmp_path / "worker")
    assert found["acme/rows/x.csv"] == b"key\n1\n"
    assert found["acme/rows/y.csv"] == PLACEHOLDER


def test_no_key_travels_whatever_its_file_is_called(repo: Path) -> None:
    acme = repo / "fleet" / "acme"
    for name in ("key", ".env", "key.csv"):
        (acme / name).write_text("vibe_api_never_seen", "utf-8")
    (acme / "a.yaml").write_text(A + "# key.csv\n", "utf-8")
    bundle = bundle_of(project("acme"), str(repo / "fleet"), ["acme/key.csv"])
    assert b"vibe_api_never_seen" not in gzip.decompress(bundle.content)
    (acme / "key.yaml").write_text("vibe_api_never_seen", "utf-8")
    with pytest.raises(SettingsError, match="a key of the fleet is in it"):
        bundle_of(project("acme"), str(repo / "fleet"), ["acme/key.yaml"])


def test_states_git_and_venvs_stay_here(repo: Path, tmp_path: Path) -> None:
    written(repo / "fleet" / "acme", **{".tasksync__s_y": "x"})
    written(repo / "tools", **{"pyvenv.cfg": "", "lib__v_y": "x"})
    found = unpacked(bundle_of(project("acme"), str(repo / "fleet")), tmp_path / "worker")
    assert not {name for name in found if {"tools", ".tasksync", "config"} & {*Path(name).parts}}


def test_what_is_too_big_is_refused_and_the_biggest_named(repo: Path) -> None:
    written(repo / "fleet" / "acme", big_y="#" * 5000)
    with pytest.raises(SettingsError, match=r"have 0\.\d MiB.* biggest: \S+/big.yaml"):
        bundle_of(project("acme"), str(repo / "fleet"), most=5000)
    with pytest.raises(SettingsError, match="more than 1 files"):
        bundle_of(project("acme"), str(repo / "fleet"), most_names=1)


@pytest.mark.parametrize(
    ("path", "words"),
    [("nowhere", "no such file"), ("acme/\0", "no such file"), ("acme/pipe", "no such file")],
)
def test_a_path_that_leads_nowhere_is_named(repo: Path, path: str, words: str) -> None:
    os.mkfifo(repo / "fleet" / "acme" / "pipe")
    with pytest.raises(SettingsError, match=words):
        bundle_of(project(path), str(repo / "fleet"))


def test_links_are_followed_inside_and_refused_outside(repo: Path, tmp_path: Path) -> None:
    acme = repo / "fleet" / "acme"
    (acme / "z.yaml").symlink_to("a.yaml")
    (acme / "loop").symlink_to(".", target_is_directory=True)
    (acme / ".hidden").mkdir()
    (acme / ".hidden" / "h.yaml").write_text("h", "utf-8")
    (acme / "inside.yaml").symlink_to(".hidden/h.yaml")
    found = unpacked(bundle_of(project("acme"), str(repo / "fleet")), tmp_path / "worker")
    assert found["acme/inside.yaml"] == b"h"
    assert found["acme/z.yaml"] == PLACEHOLDER, "it is read under its first name"
    (acme / "out.yaml").symlink_to(repo / "docs" / "c.yaml")
    with pytest.raises(SettingsError, match="leads out of the folder"):
        bundle_of(project("acme"), str(repo / "fleet"))


def of(*members: tarfile.TarInfo) -> Bundle:
    """Return a bundle that nobody of us made."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for member in members:
            archive.addfile(member, io.BytesIO(b"x" * member.size))
    return Bundle(out.getvalue(), sha256(out.getvalue()).hexdigest(), ".", ("a.yaml",))


def member(name: str, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type = kind
    made.linkname = "/etc/passwd"
    return made


@pytest.mark.parametrize(
    "bad",
    [
        member("/etc/tasksync"),
        member("../up.yaml"),
        member("a/../../up.yaml"),
        member("link", tarfile.SYMTYPE),
        member("hard", tarfile.LNKTYPE),
        member("device", tarfile.CHRTYPE),
        member("pipe", tarfile.FIFOTYPE),
    ],
    ids=lambda one: one.name,
)
def test_what_would_leave_the_folder_is_refused(tmp_path: Path, bad: tarfile.TarInfo) -> None:
    with pytest.raises(SettingsError, match="no file of its folder"):
        unpack(of(bad), tmp_path / "deep" / "worker")
    assert not [path for path in tmp_path.rglob("*") if path.is_file() or path.is_symlink()]


def test_other_bytes_than_were_sent_are_refused(repo: Path, tmp_path: Path) -> None:
    bundle = bundle_of(project("acme"), str(repo / "fleet"))
    with pytest.raises(SettingsError, match="digest differs"):
        unpack(replace(bundle, content=bundle.content[:-1] + b"x"), tmp_path / "worker")
    cut = bundle.content[:-30]
    with pytest.raises(SettingsError, match="cannot be unpacked"):
        unpack(Bundle(cut, sha256(cut).hexdigest(), ".", ()), tmp_path / "other")


def test_a_placeholder_is_never_taken_for_rows_or_tasks(tmp_path: Path) -> None:
    """Empty, it would be a file without rows, and with allowEmpty all its tasks would go."""
    use = "templates:\n  t:\n    parameters: {who: {type: text}}\n    tasks: {x: {title: X}}\n"
    run = Tasksync(tmp_path, {"TASKSYNC_PORTAL": f"sandbox:{tmp_path}/w"})
    for name in ("rows.csv", "rows.yaml"):
        (tmp_path / name).write_bytes(PLACEHOLDER)
        text = A + use + f"use:\n- {{template: t, forEach: {name}, allowEmpty: true}}\n"
        (tmp_path / "a.txt").write_text(text, "utf-8")
        told = run("validate", "-f", tmp_path / "a.txt")
        assert told.code == 1, told
        assert f"{name}:1" in told.err, told
    assert run("validate", "-f", tmp_path / "rows.yaml").code == 1


Change = Callable[[Path], tuple[str, ...]]
#: what happened after the first apply of acme, and what the fleet's file names then
LATER: dict[str, Change] = {
    "as before": lambda _: ("acme",),
    "a file alone": lambda _: ("acme/a.yaml",),
    "a file was deleted": lambda acme: ((acme / "b.yaml").unlink(), ("acme",))[1],
    "a file was moved up": lambda acme: (
        (acme / "b.yaml").rename(acme.parent / "b.yaml"),
        ("acme",),
    )[1],
    "a file was moved to the top": lambda acme: (
        (acme / "b.yaml").rename(acme.parents[1] / "b.yaml"),
        ("acme",),
    )[1],
    "the project was moved down": lambda acme: (
        (acme / "deep").mkdir(),
        (acme / "a.yaml").rename(acme / "deep" / "a.yaml"),
        ("acme/deep",),
    )[2],
    "another ending": lambda acme: (
        (acme / "b.yaml").rename(acme / "b.txt"),
        ("acme",),
    )[1],
}


@pytest.mark.parametrize("checkout", [True, False])
@pytest.mark.parametrize("later", LATER)
def test_a_half_read_manifest_is_refused_in_a_bundle_exactly_where_it_is_here(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, later: str, *, checkout: bool
) -> None:
    """The guard asks whether files of the last apply are there still, though they are not read."""
    if not checkout:
        (repo / ".git" / "config").unlink()
        (repo / ".git").rmdir()
    state = {
        "TASKSYNC_STATE": f"sqlite:{tmp_path}/s.db",
        "TASKSYNC_PORTAL": f"sandbox:{tmp_path}/w",
    }
    run = Tasksync(tmp_path, state)
    monkeypatch.chdir(repo / "fleet")
    assert run("apply", "-f", "acme", "--yes").code == 0
    paths = LATER[later](repo / "fleet" / "acme")
    bundle = bundle_of(project(*paths), str(repo / "fleet"))
    here = run("plan", *(word for path in paths for word in ("-f", path)), "--detailed-exitcode")
    monkeypatch.chdir(unpack(bundle, tmp_path / "worker"))
    words = [word for path in bundle.paths for word in ("-f", path)]
    there = run("plan", *words, "--detailed-exitcode")
    assert (there.code, _plain(there.out)) == (here.code, _plain(here.out))
    refused = run("apply", *words, "--yes")
    monkeypatch.chdir(repo / "fleet")
    assert refused.code == run("apply", *(w for p in paths for w in ("-f", p)), "--yes").code
    assert (refused.code == 4) == (later in REFUSED), refused


def _plain(text: str) -> str:
    """Without how long it took, and where a whole path begins."""
    return re.sub(r"(?<!\S)/\S*/", "/", re.sub(r"\d+\.\d s", "", text))


REFUSED = (*(name for name in LATER if "moved" in name), "a file alone")
