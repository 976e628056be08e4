"""As a process: killed, piped, without streams, with a full disk, beside another one."""

from __future__ import annotations

import os
import stat

import pytest


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("TASKSYNC plan >&-", 0),
        ("TASKSYNC plan 2>&-", 0),
        ("TASKSYNC apply <&-", 64),
        ("TASKSYNC plan > /dev/full", 1),
        ("TASKSYNC plan | head -1", None),
    ],
)
def test_streams_that_are_closed_full_or_cut(world, line, code):
    done = world().shell(line)
    assert code is None or done.code == code, done


def test_out_keeps_devices_and_links_what_they_are(world, tmp_path):
    """As root a rename would put a file in the place of /dev/null."""
    driver = world()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    done = driver.shell(f"TASKSYNC plan --out {pipe} >/dev/null & cat {pipe} | tail -1; wait $!")
    assert (done.code, done.out.strip()[-1:]) == (0, "}")
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    link = driver.folder / "link.json"
    link.symlink_to("real.json")
    assert driver.plan("--out", "link.json").code == 2
    assert link.is_symlink()
    assert driver.run("apply", "link.json").code == 0


def test_a_key_is_asked_for_by_name_and_never_said(world):
    driver = world()
    assert driver.run("plan", "-f", "tasksync.yaml", TASKSYNC_API_KEY="").code == 7
    driver.key = "vibe_api_a_wrong_one"
    assert driver.plan().code == 7
    driver.key = ""
    saved = driver.process("apply", "--yes")
    assert saved.code == 0
    kept = b"".join(p.read_bytes() for p in driver.folder.rglob("*") if p.is_file())
    assert driver.portal.office["key"].encode() not in kept
