"""What our stand-ins for the vendors' runners read, and which jobs run when."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import Tasksync
from linting import ROOT
from support.ci.conditions import Conditions, UnknownCondition
from support.ci.gitlab_runner import component, when_of
from support.ci.steps import MANIFEST


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a == 'x' && b", True),
        ("a != 'X'", False),
        ("(a == 'y' || b) && !c", True),
        ("c == null", True),
        ("ok() && a == 'x'", True),
    ],
)
def test_a_condition_is_read(text: str, value: bool) -> None:  # noqa: FBT001
    names = {"a": "x", "b": "b", "c": None}
    read = Conditions(name=names.__getitem__, calls={"ok": lambda: True})
    assert bool(read.value(text)) is value


@pytest.mark.parametrize("text", ["a ==", "a b", "format('x')", "a[0]", "a > 1", "$A", "(a"])
def test_what_a_condition_cannot_be_read_of_is_an_error(text: str) -> None:
    with pytest.raises(UnknownCondition):
        Conditions(name={"a": "x", "b": "y"}.__getitem__).value(text)


def test_jobs_of_gitlab_run_where_their_rules_say() -> None:
    jobs = component((ROOT / "templates" / "tasksync.yml").read_text("utf-8"), {})
    main = {"CI_COMMIT_BRANCH": "main", "CI_DEFAULT_BRANCH": "main"}
    fork = {"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "2", "CI_MERGE_REQUEST_PROJECT_ID": "1"}
    here = {**fork, "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "1"}
    here["CI_PIPELINE_SOURCE"] = "merge_request_event"
    kind = "CI_MERGE_REQUEST_EVENT_TYPE"
    for told, wanted in (
        ({"CI_PIPELINE_SOURCE": "merge_request_event", **fork}, {"validate": "on_success"}),
        (here, {"validate": "on_success", "plan": "on_success"}),
        ({**here, kind: "merged_result"}, {"validate": "on_success", "plan": "on_success"}),
        ({**here, kind: "merge_train"}, {"validate": "on_success"}),
        ({"CI_PIPELINE_SOURCE": "push", **main}, {"apply": "on_success"}),
        ({"CI_PIPELINE_SOURCE": "push", **main, "CI_COMMIT_BRANCH": "other"}, {}),
        ({"CI_PIPELINE_SOURCE": "schedule", **main}, {"drift": "on_success"}),
        ({"CI_PIPELINE_SOURCE": "web", **main}, {"correct": "manual"}),
    ):
        found = {
            name.removeprefix("tasksync-"): when_of(jobs[name], told)
            for name in jobs
            if not name.startswith(".")
        }
        assert {name: one for name, one in found.items() if one != "never"} == wanted


@pytest.mark.parametrize("given", [{"extras": "postgres; rm"}, {"version": "latest"}, {"x": "y"}])
def test_a_wrong_input_of_the_component_makes_no_pipeline(given: dict[str, str]) -> None:
    with pytest.raises(AssertionError):
        component((ROOT / "templates" / "tasksync.yml").read_text("utf-8"), given)


def test_of_two_merges_the_second_waits_for_the_first(tmp_path: Path) -> None:
    """Whatever the order that a forge starts their jobs in; "When two are merged at once"."""
    tasksync = Tasksync.of(tmp_path, MANIFEST)
    assert tasksync("apply", "--yes").code == 0
    first, second = (MANIFEST.replace("title: One", f"title: {new}") for new in ("A", "One"))
    second = second.replace("title: Two", "title: B")
    both = first.replace("title: Two", "title: B")
    approved = {}
    for text in (first, second):
        tasksync.manifest(text, "m.yaml")
        approved[text] = json.loads(tasksync("plan", "--json").out)["digest"]
    for merged, digest, code in (
        (both, approved[second], 5),
        (first, approved[first], 0),
        (both, approved[second], 0),
        (first, approved[first], 5),
    ):
        tasksync.manifest(merged, "m.yaml")
        done = tasksync("apply", "--expect", digest)
        assert done.code == code, done.out + done.err
