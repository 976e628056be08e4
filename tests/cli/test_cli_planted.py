"""Nothing on disk is believed because of where it lies: what the YAML names is not deleted."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest
from command import Tasksync

from tasksync.manifests import files, header, loader

MANIFEST = """\
apiVersion: tasksync/v1
project: planted
policy: {maxDelete: 100%}
defaults: {responsibleId: 1}
tasks:
  a: {title: First}
  b: {title: Second}
  c: {title: Third}
"""


def planted(manifest: Path) -> None:
    """Put rows beside the manifest, as versions before kept them, that know of `a` alone."""
    head = header.read(files.find([str(manifest)])[0])
    (row, *_others) = loader.load([str(manifest)]).tasks()
    rows = {"keys": ["a"], "digests": row.digest.hex(), "lines": [6], "parents": {}, "adopts": {}}
    name = f"{head.files[0].look.digest.hex()}-{loader._context(head.contexts[0])}.rows"
    packed = json.dumps(rows).encode()
    total = sha256(name.encode() + b"\0" + packed).hexdigest().encode()
    folder = manifest.parent / ".tasksync" / "cache"
    folder.mkdir(mode=0o700, parents=True)
    (folder / name).write_bytes(total + b"\n" + packed)


@pytest.mark.parametrize("flags", [(), ("--no-refresh",)])
def test_rows_planted_beside_the_manifest_delete_nothing(
    tmp_path: Path, flags: tuple[str, ...]
) -> None:
    tasksync = Tasksync(tmp_path)
    manifest = tasksync.manifest(MANIFEST)
    assert tasksync("apply", "-f", manifest, "--yes").code == 0
    planted(manifest)
    for verb in (["plan", "--detailed-exitcode"], ["apply", "--yes"]):
        done = tasksync(*verb, "-f", manifest, *flags)
        assert (done.code, "No changes." in done.out) == (0, True), done


def test_a_run_keeps_nothing_beside_the_manifest_but_state_and_sandbox(tmp_path: Path) -> None:
    tasksync = Tasksync(tmp_path)
    manifest = tasksync.manifest(MANIFEST)
    for verb in (["apply", "--yes"], ["plan"]):
        assert tasksync(*verb, "-f", manifest).code == 0
    folder = tmp_path / ".tasksync"
    kept = {path.name.partition(".")[0] for path in folder.iterdir()} if folder.exists() else set()
    assert kept <= {"planted", "sandbox"}
