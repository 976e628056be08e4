"""`apply --expect published`: the plan that was published on this run's pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasksync.cli.forge_run import ci_run, client_of
from tasksync.core.expected import Approved
from tasksync.core.formats.plan_digest import digest_of_document
from tasksync.errors import PlanStale
from tasksync.forge.comments import approved_comment, pull_request_of_run
from tasksync.forge.hidden_line import document_of

if TYPE_CHECKING:
    from tasksync.cli.console import Console
    from tasksync.core.ports import Clock


def approved_plan(project: str, console: Console, clock: Clock | None = None) -> Approved:
    """Return the plan of a project that was published for the commit of this run.

    Its pull request is the one that the CI's environment names (and then its head there), else the
    one whose merge this commit is. Raises PlanStale where no such plan is found, ForgeDenied where
    the token may not look, ForgeError where the forge does not answer.
    """
    run = ci_run(console)
    client = client_of(run, console, clock)
    commit = "" if run.on_the_clock else run.commit
    pull = pull_request_of_run(client, run.number, commit, may_be_merged=True)
    if pull is None:
        where = f"commit {run.commit[:12]}" if run.commit else "this run"
        raise PlanStale(
            f"No pull request of {run.repository} was merged as {where}, or is open with it as its "
            "head: nobody approved a plan for it.",
            "Apply in a run of the pull request, or in that of its merge commit; or name the "
            "digest: apply --expect sha256:…",
        )
    found = approved_comment(client, pull, run.head or pull.head, project)
    document = document_of(found.body)
    if document is not None and digest_of_document(document) != found.label.digest:
        document = None  # the digest is what was approved; whatever else stands there was not
    return Approved(found.label.digest, document, found.url)
