"""Where a run meets its forge: the CI's environment and event read, a client made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasksync import __version__
from tasksync import file_limits as bounded
from tasksync.cli.signals import Stop, SystemClock
from tasksync.core.formats.strict_json import BadJson, strict
from tasksync.errors import SettingsError
from tasksync.forge import gitea, github, gitlab
from tasksync.forge.environment import CiRun, ForgeKind, is_loopback, kind_of_run, run_of
from tasksync.forge.exchange import ForgeExchanges

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tasksync.forge.shapes import ForgeClient

#: bytes of an event: GitHub's are at most 25 MiB
_EVENT = 32 * 1024 * 1024


def nobody(_text: str) -> None:
    """Tell nobody."""


def ci_run(
    env: Mapping[str, str], *, to: str | None = None, pull_request: int | None = None
) -> CiRun:
    """Return what the environment tells of this run.

    Raises SettingsError, and ForgeDenied where there is no token.
    """
    event = {} if kind_of_run(env, to) is ForgeKind.GITLAB else _event(env)
    return run_of(env, event, to=to, pull_request=pull_request)


def client_of(run: CiRun, tell: Callable[[str], None] = nobody) -> ForgeClient:
    """Return what talks to the forge of a run; `tell` is told of waits."""
    agent = {"User-Agent": f"tasksync/{__version__}"}
    proxies = not is_loopback(run.api)  # no proxy stands before ourselves
    clock = SystemClock(Stop())

    def exchanges(headers: Mapping[str, str], may: str) -> ForgeExchanges:
        return ForgeExchanges(
            run.api,
            {**headers, **agent},
            clock,
            may=may,
            token_name=run.token_name,
            proxies=proxies,
            tell=tell,
        )

    match run.kind:
        case ForgeKind.GITHUB:
            talks = exchanges(github.headers(run.token), github.MAY)
            return github.GitHubClient(talks, run.repository, run.account)
        case ForgeKind.GITEA:
            talks = exchanges(gitea.headers(run.token), gitea.MAY)
            return gitea.GiteaClient(talks, run.repository, run.account)
        case ForgeKind.GITLAB:
            headers = gitlab.headers(run.token, is_job_token=run.is_job_token)
            talks = exchanges(headers, gitlab.MAY)
            return gitlab.GitLabClient(talks, run.repository)


def _event(env: Mapping[str, str]) -> Mapping[str, object]:
    """Return what started the run, as GITHUB_EVENT_PATH tells it; nothing where it names none."""
    name = env.get("GITHUB_EVENT_PATH", "").strip()
    if not name:
        return {}
    try:
        data = strict(bounded.read(name, _EVENT))
    except OSError as error:
        why = bounded.why(error)
    except BadJson as error:
        why = str(error)
    else:
        return data if isinstance(data, dict) else {}
    msg = f"GITHUB_EVENT_PATH names {name}, which cannot be read: {why}."
    raise SettingsError(
        msg, "It is the runner that sets it; unset it, and set TASKSYNC_PULL_REQUEST."
    )
