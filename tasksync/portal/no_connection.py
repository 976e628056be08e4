"""Why there was no answer, in plain words: no class, pool or address in memory of a library's."""

from __future__ import annotations

import ssl

from urllib3.exceptions import (
    ConnectTimeoutError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
)

from tasksync.late_patterns import pattern_of

#: how urllib3 begins what it says of a connection: `Watched(host='x', port=443): `, `<… at 0x…>: `
_OF_AN_OBJECT = pattern_of(r"^(?:<[^<>]* object at 0x[0-9a-f]+>|\w+\([^()]*\)): ")
_WANTS_LOGIN = pattern_of(r"\b407\b")


def causes(fault: BaseException) -> list[object]:
    """Return an error with what it was made of, the outermost first."""
    seen: list[object] = [fault]
    for one in seen:
        if isinstance(one, BaseException) and len(seen) < 16:  # noqa: PLR2004
            inner = (getattr(one, "reason", None), one.__cause__, *one.args)
            seen += [each for each in inner if isinstance(each, BaseException) and each not in seen]
    return seen


def at_a_proxy(fault: BaseException) -> bool:
    """Tell whether the connection failed at the proxy, and never came to the portal."""
    return any(isinstance(one, ProxyError) for one in causes(fault))


def in_words(fault: BaseException) -> str:
    """Return what happened."""
    found = causes(fault)
    for one in found:
        if words := _known(one):
            return words
    plain = [one for one in found if isinstance(one, BaseException)][-1]
    if at_a_proxy(fault) and _WANTS_LOGIN.search(str(plain)):
        return "it wants another user and password (407)"
    return _OF_AN_OBJECT.sub("", _reason(plain)) or type(plain).__name__


def _known(fault: object) -> str:
    match fault:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted: {fault.verify_message or 'it does not fit'}"
        case ssl.SSLError() if fault.reason:
            return f"TLS failed: {fault.reason.replace('_', ' ').lower()}"
        case NameResolutionError():
            return f"the name {fault.conn.host} is not known"
        case NewConnectionError():
            return f"{fault.conn.host}:{fault.conn.port}: {_reason(fault)}"
        case ConnectTimeoutError():
            return "the connection did not stand in time"
        case _:
            return ""


def _reason(fault: BaseException) -> str:
    """Return an error's own words; of the system's errors without their numbers."""
    for one in (fault, fault.__cause__):
        if isinstance(one, OSError) and one.strerror:
            return one.strerror
    return _OF_AN_OBJECT.sub("", str(fault))
