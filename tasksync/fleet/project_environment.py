"""What a project's process finds in its environment: its own secrets, and nobody else's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tasksync.core.fleet import FleetProject, SecretSource
from tasksync.fleet.project_secrets import ProjectSecrets

_PREFIX = "TASKSYNC_"
#: of tasksync's own variables those that mean the same in every project; all others are flags,
#: which the fleet's command has read, or secrets
KEPT = frozenset(
    f"{_PREFIX}{name}" for name in ("LOG", "RUN_URL", "HTTP_USERNAME", "HTTP_PASSWORD")
)
#: what would change what the process writes, which is read as UTF-8
_ENCODINGS = frozenset({"PYTHONIOENCODING", "PYTHONLEGACYWINDOWSSTDIO"})


def project_environment(
    env: Mapping[str, str],
    project: FleetProject,
    own: ProjectSecrets,
    named: Iterable[SecretSource],
    others: Iterable[str],
) -> dict[str, str]:
    """Return the environment of a project's process, made of the one that we have.

    `named` is where every project of the fleet finds its secrets, `others` are the secrets of the
    other projects as far as they are known: a variable that holds one of them, under whatever name,
    is left out. The state's address may hold a password, and goes this way too.
    """
    hidden = {one.variable.upper() for one in named if one.variable}
    foreign = frozenset(others) - own.texts
    clean = {
        name: value
        for name, value in env.items()
        if name.upper() not in hidden and not any(text in value for text in foreign)
    }
    result = {
        name: value
        for name, value in clean.items()
        if name not in _ENCODINGS and (not name.startswith(_PREFIX) or name in KEPT)
    }
    result |= {
        f"{_PREFIX}{name}": value
        for name, value in (
            ("API_KEY", own.key),
            ("SESSION_TOKEN", own.session),
            ("STATE", project.state or clean.get("TASKSYNC_STATE")),
            ("PORTAL", project.portal or clean.get("TASKSYNC_PORTAL")),
        )
        if value
    }
    return result
