"""Which folder may use which: the picture of docs/ARCHITECTURE.md as a table, and its check.

To add a folder, give it a row in MAY_USE. A row names all that may be used, directly or not.
"""

from __future__ import annotations

import re

import cxx
from problems import Problem

_BASE = ("lib/base",)
_MODEL = ("lib/model", *_BASE)
_SYS = ("lib/sys", *_MODEL)
_EVENT = ("lib/event", *_SYS)

# TABLE: folder -> folders that its files may include (itself always). The six beside each other
# (reap to status) meet only in daemon/.
MAY_USE: dict[str, tuple[str, ...]] = {
    "lib/base": (),
    "lib/model": _BASE,
    "lib/sys": _MODEL,
    "lib/event": _SYS,
    "lib/reap": _EVENT,
    "lib/service": _EVENT,
    "lib/scribe": _EVENT,
    "lib/systemd": _EVENT,
    "lib/config": _EVENT,
    "lib/status": _EVENT,
    "lib/client": _SYS,
    "daemon": (
        *("lib/reap", "lib/service", "lib/scribe", "lib/systemd", "lib/config", "lib/status"),
        *_EVENT,
    ),
    "ctl": ("lib/client", *_SYS),
    "gateway": ("lib/client", *_SYS),
}

# TABLE: pure files (no effects, tested without doubles): they see values and each other only, and
# no header of the system.
PURE = (
    "lib/reap/plan",
    "lib/reap/hold_match",
    "lib/reap/verdict",
    "lib/reap/sent_signals",
    "lib/reap/detail",
    "lib/reap/record_ring",
    "lib/reap/termination_note",
    "lib/reap/foreign_plan",
    "lib/reap/held_queue",
    "lib/reap/held_queue_rules",
    "lib/reap/held_state",
    "lib/reap/held_store",
    "lib/reap/barrier_state",
    "lib/reap/leases",
    "lib/service/stop_sequence",
    "lib/service/service_state",
    "lib/service/restart_policy",
    "lib/service/backoff",
    "lib/status/peer_rights",
    "lib/status/wall_time",
    "lib/sys/framing",
)
PURE_MAY_USE = ("lib/model", "lib/base")

# TABLE: start of a foreign header's name -> folders that may include it; tests/ and bench/ may.
HEADER_FENCES: dict[str, tuple[str, ...]] = {
    "nlohmann/": ("lib/config", "lib/status", "lib/client", "ctl", "gateway"),
    "spdlog/": ("daemon",),
    "fmt/": ("daemon",),
    "systemd/": ("lib/systemd",),
    "CLI/": ("ctl",),
    "httplib": ("gateway",),
    "gtest/": (),
    "gmock/": (),
    "benchmark/": (),
    "sys/wait.h": ("lib/sys",),
    "wait.h": ("lib/sys",),
    "spawn.h": ("lib/sys",),
}

# TABLE: calls that make, end or bury processes -> lib/sys alone (the seam that tests replace).
CALLS_ONLY_IN_SYS = (
    *("fork", "vfork", "_Fork", "clone", "clone3"),
    *("posix_spawn", "posix_spawnp", "system", "popen"),
    *("wait", "waitpid", "waitid", "wait3", "wait4"),
    *("kill", "killpg", "tgkill", "pidfd_send_signal", "syscall"),
)
_CALL = re.compile(
    r"(?<![\w.:>~])(?:::|std::)?(?P<name>" + "|".join(CALLS_ONLY_IN_SYS) + r")\s*\("
)
_SYS_FOLDER = "lib/sys"

# For pure files: headers of C++ itself have neither a folder nor a suffix; sys/types.h
# is pid_t and signal.h the numbers of signals (its calls have their own fence).
_VALUE_HEADER = re.compile(r"^([a-z_]+|sys/types\.h|signal\.h)$")


def layer_of(path: str) -> str | None:
    """The row of MAY_USE that a file belongs to; None for tests/, bench/ and docs/."""
    parts = path.split("/")
    layer = "/".join(parts[:2]) if parts[0] == "lib" else parts[0]
    return layer if parts[0] not in ("tests", "bench", "docs") else None


def check(tree: cxx.Tree) -> list[Problem]:
    """All rules of this file over all files of a tree."""
    problems: list[Problem] = []
    for path, text in tree.files.items():
        layer = layer_of(path)
        if layer is None:
            continue
        if layer not in MAY_USE:
            remedy = "give it a row in MAY_USE, layers.py"
            problems.append(Problem(path, 1, f"folder {layer} has no layer", remedy))
            continue
        for include in cxx.includes_of(text):
            problems += check_include(tree, path, layer, include)
        problems += check_calls(path, layer, text)
    return problems


def check_include(tree: cxx.Tree, path: str, layer: str, include: cxx.Include) -> list[Problem]:
    if not include.quoted:
        return check_foreign(path, layer, include)
    target = tree.resolve(path, include.name)
    if target is None:
        what = f'"{include.name}" is no file of ours'
        remedy = "use <> for foreign headers, or correct the name"
        return [Problem(path, include.line, what, remedy)]
    used = layer_of(target)
    if used is None:
        what = f"production code includes {target}"
        return [Problem(path, include.line, what, "move what is needed to lib/")]
    if used != layer and used not in MAY_USE[layer]:
        allowed = ", ".join(MAY_USE[layer]) or "nothing of ours"
        what = f'{layer} must not include "{include.name}" of {used}'
        return [Problem(path, include.line, what, f"{layer} may use {allowed} (layers.py)")]
    if is_pure(path) and used not in PURE_MAY_USE and not is_pure(target):
        what = f'a pure file includes "{include.name}"'
        return [Problem(path, include.line, what, "take it as a value of lib/model instead")]
    return []


def check_foreign(path: str, layer: str, include: cxx.Include) -> list[Problem]:
    for fenced, allowed in HEADER_FENCES.items():
        if include.name.startswith(fenced) and layer not in allowed:
            where = ", ".join(allowed) or "tests and bench"
            what = f"<{include.name}> is fenced off from {layer}"
            return [Problem(path, include.line, what, f"only {where} may include it (layers.py)")]
    if is_pure(path) and not _VALUE_HEADER.match(include.name):
        what = f"a pure file includes the system's <{include.name}>"
        remedy = "C++ standard headers, <sys/types.h> and <signal.h> only"
        return [Problem(path, include.line, what, remedy)]
    return []


def check_calls(path: str, layer: str, text: str) -> list[Problem]:
    if layer == _SYS_FOLDER:
        return []
    code = cxx.code_only(text)
    return [
        Problem(
            path,
            code.count("\n", 0, found.start()) + 1,
            f"{found['name']}() outside of {_SYS_FOLDER}",
            "go through sys/process_ops.h, so that tests can stand in for the kernel",
        )
        for found in _CALL.finditer(code)
    ]


def is_pure(path: str) -> bool:
    return path.rsplit(".", 1)[0] in PURE


def find_cycle(tree: cxx.Tree) -> list[str]:
    """A chain of includes that comes back to its start, or nothing."""
    done: set[str] = set()
    for start in tree.files:
        cycle = _walk(tree, start, [], done)
        if cycle:
            return cycle
    return []


def _walk(tree: cxx.Tree, path: str, chain: list[str], done: set[str]) -> list[str]:
    if path in chain:
        return [*chain[chain.index(path) :], path]
    if path in done:
        return []
    for _, target in tree.own_includes(path):
        cycle = _walk(tree, target, [*chain, path], done)
        if cycle:
            return cycle
    done.add(path)
    return []
