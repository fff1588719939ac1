"""Places where little is there: closed descriptors, a read-only root, no /proc or the wrong one,
no privileges."""

from __future__ import annotations

import itertools
import json
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

import paths
from launch import PID1, SANITIZED, SUBREAPER, Launcher, Run, roles, strays
from waiting import wait_until

SOMEONE = 23453
CLOSED = [closed for size in (1, 2, 3) for closed in itertools.combinations((0, 1, 2), size)]
SETTING = {
    # Each wraps the init inside its namespaces: `sh -c SCRIPT sh INIT …`.
    "read-only root": "mount -o remount,bind,ro / && exec \"$@\"",
    "no /proc": "umount -l -R /proc && exec \"$@\"",
    "an empty /proc": "umount -l -R /proc && mount -t tmpfs -o ro none /proc && exec \"$@\"",
    "hidepid": "mount -t proc -o hidepid=2 proc /proc && exec \"$@\"",
    "hidepid as somebody": "mount -t proc -o hidepid=2 proc /proc && exec "
                           f"{{roles}} as-user {SOMEONE} -- \"$@\"",
    "no /dev": "mount -t tmpfs -o ro none /dev && exec \"$@\"",
}


def setting(name: str) -> list[str]:
    if SANITIZED and name.endswith("/proc"):
        pytest.skip("the sanitizer needs /proc, even to read that it should not")
    script = SETTING[name].replace("{roles}", roles()[0])
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"]


def work_with(run: Run, orphans: int) -> None:
    """The whole day of an init: orphans are reaped, a signal arrives, main's code gets out."""
    run.wait_line("^ready echo")
    run.wait_only_children(1)
    run.send(signal.SIGUSR1)
    assert run.end().code == 42, run.err()
    assert run.out().count("orphan ") == orphans


def day(orphans: int) -> list[str]:
    return roles("orphans", orphans, "--orphan-end=exit:3", "--",
                 *roles("echo", "--exit-on=USR1=42"))


@pytest.mark.parametrize("closed", CLOSED, ids=lambda closed: "".join(map(str, closed)))
def test_closed_descriptors_stay_closed_for_the_child(launch: Launcher, mode: str,
                                                      closed: tuple[int, ...]) -> None:
    file = launch.folder / "report"
    ended = launch.run([], roles("report", f"--out={file}"), mode=mode,
                       prefix=roles("close", *closed, "--"))
    assert ended.code == 0
    seen = json.loads(file.read_text(encoding="utf-8"))
    assert seen["descriptors"] == [number for number in (0, 1, 2) if number not in closed]


@pytest.mark.parametrize("closed", [(0, 1, 2), (2,)], ids=["012", "2"])
def test_an_init_without_descriptors_does_its_work(launch: Launcher, mode: str,
                                                   closed: tuple[int, ...]) -> None:
    file = launch.folder / "lines"
    command = roles("orphans", 20, "--orphan-end=exit:3", f"--out={file}", "--",
                    *roles("echo", f"--out={file}", "--exit-on=USR1=42"))
    run = launch.start(["--log-level", "debug"], command, mode=mode,
                       prefix=roles("close", *closed, "--"))
    run.folder.joinpath("out").unlink()
    run.folder.joinpath("out").symlink_to(file)
    file.touch()
    work_with(run, 20)


@pytest.mark.parametrize("closed", CLOSED, ids=lambda closed: "".join(map(str, closed)))
def test_nothing_of_ours_lands_where_a_descriptor_was_closed(
        launch: Launcher, closed: tuple[int, ...]) -> None:
    """An epoll or a signalfd as descriptor 1 would be written to by the first careless line."""
    run = launch.start([], ["sleep", "1000"], mode=PID1, prefix=roles("close", *closed, "--"))
    wait_until(run.children, "main")
    for number in closed:
        link = Path(f"/proc/{run.pid}/fd/{number}")
        target = str(link.readlink()) if link.is_symlink() else "closed"
        assert target in ("closed", "/dev/null"), f"descriptor {number} is {target}"


@pytest.mark.parametrize("name", list(SETTING))
def test_it_works_as_pid_1_in_a_poor_place(launch: Launcher, name: str) -> None:
    work_with(launch.start([], day(30), mode=PID1, prefix=setting(name)), 30)


@pytest.mark.parametrize("name", list(SETTING))
def test_it_works_as_subreaper_in_a_poor_place(launch: Launcher, name: str) -> None:
    work_with(launch.start([], day(30), prefix=setting(name)), 30)


def leave_orphans() -> list[str]:
    return roles("orphans", 5, "--setsid", "--orphan-end=sleep", "--end=exit:4")


# A subreaper without /proc has no way to find its descendants.
FINDABLE = [(PID1, name) for name in SETTING] + [
    (SUBREAPER, name) for name in SETTING if not name.endswith("/proc")]


@pytest.mark.parametrize("mode, name", FINDABLE)
def test_grace_clears_up_in_a_poor_place(launch: Launcher, mode: str, name: str) -> None:
    ended = launch.run(["--grace", "10s"], leave_orphans(), mode=mode, prefix=setting(name))
    assert ended.code == 4, ended.err
    assert ended.seconds < 6
    assert strays() == []


@pytest.mark.parametrize("name", ["no /proc", "an empty /proc"])
def test_grace_of_a_subreaper_without_proc_still_ends(launch: Launcher, name: str) -> None:
    ended = launch.run(["--grace", "300ms"], leave_orphans(), prefix=setting(name))
    assert ended.code == 4, ended.err
    assert ended.seconds < 5
    # What could not be done is said.
    assert strays() == [] or "/proc" in ended.err


def test_proc_of_the_outer_namespace_misleads_nobody(launch: Launcher) -> None:
    """Its numbers are not those of the namespace: what is read there must not be waited for."""
    work_with(launch.start([], day(30), mode=PID1, mount_proc=False), 30)


@pytest.mark.slow
def test_proc_of_the_outer_namespace_behind_many_live_orphans(launch: Launcher) -> None:
    live = 2500
    run = launch.start(["--grace", "0"],
                       roles("live-orphans", live, "--",
                             *roles("storm", 2500, "--burst=500", "--",
                                    *roles("echo", "--exit-on=USR1=42"))),
                       mode=PID1, mount_proc=False, stdin=subprocess.PIPE)
    run.wait_line("^ready echo", 40)
    run.wait_only_children(live + 1, 40)
    run.send(signal.SIGUSR1)
    assert run.end(30).code == 42


def test_without_privileges(launch: Launcher, mode: str) -> None:
    work_with(launch.start([], day(30), mode=mode, prefix=roles("as-user", SOMEONE, "--")), 30)


def test_as_root_of_a_user_namespace(launch: Launcher, mode: str) -> None:
    prefix = [*roles("as-user", SOMEONE, "--"), "unshare", "--user", "--map-root-user"]
    work_with(launch.start([], day(30), mode=mode, prefix=prefix), 30)


def test_alone_in_an_empty_root(launch: Launcher, open_folder: Path) -> None:
    """Only two static programs, nothing else: no /proc, no /dev, no /etc, no /tmp."""
    for program in (paths.reaperd_static(), Path(roles()[0])):
        shutil.copy2(program, open_folder / program.name)
    command = [f"/{Path(roles()[0]).name}" if word == roles()[0] else word for word in day(30)]
    work_with(launch.start([], command, mode=PID1, prefix=["chroot", str(open_folder)],
                           program=f"/{paths.reaperd_static().name}", mount_proc=False), 30)


def test_the_current_folder_may_be_gone(launch: Launcher) -> None:
    folder = launch.folder / "gone"
    folder.mkdir()
    prefix = ["sh", "-c", 'rmdir "$PWD"; exec "$@"', "sh"]
    work_with(launch.start([], day(5), prefix=prefix, cwd=folder), 5)
