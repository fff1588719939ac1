"""`docker run -it`: the terminal belongs to main."""
from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from container_bed import wait_until
from container_engine import Docker
from container_ways import BAKED, TINY
from terminal_session import CTRL_C, CTRL_Z, Terminal

WAYS = {"docker_run_init": ["--init", TINY], "docker_entrypoint": [BAKED]}
ROWS, COLUMNS = 33, 101


@pytest.fixture
def started(docker: Docker) -> Iterator[Callable[..., Terminal]]:
    """Starts a `docker run -it`; what the test leaves is ended."""
    made: list[Terminal] = []

    def start(*words: str) -> Terminal:
        argv = docker.run_argv("--interactive", "--tty", *words)
        made.append(Terminal(argv, docker.env, (ROWS, COLUMNS)))
        return made[-1]

    yield start
    for terminal in made:
        terminal.kill()
    docker.remove_all()


@pytest.fixture(params=list(WAYS))
def terminal(request: pytest.FixtureRequest,
             started: Callable[..., Terminal]) -> Callable[..., Terminal]:
    """The same with reaperd in front of the command, in both ways."""
    return lambda *command: started(*WAYS[request.param], *command)


def test_control_c_reaches_main(terminal: Callable[..., Terminal]) -> None:
    screen = terminal("sh", "-c", "trap 'echo got INT; exit 3' INT; sleep 600 & echo ready; "
                      "while :; do wait; done")
    screen.read_until("ready")
    screen.send(CTRL_C)
    screen.read_until("got INT")
    assert screen.end() == 3


def test_control_c_without_a_handler_gives_130(terminal: Callable[..., Terminal]) -> None:
    screen = terminal("sh", "-c", "echo ready; exec sleep 600")
    screen.read_until("ready")
    screen.send(CTRL_C)
    assert screen.end() == 130


def test_an_interactive_shell_has_the_window_size(terminal: Callable[..., Terminal]) -> None:
    screen = terminal("sh")
    wait_size(screen, ROWS, COLUMNS)
    screen.set_size(40, 90)
    wait_size(screen, 40, 90)
    screen.line("exit 5")
    assert screen.end() == 5


def wait_size(screen: Terminal, rows: int, columns: int) -> None:
    """Asks again and again: the client tells the daemon in its own time."""
    def shown() -> str:
        screen.line("stty size; echo as''ked")
        return screen.read_until(r"(?s)(.*?)^asked").group(1)

    wait_until(lambda: f"{rows} {columns}\n" in shown(), f"a window of {rows} {columns}")


def test_an_interactive_shell_has_job_control(terminal: Callable[..., Terminal]) -> None:
    screen = terminal("sh")
    screen.line("echo ru''ns; sleep 600")
    screen.read_until("^runs")
    wait_until(lambda: "Stopped" in jobs_after(screen, "", CTRL_Z), "^Z stops the job in front")
    wait_until(lambda: "sleep" not in jobs_after(screen, "fg\n", CTRL_C), "fg, and ^C ends it")
    screen.line("exit 5")  # with a stopped job left, the shell would not exit at once
    assert screen.end() == 5
    assert "job control turned off" not in screen.transcript


def jobs_after(screen: Terminal, words: str, key: str) -> str:
    """What the shell says of its jobs after the key. A key that comes before the job is in front
    goes to the shell, and the shell may not read on in time: "sleep?" then asks for another try."""
    screen.send(words)
    screen.send(key)
    screen.line("jobs; echo as''ked")
    try:
        return screen.read_until(r"(?s)(.*?)^asked", 2).group(1).rpartition("as''ked")[2]
    except AssertionError:
        return "sleep?"


def test_main_is_told_of_a_new_window_size(terminal: Callable[..., Terminal]) -> None:
    screen = terminal("sh", "-c", "trap 'echo got WINCH' WINCH; sleep 600 & echo ready; "
                      "while :; do wait; done")
    screen.read_until("ready")
    screen.set_size(50, 120)
    screen.read_until("got WINCH")
    screen.send(CTRL_C)
    assert screen.end() == 130


def test_stop_from_outside_ends_a_shell_at_the_terminal(
        docker: Docker, started: Callable[..., Terminal]) -> None:
    screen = started("--name", "at-terminal", BAKED, "sh", "-c",
                     "trap 'echo bye; exit 4' TERM; sleep 600 & echo ready; while :; do wait; done")
    screen.read_until("ready")
    docker.call("stop", "--time=30", "at-terminal", check=True)
    screen.read_until("bye")
    assert screen.end() == 4
