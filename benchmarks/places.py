"""Where everything lies: the checkout, and the folder that may be thrown away."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parent
WORK = HERE / ".work"
HOME = WORK / "home"
PEERS = HERE / "peers"
RESULTS = HERE / "RESULTS.md"
KEPT = WORK / "results.json"
