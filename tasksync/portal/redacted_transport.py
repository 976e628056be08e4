"""A transport like another, whose answers are freed of our secrets before anybody reads them."""

from __future__ import annotations

from collections.abc import Callable

from tasksync.core.secrets import Secrets
from tasksync.portal.messages import (
    NotPermitted,
    NotSent,
    PortalAnswer,
    PortalRequest,
    Transport,
    Unanswered,
)


class RedactedTransport:
    """Passes requests on as they are, and answers and faults without our secrets."""

    def __init__(self, send: Transport, secrets: Callable[[], Secrets]) -> None:
        self._send = send
        self._secrets = secrets

    def __call__(self, request: PortalRequest) -> PortalAnswer:
        """Send one request; raises NotSent (NotPermitted) or Unanswered."""
        try:
            answer = self._send(request)
        except NotPermitted:
            raise
        except (NotSent, Unanswered) as fault:
            fault.args = (self._secrets().redact(str(fault)),)  # all else that it tells stays
            raise fault from None
        return redacted(answer, self._secrets())


def redacted(answer: PortalAnswer, secrets: Secrets) -> PortalAnswer:
    """Return an answer without our secrets: in any header, and in a body of any kind."""
    headers = {name: secrets.redact(value) for name, value in answer.headers.items()}
    return PortalAnswer(answer.status, headers, secrets.redact_bytes(answer.body))
