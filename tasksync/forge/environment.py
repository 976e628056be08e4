"""What a CI tells of its run: which forge, which repository, which pull request, which commit.

Pure: environment and event are handed in. Names of variables, as the vendors document them:
GitHub `docs.github.com/actions/reference/workflows-and-actions/variables` and, of the event's
file, `docs.github.com/webhooks/webhook-events-and-payloads`; GitLab
`docs.gitlab.com/ci/variables/predefined_variables`; Gitea, whose runner sets GitHub's names too,
`docs.gitea.com/usage/actions/actions-variables`; Forgejo
`forgejo.org/docs/latest/user/actions/reference`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from urllib.parse import urlsplit

from tasksync.core.quoting import quoted
from tasksync.errors import ForgeDenied, SettingsError
from tasksync.late_patterns import pattern_of
from tasksync.value_classes import dataclass, field


class ForgeKind(StrEnum):
    """Which API a forge has; Forgejo's is Gitea's."""

    GITHUB = "github"
    GITLAB = "gitlab"
    GITEA = "gitea"

    @property
    def vendor(self) -> str:
        """What people call it."""
        return {"github": "GitHub", "gitlab": "GitLab", "gitea": "Gitea"}[self.value]


#: where a token is looked for, in this order; a forge is never shown another one's
TOKENS: Mapping[ForgeKind, tuple[str, ...]] = {
    ForgeKind.GITHUB: ("TASKSYNC_FORGE_TOKEN", "GITHUB_TOKEN"),
    ForgeKind.GITLAB: ("TASKSYNC_FORGE_TOKEN", "GITLAB_TOKEN"),
    ForgeKind.GITEA: ("TASKSYNC_FORGE_TOKEN", "GITEA_TOKEN", "GITHUB_TOKEN"),
}
_API: Mapping[ForgeKind, str] = {
    ForgeKind.GITHUB: "GITHUB_API_URL",
    ForgeKind.GITLAB: "CI_API_V4_URL",
    ForgeKind.GITEA: "GITHUB_API_URL",
}
_REPOSITORY: Mapping[ForgeKind, str] = {
    ForgeKind.GITHUB: "GITHUB_REPOSITORY",
    ForgeKind.GITLAB: "CI_PROJECT_ID",
    ForgeKind.GITEA: "GITHUB_REPOSITORY",
}
_SHA = pattern_of(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_NUMBER = pattern_of(r"[1-9][0-9]{0,17}", re.ASCII)
_FULL_NAME = pattern_of(r"[^/\s]+/[^/\s]+")
_PULL_REF = pattern_of(r"refs/pull/([1-9][0-9]{0,17})/(?:merge|head)", re.ASCII)
#: runs that belong to no change, whatever commit they stand on
_ON_THE_CLOCK = frozenset({"schedule"})
#: runs of what was put into a row to be merged: GitLab's event type, GitHub's event
_ON_A_TRAIN = frozenset({"merge_train", "merge_group"})
_BRANCHES = "refs/heads/"


@dataclass(frozen=True, slots=True)
class CiRun:
    """One run of a CI, as its environment tells it.

    `number` is the pull request's, and `head` the commit that was its newest when the run began;
    None where the environment does not say. `commit` is what the run stands on, or "". `repository`
    is `owner/name`, or GitLab's id or path of a project. `account` is whose token this is where
    the forge does not tell. `on_the_clock`: nobody pushed anything. `branch` is that of `commit`,
    the default one of a tag, and "" in a run of a pull request. `on_a_train`: of what a merge train
    or queue is about to merge.
    """

    kind: ForgeKind
    api: str
    repository: str
    token: str = field(repr=False)
    token_name: str
    number: int | None
    head: str | None
    commit: str
    account: str = ""
    is_job_token: bool = False
    on_the_clock: bool = False
    branch: str = ""
    on_a_train: bool = False


def kind_of_run(env: Mapping[str, str], to: str | None = None) -> ForgeKind:
    """Return which forge a run is on; `to` decides where it was named. Raises SettingsError."""
    if to:
        return ForgeKind(to)
    if env.get("GITLAB_CI"):
        return ForgeKind.GITLAB
    if env.get("GITEA_ACTIONS") or env.get("FORGEJO_ACTIONS"):
        return ForgeKind.GITEA
    if env.get("GITHUB_ACTIONS") or env.get("GITHUB_REPOSITORY"):
        return ForgeKind.GITHUB
    if env.get("CI_API_V4_URL"):
        return ForgeKind.GITLAB
    raise SettingsError(
        "This is no run of a CI that is known: GITHUB_ACTIONS, GITLAB_CI and GITEA_ACTIONS are "
        "not set.",
        "Elsewhere set GITHUB_API_URL and GITHUB_REPOSITORY (GitLab: CI_API_V4_URL and "
        "CI_PROJECT_ID), and name the forge and the pull request: publish --to and "
        "--pull-request, or for apply too TASKSYNC_TO and TASKSYNC_PULL_REQUEST.",
    )


def run_of(
    env: Mapping[str, str],
    event: Mapping[str, object],
    *,
    to: str | None = None,
    pull_request: int | None = None,
) -> CiRun:
    """Return what the environment tells; `event` is what GITHUB_EVENT_PATH holds, or empty.

    Raises SettingsError where what is needed is not set or cannot be, ForgeDenied for no token.
    """
    kind = kind_of_run(env, to)
    number, head, commit = _gitlab(env) if kind is ForgeKind.GITLAB else _github(env, event)
    if pull_request is not None and pull_request != number:
        number, head = pull_request, None
    token_name, token = _token(kind, env)
    return CiRun(
        kind,
        _api(kind, env),
        _repository(kind, env),
        token,
        token_name,
        number,
        head,
        commit,
        account=env.get("TASKSYNC_FORGE_ACCOUNT", "").strip(),
        is_job_token=bool(token) and token == env.get("CI_JOB_TOKEN", "").strip(),
        on_the_clock=bool(
            _ON_THE_CLOCK & {env.get("GITHUB_EVENT_NAME"), env.get("CI_PIPELINE_SOURCE")}
        ),
        branch=_branch(kind, env, event),
        on_a_train=bool(
            _ON_A_TRAIN & {env.get("GITHUB_EVENT_NAME"), env.get("CI_MERGE_REQUEST_EVENT_TYPE")}
        ),
    )


def is_loopback(url: str) -> bool:
    """Tell whether an address is this machine's own."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _token(kind: ForgeKind, env: Mapping[str, str]) -> tuple[str, str]:
    names = TOKENS[kind]
    name = next((one for one in names if env.get(one, "").strip()), None)
    if name is None:
        raise ForgeDenied(
            f"There is no token for {kind.vendor}: {' and '.join(names)} are not set, or empty.",
            _GIVE[kind],
        )
    token = env[name].strip()
    if any(ord(sign) < 33 or ord(sign) > 126 for sign in token):  # noqa: PLR2004 - printable ASCII
        raise ForgeDenied(
            f"{name} holds characters that no token has.",
            "Copy it again, without quotes or line breaks.",
        )
    return name, token


_GIVE: Mapping[ForgeKind, str] = {
    ForgeKind.GITHUB: "In a workflow: env: GITHUB_TOKEN: ${{ github.token }}, and permissions: "
    "pull-requests: write.",
    ForgeKind.GITLAB: "Set GITLAB_TOKEN to a project access token with the scope api and the role "
    "Reporter or above, as a variable that is not protected: a merge request's pipeline sees no "
    "protected one. A job's own CI_JOB_TOKEN may not write notes.",
    ForgeKind.GITEA: "In a workflow: env: GITHUB_TOKEN: ${{ github.token }}, or a token with "
    "write:issue and read:repository.",
}


def _api(kind: ForgeKind, env: Mapping[str, str]) -> str:
    name = _API[kind]
    usual = "https://api.github.com" if kind is ForgeKind.GITHUB else ""
    url = (env.get(name) or usual).strip().rstrip("/")
    if not url:
        msg = f"{name} is not set, so nobody knows where {kind.vendor}'s API is."
        raise SettingsError(msg, f"Set {name}, for example https://git.example/{_ROOTS[kind]}.")
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.port != 0 and parts.scheme in {"http", "https"}
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment or re.search(r"[\s\x00-\x1f]", url):
        msg = f"{name} is no address of an API."
        raise SettingsError(msg, f"For example https://git.example/{_ROOTS[kind]}.")
    if parts.username or parts.password:
        msg = f"{name} holds a login; a token is never part of an address."
        raise SettingsError(msg, f"Take it out, and set {TOKENS[kind][-1]}.")
    if parts.scheme == "http" and not is_loopback(url):
        msg = f"{name} is plain http, and a token would travel openly: {quoted(url)}."
        raise SettingsError(msg, "Use https; plain http is for this machine alone.")
    return url


_ROOTS = {ForgeKind.GITHUB: "api/v3", ForgeKind.GITLAB: "api/v4", ForgeKind.GITEA: "api/v1"}


def _repository(kind: ForgeKind, env: Mapping[str, str]) -> str:
    name = _REPOSITORY[kind]
    if kind is ForgeKind.GITLAB:  # of a fork's merge request the pipeline may be the fork's
        name = "CI_MERGE_REQUEST_PROJECT_ID" if env.get("CI_MERGE_REQUEST_PROJECT_ID") else name
    found = env.get(name, "").strip()
    if not found:
        msg = f"{name} is not set, so nobody knows which repository this run is of."
        raise SettingsError(msg, f"Set {name}.")
    if kind is not ForgeKind.GITLAB and not _FULL_NAME.fullmatch(found):
        raise SettingsError(f"{name} is {quoted(found)}, and no OWNER/NAME.", f"Set {name}.")
    return found


def _gitlab(env: Mapping[str, str]) -> tuple[int | None, str | None, str]:
    """Return number, head and commit.

    In a pipeline of merged results CI_COMMIT_SHA is a commit that is not the merge request's;
    CI_MERGE_REQUEST_SOURCE_BRANCH_SHA is its head there, and empty elsewhere.
    """
    commit = _sha(env.get("CI_COMMIT_SHA")) or ""
    number = _number(env.get("CI_MERGE_REQUEST_IID"))
    head = _sha(env.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA")) or commit or None
    return number, head if number is not None else None, commit


def _github(
    env: Mapping[str, str], event: Mapping[str, object]
) -> tuple[int | None, str | None, str]:
    """Return number, head and commit.

    GITHUB_SHA of a pull request's run is a test merge and says nothing of its head; that of a
    `workflow_run` is the default branch's, and the event tells what the first run stood on.
    """
    first = _object(event, "workflow_run")
    commit = _sha(first.get("head_sha")) or _sha(env.get("GITHUB_SHA")) or ""
    pull = _object(event, "pull_request") or _only_pull(event, commit)
    if pull:
        return _number(pull.get("number")), _sha(_object(pull, "head").get("sha")), commit
    issue = _object(event, "issue")
    if issue.get("pull_request"):  # a comment on a pull request started it
        return _number(issue.get("number")), None, commit
    ref = _PULL_REF.fullmatch(env.get("GITHUB_REF", ""))
    return (int(ref[1]) if ref else None), None, commit


def _branch(kind: ForgeKind, env: Mapping[str, str], event: Mapping[str, object]) -> str:
    """Return the branch of a run's commit; after a `workflow_run` it is that of the first run.

    A tag is on none, and whoever may push can put one anywhere: what counts there is what came
    into the default branch.
    """
    if kind is ForgeKind.GITLAB:
        name = "CI_DEFAULT_BRANCH" if env.get("CI_COMMIT_TAG") else "CI_COMMIT_BRANCH"
        return env.get(name, "").strip()
    first = _object(event, "workflow_run")
    if first:
        return _name(first, "head_branch")
    ref = env.get("GITHUB_REF", "")
    if ref.startswith("refs/tags/"):
        return _name(_object(event, "repository"), "default_branch")
    return ref.removeprefix(_BRANCHES) if ref.startswith(_BRANCHES) else ""


def _only_pull(event: Mapping[str, object], head: str) -> Mapping[str, object]:
    """Return the pull request of the run that started this one, where it can be no other.

    Those into other repositories stand there too, where this one is a fork of them, with numbers
    that are not ours.
    """
    here = _object(event, "repository").get("id")
    pulls = [
        one
        for one in _objects(_object(event, "workflow_run").get("pull_requests"))
        if _object(one, "head").get("sha") == head
        and _object(_object(one, "base"), "repo").get("id") in (here, None)
    ]
    return pulls[0] if len(pulls) == 1 else {}


def _object(data: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = data.get(name)
    return found if isinstance(found, dict) else {}


def _name(data: Mapping[str, object], name: str) -> str:
    found = data.get(name)
    return found if isinstance(found, str) else ""


def _objects(data: object) -> Iterator[Mapping[str, object]]:
    yield from (one for one in data if isinstance(one, dict)) if isinstance(data, list) else ()


def _sha(value: object) -> str | None:
    return value if isinstance(value, str) and _SHA.fullmatch(value) else None


def _number(value: object) -> int | None:
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) if _NUMBER.fullmatch(text) else None
