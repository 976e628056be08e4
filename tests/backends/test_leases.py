"""The arithmetic of leases, and who is known to be gone."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from stores import ANNA, BORIS, START, TTL, HandClock

from tasksync.backends import leases, processes
from tasksync.backends.leases import Gone, Watch
from tasksync.backends.mounts import file_system, is_remote
from tasksync.core.state import Holder, Lease
from tasksync.errors import StateError, StateLocked, StateMoved

LEASE = Lease("L1", ANNA, 3, START, START + timedelta(seconds=30), TTL)


def at(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def watching(clock: HandClock, **known: Gone) -> Watch:
    return Watch(clock, known.get("gone", leases.nobody), known.get("alive", leases.nobody))


def test_a_lease_is_dead_when_it_stood_still_for_its_time_by_our_own_clock() -> None:
    clock = HandClock()
    watch = watching(clock)
    assert watch.left(LEASE) == TTL
    clock.sleep(TTL - 1)
    assert watch.left(LEASE) == 1
    clock.sleep(1)
    assert watch.left(LEASE) == 0


@pytest.mark.parametrize("skew", [-86_400.0, -600.0, 0.0, 600.0, 86_400.0])
def test_what_the_wall_clocks_say_decides_nothing(skew: float) -> None:
    watch = watching(HandClock(skew=skew))
    assert watch.left(LEASE) == TTL
    assert watch.left(replace(LEASE, heartbeat=START + at(9e6))) == TTL


@pytest.mark.parametrize("other", [{"id": "L2"}, {"fence": 4}, {"heartbeat": START}])
def test_a_lease_that_moved_is_watched_anew(other: dict[str, object]) -> None:
    clock = HandClock()
    watch = watching(clock)
    watch.left(LEASE)
    clock.sleep(TTL)
    assert watch.left(replace(LEASE, **other)) == TTL  # type: ignore[arg-type]


def test_what_is_written_beside_the_lease_counts_as_a_heartbeat() -> None:
    clock = HandClock()
    watch = watching(clock)
    watch.left(LEASE, 1)
    clock.sleep(TTL)
    assert watch.left(LEASE, 2) == TTL


def test_a_holder_on_this_host_is_looked_at_and_not_timed() -> None:
    clock = HandClock()
    lives = watching(clock, alive=lambda _who: True)
    lives.left(LEASE)
    clock.sleep(TTL * 100)
    assert lives.left(LEASE) is None
    assert watching(clock, gone=lambda _who: True).left(LEASE) == 0


def test_a_heartbeat_differs_from_the_one_before_also_when_the_wall_clock_stands() -> None:
    assert leases.beaten(LEASE, LEASE.heartbeat).heartbeat != LEASE.heartbeat


def test_the_refusal_reads_as_a_lock_info() -> None:
    refused = leases.locked(LEASE, START + at(42), 48.0)
    assert str(refused) == (
        "The state is locked by another run.\n"
        "  Lock Info:\n"
        "    ID:        L1\n"
        "    Operation: apply\n"
        "    Who:       anna@laptop (pid 4711)\n"
        "    Run:       https://ci.example/jobs/1\n"
        "    Created:   2026-05-19T10:00:00Z\n"
        "    Heartbeat: 12 s ago\n"
        "    Lease:     ends when its heart stands still for 48 s more\n"
        "  Wait for it with `--lock-timeout 5m`: it frees itself when its holder dies. Or take it "
        "away with `tasksync state unlock L1`, which is refused while it is alive."
    )
    assert refused.exit_code == 6


def test_a_holder_without_a_run_url_has_no_such_line() -> None:
    assert "Run:" not in leases.locked(replace(LEASE, holder=BORIS), START, TTL).message


def test_only_the_same_id_and_fence_are_the_same_lease() -> None:
    assert leases.mine(LEASE, LEASE) == LEASE
    for other in (None, replace(LEASE, id="L2"), replace(LEASE, fence=4)):
        with pytest.raises(StateMoved):
            leases.mine(other, LEASE)


def test_the_refusal_of_a_holder_that_lives_here_says_so() -> None:
    refused = leases.locked(LEASE, START, None)
    assert "kept as long as its process on this host lives" in refused.message


def test_a_lock_of_which_nothing_is_told_is_never_called_by_a_name_it_has_not() -> None:
    untold = replace(LEASE, id="", holder=Holder("unknown", "unknown", 0))
    refused = leases.locked(untold, START, TTL)
    for word in ("unlock", "ID:", "pid", "Heartbeat"):
        assert word not in str(refused)
    assert "--lock-timeout" in refused.advice


def test_unlocking_asks_for_the_right_id_and_a_dead_heart() -> None:
    leases.may_unlock(LEASE, "L1", START, 0.0)
    for current, lease_id, left, fault in (
        (None, "L1", 0.0, StateError),
        (LEASE, "L2", 0.0, StateLocked),
        (LEASE, "L1", 1.0, StateLocked),
        (LEASE, "L1", None, StateLocked),
    ):
        with pytest.raises(fault):
            leases.may_unlock(current, lease_id, START, left)


def test_this_process_is_alive_and_knows_itself() -> None:
    here = processes.this_process({"CI_JOB_URL": "https://gitlab.example/jobs/7"}, "state push")
    assert (here.pid, here.host) == (os.getpid(), platform.node())
    assert (here.run_url, here.operation) == ("https://gitlab.example/jobs/7", "state push")
    assert here.user
    assert not processes.is_gone(here, here)


def test_a_process_that_ended_is_gone_and_one_that_took_its_pid_is_another() -> None:
    here = processes.this_process({})
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    holder = replace(here, pid=child.pid, started=processes.started(child.pid) or "")
    assert not processes.is_gone(holder, here)
    assert processes.is_alive(holder, here)
    child.communicate(b"\n")
    assert processes.is_gone(holder, here)
    assert not processes.is_alive(holder, here)
    if here.started:
        place = here.started.rpartition("/")[0]
        assert processes.is_gone(replace(here, started=f"{place}/1"), here)


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"host": "another"},
        {"started": "other-boot/pid:[1]/5"},
        {"started": ""},
        {"started": "?/5"},
    ],
)
def test_nothing_is_judged_of_another_host_boot_or_container(elsewhere: dict[str, str]) -> None:
    here = replace(processes.this_process({}), started="boot/pid:[7]/9")
    holder = replace(here, pid=2**22 - 1, **elsewhere)  # type: ignore[arg-type]
    assert not processes.is_gone(holder, here)
    assert not processes.is_alive(holder, here)
    assert processes.is_gone(replace(here, pid=2**22 - 1), here)


def test_where_the_system_tells_nothing_of_its_boot_nothing_is_judged() -> None:
    here = replace(processes.this_process({}), started="?/9")
    assert not processes.is_gone(replace(here, pid=2**22 - 1), here)


def test_without_proc_a_pid_alone_is_asked_for(tmp_path: Path) -> None:
    assert processes.started(os.getpid(), tmp_path) == ""
    assert processes.started(2**22 - 1, tmp_path) is None


def test_a_process_name_with_blanks_and_parentheses_hides_no_field(tmp_path: Path) -> None:
    (tmp_path / "self").mkdir()
    (tmp_path / "42").mkdir()
    fields = " ".join(["S", *map(str, range(4, 53))])
    (tmp_path / "42" / "stat").write_text(f"42 (a ) b (c) {fields}")
    assert processes.started(42, tmp_path) == "?/22"


@pytest.mark.parametrize(
    ("env", "url"),
    [
        ({}, ""),
        ({"GITHUB_RUN_ID": "5"}, ""),
        (
            {
                "GITHUB_SERVER_URL": "https://github.com",
                "GITHUB_REPOSITORY": "acme/tasks",
                "GITHUB_RUN_ID": "5",
            },
            "https://github.com/acme/tasks/actions/runs/5",
        ),
        ({"CI_JOB_URL": "https://gitlab/j/1"}, "https://gitlab/j/1"),
        ({"CI_JOB_URL": "https://gitlab/j/1", "TASKSYNC_RUN_URL": "https://x"}, "https://x"),
    ],
)
def test_the_run_s_address_is_found_where_ci_says_it(env: dict[str, str], url: str) -> None:
    assert processes.run_url(env) == url


MOUNTS = """\
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 21 0:40 / /mnt rw shared:9 - nfs4 server:/export rw
31 30 8:2 / /mnt/local\\040disk rw - xfs /dev/sdb rw
32 21 0:41 / /work rw - fuse.sshfs me@host: rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/anna/s.db", "ext4"),
        ("/mnt/team/s.db", "nfs4"),
        ("/mnt/local disk/s.db", "xfs"),
        ("/mntx/s.db", "ext4"),
        ("/work", "fuse.sshfs"),
    ],
)
def test_the_nearest_mount_tells_the_file_system(path: str, kind: str) -> None:
    assert file_system(path, MOUNTS) == kind


def test_a_network_file_system_is_known_and_a_silent_system_has_none(tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(MOUNTS)
    assert is_remote(Path("/mnt/team/s.db"), table)
    assert not is_remote(Path("/home/s.db"), table)
    assert not is_remote(Path("/mnt/team/s.db"), tmp_path / "none")
