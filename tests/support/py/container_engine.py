"""podman and Docker through their command lines, which agree in everything the tests need.

`Engine.run` is a container in the foreground, `Engine.start` one in the background, as a
`Container` that removes itself at the end of a `with`. Each engine adds the options that make it
work on any machine: no network, cgroups below the bed's own name.
"""
from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from container_bed import DOCKER_CLIENT, Bed, Daemon, clean_environment, run, wait_until

RUN_FOLDER = Path("/run/docker")  # the daemon makes it wherever its other folders are
_numbers = itertools.count(1)

# Options and environment of a build. No intermediate images for podman: nobody uses them here, and
# writing half a gigabyte of compiler costs as much as the compilation.
BUILDERS: dict[str, tuple[list[str], dict[str, str]]] = {
    "": ([], {}),
    "podman": (["--layers=false"], {}),
    "docker_classic": ([], {"DOCKER_BUILDKIT": "0"}),
    "docker_buildkit": (["--progress=plain"], {"DOCKER_BUILDKIT": "1"}),
}


@dataclass(frozen=True)
class Process:
    """A line of `ps` inside a container."""

    pid: int
    ppid: int
    state: str
    args: str


class Container:
    """A container in the background."""

    def __init__(self, engine: "Engine", name: str) -> None:
        self.engine = engine
        self.name = name

    def __enter__(self) -> "Container":
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.call(*self.engine.remove, self.name)

    def exec(self, *argv: str, check: bool = True) -> str:
        """Output of a command inside; the container must be running."""
        return self.engine.call("exec", self.name, *argv, check=check).stdout

    def processes(self) -> list[Process]:
        """All processes inside, without the `ps` that lists them."""
        return parse_ps(self.exec("ps", "-o", "pid,ppid,stat,args"))

    def logs(self) -> str:
        """Both outputs of the container so far."""
        done = self.engine.call("logs", self.name, check=True)
        return done.stdout + done.stderr

    def wait_log(self, text: str, count: int = 1) -> str:
        """Waits until the text is in the log so many times; returns the log."""
        def shown_or_over() -> bool:
            over = not self.running()  # asked first: what was written before the end is in the log
            return self.logs().count(text) >= count or over

        wait_until(shown_or_over, f"{text!r} in the log of {self.name}")
        log = self.logs()
        assert log.count(text) >= count, f"{self.name} ended without {text!r}:\n{log}"
        return log

    def kill(self, signal: str) -> None:
        """Sends a signal as `podman kill` and `docker kill` do: to PID 1 from outside."""
        self.engine.call("kill", "--signal", signal, self.name, check=True)

    def stop(self, seconds: int = 10) -> float:
        """Stops as an operator does; returns how long it took."""
        before = time.monotonic()
        self.engine.call("stop", "--time", str(seconds), self.name, check=True)
        return time.monotonic() - before

    def inspect(self, template: str) -> str:
        """One `inspect --format` value."""
        done = self.engine.call("inspect", "--format", template, self.name, check=True)
        return done.stdout.strip()

    def running(self) -> bool:
        """Whether the engine says that it runs."""
        return self.inspect("{{.State.Running}}") == "true"

    def wait_exit(self) -> int:
        """Waits for the end and gives the exit code as the engine keeps it."""
        wait_until(lambda: not self.running(), f"{self.name} has ended")
        return self.exit_code()

    def exit_code(self) -> int:
        """The exit code that the engine keeps."""
        return int(self.inspect("{{.State.ExitCode}}"))


def parse_ps(text: str) -> list[Process]:
    """Lines of busybox `ps -o pid,ppid,stat,args`."""
    found = []
    for line in text.splitlines()[1:]:
        pid, ppid, state, args = (line.split(None, 3) + [""])[:4]
        if not args.startswith("ps -o pid,ppid"):
            found.append(Process(int(pid), int(ppid), state, args))
    return found


class Engine:
    """What podman and Docker have in common."""

    remove = ("rm", "--force", "--volumes")

    def __init__(self, bed: Bed, prefix: list[str], env: dict[str, str], extra: list[str]) -> None:
        self.bed = bed
        self.prefix = prefix
        self.env = {**clean_environment(), "TMPDIR": str(bed.path), **env}
        self.extra = extra  # options of every `run`

    def call(self, *argv: str | Path, check: bool = False,
             timeout: float = 60.0) -> subprocess.CompletedProcess[str]:
        """One call of the command line, in the bed: conmon leaves a file called oom where it is."""
        return run([*self.prefix, *argv], env=self.env, cwd=self.bed.path, check=check,
                   timeout=timeout)

    def run_argv(self, *argv: str | Path) -> list[str]:
        """The words of `run --rm`, for a caller that wants to hold the process itself."""
        return [*self.prefix, "run", "--rm", *self.extra, *map(str, argv)]

    def run(self, *argv: str | Path, timeout: float = 60.0) -> subprocess.CompletedProcess[str]:
        """`run --rm OPTIONS IMAGE COMMAND` in the foreground."""
        return run(self.run_argv(*argv), env=self.env, cwd=self.bed.path, timeout=timeout)

    def start(self, *argv: str | Path) -> Container:
        """`run --detach OPTIONS IMAGE COMMAND`."""
        name = f"bed{next(_numbers)}"
        self.call("run", "--detach", "--name", name, *self.extra, *argv, check=True)
        return Container(self, name)

    def remove_all(self) -> None:
        """Removes the containers that failed tests have left."""
        left = self.call("ps", "--all", "--quiet").stdout.split()
        if left:
            self.call(*self.remove, *left)

    def import_root(self, archive: Path, image: str, *changes: str) -> None:
        """Makes an image of a root's tar, with Dockerfile instructions applied."""
        words = [word for change in changes for word in ("--change", change)]
        self.call("import", *words, archive, image, check=True, timeout=180)

    def build(self, context: Path, image: str, builder: str = "") -> str:
        """Builds the Dockerfile by one of BUILDERS; the network is the host's, for apt."""
        options, variables = BUILDERS[builder]
        done = run([*self.prefix, "build", "--network=host", "--tag", image, *options, context],
                   env={**self.env, **variables}, cwd=self.bed.path, check=True, timeout=800)
        return done.stdout + done.stderr


class Podman(Engine):
    """podman with storage, configuration and state inside the bed."""

    remove = (*Engine.remove, "--time=0")  # else it waits as `stop` does

    def __init__(self, bed: Bed, init: Path) -> None:
        config = bed / "containers.conf"
        helpers = bed / "helpers"
        helpers.mkdir()
        # Without these, podman raises limits (not permitted without CAP_SYS_RESOURCE), talks to
        # systemd for cgroups and events, and picks crun, which refuses hybrid cgroups.
        config.write_text(f"""
[containers]
default_ulimits = []
netns = "none"
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
events_logger = "file"
lock_type = "file"
tmp_dir = "{bed / 'podman-tmp'}"
helper_binaries_dir = ["{helpers}", "/usr/libexec/podman", "/usr/lib/podman"]
""")
        self.helpers = helpers
        super().__init__(
            bed, ["podman", "--root", str(bed / "podman"), "--runroot", str(bed / "podman-run")],
            {"CONTAINERS_CONF": str(config)},
            ["--network=none", f"--cgroup-parent=/{bed.cgroup}"])
        self.with_init = ["--init", "--init-path", str(init)]


class Docker(Engine):
    """A Docker daemon of the bed's own, whose init is ours, and its client."""

    def __init__(self, bed: Bed, init: Path) -> None:
        socket = bed / "docker.sock"
        super().__init__(bed, [DOCKER_CLIENT],
                         {"DOCKER_HOST": f"unix://{socket}", "DOCKER_CONFIG": str(bed / "docker"),
                          "DOCKER_BUILDKIT": "0"},
                         ["--network=none"])
        self.with_init = ["--init"]
        (bed / "daemon.json").write_text("{}")
        if Path("/etc/docker").is_dir():  # the daemon writes a key there: keep it in our namespace
            run(["mount", "-t", "tmpfs", "tmpfs", "/etc/docker"], check=True)
        self.run_folder_is_ours = not RUN_FOLDER.exists()
        self.daemon = Daemon(
            ["dockerd", "--data-root", bed / "dk", "--exec-root", bed / "dkx",
             "--config-file", bed / "daemon.json", "-H", f"unix://{socket}",
             "--pidfile", bed / "docker.pid", "--iptables=false", "--ip6tables=false",
             "--ip-forward=false", "--bridge=none", "--storage-driver", "overlay2",
             "--exec-opt", "native.cgroupdriver=cgroupfs", "--cgroup-parent", f"/{bed.cgroup}",
             "--init-path", init], bed / "dockerd.log",
            {**clean_environment(), "TMPDIR": str(bed.path)})
        self.daemon.wait_ready(lambda: self.call("version").returncode == 0)

    def close(self) -> None:
        """Ends the daemon and the containerd that it started."""
        self.remove_all()  # else it gives each running one ten seconds
        self.daemon.stop()
        if self.run_folder_is_ours:
            shutil.rmtree(RUN_FOLDER, ignore_errors=True)

    def server_version(self) -> dict[str, object]:
        """The `Server` part of `docker version`."""
        done = self.call("version", "--format", "{{json .Server}}", check=True)
        return json.loads(done.stdout)  # type: ignore[no-any-return]
