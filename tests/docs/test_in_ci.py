"""The guide for CI, walked: a repository on each forge, from `git init` to a nightly drift.

Its commands are run as they stand, and so is every shell line of action.yml, of the workflow, of
.gitlab-ci.yml and of the component that they set off. The portal is a sandbox, the state stands in
PostgreSQL, the forge is one on loopback. What a vendor's own programs would do is done by
`support/ci`.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import postgres
import pytest
import wheelhouse
from guides import GUIDES, Session
from portal import Served, served
from support.ci.conditions import Conditions, UnknownCondition
from support.ci.github_runner import GitHubRunner
from support.ci.gitlab_runner import GitLabRunner
from support.ci.hosted import Hosted
from support.ci.hosted_github import TOKENS, HostedGitHub
from support.ci.hosted_gitlab import HostedGitLab
from support.ci.shell import Machine
from support.forges import Forge, GitHub, GitLab

from tasksync import __version__

GUIDE = (GUIDES / "in-ci.md").read_text("utf-8")
ADDRESS = "https://github.com/tasksync/tasksync"
RAW = f"https://raw.githubusercontent.com/tasksync/tasksync/v{__version__}"
#: what happens where the guide says that somebody does something or that it is night
MEANWHILE = re.compile(r"^<!-- meanwhile: (.*) -->$", re.MULTILINE)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> wheelhouse.Wheelhouse:
    """Our release, as the vendors would have it from GitHub and pip from PyPI."""
    made = wheelhouse.build(tmp_path_factory.mktemp("released"))
    home = Machine(tmp_path_factory.mktemp("tagging"))
    home.git(made.release, "init", "-q")
    home.git(made.release, "add", "-A")
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    home.git(made.release, *who, "commit", "-qm", "A release")
    home.git(made.release, "tag", f"v{__version__}")
    return made


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path / "portal.db") as running:
        yield running


def part_of(heading: str) -> str:
    """Return the part of the guide under a heading, without the parts beside it."""
    return re.split(r"^## ", GUIDE.split(f"\n## {heading}\n")[1], maxsplit=1, flags=re.MULTILINE)[0]


def machine(folder: Path, wheels: wheelhouse.Wheelhouse, *programs: Path) -> Machine:
    """A machine that finds our address, and packages, without a network."""
    home = folder / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(
        f'[url "file://{wheels.release}"]\n  insteadOf = {ADDRESS}\n'
        "[user]\n  name = Mara\n  email = mara@example.com\n",
        "utf-8",
    )
    return Machine(home, programs, {**wheels.env, "TASKSYNC_SETTLE": "0.2s"})


@contextmanager
def walking(hosted: Hosted, program: str, folder: Path) -> Iterator[Session]:
    """Let a guide be walked in an empty folder, with the vendor's program on the PATH."""
    work, programs = folder / "work", folder / "programs"
    work.mkdir()
    path = os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]])
    with hosted.serving(program, programs):
        yield Session(work, {"PATH": path, "HOME": str(hosted.machine.home)})


def walk(session: Session, text: str, meanwhile: Mapping[str, Callable[[], None]]) -> int:
    """Walk a part of the guide; returns how many blocks were run."""
    pieces = MEANWHILE.split(text)
    assert set(pieces[1::2]) == set(meanwhile)
    ran = session.walk_text(pieces[0])
    for what, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        meanwhile[what]()
        ran += session.walk_text(piece)
    return ran


def must_be_told(forge: Forge, vendor: str) -> None:
    """Hold the guide's table to what was asked of a forge: no row more, none less."""
    table = part_of("What a forge is asked").split(f"| {vendor} | ")[1].split("\n\n")[0]
    told = set(re.findall(r"^\| `(\w+ \S+)` \| (\d+) \|", table, re.MULTILINE))
    asked = {(f"{what} {where}", str(status)) for what, where, status, _ in forge.what_was_asked()}
    assert asked == told
    assert forge.faults_of_callers == []


def test_on_github(
    tmp_path: Path, portal: Served, postgres_url: str, wheels: wheelhouse.Wheelhouse
) -> None:
    origin, temp = tmp_path / "origin.git", tmp_path / "runner" / "temp"
    origin.mkdir()
    temp.mkdir(parents=True)
    ours = machine(tmp_path, wheels, Path(sys.executable).parent)
    key = {"TASKSYNC_API_KEY": portal.key, "PGPASSWORD": "not-asked-for-by-the-tests"}
    variables = {
        "TASKSYNC_STATE": postgres.database(postgres_url, "in_ci_github"),
        "TASKSYNC_PORTAL": portal.url,
    }
    with GitHub(checkout=origin) as forge:
        runner = GitHubRunner(
            *(origin, wheels.release, ours, temp),
            secrets={"tasks": key, "tasks-plan": key},
            variables=variables,
            token=lambda right: forge.tokens[TOKENS[right]].secret,
        )
        hosted = HostedGitHub(origin, forge, ours, runner=runner)
        with walking(hosted, "gh", tmp_path) as session:
            moved = {
                "somebody moves a deadline on the portal": lambda: portal.edit(
                    "Book the movers", deadline="2028-10-31T18:00:00+01:00"
                ),
                "it is night": hosted.night,
            }
            assert walk(session, part_of("On GitHub"), moved) >= 7
        must_be_told(forge, "GitHub")


def test_on_gitlab(
    tmp_path: Path, portal: Served, postgres_url: str, wheels: wheelhouse.Wheelhouse
) -> None:
    origin, image, builds = tmp_path / "origin.git", tmp_path / "image", tmp_path / "builds"
    for folder in (origin, builds):
        folder.mkdir()
    ours = machine(tmp_path, wheels, image / "bin")
    code, told = ours.bash(f"{sys.executable} -m virtualenv -q {image}", tmp_path, {})
    assert code == 0, told
    key = {"TASKSYNC_API_KEY": portal.key, "PGPASSWORD": "not-asked-for-by-the-tests"}
    with GitLab(checkout=origin) as forge:
        everywhere = {
            "TASKSYNC_STATE": postgres.database(postgres_url, "in_ci_gitlab"),
            "TASKSYNC_PORTAL": portal.url,
            "GITLAB_TOKEN": forge.tokens["project"].secret,
        }
        scoped = {"*": everywhere, "tasks": key, "tasks/plan": key}
        runner = GitLabRunner(origin, wheels.release, RAW, ours, builds, scoped)
        hosted = HostedGitLab(origin, forge, ours, runner=runner)
        with walking(hosted, "glab", tmp_path) as session:
            moved = {
                "somebody moves a deadline on the portal": lambda: portal.edit(
                    "Book the movers", deadline="2028-10-31T18:00:00+01:00"
                ),
                "it is night": hosted.night,
            }
            assert walk(session, part_of("On GitLab"), moved) >= 7
        must_be_told(forge, "GitLab")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a == 'x' && b", True),
        ("a != 'X'", False),
        ("(a == 'y' || b) && !c", True),
        ("c == null", True),
        ("ok() && a == 'x'", True),
    ],
)
def test_a_condition_is_read(text: str, value: bool) -> None:  # noqa: FBT001
    names = {"a": "x", "b": "b", "c": None}
    read = Conditions(name=names.__getitem__, calls={"ok": lambda: True})
    assert bool(read.value(text)) is value


@pytest.mark.parametrize("text", ["a ==", "a b", "format('x')", "a[0]", "a > 1", "$A", "(a"])
def test_what_a_condition_cannot_be_read_of_is_an_error(text: str) -> None:
    with pytest.raises(UnknownCondition):
        Conditions(name={"a": "x", "b": "y"}.__getitem__).value(text)
