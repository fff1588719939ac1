"""--reap auto: the kernel reaps. Main's status comes by its pidfd; of orphans nothing is left."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess

import pytest

import procread
from launch import PID1, SANITIZED, Launcher, Run, roles
from waiting import wait_until

AUTO = ("--reap", "auto")
ECHO = roles("echo", "--exit-on=USR1=42")
BESIDE_NEGLIGENT = roles("beside", "--", "negligent", 50, "++", "echo", "--exit-on=USR1=42")
CONTRADICTIONS = [
    (["--hold", "cause=abnormal,for=1s"], "what the kernel reaps cannot be held"),
    (["--exit-status", "first-failure"], "only main's status is known"),
    (["--watch", "1s"], "leaves no record"),
]
REFUSED = ["ioctl=EPERM", "ioctl=ENOSYS", "pidfd_send_signal=EPERM", "clone:CLONE_PIDFD=EPERM"]


@pytest.fixture(autouse=True)
def kernel_tells(launch: Launcher) -> None:
    ended = launch.run(AUTO, ["true"])
    if "cannot be had here" in ended.err:
        pytest.skip(ended.err)


def records(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith('{"seq"')]


def state_of(pid: int) -> str:
    process = procread.read_process(pid)
    return process.state if process is not None else "gone"


def stand_still(run: Run) -> None:
    run.send(signal.SIGSTOP)
    wait_until(lambda: state_of(run.pid) == "T", "the supervisor to stand still")


def finish(run: Run) -> None:
    run.wait_line("^ready echo", 30)
    run.wait_only_children(1, 30)
    run.send(signal.SIGUSR1)
    assert run.end().code == 42


@pytest.mark.parametrize("main, code", [
    (["exit", "0"], 0), (["exit", "7"], 7), (["exit", "255"], 255), (["kill-self", "KILL"], 137),
    (["kill-self", "SEGV"], 139), (["kill-self", "TERM"], 143),
])
def test_mains_status_becomes_ours(launch: Launcher, mode: str, main: list[str],
                                   code: int) -> None:
    assert launch.run(AUTO, roles(*main), mode=mode).code == code


def test_a_hundred_mains_that_end_at_once(launch: Launcher) -> None:
    """The child may be gone before we look for it the first time."""
    for _ in range(100):
        assert launch.run(AUTO, roles("exit", 3)).code == 3


@pytest.mark.parametrize("how", ["option", "variable"])
def test_the_kernel_reaps_and_not_we(launch: Launcher, mode: str, how: str) -> None:
    """While the supervisor stands still fifty zombies come to it, and none stays."""
    given = {"environment": {"REAPERD_REAP": "auto"}} if how == "variable" else {}
    run = launch.start(() if given else AUTO, BESIDE_NEGLIGENT, mode=mode, **given)
    run.wait_line("^ready negligent")
    run.wait_line("^ready echo")
    main = run.children()[0]
    parent = procread.children(main)[0]
    stand_still(run)
    os.kill(parent, signal.SIGKILL)
    wait_until(lambda: state_of(parent) in ("Z", "gone"), "the parent to die")
    # The kernel lets go of its zombies after it has shown the parent as one.
    wait_until(lambda: run.children() == [main], "all zombies to be gone")
    assert state_of(run.pid) == "T"
    run.send(signal.SIGCONT)
    run.send(signal.SIGUSR1)
    assert run.end().code == 42


@pytest.mark.parametrize("dead", [[], ["--dead"]], ids=["alive", "handed-over-dead"])
def test_a_storm_of_orphans_leaves_no_zombie(launch: Launcher, mode: str,
                                             dead: list[str]) -> None:
    finish(launch.start(AUTO, roles("storm", 3000, "--burst=60", *dead, "--", *ECHO), mode=mode))


def cpu_of_storm_us(launch: Launcher, how: str) -> float:
    run = launch.start(["--reap", how], roles("storm", 3000, "--burst=60", "--", *ECHO))
    run.wait_line("^ready echo", 60)
    run.wait_only_children(1, 60)
    used = procread.cpu_ns(run.pid) / 1000
    finish(run)
    return used


def test_a_storm_costs_less_than_reaping_it(launch: Launcher) -> None:
    """A third, when it is quiet."""
    used = {how: statistics.median(cpu_of_storm_us(launch, how) for _ in range(3))
            for how in ("wait", "auto")}
    assert used["auto"] < 0.75 * used["wait"], used


def test_mains_end_is_seen_in_the_middle_of_a_storm(launch: Launcher, mode: str) -> None:
    storm = roles("beside", "--", "storm", 1500, "--burst=100", "++", "exit", 9)
    assert launch.run([*AUTO, "--grace", "0"], storm, mode=mode).code == 9


def test_zombies_that_were_there_before_are_swept(launch: Launcher) -> None:
    """A script that execs reaperd leaves it the dead children that it made."""
    script = 'sh -c "exit 3" & sleep 0.2; exec "$@"'
    run = launch.start(AUTO, ECHO, prefix=["sh", "-c", script, "sh"])
    run.wait_line("^ready echo")
    finish(run)


@pytest.mark.parametrize("asked", [["--exit-status", "main"], ["--drain", "0"]])
def test_an_execd_program_inherits_nothing(launch: Launcher, mode: str,
                                           asked: list[str]) -> None:
    """SIGCHLD is as ever for the command: not ignored, and its children can be waited for."""
    script = 'grep SigIgn /proc/self/status; (exit 9) & wait $!; echo "status $?"'
    ended = launch.run([*AUTO, *asked], ["sh", "-c", script], mode=mode)
    assert ended.out == "SigIgn:\t0000000000000000\nstatus 9\n"


@pytest.mark.parametrize("options, why", CONTRADICTIONS)
def test_what_it_cannot_do_is_refused(launch: Launcher, options: list[str], why: str) -> None:
    ended = launch.run([*AUTO, *options], ["echo", "started"])
    assert (ended.code, ended.out) == (125, "")
    assert len(ended.errors()) == 1
    assert why in ended.err and "--reap auto" in ended.err


@pytest.mark.parametrize("refused", REFUSED)
def test_it_is_refused_where_the_kernel_does_not_tell(launch: Launcher, mode: str,
                                                      refused: str) -> None:
    ended = launch.run(AUTO, ["echo", "started"], mode=mode,
                       prefix=roles("refuse", refused, "--"))
    assert (ended.code, ended.out) == (125, "")
    assert len(ended.errors()) == 1
    assert "--reap auto cannot be had here" in ended.err


def test_other_words_are_refused(launch: Launcher) -> None:
    ended = launch.run(["--reap", "never"], ["true"])
    assert ended.code == 125
    assert "expected wait or auto" in ended.err


def test_a_command_that_cannot_start_is_told(launch: Launcher, mode: str) -> None:
    assert launch.run(AUTO, ["/no/such/program"], mode=mode).code == 127


@pytest.mark.skipif(SANITIZED, reason="it exits too late for the budget of the log")
def test_only_main_and_hooks_have_records(launch: Launcher, mode: str) -> None:
    script = "(exit 3) & (sh -c 'exit 4' &); wait; sleep 0.2; exit 5"
    ended = launch.run([*AUTO, "--death-log", "-"], ["sh", "-c", script], mode=mode)
    assert ended.code == 5
    told = records(ended.err)
    assert [record["role"] for record in told] == ["main"], ended.err
    main = told[0]
    assert main["end"] == {"how": "exit", "code": 5, "signal": None, "core": False}
    assert (main["detail"], main["rusage"], main["uid"]) == ("minimal", None, None)
    assert main["comm"] == "sh" and str(main["id"]).startswith("i")
    assert main["first_seen"] == "spawn"


def test_wait_for_all_waits_for_orphans(launch: Launcher, mode: str) -> None:
    orphans = roles("orphans", 3, "--orphan-end=after:400", "--end=exit:6")
    ended = launch.run([*AUTO, "--wait-for", "all", "--grace", "off"], orphans, mode=mode)
    assert ended.code == 6
    assert ended.seconds >= 0.4


def test_grace_ends_as_soon_as_nobody_is_left(launch: Launcher, mode: str) -> None:
    orphans = roles("orphans", 3, "--orphan-end=sleep", "--end=exit:6")
    ended = launch.run([*AUTO, "--grace", "60s"], orphans, mode=mode)
    assert ended.code == 6
    assert ended.seconds < 30


def test_the_stop_timeout_kills(launch: Launcher, mode: str) -> None:
    run = launch.start([*AUTO, "--stop-timeout", "200ms"], roles("echo"), mode=mode)
    run.wait_line("^ready echo")
    run.send(signal.SIGTERM)
    assert run.end().code == 137


@pytest.mark.parametrize("target", ["main", "group", "session", "all"])
def test_signals_reach_their_target(launch: Launcher, mode: str, target: str) -> None:
    run = launch.start([*AUTO, "--signal-target", target], ECHO, mode=mode)
    run.wait_line("^ready echo")
    run.send(signal.SIGUSR1)
    assert run.end().code == 42


def test_the_end_of_a_drain_command_ends_the_drain(launch: Launcher, mode: str) -> None:
    run = launch.start([*AUTO, "--drain", "60s", "--drain-command", "sleep 0.2",
                        "--death-log", "-"], roles("echo", "--exit-on=TERM=8"), mode=mode)
    run.wait_line("^ready echo")
    run.send(signal.SIGTERM)
    ended = run.end(30)
    assert ended.code == 8
    assert {record["role"] for record in records(ended.err)} <= {"hook", "main"}


def test_a_drain_command_that_cannot_start_ends_the_drain(launch: Launcher, mode: str) -> None:
    script = launch.folder / "drain"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    run = launch.start([*AUTO, "--drain", "60s", "--drain-command", str(script)],
                       roles("echo", "--exit-on=TERM=8"), mode=mode)
    run.wait_line("^ready echo")
    run.send(signal.SIGTERM)
    ended = run.end(30)
    assert ended.code == 8
    assert "cannot start" in ended.err


def test_a_stopped_main_goes_on_as_pid1(launch: Launcher) -> None:
    run = launch.start(AUTO, ECHO, mode=PID1)
    run.wait_line("^ready echo")
    main = run.children()[0]
    for _ in range(3):
        os.kill(main, signal.SIGTSTP)
    run.send(signal.SIGUSR1)
    assert run.end().code == 42


def test_the_scribe_is_no_zombie(launch: Launcher, mode: str) -> None:
    """It sends no SIGCHLD, so the kernel leaves it to us."""
    run = launch.start([*AUTO, "--death-log", "-"],
                       roles("orphans", 1, "--orphan-end=exit:1", "--", *ECHO), mode=mode)
    run.wait_line("^ready echo")
    finish(run)


def test_a_traced_main_is_told_when_the_tracer_lets_go(launch: Launcher, mode: str) -> None:
    run = launch.start(AUTO, roles("echo"), mode=mode)
    run.wait_line("^ready echo")
    main = run.children()[0]
    tracer = launch.start(["tracer", str(main)], [], program=roles()[0])
    tracer.wait_line("^ready tracer")
    os.kill(main, signal.SIGKILL)
    wait_until(lambda: state_of(main) == "Z", "main to be dead")
    assert run.is_running()
    tracer.process.kill()
    assert run.end().code == 137


def test_a_leader_that_ended_before_its_threads_is_not_dead(launch: Launcher,
                                                            mode: str) -> None:
    run = launch.start(AUTO, roles("leader-exit", 9), mode=mode, stdin=subprocess.PIPE)
    run.wait_line("^ready leader-exit")
    main = run.children()[0]
    wait_until(lambda: state_of(main) == "Z", "the leader to end")
    assert run.is_running()
    assert run.process.stdin is not None
    run.process.stdin.close()
    assert run.end().code == 9


def test_idle_is_idle(launch: Launcher, mode: str) -> None:
    run = launch.start(AUTO, roles("storm", 300, "--burst=60", "--", *ECHO), mode=mode)
    run.wait_line("^ready echo")
    run.wait_only_children(1)
    before = procread.switches(run.pid)

    def quiet_for_a_second() -> bool:
        nonlocal before
        now = procread.switches(run.pid)
        quiet, before = now == before, now
        return quiet

    wait_until(quiet_for_a_second, "a second without a wake-up", 30, pause=1.0)
    finish(run)
