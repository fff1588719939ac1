"""Who may do what at the status socket, with real users and user namespaces."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import varlink
from launch import PID1, SUBREAPER, UNSHARE, Launcher, Run, base_environment, roles
from status_bed import Bed, ctl, reaperctl
from varlink import MANAGER, Client, Closed, VarlinkError
from waiting import wait_until

STRANGER, MEMBER, GROUP, NOBODY = 4201, 4202, 4300, 65534
ADMIN_CALLS: dict[str, dict[str, object]] = {
    "Hold": {"pid": 2}, "Release": {"all": True}, "AddHoldRule": {"rule": "comm=x,for=1s"},
    "RemoveHoldRule": {"name": "x"}, "Signal": {"service": "main", "signal": "KILL"},
    "Shutdown": {}, "SetLogLevel": {"level": "trace"}}
READ_CALLS: dict[str, dict[str, object]] = {
    "Ping": {}, "GetStatus": {}, "ListProcesses": {}, "ListDeaths": {}, "ListHeld": {},
    "ListHoldRules": {}, "ListZombies": {}, "ListBlockers": {}, "Explain": {}}


def assert_turned_away(client: Client) -> None:
    """PermissionDenied, whatever is asked, and the end of the connection."""
    try:
        client.send("GetStatus")
    except (BrokenPipeError, ConnectionResetError):
        pass
    reply = client.receive()
    MANAGER.check_reply("GetStatus", reply)
    assert reply["error"].endswith(".PermissionDenied")
    assert "instance" not in str(reply)
    with pytest.raises(Closed):
        client.receive()


@pytest.fixture
def group_bed(launch: Launcher, open_folder: Path, mode: str) -> Iterator[Bed]:
    with Bed(launch, open_folder, ["--socket-group", str(GROUP)], mode=mode) as bed:
        yield bed


def test_without_a_group_nobody_else_gets_in(launch: Launcher, open_folder: Path,
                                             mode: str) -> None:
    with Bed(launch, open_folder, mode=mode) as bed:
        assert bed.path.stat().st_mode & 0o777 == 0o600
        with pytest.raises(PermissionError):
            bed.connect_as(STRANGER, STRANGER)
        bed.path.chmod(0o666)  # as if somebody had opened it to all
        assert_turned_away(bed.connect_as(STRANGER, STRANGER))
        assert_turned_away(bed.connect_as(STRANGER, 0, (0, GROUP)))
        assert_turned_away(bed.connect_as(NOBODY, NOBODY))
        assert bed.client.status()["socket"]["refused"] == 3


def test_a_stranger_gets_nothing_but_the_refusal(group_bed: Bed) -> None:
    with pytest.raises(PermissionError):
        group_bed.connect_as(STRANGER, STRANGER)
    group_bed.path.chmod(0o666)
    assert_turned_away(group_bed.connect_as(STRANGER, STRANGER))
    assert group_bed.client.status()["socket"]["refused"] == 1


@pytest.mark.parametrize("gid, groups", [(GROUP, ()), (MEMBER, (GROUP,)), (MEMBER, (1, GROUP, 7))])
def test_a_member_of_the_group_reads_and_changes_nothing(group_bed: Bed, gid: int,
                                                         groups: tuple[int, ...]) -> None:
    info = group_bed.path.stat()
    assert (info.st_mode & 0o777, info.st_gid) == (0o660, GROUP)
    member = group_bed.connect_as(MEMBER, gid, groups)
    for method, parameters in READ_CALLS.items():
        member.call(method, **parameters)
    before = group_bed.client.status()
    for method, parameters in ADMIN_CALLS.items():
        with pytest.raises(VarlinkError) as refused:
            member.call(method, **parameters)
        assert refused.value.name == "PermissionDenied"
        assert refused.value.parameters["right"] == "admin"
    after = group_bed.client.status()
    for same in ("phase", "log_level", "hold", "main", "holds"):
        assert before[same] == after[same], same
    member.call("Ping")  # the connection goes on


def test_oneway_gives_no_way_round(group_bed: Bed) -> None:
    member = group_bed.connect_as(MEMBER, GROUP)
    for method, parameters in ADMIN_CALLS.items():
        member.send(method, parameters, oneway=True)
    member.call("Ping")
    status = group_bed.client.status()
    untouched = (status["phase"], status["log_level"], status["hold"]["rules"])
    assert untouched == ("running", "debug", 0)


def test_a_member_sees_command_lines_of_its_own_processes_only(group_bed: Bed) -> None:
    crew = group_bed.crew
    numbers = {}
    for uid in (MEMBER, STRANGER):
        numbers[uid] = crew.adopted("run", "setpriv", "--reuid", uid, "--regid", uid,
                                    "--clear-groups", "sleep", f"{uid}000")
    member = group_bed.connect_as(MEMBER, GROUP)
    # Who was seen before its exec is looked at again when somebody asks: who asks next is told.
    wait_until(lambda: all(one["cmdline"] for one in group_bed.processes().values()
                           if one["pid"] in numbers.values()), "the words since the exec")
    seen = {one["pid"]: one for one in member.all("ListProcesses", "processes")}
    assert seen[numbers[MEMBER]]["uid"] == MEMBER and seen[numbers[STRANGER]]["uid"] == STRANGER
    assert seen[numbers[MEMBER]]["cmdline"] is not None
    assert seen[numbers[STRANGER]]["cmdline"] is None and seen[crew.main]["cmdline"] is None
    everything = group_bed.processes()
    assert everything[numbers[STRANGER]]["cmdline"] and everything[crew.main]["cmdline"]

    follower = varlink.Monitor(group_bed.connect_as(MEMBER, GROUP))
    for pid in numbers.values():
        crew.kill(pid)
    for pid in numbers.values():
        group_bed.wait_death(pid)
    records = {one["pid"]: one for one in member.all("ListDeaths", "deaths")}
    events = {pid: follower.wait("reaped", pid=pid) for pid in numbers.values()}
    inspected = {pid: member.call("Inspect", pid=pid)["record"] for pid in numbers.values()}
    for found in (records, events, inspected):
        assert found[numbers[MEMBER]]["cmdline"] is not None
        assert found[numbers[STRANGER]]["cmdline"] is None
        assert found[numbers[STRANGER]].get("environ") is None
    words = [one for one in follower.processes if one["cmdline"] is not None]
    assert {one["uid"] for one in words} <= {MEMBER}
    # The records of the admin still have them.
    assert group_bed.deaths(pid=numbers[STRANGER])[0]["cmdline"] is not None


def test_words_from_before_a_change_of_user_are_not_told(group_bed: Bed) -> None:
    """What root's process was called is nothing that the user may read whom it became: its /proc
    has other words by then."""
    go = group_bed.path.parent / "go"
    script = group_bed.path.parent / "script"
    script.write_text(f"until test -e {go}; do sleep 0.02; done\nexec setpriv --reuid {MEMBER} "
                      f"--regid {MEMBER} --clear-groups sleep 1000")
    pid = group_bed.crew.adopted("run", "sh", script, "secret")
    wait_until(lambda: "secret" in str(group_bed.process(pid)["cmdline"]), "its words to be known")
    go.touch()
    wait_until(lambda: group_bed.process(pid)["uid"] == MEMBER, "the other user")
    member = group_bed.connect_as(MEMBER, GROUP)
    assert "secret" not in str(member.call("ListProcesses"))
    group_bed.crew.kill(pid)
    group_bed.wait_death(pid)
    assert "secret" not in str(member.call("ListDeaths"))


def test_reaperd_s_own_user_is_admin(launch: Launcher, open_folder: Path) -> None:
    path = open_folder / "s"
    run = launch.start(["--status-socket", str(path)], roles("echo"),
                       prefix=roles("as-user", MEMBER, "--"))
    run.wait_line("^ready echo")
    with Client(varlink.connect_as(path, MEMBER, MEMBER)) as own:
        own.call("SetLogLevel", level="debug")
    with Client(path) as root:
        root.call("SetLogLevel", level="warn")
    path.chmod(0o666)
    with Client(varlink.connect_as(path, STRANGER, STRANGER)) as stranger:
        assert_turned_away(stranger)


# --- user namespaces


def start_in_user_namespace(launch: Launcher, uids: str, gids: str, words: list[str],
                            reaperd: list[str], mode: str = SUBREAPER) -> Run:
    """reaperd in a user namespace with these maps, after the words (e.g. setpriv)."""
    wait_for_maps = ("unshare", "--user", "sh", "-c", 'echo "unshared $$"; read line; exec "$@"',
                     "sh", *words)
    run = launch.start(reaperd, roles("echo"), mode=mode, stdin=subprocess.PIPE,
                       outer=(*wait_for_maps,))
    pid = int(run.wait_line(r"^unshared (\d+)").group(1))
    Path(f"/proc/{pid}/gid_map").write_text(gids)
    Path(f"/proc/{pid}/uid_map").write_text(uids)
    assert run.process.stdin is not None
    run.process.stdin.write(b"\n")
    run.process.stdin.flush()
    run.wait_line("^ready echo")
    return run


def test_who_merely_looks_like_65534_gets_nothing(launch: Launcher, open_folder: Path) -> None:
    """reaperd runs as 65534 of its namespace, as many images do. All users of the host whom that
    namespace has no number for look the same to it; its own nobody is another one."""
    path = open_folder / "s"
    inside = 4242
    maps = f"0 0 1\n65534 {inside} 1\n"
    run = start_in_user_namespace(
        launch, maps, maps, ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"],
        ["--status-socket", str(path), "--socket-group", "65534"])
    assert (path.stat().st_uid, path.stat().st_gid) == (inside, inside)
    path.chmod(0o666)
    for uid in (NOBODY, STRANGER):
        with Client(varlink.connect_as(path, uid, uid)) as outsider:
            assert_turned_away(outsider)
    enter = ("nsenter", f"--user=/proc/{run.pid}/ns/user", "--setuid", "65534", "--setgid",
             "65534")
    insider = ctl("--socket", path, "ping", prefix=enter)
    assert insider.returncode == 0, insider.stderr
    changed = ctl("--socket", path, "log-level", "debug", prefix=enter)
    assert changed.returncode == 0, changed.stderr


def test_65534_of_our_own_namespace_counts(launch: Launcher, open_folder: Path) -> None:
    with Bed(launch, open_folder, ["--socket-group", str(NOBODY)]) as bed:
        member = bed.connect_as(STRANGER, NOBODY)
        assert member.call("Ping")
        assert member.error("Shutdown") == "PermissionDenied"


def test_nobody_of_another_namespace_does_not(launch: Launcher, open_folder: Path) -> None:
    """Though it has the same number: it could be anybody there, and is refused as a reader of the
    group 65534."""
    with Bed(launch, open_folder, ["--socket-group", str(NOBODY)]) as bed:
        nobody = [*roles("as-user", f"{NOBODY}:{NOBODY}"), "--"]
        ask = [str(reaperctl()), "--socket", str(bed.path), "ping"]
        told = [subprocess.run([*nobody, *words, *ask], capture_output=True, text=True,
                               check=False, env=base_environment())
                for words in ((), ("unshare", "--user"), ("unshare", "--user", "--map-root-user"))]
        assert [one.returncode for one in told] == [0, 1, 1], told
        assert [one.stdout for one in told[1:]] == ["", ""]
        assert bed.client.status()["socket"]["refused"] == 2


@pytest.mark.parametrize("how", [PID1, SUBREAPER])
def test_in_a_user_namespace_of_an_ordinary_user_all_works(launch: Launcher, open_folder: Path,
                                                           how: str) -> None:
    """As in rootless podman: its root is that user."""
    path = open_folder / "s"
    outer = (*roles("as-user", f"{MEMBER}:{MEMBER}"), "--", "unshare", "--user",
             "--map-root-user", *(UNSHARE[1:] if how == PID1 else ()))
    run = launch.start(["--status-socket", str(path)],
                       ["sh", "-c", f"{reaperctl()} --socket {path} ps; echo code $?; exec "
                        + " ".join(roles("echo", "--exit-on=USR1=42"))], outer=outer)
    run.wait_line("^code 0$")
    assert "main" in run.out()
    wait_until(path.exists, "the socket")
    assert path.stat().st_uid == MEMBER
    with Client(varlink.connect_as(path, MEMBER, MEMBER)) as own:
        assert own.status()["pid1"] == (how == PID1)
        own.call("SetLogLevel", level="debug")
    path.chmod(0o666)
    for uid in (STRANGER, NOBODY):
        with Client(varlink.connect_as(path, uid, uid)) as stranger:
            assert_turned_away(stranger)
    if os.geteuid() == 0:
        # The host's root is nobody there; the kernel lets it in, reaperd does not.
        with Client(path) as root:
            assert_turned_away(root)
