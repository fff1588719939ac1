"""Fixtures of the stage with real programs: each runs below reaperd as PID 1 of a namespace of its
own and below reaperd as a plain subreaper."""
from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from launch import MODES, SUBREAPER, Launcher, Run, strays


@pytest.fixture
def folder() -> Iterator[Path]:
    """A place with a short name, because of sockets, that other users may enter."""
    made = Path(tempfile.mkdtemp(prefix="reaperd-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture(params=MODES)
def supervise(request: pytest.FixtureRequest, folder: Path) -> Iterator[Callable[..., Run]]:
    """Starts a program below reaperd. At the end nobody may have been left behind.

    Grace is on in both modes; without it a subreaper leaves what main leaves, by its defaults."""
    launcher = Launcher(folder)

    def start(command: Sequence[str | Path], *options: str, **how: object) -> Run:
        return launcher.start(["--grace=10s", *options], [str(word) for word in command],
                              mode=request.param, **how)  # type: ignore[arg-type]

    yield start
    lost = strays() if all(not run.is_running() for run in launcher.runs) else []
    launcher.clean()
    if request.param == SUBREAPER:
        assert not lost, f"left behind: {lost}"
