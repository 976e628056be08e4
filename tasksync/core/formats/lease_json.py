"""The lock of a state as plain JSON data, and back: who holds it, since when, for how long."""

from __future__ import annotations

from typing import Any

from tasksync.core.formats import typed
from tasksync.core.formats.state_text import reading
from tasksync.core.formats.values_json import decode_instant, encode_instant
from tasksync.core.state import Holder, Lease
from tasksync.value_classes import asdict


def encode_holder(holder: Holder) -> dict[str, object]:
    """Return who holds a lease."""
    return asdict(holder)


def decode_holder(data: Any) -> Holder:
    """Return the holder that `encode_holder` wrote."""
    with reading("the holder of the lock"):
        texts = {name: typed.text(data, name) for name in ("user", "host", "started", "run_url")}
        return Holder(
            pid=typed.whole(data, "pid"), operation=typed.text(data, "operation"), **texts
        )


def encode_lease(lease: Lease) -> dict[str, object]:
    """Return a lease with its holder."""
    return {
        "id": lease.id,
        "holder": encode_holder(lease.holder),
        "fence": lease.fence,
        "since": encode_instant(lease.since),
        "heartbeat": encode_instant(lease.heartbeat),
        "ttl": lease.ttl,
    }


def decode_lease(data: Any) -> Lease:
    """Return the lease that `encode_lease` wrote."""
    with reading("the lock"):
        return Lease(
            typed.text(data, "id"),
            decode_holder(data["holder"]),
            typed.whole(data, "fence"),
            decode_instant(data["since"]),
            decode_instant(data["heartbeat"]),
            float(data["ttl"]),
        )
