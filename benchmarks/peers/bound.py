"""The bound: libyaml's raw scan of all files, and key, id and hash of every remembered task.

usage: bound.py MANIFEST-FOLDER STATE.db
"""

import sqlite3
import sys
from pathlib import Path

from yaml.cyaml import CParser


def main(folder: str, state: str) -> None:
    """Scan, load, and say how much."""
    for path in sorted(Path(folder).rglob("*.yaml")):
        with path.open("rb") as stream:
            CParser(stream).raw_parse()
    rows = sqlite3.connect(state).execute("SELECT key, id, asked FROM entries").fetchall()
    remembered = {key: (remote, digest) for key, remote, digest in rows}
    print(f"scanned; {len(remembered)} remembered")


main(*sys.argv[1:])
