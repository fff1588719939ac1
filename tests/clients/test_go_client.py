"""A Varlink client that nobody here wrote: Debian's golang-github-varlink-go-dev, with a small
program of ours around it (go/varlink_client.go), built without a network."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import calls
import interface_text
import paths
import pytest
from launch import base_environment
from need import need, need_file
from served import Served
from waiting import wait_until

GOPATH = Path("/usr/share/gocode")
LIBRARY = GOPATH / "src/github.com/varlink/go/varlink/connection.go"
SOURCE = paths.ROOT / "tests/clients/go/varlink_client.go"
BUILD_SECONDS = 300


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program; a test's time limit does not count here."""
    go = need("go")
    need_file(LIBRARY, "golang-github-varlink-go-dev")
    folder = tmp_path_factory.mktemp("go")
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GO111MODULE": "off",
                   "GOPATH": str(GOPATH), "GOCACHE": str(folder / "cache"), "GOFLAGS": "",
                   "CGO_ENABLED": "0", "GOPROXY": "off"}
    done = subprocess.run([go, "build", "-o", folder / "varlink_client", SOURCE], cwd=folder,
                          env=environment, capture_output=True, text=True, check=False,
                          timeout=BUILD_SECONDS)
    assert done.returncode == 0, done.stderr
    return folder / "varlink_client"


def ask(client: Path, run: Served, *words: str, code: int = 0) -> list[dict[str, Any]]:
    """The objects that it prints."""
    done = subprocess.run([client, run.socket, *words], capture_output=True, text=True, check=False,
                          timeout=40)
    assert (done.returncode, done.stderr) == (code, ""), f"{words}: {done.stdout}{done.stderr}"
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_it_lists_the_interfaces(client: Path, reaperd: Served) -> None:
    (info,) = ask(client, reaperd, "info")
    assert info["interfaces"] == ["org.varlink.service", "io.reaperd.Manager"]
    assert (info["vendor"], info["product"]) == ("reaperd", "reaperd")
    version = subprocess.run([paths.reaperd(), "--version"], env=base_environment(), text=True,
                             capture_output=True, check=True).stdout.split()[1]
    assert info["version"] == version


def test_its_parser_reads_the_interfaces(client: Path, reaperd: Served) -> None:
    service, manager = ask(client, reaperd, "idl")
    assert service["interface"] == "org.varlink.service"
    assert service["methods"] == ["GetInfo", "GetInterfaceDescription"]
    assert manager["interface"] == "io.reaperd.Manager"
    assert manager["text"] == interface_text.FILE.read_text(encoding="utf-8")
    assert {key: manager[key] for key in ("methods", "types", "errors")} == interface_text.names()


def test_it_calls_every_read_method(client: Path, reaperd: Served) -> None:
    def call(method: str, parameters: calls.Object | None) -> calls.Object:
        words = [json.dumps(parameters)] if parameters is not None else []
        (reply,) = ask(client, reaperd, method, *words)
        return reply

    calls.check_all(reaperd, call)


@pytest.mark.parametrize("method, parameters, error, told", [
    ("Fly", "{}", "org.varlink.service.MethodNotFound", {"method": "io.reaperd.Manager.Fly"}),
    ("Inspect", '{"pid":"x"}', "org.varlink.service.InvalidParameter", {"parameter": "pid"}),
    ("ListServices", "{}", "io.reaperd.Manager.NoServices",
     {"message": "services come with a later version"}),
])
def test_it_understands_errors(client: Path, reaperd: Served, method: str, parameters: str,
                               error: str, told: dict[str, str]) -> None:
    (reply,) = ask(client, reaperd, method, parameters, code=1)
    assert (reply["error"], reply["parameters"]) == (error, told)


def test_it_follows_monitor_until_a_process_is_reaped(client: Path, reaperd: Served,
                                                      folder: Path) -> None:
    pid = reaperd.start_worker("followed")
    told = folder / "told"
    with told.open("wb") as out:
        follower = subprocess.Popen([client, reaperd.socket, "follow", str(pid)], stdout=out)
    try:
        wait_until(lambda: b'"more":false}' in told.read_bytes(), "the snapshot")
        reaperd.end_worker(reaperd.start_worker("other") and "other", 0)
        reaperd.end_worker("followed", 5)
        assert follower.wait(20) == 0
    finally:
        if follower.poll() is None:
            follower.send_signal(signal.SIGKILL)
            follower.wait()
    calls.check_followed(pid, 5, [json.loads(line) for line in told.read_text().splitlines()])
