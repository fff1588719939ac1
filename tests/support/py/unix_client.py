"""Requests over unix sockets to the real servers of tests/programs."""

from __future__ import annotations

import socket
from pathlib import Path


def talk(path: Path, request: bytes, until: bytes | None = None) -> bytes:
    """Sends a request; reads up to `until` or to the end. Empty while nobody listens."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        try:
            connection.connect(str(path))
            connection.sendall(request)
            reply = b""
            while until is None or until not in reply:
                piece = connection.recv(65536)
                if not piece:
                    break
                reply += piece
            return reply
        except (ConnectionRefusedError, ConnectionResetError, FileNotFoundError, BrokenPipeError):
            return b""


def http_get(path: Path) -> str:
    """The body that an HTTP server gives for /."""
    reply = talk(path, b"GET / HTTP/1.0\r\n\r\n")
    return reply.partition(b"\r\n\r\n")[2].decode()
