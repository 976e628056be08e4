"""The local portal as a transport: `--portal sandbox:FILE` without a socket."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

from tasksync.cli.settings import made
from tasksync.errors import SettingsError
from tasksync.file_limits import why
from tasksync.portal.messages import NotPermitted, PortalAnswer, PortalRequest, Unanswered
from tasksync.sandbox.model.journal import JournalDamaged
from tasksync.sandbox.web import http_messages
from tasksync.sandbox.web.api_keys import GOOD_KEY, KEYS
from tasksync.sandbox.web.connection_faults import BrokenBody, ConnectionLost, Hang
from tasksync.sandbox.web.routes import open_api


class InProcess:
    """Hands requests to a sandbox whose world is kept in a file.

    A key that the sandbox does not know, as that of a real portal, counts as its good one.
    Raises SettingsError when the file is no sandbox's.
    """

    host = "sandbox"

    def __init__(self, file: Path, key: str, session: str | None) -> None:
        try:
            made(file.parent)
            self._api = open_api(file)
        except (JournalDamaged, OSError) as error:
            raise SettingsError(
                f"The sandbox cannot keep its world in {file}: {why(error)}.",
                "Name another file with --portal sandbox:FILE, or move this one away.",
            ) from error
        self._headers = {"X-Api-Key": key if key in KEYS else GOOD_KEY}
        if session:
            self._headers["Authorization"] = f"Bearer {session}"

    def __call__(self, request: PortalRequest) -> PortalAnswer:
        """Answer as the portal would; a lost connection is Unanswered."""
        asked = http_messages.WebRequest(
            request.method,
            request.path,
            urlencode(request.query),
            {**self._headers, **dict(request.headers)},
            request.body or b"",
        )
        if not request.permitted():
            raise NotPermitted
        try:
            answer = self._api.handle(asked)
        except (ConnectionLost, BrokenBody, Hang) as error:
            raise Unanswered(str(error)) from error
        return PortalAnswer(answer.status, dict(answer.headers), answer.body)
