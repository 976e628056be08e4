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
from linting import ROOT, documents
from portal import Served, served
from support.ci.github_runner import WORKFLOW, GitHubRunner
from support.ci.gitlab_runner import GitLabRunner
from support.ci.hosted import Hosted
from support.ci.hosted_github import TOKENS, HostedGitHub
from support.ci.hosted_gitlab import HostedGitLab
from support.ci.shell import Machine
from support.ci.steps import MANIFEST, Steps
from support.forges import Forge, Gitea, GitHub, GitLab

from tasksync import __version__

GUIDE = (GUIDES / "in-ci.md").read_text("utf-8")
ADDRESS = "https://github.com/tasksync/tasksync"
#: where the guide pushes its project to, on GitLab
PROJECT = "git@gitlab.example.com:acme/tasks.git"
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


@pytest.fixture(scope="module")
def runner_temp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """RUNNER_TEMP of all jobs: our action installs tasksync there once, and then finds it."""
    temp = tmp_path_factory.mktemp("runner") / "temp"
    temp.mkdir()
    return temp


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
    tmp_path: Path,
    portal: Served,
    postgres_url: str,
    wheels: wheelhouse.Wheelhouse,
    runner_temp: Path,
) -> None:
    origin = tmp_path / "origin.git"
    origin.mkdir()
    ours = machine(tmp_path, wheels, Path(sys.executable).parent)
    key = {"TASKSYNC_API_KEY": portal.key, "PGPASSWORD": "not-asked-for-by-the-tests"}
    variables = {
        "TASKSYNC_STATE": postgres.database(postgres_url, "in_ci_github"),
        "TASKSYNC_PORTAL": portal.url,
    }
    with GitHub(checkout=origin) as forge:
        runner = GitHubRunner(
            *(origin, wheels.release, ours, runner_temp),
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
    action = documents(ROOT / "action.yml")[0]
    assert {one["run"] for one in action["runs"]["steps"]} == {
        line for job in runner.jobs for line in job.ran
    }


def test_on_gitea_the_workflow_of_github_publishes_and_applies(
    tmp_path: Path,
    portal: Served,
    postgres_url: str,
    wheels: wheelhouse.Wheelhouse,
    runner_temp: Path,
) -> None:
    """The first part of the walk on GitHub; Gitea has no environments, secrets are for all jobs."""
    origin = tmp_path / "origin.git"
    origin.mkdir()
    ours = machine(tmp_path, wheels)
    with Gitea(checkout=origin) as forge:
        runner = GitHubRunner(
            *(origin, wheels.release, ours, runner_temp),
            secrets={"": {"TASKSYNC_API_KEY": portal.key}},
            variables={
                "TASKSYNC_STATE": postgres.database(postgres_url, "in_ci_gitea"),
                "TASKSYNC_PORTAL": portal.url,
            },
            token=lambda _right: forge.tokens["job"].secret,
            has_environments=False,
        )
        hosted = HostedGitHub(origin, forge, ours, runner=runner)
        with walking(hosted, "gh", tmp_path) as session:
            assert walk(session, part_of("On GitHub").partition("\n### ")[0], {}) == 3
        assert forge.faults_of_callers == []


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
        hosted.create()
        ours.git(tmp_path, "config", "--global", f"url.{origin}.insteadOf", PROJECT)
        with walking(hosted, "glab", tmp_path) as session:
            moved = {
                "somebody moves a deadline on the portal": lambda: portal.edit(
                    "Book the movers", deadline="2028-10-31T18:00:00+01:00"
                ),
                "it is night": hosted.night,
            }
            assert walk(session, part_of("On GitLab"), moved) >= 7
        must_be_told(forge, "GitLab")
    jobs = documents(ROOT / "templates" / "tasksync.yml")[1].values()
    lines = {
        line for job in jobs for line in (*job.get("before_script", ()), *job.get("script", ()))
    }
    assert lines == {line for job in runner.jobs for line in job.ran}


@pytest.fixture
def step(
    tmp_path: Path, portal: Served, wheels: wheelhouse.Wheelhouse, runner_temp: Path
) -> Iterator[Steps]:
    (tmp_path / "work").mkdir()
    with GitHub() as forge:
        runner = GitHubRunner(
            *(tmp_path / "work", wheels.release, machine(tmp_path, wheels), runner_temp),
            secrets={"tasks": {"TASKSYNC_API_KEY": portal.key}},
            variables={"TASKSYNC_PORTAL": portal.url},
            token=lambda right: forge.tokens[TOKENS[right]].secret,
        )
        yield Steps(tmp_path / "work", forge, runner)


def test_an_action_tells_what_a_plan_came_to(step: Steps, tmp_path: Path) -> None:
    state = {"state": f"sqlite:{tmp_path / 'state.db'}", "extras": "postgres"}
    plan = step("plan", **state)
    assert (plan.code, plan.outputs["exit-code"], plan.outputs["changes"]) == (0, "0", "true")
    assert "**Plan: 2 to add, 0 to change, 0 to destroy.**" in plan.summary
    assert Path(plan.outputs["plan"]).exists()
    detailed = step("plan", detailed_exitcode="true", **state)
    assert (detailed.code, detailed.outputs["exit-code"]) == (2, "2")
    assert detailed.outputs["digest"] == plan.outputs["digest"]
    refused = step("apply", expect="sha256:" + "0" * 64, **state)
    assert (refused.code, refused.outputs["exit-code"]) == (5, "5"), refused.said
    done = step("apply", expect=plan.outputs["digest"], arguments="--quiet", **state)
    assert done.code == 0, done.said
    assert "Apply complete! Tasks: 2 added, 0 changed, 0 destroyed." in done.said
    again = step("plan", detailed_exitcode="true", **state)
    assert (again.code, again.outputs["changes"]) == (0, "false")


def test_an_action_takes_files_and_arguments_line_by_line(step: Steps) -> None:
    step.write("a folder/tasksync.yaml", MANIFEST.partition("tasks:")[0] + "tasks: {}\n")
    more = "apiVersion: tasksync/v1\ntasks: {three: {title: Three, responsibleId: 1}}\n"
    step.write("more tasks.yaml", more)
    files = "a folder\nmore tasks.yaml\n"
    good = step("validate", files=files, extras="postgres")
    assert good.code == 0, good.said
    assert "2 files, 1 task" in good.said
    shown = step("validate", files=files, arguments="--expand", extras="postgres")
    assert "title: Three" in shown.said
    step.write("more tasks.yaml", more.replace("title", "titel"))
    bad = step("validate", files=files, extras="postgres")
    assert (bad.code, bad.outputs["exit-code"]) == (1, "1")
    assert "more tasks.yaml:2:" in bad.said


def test_nothing_in_an_input_is_run(step: Steps) -> None:
    trap = "\"; touch caught; $(touch caught) `touch caught` '"
    for given in ({"files": trap}, {"arguments": trap}, {"expect": trap}, {"publish": trap}):
        command = "apply" if "expect" in given else "plan"
        step(command, extras="postgres", **given)
    step("version", arguments=trap, extras="postgres")
    assert not list(step.folder.parent.rglob("caught"))


def test_an_action_publishes_where_it_may_and_says_so_where_it_may_not(step: Steps) -> None:
    for publish, code in (("true", 7), ("optional", 0)):
        sha = step.commit(command="plan", publish=publish, extras="postgres")
        step.forge.open_pull_request(code + 1, sha)
        told = step.forge.environment_of_pull_request(code + 1, None)
        job = step.runner.run(told, sha)["step"]
        assert job.code == code, job.said
        assert "2 to add" in job.summary
        assert step.forge.comments(code + 1) == []
    assert "nothing was published" in job.said


def test_a_fork_a_robot_and_a_merge_queue_are_validated_and_see_no_secret(step: Steps) -> None:
    """A queue waits for the required checks: `validate` answers, a job that is skipped passes."""
    step.write(WORKFLOW, (ROOT / "examples" / "gitops" / WORKFLOW).read_text("utf-8"))
    step.git("add", "-A")
    step.git("commit", "-q", "-m", "The example")
    sha = step.git("rev-parse", "HEAD")
    step.forge.open_pull_request(1, sha, fork="stan/tasks")
    step.forge.open_pull_request(2, sha)
    step.runner.secrets = {}
    step.runner.variables = {
        **step.runner.variables,
        "TASKSYNC_STATE": "postgresql://nobody@nowhere/x",
    }
    fork = step.forge.environment_of_pull_request(1, None)
    robot = {**step.forge.environment_of_pull_request(2, None), "GITHUB_ACTOR": "dependabot[bot]"}
    queue = {**step.forge.environment_of_push(sha, None), "GITHUB_EVENT_NAME": "merge_group"}
    queue["GITHUB_REF"] = f"refs/heads/gh-readonly-queue/main/pr-2-{sha}"
    for told in (fork, robot, queue):
        done = step.runner.run(told, sha)
        assert {name: job.code for name, job in done.items()} == {"validate": 0}, done
