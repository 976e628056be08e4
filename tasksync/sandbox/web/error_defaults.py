"""The error code and the wait in seconds of an injected fault whose rule names none."""

from __future__ import annotations

DEFAULT_CODES = {
    400: "BITRIX_ERROR",
    401: "TOKEN_EXPIRED",
    403: "BITRIX_ACCESS_DENIED",
    404: "ENTITY_NOT_FOUND",
    422: "BITRIX_ERROR",
    429: "RATE_LIMITED",
    500: "INTERNAL_ERROR",
    502: "BITRIX_UNAVAILABLE",
    503: "SERVICE_UNAVAILABLE",
    504: "QUEUE_TIMEOUT",
}
RETRY_AFTER = {"RATE_LIMITED": 2, "QUEUE_TIMEOUT": 10, "ERROR_LOOP_DETECTED": 60}
