"""What a project's process finds in its environment: its own secrets, and nobody else's."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping

from tasksync.core.fleet import FleetProject, SecretSource
from tasksync.core.secrets import Secrets
from tasksync.errors import SettingsError
from tasksync.fleet.project_secrets import ProjectSecrets
from tasksync.late_patterns import pattern_of

_PREFIX = "TASKSYNC_"
#: of tasksync's own variables those that mean the same in every project; all others are flags,
#: which the fleet's command has read, or secrets
KEPT = frozenset(
    f"{_PREFIX}{name}" for name in ("LOG", "RUN_URL", "HTTP_USERNAME", "HTTP_PASSWORD")
)
#: what would change what the process writes, which is read as UTF-8
_ENCODINGS = frozenset({"PYTHONIOENCODING", "PYTHONLEGACYWINDOWSSTDIO"})
_SEPARATORS = pattern_of(r"[\s,;]+")


def project_environment(
    env: Mapping[str, str],
    project: FleetProject,
    own: ProjectSecrets,
    named: Iterable[SecretSource],
    others: Iterable[str],
) -> dict[str, str]:
    """Return the environment of a project's process, made of the one that we have.

    `named` is where every project of the fleet finds its secrets, `others` are the secrets of the
    other projects as far as they are known: a variable that holds one of them, under whatever name
    and however it was quoted, is left out. The state's address may hold a password, and goes this
    way too; raises SettingsError where it would have to be left out.
    """
    hidden = {one.variable.upper() for one in named if one.variable}
    foreign = _Foreign(frozenset(others) - own.texts)
    clean = {
        name: value
        for name, value in env.items()
        if name.upper() not in hidden and not foreign.is_in(value)
    }
    for name, said in (("TASKSYNC_STATE", project.state), ("TASKSYNC_PORTAL", project.portal)):
        if not said and env.get(name) and name not in clean:
            raise _withheld(project, name)
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


class _Foreign:
    """The secrets of others, as they may stand in a value.

    What is too short to be told from other words counts where it is a whole item of a value: else
    a key `a` would take every variable away.
    """

    def __init__(self, texts: frozenset[str]) -> None:
        self._texts = texts
        self._secrets = Secrets(texts.union(*map(_encoded, texts)))

    def is_in(self, value: str) -> bool:
        """Tell whether one of them stands in a value."""
        return self._secrets.are_in(value) or not self._texts.isdisjoint(
            (value.strip(), *_SEPARATORS.split(value))
        )


def _encoded(text: str) -> Iterator[str]:
    """Yield what a secret is within Base64, of either alphabet and wherever it begins, and in hex.

    Of Base64 the characters at both ends hold bits of what stands beside it, and are left out.
    """
    content = text.encode("utf-8", "surrogateescape")
    yield content.hex()
    yield content.hex().upper()
    for before in range(3):
        whole = 3 * ((before + len(content)) // 3)
        found = b64encode((b"\0" * before + content)[:whole]).decode()[4 if before else 0 :]
        yield found
        yield found.replace("+", "-").replace("/", "_")


def _withheld(project: FleetProject, name: str) -> SettingsError:
    field = name.removeprefix("TASKSYNC_").lower()
    return SettingsError(
        f"The {field} of {project.name} is that of {name}, in which the secret of another project "
        "stands.",
        f"Name its {field} in the fleet's file, or take another key for the other project.",
    )
