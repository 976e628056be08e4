"""What exists already: noted in a plan, and taken over by `import --match`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from command import Tasksync
from hand import by_hand, world_of

from tasksync.cli.in_process import InProcess
from tasksync.portal.messages import PortalAnswer, PortalRequest
from tasksync.sandbox.web.server import SandboxSettings, start

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas/plan.schema.json").read_text("utf-8"))
MANIFEST = """\
# our tasks
apiVersion: tasksync/v1
project: way-in
defaults: {responsibleId: 1}
tasks:
  report:   # quarterly
    title: 'Prepare the report'   # in quotes
    status: pending

  figures: {title: Collect the figures, responsibleId: 7}
  new:
    title: Nobody made this
"""


@pytest.fixture
def team(tmp_path: Path) -> Tasksync:
    """A project of three tasks on a sandbox where nothing is yet."""
    return Tasksync.of(tmp_path, MANIFEST)


def made(team: Tasksync, title: str, **fields: object) -> int:
    """Make a stranger's task; return its id."""
    row = by_hand(team.folder, "POST", "tasks", {"title": title, "responsibleId": 1, **fields})
    return int(row["id"])


def manifest(team: Tasksync) -> str:
    return (team.folder / "m.yaml").read_text("utf-8")


def noted(team: Tasksync) -> list[dict[str, Any]]:
    """Return what a plan in JSON says that exists already."""
    document = json.loads(team("plan", "--json").out)
    jsonschema.validate(document, SCHEMA)
    return list(document.get("existing", []))


def test_what_exists_is_written_into_its_place_and_then_adopted(team: Tasksync) -> None:
    """One line a task, the rest to the byte; the next plan takes them over, and then is empty."""
    report = made(team, "Prepare the report")
    figures = made(team, "Collect the figures", responsibleId=7)
    done = team("import", "--match", "--yes")
    assert done.code == 0, done
    assert f"= report  (task {report})" in done.out
    assert f"+    adopt: {{id: {report}}}" in done.out
    assert "Wrote 2 adopt lines into 1 file." in done.out
    expected = MANIFEST.replace(
        "    status: pending\n", f"    status: pending\n    adopt: {{id: {report}}}\n"
    ).replace("responsibleId: 7}", f"responsibleId: 7, adopt: {{id: {figures}}}}}")
    assert manifest(team) == expected
    assert "Plan: 1 to add, 0 to change, 0 to destroy. Also 2 to adopt." in team("plan").out
    assert team("apply", "--yes").code == 0
    assert len(world_of(team.folder)) == 3
    assert "No changes." in team("plan").out
    assert "There is nothing to match" in team("import", "--match", "--yes").out


def test_two_that_fit_are_told_and_none_is_chosen(team: Tasksync) -> None:
    """Where the responsible tells them apart, that one is taken."""
    ids = [made(team, "Prepare the report", responsibleId=5) for _ in range(2)]
    figures = [made(team, "Collect the figures", responsibleId=who) for who in (5, 7)]
    done = team("import", "--match", "--yes")
    assert done.code == 0, done
    assert "? report: more than one could be meant, task " in done.err
    assert all(str(one) in done.err for one in ids)
    assert "report:   # quarterly\n    title: 'Prepare the report'   # in quotes\n" in manifest(
        team
    )
    assert manifest(team).count("adopt") == 1
    assert f"adopt: {{id: {figures[1]}}}" in manifest(team)


def test_what_comes_next_names_the_manifest_as_a_shell_reads_it(team: Tasksync) -> None:
    made(team, "Prepare the report")
    del team.env["TASKSYNC_FILE"]
    file = team.manifest(MANIFEST, "our tasks.yaml")
    done = team("import", "--match", "--yes", "-f", file)
    assert f"tasksync plan -f '{file}'" in done.out, done
    made(team, "Another")
    new = str(team.folder / "more tasks.yaml")
    assert f"-f '{new}'" in team("import", "-f", file, "--out", new).out


def test_none_is_chosen_of_more_than_a_page_of_one_title(team: Tasksync) -> None:
    """The second that fits stands behind a whole page of others: neither may be guessed."""
    ours = [made(team, "Collect the figures", responsibleId=7)]
    for _ in range(25):
        made(team, "Collect the figures")
    ours.append(made(team, "Collect the figures", responsibleId=7))
    assert [one["adopt"] for one in noted(team) if one["key"] == "figures"] == [None]
    done = team("import", "--match", "--yes")
    assert "nothing was written" in done.out, done
    assert f"task {ours[0]} (responsible 7)" in done.err, done
    assert manifest(team) == MANIFEST


def test_the_one_that_fits_is_found_behind_a_page_of_others(team: Tasksync) -> None:
    mine = made(team, "Collect the figures", responsibleId=7)
    for _ in range(25):
        made(team, "Collect the figures")
    assert team("import", "--match", "--yes").code == 0
    assert f"adopt: {{id: {mine}}}" in manifest(team)


def test_a_task_that_two_keys_fit_is_given_to_none(tmp_path: Path) -> None:
    text = MANIFEST.replace("Collect the figures, responsibleId: 7", "Prepare the report")
    team = Tasksync.of(tmp_path, text)
    made(team, "Prepare the report")
    done = team("import", "--match", "--yes")
    assert "nothing was written" in done.out
    assert "? figures" in done.err
    assert "? report" in done.err
    assert manifest(team) == text


@pytest.mark.parametrize("marker", ["tasksync:other", "tasksync:way-in"])
def test_what_bears_a_marker_is_left_alone(team: Tasksync, marker: str) -> None:
    made(team, "Nobody made this", tags=[marker])
    assert not noted(team)
    assert "nothing was written" in team("import", "--match", "--yes").out


def test_nothing_is_written_without_a_yes(team: Tasksync) -> None:
    """Nobody to ask is a wrong call, before anything is asked of the portal."""
    made(team, "Prepare the report")
    done = team("import", "--match", "--no-input")
    assert done.code == 64
    assert "Use --yes" in done.err
    assert manifest(team) == MANIFEST


@pytest.mark.parametrize("answer", ["no\n", "", "yes please\n"])
def test_another_answer_than_yes_writes_nothing(team: Tasksync, answer: str) -> None:
    made(team, "Prepare the report")
    done = team("import", "--match", answer=answer)
    assert done.code == 1
    assert "Write 1 adopt line into 1 file? Only 'yes' will be accepted:" in done.err
    assert manifest(team) == MANIFEST


def test_yes_writes(team: Tasksync) -> None:
    made(team, "Prepare the report")
    assert team("import", "--match", answer="yes\n").code == 0
    assert "adopt" in manifest(team)


def test_standard_input_and_filters_are_refused(team: Tasksync) -> None:
    done = team("import", "--match", "--yes", "-f", "-")
    assert done.code == 64
    assert "Name the manifest with -f" in done.err
    done = team("import", "--match", "--yes", "--out", "x.yaml")
    assert done.code == 64
    assert "--match takes no --out" in done.err


def test_a_task_of_a_template_is_refused_with_where_it_comes_from(tmp_path: Path) -> None:
    text = (
        "apiVersion: tasksync/v1\nproject: way-in\ndefaults: {responsibleId: 1}\n"
        "templates: {t: {tasks: {hello: {title: Hello}, own: {title: Own}}}}\n"
        "use:\n- {template: t, key: anna}\n- {template: t, forEach: rows.csv}\n"
        "tasks:\n  plain:\n    title: Plain\n"
    )
    team = Tasksync.of(tmp_path, text)
    (tmp_path / "rows.csv").write_text("key\nbob\n", "utf-8")
    plain = made(team, "Plain")
    for who in (1, 1):
        made(team, "Hello", responsibleId=who)
    made(team, "Own")
    done = team("import", "--match", "--yes")
    assert done.code == 0, done
    assert manifest(team) == f"{text}    adopt: {{id: {plain}}}\n"
    text = text.replace("- {template: t, key: anna}\n", "")
    (tmp_path / "m.yaml").write_text(text, "utf-8")
    done = team("import", "--match", "--yes")
    assert done.code == 3, done
    assert "rows.csv:2" in done.err
    assert "a template makes it" in done.err
    (tmp_path / "m.yaml").write_text(text.replace("forEach: rows.csv", "key: bob"), "utf-8")
    done = team("import", "--match", "--yes")
    assert done.code == 3, done
    assert "m.yaml:6" in done.err
    assert "a template makes it" in done.err


def test_a_plan_notes_what_exists_and_does_what_it_did(team: Tasksync) -> None:
    """In every format, and in a saved plan; the digest is that of a plan without the note."""
    before = json.loads(team("plan", "--json").out)
    report = made(team, "Prepare the report")
    assert noted(team) == [
        {"key": "report", "tasks": [{"id": str(report), "responsible": 1}], "adopt": str(report)}
    ]
    after = json.loads(team("plan", "--json").out)
    assert after["digest"] == before["digest"]
    assert after["resource_changes"] == before["resource_changes"]
    for format_ in ("text", "markdown", "html"):
        told = team("plan", "--format", format_).words
        assert "a task of the same title exists that belongs to no project" in told
        assert "import --match" in told
    saved = str(team.folder / "p.tsplan")
    assert team("plan", "--out", saved).code == 0
    assert "a task of the same title exists" in team("show", saved).words
    assert team("apply", saved).code == 0
    assert len(world_of(team.folder)) == 4


def test_several_of_one_title_are_noted_as_such(team: Tasksync) -> None:
    for _ in range(2):
        made(team, "Nobody made this", responsibleId=5)
    ((one),) = noted(team)
    assert one["adopt"] is None
    assert len(one["tasks"]) == 2
    assert "several tasks of the same title exist" in team("plan").out


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the paths of the batches that are asked, as they are."""
    asked: list[str] = []
    send = InProcess.__call__

    def noted_too(self: InProcess, request: PortalRequest) -> PortalAnswer:
        if request.path == "/v1/batch":
            asked.append(request.path)
        return send(self, request)

    monkeypatch.setattr(InProcess, "__call__", noted_too)
    return asked


@pytest.mark.parametrize(("tasks", "more"), [(1, 1), (50, 1), (51, 2), (200, 2), (201, 0)])
def test_the_note_costs_two_requests_at_most(
    tmp_path: Path, batches: list[str], tasks: int, more: int
) -> None:
    """And none where nothing is created, or more than 200 tasks."""
    head = "apiVersion: tasksync/v1\nproject: way-in\ndefaults: {responsibleId: 1}\ntasks:\n"
    text = head + "".join(f"  t{n}:\n    title: Task {n}\n" for n in range(tasks))
    team = Tasksync.of(tmp_path, text)
    assert team("plan").code == 0
    assert len(batches) == more
    made(team, f"Task {tasks - 1}")
    assert [one["key"] for one in noted(team)] == ([f"t{tasks - 1}"] if more else [])


def test_where_nothing_is_created_nothing_more_is_asked(team: Tasksync, batches: list[str]) -> None:
    """Nor where the portal is not read, nor by an apply that asks nobody."""
    assert team("plan", "--no-refresh").code == 0
    assert team("apply", "--yes").code == 0
    before = len(batches)
    assert "No changes." in team("plan").out
    assert len(batches) == before


def test_apply_notes_it_where_it_asks(team: Tasksync) -> None:
    """There a person can still say no."""
    made(team, "Prepare the report")
    done = team("apply", answer="no")
    assert "a task of the same title exists that belongs to no project" in done.words
    assert len(world_of(team.folder)) == 1


@pytest.mark.parametrize("status", [400, 403, 422])
def test_a_look_up_that_fails_fails_no_plan(team: Tasksync, status: int) -> None:
    """The plan says what it does not know; the command that lives of it fails."""
    file = team.folder / "faults.json"
    rule = {"on": {"path": "^/v1/batch$"}, "kind": "status", "status": status}
    file.write_text(json.dumps([rule]))
    running = start(SandboxSettings(port=0, limits="none", faults=file))
    try:
        team.env |= {"TASKSYNC_PORTAL": running.url, "TASKSYNC_API_KEY": "vibe_api_sandbox"}
        done = team("plan")
        assert done.code == 0, done
        assert "Plan: 3 to add" in done.out
        assert "the portal did not tell whether 3 tasks that would be created exist" in done.out
        document = json.loads(team("plan", "--json").out)
        jsonschema.validate(document, SCHEMA)
        assert document["not_looked_for"] == 3
        assert team("import", "--match", "--yes").code == (7 if status == 403 else 1)
    finally:
        running.stop()
