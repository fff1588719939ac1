"""Commands that cannot be started: 126 and 127 for the command, 125 for the rest, one line each."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import paths
from launch import Ended, Launcher, roles, strays

MACHINE_OFFSET = 18  # e_machine of an ELF header
SOME_OTHER_MACHINE = b"\x16\x00"  # S/390


def make_script(path: Path, text: str, mode: int = 0o755) -> Path:
    path.write_text(text, encoding="ascii")
    path.chmod(mode)
    return path


def foreign_program(folder: Path) -> Path:
    path = folder / "foreign"
    data = bytearray(Path("/bin/true").read_bytes())
    data[MACHINE_OFFSET:MACHINE_OFFSET + 2] = SOME_OTHER_MACHINE
    path.write_bytes(data)
    path.chmod(0o755)
    return path


def check_refusal(ended: Ended, code: int, name: str, step: str, reason: str) -> None:
    assert ended.code == code
    assert ended.out == ""
    assert len(ended.errors()) == 1, ended.err
    assert f"cannot start {name}: {step}: {reason}" in ended.errors()[0]
    assert strays() == []


def test_a_missing_file_is_127(launch: Launcher, mode: str) -> None:
    ended = launch.run([], ["/no/such/program", "arg"], mode=mode)
    check_refusal(ended, 127, "/no/such/program", "exec", "No such file or directory")


def test_a_name_that_is_nowhere_in_the_path_is_127(launch: Launcher, mode: str) -> None:
    ended = launch.run([], ["no-such-program-here"], mode=mode)
    check_refusal(ended, 127, "no-such-program-here", "exec", "No such file or directory")


def test_an_empty_name_is_127(launch: Launcher) -> None:
    assert launch.run([], [""]).code == 127


def test_a_path_through_a_file_is_127(launch: Launcher) -> None:
    ended = launch.run([], ["/etc/passwd/x"])
    check_refusal(ended, 127, "/etc/passwd/x", "exec", "Not a directory")


def test_a_file_without_the_right_to_execute_is_126(launch: Launcher, mode: str) -> None:
    script = make_script(launch.folder / "closed", "#!/bin/sh\n", 0o644)
    ended = launch.run([], [str(script)], mode=mode)
    check_refusal(ended, 126, str(script), "exec", "Permission denied")


def test_a_directory_is_126(launch: Launcher, mode: str) -> None:
    ended = launch.run([], ["/etc"], mode=mode)
    check_refusal(ended, 126, "/etc", "exec", "Permission denied")


def test_a_script_without_its_first_line_is_126(launch: Launcher, mode: str) -> None:
    script = make_script(launch.folder / "bare", "exit 0\n")
    ended = launch.run([], [str(script)], mode=mode)
    check_refusal(ended, 126, str(script), "exec", "Exec format error")


def test_an_empty_file_is_126(launch: Launcher) -> None:
    script = make_script(launch.folder / "empty", "")
    check_refusal(launch.run([], [str(script)]), 126, str(script), "exec", "Exec format error")


def test_a_program_for_another_machine_is_126(launch: Launcher, mode: str) -> None:
    program = foreign_program(launch.folder)
    ended = launch.run([], [str(program)], mode=mode)
    check_refusal(ended, 126, str(program), "exec", "Exec format error")


def test_a_script_whose_interpreter_is_missing_was_found_and_is_126(launch: Launcher) -> None:
    script = make_script(launch.folder / "orphaned", "#!/no/such/interpreter\n")
    ended = launch.run([], [str(script)])
    check_refusal(ended, 126, str(script), "interpreter", "No such file or directory")


def test_the_search_in_the_path_passes_what_cannot_be_executed(launch: Launcher) -> None:
    first, second = launch.folder / "a", launch.folder / "b"
    for folder in (first, second):
        folder.mkdir()
    make_script(first / "prog", "#!/bin/sh\nexit 1\n", 0o644)
    make_script(second / "prog", "#!/bin/sh\nexit 23\n")
    ended = launch.run([], ["prog"], environment={"PATH": f"{first}:{second}"})
    assert ended.code == 23


def test_found_in_the_path_but_nowhere_executable_is_126(launch: Launcher) -> None:
    make_script(launch.folder / "prog", "#!/bin/sh\n", 0o644)
    ended = launch.run([], ["prog"], environment={"PATH": f"{launch.folder}:/bin"})
    check_refusal(ended, 126, "prog", "exec", "Permission denied")


def test_a_relative_command_is_looked_up_after_chdir(launch: Launcher) -> None:
    make_script(launch.folder / "prog", "#!/bin/sh\nexit 24\n")
    assert launch.run(["--chdir", str(launch.folder)], ["./prog"]).code == 24


def test_the_path_given_by_env_is_the_one_searched(launch: Launcher) -> None:
    make_script(launch.folder / "prog", "#!/bin/sh\nexit 25\n")
    assert launch.run(["--env", f"PATH={launch.folder}"], ["prog"]).code == 25


@pytest.mark.parametrize("options, code, words", [
    (["--chdir", "/no/such/folder"], 125, ["--chdir", "/no/such/folder", "No such file"]),
    (["--chdir", "/etc/passwd"], 125, ["--chdir", "/etc/passwd", "Not a directory"]),
    (["--user", "nobody-by-that-name"], 125, ["--user", "nobody-by-that-name"]),
    (["--user", "root:no-such-group"], 125, ["--user", "no-such-group"]),
])
def test_what_the_user_named_is_checked_before_anything_starts(
        launch: Launcher, mode: str, options: list[str], code: int, words: list[str]) -> None:
    marker = launch.folder / "marker"
    ended = launch.run(options, ["touch", str(marker)], mode=mode)
    assert ended.code == code
    assert len(ended.errors()) == 1, ended.err
    for word in words:
        assert word in ended.err
    assert not marker.exists()


def test_a_user_whom_we_may_not_become_is_125(launch: Launcher) -> None:
    unprivileged = roles("as-user", 23451, "--")
    ended = launch.run(["--user", "nobody"], ["/bin/true"], prefix=unprivileged)
    assert ended.code == 125
    assert "Operation not permitted" in ended.err


def test_a_failed_start_leaves_nothing_behind_as_pid_1(launch: Launcher) -> None:
    marker = launch.folder / "marker"
    script = f"{paths.reaperd()} -- /no/such/program; echo $? > {marker}; ls -d /proc/[0-9]*"
    ended = launch.run([], ["sh", "-c", script], mode="pid1")
    assert marker.read_text(encoding="ascii") == "127\n"
    # The outer init and the shell, which expands the pattern; a third would be a left one.
    assert len(ended.out.split()) == 2


def test_a_program_that_is_gone_from_its_own_path_still_runs_commands(launch: Launcher) -> None:
    copy = launch.folder / "reaperd"
    shutil.copy2(paths.reaperd(), copy)
    run = launch.start([], roles("echo", "--exit-on=USR1=31"), program=copy)
    run.wait_line("^ready")
    copy.unlink()
    os.kill(run.pid, 10)
    assert run.end().code == 31


def test_the_failure_is_told_even_when_stdout_is_closed(launch: Launcher) -> None:
    ended = launch.run([], ["/no/such/program"], prefix=roles("close", 0, 1, "--"))
    check_refusal(ended, 127, "/no/such/program", "exec", "No such file or directory")


def test_no_output_at_all_still_gives_the_code(launch: Launcher) -> None:
    ended = launch.run([], ["/no/such/program"], prefix=roles("close", 0, 1, 2, "--"),
                       stdin=subprocess.DEVNULL)
    assert (ended.code, ended.out, ended.err) == (127, "", "")
