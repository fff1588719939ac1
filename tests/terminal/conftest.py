"""Fixtures of the terminal stage: an interactive shell, any program under a terminal, and a
folder of ways to call the product."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

import launch as launching
import paths
from terminal_session import Shell, Terminal


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
