"""The virtual machine itself, and what its kernel is like: if these fail, the rest says nothing."""
from __future__ import annotations

from pathlib import Path

import pytest
from guest import Guest
from oom_bed import LIMIT_MB, GuestBed


def test_gives_status_output_and_files(guest_bed: GuestBed) -> None:
    ran = guest_bed.guest.run(
        r"printf 'a\r\n\000\n' > /out/bytes; echo seen; echo bad >&2; exit 42")
    assert (ran.status, ran.out, ran.err) == (42, "seen\n", "bad\n")
    assert ran.files["bytes"] == b"a\r\n\0\n"
    assert ran.text("none") == ""


def test_a_guest_that_hangs_is_ended_with_its_console(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="longer than 6"):
        Guest(tmp_path).run("sleep 1000", seconds=6)


def test_has_the_controllers_and_the_kernels_log(guest_bed: GuestBed) -> None:
    """One boot for all facts that the code relies on (docs/kernel-facts.md, "Control groups")."""
    ran = guest_bed.guest.run(rf"""
G=/sys/fs/cgroup/web
mkdir $G
echo {LIMIT_MB}M > $G/memory.max
echo 1 > $G/memory.oom.group
# A whole group: the victim and two that wait.
sh -c 'echo 0 > /sys/fs/cgroup/web/cgroup.procs; sleep 100 & sleep 100 &
  exec victim eat-memory 99' \
  >/dev/null 2>&1
cat $G/memory.events.local > /out/events
echo 3 > $G/pids.max
sh -c 'echo 0 > /sys/fs/cgroup/web/cgroup.procs; for i in 1 2 3 4; do sleep 1 & done; wait' \
  >/dev/null 2>&1
cat $G/pids.events > /out/pids
dmesg | grep -c 'oom-kill:constraint=.*task=victim,pid=' > /out/named
dmesg | grep -c 'Killed process .* (sleep) total-vm:' > /out/taken_along
stat -L -c %i /proc/self/ns/pid > /out/pid_namespace
""")
    assert ran.status == 0, ran.err
    events = dict(line.split() for line in ran.text("events").splitlines())
    assert int(events["oom_kill"]) >= 3 and events["oom_group_kill"] == "1", events
    assert int(ran.text("pids").split()[1]) >= 1
    assert (ran.text("named"), ran.text("taken_along")) == ("1\n", "2\n")
    assert ran.text("pid_namespace") == f"{0xEFFFFFFC}\n"
