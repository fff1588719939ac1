"""The death log where it is hard to write: full, slow, gone, without its scribe, at the very end of
a run, and with what hostile processes put into it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import death_log
import procread
from death_log import Log, Shell, assert_complete, told_lost
from launch import PID1, Launcher, roles
from waiting import wait_until

# More than a pipe holds (64 KiB), at about 1 KiB a line.
MANY = 300


# --- no room


@pytest.fixture
def small_tmpfs(open_folder: Path) -> Iterator[Path]:
    folder = open_folder / "tmpfs"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k,mode=755", "none", str(folder)]
    if subprocess.run(mount, check=False).returncode != 0:
        pytest.skip("cannot mount a tmpfs here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def assert_serves_a_signal(shell: Shell) -> None:
    """The loop is as awake as ever."""
    shell.tell("trap 'echo served' USR2; echo trapped")
    shell.run.wait_line("^trapped")
    shell.run.send(signal.SIGUSR2)

    def served() -> bool:
        shell.tell(":")  # a shell that reads runs its traps after a command only
        return re.search("^served", shell.run.out(), re.MULTILINE) is not None

    wait_until(served, "main to be told of it", pause=0.05)


def test_a_full_disk_drops_and_says_so(launch: Launcher, mode: str, small_tmpfs: Path) -> None:
    log = Log(small_tmpfs / "deaths")
    filler = small_tmpfs / "filler"
    filler.write_bytes(b"x" * 40_000)
    shell = Shell(launch, "--death-log", str(log.path), mode=mode)
    shell.deaths(MANY)
    before = log.records()
    assert told_lost(before) == 0 and 0 < len(before) < MANY
    filler.unlink()
    last = shell.dead_orphan(3)
    record = log.wait_pid(last)
    assert list(record)[0] == "dropped"
    assert record["dropped"] == MANY - len(before)
    shell.end()
    assert_complete(log.records())


def test_a_stop_is_served_while_the_disk_is_full(launch: Launcher, mode: str,
                                                 small_tmpfs: Path) -> None:
    (small_tmpfs / "filler").write_bytes(b"x" * 64 * 1024)
    shell = Shell(launch, "--death-log", str(small_tmpfs / "deaths"), mode=mode)
    shell.deaths(MANY)
    assert_serves_a_signal(shell)
    shell.tell("trap - TERM; exec sleep 100")
    shell.run.send(signal.SIGTERM)
    assert shell.run.end().code == 128 + signal.SIGTERM


class Reader:
    """Of a FIFO, without ever waiting for it."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self.descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.text = b""

    def read(self) -> bytes:
        try:
            while part := os.read(self.descriptor, 65536):
                self.text += part
        except BlockingIOError:
            pass
        return self.text


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    made = Reader(tmp_path / "fifo")
    try:
        yield made
    finally:
        if made.descriptor >= 0:
            os.close(made.descriptor)


def test_a_reader_that_stands_still_delays_nothing(launch: Launcher, mode: str,
                                                   reader: Reader) -> None:
    shell = Shell(launch, "--death-log", str(reader.path), mode=mode)
    shell.deaths(MANY)
    assert_serves_a_signal(shell)
    reader.read()
    for _ in range(2):  # the first may have met a full pipe still
        last = shell.dead_orphan(3)
    wait_until(lambda: f'"pid":{last},'.encode() in reader.read(), "the last line")
    shell.end()
    wait_until(lambda: b'"role":"main"' in reader.read(), "main's line")
    records = death_log.parse(reader.text)
    assert told_lost(records) > 0
    assert_complete(records)


def test_a_reader_that_stands_still_costs_no_more_than_one_that_reads(
        launch: Launcher, reader: Reader, tmp_path: Path) -> None:
    """Bursts in turn, the least of each: what others take of the machine is in none of them."""
    shells = [Shell(launch, "--death-log", str(path), mode=PID1)
              for path in (tmp_path / "deaths", reader.path)]
    costs: list[list[int]] = [[], []]
    for _ in range(5):
        for shell, cost in zip(shells, costs):
            before = procread.cpu_ns(shell.run.pid)
            shell.deaths(MANY)
            cost.append(procread.cpu_ns(shell.run.pid) - before)
    assert min(costs[1]) < 1.5 * min(costs[0]), costs


def test_a_reader_that_went_ends_nothing(launch: Launcher, mode: str, reader: Reader) -> None:
    shell = Shell(launch, "--death-log", str(reader.path), mode=mode)
    shell.deaths(20)
    os.close(reader.descriptor)
    shell.deaths(20)
    reader.descriptor = os.open(reader.path, os.O_RDONLY | os.O_NONBLOCK)
    last = shell.dead_orphan(3)
    wait_until(lambda: f'"pid":{last},'.encode() in reader.read(), "a line for the new reader")
    shell.end()
    assert told_lost(death_log.parse(reader.read())) >= 20


def test_a_stderr_that_nobody_reads_delays_nothing(launch: Launcher, mode: str,
                                                   reader: Reader) -> None:
    redirect = ["sh", "-c", f"exec \"$@\" 2>{reader.path}", "sh"]
    shell = Shell(launch, "--death-log", "-", mode=mode, prefix=redirect)
    shell.tell(" ".join(roles("storm", MANY, "--burst=50")) + "; echo over")
    shell.run.wait_line("^over", 30)
    wait_until(lambda: len(death_log.others(shell.run)) == 1, "all to be reaped")
    assert_serves_a_signal(shell)
    shell.end()
    assert reader.read()


# --- the scribe


def lines_lost(shell: Shell) -> list[tuple[int, int]]:
    pattern = r"the scribe \(pid (\d+)\) was lost, and (?:with it (\d+)|no line)"
    return [(int(pid), int(lines or 0)) for pid, lines in re.findall(pattern, shell.run.err())]


def shell_with_scribe(launch: Launcher, mode: str) -> tuple[Shell, Log, int]:
    log = Log(launch.folder / "deaths")
    shell = Shell(launch, "--death-log", str(log.path), mode=mode)
    shell.seen_orphan("exec sleep 1000")
    return shell, log, death_log.wait_scribe(shell.run)


def test_a_scribe_that_hangs_is_replaced(launch: Launcher, mode: str) -> None:
    shell, log, first = shell_with_scribe(launch, mode)
    inner = procread.inner_pid(first)
    os.kill(first, signal.SIGSTOP)
    shell.seen_orphan("exec sleep 1000")  # somebody to read about
    assert_serves_a_signal(shell)
    # On a busy machine its successor, too, may be too slow, and be replaced.
    wait_until(lambda: lines_lost(shell)[:1] == [(inner, 0)], "the loss to be told")
    last = shell.dead_orphan(3)
    assert log.wait_pid(last)["end"]["code"] == 3
    assert death_log.wait_scribe(shell.run, other_than=first)
    assert log.find(role="helper", pid=inner)[0]["end"]["signal"] == "SIGKILL"
    shell.run.send(signal.SIGKILL)


def test_lines_that_a_hanging_scribe_took_along_are_told(launch: Launcher, mode: str) -> None:
    shell, log, first = shell_with_scribe(launch, mode)
    os.kill(first, signal.SIGSTOP)
    for _ in range(4):
        shell.dead_orphan(5)
    shell.seen_orphan("exec sleep 1000")
    wait_until(lambda: lines_lost(shell), "the loss to be told")
    log.wait_pid(shell.dead_orphan(3))
    records = death_log.wait_complete(log)
    # On a busy machine its successor, too, may be too slow, and be replaced.
    assert told_lost(records) == sum(lines for _, lines in lines_lost(shell)) >= 4
    shell.run.send(signal.SIGKILL)


def test_a_killed_scribe_is_replaced(launch: Launcher, mode: str) -> None:
    shell, log, scribe = shell_with_scribe(launch, mode)
    for _ in range(3):
        os.kill(scribe, signal.SIGKILL)
        # The line of its own death wants the next one.
        scribe = death_log.wait_scribe(shell.run, other_than=scribe)
    last = shell.dead_orphan(3)
    log.wait_pid(last)
    records = death_log.wait_complete(log)  # what was on its way to one that died is told
    assert any(record["role"] == "helper" for record in records)
    shell.run.send(signal.SIGKILL)


def test_a_scribe_that_always_dies_costs_lines_only(launch: Launcher, mode: str) -> None:
    shell, _, scribe = shell_with_scribe(launch, mode)
    deaths = 0
    while scribe and deaths < 10:
        deaths += 1
        os.kill(scribe, signal.SIGKILL)
        wait_until(lambda: not Path(f"/proc/{scribe}").exists(), "it to be reaped")
        shell.dead_orphan(3)
        scribe = death_log.scribe_of(shell.run) or 0
    assert_serves_a_signal(shell)
    shell.dead_orphan(3)
    shell.run.send(signal.SIGKILL)


# --- the end of a run


@pytest.mark.parametrize("grace", ["0", "1s", "off"])
def test_the_last_lines_are_there_when_we_have_ended(launch: Launcher, mode: str,
                                                     grace: str) -> None:
    orphans = 200
    command = roles("orphans", orphans, "--orphan-end=sleep", "--end=exit:5")
    lost = []
    for _ in range(3):
        run, log = death_log.start(launch, command, "--grace", grace, mode=mode)
        assert run.end().code == 5
        records = log.records()
        assert_complete(records)
        lost.append(told_lost(records))
        if lost[-1] == 0:
            assert records[0]["role"] == "main"
            assert len(log.find(role="adopted")) == (0 if grace == "off" else orphans)
    # The KILL does not wait for ever for a scribe that a busy machine does not let run.
    assert min(lost) == 0, lost


def test_a_main_that_ends_at_once_has_its_line(launch: Launcher, mode: str) -> None:
    for _ in range(10):
        run, log = death_log.start(launch, roles("exit", 3), mode=mode)
        assert run.end().code == 3
        assert [record["seq"] for record in log.records()] == [1]


def test_all_killed_by_force_have_their_lines(launch: Launcher, mode: str) -> None:
    deaf = roles("with-signals", "--ignore=TERM", "--",
                 *roles("orphans", 100, "--orphan-end=sleep", "--end=sleep"))
    run, log = death_log.start(launch, deaf, "--force-on-second", "--grace", "5s", mode=mode)
    run.wait_line("^ready orphans")
    run.send_and_see(signal.SIGTERM)
    run.send(signal.SIGTERM)
    assert run.end().code == 128 + signal.SIGKILL
    records = log.records()
    assert_complete(records)
    assert len(log.find(role="adopted")) == 100 and told_lost(records) == 0
    causes = {record["verdict"]["cause"] for record in records if record["role"] != "helper"}
    assert causes == {"escalated"}


# --- strangers' texts

HOSTILE = {
    "newlines": b"a\nb\r\n",
    "escape sequences": b"\x1b[2J\x1b]0;x\x07",
    "no UTF-8": b"\xff\xfe\xc3(\x80x",
    "quotes": b"\"\\','$(x)",
    "a fake line": b"\"},\n{\"seq\":7}\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_on_one_line(launch: Launcher, mode: str, open_folder: Path,
                                        name: str) -> None:
    text = HOSTILE[name]
    program = os.fsdecode(os.fsencode(open_folder) + b"/" + text.replace(b"/", b"_"))
    os.symlink("/bin/sleep", program)
    log = Log(launch.folder / "deaths")
    shell = Shell(launch, "--death-log", str(log.path), mode=mode,
                  environment={"PROGRAM": program, "TEXT": os.fsdecode(text)})

    def seen() -> bool:
        inner = shell.seen_orphan('"$PROGRAM" 1000')
        shell.tell(f"kill {inner}")
        record = log.wait_pid(inner)
        return record["cmdline"] == [os.fsencode(program).decode("utf-8", "replace"), "1000"]

    wait_until(seen, "a record with arguments")
    assert log.records()[-1]["comm"] == text[:15].decode("utf-8", "replace")
    lines = log.path.read_bytes().splitlines()
    assert all(line.startswith(b"{") and line.endswith(b"}") for line in lines)
    assert not any(byte < 0x20 for line in lines for byte in line)
    shell.end()


def test_two_megabytes_of_arguments_are_capped(launch: Launcher, mode: str) -> None:
    """Of main, whose argv we were given, and of an orphan, which the scribe reads."""
    script = "exec sh -c 'echo ready; exec sleep 1000' \"$@\""
    words = ["x" * 100_000] * 20
    run, log = death_log.start(launch, ["sh", "-c", script, "sh", *words], mode=mode,
                               prefix=roles("limit", f"stack={64 << 20}", "--"))
    run.wait_line("^ready")
    run.send(signal.SIGTERM)
    run.end()
    record, = log.find(role="main")
    assert record["cmdline_truncated"] is True
    assert record["cmdline"][:3] == ["sh", "-c", script]
    assert sum(map(len, record["cmdline"])) <= 4096
    assert log.path.stat().st_size < 8192


def test_an_orphans_long_arguments_are_capped(launch: Launcher, mode: str) -> None:
    log = Log(launch.folder / "deaths")
    shell = Shell(launch, "--death-log", str(log.path), mode=mode,
                  prefix=roles("limit", f"stack={64 << 20}", "--"))
    shell.tell("set -- $(yes 0.000001 | head -n 200000)")

    def seen() -> bool:
        inner = shell.seen_orphan('sleep 1000 "$@"')
        shell.tell(f"kill {inner}")
        record = log.wait_pid(inner)
        # It may have been seen between its fork and its exec.
        return record["cmdline"] is not None and record["cmdline"][0] == "sleep"

    wait_until(seen, "a record with arguments", 20)
    record = log.records()[-1]
    assert record["cmdline_truncated"] is True
    assert record["cmdline"][:3] == ["sleep", "1000", "0.000001"]
    assert sum(map(len, record["cmdline"])) <= 4096
    shell.end()
