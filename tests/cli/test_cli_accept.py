"""What people changed on the portal, taken over into the manifest by `accept`."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from accept_team import Team
from command import Done, Tasksync, Terminal, plainly
from hand import by_hand, ids_of

from tasksync.cli.console import Console
from tasksync.cli.main import run
from tasksync.manifests.accepting.accepted import AcceptedValues, accepted

MANIFEST = """\
# our tasks
apiVersion: tasksync/v1
project: fin
timezone: Europe/Berlin
people: {it: 7}
dates: {release: 2026-10-01T10:00}
defaults: {responsibleId: 1, priority: low}
tasks:
  report:   # quarterly
    title: 'Prepare the report'   # in quotes
    deadline: release - 10wd   # relative
    description: |
      Two
      lines
  report.v2: {title: Again, parent: report, tags: [b, a]}
  old/one: {title: One, status: pending}
"""


@pytest.fixture
def team(tmp_path: Path) -> Team:
    return Team(tmp_path, MANIFEST)


def test_one_value_is_one_line_of_the_diff_and_the_plan_is_without_it(team: Team) -> None:
    team.change("report", deadline="2026-09-20T12:30:00+03:00", title="Other")
    done = team.accept("report.deadline")
    assert done.code == 0, done
    changed = [line for line in done.out.splitlines() if line[:1] in "+-" and line[1:2] == " "]
    assert changed == [
        "-    deadline: release - 10wd   # relative",
        "+    deadline: 2026-09-20T11:30   # relative",
    ]
    assert "Wrote 1 value of the portal into 1 file." in done.out
    assert team.text == MANIFEST.replace("release - 10wd ", "2026-09-20T11:30 ")
    assert "deadline" not in team.plan
    assert '"Other" -> "Prepare the report"' in team.plan
    assert team.accept("--all").code == 0
    assert "title: 'Other'   # in quotes\n" in team.text
    assert team.is_done


def test_every_kind_of_field_is_written_in_its_place(team: Team) -> None:
    """Own values, what `defaults` gave, texts of lines, lists, people, parents."""
    team.change("report", responsibleId=7, description="Three\n\nlines\n", priority=2)
    team.change("report.v2", parentId=0, tags=["a", "c", "tasksync:fin"])
    assert team.accept("--all").code == 0
    assert team.text == MANIFEST.replace(
        "      Two\n      lines\n",
        "      Three\n\n      lines\n    responsibleId: 7\n    priority: high\n",
    ).replace("parent: report, tags: [b, a]", "parent: null, tags: [a, c]")
    assert team.is_done


def test_another_parent_is_written_by_its_key_and_a_stranger_by_its_number(team: Team) -> None:
    stranger = by_hand(team.folder, "POST", "tasks", {"title": "Theirs", "responsibleId": 1})["id"]
    team.change("report.v2", parentId=team.ids["old/one"])
    assert team.accept("report.v2.parent").code == 0
    assert team.text == MANIFEST.replace("parent: report", "parent: old/one")
    assert team.tasksync("apply", "--yes").code == 0
    team.change("report.v2", parentId=stranger)
    assert team.accept("--all").code == 0
    assert team.text == MANIFEST.replace(
        "parent: report, tags: [b, a]", f"tags: [b, a], parentId: {stranger}"
    )
    assert team.is_done


def test_a_key_is_whole_first_and_then_a_field_is_taken_off(team: Team) -> None:
    """`report.v2` is a key, though `report` is one too."""
    for key in ("report", "report.v2", "old/one"):
        team.change(key, title=f"New {key}", priority=2)
    assert team.accept("report.v2").code == 0
    assert "title: New report.v2" in team.text
    assert team.accept("report.v2.title", "old/*.priority").code == 0
    assert ("New old/one" in team.text, "New report'" in team.text) == (False, False)
    assert "status: pending, priority: high}" in team.text
    assert team.accept("rep*").code == 0
    assert "title: 'New report'   # in quotes" in team.text


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("reprot", "Did you mean report?"),
        ("reprot.deadline", "Did you mean report.deadline?"),
        ("report.deadlin", "Did you mean deadline?"),
        ("olt/*", "Did you mean old/*?"),
    ],
)
def test_what_fits_nothing_is_a_wrong_call_with_what_was_near(
    team: Team, word: str, near: str
) -> None:
    done = team.accept("report", word)
    assert (done.code, near in done.err) == (64, True), done


@pytest.mark.parametrize("words", [(), ("--all", "report")])
def test_something_has_to_be_named_or_all_of_it(team: Team, words: tuple[str, ...]) -> None:
    assert team.accept(*words).code == 64


def test_it_asks_and_does_nothing_without_a_yes(team: Team) -> None:
    team.change("report", title="Other")
    nobody = team.accept("--all", yes=False)
    assert (nobody.code, "Use --yes" in nobody.err) == (64, True)
    no = team.tasksync("accept", "--all", answer="y")
    assert (no.code, "Write 1 value of the portal into 1 file? Only 'yes'" in no.err) == (1, True)
    assert "+    title: 'Other'   # in quotes" in no.out
    assert team.text == MANIFEST
    assert team.tasksync("accept", "--all", answer="yes").code == 0
    assert team.is_done


def test_nothing_to_accept_is_no_fault(team: Team) -> None:
    done = team.accept("--all")
    assert (done.code, "There is nothing to accept" in done.out) == (0, True)
    named = team.accept("report.title")
    assert (named.code, "asks for it already: report.title" in named.err) == (0, True)


def test_a_file_that_changed_while_it_asked_is_left_alone(team: Team) -> None:
    class Editor(Terminal):
        def readline(self, *_size: int) -> str:  # type: ignore[override]
            team.file.write_text(MANIFEST + "# saved meanwhile\n", "utf-8")
            return "yes\n"

    team.change("report", title="Other")
    out, err = io.StringIO(), io.StringIO()
    code = run(["accept", "--all"], Console(Editor(), out, err, team.tasksync.env))
    done = plainly(Done(code, out.getvalue(), err.getvalue()))
    assert (done.code, "changed while this ran: nothing was written" in done.err) == (1, True)
    assert team.text == MANIFEST + "# saved meanwhile\n"


def test_nothing_is_written_with_which_the_plan_would_change_otherwise(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever made the edits: what would be written is planned before a file is replaced."""

    def more(*given: Any) -> AcceptedValues:
        done = accepted(*given)
        [file] = done.files
        spoilt = replace(file, after=file.after.replace(b"title: One", b"title: Two"))
        return replace(done, files=(spoilt,))

    team.change("report", title="Other")
    monkeypatch.setattr("tasksync.cli.accept_flow.accepted", more)
    done = team.accept("--all")
    assert (done.code, "the plan changes otherwise (old/one)" in done.err) == (1, True), done
    assert team.text == MANIFEST


def test_a_value_that_leaves_its_change_in_the_plan_is_not_written(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    def less(paths: Any, values: Any, facts: Any) -> AcceptedValues:
        done = accepted(paths, values, facts)
        wrong = tuple(replace(one, after=one.after.replace(b"New", b"Old")) for one in done.files)
        return replace(done, files=wrong)

    team.change("report", title="New")
    team.change("old/one", status=3)
    monkeypatch.setattr("tasksync.cli.accept_flow.accepted", less)
    done = team.accept("--all")
    assert (
        done.code,
        "report.title: the plan would change that task all the same" in done.err,
    ) == (
        3,
        True,
    )
    assert team.text == MANIFEST.replace("status: pending", "status: inProgress")


def test_what_was_edited_too_is_taken_only_where_it_is_named(team: Team) -> None:
    """An edit that nobody applied yet is not lost to --all; an edit alone is nobody's change."""
    team.change("report", title="People's", priority=2)
    team.file.write_text(MANIFEST.replace("Prepare the report", "Ours"), "utf-8")
    done = team.accept("--all")
    assert (done.code, "report.title: people changed it, and the manifest was" in done.err) == (
        3,
        True,
    )
    assert "title: 'Ours'" in team.text
    assert "priority: high" in team.text
    team.file.write_text(team.text.replace("[b, a]", "[b]"), "utf-8")
    edited = team.accept("report.v2.tags")
    assert (edited.code, "only the manifest was edited" in edited.err) == (1, True)
    assert team.accept("report.title").code == 0
    assert "title: People's" in team.text.replace("'People''s'", "People's")
    assert "tags" in team.plan


@pytest.mark.parametrize("applied", [True, False])
def test_the_next_apply_remembers_what_was_accepted(team: Team, *, applied: bool) -> None:
    """The state is not written to: until then a second change counts as edited here too."""
    team.change("report", title="Once")
    assert "The next apply remembers it, even where it changes nothing." in team.accept("--all").out
    if applied:
        assert "No changes." in team.tasksync("apply", "--yes").out
    team.change("report", title="Twice")
    done = team.accept("--all")
    if not applied:
        assert (done.code, "accept report.title takes the portal's value" in done.err) == (1, True)
        done = team.accept("report.title")
    assert (done.code, team.is_done) == (0, True)
    assert "title: 'Twice'   # in quotes" in team.text


def test_a_task_that_people_deleted_is_told_and_the_rest_is_written(team: Team) -> None:
    team.delete("old/one")
    team.change("report", title="Other")
    done = team.accept("--all")
    assert done.code == 3
    assert "! old/one: people deleted the task, or this key cannot see it." in done.err
    assert team.text == MANIFEST.replace("Prepare the report", "Other")
    alone = team.accept("old/one")
    assert (alone.code, "Nothing of it can be accepted" in alone.out) == (1, True)


def test_tasks_of_a_lost_state_are_not_called_nothing(team: Team) -> None:
    """What people changed of them stands nowhere, as long as nobody knows which task is which."""
    team.change("report", title="Other")
    for file in team.folder.glob("state.db*"):
        file.unlink()
    done = team.accept("--all")
    assert done.code == 1, done
    assert f'nobody knows the key: {team.ids["report"]} "Other", ' in done.err
    assert "There is nothing to accept" not in done.out
    assert team.text == MANIFEST


def test_a_marker_that_people_took_off_is_told(team: Team) -> None:
    team.change("report.v2", tags=["a"])
    done = team.accept("--all")
    assert (done.code, "report.v2: people took the marker off task" in done.err) == (3, True)
    assert team.text == MANIFEST.replace("[b, a]", "[a]")


def test_a_status_that_people_moved_on_is_written(team: Team) -> None:
    """It stands, but every plan says so until the manifest does."""
    team.change("old/one", status=5)
    assert "completed" in team.plan
    assert team.accept("--all").code == 0
    assert team.text == MANIFEST.replace("status: pending", "status: completed")
    assert "completed" not in team.plan


@pytest.mark.parametrize("policy", ["fieldPolicy: {priority: accept}", "ignoreChanges: [priority]"])
def test_what_a_policy_lets_stand_is_taken_only_where_it_is_named(
    tmp_path: Path, policy: str
) -> None:
    text = MANIFEST.replace("priority: low}", f"priority: low, {policy}}}")
    team = Team(tmp_path, text)
    team.change("report", priority=2)
    done = team.accept("--all")
    assert (done.code, "nothing to accept" in done.out) == (0, True)
    assert ("1 value of people's, which the policy" in done.err) is ("accept" in policy)
    assert team.accept("report.priority").code == 0
    assert team.text == text.replace("      lines\n", "      lines\n    priority: high\n")
    assert team.is_done


def test_values_that_only_fit_together_are_written_together(tmp_path: Path) -> None:
    """A start behind the old end is refused alone, with the fault that the manifest would have."""
    own = "    startDatePlan: 2026-09-01T10:00\n    endDatePlan: 2026-09-02T10:00\n"
    text = MANIFEST.replace("    description", f"{own}    description")
    team = Team(tmp_path, text)
    moved = {
        "startDatePlan": "2026-10-01T09:00:00+02:00",
        "endDatePlan": "2026-10-02T09:00:00+02:00",
    }
    team.change("report", **moved)
    alone = team.accept("report.startDatePlan")
    assert (alone.code, "is before startDatePlan" in alone.err) == (1, True), alone
    assert team.text == text
    assert team.accept("report").code == 0
    assert "startDatePlan: 2026-10-01T09:00\n    endDatePlan: 2026-10-02T09:00\n" in team.text
    assert team.is_done


def test_addresses_are_written_where_the_manifest_uses_them(tmp_path: Path) -> None:
    text = MANIFEST.replace("responsibleId: 1", "responsibleId: petrova@example.com")
    team = Team(tmp_path, text)
    team.change("report", responsibleId=7)
    team.change("old/one", responsibleId=14, accomplices=[22])
    assert team.accept("--all").code == 0
    assert "    responsibleId: it\n" in team.text or "responsibleId: david@example.com" in team.text
    assert "responsibleId: grace@example.com" in team.text
    assert "accomplices" not in team.text
    assert team.is_done


def test_several_files_are_written_or_none(tmp_path: Path) -> None:
    folder = tmp_path / "tasks"
    folder.mkdir()
    more = "apiVersion: tasksync/v1\ntasks:\n  other:\n    title: Other\n"
    (folder / "more.yaml").write_text(more, "utf-8", newline="")
    (folder / "m.yaml").write_text(MANIFEST, "utf-8")
    tasksync = Tasksync(tmp_path, {"TASKSYNC_FILE": str(folder)})
    assert tasksync("apply", "--yes").code == 0
    for key, remote in ids_of(tasksync).items():
        if key in {"other", "report"}:
            by_hand(tmp_path, "PATCH", f"tasks/{remote}", {"title": f"New {key}"})
    done = tasksync("accept", "--all", "--yes")
    assert (done.code, "Wrote 2 values of the portal into 2 files." in done.out) == (0, True)
    assert (folder / "more.yaml").read_text("utf-8") == more.replace("Other", "New other")
    assert "No changes." in tasksync("plan").out


def test_what_cannot_stand_in_a_manifest_is_said_where_its_value_stands(team: Team) -> None:
    team.change("report", description="a\x07b", title="Good")
    done = team.accept("--all")
    assert done.code == 3
    assert f"! {team.file}:12:18: report.description cannot be accepted: " in done.err
    assert "holds the control character U+0007" in done.err
    assert "Good" in team.text


def test_a_value_that_stands_elsewhere_is_left_to_a_person(tmp_path: Path) -> None:
    text = MANIFEST.replace("tags: [b, a]}", "tags: &both [b, a]}").replace(
        "status: pending}", "status: pending, tags: *both}"
    )
    team = Team(tmp_path, text)
    team.change("old/one", tags=["b", "tasksync:fin"])
    done = team.accept("--all")
    assert (done.code, "old/one.tags cannot be written here: " in done.err) == (1, True), done
    assert team.text == text


def test_extra_fields_are_written_below_fields(tmp_path: Path) -> None:
    """In place, as a date's own words, and over those of `defaults`."""
    text = MANIFEST.replace("priority: low}", "priority: low, fields: {UF_CRM_TASK: [D_1]}}")
    text = text.replace(
        "description: |", "fields: {UF_COST_CENTER: old}   # code\n    description: |"
    )
    team = Team(tmp_path, text)
    team.change("report", UF_COST_CENTER="new # 1", UF_CRM_TASK=["D_1", "D_2"])
    assert team.accept("report.UF_COST_CENTER").code == 0
    assert team.text == text.replace("UF_COST_CENTER: old}", 'UF_COST_CENTER: "new # 1"}')
    assert team.accept("--all").code == 0
    assert "UF_CRM_TASK: [D_1, D_2]}   # code" in team.text
    assert team.is_done


def test_a_task_that_is_to_be_adopted_is_taken_as_it_is_where_its_field_is_named(
    tmp_path: Path,
) -> None:
    team = Team(tmp_path, MANIFEST)
    made = by_hand(tmp_path, "POST", "tasks", {"title": "Theirs", "responsibleId": 1})["id"]
    block = f"  theirs: {{title: Ours, adopt: {{id: {made}}}}}\n"
    team.file.write_text(MANIFEST + block, "utf-8")
    done = team.accept("--all")
    assert (done.code, "of tasks that are to be adopted" in done.err) == (0, True), done
    assert team.accept("theirs.title").code == 0
    assert team.text == MANIFEST + block.replace("Ours", "Theirs")


def test_a_renamed_task_is_known_by_its_new_key(team: Team) -> None:
    team.change("old/one", title="Uno")
    text = MANIFEST.replace("old/one", "new.one") + "moved: [{from: old/one, to: new.one}]\n"
    team.file.write_text(text, "utf-8")
    assert team.accept("new.one").code == 0
    assert team.text == text.replace("title: One", "title: Uno")


def test_standard_input_is_no_file(team: Team) -> None:
    done = team.accept("--all", "-f", "-")
    assert (done.code, "standard input is no file" in done.err) == (64, True)
