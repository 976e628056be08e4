"""The keys of this portal, and what each of them may do (contract 10 and 5.2).

`vibe_api_sandbox` may do everything. The others are refused, each for its own reason.
"""

from __future__ import annotations

from typing import NamedTuple

from tasksync.sandbox.json_codec import Json
from tasksync.sandbox.model.directory import person
from tasksync.sandbox.model.quirks import Quirks
from tasksync.sandbox.web.http_messages import ApiError, WebRequest

GOOD_KEY = "vibe_api_sandbox"
APP_KEY = "vibe_app_sandbox"
SESSION = "vibe_session_sandbox"
TASKS = "tasks"
SHOWN_LENGTH = 10


class ApiKey(NamedTuple):
    """One key; `refusal` is how it is answered wherever entity data begins."""

    name: str
    owner: int = 1
    scopes: frozenset[str] = frozenset({TASKS, "user", "sonet_group"})
    sees_all: bool = True
    read_only: bool = False
    session: str = ""
    refusal: tuple[int, str, str] | None = None
    unusable: bool = False  # not even /v1/me

    @property
    def kind(self) -> str:
        """`data.type` of /v1/me."""
        if self.name.startswith("vibe_live_"):
            return "management"
        return "oauth_app" if self.session else "personal"

    def may(self, scope: str, quirks: Quirks) -> bool:
        """Whether the key holds a scope, under the name that this portal gives it."""
        held = {quirks.scope if name == TASKS else name for name in self.scopes}
        return scope in held

    def scope_names(self, quirks: Quirks) -> list[str]:
        """`data.scopes` of /v1/me."""
        return sorted(quirks.scope if name == TASKS else name for name in self.scopes)


_NO_TOKENS = (401, "TOKEN_MISSING", "The API key has no configured tokens")
_MANAGEMENT = (403, "MANAGEMENT_KEY_NO_ENTITY_ACCESS", "Management keys cannot read entity data")
KEYS = {
    key.name: key
    for key in (
        ApiKey(GOOD_KEY),
        ApiKey("vibe_api_noscope", scopes=frozenset({"user", "sonet_group"})),
        ApiKey("vibe_api_tasksonly", scopes=frozenset({TASKS})),
        ApiKey("vibe_api_notokens", refusal=_NO_TOKENS),
        ApiKey("vibe_api_readonly", read_only=True),
        ApiKey("vibe_api_weak", owner=22, sees_all=False),
        ApiKey(
            "vibe_api_expired", refusal=(401, "KEY_EXPIRED", "API key has expired"), unusable=True
        ),
        ApiKey(
            "vibe_api_revoked", refusal=(401, "KEY_INACTIVE", "API key is revoked"), unusable=True
        ),
        ApiKey(
            "vibe_api_elsewhere",
            refusal=(403, "IP_NOT_ALLOWED", "This IP address is not allowed for the key"),
            unusable=True,
        ),
        ApiKey(APP_KEY, owner=2, session=SESSION),
        ApiKey("vibe_live_sandbox", refusal=_MANAGEMENT),
    )
}


def key_shown(request: WebRequest) -> str:
    """The key in a request, good or not: X-Api-Key, or a vibe_api_ or vibe_live_ bearer."""
    if key := request.header("X-Api-Key"):
        return key
    bearer = _bearer(request)
    return bearer if bearer.startswith(("vibe_api_", "vibe_live_")) else ""


def shortened(key: str) -> str:
    """The first characters of a key, for the log."""
    return f"{key[:SHOWN_LENGTH]}…" if key else ""


def authenticated(request: WebRequest, quirks: Quirks, *, entity: bool) -> ApiKey:
    """Whose request this is; raises ApiError. `entity`: whether it goes for entity data."""
    name = key_shown(request)
    if not name:
        raise ApiError(401, "MISSING_API_KEY", "API key required. Pass via X-Api-Key header.")
    key = KEYS.get(name)
    if key is None:
        raise ApiError(401, "INVALID_API_KEY", "Invalid API key")
    if key.refusal and (entity or key.unusable):
        raise ApiError(*key.refusal)
    if key.session and entity:
        _check_session(request, key, quirks)
    return key


def check_scope(key: ApiKey, scope: str, quirks: Quirks) -> None:
    """Raises SCOPE_DENIED when the key lacks the scope (seeds; text from contract 5.2)."""
    if not key.may(scope, quirks):
        message = f"This endpoint requires '{scope}' scope"
        raise ApiError(403, "SCOPE_DENIED", message, details={"details": {"requiredScope": scope}})


def check_writable(key: ApiKey) -> None:
    """Raises when the key may only read (contract 10)."""
    if key.read_only:
        message = "This API key is read-only: write operations are blocked"
        raise ApiError(403, "WRITE_BLOCKED_READONLY_KEY", message)


def _check_session(request: WebRequest, key: ApiKey, quirks: Quirks) -> None:
    bearer = _bearer(request)
    if not bearer:
        message = "Authorization: Bearer <session token> is required for app keys"
        raise ApiError(401, quirks.no_session_code, message)
    if bearer != key.session:
        raise ApiError(401, "INVALID_SESSION", "Invalid or expired session")


def _bearer(request: WebRequest) -> str:
    kind, _, token = request.header("Authorization").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def profile(key: ApiKey, quirks: Quirks, portal: str, per_second: float) -> Json:
    """`data` of GET /v1/me (contract 10)."""
    return {
        "type": key.kind,
        "portal": portal,
        "scopes": key.scope_names(quirks),
        "api": {"entityApi": {"entities": ["tasks", "users", "workgroups"]}, "batch": True},
        "rateLimit": {"requestsPerSecond": per_second},
        "accessMode": "READONLY" if key.read_only else "READWRITE",
        "auth": {"header": "X-Api-Key"},
        "owner": {"id": key.owner, "name": person(key.owner)["name"]},
        "currentUser": {"bitrixUserId": key.owner},
        "expiresAt": None,
    }
