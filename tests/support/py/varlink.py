"""A client of the status socket that needs only `socket` and `json`, and checks the type of every
reply and error against the interface file."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import paths

INTERFACE = "io.reaperd.Manager"
TEXT = paths.ROOT / "lib/status" / f"{INTERFACE}.varlink"
Members = dict[str, Any]
# A type is a word, ("?", type), ("[]", type), ("enum", words) or a dict of members.
Type = Any

BASE_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,), "string": (str,), "bool": (bool,), "float": (float, int), "object": (dict,)}


class Interface:
    """The types of an interface, by name; methods have ("in", "out")."""

    def __init__(self, text: str) -> None:
        without = re.sub(r"#.*", "", text)
        self.words = re.findall(r"->|\[\]|[\w.]+|[?():,]", without)
        self.types: dict[str, Type] = {}
        self.methods: dict[str, tuple[Type, Type]] = {}
        self.errors: dict[str, Type] = {}
        while self.words:
            kind, name = self._next(), self._next()
            if kind == "type":
                self.types[name] = self._type()
            elif kind == "error":
                self.errors[name] = self._type()
            elif kind == "method":
                given = self._type()
                assert self._next() == "->"
                self.methods[name] = (given, self._type())
            else:
                assert kind == "interface" and name == INTERFACE, kind

    def _next(self) -> str:
        return self.words.pop(0)

    def _type(self) -> Type:
        word = self._next()
        if word in ("?", "[]"):
            return (word, self._type())
        return self._braces() if word == "(" else word

    def _braces(self) -> Type:
        members: Members = {}
        values: list[str] = []
        while (word := self._next()) != ")":
            if word == ",":
                continue
            if self.words[0] == ":":
                self._next()
                members[word] = self._type()
            else:
                values.append(word)
        return ("enum", tuple(values)) if values else members

    def check(self, value: Any, wanted: Type, where: str = "") -> None:
        if isinstance(wanted, dict):
            assert isinstance(value, dict), f"{where}: {value!r} is no object"
            assert not value.keys() - wanted.keys(), f"{where}: unknown members in {value!r}"
            for name, kind in wanted.items():
                optional = isinstance(kind, tuple) and kind[0] == "?"
                assert optional or name in value, f"{where}: no {name} in {value!r}"
                self.check(value.get(name), kind, f"{where}.{name}")
        elif isinstance(wanted, str) and wanted in BASE_TYPES:
            right = isinstance(value, BASE_TYPES[wanted])
            assert right and (wanted == "bool" or not isinstance(value, bool)), (
                f"{where}: {value!r} is no {wanted}")
        elif isinstance(wanted, str):
            self.check(value, self.types[wanted], where)
        elif wanted[0] == "?":
            if value is not None:
                self.check(value, wanted[1], where)
        elif wanted[0] == "[]":
            assert isinstance(value, list), f"{where}: {value!r} is no list"
            for number, item in enumerate(value):
                self.check(item, wanted[1], f"{where}[{number}]")
        else:
            assert value in wanted[1], f"{where}: {value!r} is none of {wanted[1]}"

    def check_reply(self, method: str, reply: Members) -> None:
        name = reply.get("error")
        if name is None:
            self.check(reply.get("parameters", {}), self.methods[method][1], method)
        elif name.startswith(INTERFACE + "."):
            self.check(reply.get("parameters", {}), self.errors[name.rpartition(".")[2]], name)
        else:
            assert name.startswith("org.varlink.service."), name


MANAGER = Interface(TEXT.read_text(encoding="utf-8"))


class VarlinkError(Exception):
    """`name` is without the interface."""

    def __init__(self, reply: Members) -> None:
        super().__init__(json.dumps(reply))
        self.name = str(reply["error"]).rpartition(".")[2]
        self.parameters: Members = reply.get("parameters", {})


class Closed(Exception):
    """The other side ended the connection."""


class Client:
    def __init__(self, where: str | Path | socket.socket, seconds: float = 10.0) -> None:
        if isinstance(where, socket.socket):
            self.socket = where
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(str(where))
        self.socket.settimeout(seconds)
        self.descriptors: list[int] = []
        self._rest = b""

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()
        for descriptor in self.descriptors:
            os.close(descriptor)
        self.descriptors = []

    def send(self, method: str, parameters: Mapping[str, object] | None = None,
             **flags: bool) -> None:
        name = method if "." in method else f"{INTERFACE}.{method}"
        call = {"method": name, "parameters": dict(parameters or {}), **flags}
        with contextlib.suppress(BrokenPipeError):  # what it said before it closed is still there
            self.socket.sendall(json.dumps(call).encode() + b"\0")

    def receive(self) -> Members:
        """The next message as it is."""
        while b"\0" not in self._rest:
            try:
                data, descriptors, _, _ = socket.recv_fds(self.socket, 1 << 18, 4)
            except ConnectionResetError:
                data, descriptors = b"", []
            self.descriptors += descriptors
            if not data:
                raise Closed(self._rest)
            self._rest += data
        message, _, self._rest = self._rest.partition(b"\0")
        found = json.loads(message.decode("utf-8"))
        assert isinstance(found, dict)
        return found

    def receive_raw(self) -> list[bytes]:
        """The messages that one read completes, perhaps none, unlooked at."""
        data = self.socket.recv(1 << 20)
        if not data:
            raise Closed(self._rest)
        *messages, self._rest = (self._rest + data).split(b"\0")
        return messages

    def result(self, method: str) -> tuple[Members, bool]:
        """The next reply, checked, and whether another follows."""
        reply = self.receive()
        if "." not in method:
            MANAGER.check_reply(method, reply)
        if "error" in reply:
            raise VarlinkError(reply)
        return reply.get("parameters", {}), reply.get("continues", False)

    def call(self, method: str, **parameters: object) -> Members:
        self.send(method, parameters)
        found, more = self.result(method)
        assert not more
        return found

    def stream(self, method: str, **parameters: object) -> Iterator[Members]:
        """All replies of a call with `more`."""
        self.send(method, parameters, more=True)
        more = True
        while more:
            found, more = self.result(method)
            yield found

    def all(self, method: str, member: str, **parameters: object) -> list[Members]:
        """The items of a list, whatever its pages."""
        return [item for part in self.stream(method, **parameters) for item in part[member]]

    def status(self) -> Members:
        found = self.call("GetStatus")["status"]
        assert isinstance(found, dict)
        return found

    def error(self, method: str, **parameters: object) -> str:
        """The name of the error that a call must end with."""
        try:
            found = self.call(method, **parameters)
        except VarlinkError as error:
            return error.name
        raise AssertionError(f"{method} {parameters} was answered: {found}")


class Monitor:
    """Follows a run, and sees to it that nothing is missing: the first answers are a snapshot, then
    each event is the one after the last, or a gap says exactly which are not told."""

    def __init__(self, client: Client, after_seq: int | None = None) -> None:
        self.client = client
        self.events: list[Members] = []
        self.gaps: list[tuple[int, int]] = []
        self.processes: list[Members] = []
        self.held: list[Members] = []
        self.seq = -1 if after_seq is None else after_seq
        client.send("Monitor", {} if after_seq is None else {"after_seq": after_seq}, more=True)
        more = after_seq is None
        while more:
            snapshot = self._next()["snapshot"]
            assert self.seq in (-1, snapshot["seq"])
            self.seq, more = snapshot["seq"], snapshot["more"]
            self.processes += snapshot["processes"]
            self.held += snapshot["held"]

    def _next(self) -> Members:
        found, more = self.client.result("Monitor")
        assert more, "a stream has no end"
        assert len([value for value in found.values() if value is not None]) == 1, found
        return found

    def step(self) -> Members | None:
        """The next event, or None for a gap."""
        found = self._next()
        gap, event = found.get("gap"), found.get("event")
        if gap is not None:
            assert gap["from"] == self.seq + 1 and gap["to"] >= gap["from"], (self.seq, gap)
            self.gaps.append((gap["from"], gap["to"]))
            self.seq = gap["to"]
            return None
        assert event is not None and event["seq"] == self.seq + 1, (self.seq, found)
        told = [name for name, value in event.items()
                if name not in ("seq", "at") and value is not None]
        assert len(told) == 1, event
        self.seq = event["seq"]
        self.events.append(event)
        return event

    def wait(self, kind: str, **wanted: object) -> Members:
        """The first event of a kind with these members, of those that came and those to come."""
        looked = 0
        while True:
            for event in self.events[looked:]:
                found = event.get(kind)
                if found is not None and all(found[key] == value
                                             for key, value in wanted.items()):
                    assert isinstance(found, dict)
                    return found
            looked = len(self.events)
            try:
                self.step()
            except TimeoutError:
                kinds = [(one["seq"], *(set(one) - {"seq", "at"})) for one in self.events[-20:]]
                raise AssertionError(f"no {kind} with {wanted}; the last: {kinds}") from None

    def of(self, kind: str) -> list[Members]:
        return [event[kind] for event in self.events if event.get(kind) is not None]


class KeptSocket(socket.socket):
    """As long as it is there, so is the process that connected it."""

    keeper: socket.socket | None = None

    def close(self) -> None:
        super().close()
        if self.keeper is not None:
            self.keeper.close()


def connect_as(path: str | Path, uid: int, gid: int, groups: Sequence[int] = ()) -> socket.socket:
    """A connection made by a process of another user, which stays (reaperd may look for its user
    namespace); the launcher buries it. Raises OSError as connect does."""
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        try:
            ours.close()
            os.setgroups(groups)
            os.setresgid(gid, gid, gid)
            os.setresuid(uid, uid, uid)
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(str(path))
                socket.send_fds(theirs, [b"0"], [connection.fileno()])
                connection.close()
                theirs.recv(1)
            except OSError as error:
                theirs.sendall(str(error.errno).encode())
        finally:
            os._exit(0)
    theirs.close()
    text, descriptors, _, _ = socket.recv_fds(ours, 16, 1)
    if not descriptors:
        ours.close()
        raise OSError(int(text), os.strerror(int(text)), str(path))
    found = KeptSocket(fileno=descriptors[0])
    found.keeper = ours
    return found
