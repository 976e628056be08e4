"""Publish: the step summary first, which needs no rights, then the comment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tasksync.cli.comment_bodies import Content, FileContent, PlanContent, body_of
from tasksync.cli.forge_run import ci_run, client_of
from tasksync.errors import NoPullRequest
from tasksync.forge.comments import Publisher, Written, closed, pull_request_of_run
from tasksync.forge.github import LONGEST as SHORTEST_LIMIT
from tasksync.forge.gitlab import LONGEST as LONGEST_LIMIT
from tasksync.render.wording import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tasksync.cli.console import Console
    from tasksync.cli.options import PublishOptions
    from tasksync.forge.environment import CiRun
    from tasksync.forge.shapes import ForgeClient, PullRequest

#: bytes of a step's summary (docs.github.com/actions: job summaries, "restricted to a maximum
#: size of 1 MiB"), with some left for what the step writes itself
_SUMMARY = 1_000_000


def publish(options: PublishOptions, console: Console) -> None:
    """Write step summary and comment, and say where it is.

    Raises NoPullRequest, ForgeError and its kinds, PlanUnusable, SettingsError.
    """
    secrets = console.outside()
    content: Content
    if options.name is None:
        content = PlanContent(options.file, secrets)
    else:
        content = FileContent(options.file, options.name, LONGEST_LIMIT, secrets)
    _summarise(content, console)
    run = ci_run(console.env, to=options.to, pull_request=options.pull_request)
    client = client_of(run, console.tell)
    pull = _pull_request(run, client, is_plan=options.name is None)
    head = run.head if run.head and run.number == pull.number else pull.head
    label, body = content.label(head), body_of(content, head, client.longest)
    done = Publisher(client, client.account(), pull.number, label, body).publish()
    where = client.named(pull.number)
    if done.what is Written.OUTDATED:
        console.tell(
            f"Note: {where} has moved on from {head[:12]} since this run began. Its comment is "
            "left to the run of its newest commit."
        )
        return
    if done.what is Written.OVERTAKEN:
        console.tell(
            f"Note: {where} moved on from {head[:12]} while its comment was written, which now "
            "shows an older plan. Unless the run of its newest commit goes on, start that again."
        )
        return
    if done.replaced:
        console.tell(
            f"Note: another plan ({done.replaced[:19]}…) stood there for the same commit. Whoever "
            "approved that has not seen this one: have it looked at again before the merge."
        )
    if done.others:
        whose = clean(", ".join(done.others))
        console.tell(
            f"Note: a comment by {whose} looks like this one. It is another account's: it is left "
            "as it is, and approves nothing."
        )
    console.say(clean(f"{_WORDS[done.what]} on {where}: {done.url or pull.url}"))


_WORDS: Mapping[Written, str] = {
    Written.CREATED: "Published",
    Written.UPDATED: "Published again",
    Written.UNCHANGED: "Published already",
}


def _pull_request(run: CiRun, client: ForgeClient, *, is_plan: bool) -> PullRequest:
    """Return where to publish; a plan only where somebody can still look at it before the merge.

    A plan that were published after it would approve itself.
    """
    if is_plan and run.on_a_train:
        raise NoPullRequest(
            "This run is of what is about to be merged, and of those before it: its plan takes the "
            "place of none that was approved.",
            "Publish in the runs that come before; here let it pass with --optional.",
        )
    commit = "" if run.on_the_clock else run.commit
    pull = pull_request_of_run(client, run.number, commit, is_merged=not is_plan, into=run.branch)
    if pull is None and not is_plan:
        pull = pull_request_of_run(client, run.number, commit, is_merged=False)
    if pull is None:
        raise NoPullRequest(
            f"This run belongs to no {'open ' if is_plan else ''}pull request of {run.repository}.",
            "Publish in a run of a pull request, name one with --pull-request N, or let it pass "
            "with --optional.",
        )
    if is_plan and not pull.is_open:
        raise closed(client, pull.number)
    return pull


def _summarise(content: Content, console: Console) -> None:
    """Add to the step's summary, where there is one; a note where that cannot be done."""
    name = console.env.get("GITHUB_STEP_SUMMARY", "").strip()
    if not name:
        return
    file = Path(name)
    try:
        room = _SUMMARY - (file.stat().st_size if file.exists() else 0)
        texts = (f"{content.text(limit)}\n\n".encode() for limit in (LONGEST_LIMIT, SHORTEST_LIMIT))
        text = next((one for one in texts if len(one) <= room), None)
        if text is None:
            console.tell("Note: the step's summary is full; nothing is added to it.")
            return
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644), "ab") as out:
            out.write(text)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        console.tell(f"Note: the step's summary cannot be written: {why}.")
