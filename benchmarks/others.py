"""The same work for the peers: as many objects, declared in their own files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from benchmarks import manifests
from benchmarks.measuring import Subject, run
from benchmarks.places import PEERS, WORK
from benchmarks.scenes import Scene
from benchmarks.venvs import LITERAL, OCTODNS, TASKSYNC, TERRAFORM

_CONFIG = """\
providers:
  wanted: {{class: octodns.provider.yaml.YamlProvider, directory: {0}/wanted}}
  found: {{class: octodns.provider.yaml.YamlProvider, directory: {0}/found}}
zones:
  example.com.: {{sources: [wanted], targets: [found]}}
"""


def octodns(count: int, *, new: bool = False) -> Subject:
    """OctoDNS plans a zone of so many A records between two local YAML files.

    A record has 4 lines and about 70 bytes, a fifth of a task: the smaller work is the peer's.
    """
    folder = WORK / f"octodns-{count}{'-new' if new else ''}"
    config = folder / "config.yaml"
    if not config.exists():
        for name, records in (("wanted", count), ("found", 0 if new else count)):
            (folder / name).mkdir(parents=True, exist_ok=True)
            with (folder / name / "example.com.yaml").open("w", encoding="ascii") as file:
                file.write("---\n")
                file.writelines(_records(records))
        config.write_text(_CONFIG.format(folder), encoding="ascii")
    command = [OCTODNS.program("octodns-sync"), "--config-file", str(config)]
    expect = "Creates=" if new else "No changes were planned"
    return Subject("octoDNS", command, expect)


def octodns_dump(count: int) -> Subject:
    """OctoDNS dumps a zone of so many A records, of a local file, into another one."""
    octodns(count)
    folder = WORK / f"octodns-{count}"
    config, out = folder / "config.yaml", folder / "dumped"
    out.mkdir(exist_ok=True)
    words = ["--config-file", str(config), "--output-dir", str(out), "example.com.", "found"]
    return Subject("octoDNS dump", [OCTODNS.program("octodns-dump"), *words])


def _records(count: int) -> Iterator[str]:
    for number in range(count):
        high, low = divmod(number, 250)
        address = f"10.{high // 250}.{high % 250}.{low + 1}"
        yield f"host-{number:07d}:\n  ttl: 300\n  type: A\n  values: [{address}, 192.0.2.1]\n"
    if not count:
        yield "{}\n"


def terraform(count: int, *, for_each: bool = False) -> Subject:
    """Terraform plans so many new `terraform_data` objects, with the nine fields as input."""
    folder = WORK / f"terraform-{count}{'-for-each' if for_each else ''}"
    script = str(PEERS / "terraform_plan.py")
    if not (folder / "ready").exists():
        folder.mkdir(parents=True, exist_ok=True)
        if for_each:
            _for_each(folder, count)
        else:
            _blocks(folder, count)
        run(Subject("terraform init", [TERRAFORM.python, script, "init", str(folder)]))
        (folder / "ready").touch()
    command = [TERRAFORM.python, script, "plan", str(folder)]
    return Subject("Terraform", command, f"{count} to add")


def _blocks(folder: Path, count: int) -> None:
    objects = {manifests.key(one): {"input": manifests.fields(one)} for one in range(count)}
    document = {"resource": {"terraform_data": objects}}
    (folder / "main.tf.json").write_text(json.dumps(document), encoding="utf-8")


def _for_each(folder: Path, count: int) -> None:
    with (folder / "tasks.yaml").open("w", encoding="utf-8") as file:
        file.write("tasks:\n")
        file.writelines(manifests.block(one) for one in range(count))
    document = {
        "locals": {"tasks": '${yamldecode(file("${path.module}/tasks.yaml")).tasks}'},
        "resource": {
            "terraform_data": {"task": {"for_each": "${local.tasks}", "input": "${each.value}"}}
        },
    }
    (folder / "main.tf.json").write_text(json.dumps(document), encoding="utf-8")


def literal(scene: Scene) -> Subject:
    """The literal script over the same manifest; what it remembers is written beforehand."""
    remembered = WORK / f"literal-{scene.count}.json"
    script = str(PEERS / "literal.py")
    command = [LITERAL.python, script, str(scene.manifest), str(remembered)]
    subject = Subject("literal script", command, "No changes.")
    if not remembered.exists():
        _remember(scene.count, remembered)
    return subject


def _remember(count: int, file: Path) -> None:
    with file.open("w", encoding="utf-8") as out:
        out.write("{")
        for number in range(count):
            comma = "," if number else ""
            out.write(f"{comma}{json.dumps(manifests.key(number))}:")
            out.write(json.dumps(manifests.fields(number)))
        out.write("}")


def bound(scene: Scene) -> Subject:
    """The bound of a plan of this scene: raw scan of its bytes, and its remembered hashes."""
    script = str(PEERS / "bound.py")
    command = [TASKSYNC.python, script, str(scene.manifest), str(scene.state)]
    return Subject("bound", command, f"{scene.count} remembered")
