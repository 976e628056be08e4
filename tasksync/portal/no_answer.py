"""A request without an answer that can be used, and what is said of it."""

from __future__ import annotations

from tasksync.errors import PortalError, PortalUnavailable, PortalUnreachable, PortalUnreadable
from tasksync.value_classes import dataclass


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """No answer that can be used: `sent` tells whether the portal may have done it.

    `ends` is the error that ends the run; `proxy` as in NotSent; `final`: a repeat would be
    answered the same.
    """

    why: str
    sent: bool
    ends: PortalError | None = None
    proxy: str = ""
    final: bool = False


def no_answer_error(no_answer: NoAnswer, doing: str) -> PortalError:
    """Return the error for a request that never got a usable answer."""
    if no_answer.ends is not None:
        return no_answer.ends
    if "redirect" in no_answer.why:
        return PortalUnreadable(f"{doing}: {no_answer.why}.", "Check --portal: it must be the API.")
    if no_answer.sent:
        return PortalUnavailable(
            f"{doing}: the portal gave no answer that can be used ({no_answer.why}).",
            "Nothing is lost: run it again in a minute.",
        )
    if no_answer.proxy:
        return PortalUnreachable(
            f"{doing}: the proxy that {no_answer.proxy} names cannot be used ({no_answer.why}).",
            f"Check {no_answer.proxy}, or name the portal in NO_PROXY to go past it.",
        )
    return PortalUnreachable(
        f"{doing}: the portal cannot be reached ({no_answer.why}).",
        "Check --portal, the network, the proxy and the certificates.",
    )
