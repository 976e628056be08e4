"""The portal's clock: a source that is handed in, and an offset that a control route may move."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone, tzinfo

#: The zone of every example in the seeds.
PORTAL_ZONE: tzinfo = timezone(timedelta(hours=3))
#: no two zones are further apart
_DAY = timedelta(days=1)


def _monotonic_time() -> Callable[[], float]:
    start, start_monotonic = time.time(), time.monotonic()
    return lambda: start + time.monotonic() - start_monotonic


@dataclass(slots=True)
class PortalClock:
    """Seconds since the epoch that never run backwards; `sleep` is how injected faults wait."""

    source: Callable[[], float] = field(default_factory=_monotonic_time)
    sleep: Callable[[float], None] = time.sleep
    zone: tzinfo = PORTAL_ZONE
    offset: float = 0.0

    def now(self) -> float:
        """The portal's time, in seconds since the epoch."""
        return self.source() + self.offset

    def second(self) -> int:
        """The same in whole seconds: the vendor keeps no finer instants (seeds)."""
        return int(self.now())

    def advance(self, seconds: float) -> float:
        """Move the portal's time forward and return it."""
        self.offset += seconds
        return self.now()


def read_instant(text: str, zone: tzinfo) -> int:
    """Epoch seconds of an ISO 8601 text; without an offset it is the portal's time (contract 8.2).

    Raises ValueError when the text is no instant, or one that no other zone could write.
    """
    moment = datetime.fromisoformat(text.strip())
    try:
        _ends = moment - _DAY, moment + _DAY
    except OverflowError as error:
        raise ValueError(text) from error
    return int((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp())


def write_instant(at: int, zone: tzinfo) -> str:
    """`2026-05-12T13:02:48+03:00`, the form of the seeds; UTC is written with `Z`."""
    text = datetime.fromtimestamp(at, zone).isoformat(timespec="seconds")
    return f"{text.removesuffix('+00:00')}Z" if text.endswith("+00:00") else text


def zone_of(text: str) -> tzinfo:
    """A fixed zone from `Z` or `+05:00`; raises ValueError for anything else."""
    zone = datetime.fromisoformat(f"2026-01-01T00:00:00{text}").tzinfo
    if zone is None:
        message = f"not an offset: {text!r}"
        raise ValueError(message)
    return zone
