"""Of the personalities, what no original can be asked about: pause, which no distribution packages,
and the REAPERD_… variables, which are the only way to configure `docker run --init`."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import paths
import procread
from launch import MODES, PID1, Launcher, Run, roles
from waiting import wait_until


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launcher]:
    launcher = Launcher(tmp_path)
    try:
        yield launcher
    finally:
        launcher.clean()


@pytest.fixture
def named(tmp_path: Path):
    """reaperd under another name."""
    def make(name: str) -> Path:
        link = tmp_path / name
        link.symlink_to(paths.reaperd())
        return link
    return make


def listening(run: Run) -> bool:
    bit = 1 << (signal.SIGTERM - 1)
    ours = Path(f"/proc/{run.pid}/exe").samefile(paths.reaperd())
    return ours and int(procread.status_field(run.pid, "SigBlk") or "0", 16) & bit != 0


@pytest.mark.parametrize("number", (signal.SIGTERM, signal.SIGINT), ids=lambda n: n.name)
@pytest.mark.parametrize("mode", MODES)
def test_pause_ends_with_a_message(launch: Launcher, named, mode: str, number: int) -> None:
    run = launch.start([], [], program=named("pause"), mode=mode)
    wait_until(lambda: listening(run), "pause to listen")
    run.send_and_see(signal.SIGHUP)
    run.send(number)
    ended = run.end()
    words = "Terminated" if number == signal.SIGTERM else "Interrupt"
    first = [] if mode == PID1 else ["Warning: pause should be the first process"]
    assert (ended.code, ended.out) == (0, "")
    assert ended.errors() == [*first, f"Shutting down, got signal: {words}"]


def test_pause_reaps_what_comes_to_it(launch: Launcher, named) -> None:
    """As in a pod: other processes are started in its pid namespace and leave orphans there."""
    run = launch.start([], [], program=named("pause"), mode=PID1)
    wait_until(lambda: listening(run), "pause to listen")
    subprocess.run(["nsenter", f"--pid=/proc/{run.pid}/ns/pid", *roles("orphans", "20")],
                   check=True, timeout=10, stdout=subprocess.DEVNULL)
    run.wait_only_children(0)
    run.send(signal.SIGTERM)
    assert run.end().code == 0


@pytest.mark.parametrize("name, stream, text", (
    ("pause", "out", r"pause {}"), ("tini", "out", r"tini version {}"),
    ("tini-static", "out", r"tini version {}"), ("docker-init", "out", r"tini version {}"),
    ("podman-init", "out", r"tini version {}_catatonit"),
    ("catatonit", "out", r"tini version {}_catatonit"), ("dumb-init", "err", r"dumb-init v{}"),
))
def test_the_version_is_ours(launch: Launcher, named, name: str, stream: str, text: str) -> None:
    own = launch.run(["--version"], []).out.split()[-1]
    option = "-v" if name == "pause" else "--version"
    ended = launch.run([option], [], program=named(name))
    assert ended.code == 0
    assert (ended.out, ended.err)[stream == "err"] == text.format(own) + "\n"


def test_docker_reads_the_version(launch: Launcher, named) -> None:
    """`docker info` wants "tini version X", and "git." of a commit only in a form that we avoid."""
    out = launch.run(["--version"], [], program=named("docker-init")).out
    assert re.fullmatch(r"tini version \d+\.\d+\.\d+\S*\n", out)
    assert "git" not in out


@pytest.mark.parametrize("name", ("tini", "dumb-init", "podman-init"))
def test_reaperds_variables_count_under_every_name(launch: Launcher, named, name: str) -> None:
    variables = {"REAPERD_MAP": "9=33", "REAPERD_REWRITE": "USR1=TERM"}
    run = launch.start([], roles("echo", "--exit-on=TERM=9"), program=named(name),
                       environment=variables)
    run.wait_line("ready echo")
    run.send(signal.SIGUSR1)
    assert run.end().code == 33


def test_grace_by_environment_ends_what_tini_would_leave_to_the_kernel(
        launch: Launcher, named, tmp_path: Path) -> None:
    (tmp_path / "family").mkdir()
    run = launch.start([], roles("family", tmp_path / "family"), program=named("docker-init"),
                       mode=PID1, environment={"REAPERD_GRACE": "10s"})
    for member in ("main", "group", "session", "other", "orphan"):
        wait_until(lambda: "ready" in read(tmp_path / "family" / member), f"{member} to be ready")
    run.send(signal.SIGTERM)
    assert run.end().code == 0
    for member in ("group", "session", "other", "orphan"):
        assert "signal TERM" in read(tmp_path / "family" / member), member


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


@pytest.mark.parametrize("name, prefix", (
    ("tini", r"\[FATAL tini \(\d+\)\] "), ("dumb-init", r"\[dumb-init\] "),
    ("catatonit", r"ERROR \(catatonit:\d+\): "), ("pause", r"Error: "),
))
def test_a_wrong_variable_is_told_in_the_programs_way(
        launch: Launcher, named, name: str, prefix: str) -> None:
    ended = launch.run([], ["true"], program=named(name), environment={"REAPERD_GRACE": "soon"})
    assert ended.code == 1
    assert ended.out == ""
    assert re.fullmatch(prefix + r".*REAPERD_GRACE.*soon.*\n", ended.err)


@pytest.mark.parametrize("name", ("tini", "dumb-init", "catatonit"))
def test_the_command_does_not_see_reaperds_variables(launch: Launcher, named, name: str) -> None:
    ended = launch.run([], ["env"], program=named(name),
                       environment={"REAPERD_GRACE": "1s", "TINI_VERBOSITY": "1"})
    assert "REAPERD" not in ended.out
    assert "TINI_VERBOSITY=1" in ended.out
