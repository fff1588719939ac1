"""A client with only socket and json does all that the Go library does."""

from __future__ import annotations

from collections.abc import Iterator

import calls
import interface_text
import pytest
from served import Served
from varlink_by_hand import Client, Refused

MANAGER = "io.reaperd.Manager"


@pytest.fixture
def client(reaperd: Served) -> Iterator[Client]:
    with Client(reaperd.socket) as made:
        yield made


def test_it_lists_and_describes_the_interfaces(client: Client) -> None:
    info = client.call("org.varlink.service.GetInfo")
    assert info["interfaces"] == ["org.varlink.service", MANAGER]
    reply = client.call("org.varlink.service.GetInterfaceDescription", {"interface": MANAGER})
    assert reply == {"description": interface_text.FILE.read_text(encoding="utf-8")}


def test_it_calls_every_read_method_on_one_connection(client: Client, reaperd: Served) -> None:
    calls.check_all(reaperd, lambda method, parameters: client.call(f"{MANAGER}.{method}",
                                                                    parameters))


def test_a_refused_call_leaves_the_connection_usable(client: Client) -> None:
    with pytest.raises(Refused) as refused:
        client.call(f"{MANAGER}.Inspect", {"pid": 1 << 40})
    error, parameters = refused.value.args
    assert (error, parameters["parameter"]) == ("org.varlink.service.InvalidParameter", "pid")
    assert client.call(f"{MANAGER}.Ping").keys() == {"instance"}


def test_it_follows_monitor_until_a_process_is_reaped(client: Client, reaperd: Served) -> None:
    pid = reaperd.start_worker("followed")
    answers = []
    for answer in client.calls(f"{MANAGER}.Monitor"):
        answers.append(answer)
        if answer.get("snapshot") and not answer["snapshot"]["more"]:
            reaperd.end_worker("followed", 5)
        if (answer.get("event") or {}).get("reaped", {}).get("pid") == pid:
            break
    calls.check_followed(pid, 5, answers)


def test_who_comes_back_gets_what_it_has_missed(client: Client, reaperd: Served) -> None:
    """As long as somebody has followed within the last minute, events are kept."""
    following = client.calls(f"{MANAGER}.Monitor")
    seen = next(following)["snapshot"]["seq"]
    pid = reaperd.start_worker("missed")
    reaperd.end_worker("missed", 4)
    with Client(reaperd.socket) as back:
        for answer in back.calls(f"{MANAGER}.Monitor", {"after_seq": seen}):
            seen += 1
            assert answer["event"]["seq"] == seen
            if answer["event"].get("reaped", {}).get("pid") == pid:
                return
