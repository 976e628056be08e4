"""Writes what is made of the code and the schemas; with --check it tells what is out of date.

.venv-test/bin/python .ci/generate
"""

from __future__ import annotations

import sys
from pathlib import Path

import commands_page
import completions
import schema_pages

ROOT = Path(__file__).parents[2]


def main(words: list[str]) -> int:
    """Write the files that are not as they should be; 1 where only looking finds some."""
    made = {**completions.pages(), **commands_page.pages(), **schema_pages.pages()}
    for name, text in made.items():
        file = ROOT / name
        if file.exists() and file.read_text(encoding="utf-8") == text:
            continue
        print(name.as_posix())
        if "--check" not in words:
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
