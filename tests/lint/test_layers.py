"""Includes go down only; third parties and process calls stay behind their fences."""

from __future__ import annotations

from pathlib import Path

import cxx
import layers
import pytest
from problems import expect_none


def make_tree(root: Path, files: dict[str, str]) -> cxx.Tree:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return cxx.Tree(root)


def test_our_tree_keeps_the_layers_and_fences(tree: cxx.Tree) -> None:
    assert any(path.startswith("lib/") for path in tree.files), "no sources found: wrong root?"
    expect_none(layers.check(tree))


def test_our_tree_has_no_include_cycle(tree: cxx.Tree) -> None:
    cycle = layers.find_cycle(tree)
    assert not cycle, "include cycle: " + " -> ".join(cycle)


def test_every_rule_points_downward() -> None:
    """The table itself has no cycle: what a folder may use must not be allowed to use it."""
    for layer, allowed in layers.MAY_USE.items():
        for used in allowed:
            assert layer not in layers.MAY_USE[used], f"{layer} and {used} may use each other"
            assert set(layers.MAY_USE[used]) <= set(allowed), f"{layer} lacks what {used} may use"


UPWARD = [
    ("lib/base/text.h", '#include "model/run_spec.h"', "lib/model/run_spec.h"),
    ("lib/model/a.h", '#include "sys/procfs.h"', "lib/sys/procfs.h"),
    ("lib/sys/a.cpp", '#include "event/event_loop.h"', "lib/event/event_loop.h"),
    ("lib/event/a.cpp", '#include "reap/reaper.h"', "lib/reap/reaper.h"),
    ("lib/reap/a.cpp", '#include "service/service.h"', "lib/service/service.h"),
    ("lib/config/a.cpp", '#include "status/endpoints.h"', "lib/status/endpoints.h"),
    ("lib/client/a.cpp", '#include "event/event_loop.h"', "lib/event/event_loop.h"),
    ("lib/reap/a.cpp", '#include "daemon/daemon.h"', "daemon/daemon.h"),
    ("daemon/a.cpp", '#include "client/client.h"', "lib/client/client.h"),
    ("ctl/main.cpp", '#include "../lib/reap/reaper.h"', "lib/reap/reaper.h"),
    ("lib/reap/a.cpp", '#include "support/clock.h"', "tests/support/clock.h"),
    ("lib/sys/a.cpp", '  #  include   "../service/service.h" // why', "lib/service/service.h"),
]


@pytest.mark.parametrize("includer, line, target", UPWARD)
def test_a_wrong_include_is_found(tmp_path: Path, includer: str, line: str, target: str) -> None:
    bad = make_tree(tmp_path, {includer: f"// A file.\n{line}\n", target: "#pragma once\n"})
    [problem] = layers.check(bad)
    assert (problem.path, problem.line) == (includer, 2)


RIGHT = [
    ("lib/sys/a.cpp", '#include "base/result.h"', "lib/base/result.h"),
    ("lib/reap/a.cpp", '#include "reaper.h"', "lib/reap/reaper.h"),
    ("lib/status/a.cpp", '#include "model/event.h"', "lib/model/event.h"),
    ("daemon/a.cpp", '#include "personality/tini.h"', "daemon/personality/tini.h"),
    ("daemon/personality/a.cpp", '#include "daemon/options.h"', "daemon/options.h"),
    ("tests/unit/a_test.cpp", '#include "daemon/options.h"', "daemon/options.h"),
    ("lib/base/text.h", '// #include "model/run_spec.h"', "lib/model/run_spec.h"),
    ("lib/base/text.h", '/* for example\n#include "model/x.h"\n*/', "lib/model/x.h"),
]


@pytest.mark.parametrize("includer, line, target", RIGHT)
def test_a_right_include_passes(tmp_path: Path, includer: str, line: str, target: str) -> None:
    good = make_tree(tmp_path, {includer: f"{line}\n", target: "#pragma once\n"})
    assert layers.check(good) == []


FENCED = [
    ("lib/reap/a.cpp", "#include <nlohmann/json.hpp>", False),
    ("lib/status/a.cpp", "#include <nlohmann/json_fwd.hpp>", True),
    ("lib/base/a.cpp", "#include <spdlog/spdlog.h>", False),
    ("daemon/a.cpp", "#include <spdlog/spdlog.h>", True),
    ("daemon/a.cpp", "#include <systemd/sd-daemon.h>", False),
    ("lib/systemd/a.cpp", "#include <systemd/sd-daemon.h>", True),
    ("daemon/a.cpp", "#include <sys/wait.h>", False),
    ("lib/sys/a.cpp", "#include <sys/wait.h>", True),
    ("lib/sys/a.cpp", "#include <gtest/gtest.h>", False),
    ("tests/unit/a_test.cpp", "#include <gtest/gtest.h>", True),
    ("lib/reap/plan.h", "#include <vector>", True),
    ("lib/reap/plan.h", "#include <unistd.h>", False),
    ("lib/new/a.h", "#include <vector>", False),
]


@pytest.mark.parametrize("includer, line, allowed", FENCED)
def test_foreign_headers_stay_behind_their_fence(
    tmp_path: Path, includer: str, line: str, allowed: bool
) -> None:
    assert (layers.check(make_tree(tmp_path, {includer: f"{line}\n"})) == []) == allowed


CALLS = [
    ("lib/reap/a.cpp", "if (::fork() == 0) {", 1),
    ("daemon/a.cpp", "kill(pid, SIGTERM);", 1),
    ("daemon/a.cpp", "return ::waitid (P_ALL, 0, &info, WEXITED);", 1),
    ("lib/event/a.cpp", "syscall(SYS_pidfd_open, 1, 0); wait4(1, 0, 0, nullptr);", 2),
    ("daemon/a.cpp", "std::system(text);", 1),
    ("lib/sys/a.cpp", "kill(pid, 9); fork();", 0),
    ("tests/unit/a_test.cpp", "kill(pid, 9);", 0),
    ("daemon/a.cpp", "ops.kill(pid); group->wait(); Ops::clone(x); skill(1); Wait(2);", 0),
    ("daemon/a.cpp", '// kill(pid)\nLog("fork() failed"); const char c = \'"\'; // clone(', 0),
    ("daemon/a.cpp", 'auto s = R"(kill(1))"; int n = 1\'000\'000; /* wait( */', 0),
]


@pytest.mark.parametrize("path, text, count", CALLS)
def test_process_calls_stay_in_sys(tmp_path: Path, path: str, text: str, count: int) -> None:
    assert len(layers.check(make_tree(tmp_path, {path: text}))) == count


def test_an_unknown_quoted_include_is_found(tmp_path: Path) -> None:
    [problem] = layers.check(make_tree(tmp_path, {"lib/sys/a.cpp": '\n#include "linux.h"\n'}))
    assert (problem.line, "no file of ours" in problem.what) == (2, True)


def test_a_pure_file_sees_values_only(tmp_path: Path) -> None:
    files = {
        "lib/reap/plan.cpp": '#include "reap/plan.h"\n#include "reap/reaper.h"\n',
        "lib/reap/plan.h": '#include "model/event.h"\n',
        "lib/reap/reaper.h": "",
        "lib/model/event.h": "",
    }
    [problem] = layers.check(make_tree(tmp_path, files))
    assert (problem.path, problem.line) == ("lib/reap/plan.cpp", 2)


def test_a_cycle_is_found(tmp_path: Path) -> None:
    files = {
        "lib/sys/a.h": '#include "sys/b.h"\n',
        "lib/sys/b.h": '#include "c.h"\n',
        "lib/sys/c.h": '#include "sys/a.h"\n',
    }
    cycle = layers.find_cycle(make_tree(tmp_path, files))
    assert cycle == ["lib/sys/a.h", "lib/sys/b.h", "lib/sys/c.h", "lib/sys/a.h"]
