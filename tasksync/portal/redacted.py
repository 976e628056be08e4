"""A transport like another, whose answers have lost our secrets before anybody reads them."""

from __future__ import annotations

from collections.abc import Callable

from tasksync.core.secrets import Secrets
from tasksync.portal.exchange import Answer, NotPermitted, NotSent, Request, Transport, Unanswered


class Redacted:
    """Passes requests on as they are, and answers and faults without our secrets."""

    def __init__(self, send: Transport, secrets: Callable[[], Secrets]) -> None:
        self._send = send
        self._secrets = secrets

    def __call__(self, request: Request) -> Answer:
        """Send one request; raises NotSent (NotPermitted) or Unanswered."""
        try:
            answer = self._send(request)
        except NotPermitted:
            raise
        except (NotSent, Unanswered) as fault:
            raise type(fault)(self._secrets().redact(str(fault))) from None
        return redacted(answer, self._secrets())


def redacted(answer: Answer, secrets: Secrets) -> Answer:
    """Return an answer without our secrets: in any header, and in a body of any kind."""
    headers = {name: secrets.redact(value) for name, value in answer.headers.items()}
    return Answer(answer.status, headers, secrets.redact_bytes(answer.body))
