"""Two places in which the OOM killer really kills, with one interface.

A *scenario* is shell text that runs as main below reaperd, in a control group that may use
LIMIT_MB. It has the commands of PRELUDE and two programs that are one (`reaperd_roles`) under two
names: `victim` is the one that eats too much, `bystander` dies of something else. What a bed gives
back is the same for both, so a test says once what holds on cgroup v1 and v2.
"""
from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from container_bed import Bed, run
from container_engine import Podman
from container_rootfs import APPLETS, make_tiny, pack
from guest import Guest, GuestRun

LIMIT_MB = 32
EAT_MB = 3 * LIMIT_MB
IMAGE = "localhost/oom:1"
ENTRYPOINT = "/sbin/reaperd"
DEATH_LOG = "/out/deaths"
MORE_APPLETS = ("pidof", "tr", "true")

# $COUNTER is the file whose line oom_kill counts; $LOG, in a guest only, is reaperd's log.
PRELUDE = """
fail() { echo "scenario: $*" >&2; exit 99; }
kills() { while read -r key value; do [ "$key" != oom_kill ] || echo "$value"; done < "$COUNTER"; }
risen() { [ "$(kills)" -gt 0 ]; }
there() { pidof "$1" >/dev/null; }
gone() { ! ps -o comm | grep -qx "$1"; }
zombie() { ps -o stat,comm | grep -q "^Z.* $1\\$"; }
wait_for() {
  tries=0
  until "$@"; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] || fail "waited in vain for $*"
    sleep 0.05
  done
}
orphan() { ("$@" </dev/null >/dev/null 2>&1 &); }
start_bystander() { orphan bystander eat-memory 1 --end=sleep; wait_for there bystander; }
kill_bystander() { kill -9 "$(pidof bystander)"; }
# Nobody else is to be taken while the memory of the first is being freed.
eat() { echo 500 > /proc/self/oom_score_adj; exec victim eat-memory EAT_MB; }
start_victim() { orphan eat; }
taken_along() { echo 0 > /proc/self/oom_score_adj; exec bystander eat-memory 1 --end=sleep; }
eight_held() { [ "$(grep -c "^reaperd: holding sh " "$LOG")" = 8 ]; }
""".replace("EAT_MB", str(EAT_MB))

# TABLE: name -> text. The comment says what a verdict must be.
SCENARIOS: dict[str, str] = {
    # main: oom-kill
    "main_is_the_victim": "eat",
    # victim: oom-kill
    "an_orphan_is_the_victim":
        "start_victim; wait_for risen; wait_for gone victim; exit 3",
    # bystander: unknown-sigkill
    "kill_alone":
        "start_bystander; kill_bystander; wait_for gone bystander; exit 4",
    # main: unknown-sigkill
    "main_is_killed": "kill -9 $$",
    # bystander: never oom-kill, since its death falls into the victim's reading
    "kill_soon_after":
        "start_bystander; start_victim; wait_for risen; kill_bystander; "
        "wait_for gone bystander; wait_for gone victim; exit 5",
    # By the counter both: possible-oom. While reaperd is stopped both die, so it finds them
    # together; it must not be PID 1, which cannot be stopped from inside.
    "kill_at_once":
        "start_bystander; kill -STOP $PPID; start_victim; wait_for risen; kill_bystander; "
        "wait_for zombie bystander; wait_for zombie victim; kill -CONT $PPID; "
        "wait_for gone bystander; wait_for gone victim; exit 6",
    # bystander: unknown-sigkill; the pause is longer than a reading stays open (OomWatch::kSettle)
    "kill_much_later":
        "start_bystander; start_victim; wait_for risen; wait_for gone victim; sleep 4; "
        "kill_bystander; wait_for gone bystander; exit 7",
    # Both: oom-kill. Who may never be taken (-1000, which all inherit here) is not taken along.
    "whole_group_is_the_victim":
        "echo 1 > ${COUNTER%/*}/memory.oom.group; orphan taken_along; wait_for there bystander; "
        "start_victim; wait_for gone victim; wait_for gone bystander; exit 9",
    # Eight dead ones are held (HOLD), then somebody may not fork: four of them go. What waits for
    # that must not fork either.
    "numbers_run_out":
        "for i in 1 2 3 4 5 6 7 8; do orphan sh -c 'exit 3'; done; wait_for eight_held; "
        "mkfifo /tmp/go; (read go </tmp/go; (true); true) 2>/dev/null & "
        "read most < ${COUNTER%/*}/pids.current; echo $most > ${COUNTER%/*}/pids.max; "
        "echo go > /tmp/go; tries=0; "
        "until read now < ${COUNTER%/*}/pids.current && [ $now -le $((most - 4)) ]; do "
        "  tries=$((tries + 1)); [ $tries -lt 100000 ] || fail \"$now of $most\"; "
        "done; exit 8",
}
# They write to their group, which a container may not.
GUEST_ONLY = ("whole_group_is_the_victim", "numbers_run_out")

# TABLE: scenario -> more options of reaperd.
OPTIONS = {"numbers_run_out": ("--hold", "@/hold")}
HOLD = {"rules": [{"name": "three", "match": {"exit_codes": [3]}, "until": "released"}],
        "limits": {"max_share_of_pids": 1.0}}


@dataclass(frozen=True)
class OomRun:
    """How a scenario ended."""

    status: int
    err: str
    oom_killed: bool  # the OOM killer took somebody
    death_log: str = field(default="", repr=False)  # "" when none was asked for

    def deaths(self) -> list[dict[str, Any]]:
        """The records of the death log, in order."""
        return [json.loads(line) for line in self.death_log.splitlines()]

    def causes(self, comm: str) -> list[str]:
        """Verdicts on the processes of that name."""
        return [one["verdict"]["cause"] for one in self.deaths() if one["comm"] == comm]

    def evidence(self, comm: str) -> list[str]:
        """What the verdicts on them rest on."""
        return [one["verdict"]["evidence"] for one in self.deaths() if one["comm"] == comm]


class OomBed(Protocol):
    """Where scenarios are played."""

    name: str

    def play(self, scenario: str, *options: str) -> OomRun:
        """Runs SCENARIOS[scenario] below `reaperd OPTIONS --`."""


def has_death_log(reaperd: Path) -> bool:
    """Whether the program under test can write one."""
    return "--death-log" in run([reaperd, "--help"], check=True).stdout


class PodmanBed:
    """reaperd as PID 1 of a container with a memory limit: v1 on hybrid machines, else v2."""

    name = "podman"

    def __init__(self, bed: Bed, reaperd: Path, roles: Path) -> None:
        self.bed = bed
        root = make_tiny(bed / "oom-root")
        for applet in MORE_APPLETS:
            if applet not in APPLETS:
                (root / "bin" / applet).symlink_to("busybox")
        shutil.copy(reaperd, root / ENTRYPOINT.lstrip("/"))
        shutil.copy(roles, root / "bin/victim")
        (root / "bin/bystander").symlink_to("victim")
        self.podman = Podman(bed, reaperd)
        self.podman.import_root(pack(root, bed / "oom.tar"), IMAGE)
        self.runs = 0

    def play(self, scenario: str, *options: str) -> OomRun:
        """While a victim's memory is being freed the kernel may take a second one, and here nobody
        can protect PID 1. Such a run left no record of anybody, says nothing, and is played
        again."""
        for _ in range(2):
            ran = self._play_once(scenario, *options)
            if ran.status != 137 or ran.death_log:
                return ran
        return self._play_once(scenario, *options)

    def _play_once(self, scenario: str, *options: str) -> OomRun:
        self.runs += 1
        out = self.bed / f"oom-out{self.runs}"
        out.mkdir()
        counter = ("for file in memory/memory.oom_control memory.events.local; do "
                   "[ ! -e /sys/fs/cgroup/$file ] || COUNTER=/sys/fs/cgroup/$file; done\n")
        (out / "scenario").write_text(PRELUDE + counter + SCENARIOS[scenario])
        # conmon watches for us, since the group is gone with its last process. It leaves this file
        # where it was started; podman 4.3 looks for it elsewhere, and so knows of no OOM kill.
        seen_by_conmon = self.bed / "oom"
        seen_by_conmon.unlink(missing_ok=True)
        limit = f"{LIMIT_MB}m"
        with self.podman.start(f"--memory={limit}", f"--memory-swap={limit}",
                               "--volume", f"{out}:/out", "--entrypoint", f'["{ENTRYPOINT}"]',
                               IMAGE, *options, "--", "sh", "/out/scenario") as container:
            status = container.wait_exit()
            return OomRun(status, container.logs(), seen_by_conmon.exists(),
                          read(out / Path(DEATH_LOG).name))

    def close(self) -> None:
        self.podman.remove_all()


class GuestBed:
    """reaperd in a group of a virtual machine: cgroup v2, the first pid namespace, not PID 1."""

    name = "guest"

    def __init__(self, folder: Path, reaperd: Path, roles: Path) -> None:
        self.guest = Guest(folder)
        self.guest.add(reaperd, "bin/reaperd")
        self.guest.add(roles, "bin/victim")
        self.guest.link("victim", "bin/bystander")

        self.ran: dict[tuple[str, ...], GuestRun] = {}

    def play(self, scenario: str, *options: str) -> OomRun:
        """All of them are played in one boot, and each has a group of its own."""
        if options not in self.ran:
            self.ran[options] = self.guest.run(self._script(options), seconds=90)
            assert self.ran[options].status == 0, self.ran[options].err
        ran = self.ran[options]
        counter = dict(line.split() for line in ran.text(f"{scenario}.counter").splitlines())
        return OomRun(int(ran.text(f"{scenario}.status")), ran.text(f"{scenario}.err"),
                      int(counter["oom_kill"]) > 0, ran.text(f"{scenario}.deaths"))

    def _script(self, options: tuple[str, ...]) -> str:
        files = "".join(f"cat > /{name} <<'END'\n{PRELUDE}{text}\nEND\n"
                        for name, text in SCENARIOS.items())
        extra = "".join(f"{name}) set -- {' '.join(words)};; " for name, words in OPTIONS.items())
        return f"""{files}
echo '{json.dumps(HOLD)}' > /hold
for name in {" ".join(SCENARIOS)}; do
  group=/sys/fs/cgroup/$name
  export COUNTER=$group/memory.events.local LOG=/out/$name.err
  mkdir $group
  echo {LIMIT_MB}M > $group/memory.max
  case $name in {extra}*) set -- ;; esac
  sh -c 'echo -1000 > /proc/self/oom_score_adj; echo 0 > $0/cgroup.procs; exec reaperd "$@"' \\
    $group {" ".join(options)} "$@" -- sh /$name >/dev/null 2>"$LOG"
  echo $? > /out/$name.status
  cat $COUNTER > /out/$name.counter
  [ ! -e {DEATH_LOG} ] || mv {DEATH_LOG} /out/$name.deaths
done
"""

    def close(self) -> None:
        """Nothing outlives a run."""


def read(path: Path) -> str:
    """A file's text, "" when there is none."""
    return path.read_text(errors="replace") if path.exists() else ""
