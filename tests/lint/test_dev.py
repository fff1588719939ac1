"""./dev itself: the tables agree with the tree, and ./dev test ends as it promises."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

# Folders of tests/ that hold no stage of their own.
NO_STAGE = {"support", "data", "fuzz"}


def table(path: Path) -> list[list[str]]:
    rows = [line.split("#")[0].split() for line in path.read_text().splitlines()]
    return [row for row in rows if row]


def stage_rows(root: Path) -> list[list[str]]:
    return table(root / "scripts/dev/stages.txt")


def test_every_folder_of_tests_has_a_stage(root: Path) -> None:
    parts = ",".join(row[1] for row in stage_rows(root)).split(",")
    tested = {part.split(":")[1] for part in parts}
    folders = {path.name for path in (root / "tests").iterdir() if any(path.glob("*"))}
    folders = {name for name in folders if not name.startswith(("_", "."))}
    assert folders - NO_STAGE - tested == set(), "add the folder to scripts/dev/stages.txt"


def test_every_need_of_a_stage_has_its_packages(root: Path) -> None:
    packages = [row[0] for row in table(root / "scripts/dev/packages.txt")]
    assert len(packages) == len(set(packages)), "one row per need in packages.txt"
    for row in stage_rows(root):
        assert set(row[5].split(",")) <= set(packages), f"stage {row[0]}"


def test_every_preset_of_a_stage_exists(root: Path) -> None:
    text = (root / "CMakePresets.json").read_text()
    known = set(re.findall(r'"configurePreset": *"([^"]+)"', text))
    for row in stage_rows(root):
        assert set(row[2].split(",")) <= known | {"-"}, f"stage {row[0]}"


def test_every_command_says_what_it_does(root: Path) -> None:
    for script in (root / "scripts/dev/cmd").glob("*.sh"):
        first = script.read_text().splitlines()[0]
        assert re.match(r"# [A-Z].*", first), f"{script.name}: no summary in its first line"


@pytest.mark.parametrize("words", ["fly", "test nostage", "test --odd", "build odd", "lint odd"])
def test_an_unknown_word_is_named_and_nothing_runs(root: Path, words: str) -> None:
    done = run_dev(root, *words.split())
    assert done.returncode == 1
    assert f"'{words.split()[-1]}'" in done.stderr
    assert "passed" not in done.stdout


PASS = "def test_a(): pass\ndef test_b(): pass\n"
FAIL = "def test_c(): assert 1 == 2\n"
SKIP = "import pytest\ndef test_d(): pytest.skip('no such kernel')\n"
TOOL = "from need import need\ndef test_e(): need('no-such-tool')\n"
HANG = (
    "import pathlib, pytest, time\n@pytest.fixture\ndef bed():\n    yield\n"
    "    pathlib.Path('cleaned').touch()\n"
    "def test_f(bed):\n    pathlib.Path('started').touch()\n    while True: time.sleep(0.05)\n"
    "def test_never(): pass\n"
)
KILLED = "import os\ndef test_g(): os.kill(os.getpid(), 9)\n"

ENDS = [
    ({"one": PASS}, {}, 0, "2 passed, 0 failed, 0 skipped"),
    ({"one": PASS, "two": SKIP}, {}, 0, "2 passed, 0 failed, 1 skipped"),
    ({"one": PASS, "two": FAIL}, {}, 1, "2 passed, 1 failed, 0 skipped"),
    ({"one": FAIL, "two": PASS}, {}, 1, "2 passed, 1 failed, 0 skipped"),
    ({"one": TOOL, "two": PASS}, {}, 0, "2 passed, 0 failed, 1 skipped"),
    ({"one": TOOL, "two": PASS}, {"CI": "true"}, 1, "2 passed, 1 failed, 0 skipped"),
    ({"one": "", "two": PASS}, {}, 1, "2 passed, 1 failed, 0 skipped"),
    ({"one": KILLED, "two": PASS}, {}, 1, "2 passed, 1 failed, 0 skipped"),
]


@pytest.fixture
def small_house(root: Path, tmp_path: Path):
    """A tree with our ./dev and stages of its own, which need no build."""

    def make(stages: dict[str, str], **limits: int) -> Path:
        shutil.copy(root / "dev", tmp_path / "dev")
        shutil.copytree(root / "scripts", tmp_path / "scripts")
        for name in ("conftest.py", "support/py/need.py"):
            (tmp_path / "tests" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / "tests" / name, tmp_path / "tests" / name)
        rows = [f"{name} pytest:{name} - {limits.get(name, 50)} no pytest\n" for name in stages]
        (tmp_path / "scripts/dev/stages.txt").write_text("".join(rows))
        for name, text in stages.items():
            (tmp_path / "tests" / name).mkdir()
            (tmp_path / "tests" / name / f"test_{name}.py").write_text(text)
        return tmp_path

    return make


def run_dev(root: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name != "CI"}
    return subprocess.run(
        [str(root / "dev"), *words],
        env={**clean, **environment}, capture_output=True, text=True, check=False, timeout=50,
    )  # fmt: skip


@pytest.mark.parametrize("stages, environment, status, last", ENDS)
def test_the_last_line_is_the_sum_and_the_code_agrees(
    small_house, stages: dict[str, str], environment: dict[str, str], status: int, last: str
) -> None:
    done = run_dev(small_house(stages), "test", **environment)
    said = done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert (lines[-1], done.returncode) == (last, status), said
    assert lines[-3].startswith("failed: ") == (status != 0), "what failed is named at the end"


def test_a_stage_that_hangs_is_stopped_and_the_next_one_runs(small_house) -> None:
    house = small_house({"one": HANG, "two": PASS}, one=2)
    done = run_dev(house, "test")
    assert done.returncode == 1
    assert "stopped after 2 s" in done.stdout
    assert re.fullmatch(r"2 passed, [12] failed, 0 skipped", done.stdout.splitlines()[-1])


def test_a_stopped_run_fails_the_running_test_and_cleans_up(small_house) -> None:
    house = small_house({"one": HANG})
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "tests/one"]
    with subprocess.Popen(command, cwd=house, stdout=subprocess.PIPE, text=True) as run:
        wait_for(house / "started")
        run.terminate()
        said, _ = run.communicate(timeout=50)
    assert run.returncode != 0
    assert "stopped by SIGTERM" in said and "1 failed" in said
    assert (house / "cleaned").exists(), "the fixture did not run its clean-up"


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 50
    while not path.exists():
        assert time.monotonic() < deadline, f"no {path} after 50 s"
        time.sleep(0.01)


def test_one_test_can_run_alone(small_house) -> None:
    done = run_dev(small_house({"one": PASS, "two": PASS}), "test", "one", "--", "-k", "test_b")
    assert done.stdout.splitlines()[-1] == "1 passed, 0 failed, 0 skipped"
