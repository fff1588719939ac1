"""runc alone with a bundle, the layer below podman, Docker and Kubernetes."""
from __future__ import annotations

from pathlib import Path

import pytest
from container_bed import Bed, wait_until
from container_ways import main_with_traps
from runc_bundle import Bundle

INIT = "/sbin/reaperd"


@pytest.mark.parametrize("script, status", [("exit 42", 42), ("kill -KILL $$", 137)])
def test_runc_run_gives_mains_status(bed: Bed, baked: Path, script: str, status: int) -> None:
    assert Bundle(bed, baked, INIT, "--", "sh", "-c", script).run().returncode == status


@pytest.mark.parametrize("name", ["TERM", "INT", "QUIT"])
def test_runc_kill_ends_main(bed: Bed, baked: Path, name: str) -> None:
    script = f"trap 'exit 9' {name}; {main_with_traps()}"
    with Bundle(bed, baked, INIT, "--", "sh", "-c", script) as bundle:
        bundle.wait_output("ready")
        bundle.runc("kill", bundle.name, name)
        assert bundle.wait_exit() == (7 if name == "TERM" else 9)


def test_runc_kill_of_all_processes_gives_137(bed: Bed, baked: Path) -> None:
    with Bundle(bed, baked, INIT, "--", "sh", "-c", main_with_traps()) as bundle:
        bundle.wait_output("ready")
        bundle.runc("kill", "--all", bundle.name, "KILL")
        assert bundle.wait_exit() == 137


def test_runc_exec_leaves_no_zombie(bed: Bed, baked: Path) -> None:
    with Bundle(bed, baked, INIT, "--", "sh", "-c", main_with_traps()) as bundle:
        bundle.wait_output("ready")
        bundle.runc("exec", bundle.name, "sh", "-c", "(sleep 0.1 > /dev/null 2>&1 &)")
        wait_until(lambda: set(commands(bundle)) == {INIT, "sh", "sleep 1000"},
                   "nothing but PID 1, main and its child is left")


def commands(bundle: Bundle) -> list[str]:
    """What runs in the container, seen from outside; a zombie shows as a name in brackets."""
    shown = bundle.runc("ps", "--format", "json", bundle.name).stdout
    found = []
    for pid in shown.strip("[]\n").split(","):
        try:
            words = Path(f"/proc/{int(pid)}/cmdline").read_text().strip("\0").split("\0")
        except (FileNotFoundError, ProcessLookupError, ValueError):
            words = ["gone between the two looks"]
        found.append(" ".join(words[:2]) if words[0] == "sleep" else words[0] or "[zombie]")
    return found


def test_runc_with_a_read_only_root_as_a_user(bed: Bed, baked: Path) -> None:
    bundle = Bundle(bed, baked, INIT, "--", "sh", "-c", "id -u; touch /x; exit 9")
    bundle.config["root"]["readonly"] = True
    bundle.config["process"]["user"] = {"uid": 1000, "gid": 1000}
    done = bundle.run()
    assert (done.returncode, done.stdout) == (9, "1000\n")
    assert "Read-only file system" in done.stderr


def test_runc_without_a_pid_namespace_of_its_own(bed: Bed, baked: Path) -> None:
    """Not PID 1: it becomes a subreaper by itself and, asked for grace, ends its own orphans. The
    namespace that it shares is one around runc and not the machine's."""
    script = "(sleep 500 > /dev/null 2>&1 & echo $!); exit 5"
    bundle = Bundle(bed, baked, INIT, "--grace=5s", "--", "sh", "-c", script)
    linux = bundle.config["linux"]
    linux["namespaces"] = [one for one in linux["namespaces"] if one["type"] != "pid"]
    shell = (f"sleep 700 & runc --root {bundle.state} run {bundle.name}; echo status $?; "
             "ps -A -o args=")
    outside = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", shell)
    done = bundle.run_by(*outside)
    assert "status 5\n" in done.stdout
    assert "sleep 500" not in done.stdout.replace(script, "")
    assert "sleep 700" in done.stdout.replace(shell, "")
