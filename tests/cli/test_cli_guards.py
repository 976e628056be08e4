"""Every guard fires once, with its words and exit 4, and is overridden the way its words say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from command import Done, Tasksync

from tasksync.sandbox.web.http_messages import WebRequest
from tasksync.sandbox.web.routes import open_api

HEAD = "apiVersion: tasksync/v1\nproject: guarded\ndefaults: {{responsibleId: 1}}\n{policy}tasks:"


def manifest(*keys: str, policy: str = "", more: str = "", **bodies: str) -> str:
    lines = [HEAD.format(policy=policy)]
    lines += [f"  {key}: {{title: Task {key}, deadline: {bodies.get(key, DAY)}}}" for key in keys]
    return "\n".join(lines) + ("\n" if keys else " {}\n") + more


DAY = "2026-07-01T12:00:00+02:00"
TWELVE = tuple(f"t{number:02}" for number in range(12))


class Guarded:
    """A project of twelve tasks that was applied."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tasksync = Tasksync(folder)
        self.write(manifest(*TWELVE))
        assert self.apply().code == 0

    def write(self, text: str) -> None:
        self.tasksync.manifest(text)

    def apply(self, *words: str) -> Done:
        return self.tasksync("apply", "-f", self.folder / "tasksync.yaml", "--yes", *words)

    def refused(self, *words: str) -> str:
        done = self.apply(*words)
        assert done.code == 4, done
        assert "Apply complete" not in done.out
        return done.err

    def ids(self) -> dict[str, int]:
        listed = self.tasksync("state", "list", "-f", self.folder / "tasksync.yaml").out
        return {line.split()[0]: int(line.split("task ")[1].split(")")[0])
                for line in listed.splitlines()}  # fmt: skip

    def by_hand(self, method: str, path: str, body: str = "") -> None:
        api = open_api(self.folder / "world.db")
        headers = {"Content-Type": "application/json", "Host": "127.0.0.1"}
        answer = api.handle(
            WebRequest(method, f"/_sandbox/{path}", headers=headers, body=body.encode())
        )
        assert answer.status < 300, answer
        api.close()


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Guarded]:
    return Guarded(tmp_path)


def test_too_many_removals_are_refused_unless_a_flag_or_the_manifest_allows_them(
    guarded: Guarded,
) -> None:
    guarded.write(manifest(*TWELVE[:8]))
    told = guarded.refused()
    assert "4 of 12 tracked tasks (33.33%)" in told
    assert "--max-delete 4" in told
    assert "policy.allow: {delete: 4}" in told
    assert guarded.refused("--max-delete", "3")
    assert "0 added, 0 changed, 4 destroyed" in guarded.apply("--max-delete", "4").out
    guarded.write(manifest(*TWELVE[:5], policy="policy: {maxDelete: 1, allow: {delete: 3}}\n"))
    assert guarded.apply().code == 0


@pytest.mark.parametrize("words", [(), ("--detailed-exitcode",)])
def test_a_plan_of_what_apply_would_refuse_is_exit_4_and_says_so_last(
    guarded: Guarded, words: tuple[str, ...]
) -> None:
    """It is saved all the same; once overridden, it is a plan like any other."""
    where, out = ("plan", "-f", guarded.folder / "tasksync.yaml"), guarded.folder / "plan.json"
    guarded.write(manifest(*TWELVE[:8]))
    done = guarded.tasksync(*where, "--out", out, *words)
    assert (done.code, out.exists()) == (4, True)
    assert done.err.splitlines()[-1].startswith("Apply would refuse this plan (exit 4)")
    overridden = guarded.tasksync(*where, "--max-delete", "4", *words)
    assert overridden.code == (2 if words else 0)


def test_three_of_twelve_pass_under_thirty_percent(guarded: Guarded) -> None:
    guarded.write(manifest(*TWELVE[:9]))
    assert "3 destroyed" in guarded.apply().out


def test_too_many_updates_are_refused_when_a_limit_is_set(guarded: Guarded) -> None:
    later = dict.fromkeys(TWELVE[:7], "2026-07-02T12:00:00+02:00")
    guarded.write(manifest(*TWELVE, policy="policy: {maxUpdate: 50%}\n", **later))
    assert "7 of 12 tracked tasks" in guarded.refused()
    assert "7 changed" in guarded.apply("--max-update", "7").out


def test_an_empty_manifest_removes_nothing(guarded: Guarded) -> None:
    guarded.write(manifest())
    assert "wants no task at all" in guarded.refused()
    assert len(guarded.ids()) == 12
    assert guarded.apply("--dangerous-allow-empty", "--max-delete", "12").code == 0
    assert guarded.ids() == {}


def test_destroy_overrides_the_share_and_removes_everything(guarded: Guarded) -> None:
    assert "12 destroyed" in guarded.apply("--destroy").out


def test_a_half_read_manifest_removes_nothing(guarded: Guarded) -> None:
    folder = guarded.folder
    (folder / "more.yaml").write_text(
        "apiVersion: tasksync/v1\ndefaults: {responsibleId: 1}\ntasks:\n  extra: {title: Extra}\n"
    )
    both = ("-f", folder / "more.yaml")
    assert guarded.apply(*map(str, both)).code == 0
    assert "more.yaml was read by the last apply" in guarded.refused()
    assert guarded.apply("--dangerous-half-read").code == 0


def test_a_protected_task_outlives_its_block_and_goes_after_a_run_of_its_own(
    guarded: Guarded,
) -> None:
    protected = "  vip: {title: Very important, protect: true}\n"
    guarded.write(manifest(*TWELVE, more=protected))
    assert guarded.apply().code == 0
    guarded.write(manifest(*TWELVE, more="  vip: {title: Very important}\n"))
    assert guarded.apply().code == 0
    guarded.write(manifest(*TWELVE))
    told = guarded.refused()
    assert "1 protected task would be removed: vip" in told
    assert "protect: false" in told
    guarded.write(manifest(*TWELVE, more="  vip: {title: Very important, protect: false}\n"))
    assert guarded.apply().code == 0
    guarded.write(manifest(*TWELVE))
    assert "1 destroyed" in guarded.apply().out


def test_a_task_that_people_worked_on_is_not_deleted(guarded: Guarded) -> None:
    remote = guarded.ids()["t11"]
    guarded.by_hand("POST", f"tasks/{remote}/comments", '{"author": 7, "message": "On it"}')
    guarded.by_hand("POST", f"tasks/{remote}/time", '{"user": 7, "seconds": 3600}')
    guarded.write(manifest(*TWELVE[:11]))
    told = guarded.refused()
    assert "1 comment" in told
    assert "1 h" in told
    assert "1 destroyed" in guarded.apply("--dangerous-delete-active").out


def test_service_comments_do_not_count_as_work(guarded: Guarded) -> None:
    remote = guarded.ids()["t11"]
    guarded.by_hand(
        "POST", f"tasks/{remote}/comments", '{"author": 1, "message": "Created", "service": true}'
    )
    guarded.write(manifest(*TWELVE[:11]))
    assert "1 destroyed" in guarded.apply().out


def test_a_rename_is_not_a_delete(guarded: Guarded) -> None:
    renamed = manifest(*TWELVE[:11], more=f"  new: {{title: Task t11, deadline: {DAY}}}\n")
    guarded.write(renamed)
    told = guarded.refused()
    assert "{from: t11, to: new}" in told
    before = guarded.ids()["t11"]
    guarded.write(renamed + "moved:\n  - {from: t11, to: new}\n")
    assert guarded.apply().code == 0
    assert guarded.ids()["new"] == before
    assert "t11" not in guarded.ids()


def test_removed_forgets_without_deleting(guarded: Guarded) -> None:
    remote = guarded.ids()["t11"]
    guarded.write(manifest(*TWELVE[:11], more="removed: [t11]\n"))
    assert "1 forgotten" in guarded.apply().out
    guarded.by_hand("PATCH", f"tasks/{remote}", '{"title": "Still here"}')
    fresh = "  fresh: {title: Something else, deadline: 2026-08-01T12:00:00+02:00}\n"
    guarded.write(manifest(*TWELVE[:11], more=fresh))
    assert "1 added" in guarded.apply().out, "what was forgotten holds nothing up"
    guarded.write(manifest(*TWELVE, more=fresh))
    assert "1 added" in guarded.apply().out, "what was forgotten is not taken back unasked"


def test_on_remove_defer_keeps_the_task_and_its_return_is_an_update(guarded: Guarded) -> None:
    guarded.write(manifest(*TWELVE[:11], policy="policy: {onRemove: defer}\n"))
    assert "1 deferred" in guarded.apply().out
    again = guarded.tasksync("plan", "-f", guarded.folder / "tasksync.yaml", "--detailed-exitcode")
    assert again.code == 0
    guarded.write(manifest(*TWELVE))
    assert "0 added, 1 changed, 0 destroyed" in guarded.apply().out


def test_what_seems_gone_in_bulk_is_not_made_again(guarded: Guarded) -> None:
    for key, remote in guarded.ids().items():
        if key < "t05":
            guarded.by_hand("DELETE", f"tasks/{remote}")
    assert "seem to be gone" in guarded.refused()
    assert "5 added" in guarded.apply("--dangerous-recreate-vanished").out


def test_a_lost_state_with_edited_tasks_makes_nothing_twice(guarded: Guarded) -> None:
    remote = guarded.ids()["t03"]
    guarded.by_hand("PATCH", f"tasks/{remote}", '{"title": "Renamed by hand", "responsibleId": 7}')
    (guarded.folder / "state.db").unlink()
    told = guarded.refused()
    assert "Renamed by hand" in told
    assert "state rebuild" in told
    assert "adopt" in told


def test_adopt_takes_over_an_existing_task_instead_of_making_a_duplicate(guarded: Guarded) -> None:
    guarded.by_hand("POST", "tasks", '{"id": 9001, "title": "By hand", "responsibleId": 7}')
    adopting = "  mine: {title: By hand, responsibleId: 7, adopt: {id: 9001}}\n"
    guarded.write(manifest(*TWELVE, more=adopting))
    assert "1 adopted" in guarded.apply().out
    assert guarded.ids()["mine"] == 9001
    missing = "  gone: {title: Nobody, adopt: {id: 12345}}\n"
    guarded.write(manifest(*TWELVE, more=adopting + missing))
    assert "12345" in guarded.refused()


def test_ignored_fields_belong_to_people(guarded: Guarded) -> None:
    owned = "  own: {title: Owned, priority: high, ignoreChanges: [priority]}\n"
    guarded.write(manifest(*TWELVE, more=owned))
    assert guarded.apply().code == 0
    guarded.by_hand("PATCH", f"tasks/{guarded.ids()['own']}", '{"priority": 0}')
    guarded.write(manifest(*TWELVE, more=owned.replace("high", "normal")))
    done = guarded.apply()
    assert (done.code, "No changes." in done.out) == (0, True)
