"""`apply --expect published`: the plan that was published on this run's pull request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tasksync.cli.forge_run import ci_run, client_of, nobody
from tasksync.core.expected import Approved
from tasksync.core.formats.plan_digest import digest_of_document
from tasksync.core.quoting import quoted
from tasksync.errors import NoPullRequest, PlanStale, UsageError
from tasksync.forge.comments import anew, approved_comment, pull_request_of_run
from tasksync.forge.environment import ForgeKind
from tasksync.forge.hidden_line import document_of
from tasksync.late_patterns import pattern_of
from tasksync.render.wording import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_NUMBER = pattern_of(r"[1-9][0-9]{0,8}", re.ASCII)


def approved_plan(
    project: str, environment: Mapping[str, str], tell: Callable[[str], None] = nobody
) -> Approved:
    """Return the plan of a project that was published for the commit of this run.

    Its pull request is the one that the CI's environment names (and then its head there), or that
    TASKSYNC_PULL_REQUEST does, else the one whose merge this commit is. Raises PlanStale where no
    such plan is found, or what stands there contradicts itself; ForgeDenied where the token may not
    look, ForgeError where the forge does not answer. `tell` is told of waits.
    """
    run = ci_run(environment, to=_forge(environment), pull_request=_named(environment))
    client = client_of(run, tell)
    commit = "" if run.on_the_clock else run.commit
    try:
        pull = pull_request_of_run(client, run.number, commit, is_merged=True, into=run.branch)
    except NoPullRequest as several:
        raise PlanStale(several.message, several.advice) from None
    if pull is None:
        into = f" into {run.branch}" if run.branch else ""
        where = f"commit {run.commit[:12]}{into}" if run.commit else "this run"
        raise PlanStale(
            f"No pull request of {run.repository} was merged as {where}: nobody approved a plan "
            "for it.",
            "Apply in a run of the pull request, or in that of its merge commit; or name the "
            "digest: apply --expect sha256:…",
        )
    if not pull.is_open and not pull.landed:
        msg = f"{client.named(pull.number)} was closed without a merge: its plan was not approved."
        raise PlanStale(msg, "Open it again, or apply without --expect what is to be done.")
    found = approved_comment(client, pull, run.head or pull.head, project)
    document = document_of(found.body)
    if document is not None and digest_of_document(document) != found.label.digest:
        raise PlanStale(
            f"What stands there for {project} says two things: its digest is not that of its plan "
            f"({clean(found.url)}). It was edited after it was published.",
            anew(pull),
        )
    return Approved(found.label.digest, document, found.url)


def _forge(environment: Mapping[str, str]) -> str | None:
    """Return what `publish --to` would be told by its variable."""
    text = environment.get("TASKSYNC_TO", "").strip()
    known = [kind.value for kind in ForgeKind]
    if text and text not in known:
        msg = f"TASKSYNC_TO is {quoted(text)}; it is one of {', '.join(known)}."
        raise UsageError(msg, "Write one of them, or unset it.")
    return text or None


def _named(environment: Mapping[str, str]) -> int | None:
    """Return what `publish --pull-request` would be told by its variable."""
    text = environment.get("TASKSYNC_PULL_REQUEST", "").strip()
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        msg = f"TASKSYNC_PULL_REQUEST is {quoted(text)}, and no number of a pull request."
        raise UsageError(msg, "Write its number, or unset it.")
    return int(text)
