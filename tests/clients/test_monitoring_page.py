"""The recipes of docs/monitoring.md work: its marked blocks are run against a real reaperd.

`<!-- recipe -->`: the block ends with 0 and prints nothing on stderr. `<!-- recipe: follows -->`:
it goes on until it is stopped, and tells of a worker that ends meanwhile.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import paths
import pytest
from launch import Launcher, base_environment
from need import need, need_file
from served import Served
from waiting import wait_until

PAGE = paths.ROOT / "docs/monitoring.md"
_BLOCK = re.compile(r"^(?:<!-- recipe(?P<follows>: follows)? -->\n)?```(?P<language>\w+)\n"
                    r"(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
# What stands there without being run: a setting, files of others, a program that is not here.
_NOT_RUN = re.compile(r"^SOCKET=|^(?:varlinkctl .*\n)+\Z|Probe:|^spec:", re.MULTILINE)


@dataclass(frozen=True)
class Recipe:
    line: int
    language: str
    text: str
    follows: bool
    tested: bool

    @property
    def argv(self) -> list[str]:
        if self.language == "python":
            return ["/usr/bin/python3", "-c", self.text]
        return ["bash", "-euo", "pipefail", "-c", self.text]


def recipes_of(text: str) -> list[Recipe]:
    return [Recipe(text.count("\n", 0, found.start("text")) + 1, found["language"], found["text"],
                   bool(found["follows"]), found.group().startswith("<!--"))
            for found in _BLOCK.finditer(text)]


RECIPES = recipes_of(PAGE.read_text(encoding="utf-8"))
ONCE = [one for one in RECIPES if one.tested and not one.follows]
FOLLOWING = [one for one in RECIPES if one.follows]


@pytest.fixture
def environment(reaperd: Served) -> dict[str, str]:
    """A reader's: reaperctl on the path, and the socket named."""
    return environment_of(reaperd.folder, reaperd.socket)


def environment_of(folder: Path, socket: Path) -> dict[str, str]:
    need("socat", "jq")
    programs = folder / "programs"
    programs.mkdir()
    (programs / "reaperctl").symlink_to(need_file(paths.BUILD / "reaperctl"))
    given = base_environment()
    return {**given, "PATH": f"{programs}:{given['PATH']}", "SOCKET": str(socket),
            "REAPERD_STATUS_SOCKET": str(socket)}


def line_of(recipe: Recipe) -> str:
    return f"line-{recipe.line}"


@pytest.mark.parametrize("recipe", ONCE, ids=line_of)
def test_a_recipe_works(environment: dict[str, str], recipe: Recipe) -> None:
    done = subprocess.run(recipe.argv, env=environment, capture_output=True, text=True, check=False,
                          timeout=30)
    assert (done.returncode, done.stderr) == (0, ""), f"{recipe.text}{done.stdout}{done.stderr}"


@pytest.mark.parametrize("recipe", [one for one in ONCE if "@tsv" in one.text], ids=line_of)
def test_a_table_shows_the_worker_that_died(environment: dict[str, str], reaperd: Served,
                                            recipe: Recipe) -> None:
    done = subprocess.run(recipe.argv, env=environment, capture_output=True, text=True, check=True,
                          timeout=30)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert [row for row in rows if str(reaperd.first_dead) in row and "exit-error" in row], rows


@pytest.mark.parametrize("recipe", [one for one in ONCE if "test " in one.text
                                    or "ping" in one.text or "grep -q" in one.text], ids=line_of)
def test_a_probe_fails_when_reaperd_has_gone(environment: dict[str, str], reaperd: Served,
                                             recipe: Recipe) -> None:
    reaperd.run.send(signal.SIGKILL)
    reaperd.run.process.wait(10)
    done = subprocess.run(recipe.argv, env=environment, capture_output=True, check=False,
                          timeout=30)
    assert done.returncode != 0


@pytest.mark.parametrize("recipe", [one for one in ONCE if "running" in one.text], ids=line_of)
def test_a_readiness_probe_fails_once_a_stop_has_begun(launch: Launcher, folder: Path,
                                                       recipe: Recipe) -> None:
    socket = folder / "reaperd.sock"
    run = launch.start(["--status-socket", str(socket), "--drain", "60s"], ["sleep", "600"])
    wait_until(lambda: run.children(), "main")
    environment = environment_of(folder, socket)

    def probe() -> int:
        return subprocess.run(recipe.argv, env=environment, check=False, timeout=30).returncode

    assert probe() == 0
    run.send_and_see(signal.SIGTERM)
    wait_until(lambda: probe() == 1, "the probe to fail")
    assert run.is_running() and run.children()


def test_the_probe_for_zombies_of_others_finds_one(launch: Launcher, folder: Path) -> None:
    socket = folder / "reaperd.sock"
    careless = "import os, time; os.fork() or os._exit(0); time.sleep(600)"
    launch.start(["--status-socket", str(socket)], ["/usr/bin/python3", "-c", careless])
    environment = environment_of(folder, socket)
    wait_until(lambda: '"foreign"' in output(environment, "reaperctl --json ps || true"),
               "a zombie of main")
    (recipe,) = [one for one in ONCE if "grep -q foreign" in one.text]
    done = subprocess.run(recipe.argv, env=environment, check=False, timeout=30)
    assert done.returncode == 1


@pytest.mark.parametrize("recipe", FOLLOWING, ids=line_of)
def test_a_recipe_follows(environment: dict[str, str], reaperd: Served, folder: Path,
                          recipe: Recipe) -> None:
    pid = reaperd.start_worker("followed")
    with (folder / "told").open("wb") as told:
        follower = subprocess.Popen(recipe.argv, env=environment, stdout=told,
                                    stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                    start_new_session=True)
    try:
        wait_until(lambda: monitors(environment) == 1, "it follows")
        reaperd.end_worker("followed", 5)
        wait_until(lambda: str(pid) in (folder / "told").read_text(), "the death to be told")
        assert "exit-error" in (folder / "told").read_text()
    finally:
        os.killpg(follower.pid, signal.SIGKILL)
        follower.wait()


def monitors(environment: dict[str, str]) -> int:
    return int(output(environment, "reaperctl --json status | jq .socket.monitors"))


def output(environment: dict[str, str], words: str) -> str:
    return subprocess.run(words, shell=True, env=environment, capture_output=True, text=True,
                          check=True, timeout=30).stdout


def test_every_block_is_run_or_known_not_to_be() -> None:
    assert len(ONCE) >= 10 and len(FOLLOWING) == 2
    assert [one.line for one in RECIPES if not one.tested and not _NOT_RUN.search(one.text)] == []


def test_the_commands_of_the_probes_files_are_run() -> None:
    """In the form in which a shell has them."""
    (yaml,) = [one.text for one in RECIPES if "readinessProbe:" in one.text]
    commands = re.findall(r"command: \[(.*)\]", yaml)
    tested = {one.text.strip() for one in ONCE}
    typed = [words.replace(",", "") for words in commands]
    assert len(typed) == 2 and set(typed) <= tested
