"""The people of a sandbox that is kept in a file, changed between two runs."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

from tasksync.sandbox.web.http_messages import WebRequest
from tasksync.sandbox.web.routes import open_api


def control(file: Path, method: str, path: str, body: object = None) -> Any:
    """Ask a control route of the sandbox in a file; what it answers, which must be good."""
    sent = b"" if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    with closing(open_api(file)) as api:
        answer = api.handle(WebRequest(method, f"/_sandbox/{path}", headers=headers, body=sent))
    assert answer.status < 300, answer
    return json.loads(answer.body) if answer.body else None
