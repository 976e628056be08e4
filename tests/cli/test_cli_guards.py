"""Every rail fires once, with its words and exit 4, and is lifted the way its words say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from command import Done, Tasksync

from tasksync.sandbox.web.http_messages import WebRequest
from tasksync.sandbox.web.routes import open_api

HEAD = "apiVersion: tasksync/v1\nproject: rails\ndefaults: {{responsibleId: 1}}\n{policy}tasks:"


def manifest(*keys: str, policy: str = "", more: str = "", **bodies: str) -> str:
    lines = [HEAD.format(policy=policy)]
    lines += [f"  {key}: {{title: Task {key}, deadline: {bodies.get(key, DAY)}}}" for key in keys]
    return "\n".join(lines) + ("\n" if keys else " {}\n") + more


DAY = "2026-07-01T12:00:00+02:00"
TWELVE = tuple(f"t{number:02}" for number in range(12))


class Rails:
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
def rails(tmp_path: Path) -> Iterator[Rails]:
    return Rails(tmp_path)


def test_too_many_removals_are_refused_and_lifted_by_flag_or_in_the_manifest(rails: Rails) -> None:
    rails.write(manifest(*TWELVE[:8]))
    told = rails.refused()
    assert "4 of 12 tracked tasks (33.33%)" in told
    assert "--max-delete 4" in told
    assert "policy.allow: {delete: 4}" in told
    assert rails.refused("--max-delete", "3")
    assert "0 added, 0 changed, 4 destroyed" in rails.apply("--max-delete", "4").out
    rails.write(manifest(*TWELVE[:5], policy="policy: {maxDelete: 1, allow: {delete: 3}}\n"))
    assert rails.apply().code == 0


@pytest.mark.parametrize("words", [(), ("--detailed-exitcode",)])
def test_a_plan_of_what_apply_would_refuse_is_exit_4_and_says_so_last(
    rails: Rails, words: tuple[str, ...]
) -> None:
    """It is saved all the same; once lifted, it is a plan like any other."""
    where, out = ("plan", "-f", rails.folder / "tasksync.yaml"), rails.folder / "plan.json"
    rails.write(manifest(*TWELVE[:8]))
    done = rails.tasksync(*where, "--out", out, *words)
    assert (done.code, out.exists()) == (4, True)
    assert done.err.splitlines()[-1].startswith("Apply would refuse this plan (exit 4)")
    lifted = rails.tasksync(*where, "--max-delete", "4", *words)
    assert lifted.code == (2 if words else 0)


def test_three_of_twelve_pass_under_thirty_percent(rails: Rails) -> None:
    rails.write(manifest(*TWELVE[:9]))
    assert "3 destroyed" in rails.apply().out


def test_too_many_updates_are_refused_when_a_limit_is_set(rails: Rails) -> None:
    later = dict.fromkeys(TWELVE[:7], "2026-07-02T12:00:00+02:00")
    rails.write(manifest(*TWELVE, policy="policy: {maxUpdate: 50%}\n", **later))
    assert "7 of 12 tracked tasks" in rails.refused()
    assert "7 changed" in rails.apply("--max-update", "7").out


def test_an_empty_manifest_removes_nothing(rails: Rails) -> None:
    rails.write(manifest())
    assert "wants no task at all" in rails.refused()
    assert len(rails.ids()) == 12
    assert rails.apply("--dangerous-allow-empty", "--max-delete", "12").code == 0
    assert rails.ids() == {}


def test_destroy_lifts_the_share_and_removes_everything(rails: Rails) -> None:
    assert "12 destroyed" in rails.apply("--destroy").out


def test_a_half_read_manifest_removes_nothing(rails: Rails) -> None:
    folder = rails.folder
    (folder / "more.yaml").write_text(
        "apiVersion: tasksync/v1\ndefaults: {responsibleId: 1}\ntasks:\n  extra: {title: Extra}\n"
    )
    both = ("-f", folder / "more.yaml")
    assert rails.apply(*map(str, both)).code == 0
    assert "more.yaml was read by the last apply" in rails.refused()
    assert rails.apply("--dangerous-half-read").code == 0


def test_a_protected_task_outlives_its_block_and_goes_after_a_run_of_its_own(rails: Rails) -> None:
    guarded = "  vip: {title: Very important, protect: true}\n"
    rails.write(manifest(*TWELVE, more=guarded))
    assert rails.apply().code == 0
    rails.write(manifest(*TWELVE, more="  vip: {title: Very important}\n"))
    assert rails.apply().code == 0
    rails.write(manifest(*TWELVE))
    told = rails.refused()
    assert "1 protected task would be removed: vip" in told
    assert "protect: false" in told
    rails.write(manifest(*TWELVE, more="  vip: {title: Very important, protect: false}\n"))
    assert rails.apply().code == 0
    rails.write(manifest(*TWELVE))
    assert "1 destroyed" in rails.apply().out


def test_a_task_that_people_worked_on_is_not_deleted(rails: Rails) -> None:
    remote = rails.ids()["t11"]
    rails.by_hand("POST", f"tasks/{remote}/comments", '{"author": 7, "message": "On it"}')
    rails.by_hand("POST", f"tasks/{remote}/time", '{"user": 7, "seconds": 3600}')
    rails.write(manifest(*TWELVE[:11]))
    told = rails.refused()
    assert "1 comment" in told
    assert "1 h" in told
    assert "1 destroyed" in rails.apply("--dangerous-delete-active").out


def test_service_comments_do_not_count_as_work(rails: Rails) -> None:
    remote = rails.ids()["t11"]
    rails.by_hand(
        "POST", f"tasks/{remote}/comments", '{"author": 1, "message": "Created", "service": true}'
    )
    rails.write(manifest(*TWELVE[:11]))
    assert "1 destroyed" in rails.apply().out


def test_a_rename_is_not_a_delete(rails: Rails) -> None:
    renamed = manifest(*TWELVE[:11], more=f"  new: {{title: Task t11, deadline: {DAY}}}\n")
    rails.write(renamed)
    told = rails.refused()
    assert "{from: t11, to: new}" in told
    before = rails.ids()["t11"]
    rails.write(renamed + "moved:\n  - {from: t11, to: new}\n")
    assert rails.apply().code == 0
    assert rails.ids()["new"] == before
    assert "t11" not in rails.ids()


def test_removed_forgets_without_deleting(rails: Rails) -> None:
    remote = rails.ids()["t11"]
    rails.write(manifest(*TWELVE[:11], more="removed: [t11]\n"))
    assert "1 forgotten" in rails.apply().out
    rails.by_hand("PATCH", f"tasks/{remote}", '{"title": "Still here"}')
    fresh = "  fresh: {title: Something else, deadline: 2026-08-01T12:00:00+02:00}\n"
    rails.write(manifest(*TWELVE[:11], more=fresh))
    assert "1 added" in rails.apply().out, "what was forgotten holds nothing up"
    rails.write(manifest(*TWELVE, more=fresh))
    assert "1 added" in rails.apply().out, "what was forgotten is not taken back unasked"


def test_on_remove_defer_keeps_the_task_and_its_return_is_an_update(rails: Rails) -> None:
    rails.write(manifest(*TWELVE[:11], policy="policy: {onRemove: defer}\n"))
    assert "1 deferred" in rails.apply().out
    again = rails.tasksync("plan", "-f", rails.folder / "tasksync.yaml", "--detailed-exitcode")
    assert again.code == 0
    rails.write(manifest(*TWELVE))
    assert "0 added, 1 changed, 0 destroyed" in rails.apply().out


def test_what_seems_gone_in_bulk_is_not_made_again(rails: Rails) -> None:
    for key, remote in rails.ids().items():
        if key < "t05":
            rails.by_hand("DELETE", f"tasks/{remote}")
    assert "seem to be gone" in rails.refused()
    assert "5 added" in rails.apply("--dangerous-recreate-vanished").out


def test_a_lost_state_with_edited_tasks_makes_nothing_twice(rails: Rails) -> None:
    remote = rails.ids()["t03"]
    rails.by_hand("PATCH", f"tasks/{remote}", '{"title": "Renamed by hand", "responsibleId": 7}')
    (rails.folder / "state.db").unlink()
    told = rails.refused()
    assert "Renamed by hand" in told
    assert "state rebuild" in told
    assert "adopt" in told


def test_adopt_takes_over_an_existing_task_instead_of_making_a_twin(rails: Rails) -> None:
    rails.by_hand("POST", "tasks", '{"id": 9001, "title": "By hand", "responsibleId": 7}')
    adopting = "  mine: {title: By hand, responsibleId: 7, adopt: {id: 9001}}\n"
    rails.write(manifest(*TWELVE, more=adopting))
    assert "1 adopted" in rails.apply().out
    assert rails.ids()["mine"] == 9001
    missing = "  gone: {title: Nobody, adopt: {id: 12345}}\n"
    rails.write(manifest(*TWELVE, more=adopting + missing))
    assert "12345" in rails.refused()


def test_ignored_fields_belong_to_people(rails: Rails) -> None:
    owned = "  own: {title: Owned, priority: high, ignoreChanges: [priority]}\n"
    rails.write(manifest(*TWELVE, more=owned))
    assert rails.apply().code == 0
    rails.by_hand("PATCH", f"tasks/{rails.ids()['own']}", '{"priority": 0}')
    rails.write(manifest(*TWELVE, more=owned.replace("high", "normal")))
    done = rails.apply()
    assert (done.code, "No changes." in done.out) == (0, True)
