"""Where the status socket is: at the named path or nowhere, else at the first place that can be
had; never instead of a living one, and gone in the end."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
from pathlib import Path

import pytest

import paths
from launch import PID1, SANITIZED, SUBREAPER, Launcher, Run, roles
from status_bed import NAME, in_root_of, start_with_places
from varlink import Client, VarlinkError
from waiting import wait_until

RUN, SHM, XDG = f"/run/reaperd/{NAME}", f"/dev/shm/reaperd-0/{NAME}", f"/dev/shm/xdg/reaperd/{NAME}"
ECHO = roles("echo", "--exit-on=USR1=42")


def said_place(run: Run) -> str:
    return run.wait_log(r"status socket at (\S+)$").group(1)


def places_taken(run: Run) -> list[str]:
    return [path for path in (RUN, SHM) if in_root_of(run, path).parent.exists()]


def pid_told_at(path: Path) -> int:
    with Client(path) as client:
        return int(client.status()["pid"])


def finish(run: Run) -> None:
    run.send(signal.SIGUSR1)
    ended = run.end()
    assert ended.code == 42, ended.err


# --- the search


def test_as_pid_1_it_is_in_run(launch: Launcher) -> None:
    run = start_with_places(launch, "", mode=PID1)
    assert said_place(run) == RUN
    path = in_root_of(run, RUN)
    assert pid_told_at(path) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    finish(run)


def test_as_subreaper_there_is_none_unless_it_is_asked_for(launch: Launcher) -> None:
    run = start_with_places(launch, "", mode=SUBREAPER)
    assert not places_taken(run)
    assert "status socket" not in run.err()
    finish(run)
    run = start_with_places(launch, "", ["--status-socket", "auto"], mode=SUBREAPER)
    assert said_place(run) == RUN
    assert pid_told_at(in_root_of(run, RUN)) == run.pid
    finish(run)


def test_as_pid_1_none_means_none(launch: Launcher) -> None:
    for how in ({"options": ["--status-socket", "none"]},
                {"environment": {"REAPERD_STATUS_SOCKET": "none"}}):
        run = start_with_places(launch, "", mode=PID1, **how)  # type: ignore[arg-type]
        assert not places_taken(run)
        finish(run)


@pytest.mark.parametrize("places, place", [
    ("mount -o remount,ro /run", XDG),
    ("mkdir /run/reaperd; chmod 777 /run/reaperd", XDG),
    ("mkdir /run/reaperd; chown 1:1 /run/reaperd", XDG),
    ("mkdir -m 700 /run/elsewhere; ln -s elsewhere /run/reaperd", XDG),
    (f"mkdir -m 700 /run/reaperd; echo kept >{RUN}", XDG),
    ("mount -o remount,ro /run; rmdir /dev/shm/xdg", SHM),
    ("mkdir -m 755 /run/reaperd", RUN),
])
def test_the_next_place_is_taken_where_one_cannot_be_had(launch: Launcher, places: str,
                                                         place: str) -> None:
    run = start_with_places(launch, "mkdir /dev/shm/xdg; " + places, mode=PID1,
                            environment={"XDG_RUNTIME_DIR": "/dev/shm/xdg"})
    assert said_place(run) == place
    assert pid_told_at(in_root_of(run, place)) == 1
    if "kept" in places:
        assert in_root_of(run, RUN).read_text() == "kept\n"
    finish(run)


def test_where_there_is_no_place_it_runs_without(launch: Launcher) -> None:
    run = start_with_places(
        launch, "mount -o remount,ro /run && mount -o remount,ro /dev/shm", mode=PID1,
        environment={"XDG_RUNTIME_DIR": "/proc/nowhere"})
    said = run.wait_log("no status socket.*").group(0)
    assert [place for place in ("/run/reaperd", "/proc/nowhere", "/dev/shm/reaperd-0")
            if place not in said] == []
    finish(run)
    quiet = start_with_places(
        launch, "mount -o remount,ro /run && mount -o remount,ro /dev/shm",
        ["--log-level", "warn"], mode=PID1)
    finish(quiet)
    assert quiet.err() == ""


def test_a_read_only_root_with_the_usual_mounts_has_one(launch: Launcher) -> None:
    """As `docker run --read-only` has it: /dev/shm can be written, nothing else."""
    run = start_with_places(launch, "umount /run; mount --bind / / && "
                            "mount -o remount,ro,bind / && mount -t tmpfs -o ro none /run",
                            mode=PID1)
    assert said_place(run) == SHM
    assert pid_told_at(in_root_of(run, SHM)) == 1
    finish(run)


@pytest.mark.skipif(SANITIZED, reason="the sanitizer needs /proc, even to read that it should not")
def test_a_second_one_takes_the_next_place(launch: Launcher) -> None:
    """Two in one mount namespace: the first keeps what it has."""
    first = start_with_places(launch, "", mode=PID1)
    said_place(first)
    enter = ("nsenter", f"--mount=/proc/{first.pid}/ns/mnt")
    second = launch.start(["--log-level", "debug", "--status-socket", "auto"], ECHO, prefix=enter)
    assert said_place(second) == SHM
    assert pid_told_at(in_root_of(first, RUN)) == 1
    assert pid_told_at(in_root_of(first, SHM)) == second.pid
    finish(second)
    assert not in_root_of(first, SHM).exists()
    finish(first)


# --- a path that is named


def test_it_is_there_before_main_and_gone_in_the_end(launch: Launcher, open_folder: Path,
                                                     mode: str) -> None:
    path = open_folder / "s"
    run = launch.start(["--status-socket", str(path)],
                       ["sh", "-c", f"test -S {path} && echo there; read line"], mode=mode,
                       stdin=-1)
    run.wait_line("^there$")
    run.process.stdin.close()  # type: ignore[union-attr]
    assert run.end().code == 1
    assert os.listdir(open_folder) == []


def test_its_directory_is_made(launch: Launcher, open_folder: Path, mode: str) -> None:
    path = open_folder / "new" / "s"
    run = launch.start(["--status-socket", str(path)], ECHO, mode=mode)
    run.wait_line("^ready echo")
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert pid_told_at(path) in (1, run.pid)
    finish(run)
    assert not path.exists()


@pytest.mark.parametrize("name, words", [
    ("missing/more/s", ["No such file"]),
    ("file", ["no socket"]),
    ("file/s", ["Not a directory"]),
    ("x" * 120, ["107 bytes"]),
    ("s\n" + "x" * 120, ["107 bytes", "\\x0a"]),
    ("", []),
])
def test_a_path_that_cannot_be_is_an_error_of_the_start(launch: Launcher, open_folder: Path,
                                                        mode: str, name: str,
                                                        words: list[str]) -> None:
    (open_folder / "file").write_text("kept")
    marker = open_folder / "marker"
    ended = launch.run(["--status-socket", f"{open_folder}/{name}"], ["touch", str(marker)],
                       mode=mode)
    assert (ended.code, len(ended.errors()), marker.exists()) == (125, 1, False), ended.err
    assert [word for word in ["--status-socket", *words]
            if word.lower() not in ended.err.lower()] == [], ended.err
    assert (open_folder / "file").read_text() == "kept"


@pytest.mark.parametrize("value", ["relative/s", "s", "yes", ""])
def test_what_is_no_path_is_a_wrong_value(launch: Launcher, value: str) -> None:
    for how in ({"options": ["--status-socket", value]},
                {"options": [], "environment": {"REAPERD_STATUS_SOCKET": value}}):
        if value == "" and "environment" in how:
            continue  # an empty variable
        ended = launch.run(command=["true"], **how)  # type: ignore[arg-type]
        assert (ended.code, len(ended.errors())) == (125, 1), ended.err


def test_a_living_one_is_never_replaced(launch: Launcher, open_folder: Path) -> None:
    path, marker = open_folder / "s", open_folder / "marker"
    first = launch.start(["--status-socket", str(path)], ECHO)
    first.wait_line("^ready echo")
    ended = launch.run(["--status-socket", str(path)], ["touch", str(marker)])
    assert (ended.code, len(ended.errors()), marker.exists()) == (125, 1, False), ended.err
    assert pid_told_at(path) == first.pid
    # One that is stopped, or too busy to answer, lives as well.
    first.send(signal.SIGSTOP)
    assert launch.run(["--status-socket", str(path)], ["touch", str(marker)]).code == 125
    first.send(signal.SIGCONT)
    assert pid_told_at(path) == first.pid
    finish(first)


def test_what_a_killed_one_left_behind_is_replaced(launch: Launcher, open_folder: Path,
                                                   mode: str) -> None:
    path = open_folder / "s"
    first = launch.start(["--status-socket", str(path)], ECHO, mode=mode)
    first.wait_line("^ready echo")
    first.send(signal.SIGKILL)
    first.end()
    assert path.is_socket()
    second = launch.start(["--status-socket", str(path)], ECHO, mode=mode)
    second.wait_line("^ready echo")
    assert pid_told_at(path) in (1, second.pid)
    assert os.listdir(open_folder) == ["s"]
    finish(second)
    assert os.listdir(open_folder) == []


def test_at_the_end_a_file_of_somebody_else_stays(launch: Launcher, open_folder: Path) -> None:
    path = open_folder / "s"
    run = launch.start(["--status-socket", str(path)], ECHO)
    run.wait_line("^ready echo")
    path.unlink()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        finish(run)
        assert path.is_socket()


def test_clients_see_its_end(launch: Launcher, open_folder: Path, mode: str) -> None:
    path = open_folder / "s"
    run = launch.start(["--status-socket", str(path)], ECHO, mode=mode)
    run.wait_line("^ready echo")
    with Client(path) as client:
        client.call("Ping")
        finish(run)
        assert client.socket.recv(100) == b""


# --- the variable, and the names of other programs


def test_main_does_not_see_the_variable(launch: Launcher, open_folder: Path, mode: str) -> None:
    path = open_folder / "s"
    run = launch.start([], roles("report", "--end=sleep"), mode=mode,
                       environment={"REAPERD_STATUS_SOCKET": str(path)})
    report = json.loads(run.wait_line(r"^\{.*").group(0))
    assert not [name for name in report["environment"] if name.startswith("REAPERD")]
    pid_told_at(path)


@pytest.mark.parametrize("name", ["tini", "dumb-init"])
def test_under_another_name_there_is_one_only_if_the_variable_asks(
        launch: Launcher, open_folder: Path, name: str) -> None:
    program = open_folder / name
    program.symlink_to(paths.reaperd())
    quiet = start_with_places(launch, "", mode=PID1, program=program, log=())
    assert not places_taken(quiet)
    finish(quiet)
    path = open_folder / "s"
    run = launch.start([], ["sh", "-c", "(sh -c 'exit 3' &); echo ready; read line; exit 42"],
                       mode=PID1, program=program, stdin=-1,
                       environment={"REAPERD_STATUS_SOCKET": str(path)})
    run.wait_line("^ready$")
    with Client(path) as client:
        deaths = wait_until(lambda: client.call("ListDeaths")["deaths"], "a record")
        assert [one["end"]["code"] for one in deaths] == [3]
        with pytest.raises(VarlinkError) as refused:
            client.call("SetLogLevel", level="debug")
        assert refused.value.name == "Unsupported"
    run.process.stdin.close()  # type: ignore[union-attr]
    assert run.end().code in (1, 42)
