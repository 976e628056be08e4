"""--target and --exclude: what they name has to be there, and what they leave out is said."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from command import Tasksync
from hand import ids_of, world_of

from tasksync.core.fields import TaskKey
from tasksync.core.planning.scope import nearest

ROOT = Path(__file__).parents[2]
MANIFEST = """\
apiVersion: tasksync/v1
project: narrow
defaults: {responsibleId: 1}
tasks:
  onboarding/contract: {title: Contract}
  onboarding/laptop: {title: Laptop, parent: onboarding/contract}
  audit/q1: {title: Q1}
  report: {title: Report}
"""


@pytest.fixture
def tasksync(tmp_path: Path) -> Tasksync:
    return Tasksync.of(tmp_path, MANIFEST)


@pytest.mark.parametrize("flag", ["--target", "--exclude"])
@pytest.mark.parametrize(
    ("glob", "told"),
    [
        ("onbording/laptop", "Did you mean onboarding/laptop?"),
        ("onbording/*", "Did you mean onboarding/*?"),
        ("Audit/Q1", "Did you mean audit/q1?"),
        ("zzz", "tasksync state list shows the keys"),
        ("", "tasksync state list shows the keys"),
    ],
)
@pytest.mark.parametrize("command", [["plan"], ["plan", "--destroy"], ["apply", "--yes"]])
def test_a_glob_that_fits_no_key_is_refused_with_what_is_near(
    tasksync: Tasksync, tmp_path: Path, command: list[str], flag: str, glob: str, told: str
) -> None:
    done = tasksync(*command, flag, "audit/*", flag, glob)
    assert (done.code, done.out) == (64, "")
    assert f'{flag} "{glob}" fits no key' in done.err
    assert told in done.err
    assert ids_of(tasksync) == {}
    assert not world_of(tmp_path)


@pytest.mark.parametrize(
    ("glob", "near"),
    [
        ("onbording/*", "onboarding/*"),
        ("onboarding/teem-0042/*", "onboarding/team-0042/*"),
        ("onbording/team-0042/contract", "onboarding/team-0042/contract"),
        ("nboarding/team-0042/contrac", "onboarding/team-0042/contract"),
        ("AUDIT/q1", "audit/q1"),
        ("something else", ""),
    ],
)
def test_what_is_near_is_found_among_many_keys(glob: str, near: str) -> None:
    keys = [TaskKey(f"onboarding/team-{n:04}/contract") for n in range(5000)]
    assert nearest(glob, [*keys, TaskKey("audit/q1")]) == near


def test_a_glob_may_name_what_is_only_remembered(tasksync: Tasksync) -> None:
    assert tasksync("apply", "--yes").code == 0
    tasksync.manifest(MANIFEST.replace("  audit/q1: {title: Q1}\n", ""), "m.yaml")
    assert "0 to change, 1 to destroy" in tasksync("plan", "--target", "audit/*").out
    near = tasksync("plan", "--target", "audit/q2")
    assert (near.code, "Did you mean audit/q1?" in near.err) == (64, True)


def test_a_narrowed_plan_says_what_it_leaves_out_everywhere(
    tasksync: Tasksync, tmp_path: Path
) -> None:
    said = "Narrowed by --target audit/*: 3 changes are left out."
    plan = tmp_path / "p.json"
    assert tasksync("plan", "--target", "audit/*", "--out", plan).out.endswith(f"\n{said}\n")
    for format_ in ("markdown", "html"):
        assert said in tasksync("plan", "--target", "audit/*", "--format", format_).out
    data = json.loads(plan.read_text())
    jsonschema.validate(data, json.loads((ROOT / "schemas" / "plan.schema.json").read_text()))
    assert (data["narrowed"], data["left_out"]) == (["--target audit/*"], 3)
    assert said in tasksync("show", plan).out
    assert tasksync("apply", plan).out.endswith(f"\n{said}\n")
    again = tasksync("apply", "--yes", "--target", "audit/*").out
    assert "No changes." in again
    assert again.endswith(f"\n{said}\n")
    one = tasksync("apply", "--yes", "--target", "onboarding/*", "--exclude", "audit/*").out
    assert "In narrow on sandbox.bitrix24.example." in one
    assert one.endswith(
        "Narrowed by --target onboarding/* --exclude audit/*: 1 change is left out.\n"
    )
    assert tasksync("apply", "--yes", "--exclude", "audit/*").out.endswith(
        "Narrowed by --exclude audit/*: no change is left out.\n"
    )
    whole = tasksync("plan").out
    assert "Narrowed" not in whole


def test_apply_as_json_says_before_and_after_what_the_plan_says_of_its_scope(
    tasksync: Tasksync,
) -> None:
    plan = json.loads(tasksync("plan", "--target", "audit/*", "--format", "json").out)
    done = tasksync("apply", "--yes", "--json", "--target", "audit/*")
    lines = [json.loads(line) for line in done.out.splitlines()]
    schema = json.loads((ROOT / "schemas" / "events.schema.json").read_text())
    before, after = [line for line in lines if line["type"] == "change_summary"]
    for line in (before, after):
        jsonschema.validate(line, schema)
        for name in ("project", "portal", "narrowed", "left_out"):
            assert line["changes"][name] == plan[name]
        said = "Narrowed by --target audit/*: 3 changes are left out."
        assert line["@message"].endswith(said)
    assert before["changes"]["unchanged"] == plan["unchanged"]


def test_what_is_left_out_counts_edits_drift_and_removals_and_is_not_called_unchanged(
    tasksync: Tasksync,
) -> None:
    assert tasksync("apply", "--yes").code == 0
    tasksync.manifest(
        MANIFEST.replace("title: Laptop", "title: Notebook")
        .replace("title: Q1", "title: Q1 audit")
        .replace("  report: {title: Report}\n", ""),
        "m.yaml",
    )
    for more in ([], ["--no-refresh"]):
        out = tasksync("plan", "--target", "audit/*", *more).out
        assert "1 unchanged." in out
        assert "2 changes are left out." in out
    out = tasksync("plan", "--destroy", "--exclude", "onboarding/contract").out
    assert "3 to destroy" in out
    assert "1 change is left out." in out


def test_a_plan_file_of_an_earlier_version_says_that_it_is_narrowed(
    tasksync: Tasksync, tmp_path: Path
) -> None:
    from tasksync.core.formats.plan_digest import checksum_of

    plan = tmp_path / "p.json"
    assert tasksync("plan", "--target", "audit/*", "--out", plan).code == 0
    data = json.loads(plan.read_text())
    del data["narrowed"], data["left_out"]
    plan.write_text(json.dumps({**data, "checksum": checksum_of(data)}))
    assert "Narrowed by --target or --exclude.\n" in tasksync("show", plan).out
    assert tasksync("apply", plan).code == 0


def test_the_plan_its_summary_the_question_and_the_end_name_project_and_portal(
    tasksync: Tasksync,
) -> None:
    where = "narrow on sandbox.bitrix24.example"
    done = tasksync("apply", answer="yes")
    lines = done.out.splitlines()
    assert lines[0] == f"Project {where}."
    assert lines.count(f"In {where}.") == 2  # beside the plan's line, and beside the end's
    assert lines[lines.index(f"In {where}.") - 1].startswith("Plan: 4 to add")
    assert lines[-1].startswith("Apply complete!")
    assert f"Apply 4 changes to {where}? Only 'yes' will be accepted: " in done.err
    nothing = tasksync("plan").out.splitlines()
    assert (nothing[0], nothing[-3]) == (
        f"Project {where}.",
        "No changes. The portal matches the manifest.",
    )
    assert nothing[-2].startswith("Digest: sha256:")
