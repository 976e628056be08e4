"""Asking a person whether something is to be written; only `yes` is taken for it."""

from __future__ import annotations

from tasksync.cli.console import Console
from tasksync.cli.options import ConfirmOptions
from tasksync.errors import UsageError


def must_be_answerable(
    confirm: ConfirmOptions, console: Console, what: str, advice: str = "Use --yes."
) -> None:
    """Raise UsageError, which says `what`, where it has to be asked and nobody can be."""
    if not confirm.yes and not console.may_ask(wanted=not confirm.no_input):
        raise UsageError(what, advice)


def is_approved(console: Console, question: str) -> bool:
    """Ask, and tell whether the answer was yes."""
    try:
        return console.ask(f"{question} Only 'yes' will be accepted: ").strip() == "yes"
    except KeyboardInterrupt:
        console.tell("")  # the question stands on a line of its own
        raise


def must_be_wanted(
    confirm: ConfirmOptions, console: Console, doing: str, question: str, otherwise: str
) -> None:
    """Ask unless --yes was said; raises UsageError, which says `otherwise`, for any other answer.

    `doing` is what has to ask, as a sentence begins with it.
    """
    if confirm.yes:
        return
    must_be_answerable(confirm, console, f"{doing} has to ask, and there is nobody to ask.")
    if not is_approved(console, question):
        raise UsageError(otherwise, "Answer yes, or use --yes.")
