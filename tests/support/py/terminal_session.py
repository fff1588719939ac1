"""A program under a pseudo-terminal of its own, typed at and read like a person would."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence

import procread
from waiting import wait_until

CTRL_C, CTRL_D, CTRL_Z, CTRL_BACKSLASH = "\x03", "\x04", "\x1a", "\x1c"
# Set as PS1; the shell's echo of what is typed never contains it.
PROMPT = "<<prompt>>"
BASH = ("/bin/bash", "--norc", "--noprofile", "-i")


class Terminal:
    """`pid` is the process that leads the terminal's session."""

    def __init__(self, words: Sequence[str], environment: Mapping[str, str],
                 size: tuple[int, int] = (24, 80)) -> None:
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            try:
                # Python ignores these; what is started here must not inherit that.
                for number in (signal.SIGPIPE, signal.SIGXFSZ):
                    signal.signal(number, signal.SIG_DFL)
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("4H", *size, 0, 0))
                os.execve(words[0], list(words), dict(environment))
            finally:
                os._exit(127)
        self.text = ""
        self.transcript = ""
        self.status: int | None = None

    def _read_more(self, seconds: float) -> bool:
        """False at the end of the output."""
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:  # EIO: nobody has the other side open any more
            return False
        text = data.decode("utf-8", errors="replace").replace("\r\n", "\n")
        self.text += text
        self.transcript += text
        return bool(data)

    def read_until(self, pattern: str, seconds: float = 10.0) -> re.Match[str]:
        """Reads on until `pattern` is found in what was not consumed yet, and consumes it."""
        deadline = time.monotonic() + seconds
        expression = re.compile(pattern, re.MULTILINE)
        alive = True
        while True:
            match = expression.search(self.text)
            if match is not None:
                self.text = self.text[match.end():]
                return match
            left = deadline - time.monotonic()
            if left <= 0 or not alive:
                raise AssertionError(f"no {pattern!r} on the terminal; it shows:\n"
                                     f"{self.transcript[-3000:]}")
            alive = self._read_more(min(left, 0.2))

    def send(self, text: str) -> None:
        os.write(self.master, text.encode())

    def line(self, text: str) -> None:
        self.send(text + "\n")

    def set_size(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def foreground(self) -> int:
        """The process group that the keys' signals go to."""
        return os.tcgetpgrp(self.master)

    def close(self) -> None:
        """Hangs up."""
        if self.master >= 0:
            os.close(self.master)
            self.master = -1

    def end(self, seconds: float = 10.0) -> int:
        """The exit code of the session's leader; negative for a signal."""
        deadline = time.monotonic() + seconds
        while self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid == self.pid:
                self.status = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > deadline:
                raise AssertionError(f"still running; the terminal shows:\n{self.transcript}")
            elif self.master >= 0:
                # A full terminal would block its writer.
                self._read_more(0.01)
            else:
                time.sleep(0.005)
        return self.status

    def kill(self) -> None:
        """Everything of this session that is still there."""
        for pid in (*procread.descendants(self.pid), self.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.close()
        if self.status is None:
            self.end()


class Shell(Terminal):
    """An interactive bash with job control."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        # A dumb and wide terminal: readline sends no escape sequences and breaks no line.
        super().__init__(BASH, {**environment, "PS1": PROMPT, "TERM": "dumb",
                                "HISTFILE": "/dev/null"}, (24, 500))
        self.read_until(PROMPT)
        # A program that shows its environment must not look like the prompt.
        self.run("export -n PS1")

    def run(self, command: str, seconds: float = 10.0) -> str:
        """Types a command and waits for the next prompt; what was shown in between."""
        self.line(command)
        self.read_until(re.escape(command) + "\n", seconds)
        return self.read_to_prompt(seconds)

    def start(self, command: str) -> None:
        """Types a command that will not give the prompt back by itself."""
        self.line(command)
        self.read_until(re.escape(command) + "\n")

    def read_to_prompt(self, seconds: float = 10.0) -> str:
        return self.read_until(r"(?s)(.*?)" + re.escape(PROMPT), seconds).group(1)

    def last_status(self) -> int:
        return int(self.run("echo $?").split()[-1])

    def wait_job(self, word: str) -> str:
        """Until `jobs` shows one in this state."""
        return wait_until(lambda: text if word in (text := self.run("jobs")) else "",
                          f"a job that is {word}", pause=0.05)
