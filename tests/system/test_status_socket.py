"""The methods of the status socket, called on a real run; every reply is checked against the
interface file (varlink.py)."""

from __future__ import annotations

import os
import select
import signal
from pathlib import Path

import pytest

import procread
from launch import PID1, SUBREAPER, Launcher, roles
from status_bed import Bed
from test_hold_proc import FEW_PIDS, need_own_pid_max, use_up_the_first_numbers
from varlink import INTERFACE, MANAGER, TEXT, Client, Closed, Monitor, VarlinkError
from waiting import wait_until

CRASHED = "comm=crashed,until=released,name=crashes"


def test_every_read_method_on_a_run_with_all_kinds_of_processes(
        launch: Launcher, open_folder: Path, mode: str) -> None:
    with Bed(launch, open_folder, ["--hold", CRASHED], mode=mode) as bed:
        crew = bed.crew
        alive = crew.one("live", "alive")
        dead = crew.one("dead", "passing", "exit:3")
        held = crew.one("dead", "crashed", "signal:SEGV")
        crew.order("run", *roles("negligent", 2))
        parent = int(crew.run.wait_line(r"^ready negligent 2 (\d+)").group(1))
        bed.wait_held(held)
        bed.wait_death(dead)

        status = bed.client.status()
        assert status["pid1"] == (mode == PID1) and status["subreaper"] == (mode == SUBREAPER)
        assert status["pid"] == (1 if mode == PID1 else crew.run.pid)
        assert (status["phase"], status["mode"], status["reap"]) == ("running", "command", "wait")
        assert status["main"]["pid"] == crew.main and status["main"]["state"] == "alive"
        assert status["instance"] == bed.call("Ping")["instance"]
        assert status["hold"]["held"] == 1 and status["hold"]["rules"] == 1
        assert status["ring"]["next_seq"] == status["reaping"]["deaths"] + 1

        processes = bed.processes()
        assert {pid: processes[pid]["state"] for pid in (crew.main, alive, held, parent)} == {
            crew.main: "alive", alive: "alive", held: "held", parent: "alive"}
        assert dead not in processes
        assert processes[crew.main]["role"] == "main" and processes[alive]["role"] == "adopted"
        foreign = [one for one in processes.values() if one["state"] == "foreign"]
        assert [(one["ppid"], one["role"]) for one in foreign] == [(parent, None)] * 2

        assert {one["pid"] for one in bed.call("ListZombies")["zombies"]} == {
            one["pid"] for one in foreign}
        assert [one["parent"] for one in bed.call("ListZombies")["zombies"]] == [parent] * 2

        deaths = {one["pid"]: one for one in bed.deaths()}
        assert deaths[dead]["end"] == {"how": "exit", "code": 3, "signal": None, "core": False}
        assert deaths[held]["hold"] == {"rule": "crashes", "released_by": None}
        assert [one["seq"] for one in bed.deaths()] == list(range(1, len(deaths) + 1))

        (hold,) = bed.call("ListHeld")["held"]
        assert (hold["record"]["pid"], hold["rule"], hold["until"]) == (held, "crashes", None)
        rules = bed.call("ListHoldRules")
        assert [(one["name"], one["held"]) for one in rules["rules"]] == [("crashes", 1)]
        assert rules["held"] == 1

        inspected = bed.call("Inspect", pid=held)
        assert inspected["record"]["end"]["signal"] == "SIGSEGV"
        files = {one["name"]: one for one in inspected["files"]}
        assert "State:\tZ" in files["status"]["text"]
        assert bed.call("Inspect", pid=dead)["files"] == []
        assert bed.client.error("Inspect", pid=alive) == "NotFound"

        blockers = {one["pid"]: one for one in bed.call("ListBlockers")["blockers"]}
        assert {crew.main, alive, parent} <= blockers.keys() and held not in blockers
        assert "We are" in (text := bed.call("Explain")["text"]) or "we are" in text
        for method in ("ListServices", "GetLogs", "Reload"):
            assert bed.client.error(method) == "NoServices"
        assert bed.client.status()["socket"]["errors"] == 4


def test_explaining_takes_no_process(launch: Launcher, open_folder: Path) -> None:
    with Bed(launch, open_folder, mode=PID1) as bed:
        # In a namespace of its own, numbers tell how many processes there were in between. The one
        # that writes the log of deaths is there first.
        bed.crew.order("dead", "first", "exit:0")
        bed.crew.log.wait_named("first")
        first, second = (bed.crew.one("live", "alive") for _ in range(2))
        signals = bed.client.status()["reaping"]["sigchld_received"]
        for _ in range(100):
            bed.call("Explain")
        assert bed.client.status()["reaping"]["sigchld_received"] == signals
        assert bed.crew.one("live", "alive") - second == second - first


def test_blockers_are_a_few_and_say_when_there_are_more(launch: Launcher,
                                                        open_folder: Path) -> None:
    with Bed(launch, open_folder) as bed:
        assert bed.call("ListBlockers")["more"] is False
        bed.crew.order("live", "alive", 40)
        reply = bed.call("ListBlockers")
        assert len(reply["blockers"]) == 16 and reply["more"] is True


def test_the_processes_are_a_tree(launch: Launcher, open_folder: Path, mode: str) -> None:
    script = open_folder / "tree.sh"
    script.write_text("sh -c 'sleep 1000; true' & wait")
    with Bed(launch, open_folder, mode=mode) as bed:
        bed.crew.order("run", "sh", script)
        wait_until(lambda: "sleep" in {one["comm"] for one in bed.processes().values()}, "sleep")
        processes = bed.processes()
        (sleep,) = (one for one in processes.values() if one["comm"] == "sleep")
        inner = processes[sleep["ppid"]]
        outer = processes[inner["ppid"]]
        assert sleep["role"] is None and inner["role"] is None and outer["role"] == "adopted"
        assert outer["ppid"] == bed.client.status()["pid"]
        assert outer["comm"] == inner["comm"] == "sh"


def test_long_lists_come_in_pages_and_in_a_stream(launch: Launcher, open_folder: Path) -> None:
    with Bed(launch, open_folder, log_level="warn") as bed:
        living = set(bed.crew.order("live", "alive", 1500))
        assert living <= bed.processes().keys()
        paged: list[int] = []
        more = True
        while more:
            page = bed.call("ListProcesses", after_pid=paged[-1] if paged else None, limit=400)
            paged += [one["pid"] for one in page["processes"]]
            more = page["more"]
        assert living <= set(paged) and len(paged) == len(set(paged)) and paged == sorted(paged)

        bed.crew.order("dead", "passing", "exit:1", 700)
        wait_until(lambda: bed.client.status()["reaping"]["reaped"] >= 700, "all to be reaped")
        first = bed.call("ListDeaths", limit=5)
        assert [one["seq"] for one in first["deaths"]] == [1, 2, 3, 4, 5]
        seqs: list[int] = []
        looked, more = 0, True
        while more:
            page = bed.call("ListDeaths", after_seq=looked, limit=1000)
            seqs += [one["seq"] for one in page["deaths"]]
            looked, more = page["looked_to_seq"], page["more"]
        assert seqs == [one["seq"] for one in bed.deaths()] and len(seqs) >= 700
        assert {one["end"]["code"] for one in bed.deaths(cause="exit-error")} == {1}


# --- what changes something


def test_hold_lease_and_release(launch: Launcher, open_folder: Path, mode: str) -> None:
    with Bed(launch, open_folder, mode=mode) as bed:
        pid = bed.crew.one("live", "leased")
        answer = bed.call("Hold", pid=pid)
        assert answer["held"] is False
        assert bed.client.status()["hold"]["leases"] == 1
        bed.call("Signal", pid=pid, id=answer["id"], signal="USR1")
        bed.wait_held(pid)
        (hold,) = bed.call("ListHeld")["held"]
        assert (hold["rule"], hold["record"]["end"]["signal"]) == ("lease", "SIGUSR1")
        assert bed.crew.zombies() == [pid]
        # A second lease does not shorten the first.
        again = bed.call("Hold", pid=pid, id=answer["id"], for_us=1_000_000)
        assert again["held"] is True and again["until"] is None
        assert bed.call("Release", pid=pid, id=answer["id"]) == {"released": 1}
        bed.crew.wait_gone(pid)
        assert bed.wait_death(pid)["hold"] == {"rule": "lease", "released_by": "request"}
        assert bed.client.error("Release", pid=pid) in ("NotFound", "NoSuchProcess")
        assert bed.client.error("Hold", pid=pid) == "NoSuchProcess"


def test_a_lease_for_a_time_is_counted_from_the_death(launch: Launcher, open_folder: Path) -> None:
    with Bed(launch, open_folder) as bed:
        pid = bed.crew.one("live", "leased")
        bed.call("Hold", pid=pid, for_us=300_000)
        bed.crew.kill(pid)
        record = wait_until(lambda: [one for one in bed.deaths(pid=pid) if one["reaped_at"]],
                            "its reap")[0]
        assert record["hold"] == {"rule": "lease", "released_by": "lease-end"}
        assert 300_000 <= record["held_us"] < 2_000_000


def test_a_lease_ends_with_its_connection(launch: Launcher, open_folder: Path, mode: str) -> None:
    with Bed(launch, open_folder, mode=mode) as bed:
        pids = bed.crew.order("live", "leased", 2)
        other = bed.connect()
        for pid in pids:
            other.call("Hold", pid=pid, until_disconnect=True)
        bed.crew.kill(pids[0])
        bed.wait_held(pids[0])
        other.close()
        bed.crew.wait_gone(pids[0])
        assert bed.wait_death(pids[0])["hold"]["released_by"] == "lease-end"
        wait_until(lambda: bed.client.status()["hold"]["leases"] == 0, "the other lease to end")
        bed.crew.kill(pids[1])
        assert wait_until(lambda: bed.deaths(pid=pids[1]), "its record")[0]["hold"] is None


def test_a_lease_brings_a_pidfd_that_tells_the_death(launch: Launcher, open_folder: Path,
                                                     mode: str) -> None:
    with Bed(launch, open_folder, mode=mode) as bed:
        pid = bed.crew.one("live", "leased")
        outer = bed.crew.outer(pid)
        client = bed.connect()
        answer = client.call("Hold", pid=pid, until_disconnect=True, want_pidfd=True)
        assert answer["pidfd"] == 0 and len(client.descriptors) == 1
        pidfd = client.descriptors[0]
        info = Path(f"/proc/self/fdinfo/{pidfd}").read_text()
        assert f"\nPid:\t{outer}\n" in info
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        assert poll.poll(0) == []
        signal.pidfd_send_signal(pidfd, signal.SIGTERM)
        assert poll.poll(10_000) != []
        bed.wait_held(pid)
        again = client.call("Hold", pid=pid, until_disconnect=True, want_pidfd=True)
        assert again["held"] is True and again["pidfd"] == 0 and len(client.descriptors) == 2
        poll.register(client.descriptors[1], select.POLLIN)
        client.socket.close()
        bed.crew.wait_gone(pid)


def test_hold_rules_come_and_go(launch: Launcher, open_folder: Path, mode: str) -> None:
    with Bed(launch, open_folder, mode=mode) as bed:
        added = bed.call("AddHoldRule", rule="comm=worker,until=released,name=mine")
        assert added == {"name": "mine", "warnings": []}
        assert bed.client.error("AddHoldRule", rule="comm=x,name=mine,for=1s") == "AlreadyExists"
        assert bed.client.error("AddHoldRule", rule="colour=red") == "InvalidParameter"
        assert bed.client.error("AddHoldRule", rule="comm=x,until=barrier:b") == "NotFound"
        held = bed.crew.one("dead", "worker", "exit:1")
        bed.wait_held(held)
        assert bed.call("RemoveHoldRule", name="mine") == {}
        assert bed.client.error("RemoveHoldRule", name="mine") == "NotFound"
        late = bed.crew.one("dead", "worker", "exit:1")
        bed.wait_death(late)
        assert bed.held() == [held]
        assert bed.call("Release", rule="mine") == {"released": 1}
        assert bed.call("Release", all=True) == {"released": 0}
        for wrong in ({}, {"pid": held, "all": True}, {"all": False}):
            assert bed.client.error("Release", **wrong) == "InvalidParameter", wrong


def test_signals_to_processes_and_to_main(launch: Launcher, open_folder: Path, mode: str) -> None:
    with Bed(launch, open_folder, mode=mode) as bed:
        for name in ("SIGTERM", "TERM", "15", "SIGRTMIN+3", "RTMIN+3"):
            pid = bed.crew.one("live", "alive")
            bed.call("Signal", pid=pid, id=bed.process(pid)["id"], signal=name)
            wanted = "SIGTERM" if "15" in name or "TERM" in name else "SIGRTMIN+3"
            assert bed.wait_death(pid)["end"]["signal"] == wanted
        pid = bed.crew.one("live", "alive")
        for wrong in ({"signal": "SIGNONE", "pid": pid}, {"signal": "0x9", "pid": pid},
                      {"signal": "TERM"}, {"signal": "TERM", "pid": pid, "service": "main"},
                      {"signal": "99", "pid": pid}, {"signal": "TERM", "pid": -1}):
            assert bed.client.error("Signal", **wrong) == "InvalidParameter", wrong
        assert bed.client.error("Signal", service="none", signal="TERM") == "NotFound"
        # Not below reaperd: whoever it is, reaperd itself and the tests among them.
        ours = [1, bed.client.status()["pid"]] + ([os.getpid()] if mode == SUBREAPER else [])
        for other in (*ours, 2**22 - 1):
            assert bed.client.error("Signal", pid=other, signal="KILL") in (
                "NoSuchProcess", "InvalidParameter"), other
        assert bed.process(pid)["state"] == "alive"
        bed.call("Signal", service="main", signal="KILL")
        assert bed.crew.run.end().code == 137


def test_a_signal_by_id_never_reaches_who_has_the_number_now(launch: Launcher,
                                                             open_folder: Path) -> None:
    need_own_pid_max()
    with Bed(launch, open_folder, mode=PID1, prefix=FEW_PIDS) as bed:
        use_up_the_first_numbers(bed.crew)
        pid = bed.crew.one("live", "first")
        first = bed.process(pid)["id"]
        assert first is not None
        bed.call("Signal", pid=pid, id=first, signal="KILL")
        bed.crew.wait_gone(pid)
        assert bed.client.error("Signal", pid=pid, id=first, signal="KILL") == "NoSuchProcess"
        for _ in range(20):
            new = bed.crew.order("live", "second", 50)
            if pid in new:
                break
            for one in new:
                bed.crew.kill(one)
            wait_until(lambda: not set(new) & bed.processes().keys(), "them to be gone")
        second = bed.process(pid)
        assert second["comm"] == "second" and second["id"] != first
        for method, more in (("Signal", {"signal": "KILL"}), ("Hold", {}), ("Release", {})):
            assert bed.client.error(method, pid=pid, id=first, **more) in (
                "NoSuchProcess", "NotFound"), method
        assert bed.process(pid)["id"] == second["id"]
        bed.call("Signal", pid=pid, id=second["id"], signal="KILL")
        assert wait_until(lambda: [one for one in bed.deaths(pid=pid) if one["id"] == second["id"]],
                          "its record")[0]["end"]["signal"] == "SIGKILL"


def test_shutdown_is_a_stop(launch: Launcher, open_folder: Path, mode: str) -> None:
    with Bed(launch, open_folder, mode=mode) as bed:
        orphan = bed.crew.one("live", "alive")
        monitor = bed.monitor()
        assert bed.call("Shutdown") == {}
        assert bed.crew.run.end().code == 143
        with pytest.raises(Closed):
            while True:
                monitor.step()
        phases = [one["phase"] for one in monitor.of("stopping")]
        assert (phases[0], phases[-1]) == ("stopping", "done")
        if mode == PID1:  # a subreaper leaves alone what main left
            assert phases == ["stopping", "grace", "done"]
            causes = {one["pid"]: one["verdict"]["cause"] for one in monitor.of("reaped")}
            assert causes[orphan] == "stopped"


def test_log_level(launch: Launcher, open_folder: Path, mode: str) -> None:
    with Bed(launch, open_folder, mode=mode, log_level="warn") as bed:
        assert bed.call("SetLogLevel", level="debug") == {}
        assert bed.client.status()["log_level"] == "debug"
        pid = bed.crew.one("dead", "worker", "exit:1")
        bed.crew.run.wait_log(rf"debug: .*pid {pid}\b")
        bed.call("SetLogLevel", level="off")
        assert bed.client.error("SetLogLevel", level="loud") == "InvalidParameter"


# --- the protocol, as far as the unit tests cannot see it


def test_what_it_says_of_itself(launch: Launcher, open_folder: Path) -> None:
    with Bed(launch, open_folder) as bed:
        info = bed.call("org.varlink.service.GetInfo")
        assert INTERFACE in info["interfaces"] and "org.varlink.service" in info["interfaces"]
        text = bed.call("org.varlink.service.GetInterfaceDescription", interface=INTERFACE)
        assert text["description"] == TEXT.read_text(encoding="utf-8")
        for method in MANAGER.methods:
            assert bed.client.error(method, nonsense=1) in (
                "InvalidParameter", "ExpectedMore"), method


def test_a_person_with_socat_may_end_calls_by_newlines(launch: Launcher,
                                                       open_folder: Path) -> None:
    with Bed(launch, open_folder) as bed:
        plain = bed.connect().socket
        plain.sendall(b'{"method":"io.reaperd.Manager.Ping"}\n')
        reply = plain.recv(1000)
        assert reply.endswith(b"\n") and b"\0" not in reply and b'"instance"' in reply


@pytest.mark.parametrize("message, error", [
    (b"garbage\0", "BadMessage"), (b"[]\0", "BadMessage"), (b'{"method":1}\0', "BadMessage"),
    (b"[" * 40 + b"\0", "BadMessage"), (b"{" + b" " * 300_000, "MessageTooLarge"),
    (b'{"method":"io.reaperd.Manager.Ping","x":"\xff"}\0', "BadMessage"),
])
def test_bad_messages_are_answered_once(launch: Launcher, open_folder: Path, message: bytes,
                                        error: str) -> None:
    with Bed(launch, open_folder) as bed:
        bed.call("Ping")
        before = len(os.listdir(f"/proc/{bed.crew.run.pid}/fd"))
        client = bed.connect()
        try:
            client.socket.sendall(message)
        except BrokenPipeError:
            pass
        reply = client.receive()
        assert reply["error"] == f"{INTERFACE}.{error}"
        MANAGER.check_reply("Ping", reply)
        with pytest.raises(Closed):
            client.receive()
        assert bed.client.status()["socket"]["bad_messages"] == 1
        wait_until(lambda: len(os.listdir(f"/proc/{bed.crew.run.pid}/fd")) == before, "it closed")


def test_there_are_64_places_and_then_a_clear_word(launch: Launcher, open_folder: Path) -> None:
    with Bed(launch, open_folder) as bed:
        others = [bed.connect() for _ in range(63)]
        for one in others:
            one.call("Ping")
        late = bed.connect()
        with pytest.raises(VarlinkError) as full:
            late.call("Ping")
        assert full.value.name == "TooManyClients" and full.value.parameters["limit"] == 64
        others[0].close()
        wait_until(lambda: bed.client.status()["socket"]["clients"] == 63, "a free place")
        assert Monitor(bed.connect()).seq >= 0
        assert bed.client.status()["socket"]["turned_away"] == 1


def test_without_descriptors_it_waits_and_goes_on(launch: Launcher, open_folder: Path) -> None:
    with Bed(launch, open_folder, prefix=roles("limit", "nofile=24", "--")) as bed:
        others = [bed.connect() for _ in range(30)]
        wait_until(lambda: bed.client.status()["socket"]["accept_failures"] > 0, "a failure")
        pid = bed.crew.one("dead", "worker", "exit:1")
        assert bed.wait_death(pid)["end"]["code"] == 1
        for one in others[:25]:
            one.close()
        others[-1].call("Ping")


def test_no_process_of_the_socket_is_left(launch: Launcher, open_folder: Path, mode: str) -> None:
    with Bed(launch, open_folder, mode=mode) as bed:
        clients: list[Client] = [bed.connect() for _ in range(10)]
        for client in clients:
            client.call("Ping")
        assert bed.crew.end().code == 0
        assert not bed.path.exists()
        assert not procread.children(bed.crew.run.process.pid)
