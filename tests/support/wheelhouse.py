"""Wheels of what is installed here: pip installs tasksync as its users do, without a network."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
#: what GitHub gives to whoever uses our action, as far as it is read
_RELEASED = ("tasksync", "schemas", "templates", "examples", "action.yml", "pyproject.toml")
_READ = ("README.md", "LICENSE", ".pre-commit-hooks.yaml")
#: what pip writes beside what a wheel brought
_OF_PIP = {"INSTALLER", "REQUESTED", "RECORD", "direct_url.json"}


@dataclass(frozen=True)
class Wheelhouse:
    """`release` is a copy of this checkout as a tag holds it, `wheels` a folder for pip."""

    release: Path
    wheels: Path

    @property
    def env(self) -> dict[str, str]:
        """What makes pip take these wheels and look nowhere else."""
        return {
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            # pip wants a false value for an option that begins with "no"
            "PIP_NO_COMPILE": "0",
        }


def build(folder: Path, extras: Iterable[str] = ("postgres",)) -> Wheelhouse:
    """Make both in a folder; constraints.txt of the copy names the versions that are here.

    Those are of our own constraints.txt, but where the newest of everything is tried.
    """
    made = Wheelhouse(folder / "release", folder / "wheels")
    made.wheels.mkdir(parents=True)
    made.release.mkdir()
    for name in (*_RELEASED, *_READ):
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, made.release / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, made.release)
    needed = dict(_needed(_asked(extras)))
    for one in needed.values():
        _pack(one, made.wheels)
    pins = sorted(f"{name}=={one.version}\n" for name, one in needed.items())
    (made.release / "constraints.txt").write_text("".join(pins), "utf-8")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", made.wheels],
        cwd=made.release,
        check=True,
        capture_output=True,
    )
    return made


def _asked(extras: Iterable[str]) -> list[str]:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    optional = told["project"]["optional-dependencies"]
    asked = [*told["build-system"]["requires"], *told["project"]["dependencies"]]
    return [*asked, *(one for extra in extras for one in optional[extra])]


def _needed(asked: list[str]) -> Iterator[tuple[str, Distribution]]:
    """Every distribution that these requirements lead to, once, by its normal name."""
    seen: set[str] = set()
    while asked:
        wanted = Requirement(asked.pop())
        found = distribution(wanted.name)
        name = re.sub(r"[-_.]+", "-", wanted.name).lower()
        if name not in seen:
            seen.add(name)
            yield name, found
        elif not wanted.extras:
            continue
        for text in found.requires or ():
            below = Requirement(text)
            extras = ("", *wanted.extras)
            if not below.marker or any(below.marker.evaluate({"extra": one}) for one in extras):
                below.marker = None
                asked.append(str(below))


def _pack(one: Distribution, wheels: Path) -> None:
    tags = re.findall(r"^Tag: (\S+)-(\S+)-(\S+)$", one.read_text("WHEEL") or "", re.MULTILINE)
    tag = "-".join(".".join(sorted(set(part))) for part in zip(*tags, strict=True))
    name = re.sub(r"[-_.]+", "_", one.metadata["Name"])
    files = [
        path
        for path in one.files or ()
        if ".." not in path.parts and path.suffix != ".pyc" and path.name not in _OF_PIP
    ]
    place = next(path.parent for path in files if path.name == "METADATA")
    with zipfile.ZipFile(wheels / f"{name}-{one.version}-{tag}.whl", "w") as wheel:
        for path in files:
            wheel.write(str(one.locate_file(path)), path.as_posix())
        rows = [f"{path.as_posix()},,\n" for path in (*files, place / "RECORD")]
        wheel.writestr(f"{place.as_posix()}/RECORD", "".join(rows))
