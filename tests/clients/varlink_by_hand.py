"""A Varlink client of socket and json alone, as docs/monitoring.md shows one."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Object = dict[str, Any]


class Refused(Exception):
    """An error of Varlink: its name, and its parameters."""


class Client:
    def __init__(self, path: Path, seconds: float = 20.0) -> None:
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.settimeout(seconds)
        self.connection.connect(str(path))
        self.received = b""

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def call(self, method: str, parameters: Object | None = None) -> Object:
        return next(self.calls(method, parameters, more=False))

    def calls(self, method: str, parameters: Object | None = None, more: bool = True
              ) -> Iterator[Object]:
        """All replies of a call that is answered by several."""
        message = {"method": method, "parameters": parameters or {}, "more": more}
        self.connection.sendall(json.dumps(message).encode() + b"\0")
        while True:
            reply = self.receive()
            if "error" in reply:
                raise Refused(reply["error"], reply.get("parameters"))
            yield reply["parameters"]
            if not reply.get("continues"):
                return

    def receive(self) -> Object:
        while b"\0" not in self.received:
            piece = self.connection.recv(65536)
            if not piece:
                raise ConnectionError("reaperd has closed the connection")
            self.received += piece
        message, _, self.received = self.received.partition(b"\0")
        found: Object = json.loads(message)
        return found
