"""What the options of death records do, what is refused, the termination log, personalities, and
places where little can be read."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

import death_log
import need
import paths
from death_log import ECHO, Log, Record, Shell
from launch import PID1, SANITIZED, SUBREAPER, Launcher, roles, without_leak_check

SOMEONE = 23455
PERSONALITIES = ("tini", "dumb-init", "catatonit")


# --- how much is recorded


@pytest.mark.parametrize("records, good, bad", [
    ("auto", "standard", "full"), ("full", "full", "full"), ("standard", "standard", "standard"),
    ("minimal", "minimal", "minimal"), ("off", "minimal", "minimal")])
def test_records_says_how_much_is_read(launch: Launcher, mode: str, records: str, good: str,
                                       bad: str) -> None:
    command = roles("orphans", 1, "--orphan-end=exit:3", "--", *ECHO)
    run, log = death_log.start(launch, command, "--records", records, mode=mode)
    run.wait_line("^ready echo")
    failed = log.wait("of the orphan", lambda record: record["role"] == "adopted")
    run.send(signal.SIGTERM)
    assert run.end().code == 0
    main, = log.find(role="main")
    assert (main["detail"], failed["detail"]) == (good, bad)
    assert (failed["process_group"] is None) == (bad == "minimal")
    assert (failed["io"] is not None) == (bad == "full")
    assert failed["rusage"] is not None and failed["uid"] == 0


def traced(launch: Launcher, options: list[str], program: str | Path | None = None) -> str:
    """The system calls of the supervisor alone, while a main and its orphan come and go."""
    if SANITIZED:
        pytest.skip("the sanitizer makes calls of its own")
    trace = launch.folder / f"trace{len(launch.runs)}"
    command = roles("orphans", 1, "--orphan-end=exit:3")
    launch.run(options, command, program=program,
               prefix=[need.need("strace"), "-o", str(trace)])
    return trace.read_text(encoding="utf-8")


# catatonit closes inherited descriptors, which it finds in /proc/self/fd.
RECORDING = re.compile(r"WNOWAIT|\"/proc/(?!self/fd)|/children|memory\.")


def test_off_makes_no_call_for_records(launch: Launcher) -> None:
    assert RECORDING.search(traced(launch, ["--records", "full"]))
    assert not RECORDING.search(traced(launch, ["--records", "off"]))


@pytest.mark.parametrize("name", PERSONALITIES)
def test_personalities_make_no_call_for_records(launch: Launcher, name: str) -> None:
    program = launch.folder / name
    program.symlink_to(paths.reaperd())
    assert not RECORDING.search(traced(launch, [], program))


@pytest.mark.parametrize("name", PERSONALITIES)
def test_personalities_record_when_asked(launch: Launcher, mode: str, name: str) -> None:
    program = launch.folder / name
    program.symlink_to(paths.reaperd())
    log = Log(launch.folder / "deaths")
    environment = {"REAPERD_DEATH_LOG": str(log.path), "TINI_SUBREAPER": "1"}
    command = roles("orphans", 1, "--orphan-end=exit:3", "--", *ECHO)
    run = launch.start([], command, program=program, environment=environment, mode=mode)
    run.wait_line("^ready echo")
    if mode == PID1 or name == "tini":
        record = log.wait("of the orphan", lambda each: each["role"] == "adopted")
        assert (record["end"]["code"], record["detail"]) == (3, "full")
    run.send(signal.SIGTERM)
    run.end()
    main, = log.find(role="main")
    assert main["verdict"]["cause"] == "success"


@pytest.mark.parametrize("name", PERSONALITIES)
@pytest.mark.parametrize("variable", ["REAPERD_RECORDS=lots", "REAPERD_DEATH_LOG=deaths"])
def test_personalities_refuse_bad_values_in_their_way(launch: Launcher, name: str,
                                                      variable: str) -> None:
    program = launch.folder / name
    program.symlink_to(paths.reaperd())
    key, _, value = variable.partition("=")
    ended = launch.run([], ["echo", "started"], program=program, environment={key: value})
    assert (ended.code, ended.out) == (1, "")
    line, = ended.errors()
    assert f"{key} '{value}': expected " in line


# --- what is refused


def refused_paths(folder: Path) -> dict[str, tuple[str, str]]:
    (folder / "file").touch()
    (folder / "twice").touch()
    os.link(folder / "twice", folder / "second")
    (folder / "link").symlink_to(folder / "file")
    (folder / "open").mkdir()
    (folder / "open").chmod(0o777)
    os.mkfifo(folder / "fifo")
    return {
        "relative": ("deaths.log", "expected an absolute path, or - for stderr"),
        "empty": ("", "expected an absolute path, or - for stderr"),
        "a directory": (str(folder), "Is a directory"),
        "two links": (str(folder / "twice"), "has more than one link"),
        "a symbolic link": (str(folder / "link"), "it is a symbolic link"),
        "anybody's directory": (str(folder / "open" / "deaths"),
                                "its directory is world-writable and has no sticky bit"),
        "no directory": (str(folder / "none" / "deaths"), "No such file or directory"),
        "a magic link": ("/proc/self/fd/2", "it is a symbolic link, or leads through /proc"),
        "no reader": (str(folder / "fifo"), "nobody reads from it"),
    }


@pytest.mark.parametrize("what", [
    "relative", "empty", "a directory", "two links", "a symbolic link", "anybody's directory",
    "no directory", "a magic link", "no reader"])
def test_a_bad_death_log_starts_nothing(launch: Launcher, mode: str, what: str) -> None:
    path, reason = refused_paths(launch.folder)[what]
    ended = launch.run(["--death-log", path], ["echo", "started"], mode=mode)
    assert (ended.code, ended.out) == (125, "")
    line, = ended.errors()
    assert f"--death-log '{path}': " in line and reason in line


def test_a_sticky_directory_will_do(launch: Launcher) -> None:
    folder = launch.folder / "sticky"
    folder.mkdir()
    folder.chmod(0o1777)
    ended = launch.run(["--death-log", str(folder / "deaths")], roles("exit", 3))
    assert ended.code == 3
    assert len(death_log.read(folder / "deaths")) == 1


@pytest.mark.parametrize("how", ["option", "variable"])
def test_a_bad_word_for_records_is_one_line(launch: Launcher, how: str) -> None:
    options = ["--records", "lots"] if how == "option" else []
    environment = {} if how == "option" else {"REAPERD_RECORDS": "lots"}
    ended = launch.run(options, ["echo", "started"], environment=environment)
    assert (ended.code, ended.out) == (125, "")
    line, = ended.errors()
    assert line.endswith("'lots': expected auto, full, standard, minimal or off")


def test_main_inherits_nothing_of_ours(launch: Launcher, mode: str) -> None:
    log = launch.folder / "deaths"
    ended = launch.run(["--death-log", str(log), "--records", "full"], roles("report"), mode=mode,
                       environment={"REAPERD_RECORDS": "auto"})
    seen = json.loads(ended.out)
    assert seen["descriptors"] == [0, 1, 2]
    assert seen["ignored"] == [] and seen["blocked"] == []
    assert not [name for name in seen["environment"] if "REAPERD" in name]


# --- the termination log


@pytest.mark.parametrize("how", ["option", "variable"])
def test_the_termination_log_names_what_led_to_it(launch: Launcher, mode: str, how: str) -> None:
    file = launch.folder / "termination"
    file.touch()
    options = ["--termination-log", str(file)] if how == "option" else []
    environment = {} if how == "option" else {"REAPERD_TERMINATION_LOG": str(file)}
    shell = Shell(launch, *options, mode=mode, environment=environment)
    inner = shell.seen_orphan("exec sleep 1000")
    shell.tell(f"kill -9 {inner}")
    shell.run.wait_log(rf"reaped pid {inner}: SIGKILL")
    shell.tell("exit 1")
    assert shell.run.end().code == 1
    text = file.read_text(encoding="utf-8")
    assert re.fullmatch(
        rf"main sh \(pid \d+\) exit 1 after \S+; before it: sleep {inner} "
        r"SIGKILL \(unknown-sigkill\) \S+ earlier\n", text), text


def test_a_good_end_leaves_the_termination_log_empty(launch: Launcher, mode: str) -> None:
    file = launch.folder / "termination"
    file.touch()
    launch.run(["--termination-log", str(file)], roles("exit", 0), mode=mode)
    assert file.read_bytes() == b""


def test_a_termination_log_that_says_something_stays(launch: Launcher, mode: str) -> None:
    file = launch.folder / "termination"
    file.write_text("the application's own words", encoding="ascii")
    assert launch.run(["--termination-log", str(file)], roles("exit", 3), mode=mode).code == 3
    assert file.read_text(encoding="ascii") == "the application's own words"


# --- where little can be read


def day(launch: Launcher, mode: str, *options: str, prefix: list[str],
        **how: object) -> tuple[list[Record], str]:
    """Three orphans with a code and one with a signal; main ends by itself. The log is stderr."""
    command = roles("orphans", 3, "--orphan-end=exit:3", "--",
                    *roles("orphans", 1, "--orphan-end=signal:TERM"))
    run = launch.start(["--death-log", "-", "--wait-for", "all", "--grace", "off", *options],
                       command, mode=mode, prefix=prefix, **how)  # type: ignore[arg-type]
    ended = run.end()
    assert ended.code == 0, ended.err
    lines = [line for line in ended.err.splitlines(True) if line.startswith("{")]
    records = death_log.parse("".join(lines))
    death_log.assert_complete(records)
    ends = sorted((record["end"]["code"] or 0, record["end"]["signal"] or "")
                  for record in records if record["role"] == "adopted")
    assert ends == [(0, "SIGTERM"), (3, ""), (3, ""), (3, "")]
    return records, "".join(line for line in ended.err.splitlines(True)
                            if not line.startswith("{"))


def in_mounts(script: str) -> list[str]:
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c",
            script + " && exec \"$@\"", "sh"]


@pytest.mark.parametrize("proc", ["umount -l -R /proc",
                                  "umount -l -R /proc && mount -t tmpfs -o ro none /proc"],
                         ids=["none", "empty"])
def test_without_proc_records_are_minimal(launch: Launcher, mode: str, proc: str) -> None:
    if SANITIZED:
        pytest.skip("the sanitizer needs /proc, even to read that it should not")
    records, errors = day(launch, mode, "--records", "full", prefix=in_mounts(proc))
    assert errors == ""
    for record in records:
        assert record["detail"] == "minimal"
        unread = ["cwd", "gid", "cgroup", "session", "process_group", "io"]
        assert [record[key] for key in unread] == [None] * len(unread)
        assert record["uid"] == 0 and record["rusage"] is not None


def test_a_read_only_root_is_enough(launch: Launcher, mode: str) -> None:
    records, errors = day(launch, mode, prefix=in_mounts("mount -o remount,bind,ro /"))
    assert errors == "" and records[0]["comm"]


def test_not_root_reads_what_it_may(launch: Launcher) -> None:
    """A zombie's io wants ptrace rights, which nobody has but root; the rest is free."""
    records, errors = day(launch, SUBREAPER, "--records", "full", cwd="/",
                          prefix=roles("as-user", SOMEONE, "--"),
                          environment=without_leak_check())
    assert errors == ""
    for record in records:
        assert record["io"] is None
        assert (record["uid"], record["gid"], record["detail"]) == (SOMEONE, SOMEONE, "full")
        assert record["session"] and record["process_group"] and record["started_at"]


def test_rootless_reads_what_it_may(launch: Launcher, open_folder: Path) -> None:
    """As PID 1 of a user namespace, which maps one ordinary user to root."""
    rootless = roles("as-user", SOMEONE, "--")
    if subprocess.run([*rootless, "unshare", "--user", "true"], check=False,
                      capture_output=True).returncode != 0:
        pytest.skip("no user namespaces for ordinary users here")
    unshare = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc",
               "--kill-child"]
    records, errors = day(launch, SUBREAPER, "--records", "full", prefix=[*rootless, *unshare],
                          environment=without_leak_check(), cwd=open_folder)
    assert errors == ""
    assert len(records) == 5
    for record in records:
        assert (record["uid"], record["gid"], record["detail"]) == (0, 0, "full")
        assert record["session"] is not None and record["started_at"]
    assert {json.dumps(record["io"]) for record in records} == {"null"}


def test_hidepid_hides_nothing_from_us(launch: Launcher, mode: str) -> None:
    records, errors = day(launch, mode, "--records", "full",
                          prefix=in_mounts("mount -t proc -o hidepid=2 proc /proc"))
    assert errors == ""
    assert {record["detail"] for record in records} == {"full"}


def test_another_users_orphan_keeps_its_owner(launch: Launcher, mode: str) -> None:
    command = roles("as-user", SOMEONE, "--", *roles("orphans", 1, "--orphan-end=exit:3", "--",
                                                     *ECHO))
    run, log = death_log.start(launch, command, "--records", "full", mode=mode, cwd="/")
    run.wait_line("^ready echo")
    record = log.wait("of the orphan", lambda each: each["role"] == "adopted")
    assert (record["uid"], record["gid"]) == (SOMEONE, SOMEONE)
    death_log.finish(run)
