"""Whose portal it is: names in one form, portals that name none, and `state rebind`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command import Tasksync

from tasksync.sandbox.web.server import RunningSandbox, SandboxSettings, start

MANIFEST = """\
apiVersion: tasksync/v1
project: whose
defaults: {responsibleId: 1}
tasks:
  a: {title: First}
  b: {title: Second}
"""
OLD, NEW = "acme.bitrix24.example", "acme-new.bitrix24.example"


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with start(SandboxSettings(port=0, limits="none", portal=OLD)) as running:
        yield running


@pytest.fixture
def tasksync(tmp_path: Path, sandbox: RunningSandbox) -> Tasksync:
    made = Tasksync.of(tmp_path, MANIFEST)
    made.env |= {"TASKSYNC_PORTAL": sandbox.url, "TASKSYNC_API_KEY": "vibe_api_sandbox"}
    assert made("apply", "--yes").code == 0
    return made


def bound(tasksync: Tasksync) -> Any:
    return json.loads(tasksync("state", "pull").out)["identity"]


@pytest.mark.parametrize("name", [f"HTTPS://{OLD.upper()}/", f" {OLD}/ ", f"https://{OLD}:443"])
def test_a_portal_whose_name_is_written_otherwise_is_the_same_portal(
    tasksync: Tasksync, sandbox: RunningSandbox, name: str
) -> None:
    """On either side: what the portal says now, and what a state of before remembers."""
    sandbox.api.portal = name
    assert "No changes." in tasksync("plan").out
    pulled = json.loads(tasksync("state", "pull").out)
    pulled["identity"]["portal"] = name
    (tasksync.folder / "old.json").write_text(json.dumps(pulled))
    assert tasksync("state", "push", tasksync.folder / "old.json", "--force").code == 0
    sandbox.api.portal = OLD
    assert "No changes." in tasksync("plan").out
    assert "already" in tasksync("state", "rebind", "--yes").out


def test_a_saved_plan_of_before_whose_portal_is_written_otherwise_goes_on(
    tasksync: Tasksync, sandbox: RunningSandbox
) -> None:
    sandbox.api.portal = f"HTTPS://{OLD}/"
    tasksync.manifest(MANIFEST.replace("Second", "Other"), "m.yaml")
    plan = tasksync.folder / "plan.json"
    assert tasksync("plan", "--out", plan).code == 0
    sandbox.api.portal = OLD.upper()
    assert tasksync("apply", plan).code == 0


def test_a_renamed_portal_is_refused_with_the_way_out(
    tasksync: Tasksync, sandbox: RunningSandbox
) -> None:
    sandbox.api.portal = NEW
    for command in (("plan",), ("apply", "--yes")):
        told = tasksync(*command)
        assert told.code == 1
        assert OLD in told.err
        assert NEW in told.err
        assert "state rebind" in told.err


def test_a_portal_that_names_itself_no_more_is_told_as_that(
    tasksync: Tasksync, sandbox: RunningSandbox
) -> None:
    sandbox.api.portal = ""
    told = tasksync("plan")
    assert told.code == 1
    assert f"belongs to the portal {OLD}" in told.err
    assert "127.0.0.1 does not tell which portal" in told.err
    assert "state rebind" in told.err


def test_a_portal_that_names_itself_only_now_is_told_as_that(
    tasksync: Tasksync, sandbox: RunningSandbox
) -> None:
    sandbox.api.portal = ""
    assert tasksync("state", "rebind", "--yes").code == 0
    assert bound(tasksync)["portal"] == "127.0.0.1"
    assert "No changes." in tasksync("plan").out
    sandbox.api.portal = OLD
    told = tasksync("plan")
    assert told.code == 1
    assert "bound to 127.0.0.1 itself, which named no portal then" in told.err
    assert tasksync("state", "rebind", "--yes").code == 0
    assert "No changes." in tasksync("plan").out


def test_rebind_shows_both_names_asks_and_binds_the_state(
    tasksync: Tasksync, sandbox: RunningSandbox
) -> None:
    """Writes nothing to the portal, and changes nothing but the name."""
    before = json.loads(tasksync("state", "pull").out)
    sandbox.api.portal = f"https://{NEW.upper()}/"
    refused = tasksync("state", "rebind", answer="no")
    assert refused.code == 64
    assert bound(tasksync)["portal"] == OLD
    done = tasksync("state", "rebind", answer="yes")
    assert done.code == 0
    assert OLD in done.out
    assert NEW in done.out
    assert "2 tasks" in done.out
    assert "Only 'yes' will be accepted" in done.err
    after = json.loads(tasksync("state", "pull").out)
    assert after["identity"] == {**before["identity"], "portal": NEW}
    assert after["entries"] == before["entries"]
    assert after["lineage"] == before["lineage"]
    assert "No changes." in tasksync("plan").out


@pytest.mark.parametrize("words", [(), ("--no-input",)])
def test_rebind_without_a_terminal_needs_yes(
    tasksync: Tasksync, sandbox: RunningSandbox, words: tuple[str, ...]
) -> None:
    sandbox.api.portal = NEW
    told = tasksync("state", "rebind", *words)
    assert (told.code, "--yes" in told.err) == (64, True)
    assert bound(tasksync)["portal"] == OLD
    assert tasksync("state", "rebind", "--yes", *words).code == 0
    assert bound(tasksync)["portal"] == NEW


def test_rebind_keeps_the_owner_that_the_state_remembers(
    tasksync: Tasksync, sandbox: RunningSandbox
) -> None:
    """Another owner may see other tasks: the next plan still has to say so."""
    pulled = json.loads(tasksync("state", "pull").out)
    pulled["identity"]["owner"] = "Somebody else"
    (tasksync.folder / "old.json").write_text(json.dumps(pulled))
    assert tasksync("state", "push", tasksync.folder / "old.json", "--force").code == 0
    sandbox.api.portal = NEW
    assert tasksync("state", "rebind", "--yes").code == 0
    assert "belonged to Somebody else at the last apply" in tasksync("plan").err


def test_rebind_of_a_state_that_no_apply_has_bound_binds_nothing(
    tasksync: Tasksync, tmp_path: Path
) -> None:
    fresh = f"sqlite:{tmp_path / 'fresh.db'}"
    done = tasksync("state", "rebind", "--yes", TASKSYNC_STATE=fresh)
    assert (done.code, "first apply binds it" in done.out) == (0, True)


def test_rebind_waits_for_nobody_else_and_needs_the_lock(
    tasksync: Tasksync, sandbox: RunningSandbox
) -> None:
    from tasksync.backends.registry import open_store
    from tasksync.cli.signals import Stop, SystemClock
    from tasksync.core.state import Holder

    sandbox.api.portal = NEW
    other = Holder("boris", "elsewhere", 1, "now")
    store = open_store(
        tasksync.env["TASKSYNC_STATE"],
        "whose",
        clock=SystemClock(Stop()),
        ids=lambda: "their-lock",
        here=other,
        env={},
    )
    lease = store.acquire(other, 60.0)
    told = tasksync("state", "rebind", "--yes")
    assert (told.code, "boris" in told.err) == (6, True)
    store.release(lease)
    store.close()
    assert bound(tasksync)["portal"] == OLD


def handed_over(tasksync: Tasksync) -> None:
    """Let the state remember that the key was somebody else's at the last apply."""
    pulled = json.loads(tasksync("state", "pull").out)
    pulled["identity"]["owner"] = "Somebody else"
    file = tasksync.folder / "handed.json"
    file.write_text(json.dumps(pulled))
    assert tasksync("state", "push", file, "--force").code == 0


SAID = "The key belonged to Somebody else at the last apply and now belongs to"


def test_another_owner_of_the_key_is_said_once_in_a_run_and_no_more_after_an_apply(
    tasksync: Tasksync,
) -> None:
    """Planning, asking, reading again and writing is one run."""
    handed_over(tasksync)
    tasksync.manifest(MANIFEST.replace("Second", "Other"), "m.yaml")
    assert tasksync("plan").err.count(SAID) == 1
    done = tasksync("apply", answer="yes")
    assert (done.code, (done.out + done.err).count(SAID)) == (0, 1)
    assert SAID not in tasksync("plan").err
    assert SAID not in tasksync("apply", "--yes").err


def test_an_apply_that_changes_nothing_remembers_the_new_owner_too(tasksync: Tasksync) -> None:
    handed_over(tasksync)
    assert tasksync("apply", "--yes").err.count(SAID) == 1
    assert SAID not in tasksync("apply", "--yes").err


def test_another_owner_is_said_once_when_a_saved_plan_is_done(tasksync: Tasksync) -> None:
    tasksync.manifest(MANIFEST.replace("Second", "Other"), "m.yaml")
    plan = tasksync.folder / "plan.json"
    assert tasksync("plan", "--out", plan).code == 0
    handed_over(tasksync)
    done = tasksync("apply", plan)
    assert (done.code, done.err.count(SAID)) == (0, 1)
    assert SAID not in tasksync("plan").err


def test_a_part_seen_by_another_owner_does_not_make_him_the_one_that_is_remembered(
    tasksync: Tasksync,
) -> None:
    """What else he cannot see was not looked at, though creates are done in that part."""
    handed_over(tasksync)
    tasksync.manifest(MANIFEST + "  c: {title: Third}\n", "m.yaml")
    assert tasksync("apply", "--yes", "--target", "c").code == 0
    assert bound(tasksync)["owner"] == "Somebody else"
    assert bound(tasksync)["createSeconds"]
    assert SAID in tasksync("plan").err
