"""Where the files of a run's commit are read on its forge, as the CI's environment tells it.

Pure: the environment is handed in. GitHub's addresses are `SERVER/OWNER/NAME/blob/COMMIT/PATH`,
Gitea's `…/src/commit/COMMIT/PATH`, GitLab's `PROJECT/-/blob/COMMIT/PATH`; all three take `#L31`.
The variables are those of `environment`, and GITHUB_SERVER_URL, GITHUB_WORKSPACE, CI_PROJECT_URL
and CI_PROJECT_DIR of the same pages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath
from urllib.parse import quote, urlsplit

from tasksync.errors import SettingsError
from tasksync.forge.environment import ForgeKind, is_loopback, kind_of_run
from tasksync.late_patterns import pattern_of
from tasksync.value_classes import dataclass

_SHA = pattern_of(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REPOSITORY = pattern_of(r"[\w.-]+/[\w.-]+", re.ASCII)
#: an address without what would end it, or lead elsewhere
_ADDRESS = pattern_of(r"https?://[\w.:\[\]/~%-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class FileLinks:
    """The files of one commit: `root` is the folder that it is checked out in."""

    root: str
    address: str

    def of(self, file: PurePath) -> str:
        """Return where a file is read, given by its whole path; "" for one outside the commit."""
        try:
            inside = file.relative_to(self.root)
        except ValueError:
            return ""
        if ".." in inside.parts:
            return ""
        return f"{self.address}/{quote(inside.as_posix(), safe='/')}"


def file_links(env: Mapping[str, str]) -> FileLinks | None:
    """Return where this run's files are read; None outside of a CI, or where it does not tell."""
    try:
        kind = kind_of_run(env)
    except SettingsError:
        return None
    if kind is ForgeKind.GITLAB:
        return _links(
            env.get("CI_PROJECT_DIR"), env.get("CI_PROJECT_URL"), "-/blob", env.get("CI_COMMIT_SHA")
        )
    repository = env.get("GITHUB_REPOSITORY", "").strip()
    if not _REPOSITORY.fullmatch(repository):
        return None
    server = env.get("GITHUB_SERVER_URL", "").strip().rstrip("/")
    between = "blob" if kind is ForgeKind.GITHUB else "src/commit"
    project = f"{server}/{repository}"
    return _links(env.get("GITHUB_WORKSPACE"), project, between, env.get("GITHUB_SHA"))


def _links(
    root: str | None, project: str | None, between: str, commit: str | None
) -> FileLinks | None:
    root, project, commit = ((one or "").strip().rstrip("/") for one in (root, project, commit))
    if not root or not _SHA.fullmatch(commit) or not _ADDRESS.fullmatch(project):
        return None
    if urlsplit(project).scheme != "https" and not is_loopback(project):
        return None
    return FileLinks(root, f"{project}/{between}/{commit}")
