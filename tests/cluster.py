"""A Dask scheduler and workers as a lecturer starts them: processes of their own, to be lost at bad moments."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 120  # of a process that imports Dask and the course on a busy machine


def python_with_dask() -> str:
    """An interpreter that has the extra's packages: this one, or one made for it; skips where they cannot be had."""
    if importlib.util.find_spec("distributed"):
        return sys.executable
    made = subprocess.run(["make", "-s", ".venv-dask/.installed"], cwd=ROOT, capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"the packages of requirements-dask.lock cannot be installed here: {made.stderr[-300:]}")
    return str(ROOT / ".venv-dask" / "bin" / "python")


class Cluster:
    """A scheduler on a port of the loopback device, and workers.

    Args:
        python: the interpreter of all of them.
        logs: a folder for what they say.
        scheme: ``tcp`` or ``tls``; with the latter, ``variables`` name the certificates.
        inside: a command that runs another one somewhere else, by worker's name; on this machine by default.
    """

    def __init__(
        self,
        python: str,
        logs: Path,
        *,
        scheme: str = "tcp",
        host: str = "127.0.0.1",
        variables: Mapping[str, str] | None = None,
        inside: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._python, self._logs, self._inside = python, logs, dict(inside or {})
        self._environment = {**os.environ, **(variables or {})}
        with socket.create_server((host, 0)) as free:
            self.address = f"{scheme}://{host}:{free.getsockname()[1]}"
        self._host = host
        self._started = ExitStack()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start_scheduler(self) -> None:
        """Start it, or start it again at the same address."""
        protocol, _, port = self.address.replace("/", "").split(":")
        command = ["-m", "distributed.cli.dask_scheduler", "--host", self._host, "--protocol", protocol]
        self.start("scheduler", [*command, "--port", port, "--no-dashboard"], "Scheduler at")

    def start_worker(self, name: str, *options: str, variables: Mapping[str, str] | None = None) -> None:
        """Start a worker and wait until it waits for work."""
        command = ["-m", "autograder.commands.main", "--course", str(ROOT), "worker", self.address, *options]
        self.start(name, command, "waits at", variables)

    def kill(self, name: str) -> None:
        """Kill one of them, without a word."""
        self.processes[name].kill()
        self.processes[name].wait()

    def log(self, name: str) -> str:
        """What one of them has said."""
        return (self._logs / f"{name}.log").read_text()

    def close(self) -> None:
        """End all of them."""
        for process in self.processes.values():
            process.kill()
            process.wait()
        self._started.close()

    def start(self, name: str, command: Sequence[str], ready: str, variables: Mapping[str, str] | None = None) -> None:
        """Start one of them and wait until its log has certain words."""
        log = self._started.enter_context((self._logs / f"{name}.log").open("wb"))
        self.processes[name] = subprocess.Popen(
            [*self._inside.get(name, ()), self._python, *command],
            env={**self._environment, **(variables or {})},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        end = time.monotonic() + START_SECONDS
        while ready not in self.log(name):
            assert self.processes[name].poll() is None and time.monotonic() < end, self.log(name)
            time.sleep(0.1)


@contextmanager
def cluster(python: str, logs: Path, workers: Sequence[str], **settings: object) -> Iterator[Cluster]:
    """A running scheduler with workers of one job each."""
    made = Cluster(python, logs, **settings)  # type: ignore[arg-type]
    try:
        made.start_scheduler()
        for name in workers:
            made.start_worker(name, "--jobs", "1")
        yield made
    finally:
        made.close()
