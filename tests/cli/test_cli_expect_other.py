"""apply --expect refuses another plan with exit 5, names what differs, and goes on after a cut."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from approvals import Project, publish

from tasksync.core.expected import Approved


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


BASE = {"a": "priority: normal", "b": "", "c": "", "gone": ""}
WANTED = {"a": "priority: high, description: x", "b": "tags: [t]", "c": "", "new": "parent: b"}
#: edited after the approval -> the lines that say so, where the document is known
EDITS = {
    "another value": (
        WANTED | {"a": "priority: low, description: x"},
        "",
        ["a: priority: approved high, now low"],
    ),
    "a field less": (
        WANTED | {"a": "priority: high"},
        "",
        ['a: description: approved "x", now as it was'],
    ),
    "a field more": (
        WANTED | {"a": "priority: high, description: x, deadline: 2027-03-01T18:00:00+03:00"},
        "",
        ["a: deadline: approved as it was, now 2027-03-01T18:00:00+03:00"],
    ),
    "another parent": (WANTED | {"new": "parent: c"}, "", ["new: parent: approved b, now c"]),
    "a set": (WANTED | {"b": "tags: [t, u]"}, "", ["b: tags: approved t, now t, u"]),
    "a task more": (WANTED | {"two": ""}, "", ["two: create: not approved"]),
    "a task less": (
        {key: WANTED[key] for key in "abc"},
        "",
        ["new: approved to create: it is done already, or asked no more"],
    ),
    "kept after all": (
        WANTED | {"gone": ""},
        "",
        ["gone: approved to delete: it is done already, or asked no more"],
    ),
    "changed instead of deleted": (
        WANTED | {"gone": "description: y"},
        "",
        ["gone: approved to delete, now to update description"],
    ),
    "an option": (
        WANTED | {"a": "priority: high, description: x, protect: true"},
        "",
        ["a: protect: approved nothing, now true"],
    ),
    "a policy of fields": (
        WANTED | {"a": "priority: high, description: x, fieldPolicy: {priority: accept}"},
        "",
        ["a: fieldPolicy: approved nothing, now priority accept"],
    ),
    "the policy": (
        WANTED,
        "policy: {maxDelete: 50%}\n",
        ["policy.maxDelete: approved 30%, now 50%"],
    ),
    "a moved key": (
        WANTED | {"kept": ""},
        "moved: [{from: gone, to: kept}]\n",
        ["moved: approved nothing, now gone -> kept", "gone: approved to delete"],
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_what_was_edited_after_the_approval_is_named_change_by_change(
    project: Project, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    tasks, more, lines = EDITS[name]
    project.applied(BASE)
    approved = project.approve(WANTED)
    project.write(tasks, more)
    before = project.world()
    publish(monkeypatch, approved)
    done = project.tasksync("apply", "--expect", "published", CI="1")
    assert done.code == 5, done
    for line in lines:
        assert line in done.err
    assert approved.where in done.err
    others = {"a", "b", "new", "gone"} - {line.split(":")[0] for line in lines}
    assert not any(f"\n  {key}: " in done.err for key in others)
    assert project.world() == before


def test_a_field_that_was_approved_to_be_let_go_of_is_not_cleared(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both come to nothing, and only one of them is written to the portal."""
    project.applied(BASE | {"a": "deadline: 2027-03-01T18:00:00+03:00"})
    approved = project.approve(BASE)
    project.write(BASE | {"a": "deadline: null, priority: normal"})
    before = project.world()
    done = project.expect(approved)
    assert (done.code, "a: update deadline, priority" in done.err) == (5, True), done
    publish(monkeypatch, approved)
    done = project.tasksync("apply", "--expect", "published")
    assert "a: deadline: approved no longer managed, now (none)" in done.err
    assert project.world() == before


def test_with_a_digest_alone_the_plan_of_now_is_told_and_its_digest(project: Project) -> None:
    project.applied(BASE)
    approved = project.approve(WANTED)
    now = project.approve(WANTED | {"two": ""})
    done = project.expect(approved)
    assert done.code == 5
    for words in (
        "This is not the plan that was approved. Nothing was written.",
        approved.digest,
        now.digest,
        "a: update description, priority",
        "two: create",
        "gone: delete",
        "--expect published knows what was approved",
    ):
        assert words in done.err


def test_a_task_that_vanished_is_why_its_approved_change_is_not_asked(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.applied(BASE)
    publish(monkeypatch, project.approve(WANTED))
    project.delete("a")
    done = project.tasksync("apply", "--expect", "published")
    words = "a: approved to update description, priority: its task is gone from the portal"
    assert (done.code, words in done.err) == (5, True), done


def test_published_does_what_was_approved(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.applied(BASE)
    publish(monkeypatch, project.approve(WANTED))
    assert project.tasksync("apply", "--expect", "published").code == 0
    assert project.changes() == {}


@pytest.mark.parametrize("document", [{}, {"changes": 5}, {"changes": [{"key": 1}]}])
def test_a_document_that_is_not_what_the_digest_was_taken_of_is_refused(
    project: Project, monkeypatch: pytest.MonkeyPatch, document: dict[str, object]
) -> None:
    project.applied(BASE)
    publish(monkeypatch, replace(project.approve(WANTED), document=document))
    done = project.tasksync("apply", "--expect", "published")
    assert (done.code, "is not what its digest was taken of" in done.err) == (1, True), done


def test_what_was_applied_already_is_exit_5_and_names_the_run(project: Project) -> None:
    project.applied(BASE)
    approved = project.approve(WANTED)
    assert project.expect(approved).code == 0
    done = project.expect(approved)
    assert (done.code, "was applied already, all of it, by the run" in done.err) == (5, True), done
    assert project.runs()[-1]["id"][:8] in done.err


def test_what_was_done_and_taken_back_is_not_done_again_by_the_old_approval(
    project: Project,
) -> None:
    """An old job that is started again, with the manifest of its commit."""
    project.applied(BASE)
    first = project.approve(BASE | {"a": "priority: high"})
    assert project.expect(first).code == 0
    back = project.approve(BASE)
    assert project.expect(back).code == 0
    project.write(BASE | {"a": "priority: high"})
    before = project.world()
    done = project.expect(first)
    assert done.code == 5, done
    for words in ("applied already, by the run", "other runs came after", "the same once more"):
        assert words in done.err
    assert project.world() == before
    again = project.approve()
    assert again.digest not in {first.digest, back.digest}
    assert project.expect(again).code == 0
    assert project.expect(again).code == 5
    assert project.changes() == {}


def test_a_moved_key_that_was_moved_back_is_not_moved_again(project: Project) -> None:
    project.applied({"a": "title: A", "b": ""})
    there = "moved: [{from: a, to: x}]\n"
    first = project.approve({"x": "title: A", "b": ""}, there)
    assert project.expect(first).code == 0
    back = project.approve({"a": "title: A", "b": ""}, "moved: [{from: x, to: a}]\n")
    assert project.expect(back).code == 0
    project.write({"x": "title: A", "b": ""}, there)
    done = project.expect(first)
    words = "It would do the same once more:\n  moved: a -> x\n"
    assert (done.code, words in done.err) == (5, True), done
    project.write({"x": "title: A, priority: high", "b": ""}, there)
    assert "It asks now:\n  moved: a -> x\n  x: update priority\n" in project.expect(back).err


def test_what_was_begun_is_no_leave_to_do_a_part_of_it_after_other_runs(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    approved = cut_off(project)
    project.applied(WANTED).applied(BASE)
    publish(monkeypatch, approved)
    project.write({key: WANTED.get(key, said) for key, said in BASE.items()})
    done = project.tasksync("apply", "--expect", "published")
    assert (done.code, "begun already, by the run" in done.err) == (5, True), done


def test_what_another_run_did_meanwhile_leaves_nothing_to_do(project: Project) -> None:
    project.applied(BASE)
    approved = project.approve(WANTED)
    assert project.tasksync("apply", "--yes").code == 0
    done = project.expect(approved)
    assert (done.code, "is done already by a run without --expect" in done.err) == (5, True), done


def test_what_stands_in_the_state_alone_is_approved_once_too(project: Project) -> None:
    project.applied(BASE)
    approved = project.approve(BASE | {"b": "protect: true"})
    done = project.expect(approved)
    assert (done.code, "remembered in the state alone: b." in done.out) == (0, True), done
    again = project.expect(approved)
    assert (again.code, "was applied already, all of it" in again.err) == (5, True), again


def cut_off(project: Project) -> Approved:
    """Approve a plan of several requests, and have its run end in the middle."""
    project.applied(BASE)
    approved = project.approve(WANTED)
    for most in (1, 2, 3):
        cut = project.expect(approved, "--max-requests", str(most))
        begun = project.runs()[-1]["plan"] == approved.digest
        if begun and "0 added, 0 changed, 0 destroyed" not in cut.out:
            break
    assert cut.code == 3, (most, cut)
    assert project.runs()[-1]["outcome"] == "partial"
    return approved


def test_a_retry_with_the_document_does_the_rest_and_says_so(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(monkeypatch, cut_off(project))
    done = project.tasksync("apply", "--expect", "published")
    assert done.code == 0, done
    assert "was cut off" in done.err
    assert "of 4 approved changes left, and this run does the rest" in done.err
    assert project.changes() == {}
    assert project.runs()[-1]["outcome"] == "complete"
    again = project.tasksync("apply", "--expect", "published")
    assert (again.code, "was applied already, all of it" in again.err) == (5, True), again


def test_a_retry_without_the_document_tells_what_is_left_and_its_digest(project: Project) -> None:
    approved = cut_off(project)
    done = project.expect(approved)
    assert (done.code, "was cut off" in done.err) == (5, True), done
    rest = project.approve()
    assert f"tasksync apply --expect {rest.digest}" in done.err
    assert project.expect(rest).code == 0
    assert project.changes() == {}


def test_a_retry_does_nothing_that_was_edited_since(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(monkeypatch, cut_off(project))
    project.write(WANTED | {"two": ""})
    done = project.tasksync("apply", "--expect", "published")
    assert (done.code, "two: create: not approved" in done.err) == (5, True), done


OTHERS = {
    "PLANFILE": ["plan.json"],
    "--resume": ["--resume", "plan.json"],
    "--target": ["--target", "a"],
    "--exclude": ["--exclude", "a"],
    "--destroy": ["--destroy"],
    "--no-refresh": ["--no-refresh"],
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_would_make_another_plan_does_not_combine(project: Project, name: str) -> None:
    done = project.expect(Approved(f"sha256:{'0' * 64}"), *OTHERS[name])
    assert (done.code, f"--expect and {name} were both given" in done.err) == (64, True), done


@pytest.mark.parametrize(
    "text", ["", "sha256:", "0" * 63, "0" * 65, "md5:" + "0" * 64, "Published"]
)
def test_what_is_no_digest_is_refused_and_says_how_one_looks(project: Project, text: str) -> None:
    done = project.tasksync("apply", "--expect", text)
    assert (done.code, "sha256: and 64 of 0-9 and a-f" in done.err) == (64, True), done


@pytest.mark.parametrize("form", [str.upper, lambda text: text.removeprefix("sha256:")])
def test_a_digest_may_be_copied_without_its_name_and_in_capitals(
    project: Project, form: object
) -> None:
    project.applied(BASE)
    approved = project.approve(WANTED)
    assert callable(form)
    assert project.tasksync("apply", "--yes", "--expect", form(approved.digest)).code == 0


def test_plan_and_show_print_the_digest_but_not_of_a_part(project: Project, tmp_path: Path) -> None:
    project.applied(BASE)
    approved = project.approve(WANTED)
    line = f"Digest: {approved.digest}"
    planned = project.tasksync("plan").out.splitlines()
    assert planned[-2:] == [line, "  (tasksync apply --expect DIGEST does this, and nothing else)"]
    assert len(line) < 80
    assert line in project.tasksync("show", tmp_path / "approved.json").out
    for format_ in ("markdown", "html", "json"):
        assert approved.digest in project.tasksync("plan", "--format", format_).out
    for words in (["--target", "a"], ["--exclude", "a"], ["--destroy"]):
        assert "Digest:" not in project.tasksync("plan", *words).out
    project.tasksync("apply", "--yes")
    assert "Digest: sha256:" in project.tasksync("plan").out
