"""What happens to a program while it runs, as small functions for the tables."""

from __future__ import annotations

import contextlib
import os
import re
import signal
from collections.abc import Callable

import procread
from diff_engine import Run
from waiting import wait_until

Step = Callable[[Run], None]

# The highest number: whatever was forwarded before it is delivered before it.
SENTINEL = signal.SIGRTMAX
SENTINEL_END = ("echo", f"--exit-on={SENTINEL.value}=7")

FAMILY = ("main", "group", "session", "other", "orphan")
# Above every signal that the programs send by themselves.
FAMILY_MARK = signal.SIGRTMIN


def ready(words: str = "ready echo") -> Step:
    """Until the command has said that it is there."""
    return lambda run: run.wait_text(words)


def send(number: int) -> Step:
    return lambda run: run.send(number)


def nothing_pending(run: Run) -> None:
    """Until the program has fetched what it got from elsewhere: a second signal of that number
    would be none while the first is pending."""
    wait_until(lambda: not any(procread.signal_pending(run.init, number)
                               for number in (signal.SIGHUP, signal.SIGCONT))
               or run.has_ended(), "HUP and CONT to be fetched")


def finish(run: Run) -> None:
    """Ends a command that was started with SENTINEL_END, after all that was sent before."""
    run.send(SENTINEL)


def await_text(words: str, name: str = "out") -> Step:
    return lambda run: run.wait_text(words, name)


def type_keys(keys: str) -> Step:
    return lambda run: run.type(keys)


def await_children(count: int) -> Step:
    """Until the program has reaped all but so many of its children."""
    def step(run: Run) -> None:
        wait_until(lambda: len(procread.children(run.init)) == count or run.has_ended(),
                   f"{count} children left")
    return step


def main_stopped(run: Run) -> None:
    """Before anything else is sent: a process that is about to stop may fetch it first."""
    def stopped() -> bool:
        process = procread.read_process(run.main or 0)
        return process is not None and process.state == "T"

    wait_until(lambda: stopped() or run.has_ended(), "the command to be stopped")


def note_holds(descriptor: int) -> Step:
    """Whether the program itself still has this descriptor open."""
    def step(run: Run) -> None:
        held = str(descriptor) in os.listdir(f"/proc/{run.init}/fd")
        run.note(f"program holds descriptor {descriptor}: {held}")
    return step


def note_folder(run: Run) -> None:
    """Where the program itself is."""
    folder = os.readlink(f"/proc/{run.init}/cwd").replace(str(run.folder), "FOLDER")
    run.note(f"program is in {folder}")


def until_listening(run: Run) -> None:
    """For a program without a command that could say so: until TERM is blocked, to be fetched."""
    bit = 1 << (signal.SIGTERM - 1)

    def listening() -> bool:
        # unshare, which was there before it, blocks TERM for a moment, too.
        with contextlib.suppress(OSError):
            if os.path.samefile(f"/proc/{run.init}/exe", run.path):
                return int(procread.status_field(run.init, "SigBlk") or "0", 16) & bit != 0
        return False

    wait_until(lambda: listening() or run.has_ended(), "the program to block signals")


def kill_parent(run: Run) -> None:
    """The program's status cannot be told after that: end such a case with until_gone."""
    parent = procread.read_process(run.init)
    assert parent is not None
    os.kill(parent.ppid, signal.SIGKILL)


def until_gone(run: Run) -> None:
    def gone() -> bool:
        process = procread.read_process(run.init)
        return process is None or process.is_zombie

    wait_until(gone, "the program's end")
    run.forget()


def kill_main(number: int) -> Step:
    def step(run: Run) -> None:
        main = run.main
        if main is None:  # the program has just ended and lost its children
            wait_until(run.has_ended, "the program's end")
        else:
            os.kill(main, number)
    return step


def family_ready(run: Run) -> None:
    for name in FAMILY:
        run.wait_text("ready", f"family/{name}")


def await_member(name: str, words: str) -> Step:
    return lambda run: run.wait_text(words, f"family/{name}")


def note_family(run: Run) -> None:
    """What each member got: a mark is sent to all that live, so that everything sent before it has
    come by then."""
    namespace = procread.pid_namespace(run.first)
    assert namespace is not None
    by_number = {procread.inner_pid(process.pid): process.pid
                 for process in procread.members(namespace) if not process.is_zombie}
    for name in FAMILY:
        path = f"family/{name}"
        found = re.match(r"ready (\d+)", run.text(path))
        assert found, f"{name} is not ready"
        pid = by_number.get(int(found.group(1)))
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, FAMILY_MARK)
            wait_until(lambda: _marked_or_gone(run, path, pid), f"{name} to answer")
        got = re.findall(r"^signal (?!RTMIN )(\S+)", run.text(path), re.MULTILINE)
        state = "lives" if "signal RTMIN " in run.text(path) else "ended"
        run.note(f"{name} {state}, got: {' '.join(got)}")


def _marked_or_gone(run: Run, path: str, pid: int) -> bool:
    process = procread.read_process(pid)
    return "signal RTMIN " in run.text(path) or process is None or process.is_zombie
