"""The secrets of a fleet's projects: found where the fleet's file says, and held by nobody else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from tasksync import file_limits as bounded
from tasksync.core.fleet import FleetProject, SecretSource
from tasksync.errors import AuthenticationFailed, SettingsError, TasksyncError
from tasksync.value_classes import dataclass, field


@dataclass(frozen=True, slots=True)
class ProjectSecrets:
    """The key and the session of one project; None where it needs none."""

    key: str | None = field(default=None, repr=False)
    session: str | None = field(default=None, repr=False)

    @property
    def texts(self) -> frozenset[str]:
        """What must not be seen."""
        return frozenset(one for one in (self.key, self.session) if one)


def secrets_of(project: FleetProject, env: Mapping[str, str], root: str) -> ProjectSecrets:
    """Return what a project's process is given.

    `root` is the folder to which files of keys are relative. Raises AuthenticationFailed where one
    is not there, SettingsError where its file cannot be read. A sandbox takes any key, and none.
    """
    key = _found(project.key, env, root)
    session = None if project.session is None else _found(project.session, env, root)
    if project.in_sandbox:
        return ProjectSecrets(key, session)
    for text, source in ((key, project.key), (session, project.session)):
        if source is not None and not text:
            raise _missing(project, source)
    return ProjectSecrets(key, session)


def known_secrets(
    projects: Iterable[FleetProject], env: Mapping[str, str], root: str
) -> frozenset[str]:
    """Return the secrets of all projects, as far as they can be found here."""
    found: set[str] = set()
    for project in projects:
        with suppress(TasksyncError):
            found |= secrets_of(project, env, root).texts
    return frozenset(found)


def _found(source: SecretSource, env: Mapping[str, str], root: str) -> str | None:
    if source.variable:
        return env.get(source.variable, "").strip() or None
    try:
        return bounded.key(Path(root, source.file)) or None
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"The file {source.file}, which holds a key, cannot be read: {bounded.why(error)}.",
            "Give it a readable file that holds the key alone.",
        ) from None


def _missing(project: FleetProject, source: SecretSource) -> AuthenticationFailed:
    if source.variable:
        return AuthenticationFailed(
            f"There is no key for {project.name}: {source.variable} is not set, or empty.",
            f"Set {source.variable} where tasksync fleet runs.",
        )
    return AuthenticationFailed(
        f"There is no key for {project.name}: the file {source.file} is empty.",
        "Put the key alone into it.",
    )
