"""Fixtures of the terminal stage: an interactive shell, and any program under a terminal."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence

import pytest

import launch as launching
import paths
from terminal_session import Shell, Terminal


@pytest.fixture(autouse=True, scope="session")
def root_only() -> None:
    """To be PID 1 under a terminal takes a pid namespace and the theft of a terminal."""
    if os.geteuid() != 0:
        pytest.skip("needs root")


@pytest.fixture
def under_terminal() -> Iterator[Callable[..., Terminal]]:
    """Starts programs under terminals of their own; whatever is left of them is ended."""
    # The one who clears up must be the one who inherits.
    launching.become_subreaper()
    started: list[Terminal] = []

    def start(words: Sequence[str], size: tuple[int, int] = (24, 80)) -> Terminal:
        terminal = Terminal(words, {**launching.base_environment(), "TERM": "dumb"}, size)
        started.append(terminal)
        return terminal

    yield start
    for terminal in started:
        terminal.kill()
    launching.bury_strays()


@pytest.fixture
def shell() -> Iterator[Shell]:
    launching.become_subreaper()
    environment = launching.base_environment() | {
        "R": str(paths.reaperd()), "H": str(paths.reaperd_roles())}
    session = Shell(environment)
    yield session
    session.kill()
    launching.bury_strays()
