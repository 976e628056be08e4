"""What is installed does not move under us, and what users may install stays open."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PINNED = re.compile(r"([A-Za-z0-9._-]+)==([^\s;]+)\Z")
#: closed at the next major version, for a reason that stands in pyproject.toml
CLOSED = {"deepdiff"}
README = (ROOT / "README.md").read_text(encoding="utf-8")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def named(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found
    return normal(found[0])


def constrained() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    matches = [PINNED.match(line) for line in lines if not line.startswith("#")]
    assert all(matches), "every line is one package with one version"
    return {normal(match[1]): match[2] for match in matches if match}


def test_every_package_that_we_ask_for_has_one_version() -> None:
    asked = [*PROJECT["project"]["dependencies"], *PROJECT["build-system"]["requires"], "editables"]
    for extra in PROJECT["project"]["optional-dependencies"].values():
        asked += [one for one in extra if not one.startswith("tasksync[")]
    assert {named(one) for one in asked} - constrained().keys() == set()


def test_published_ranges_stay_open_but_for_what_is_named_here() -> None:
    extras = PROJECT["project"]["optional-dependencies"].values()
    asked = [*PROJECT["project"]["dependencies"], *(one for extra in extras for one in extra)]
    assert {named(one) for one in asked if re.search(r"==|<|~=", one)} == CLOSED


@pytest.mark.parametrize("number", [0, 1])
def test_both_commands_of_the_readme_install_those_versions(number: int) -> None:
    command = re.findall(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)[number]
    (install,) = re.findall(r"&& ([^&]*pip install [^&]*)&&", command)
    assert "-c constraints.txt" in install
    assert install.startswith("PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt")


@pytest.mark.parametrize(
    "name", ["run", "fresh", "latest", "constraints", "packages", "dist", "elsewhere", "pythons"]
)
def test_every_script_of_ci_may_be_run_and_stands_in_contributing(name: str) -> None:
    assert (ROOT / ".ci" / name).stat().st_mode & 0o100
    assert f".ci/{name}" in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
