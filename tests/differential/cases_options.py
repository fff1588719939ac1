"""Rows: command lines good and bad, help and version, environment, verbosity."""

from __future__ import annotations

from collections.abc import Iterator

from diff_engine import DIRECT, PID1, Case

Words = tuple[str, ...]

BAD_CODES = ("256", "-1", "a", "1x", "1 ", "1e1", "0x1", "99999999999999999999", "1.0")
GOOD_CODES = ("0", "1", "255", "007", "+5", " 5", "", "-0")
BAD_SIGNALS = ("KILL", "9", "SIGRTMIN", "sigkill", "SIGKILL ", "", "SIGSTKFLT", "SIGIO", "SIGPOLL",
               "SIGPWR", "SIGIOT", "SIGCLD", "SIGUNUSED")
GOOD_SIGNALS = ("SIGHUP SIGINT SIGQUIT SIGILL SIGTRAP SIGABRT SIGBUS SIGFPE SIGKILL SIGUSR1 "
                "SIGSEGV SIGUSR2 SIGPIPE SIGALRM SIGTERM SIGCHLD SIGCONT SIGSTOP SIGTSTP "
                "SIGTTIN SIGTTOU SIGURG SIGXCPU SIGXFSZ SIGVTALRM SIGPROF SIGWINCH SIGSYS").split()

TINI: tuple[Words, ...] = (
    (), ("--",), ("-s", "--"), ("-",), ("-s", ""), ("-h",), ("-vh",), ("-hv",), ("-s", "-h"),
    ("-h", "true"), ("true", "-h"), ("--version",), ("--version", "x"), ("-s", "--version"),
    ("--versio",), ("--help",), ("-V",), ("-x",), ("-sx", "true"), ("-:", "true"), ("-l",),
    ("-s", "true"), ("-sg", "true"), ("-gsw", "echo", "a"), ("-s", "echo", "-g", "a"),
    ("-s", "echo", "--", "-g", "a"), ("-s", "--", "echo", "-g", "a"), ("-s", "--", "echo", "--"),
    ("-s", "echo", "-x", "a"), ("sh", "-c", "exit 3"), ("-s", "--", "sh", "-c", "exit 3"),
    ("echo", "a", "-s"), ("-e",), ("-p",), ("true", "-e"), ("-s", "-e"), ("-se5", "true"),
    ("-gse", "5", "true"), ("-s", "true", "-e", "5"), ("-s", "-e", "-e", "true"),
    ("-s", "-e5", "-e", "6", "--", "sh", "-c", "exit 6"), ("-s", "-p", "-s", "true"),
    ("-s", "-pSIGKILL", "-p", "nope", "true"), ("true",), ("-v", "true"), ("-vw", "true"),
    ("-s", "echo", "word with blanks", ""),
    *(("-s", "-e", code, "true") for code in (*BAD_CODES, *GOOD_CODES)),
    *(("-s", "-p", name, "true") for name in (*BAD_SIGNALS, *GOOD_SIGNALS)),
)

BAD_REWRITES = ("15", "15:", ":15", "0:9", "32:9", "31:32", "15:-1", "-1:15", "a:b", "TERM:9",
                "15x:9", "15 :9", "", ":", "99999999999:2", "15-9", "15::9", "15,9", "15:x")
GOOD_REWRITES = ("15:9", "31:31", "31:0", "15:9x", "+15:9", "15:9:3", " 15:9", "15: 9", "15:9 ",
                 "015:009", "1:1")

DUMB_INIT: tuple[Words, ...] = (
    (), ("--",), ("-v",), ("-c",), ("-v", "--"), ("-",), ("-", "true"), ("",), ("-h",),
    ("--help",), ("--hel",), ("-hV",), ("-Vh",), ("-V",), ("--version",), ("--vers",), ("-h", "x"),
    ("-c", "-h"), ("--v",), ("--ve",), ("--v=1", "true"), ("--bad",), ("--bad", "true"),
    ("--bad=1", "true"), ("--help=3",), ("--single-child=3", "true"), ("--s=3", "true"),
    ("--single-child", "true"), ("--single", "true"), ("--s", "true"), ("-x", "true"),
    ("-cx", "true"), ("-?", "true"), ("-:", "true"), ("-r",), ("--rewrite",), ("--rew",),
    ("--rewrite=", "true"), ("--rewrite=15:9", "true"), ("--rewrite", "15:9", "true"),
    ("--rew=15:3", "true"), ("-r15:9", "true"), ("-cr15:9", "true"), ("-r", "1:2", "-r1:3", "true"),
    ("-r", "--", "true"), ("--", "true"), ("true", "-x"), ("echo", "-v"), ("echo", "--", "a"),
    ("-c", "--", "echo", "--help"), ("--", "--", "true"), ("sh", "-c", "exit 3"),
    ("/bin/sh", "-c", "exit 3"), ("echo", "word with blanks", ""), ("--verb", "true"),
    ("-v", "true"), ("-cv", "true"), ("-v", "sh", "-c", "exit 4"), ("-c", "-v", "-r15:0", "true"),
    ("-v", "-r15:3", "true"),
    *(("-r", rewrite, "true") for rewrite in (*BAD_REWRITES, *GOOD_REWRITES)),
)

CATATONIT: tuple[Words, ...] = (
    (), ("--",), ("-g",), ("-g", "--"), ("-",), (":",), ("",), ("-h",), ("-hV",), ("-Vh",),
    ("-gh",), ("--help",), ("--version",), ("--v",), ("--version=3",), ("--versionx",), ("-V",),
    ("-L",), ("-v",), ("-x", "true"), ("-gx", "true"), ("-:", "true"), ("--nope", "true"),
    ("true",), ("-g", "true"), ("true", "-g"), ("true", "-x"), ("echo", "-g", "--", "-g"),
    ("--", "echo", "-g"), ("--", "sh", "-c", "exit 3"), ("sh", "-c", "exit 3"),
    ("echo", "word with blanks", ""), ("-g", "-g", "--", "echo", "--"), ("true", "--version"),
)

ENVIRONMENT: tuple[tuple[str, dict[str, str], Words], ...] = (
    ("tini", {"TINI_SUBREAPER": ""}, ("true",)),
    ("tini", {"TINI_SUBREAPER": "0"}, ("true",)),
    ("tini", {"TINI_KILL_PROCESS_GROUP": ""}, ("true",)),
    *(("tini", {"TINI_VERBOSITY": text}, ("-vv", "true"))
      for text in ("0", "1", "2", "a", "", "1x", " 2", "+2", "0x3", "02")),
    ("tini", {"TINI_VERBOSITY": "2"}, ("true",)),
    ("tini", {"TINI_VERBOSITY": "0"}, ("-s", "nope")),
    ("tini", {"TINI_VERBOSITY": "0"}, ("-e", "300", "true")),
    ("tini", {"POSIXLY_CORRECT": ""}, ("-s", "echo", "-x", "a")),
    ("tini", {"POSIXLY_CORRECT": "1"}, ("echo", "-s")),
    *(("dumb-init", {"DUMB_INIT_DEBUG": text}, ("true",)) for text in ("", "0", "1", "01", "2")),
    ("dumb-init", {"DUMB_INIT_DEBUG": "1"}, ()),
    ("dumb-init", {"DUMB_INIT_DEBUG": "1"}, ("-h",)),
    ("dumb-init", {"DUMB_INIT_DEBUG": "1"}, ("-v", "true")),
    ("dumb-init", {"DUMB_INIT_DEBUG": "1"}, ("-c", "true")),
    *(("dumb-init", {"DUMB_INIT_DEBUG": "1", "DUMB_INIT_SETSID": text}, ("true",))
      for text in ("", "0", "00", "1")),
    ("dumb-init", {"DUMB_INIT_SETSID": "0"}, ("true",)),
    ("dumb-init", {"POSIXLY_CORRECT": "1"}, ("echo", "-v")),
    ("catatonit", {"POSIXLY_CORRECT": "1"}, ("echo", "-x")),
    *(("catatonit", {"CATATONIT_LOG": text}, words)
      for text in ("", "debug") for words in ((), ("-h",), ("-x",), ("true",))),
    ("catatonit", {"CATATONIT_DEBUG": ""}, ("-h",)),
    ("catatonit", {"CATATONIT_DEBUG": ""}, ()),
)

NAMES: tuple[tuple[str, str], ...] = (
    ("tini", "/usr/bin/tini"), ("tini", "a/b/tini-static"), ("tini", "/sbin/docker-init"),
    ("dumb-init", "/usr/bin/dumb-init"), ("dumb-init", "./dumb-init"),
    ("catatonit", "/usr/libexec/podman/catatonit"), ("catatonit", "/run/podman-init"),
)


def _command_lines() -> Iterator[Case]:
    for program, lines in (("tini", TINI), ("dumb-init", DUMB_INIT), ("catatonit", CATATONIT)):
        for words in lines:
            yield Case(program, f"options {list(words)}", words)


def _environments() -> Iterator[Case]:
    for program, variables, words in ENVIRONMENT:
        yield Case(program, f"environment {variables} {list(words)}", words, environment=variables)


def _names() -> Iterator[Case]:
    for program, argv0 in NAMES:
        for words in (("-h",), ("-x",), (), ("--nope",), ("nope",)):
            yield Case(program, f"as {argv0} {list(words)}", words, argv0=argv0)


def _verbosity() -> Iterator[Case]:
    for mode in (DIRECT, PID1):
        for letters in ("-v", "-vv", "-vvv", "-vvvvvv"):
            for tail in (("true",), ("--", "sh", "-c", "exit 5")):
                words = (f"{letters}s", *tail)
                yield Case("tini", f"verbosity {list(words)}", words, mode=mode)
        yield Case("tini", "verbosity of -vvv without -s", ("-vvv", "true"), mode=mode)
        yield Case("tini", "verbosity by TINI_VERBOSITY=4", ("-s", "true"), mode=mode,
                   environment={"TINI_VERBOSITY": "4"})
        yield Case("tini", "verbosity by TINI_VERBOSITY=-1", ("-s", "true"), mode=mode,
                   environment={"TINI_VERBOSITY": "-1"})
        for options in (("-v",), ("-v", "-c")):
            yield Case("dumb-init", f"verbosity {list(options)}", (*options, "sh", "-c", "exit 5"),
                       mode=mode)
        yield Case("catatonit", "verbosity by CATATONIT_DEBUG", ("--", "sh", "-c", "exit 5"),
                   mode=mode, environment={"CATATONIT_DEBUG": ""})


def cases() -> Iterator[Case]:
    yield from _command_lines()
    yield from _environments()
    yield from _names()
    yield from _verbosity()
