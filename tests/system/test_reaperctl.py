"""Each verb of reaperctl against a real run."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

import varlink
from crew import hold_file
from launch import PID1, SANITIZED, Launcher, base_environment, roles
from status_bed import NAME, Bed, Members, ctl, in_root_of, reaperctl, start_with_places
from waiting import wait_until

STRANGER, MEMBER, GROUP = 4201, 4202, 4300
HOSTILE = "\x1b]0;owned\x07\u202e"


def json_lines(text: str) -> list[Members]:
    return [json.loads(line) for line in text.splitlines()]


def done(told: subprocess.CompletedProcess[str]) -> str:
    assert (told.returncode, told.stderr) == (0, ""), told
    return str(told.stdout)


# --- looking


def test_every_verb_that_looks(launch: Launcher, open_folder: Path, mode: str) -> None:
    options = ["--hold", "comm=crashed,until=released,name=crashes"]
    with Bed(launch, open_folder, options, mode=mode) as bed:
        alive = bed.crew.one("live", "alive")
        dead = bed.crew.one("dead", "passing", "exit:3")
        held = bed.crew.one("dead", "crashed", "signal:SEGV")
        bed.crew.order("run", *roles("negligent", 1))
        parent = int(bed.crew.run.wait_line(r"^ready negligent 1 (\d+)").group(1))
        bed.wait_held(held)
        bed.wait_death(dead)
        wanted = {
            "status": [r"^phase +running$", r"^held +1 of "],
            "ps": [rf"^ *{bed.crew.main} .* main ", rf"^ *{alive} .* alive .*\[alive\]|{alive}"],
            "ps --tree": [rf"^ *{held} .* held "],
            "deaths": [rf" {dead} .* exit 3 .*passing", rf" {held} .* SIGSEGV"],
            "deaths --cause exit-error": [rf" {dead} "],
            "deaths --since 10m -n 1": [rf" {held} |passing"],
            f"deaths --pid {dead}": [rf" {dead} "],
            f"why {dead}": [r"exit-error", rf"pid {dead}"],
            f"why {held}": [r"SIGSEGV", r"crashes"],
            "zombies": [rf"^ *{held} +ours", rf"foreign .*{parent}"],
            "held": [rf"^ *{held} .*crashes"],
            f"inspect {held}": [r"^end +SIGSEGV", r"^--- status$"],
            "blockers": [rf"^ *{bed.crew.main} "],
            "explain": [r"^Settings$"],
            "ping": [r"^[0-9a-f]+$"],
            "rules": [r"^crashes +1 "],
        }
        for words, patterns in wanted.items():
            shown = done(bed.ctl(*words.split()))
            for pattern in patterns:
                assert re.search(pattern, shown, re.MULTILINE), (words, pattern, shown)
        for words in wanted:
            if words != "explain":
                lines = json_lines(done(bed.ctl("--json", *words.split())))
                assert lines and all(isinstance(line, dict) for line in lines), words
        (status,) = json_lines(done(bed.ctl("status", "--json")))
        varlink.MANAGER.check(status.get("status", status), "Status")
        for record in json_lines(done(bed.ctl("deaths", "--json"))):
            varlink.MANAGER.check(record, "DeathRecord")
        for process in json_lines(done(bed.ctl("ps", "--json"))):
            varlink.MANAGER.check(process, "Process")


def test_more_held_than_a_reply_has_room_for_are_all_listed(launch: Launcher, open_folder: Path,
                                                            tmp_path: Path) -> None:
    rules = {"rules": [{"name": "keeper", "match": {"comm": "kept"}, "until": "released"}],
             "limits": {"max_held": 200}}
    with Bed(launch, open_folder, ["--hold", hold_file(tmp_path, rules)], log_level="info") as bed:
        kept = bed.crew.order("dead", "kept", "exit:3", 150)
        bed.wait_held(*kept)
        for verb in ("held", "zombies"):
            shown = done(bed.ctl(verb)).splitlines()[1:]
            assert sorted(int(line.split()[0]) for line in shown) == sorted(kept), verb


def test_what_is_not_there_is_code_1(launch: Launcher, open_folder: Path) -> None:
    with Bed(launch, open_folder) as bed:
        for words in ("why 4000000", "inspect 4000000", "hold 4000000", "release 4000000",
                      "release --rule none", "rules remove none", "signal TERM 4000000",
                      "signal TERM none", "rules add colour=red"):
            told = bed.ctl(*words.split())
            assert (told.returncode, told.stdout) == (1, ""), (words, told)
            assert len(told.stderr.splitlines()) == 1, (words, told)
        told = bed.ctl("why", bed.crew.main)
        assert told.returncode == 1 and "alive" in told.stdout + told.stderr


@pytest.mark.parametrize("words", [
    "", "nonsense", "status --nonsense", "why", "why x", "signal TERM", "deaths --since never",
    "hold", "--color=blue status", "deaths --limit 0x", "status more"])
def test_a_wrong_command_line_is_code_2(words: str) -> None:
    told = ctl("--socket", "/nowhere", *words.split())
    assert (told.returncode, told.stdout) == (2, "") and told.stderr, told


def test_nobody_there_is_code_3_and_says_where_it_looked(open_folder: Path) -> None:
    named = ctl("--socket", open_folder / "none", "status")
    assert named.returncode == 3 and str(open_folder / "none") in named.stderr
    by_variable = ctl("ping", environment={"REAPERD_STATUS_SOCKET": f"{open_folder}/other"})
    assert by_variable.returncode == 3 and "/other" in by_variable.stderr
    stale = open_folder / "stale"
    with varlink.socket.socket(varlink.socket.AF_UNIX) as left:
        left.bind(str(stale))
    assert ctl("--socket", stale, "ping").returncode == 3


@pytest.mark.skipif(SANITIZED, reason="the sanitizer needs /proc, even to read that it should not")
def test_it_finds_the_socket_by_itself(launch: Launcher) -> None:
    run = start_with_places(launch, "", mode=PID1)
    wait_until(in_root_of(run, f"/run/reaperd/{NAME}").exists, "the socket")
    enter = ("nsenter", f"--mount=/proc/{run.pid}/ns/mnt")
    assert re.fullmatch("[0-9a-f]+\n", done(ctl("ping", prefix=enter)))
    missing = ctl("ping", prefix=(*enter, "unshare", "--mount", "sh", "-c",
                                  'umount /run; mount -t tmpfs none /run; exec "$0" "$@"'))
    assert missing.returncode == 3
    assert [place for place in ("/run/reaperd/", "/dev/shm/reaperd-0/")
            if place not in missing.stderr] == []


# --- changing


def test_every_verb_that_changes(launch: Launcher, open_folder: Path, mode: str) -> None:
    with Bed(launch, open_folder, mode=mode) as bed:
        pid = bed.crew.one("live", "leased")
        assert "will be held" in done(bed.ctl("hold", pid, "--for", "1h"))
        assert done(bed.ctl("signal", "USR1", pid)) == ""
        bed.wait_held(pid)
        assert "held" in done(bed.ctl("hold", pid))
        assert done(bed.ctl("release", pid)) == "1 zombie released\n"
        bed.crew.wait_gone(pid)

        done(bed.ctl("rules", "add", "comm=worker,until=released,name=mine"))
        assert "mine" in done(bed.ctl("rules"))
        for how in (("--rule", "mine"), ("--all",)):
            pids = bed.crew.order("dead", "worker", "exit:1", 2)
            bed.wait_held(*pids)
            assert done(bed.ctl("release", *how)) == "2 zombies released\n"
            bed.crew.wait_gone(*pids)
        done(bed.ctl("rules", "remove", "mine"))
        assert "mine" not in done(bed.ctl("rules"))

        done(bed.ctl("log-level", "info"))
        assert bed.client.status()["log_level"] == "info"
        done(bed.ctl("signal", "URG", "main"))
        done(bed.ctl("shutdown"))
        assert bed.crew.run.end().code == 143


def test_a_hold_until_disconnect_ends_with_reaperctl(launch: Launcher, open_folder: Path) -> None:
    with Bed(launch, open_folder) as bed:
        pid = bed.crew.one("live", "leased")
        with subprocess.Popen([reaperctl(), "--socket", bed.path, "hold", str(pid),
                               "--until-disconnect"], stdout=subprocess.PIPE) as holder:
            assert holder.stdout is not None and holder.stdout.readline()
            bed.crew.kill(pid)
            bed.wait_held(pid)
            holder.send_signal(signal.SIGINT)
        bed.crew.wait_gone(pid)
        assert bed.wait_death(pid)["hold"]["rule"] == "lease"


# --- wait, events


@pytest.mark.parametrize("how, code", [("exit:0", 0), ("exit:7", 7), ("signal:TERM", 143),
                                       ("signal:KILL", 137)])
def test_wait_exits_as_the_process_did(launch: Launcher, open_folder: Path, how: str,
                                       code: int) -> None:
    with Bed(launch, open_folder) as bed:
        pid = bed.crew.one("dead", "early", how)
        bed.wait_death(pid)
        assert bed.ctl("wait", pid).returncode == code


def test_wait_waits(launch: Launcher, open_folder: Path, mode: str) -> None:
    with Bed(launch, open_folder, mode=mode) as bed:
        pid = bed.crew.one("live", "awaited")
        with subprocess.Popen([reaperctl(), "--socket", bed.path, "wait", str(pid)]) as waiting:
            wait_until(lambda: bed.client.status()["socket"]["monitors"] == 1, "it to follow")
            assert waiting.poll() is None
            bed.crew.kill(pid, signal.SIGUSR2)
            assert waiting.wait(10) == 128 + signal.SIGUSR2
        with subprocess.Popen([reaperctl(), "--socket", bed.path, "wait", str(bed.crew.main)],
                              stderr=subprocess.PIPE) as waiting:
            wait_until(lambda: bed.client.status()["socket"]["monitors"] == 1, "it to follow")
            assert bed.crew.end("exit:9").code == 9
            assert waiting.wait(10) == 9


def test_wait_that_cannot_tell_is_125(launch: Launcher, open_folder: Path) -> None:
    with Bed(launch, open_folder) as bed:
        assert bed.ctl("wait", 4000000).returncode == 125
        bed.crew.one("live", "awaited")
    assert ctl("--socket", open_folder / "none", "wait", 5).returncode == 125
    for words in ("wait", "wait abc", "wait 0", "wait 5 6", "wait 5 --nonsense"):
        told = ctl("--socket", "/nowhere", *words.split())
        assert (told.returncode, told.stdout) == (125, "") and told.stderr, told


def test_events_and_followed_deaths_come_as_they_happen(launch: Launcher,
                                                        open_folder: Path) -> None:
    with Bed(launch, open_folder) as bed:
        out = {}
        followers = []
        for name, words in (("events", ["events", "--json"]), ("deaths", ["deaths", "-f"]),
                            ("people", ["events"])):
            out[name] = open_folder / name
            with out[name].open("wb") as file:
                followers.append(subprocess.Popen([reaperctl(), "--socket", bed.path, *words],
                                                  stdout=file))
        wait_until(lambda: bed.client.status()["socket"]["monitors"] == 3, "three to follow")
        pid = bed.crew.one("dead", "followed", "exit:3")
        for path in out.values():
            wait_until(lambda path=path: re.search(r"followed(.|\n)*(exit 3|exit-error)|"
                                                   r"(exit 3|exit-error)(.|\n)*followed",
                                                   path.read_text()), f"it in {path}")
        done(bed.ctl("shutdown"))
        bed.crew.run.end()
        assert [one.wait(10) for one in followers] == [3, 3, 3]
        lines = json_lines(out["events"].read_text())
        assert "snapshot" in lines[0]
        for line in lines:
            varlink.MANAGER.check(line, varlink.MANAGER.methods["Monitor"][1])
        assert pid in [line["event"]["reaped"]["pid"] for line in lines
                       if (line.get("event") or {}).get("reaped")]


# --- output, names, users


def test_a_reader_that_leaves_ends_it_quietly(launch: Launcher, open_folder: Path) -> None:
    with Bed(launch, open_folder, log_level="warn") as bed:
        bed.crew.order("dead", "many", "exit:1", 1000)
        wait_until(lambda: bed.client.status()["reaping"]["reaped"] >= 1000, "all of them")
        for words in (["deaths", "-n", "1000", "--json"], ["events"], ["deaths", "-f"]):
            reader, writer = os.pipe()
            with subprocess.Popen([reaperctl(), "--socket", bed.path, *words], stdout=writer,
                                  stderr=subprocess.PIPE) as process:
                os.close(writer)
                os.read(reader, 10)
                os.close(reader)
                bed.crew.order("dead", "more", "exit:1", 5)
                assert process.wait(10) == -signal.SIGPIPE
                assert process.stderr is not None and process.stderr.read() == b""


def test_a_full_disk_is_told(launch: Launcher, open_folder: Path) -> None:
    with Bed(launch, open_folder) as bed, open("/dev/full", "wb") as full:
        for words in ("status", "ps", "explain", "deaths --json", "rules", "ping", "events"):
            told = bed.ctl(*words.split(), stdout=full)
            if words != "deaths --json":
                assert told.returncode == 1 and "No space left" in told.stderr, (words, told)


def test_hostile_names_are_made_harmless(launch: Launcher, open_folder: Path, mode: str) -> None:
    with Bed(launch, open_folder, ["--hold", "cause=exit-error,until=released"],
             mode=mode) as bed:
        bed.crew.adopted("run", *roles("with-name", HOSTILE, "--", "/bin/sleep", "1000"))
        dead = bed.crew.one("dead", "\x1b[2J\x07evil", "exit:1")
        bed.wait_held(dead)
        for words in ("ps", "ps --tree", "deaths", f"why {dead}", "zombies", "held",
                      "blockers", f"inspect {dead}", "deaths --json", "ps --json"):
            shown = done(bed.ctl(*words.split()))
            bad = [char for char in shown if (ord(char) < 32 and char not in "\n\t")
                   or char in "\x7f\u202e"]
            if "--json" not in words:
                assert not bad, (words, bad)
            else:
                json_lines(shown)
        wait_until(lambda: r"\x1b]0;owned\x07\u{202e}' 1000" in done(bed.ctl("ps")), "its words")
        assert r"\x1b[2J\x07evil" in done(bed.ctl("held"))


def test_as_another_user(launch: Launcher, open_folder: Path) -> None:
    with Bed(launch, open_folder, ["--socket-group", str(GROUP)]) as bed:
        member = tuple(roles("as-user", f"{MEMBER}:{GROUP}", "--"))
        for verb in ("status", "ps", "deaths", "rules", "zombies", "blockers", "explain"):
            done(bed.ctl(verb, prefix=member))
        for words in ("shutdown", "release --all", "log-level trace", "signal KILL main",
                      f"hold {bed.crew.main}", "rules add comm=x,for=1s"):
            told = bed.ctl(*words.split(), prefix=member)
            assert (told.returncode, told.stdout) == (1, "") and told.stderr, told
        stranger = tuple(roles("as-user", f"{STRANGER}:{STRANGER}", "--"))
        told = bed.ctl("status", prefix=stranger)
        assert told.returncode == 3 and "ermission" in told.stderr
        bed.path.chmod(0o666)
        told = bed.ctl("status", prefix=stranger)
        assert told.returncode in (1, 3) and told.stdout == "" and told.stderr
        assert bed.crew.run.is_running()


def test_it_needs_no_environment(launch: Launcher, open_folder: Path) -> None:
    with Bed(launch, open_folder) as bed:
        told = subprocess.run([reaperctl(), "--socket", bed.path, "status"], env={
            key: value for key, value in base_environment().items() if "SAN" in key},
            capture_output=True, text=True, check=False)
        assert told.returncode == 0, told
