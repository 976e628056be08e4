"""The vendor's error codes: what each means, what to do, and whether anything was done.

Codes are those of the three seeds and of contract 3 and 5.2. A code that stands nowhere is
classified by its HTTP status, and without one it is AMBIGUOUS: never taken for a refusal.
"""

from __future__ import annotations

import re
from enum import StrEnum

from tasksync import errors
from tasksync.late_patterns import pattern_of
from tasksync.value_classes import dataclass, replace

#: one method worked longer than Bitrix24 allows in ten minutes (contract 5.2 and 6.1)
SPENT = "OPERATION_TIME_LIMIT"


class ErrorClass(StrEnum):
    """What an error says about the deed, and how far it reaches."""

    KEY = "key"  # 401: the key or session is no good; nothing was done
    RIGHT = "right"  # 403: the key may not do this at all; nothing was done
    FORBIDDEN = "forbidden"  # this task or field only; nothing was done
    REFUSED = "refused"  # the portal will not do it; nothing was done
    MISSING = "missing"  # the task is not there
    WAIT = "wait"  # 429: nothing was done, come again
    BLOCKED = "blocked"  # ERROR_LOOP_DETECTED: nothing was done, stop
    AMBIGUOUS = "ambiguous"  # it may have been done


@dataclass(frozen=True, slots=True)
class Meaning:
    """One row of the table."""

    error_class: ErrorClass
    says: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class CallError:
    """One error as the portal gave it; `status` 0 is a call inside a batch."""

    code: str
    text: str = ""
    status: int = 0
    retry_after: float | None = None
    ambiguous: bool = False  # its text says that it may have been done (wire.py)

    @property
    def spent(self) -> bool:
        """Whether the method's working time is used up: a wait and no failure (design 9)."""
        return self.code == SPENT

    @property
    def error_class(self) -> ErrorClass:
        """What it says about the deed."""
        return ErrorClass.AMBIGUOUS if self.ambiguous else meaning_of(self).error_class


_KEY = "Check TASKSYNC_API_KEY: make a new key in the portal's VibeCode section if need be."
_SESSION = "Sign in again and set TASKSYNC_SESSION_TOKEN to the new session."
_SCOPE = (
    "Use a key with the scopes `tasks`, `task` and `user`; tasksync whoami shows which one has."
)
_RIGHTS = (
    "Ask a portal administrator for the right, or use a key whose owner has it; tasksync whoami "
    "shows whose key this is."
)
_FIELD = "Mend the task in the manifest, then apply again."
_LATER = "Nothing is lost: run apply again in a minute."
_ROUTE = "Check --portal: it must be the API's address, for example https://vibecode.bitrix24.com."
_OURS = "This is a fault of tasksync or a change of the API: please report it with this line."
_BILL = "See the portal's subscription, then run again."
_W = ErrorClass

CODES: dict[str, Meaning] = {
    # seeds
    "ENTITY_NOT_FOUND": Meaning(
        _W.MISSING, "the task is not on the portal", "Run plan again: it was removed meanwhile."
    ),
    "READONLY_FIELD": Meaning(_W.REFUSED, "a read-only field was sent", _FIELD),
    "BITRIX_ERROR": Meaning(_W.REFUSED, "Bitrix24 refused the values", _FIELD),
    "SCOPE_DENIED": Meaning(_W.RIGHT, "the key lacks the scope `tasks`", _SCOPE),
    "TOKEN_MISSING": Meaning(
        _W.KEY,
        "the key has no tokens, or needs a user's session",
        "For an application key set TASKSYNC_SESSION_TOKEN; else connect the key to the portal.",
    ),
    "TASKS_BAD_TITLE": Meaning(
        _W.REFUSED, "the title is empty or longer than 250 characters", _FIELD
    ),
    # 400
    "VALIDATION_ERROR": Meaning(_W.REFUSED, "the request does not fit the API's schema", _FIELD),
    "INVALID_PARAMS": Meaning(_W.REFUSED, "a parameter is not valid", _OURS),
    "INVALID_REQUEST": Meaning(_W.REFUSED, "the request has the wrong structure", _OURS),
    "MISSING_PARAMS": Meaning(_W.REFUSED, "a required parameter is absent", _OURS),
    "MISSING_REQUIRED_FILTER": Meaning(_W.REFUSED, "a required filter is absent", _OURS),
    "INVALID_FILTER_FIELD": Meaning(_W.REFUSED, "the portal cannot filter by this field", _OURS),
    "INVALID_FILTER_OPERATOR": Meaning(_W.REFUSED, "the portal lacks this filter operator", _OURS),
    "INVALID_FILTER": Meaning(_W.REFUSED, "the filter is not understood", _OURS),
    "UNKNOWN_SORT_FIELD": Meaning(_W.REFUSED, "the portal cannot sort by this field", _OURS),
    "INVALID_SORT_TYPE": Meaning(_W.REFUSED, "the order is not understood", _OURS),
    "INVALID_SORT_DIRECTION": Meaning(_W.REFUSED, "the order's direction is unknown", _OURS),
    "UNSTABLE_OFFSET_PAGINATION": Meaning(_W.REFUSED, "paging by offset is unstable here", _OURS),
    "BATCH_LIMIT_EXCEEDED": Meaning(_W.REFUSED, "too many elements in one request", _OURS),
    "INCLUDE_LIMIT_EXCEEDED": Meaning(_W.REFUSED, "too many includes", _OURS),
    "INVALID_INCLUDE": Meaning(_W.REFUSED, "an unknown include", _OURS),
    "INVALID_ID": Meaning(_W.REFUSED, "the id is not valid", _OURS),
    "UNKNOWN_ENTITY": Meaning(_W.REFUSED, "the portal knows no such entity", _OURS),
    "ACTION_NOT_SUPPORTED": Meaning(_W.REFUSED, "the portal has no such action", _OURS),
    "MISSING_ENTITY_ID": Meaning(_W.REFUSED, "the call names no task", _OURS),
    "MISSING_DYNAMIC_PARAM": Meaning(_W.REFUSED, "the call lacks a parameter", _OURS),
    "INVALID_DYNAMIC_PARAM": Meaning(_W.REFUSED, "a parameter of the call is not valid", _OURS),
    "USE_DEDICATED_ENTITY": Meaning(_W.REFUSED, "this entity has a route of its own", _OURS),
    "ENTITY_CUSTOM_ROUTES": Meaning(_W.REFUSED, "this entity has routes of its own", _OURS),
    "INVALID_CALL": Meaning(_W.REFUSED, "a call of the batch is not valid", _OURS),
    # 401
    "MISSING_API_KEY": Meaning(_W.KEY, "no API key was sent", _KEY),
    "INVALID_API_KEY": Meaning(_W.KEY, "the API key is unknown or was deleted", _KEY),
    "INVALID_APP_KEY": Meaning(
        _W.KEY, "an application key needs a user's session", "Set TASKSYNC_SESSION_TOKEN."
    ),
    "TOKEN_EXPIRED": Meaning(_W.KEY, "the session has expired", _SESSION),
    "TOKEN_REFRESH_FAILED": Meaning(_W.KEY, "the session could not be renewed", _SESSION),
    "WRONG_KEY_TYPE": Meaning(_W.KEY, "this kind of key cannot be used here", _KEY),
    "KEY_INACTIVE": Meaning(_W.KEY, "the key was revoked", _KEY),
    "KEY_EXPIRED": Meaning(_W.KEY, "the key has expired", _KEY),
    "INVALID_SESSION": Meaning(_W.KEY, "the session is not valid", _SESSION),
    # 402
    "BILLING_EXHAUSTED": Meaning(_W.REFUSED, "the portal's balance is used up", _BILL),
    "ACCOUNT_FROZEN": Meaning(_W.REFUSED, "the account is frozen", _BILL),
    "COMMERCIAL_PLAN_REQUIRED": Meaning(_W.REFUSED, "this needs a commercial plan", _BILL),
    "B24_TARIFF_RESTRICTION": Meaning(_W.REFUSED, "the portal's tariff forbids this", _BILL),
    # 403
    "SCOPE_NOT_ALLOWED": Meaning(_W.RIGHT, "the key lacks a scope that this needs", _SCOPE),
    "BITRIX_ACCESS_DENIED": Meaning(_W.FORBIDDEN, "Bitrix24 denies access", _RIGHTS),
    "ACCESS_DENIED": Meaning(_W.FORBIDDEN, "the key's owner has no access to it", _RIGHTS),
    "OAUTH_REQUIRED": Meaning(_W.RIGHT, "this needs an application key with a session", _SESSION),
    "WAITLIST_PENDING": Meaning(_W.RIGHT, "the account is not admitted yet", _BILL),
    "MANAGEMENT_KEY_READ_ONLY": Meaning(_W.RIGHT, "a management key can only read", _KEY),
    "MANAGEMENT_KEY_NO_ENTITY_ACCESS": Meaning(
        _W.RIGHT, "a management key has no access to tasks", _KEY
    ),
    "IP_NOT_ALLOWED": Meaning(
        _W.RIGHT, "this address is not on the key's list", "Add this machine's address to the key."
    ),
    "WRITE_BLOCKED_READONLY_KEY": Meaning(
        _W.RIGHT, "the key may only read", "Use a key with access mode READWRITE to apply."
    ),
    "KEY_POLICY_READONLY_REQUIRED": Meaning(
        _W.RIGHT, "the portal allows read-only keys only", _RIGHTS
    ),
    "UPDATE_FAILED": Meaning(_W.FORBIDDEN, "the change needs more rights", _RIGHTS),
    # 404, 409, 422
    "NOT_FOUND": Meaning(
        _W.MISSING, "the task is not on the portal", "Run plan again: it was removed meanwhile."
    ),
    "CONFLICT": Meaning(_W.REFUSED, "the task's state does not allow it", _LATER),
    "ALREADY_EXISTS": Meaning(_W.REFUSED, "it is there already", "Run plan again."),
    "AGGREGATION_LIMIT_EXCEEDED": Meaning(_W.REFUSED, "the range is too wide", _OURS),
    # 429
    "RATE_LIMITED": Meaning(_W.WAIT, "the request limit is reached", _LATER),
    "QUERY_LIMIT_EXCEEDED": Meaning(_W.WAIT, "Bitrix24's request limit is reached", _LATER),
    "ERROR_LOOP_DETECTED": Meaning(
        _W.BLOCKED,
        "the platform blocks this key after repeated errors",
        "Mend the errors named above, wait an hour, then apply again: it takes up the rest.",
    ),
    # 5xx, and codes that one production client repeats
    "INTERNAL_ERROR": Meaning(_W.AMBIGUOUS, "the platform had an internal error", _LATER),
    "BITRIX_UNAVAILABLE": Meaning(_W.AMBIGUOUS, "Bitrix24 does not answer the platform", _LATER),
    "WINDOWED_SEARCH_FAILED": Meaning(_W.AMBIGUOUS, "the search failed", _LATER),
    "QUEUE_TIMEOUT": Meaning(_W.AMBIGUOUS, "the portal's queue was too long", _LATER),
    "QUEUE_OVERFLOW": Meaning(_W.AMBIGUOUS, "the portal's queue is full", _LATER),
    SPENT: Meaning(
        _W.AMBIGUOUS,
        "the working time that Bitrix24 gives this method in ten minutes is used up",
        "Nothing is lost: run apply again in ten minutes, it takes up the rest.",
    ),
    "TIMEOUT_QUARANTINE": Meaning(
        _W.AMBIGUOUS, "the portal is in quarantine after time-outs", _LATER
    ),
    "BITRIX_TIMEOUT": Meaning(_W.AMBIGUOUS, "Bitrix24 did not answer in time", _LATER),
    "AUTO_PAGINATION_FAILED": Meaning(_W.AMBIGUOUS, "the portal could not page", _LATER),
}

_BY_STATUS = {
    401: Meaning(_W.KEY, "the portal does not accept the key", _KEY),
    402: Meaning(_W.REFUSED, "the portal asks for payment", _BILL),
    403: Meaning(_W.RIGHT, "the key may not do this", _RIGHTS),
    404: Meaning(_W.MISSING, "not found on the portal", "Check --portal, then run plan again."),
    408: Meaning(_W.AMBIGUOUS, "the portal gave up waiting", _LATER),
    429: Meaning(_W.WAIT, "the request limit is reached", _LATER),
    499: Meaning(_W.AMBIGUOUS, "something between here and the portal gave up", _LATER),
}
_CLIENT = Meaning(_W.REFUSED, "the portal will not do it", _FIELD)
_UNKNOWN = Meaning(_W.AMBIGUOUS, "the portal is not well", _LATER)
_TRIAL = Meaning(_W.REFUSED, "the portal's trial does not allow it", _BILL)


def meaning_of(fault: CallError) -> Meaning:
    """Return the row of a fault: by its code, else by its status; 5xx is always AMBIGUOUS."""
    known = CODES.get(fault.code)
    if fault.status == 429:  # noqa: PLR2004 - whatever the code: it was refused before it began
        row = known or _BY_STATUS[429]
        return row if row.error_class is _W.BLOCKED else replace(row, error_class=_W.WAIT)
    if fault.status >= 500:  # noqa: PLR2004 - a gateway may put any code into its 5xx
        return known if known and known.error_class is _W.AMBIGUOUS else _UNKNOWN
    if known is not None:
        return known
    if fault.code.startswith("TRIAL_"):
        return _TRIAL
    if fault.status in _BY_STATUS:
        return _BY_STATUS[fault.status]
    return _CLIENT if 400 <= fault.status < 500 else _UNKNOWN  # noqa: PLR2004


def said(fault: CallError) -> str:
    """Return one line for people: the meaning, the code, and the portal's own words."""
    return meaning_of(fault).says + _names(fault)


def _names(fault: CallError) -> str:
    status = f"HTTP {fault.status}" if fault.status else ""
    name = ", ".join(part for part in (fault.code, status) if part)
    words = portal_words(fault.text)
    return (f" ({name})" if name else "") + (f": {words}" if words else "")


def error_of(fault: CallError, doing: str = "") -> errors.PortalError:
    """Return the error that ends a run for this fault; `doing` says what was asked."""
    kinds: dict[ErrorClass, type[errors.PortalError]] = {
        _W.KEY: errors.AuthenticationFailed,
        _W.RIGHT: errors.PermissionDenied,
        _W.FORBIDDEN: errors.PermissionDenied,
        _W.BLOCKED: errors.PortalBlocked,
        _W.WAIT: errors.PortalUnavailable,
        _W.AMBIGUOUS: errors.PortalUnavailable,
    }
    if fault.error_class is _W.MISSING and fault.status == 404:  # noqa: PLR2004 - what is read has no id
        message = f"{doing}: the portal does not know this route{_names(fault)}"
        return errors.PortalRejected(message, _ROUTE, code=fault.code)
    kind = kinds.get(fault.error_class, errors.PortalRejected)
    message = (f"{doing}: " if doing else "") + said(fault)
    return kind(message, meaning_of(fault).advice, code=fault.code)


_CONTROLS = pattern_of(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_BREAKS = pattern_of(r"(?:\s*<br\s*/?>)+\s*$", re.IGNORECASE)
LONGEST_QUOTE = 500
#: what is searched, so that no expression searches words without end (design 9)
_SEARCHED = 2 * LONGEST_QUOTE


def portal_words(text: str) -> str:
    """Return the portal's words in quotes: no trailing <br>, controls escaped, not endless."""
    bare = _BREAKS.sub("", text.strip()[:_SEARCHED].rstrip())
    if not bare:
        return ""
    if len(bare) > LONGEST_QUOTE:
        bare = bare[:LONGEST_QUOTE] + "…"
    return '"' + _CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", bare) + '"'
